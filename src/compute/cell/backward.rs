//! The cell backward, from the last node to the inputs.

use super::super::arena::{self, Buffer, Rows};
use super::super::parallel::{filled, for_each_item, map_items, piece};
use super::super::simd::dispatch;
use super::super::spectral::{Filters, Multiply, Row, Synthesise, WIDTH};
use super::convolution::{pack_transposed, transform};
use super::gradient::{Undo, filters, total};
use super::layout::{slice, ungroup};
use super::normal::{Back, Normal};
use super::shape::Shape;
use super::wiring::Convolution;
use super::{CellPass, Saved, pools};

/// What comes back.
pub(super) struct Gradients {
    /// Of the inputs and of what was added; `None` when they were not wanted.
    pub signals: Option<Vec<Buffer>>,
    pub filters: Option<Buffer>,
    pub coefficients: Buffer,
}

/// What is known so far on the way back.
pub(super) struct Progress<'a> {
    pub saved: &'a Saved,
    pub coefficients: &'a [f32],
    w: &'a [f32],
    /// Gradients of the nodes, complete from the last one down.
    pub nodes: Vec<Rows>,
    /// Sums of the spectra of the states' gradients, `[inputs][batch][N]`, over the paths so far.
    spectra: Vec<Option<Rows>>,
    /// Conjugate spectra of the states, when the filters' gradient is wanted.
    conjugates: Vec<Option<Rows>>,
    filters: Option<Vec<f32>>,
    pub gradient: Vec<f64>,
}

impl CellPass {
    pub(super) fn backward(
        &self,
        saved: &Saved,
        w: &[f32],
        coefficients: &[f32],
        dy: Buffer,
        inputs_wanted: bool,
    ) -> Gradients {
        let (shape, nodes, states) = (&self.shape, self.wiring.nodes(), self.wiring.states());
        let conjugate = |state: usize| {
            let wanted = self.weight_gradient && !self.wiring.convolutions(state).is_empty();
            wanted.then(|| transform(shape, state, &saved.states[state], true))
        };
        let width = nodes * shape.channels;
        let mut progress = Progress {
            saved,
            coefficients,
            w,
            nodes: (0..nodes).map(|node| slice(shape, &dy, shape.samples[1], width, node * shape.channels)).collect(),
            spectra: (0..states).map(|_| None).collect(),
            conjugates: (0..states).map(conjugate).collect(),
            filters: self.weight_gradient.then(|| filled(w.len(), piece(w.len()), w.len(), |_, _| {})),
            gradient: vec![0.0; coefficients.len()],
        };
        drop(dy);
        for node in (0..nodes).rev() {
            let mut gradient = std::mem::replace(&mut progress.nodes[node], arena::take_rows(0));
            self.finish(&mut progress, node + 2, Some((&mut gradient, false)));
            progress.nodes[node] = gradient;
            for state in 0..node + 2 {
                self.convolutions_back(&mut progress, node, state, inputs_wanted);
            }
        }
        let signals = self.inputs_back(&mut progress, inputs_wanted);
        let coefficients = progress.gradient.iter().map(|&value| value as f32).collect::<Vec<_>>().into();
        Gradients { signals, filters: progress.filters.map(Buffer::from), coefficients }
    }

