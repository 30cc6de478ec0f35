//! The cell backward, from the last node to the inputs.

use super::super::arena::{self, Rows};
use super::super::parallel::{for_each_item, map_items, piece};
use super::super::simd::dispatch;
use super::super::spectral::{Filters, Multiply, Row, Synthesise, WIDTH};
use super::convolution::{pack_transposed, transform};
use super::forward::scatter;
use super::gradient::Convolution;
use super::normal::Normal;
use super::shape::{Shape, edge, outgoing};
use super::{ALL_TAPS, EDGES, MixedCell, NODES, NORMALISED, OPERATIONS, Saved, TAPS, pools};

/// What comes back.
pub(super) struct Gradients {
    /// Of the inputs and of what was added, as they were handed over; `None` when it was not wanted.
    pub signals: Option<Vec<f32>>,
    pub filters: Option<Vec<f32>>,
    pub mix: Vec<f32>,
}

/// What is known so far on the way back.
pub(super) struct Progress<'a> {
    pub saved: &'a Saved,
    pub p: &'a [f32],
    pub w: &'a [f32],
    /// Gradients of the nodes, complete from the last one down.
    pub nodes: Vec<Rows>,
    /// Sums of the spectra of the states' gradients, `[inputs][batch][N]`, over the edges so far.
    spectra: Vec<Option<Rows>>,
    /// Conjugate spectra of the states, when the filters' gradient is wanted.
    conjugates: Vec<Rows>,
    filters: Option<Vec<f32>>,
    pub mix: Vec<f64>,
}

impl MixedCell {
    pub(super) fn backward(&self, saved: &Saved, w: &[f32], p: &[f32], dy: &[f32], inputs_wanted: bool) -> Gradients {
        let shape = &self.shape;
        let square = shape.channels * shape.channels;
        let conjugate = |state| transform(shape, state, &saved.states[state], true);
        let mut progress = Progress {
            saved,
            p,
            w,
            nodes: (0..NODES).map(|node| self.slice(dy, node)).collect(),
            spectra: (0..NODES + 1).map(|_| None).collect(),
            conjugates: if self.weight_gradient { (0..NODES + 1).map(conjugate).collect() } else { Vec::new() },
            filters: self.weight_gradient.then(|| vec![0.0; EDGES * ALL_TAPS * square]),
            mix: vec![0.0; EDGES * OPERATIONS],
        };
        for node in (0..NODES).rev() {
            if node + 1 < NODES {
                let mut gradient = std::mem::replace(&mut progress.nodes[node], arena::take_rows(0));
                self.finish(&mut progress, node + 2, Some(&mut gradient));
                progress.nodes[node] = gradient;
            }
            for state in 0..node + 2 {
                self.edge_back(&mut progress, node, state, inputs_wanted);
            }
        }
        let signals = self.inputs_back(&mut progress, inputs_wanted);
        let mix = progress.mix.iter().map(|&dp| dp as f32).collect();
        Gradients { signals, filters: progress.filters, mix }
    }

    /// The part of dy `[batch, samples, 4 · channels]` that belongs to a node.
    fn slice(&self, dy: &[f32], node: usize) -> Rows {
        let shape = &self.shape;
        let channels = shape.channels;
        let mut rows = arena::take_rows(shape.state_rows(node + 2));
        for (group, rows) in rows.chunks_exact_mut(shape.node_group()).enumerate() {
            scatter(dy, NODES * channels, node * channels + group * WIDTH, (node + 1) * channels, rows);
        }
        rows
    }

