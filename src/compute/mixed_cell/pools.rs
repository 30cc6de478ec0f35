//! The max pools of a state, which all edges from it share.

use super::super::arena::{self, Rows};
use super::super::parallel::{for_each_item, map_items};
use super::super::pool::{Pool, PoolBackward, Window};
use super::super::rows::{Sums, sums};
use super::super::simd::dispatch;
use super::super::spectral::{Row, WIDTH};
use super::backward::Progress;
use super::gradient::total;
use super::normal::{AddNormal, Back, Normal};
use super::shape::{Shape, edge, outgoing};
use super::{MixedCell, NODES, NORMALISED, OPERATIONS, POOLS, SKIP, Saved, TAPS};

/// The window of pool `m` of a state.
pub(super) fn window(shape: &Shape, state: usize, m: usize) -> Window {
    Window { kernel: POOLS[m], stride: shape.stride(state) }
}

/// The pools `[2][groups][batch][samples]` of a state, and the sums of each pool's groups, block by block.
pub(super) fn forward(shape: &Shape, state: usize, x: &[Row]) -> (Rows, Vec<Vec<Sums>>) {
    let rows = shape.node_group();
    let (samples, from) = (shape.samples[1], shape.state_samples(state));
    let mut out = arena::take_rows(POOLS.len() * shape.groups * rows);
    let work = out.len() * WIDTH * POOLS.len();
    let block = shape.block * samples;
    let tasks = out.chunks_exact_mut(rows).enumerate().flat_map(|(i, out)| {
        out.chunks_mut(block).enumerate().map(move |(b, out)| (i / shape.groups, i % shape.groups, b, out))
    });
    for_each_item(tasks.collect(), work, |(m, group, block, out)| {
        let x = &x[(group * shape.batch + block * shape.block) * from..];
        for (y, x) in out.chunks_exact_mut(samples).zip(x.chunks_exact(from)) {
            let (window, x, y) = (window(shape, state, m), x.as_flattened(), y.as_flattened_mut());
            dispatch(Pool { window, channels: WIDTH, x, y });
        }
    });
    let parts = map_items(out.chunks_exact(rows).collect(), work, |out| {
        out.chunks(block).map(|out| sums(out.as_flattened(), WIDTH)).collect()
    });
    (out, parts)
}

/// The way back through the pools and the skips of all edges from a state at once.
pub(super) struct Backward<'a> {
    shape: &'a Shape,
    state: usize,
    x: &'a [Row],
    pooled: &'a [Row],
    /// The gradient of each node that reads the state, with its p of skip.
    nodes: Vec<(&'a [Row], f32)>,
    /// For each node, pool and group.
    backs: Vec<[Vec<(Back, Normal)>; POOLS.len()]>,
}

impl<'a> Backward<'a> {
    /// Takes the sums that the normalisations need, and the gradients of p.
    pub fn sums(cell: &'a MixedCell, progress: &mut Progress<'a>, state: usize) -> Self {
        let shape = &cell.shape;
        let rows = shape.node_group();
        let Saved { states, pools, moments, .. } = progress.saved;
        let (x, pooled) = (&states[state][..], &pools[state][..]);
        let together = shape.block * shape.samples[1];
        let identity = Normal { a: [1.0; WIDTH], b: [0.0; WIDTH], mean: [0.0; WIDTH] };
        let places = outgoing(state).flat_map(|node| (0..=POOLS.len()).map(move |m| (node, m)));
        let tasks: Vec<_> = places.flat_map(|(node, m)| (0..shape.groups).map(move |g| (node, m, g))).collect();
        let (nodes, p) = (&progress.nodes, progress.p);
        let done = map_items(tasks, pooled.len() * WIDTH * NODES, |(node, m, group)| {
            let edge = edge(node, state);
            let dy = &nodes[node][group * rows..][..rows];
            if m == POOLS.len() {
                let skip = shape.stride(state) == 1;
                let sums = skip.then(|| total(&x[group * rows..][..rows], dy, &identity, false, together));
                let dp = sums.map_or(0.0, |sums| sums.weighted.iter().copied().map(f64::from).sum());
                let back = Back { gain: [0.0; WIDTH], e: [0.0; WIDTH], d: [0.0; WIDTH], dp };
                return (edge * OPERATIONS + SKIP, m, back, identity);
            }
            let k = TAPS.len() + m;
            let normal = Normal::new(&moments[edge * NORMALISED + k], cell.eps, group);
            let x = &pooled[(m * shape.groups + group) * rows..][..rows];
            let sums = total(x, dy, &normal, false, together);
            let at = edge * OPERATIONS + k;
            (at, m, Back::new(&normal, p[at], &sums, rows, cell.running.is_some()), normal)
        });
        let mut backs: Vec<_> = outgoing(state).map(|_| [const { Vec::new() }; POOLS.len()]).collect();
        let per_node = (POOLS.len() + 1) * shape.groups;
        for (i, (at, m, back, normal)) in done.into_iter().enumerate() {
            progress.mix[at] += back.dp;
            if m < POOLS.len() {
                backs[i / per_node][m].push((back, normal));
            }
        }
        Self { shape, state, x, pooled, nodes: Vec::new(), backs }
    }

    /// The same, with the nodes' gradients to add from.
    pub fn with(mut self, nodes: &'a [Rows], p: &[f32]) -> Self {
        let state = self.state;
        self.nodes = outgoing(state).map(|node| (&nodes[node][..], p[edge(node, state) * OPERATIONS + SKIP])).collect();
        self
    }

    /// Adds to the gradient of a block's beats of one group of the state.
    pub fn add(&self, group: usize, block: usize, gradient: &mut [Row]) {
        let Self { shape, state, .. } = *self;
        let (samples, from, beats) = (shape.samples[1], shape.state_samples(state), shape.beats(block));
        let first = (group * shape.batch + beats.start) * samples;
        let rows = beats.len() * samples;
        let mut before = arena::take_rows(rows);
        for m in 0..POOLS.len() {
            let pooled = &self.pooled[m * shape.groups * shape.node_group() + first..][..rows];
            before.as_flattened_mut().fill(0.0);
            for ((dy, _), backs) in self.nodes.iter().zip(&self.backs) {
                let (back, normal) = &backs[m][group];
                let shift: Row = std::array::from_fn(|n| back.d[n] - back.e[n] * normal.mean[n]);
                let (x, p, relu, y) = (&dy[first..][..rows], 1.0, false, &mut before[..]);
                dispatch(AddNormal { x, a: back.gain, b: shift, p, relu, y });
                let (x, y) = (pooled, &mut before[..]);
                dispatch(AddNormal { x, a: back.e, b: [0.0; WIDTH], p, relu, y });
            }
            let x = &self.x[(group * shape.batch + beats.start) * from..][..beats.len() * from];
            let beats = gradient.chunks_exact_mut(from).zip(x.chunks_exact(from)).zip(before.chunks_exact(samples));
            for ((dx, x), dy) in beats {
                let (x, dy, dx) = (x.as_flattened(), dy.as_flattened(), dx.as_flattened_mut());
                dispatch(PoolBackward { window: window(shape, state, m), channels: WIDTH, x, dy, dx });
            }
        }
        if shape.stride(state) == 1 {
            for (dy, p) in &self.nodes {
                let (x, b, y) = (&dy[first..][..rows], [0.0; WIDTH], &mut gradient[..]);
                dispatch(AddNormal { x, a: [1.0; WIDTH], b, p: *p, relu: false, y });
            }
        }
    }
}