    /// The convolutions from a state to a node.
    fn convolutions_back(&self, progress: &mut Progress, node: usize, state: usize, inputs_wanted: bool) {
        let shape = &self.shape;
        let (groups, rows, triple) = (shape.groups, shape.node_group(), shape.triple(state));
        let range = self.wiring.convolutions_to(state, node);
        let convolutions = &self.wiring.convolutions(state)[range.clone()];
        if convolutions.is_empty() {
            return;
        }
        let Progress { saved, coefficients, w, .. } = *progress;
        let state_wanted = state >= 2 || inputs_wanted;
        let work = shape.work(state) * convolutions.len();
        let (depth, blocks) = (groups * WIDTH, shape.blocks());

        let output = |i: usize| &saved.convolutions[state][(range.start * groups + i) * rows..][..rows];
        let nodes = &progress.nodes[node];
        let dy = |i: usize| &nodes[i % groups * rows..][..rows];
        let backs: Vec<(Normal, Back)> = map_items((0..convolutions.len() * groups).collect(), work, |i| {
            let Convolution { normal, weight, .. } = convolutions[i / groups];
            let normal = self.normal(saved, normal, weight, i % groups, coefficients);
            let sums = total(output(i), dy(i), &normal, true, shape.block * shape.samples[1]);
            let back = Back::new(&normal, &sums, rows, self.running.is_some());
            (normal, back)
        });
        for (i, (_, back)) in backs.iter().enumerate() {
            let Convolution { normal, weight, .. } = convolutions[i / groups];
            self.add_gradient(&mut progress.gradient, normal, weight, i % groups, back);
        }

        // The gradients' spectra, run by run, and beside them the filters' for the way to the state.
        let conjugate = progress.conjugates[state].as_deref();
        let run = shape.run(backs.len());
        let runs = blocks.div_ceil(run);
        let part = shape.inputs(state) * shape.plan(state).length * WIDTH;
        let mut left = arena::take_rows(backs.len() * blocks * triple);
        let mut spectra = arena::take_rows(if conjugate.is_some() { backs.len() * runs * part } else { 0 });
        let mut parts = spectra.chunks_exact_mut(part);
        let mut tasks = Vec::new();
        for (i, left) in left.chunks_exact_mut(blocks * triple).enumerate() {
            for (r, left) in left.chunks_mut(run * triple).enumerate() {
                tasks.push(Task::Gradient { i, first: r * run, left, spectra: parts.next() });
            }
        }
        let planes = shape.plan(state).planes() * depth;
        let inputs = if state_wanted { shape.inputs(state) } else { 0 };
        let mut right = arena::take_rows(inputs * convolutions.len() * planes);
        tasks.extend(right.chunks_exact_mut(planes).enumerate().map(|(i, right)| {
            let (input, i) = (i / convolutions.len(), i % convolutions.len());
            Task::Filters { input, i, right }
        }));
        for_each_item(tasks, work, |task| match task {
            Task::Gradient { i, first, left, spectra } => {
                let (normal, back) = &backs[i];
                let undo = Undo { shape, state, normal, back, output: output(i), dy: dy(i) };
                undo.run(first, left, conjugate.zip(spectra));
            }
            Task::Filters { input, i, right } => transposed_filters(shape, state, w, &convolutions[i], input, right),
        });
        if let Some(gradient) = &mut progress.filters {
            filters_back(shape, state, convolutions, &mut spectra, gradient);
        }
        if state_wanted {
            add_spectra(shape, state, &mut progress.spectra[state], &left, &right, convolutions.len());
        }
    }