    /// Everything of one edge but its pools and its skip.
    fn edge_back(&self, progress: &mut Progress, node: usize, state: usize, inputs_wanted: bool) {
        let shape = &self.shape;
        let (groups, rows, triple) = (shape.groups, shape.node_group(), shape.triple(state));
        let (edge, place) = (edge(node, state), node - outgoing(state).start);
        let depth = groups * WIDTH;
        let state_wanted = state >= 2 || inputs_wanted;
        let Progress { saved, p, w, ref nodes, ref conjugates, .. } = *progress;

        let mut left = arena::take_rows(TAPS.len() * groups * shape.blocks() * triple);
        let mut gradient = arena::take_rows(if self.weight_gradient { groups * ALL_TAPS * depth } else { 0 });
        let mut rest = &mut gradient[..];
        let mut tasks: Vec<Task> = (left.chunks_exact_mut(shape.blocks() * triple).enumerate())
            .map(|(i, left)| {
                let (k, group) = (i / groups, i % groups);
                let filters = self.weight_gradient.then(|| split(&mut rest, TAPS[k] * depth));
                Task::Gradient { k, group, left, filters }
            })
            .collect();
        let planes = shape.plan(state).planes() * depth;
        let inputs = if state_wanted { shape.inputs(state) } else { 0 };
        let mut right = arena::take_rows(inputs * TAPS.len() * planes);
        let transposed = right.chunks_exact_mut(planes).enumerate();
        tasks.extend(transposed.map(|(i, right)| Task::Filters { input: i / TAPS.len(), k: i % TAPS.len(), right }));

        let mix = map_items(tasks, shape.work(state), |task| match task {
            Task::Gradient { k, group, left, filters } => {
                let moments = &saved.moments[edge * NORMALISED + k];
                let at = ((place * TAPS.len() + k) * groups + group) * rows;
                let convolution = Convolution {
                    shape,
                    state,
                    k,
                    normal: Normal::new(moments, self.eps, group),
                    p: p[edge * OPERATIONS + k],
                    constant: self.running.is_some(),
                    output: &saved.convolutions[state][at..][..rows],
                    dy: &nodes[node][group * rows..][..rows],
                };
                convolution.run(left, filters.map(|filters| (&conjugates[state][..], filters)))
            }
            Task::Filters { input, k, right } => {
                transposed_filters(shape, state, w, edge, k, input, right);
                0.0
            }
        });
        for (i, dp) in mix.iter().take(TAPS.len() * groups).enumerate() {
            progress.mix[edge * OPERATIONS + i / groups] += dp;
        }
        if let Some(filters) = &mut progress.filters {
            let len = ALL_TAPS * shape.channels * shape.channels;
            unpack(shape, &gradient, &mut filters[edge * len..][..len]);
        }
        if state_wanted {
            self.add_spectra(progress, state, &left, &right);
        }
    }

    /// Adds to the spectra of a state's gradient what comes back through one edge.
    fn add_spectra(&self, progress: &mut Progress, state: usize, left: &[Row], right: &[Row]) {
        let shape = &self.shape;
        let (plan, triple, inputs) = (shape.plan(state), shape.triple(state), shape.inputs(state));
        let planes = plan.planes() * shape.groups * WIDTH;
        let add = progress.spectra[state].is_some();
        let all = inputs * shape.batch * plan.length;
        let spectra = progress.spectra[state].get_or_insert_with(|| arena::take_rows(all));
        let tasks = spectra.chunks_exact_mut(shape.batch * plan.length).enumerate().flat_map(|(input, spectra)| {
            spectra.chunks_mut(shape.block * plan.length).enumerate().map(move |(block, out)| (input, block, out))
        });
        for_each_item(tasks.collect(), shape.work(state), |(input, block, out)| {
            let right: Vec<&[Row]> =
                right[input * TAPS.len() * planes..].chunks_exact(planes).take(TAPS.len()).collect();
            let (plane, used) = (shape.block, out.len() / plan.length);
            let (left, group) = (&left[block * triple..], shape.blocks() * triple);
            dispatch(Multiply { plan, used, left, plane, group, right: &right, out, add });
        });
    }

