//! The max pools of a state, which all paths from it share, and the identities.

use super::super::arena::{self, Rows};
use super::super::parallel::map_items;
use super::super::pool::{Pool, PoolBackward, Window};
use super::super::rows::{Sums, sums};
use super::super::simd::dispatch;
use super::super::spectral::{Row, WIDTH};
use super::backward::Progress;
use super::gradient::total;
use super::normal::{AddNormal, Back, Normal};
use super::shape::Shape;
use super::wiring::PoolPath;
use super::{CellPass, Saved};

/// The pools `[kernels][groups][batch][samples]` of a state, and the sums of each pool's groups, block by block.
pub(super) fn forward(shape: &Shape, state: usize, kernels: &[usize], x: &[Row]) -> (Rows, Vec<Vec<Sums>>) {
    let rows = shape.node_group();
    let (samples, from, stride) = (shape.samples[1], shape.state_samples(state), shape.stride(state));
    let mut out = arena::take_rows(kernels.len() * shape.groups * rows);
    let work = out.len() * WIDTH;
    let block = shape.block * samples;
    let tasks = out.chunks_exact_mut(rows).enumerate().flat_map(|(i, out)| {
        out.chunks_mut(block).enumerate().map(move |(b, out)| (kernels[i / shape.groups], i % shape.groups, b, out))
    });
    let parts = map_items(tasks.collect(), work, |(kernel, group, block, out)| {
        let x = &x[(group * shape.batch + block * shape.block) * from..];
        for (y, x) in out.chunks_exact_mut(samples).zip(x.chunks_exact(from)) {
            let (window, x, y) = (Window::same(kernel, stride), x.as_flattened(), y.as_flattened_mut());
            dispatch(Pool { window, channels: WIDTH, x, y });
        }
        sums(out.as_flattened(), WIDTH)
    });
    (out, parts.chunks(shape.blocks()).map(<[Sums]>::to_vec).collect())
}

/// The way back through the pools and the identities of all paths from a state at once.
pub(super) struct Backward<'a> {
    shape: &'a Shape,
    state: usize,
    kernels: &'a [usize],
    x: &'a [Row],
    pooled: &'a [Row],
    /// Through each pool, `[paths][groups]`.
    pools: Vec<(PoolPath, Vec<(Normal, Back)>)>,
    /// Nodes that the state is added to, with the weight.
    identities: Vec<(usize, f32)>,
    nodes: &'a [Rows],
}

impl<'a> Backward<'a> {
    /// Takes the sums that the normalisations need, and the gradients of the coefficients.
    pub fn sums(cell: &'a CellPass, progress: &mut Progress<'a>, state: usize) -> Self {
        let shape = &cell.shape;
        let rows = shape.node_group();
        let Saved { states, pools, .. } = progress.saved;
        let (x, pooled) = (&states[state][..], &pools[state][..]);
        let together = shape.block * shape.samples[1];
        let (wired, identities) = (cell.wiring.pools(state), cell.wiring.identities(state));
        let (nodes, coefficients, saved) = (&progress.nodes, progress.coefficients, progress.saved);
        let paths = wired.paths.len();
        let tasks = (0..(paths + identities.len()) * shape.groups).collect();
        let backs: Vec<(Normal, Back)> = map_items(tasks, pooled.len() * WIDTH, |i: usize| {
            let (i, group) = (i / shape.groups, i % shape.groups);
            let (node, normal, x) = match wired.paths.get(i) {
                Some(path) => {
                    let normal = cell.normal(saved, path.normal, path.weight, group, coefficients);
                    (path.node, normal, &pooled[(path.pool * shape.groups + group) * rows..][..rows])
                }
                None => {
                    let path = &identities[i - paths];
                    let normal = Normal::identity(cell.weight(path.weight, coefficients));
                    (path.node, normal, &x[group * rows..][..rows])
                }
            };
            let sums = total(x, &nodes[node][group * rows..][..rows], &normal, false, together);
            let back = Back::new(&normal, &sums, rows, cell.running.is_some());
            (normal, back)
        });
        let (pool_backs, identity_backs) = backs.split_at(paths * shape.groups);
        let mut pools = Vec::with_capacity(paths);
        for (path, backs) in wired.paths.iter().zip(pool_backs.chunks_exact(shape.groups)) {
            for (group, (_, back)) in backs.iter().enumerate() {
                cell.add_gradient(&mut progress.gradient, path.normal, path.weight, group, back);
            }
            pools.push((*path, backs.to_vec()));
        }
        for (path, backs) in identities.iter().zip(identity_backs.chunks_exact(shape.groups)) {
            backs.iter().for_each(|(_, back)| cell.add_weight_gradient(&mut progress.gradient, path.weight, back));
        }
        let identities = identities.iter().map(|path| (path.node, cell.weight(path.weight, coefficients))).collect();
        Self { shape, state, kernels: &wired.kernels, x, pooled, pools, identities, nodes: &[] }
    }

    /// The same, with the nodes' gradients to add from.
    pub fn with<'b>(self, nodes: &'b [Rows]) -> Backward<'b>
    where
        'a: 'b,
    {
        Backward { nodes, ..self }
    }

    /// Adds to the gradient of a block's beats of one group of the state.
    pub fn add(&self, group: usize, block: usize, gradient: &mut [Row]) {
        let Self { shape, state, nodes, .. } = *self;
        let (samples, from, beats) = (shape.samples[1], shape.state_samples(state), shape.beats(block));
        let first = (group * shape.batch + beats.start) * samples;
        let rows = beats.len() * samples;
        let (zero, one) = ([0.0; WIDTH], [1.0; WIDTH]);
        for (pool, &kernel) in self.kernels.iter().enumerate() {
            let pooled = &self.pooled[pool * shape.groups * shape.node_group() + first..][..rows];
            let mut before = arena::take_rows(rows);
            before.as_flattened_mut().fill(0.0);
            for (path, backs) in self.pools.iter().filter(|(path, _)| path.pool == pool) {
                let (normal, back) = &backs[group];
                let shift: Row = std::array::from_fn(|n| back.d[n] - back.e[n] * normal.mean[n]);
                let (x, relu, y) = (&nodes[path.node][first..][..rows], false, &mut before[..]);
                dispatch(AddNormal { x, a: back.gain, b: shift, p: 1.0, relu, y });
                dispatch(AddNormal { x: pooled, a: back.e, b: zero, p: 1.0, relu, y: &mut before });
            }
            let x = &self.x[(group * shape.batch + beats.start) * from..][..beats.len() * from];
            let window = Window::same(kernel, shape.stride(state));
            let beats = gradient.chunks_exact_mut(from).zip(x.chunks_exact(from)).zip(before.chunks_exact(samples));
            for ((dx, x), dy) in beats {
                let (x, dy, dx) = (x.as_flattened(), dy.as_flattened(), dx.as_flattened_mut());
                dispatch(PoolBackward { window, channels: WIDTH, x, dy, dx });
            }
        }
        for &(node, p) in &self.identities {
            let (x, y) = (&nodes[node][first..][..rows], &mut *gradient);
            dispatch(AddNormal { x, a: one, b: zero, p, relu: false, y });
        }
    }
}
