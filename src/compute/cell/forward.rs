//! The cell forward, state after state.

use super::super::arena::{self, Rows};
use super::super::parallel::{for_each_item, map_items, piece};
use super::super::rows::{Moments, Sums, combine};
use super::super::simd::dispatch;
use super::super::spectral::{Row, WIDTH};
use super::convolution::{convolve, transform};
use super::layout::{grouped, side_by_side};
use super::normal::{AddNormal, Normal};
use super::wiring::{Path, PoolPath};
use super::{CellPass, Saved, pools};

/// Rows of a node that are added up together and stay in the first-level cache.
const ROWS_TOGETHER: usize = 128;

impl CellPass {
    /// The nodes side by side; `signals` are the inputs and what is added.
    pub(super) fn forward(&self, signals: &[&[f32]], w: &[f32], coefficients: &[f32]) -> (Vec<f32>, Saved) {
        let (shape, states) = (&self.shape, self.wiring.states());
        let none = || Moments { mean: Vec::new(), variance: Vec::new() };
        let mut saved = Saved {
            states: Vec::with_capacity(states),
            convolutions: Vec::with_capacity(states),
            pools: Vec::with_capacity(states),
            moments: (0..self.wiring.normalised()).map(|_| none()).collect(),
        };
        let mut signals = signals.iter();
        for state in 0..states {
            let handed_in = state < 2 || self.added[state - 2];
            let signal = handed_in.then(|| signals.next()).flatten();
            let start = signal.map(|signal| grouped(shape, signal, shape.state_samples(state)));
            let rows = match start {
                Some(input) if state < 2 => input,
                start => self.node(&saved, state - 2, start, coefficients),
            };
            saved.states.push(rows);
            self.paths_from(&mut saved, state, w);
        }
        (side_by_side(shape, &saved.states[2..]), saved)
    }

    /// The convolutions and pools of a state, and their moments.
    fn paths_from(&self, saved: &mut Saved, state: usize, w: &[f32]) {
        let (shape, rows) = (&self.shape, self.shape.node_group());
        let convolutions = self.wiring.convolutions(state);
        let x = &saved.states[state];
        let mut out = arena::take_rows(convolutions.len() * shape.groups * rows);
        if !convolutions.is_empty() {
            let spectrum = transform(shape, state, x, false);
            let run = shape.run(convolutions.len() * shape.groups);
            let runs = shape.blocks().div_ceil(run);
            let tasks = out.chunks_exact_mut(rows).enumerate().flat_map(|(i, out)| {
                out.chunks_mut(run * shape.block * shape.samples[1]).enumerate().map(move |(r, out)| (i, r, out))
            });
            let work = shape.work(state) * convolutions.len();
            let parts: Vec<Vec<Sums>> = map_items(tasks.collect(), work, |(i, r, out)| {
                let convolution = (&convolutions[i / shape.groups], i % shape.groups);
                convolve(shape, (state, &spectrum), w, convolution, r * run, out)
            });
            for (convolution, parts) in convolutions.iter().zip(parts.chunks_exact(shape.groups * runs)) {
                let groups: Vec<Vec<&Sums>> =
                    parts.chunks_exact(runs).map(|runs| runs.iter().flatten().collect()).collect();
                saved.moments[convolution.normal] = self.moments(&groups, convolution.normal);
            }
        }
        let pools = self.wiring.pools(state);
        let (pooled, parts) = pools::forward(shape, state, &pools.kernels, x);
        for &PoolPath { pool, normal, .. } in &pools.paths {
            let groups = parts[pool * shape.groups..][..shape.groups].iter().map(|parts| parts.iter().collect());
            saved.moments[normal] = self.moments(&groups.collect::<Vec<_>>(), normal);
        }
        saved.convolutions.push(out);
        saved.pools.push(pooled);
    }

    /// The moments of all channels from the sums of each group, or the running ones.
    fn moments(&self, groups: &[Vec<&Sums>], normal: usize) -> Moments {
        if let Some(running) = &self.running {
            return running[normal].clone();
        }
        let mut all = Moments { mean: Vec::new(), variance: Vec::new() };
        for parts in groups {
            let moments = combine(parts);
            all.mean.extend(moments.mean);
            all.variance.extend(moments.variance);
        }
        all.mean.truncate(self.shape.channels);
        all.variance.truncate(self.shape.channels);
        all
    }

    /// A node from its paths, added to `start` or to nothing.
    fn node(&self, saved: &Saved, node: usize, start: Option<Rows>, coefficients: &[f32]) -> Rows {
        let shape = &self.shape;
        let empty = start.is_none();
        let mut y = start.unwrap_or_else(|| arena::take_rows(shape.state_rows(node + 2)));
        let rows = piece(shape.batch) * shape.samples[1];
        let tasks = y
            .chunks_exact_mut(shape.node_group())
            .enumerate()
            .flat_map(|(group, y)| y.chunks_mut(rows).enumerate().map(move |(i, y)| (group, i * rows, y)));
        for_each_item(tasks.collect(), shape.state_rows(2) * WIDTH, |(group, first, y)| {
            let terms = self.terms(saved, node, group, coefficients);
            for (i, y) in y.chunks_mut(ROWS_TOGETHER).enumerate() {
                let first = first + i * ROWS_TOGETHER;
                if empty {
                    y.as_flattened_mut().fill(0.0);
                }
                for Term { x, normal, relu } in &terms {
                    let x = &x[first..][..y.len()];
                    dispatch(AddNormal { x, a: normal.a, b: normal.b, p: normal.p, relu: *relu, y });
                }
            }
        });
        y
    }

    /// What is added up to a group of channels of a node.
    fn terms<'a>(&self, saved: &'a Saved, node: usize, group: usize, coefficients: &[f32]) -> Vec<Term<'a>> {
        let (shape, rows) = (&self.shape, self.shape.node_group());
        let part = |all: &'a Rows, i: usize| &all[(i * shape.groups + group) * rows..][..rows];
        let normal = |normal, weight| self.normal(saved, normal, weight, group, coefficients);
        let mut terms = Vec::new();
        for state in 0..node + 2 {
            let range = self.wiring.convolutions_to(state, node);
            for (i, c) in self.wiring.convolutions(state)[range.clone()].iter().enumerate() {
                let x = part(&saved.convolutions[state], range.start + i);
                terms.push(Term { x, normal: normal(c.normal, c.weight), relu: true });
            }
            for path in self.wiring.pools(state).paths.iter().filter(|path| path.node == node) {
                let x = part(&saved.pools[state], path.pool);
                terms.push(Term { x, normal: normal(path.normal, path.weight), relu: false });
            }
            for &Path { weight, .. } in self.wiring.identities(state).iter().filter(|path| path.node == node) {
                let normal = Normal::identity(self.weight(weight, coefficients));
                terms.push(Term { x: part(&saved.states[state], 0), normal, relu: false });
            }
        }
        terms
    }
}

/// One term of a node.
struct Term<'a> {
    x: &'a [Row],
    normal: Normal,
    relu: bool,
}