    /// Adds to a state's gradient, which is nothing yet where it is `empty`, what came back through all its paths; without a
    /// gradient only to that of the coefficients.
    fn finish<'a>(&'a self, progress: &mut Progress<'a>, state: usize, gradient: Option<(&mut Rows, bool)>) {
        let shape = &self.shape;
        let pools = pools::Backward::sums(self, progress, state);
        let (samples, plan, stride) = (shape.state_samples(state), shape.plan(state), shape.stride(state));
        let Some((gradient, empty)) = gradient else { return };
        let spectra = progress.spectra[state].take();
        let pools = pools.with(&progress.nodes);
        let beats = shape.block;
        let tasks = gradient.chunks_exact_mut(shape.batch * samples).enumerate().flat_map(|(group, rows)| {
            rows.chunks_mut(beats * samples).enumerate().map(move |(block, rows)| (group, block, rows))
        });
        for_each_item(tasks.collect(), shape.work(state), |(group, block, rows)| {
            if empty {
                rows.as_flattened_mut().fill(0.0);
            }
            let mut scratch = arena::take_rows(4 * plan.parts() + plan.samples);
            let (scratch, part) = scratch.split_at_mut(4 * plan.parts());
            for (beat, rows) in shape.beats(block).zip(rows.chunks_exact_mut(samples)) {
                for phase in 0..stride {
                    let Some(spectra) = &spectra else { continue };
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
    fn inputs_back<'a>(&'a self, progress: &mut Progress<'a>, wanted: bool) -> Option<Vec<Buffer>> {
        let shape = &self.shape;
        if !wanted {
            (0..2).for_each(|state| self.finish(progress, state, None));
            return None;
        }
        let mut signals = Vec::new();
        for state in 0..2 {
            let mut gradient = arena::take_rows(shape.state_rows(state));
            self.finish(progress, state, Some((&mut gradient, true)));
            signals.push(ungroup(shape, &gradient));
        }
        let nodes = progress.nodes.iter().zip(&self.added).filter(|(_, added)| **added);
        signals.extend(nodes.map(|(node, _)| ungroup(shape, node)));
        Some(signals)
    }
}

/// What the convolutions from a state to a node have to do before the gradient of the state.
enum Task<'a> {
    /// Convolution and group `i`, the blocks from `first` on.
    Gradient { i: usize, first: usize, left: &'a mut [Row], spectra: Option<&'a mut [Row]> },
    /// Convolution `i`, from one group of inputs.
    Filters { input: usize, i: usize, right: &'a mut [Row] },
}

/// Takes the first `len` values off `rest`.
fn split<'a, T>(rest: &mut &'a mut [T], len: usize) -> &'a mut [T] {
    let (first, others) = std::mem::take(rest).split_at_mut(len);
    *rest = others;
    first
}

/// The conjugate right triples of a convolution from its output channels to 16 input channels.
fn transposed_filters(
    shape: &Shape,
    state: usize,
    w: &[f32],
    convolution: &Convolution,
    input: usize,
    right: &mut [Row],
) {
    let (plan, depth) = (shape.plan(state), shape.groups * WIDTH);
    let (phase, group) = (input / shape.groups, input % shape.groups);
    let filters = &*pack_transposed(shape, w, convolution, group);
    let taps = &*shape.taps(state, convolution.taps, phase);
    let mut scratch = arena::take_rows(taps.scratch(plan));
    let scratch = &mut scratch[..];
    dispatch(Filters { plan, taps, filters, depth, conjugate: true, right, all: depth, first: 0, scratch });
}

/// Adds to the spectra of a state's gradient what comes back through convolutions with these right factors.
fn add_spectra(
    shape: &Shape,
    state: usize,
    spectra: &mut Option<Rows>,
    left: &[Row],
    right: &[Row],
    convolutions: usize,
) {
    let (plan, triple, inputs) = (shape.plan(state), shape.triple(state), shape.inputs(state));
    let planes = plan.planes() * shape.groups * WIDTH;
    let add = spectra.is_some();
    let spectra = spectra.get_or_insert_with(|| arena::take_rows(inputs * shape.batch * plan.length));
    let tasks = spectra.chunks_exact_mut(shape.batch * plan.length).enumerate().flat_map(|(input, spectra)| {
        spectra.chunks_mut(shape.block * plan.length).enumerate().map(move |(block, out)| (input, block, out))
    });
    for_each_item(tasks.collect(), shape.work(state) * convolutions, |(input, block, out)| {
        let all = right[input * convolutions * planes..].chunks_exact(planes);
        let right: Vec<&[Row]> = all.take(convolutions).collect();
        let (plane, used) = (shape.block, out.len() / plan.length);
        let (left, group) = (&left[block * triple..], shape.blocks() * triple);
        dispatch(Multiply { plan, used, left, plane, group, right: &right, out, add });
    });
}

/// The filters' gradient `[taps, channels, channels]` of some convolutions from their spectra
/// `[convolutions][groups][runs][inputs][N][16]`.
fn filters_back(shape: &Shape, state: usize, convolutions: &[Convolution], spectra: &mut [Row], gradient: &mut [f32]) {
    let (channels, depth) = (shape.channels, shape.groups * WIDTH);
    let one = spectra.len() / (convolutions.len() * shape.groups);
    let tasks: Vec<_> = spectra.chunks_exact_mut(one).enumerate().collect();
    let work = convolutions.len() * shape.work(state);
    let panels = map_items(tasks, work, |(i, spectra)| {
        let taps = convolutions[i / shape.groups].taps;
        let mut panel = arena::take_rows(taps * depth);
        filters(shape, state, taps, spectra, &mut panel);
        panel
    });
    let square = channels * channels;
    let (mut rest, mut at) = (gradient, 0);
    let mut tasks = Vec::with_capacity(convolutions.len());
    for (convolution, panels) in convolutions.iter().zip(panels.chunks_exact(shape.groups)) {
        let start = convolution.first_tap * square;
        split(&mut rest, start - at);
        tasks.push((panels, split(&mut rest, convolution.taps * square)));
        at = start + convolution.taps * square;
    }
    for_each_item(tasks, work, |(panels, to)| {
        for (group, panel) in panels.iter().enumerate() {
            let width = WIDTH.min(channels - group * WIDTH);
            for (from, to) in panel.chunks_exact(depth).zip(to.chunks_exact_mut(square)) {
                for (from, to) in from.iter().zip(to.chunks_exact_mut(channels)) {
                    to[group * WIDTH..][..width].copy_from_slice(&from[..width]);
                }
            }
        }
    });
}
