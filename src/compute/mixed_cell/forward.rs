//! The cell forward, state after state.

use super::super::arena::{self, Rows};
use super::super::parallel::{for_each_item, map_items, piece};
use super::super::rows::{Moments, Sums, combine};
use super::super::simd::dispatch;
use super::super::spectral::{Row, WIDTH};
use super::convolution::{convolve, transform};
use super::normal::{AddNormal, Normal};
use super::pools;
use super::shape::{Shape, edge, outgoing};
use super::{EDGES, MixedCell, NODES, NORMALISED, OPERATIONS, POOLS, SKIP, Saved, TAPS};

/// Rows of a node that are added up together and stay in the first-level cache.
const ROWS_TOGETHER: usize = 128;

impl MixedCell {
    pub(super) fn forward(&self, signals: &[f32], w: &[f32], p: &[f32]) -> (Vec<f32>, Saved) {
        let shape = &self.shape;
        let none = || Moments { mean: Vec::new(), variance: Vec::new() };
        let mut saved = Saved {
            states: Vec::with_capacity(NODES + 2),
            convolutions: Vec::with_capacity(NODES + 1),
            pools: Vec::with_capacity(NODES + 1),
            moments: (0..EDGES * NORMALISED).map(|_| none()).collect(),
        };
        let input = shape.batch * shape.samples[0] * shape.channels;
        let (inputs, added) = signals.split_at(2 * input);
        for state in 0..NODES + 2 {
            let rows = if state < 2 {
                grouped(shape, &inputs[state * input..][..input], shape.samples[0])
            } else {
                self.node(&saved, state - 2, added, p)
            };
            saved.states.push(rows);
            if state < NODES + 1 {
                self.edges_from(&mut saved, state, w);
            }
        }
        (self.side_by_side(&saved.states[2..]), saved)
    }

    /// The convolutions and pools of a state, and their moments.
    fn edges_from(&self, saved: &mut Saved, state: usize, w: &[f32]) {
        let shape = &self.shape;
        let x = &saved.states[state];
        let spectrum = transform(shape, state, x, false);
        let (group_rows, first) = (shape.node_group(), outgoing(state).start);
        let mut out = arena::take_rows(outgoing(state).len() * TAPS.len() * shape.groups * group_rows);
        let tasks: Vec<_> = out.chunks_exact_mut(group_rows).enumerate().collect();
        let parts: Vec<Vec<Sums>> = map_items(tasks, shape.work(state), |(i, out)| {
            let (i, group) = (i / shape.groups, i % shape.groups);
            let (node, k) = (first + i / TAPS.len(), i % TAPS.len());
            convolve(shape, state, &spectrum, w, edge(node, state), k, group, out)
        });
        for (i, parts) in parts.chunks_exact(shape.groups).enumerate() {
            let at = edge(first + i / TAPS.len(), state) * NORMALISED + i % TAPS.len();
            saved.moments[at] = self.moments(parts, at);
        }
        let (pooled, parts) = pools::forward(shape, state, x);
        for node in outgoing(state) {
            for (m, parts) in parts.chunks_exact(shape.groups).enumerate() {
                let at = edge(node, state) * NORMALISED + TAPS.len() + m;
                saved.moments[at] = self.moments(parts, at);
            }
        }
        saved.convolutions.push(out);
        saved.pools.push(pooled);
    }

    /// The moments of all channels from the sums of each group, or the running ones.
    fn moments(&self, groups: &[Vec<Sums>], at: usize) -> Moments {
        if let Some(running) = &self.running {
            return running[at].clone();
        }
        let mut all = Moments { mean: Vec::new(), variance: Vec::new() };
        for parts in groups {
            let moments = combine(&parts.iter().collect::<Vec<_>>());
            all.mean.extend(moments.mean);
            all.variance.extend(moments.variance);
        }
        all.mean.truncate(self.shape.channels);
        all.variance.truncate(self.shape.channels);
        all
    }