    /// Adds to a state's gradient what came back through all its edges; without a gradient only to that of p.
    fn finish<'a>(&'a self, progress: &mut Progress<'a>, state: usize, gradient: Option<&mut Rows>) {
        let shape = &self.shape;
        let pools = pools::Backward::sums(self, progress, state);
        let (samples, plan, stride) = (shape.state_samples(state), shape.plan(state), shape.stride(state));
        let Some(gradient) = gradient else { return };
        let spectra = progress.spectra[state].take();
        let spectra = spectra.as_deref().unwrap_or_default();
        let pools = pools.with(&progress.nodes, progress.p);
        let beats = shape.block;
        let tasks = gradient.chunks_exact_mut(shape.batch * samples).enumerate().flat_map(|(group, rows)| {
            rows.chunks_mut(beats * samples).enumerate().map(move |(block, rows)| (group, block, rows))
        });
        for_each_item(tasks.collect(), shape.work(state), |(group, block, rows)| {
            let mut scratch = arena::take_rows(4 * plan.parts() + plan.samples);
            let (scratch, part) = scratch.split_at_mut(4 * plan.parts());
            for (beat, rows) in shape.beats(block).zip(rows.chunks_exact_mut(samples)) {
                for phase in 0..stride {
                    let at = ((phase * shape.groups + group) * shape.batch + beat) * plan.length;
                    let spectrum = &spectra[at..][..plan.length];
                    dispatch(Synthesise { plan, spectrum, scratch, output: part });
                    for (to, from) in rows.iter_mut().skip(phase).step_by(stride).zip(part.iter()) {
                        (0..WIDTH).for_each(|n| to[n] += from[n]);
                    }
                }
            }
            pools.add(group, block, rows);
        });
    }

    /// The gradients of the inputs and of what was added.
    fn inputs_back<'a>(&'a self, progress: &mut Progress<'a>, wanted: bool) -> Option<Vec<f32>> {
        let shape = &self.shape;
        let (input, output) = (shape.batch * shape.samples[0], shape.node_group());
        let added = if self.added { NODES * output } else { 0 };
        let mut signals = wanted.then(|| vec![0.0; (2 * input + added) * shape.channels]);
        let mut rest = signals.as_deref_mut();
        for state in 0..2 {
            let mut gradient = wanted.then(|| {
                let mut rows = arena::take_rows(shape.state_rows(state));
                rows.as_flattened_mut().fill(0.0);
                rows
            });
            self.finish(progress, state, gradient.as_mut());
            if let (Some(gradient), Some(rest)) = (gradient, &mut rest) {
                ungroup(shape, &gradient, split(rest, input * shape.channels));
            }
        }
        if let (true, Some(rest)) = (self.added, &mut rest) {
            progress.nodes.iter().for_each(|node| ungroup(shape, node, split(rest, output * shape.channels)));
        }
        signals
    }
}

/// What an edge has to do on the way back before the gradient of its state.
enum Task<'a> {
    Gradient { k: usize, group: usize, left: &'a mut [Row], filters: Option<&'a mut [Row]> },
    Filters { input: usize, k: usize, right: &'a mut [Row] },
}

/// Takes the first `len` values off `rest`.
fn split<'a, T>(rest: &mut &'a mut [T], len: usize) -> &'a mut [T] {
    let (first, others) = std::mem::take(rest).split_at_mut(len);
    *rest = others;
    first
}

/// The conjugate right triples of convolution `k` of an edge from its output channels to 16 input channels.
fn transposed_filters(shape: &Shape, state: usize, w: &[f32], edge: usize, k: usize, input: usize, right: &mut [Row]) {
    let (plan, depth) = (shape.plan(state), shape.groups * WIDTH);
    let (phase, group) = (input / shape.groups, input % shape.groups);
    let filters = &*pack_transposed(shape, w, edge, k, group);
    let taps = &*shape.taps(state, k, phase);
    let mut scratch = arena::take_rows(taps.scratch(plan));
    let scratch = &mut scratch[..];
    dispatch(Filters { plan, taps, filters, depth, conjugate: true, right, all: depth, first: 0, scratch });
}

/// The filters' gradient of an edge, from `[6][groups][taps][groups · 16]` to `[74, channels, channels]`.
fn unpack(shape: &Shape, gradient: &[Row], filters: &mut [f32]) {
    let (channels, depth) = (shape.channels, shape.groups * WIDTH);
    let (mut from, mut to) = (gradient, filters);
    let mut parts = Vec::with_capacity(TAPS.len());
    for taps in TAPS {
        let (these, rest) = from.split_at(shape.groups * taps * depth);
        from = rest;
        parts.push((these, taps, split(&mut to, taps * channels * channels)));
    }
    for_each_item(parts, gradient.len() * WIDTH, |(from, taps, to)| {
        for (group, from) in from.chunks_exact(taps * depth).enumerate() {
            let width = WIDTH.min(channels - group * WIDTH);
            for (from, to) in from.chunks_exact(depth).zip(to.chunks_exact_mut(channels * channels)) {
                for (from, to) in from.iter().zip(to.chunks_exact_mut(channels)) {
                    to[group * WIDTH..][..width].copy_from_slice(&from[..width]);
                }
            }
        }
    });
}

/// A signal in groups of 16 channels as `[batch, samples, channels]`.
fn ungroup(shape: &Shape, rows: &[Row], to: &mut [f32]) {
    let channels = shape.channels;
    let all = to.len() / channels;
    let len = piece(all);
    for_each_item(to.chunks_mut(len * channels).enumerate().collect(), all * channels, |(i, to)| {
        for (row, to) in to.chunks_exact_mut(channels).enumerate() {
            for (group, to) in to.chunks_mut(WIDTH).enumerate() {
                to.copy_from_slice(&rows[group * all + i * len + row][..to.len()]);
            }
        }
    });
}