    /// A node from its edges and what is added to it.
    fn node(&self, saved: &Saved, node: usize, added: &[f32], p: &[f32]) -> Rows {
        let shape = &self.shape;
        let mut y = if self.added {
            let len = shape.batch * shape.samples[1] * shape.channels;
            grouped(shape, &added[node * len..][..len], shape.samples[1])
        } else {
            let mut y = arena::take_rows(shape.state_rows(node + 2));
            y.as_flattened_mut().fill(0.0);
            y
        };
        let group_rows = shape.node_group();
        let rows = piece(shape.batch) * shape.samples[1];
        let tasks = y
            .chunks_exact_mut(group_rows)
            .enumerate()
            .flat_map(|(group, y)| y.chunks_mut(rows).enumerate().map(move |(i, y)| (group, i * rows, y)));
        for_each_item(tasks.collect(), shape.state_rows(2) * WIDTH * NORMALISED, |(group, first, y)| {
            let terms = self.terms(saved, node, group, p);
            for (i, y) in y.chunks_mut(ROWS_TOGETHER).enumerate() {
                let first = first + i * ROWS_TOGETHER;
                for Term { x, normal, p, relu } in &terms {
                    let x = &x[first..][..y.len()];
                    dispatch(AddNormal { x, a: normal.a, b: normal.b, p: *p, relu: *relu, y });
                }
            }
        });
        y
    }

    /// What is added up to a group of channels of a node.
    fn terms<'a>(&self, saved: &'a Saved, node: usize, group: usize, p: &[f32]) -> Vec<Term<'a>> {
        let (shape, rows) = (&self.shape, self.shape.node_group());
        let mut terms = Vec::new();
        for state in 0..node + 2 {
            let edge = edge(node, state);
            let p = &p[edge * OPERATIONS..][..OPERATIONS];
            let normal = |k: usize| Normal::new(&saved.moments[edge * NORMALISED + k], self.eps, group);
            let place = node - outgoing(state).start;
            for k in 0..TAPS.len() {
                let x = &saved.convolutions[state][((place * TAPS.len() + k) * shape.groups + group) * rows..][..rows];
                terms.push(Term { x, normal: normal(k), p: p[k], relu: true });
            }
            for m in 0..POOLS.len() {
                let x = &saved.pools[state][(m * shape.groups + group) * rows..][..rows];
                terms.push(Term { x, normal: normal(TAPS.len() + m), p: p[TAPS.len() + m], relu: false });
            }
            if shape.stride(state) == 1 {
                let x = &saved.states[state][group * rows..][..rows];
                let normal = Normal { a: [1.0; WIDTH], b: [0.0; WIDTH], mean: [0.0; WIDTH] };
                terms.push(Term { x, normal, p: p[SKIP], relu: false });
            }
        }
        terms
    }

    /// `[batch, samples, 4 · channels]` of the nodes.
    fn side_by_side(&self, nodes: &[Rows]) -> Vec<f32> {
        let shape = &self.shape;
        let (channels, samples) = (shape.channels, shape.samples[1]);
        let mut y = vec![0.0; shape.batch * samples * NODES * channels];
        let beats = piece(shape.batch);
        let chunks = y.chunks_mut(beats * samples * NODES * channels).enumerate();
        for_each_item(chunks.collect(), shape.batch * samples * channels, |(i, y)| {
            for (row, y) in y.chunks_exact_mut(NODES * channels).enumerate() {
                for (node, y) in nodes.iter().zip(y.chunks_exact_mut(channels)) {
                    for (group, y) in y.chunks_mut(WIDTH).enumerate() {
                        let from = &node[group * shape.node_group() + i * beats * samples + row];
                        y.copy_from_slice(&from[..y.len()]);
                    }
                }
            }
        });
        y
    }
}

/// One term of a node.
struct Term<'a> {
    x: &'a [Row],
    normal: Normal,
    p: f32,
    relu: bool,
}

/// A signal `[batch, samples, channels]` in groups of 16 channels.
pub(super) fn grouped(shape: &Shape, x: &[f32], samples: usize) -> Rows {
    let mut rows = arena::take_rows(shape.groups * shape.batch * samples);
    for (group, rows) in rows.chunks_exact_mut(shape.batch * samples).enumerate() {
        scatter(x, shape.channels, group * WIDTH, shape.channels, rows);
    }
    rows
}

/// Takes up to 16 channels, from `first` on and below `end`, of each `stride` floats of `x`.
pub(super) fn scatter(x: &[f32], stride: usize, first: usize, end: usize, rows: &mut [Row]) {
    let width = WIDTH.min(end - first);
    for (to, from) in rows.iter_mut().zip(x.chunks_exact(stride)) {
        *to = [0.0; WIDTH];
        to[..width].copy_from_slice(&from[first..first + width]);
    }
}
