//! One convolution, forward, for a run of blocks and 16 output channels; and the transform of a state.

use super::super::arena::{self, Rows};
use super::super::parallel::for_each_item;
use super::super::rows::{Sums, sums};
use super::super::simd::dispatch;
use super::super::spectral::{Analyse, Filters, Left, Multiply, Row, Synthesise, WIDTH};
use super::shape::Shape;
use super::wiring::Convolution;

/// A state in the frequency domain, left triples `[blocks][planes][inputs][beats of a block]`: what a product of one bin
/// reads lies together.
pub(super) fn transform(shape: &Shape, state: usize, x: &[Row], conjugate: bool) -> Rows {
    let (plan, inputs, triple) = (shape.plan(state), shape.inputs(state), shape.triple(state));
    let mut planes = arena::take_rows(shape.blocks() * inputs * triple);
    let samples = shape.state_samples(state);
    let chunks = planes.chunks_exact_mut(inputs * triple).enumerate();
    for_each_item(chunks.collect(), shape.work(state), |(block, planes)| {
        let mut scratch = arena::take_rows(4 * plan.parts() + plan.samples);
        let (scratch, phased) = scratch.split_at_mut(4 * plan.parts());
        for input in 0..inputs {
            let (phase, group) = (input / shape.groups, input % shape.groups);
            for (i, beat) in shape.beats(block).enumerate() {
                let x = &x[(group * shape.batch + beat) * samples..][..samples];
                let (stride, signal) = (inputs * shape.block, input * shape.block + i);
                let bins = Left { plan, conjugate, planes: &mut *planes, stride, signal };
                let input = if shape.stride(state) == 1 {
                    x
                } else {
                    gather(x, shape.stride(state), phase, phased);
                    &*phased
                };
                dispatch(Analyse { plan, input, scratch: &mut *scratch, bins });
            }
        }
    });
    planes
}

/// Every `stride`-th row from `phase` on, the rest of `to` filled with zeros.
fn gather(x: &[Row], stride: usize, phase: usize, to: &mut [Row]) {
    let mut rows = x.iter().skip(phase).step_by(stride);
    to.iter_mut().for_each(|to| *to = rows.next().copied().unwrap_or([0.0; WIDTH]));
}

/// The filters of a convolution, all its input channels and 16 output channels: `[taps][groups · 16]`.
fn pack(shape: &Shape, w: &[f32], convolution: &Convolution, group: usize) -> Rows {
    let (channels, depth) = (shape.channels, shape.groups * WIDTH);
    let w = filters(shape, w, convolution);
    let mut packed = arena::take_rows(convolution.taps * depth);
    for (packed, w) in packed.chunks_exact_mut(depth).zip(w.chunks_exact(channels * channels)) {
        let mut rows = w.chunks_exact(channels);
        for packed in packed {
            *packed = rows.next().map_or([0.0; WIDTH], |row| wide(&row[group * WIDTH..]));
        }
    }
    packed
}

/// The same transposed: all output channels and 16 input channels.
pub(super) fn pack_transposed(shape: &Shape, w: &[f32], convolution: &Convolution, group: usize) -> Rows {
    let (channels, depth) = (shape.channels, shape.groups * WIDTH);
    let w = filters(shape, w, convolution);
    let mut packed = arena::take_rows(convolution.taps * depth);
    for (packed, w) in packed.chunks_exact_mut(depth).zip(w.chunks_exact(channels * channels)) {
        let mut rows = w.chunks_exact(channels).skip(group * WIDTH);
        let (packed, _) = packed.as_chunks_mut::<WIDTH>();
        let rows: [Option<&[f32]>; WIDTH] = std::array::from_fn(|_| rows.next());
        for (g, packed) in packed.iter_mut().enumerate() {
            let tile = rows.map(|row| row.map_or([0.0; WIDTH], |row| wide(&row[g * WIDTH..])));
            for (n, packed) in packed.iter_mut().enumerate() {
                *packed = std::array::from_fn(|m| tile[m][n]);
            }
        }
    }
    packed
}

/// The filters of a convolution, `[taps, in, out]`.
fn filters<'a>(shape: &Shape, w: &'a [f32], convolution: &Convolution) -> &'a [f32] {
    let square = shape.channels * shape.channels;
    &w[convolution.first_tap * square..][..convolution.taps * square]
}

/// Up to 16 values, the rest 0.
fn wide(values: &[f32]) -> Row {
    match values.first_chunk() {
        Some(row) => *row,
        None => std::array::from_fn(|n| values.get(n).copied().unwrap_or_default()),
    }
}

/// The outputs `[beats][samples]` of a convolution from a transformed state, for the blocks from `first` on, as many as
/// `out` has, and the sums of each block.
pub(super) fn convolve(
    shape: &Shape,
    (state, spectrum): (usize, &[Row]),
    w: &[f32],
    (convolution, group): (&Convolution, usize),
    first: usize,
    out: &mut [Row],
) -> Vec<Sums> {
    let (plan, inputs, triple) = (shape.plan(state), shape.inputs(state), shape.triple(state));
    let (samples, depth) = (shape.samples[1], shape.groups * WIDTH);
    let filters = pack(shape, w, convolution, group);
    let all = inputs * WIDTH;
    let mut right = arena::take_rows(plan.planes() * all);
    for phase in 0..shape.stride(state) {
        let taps = &*shape.taps(state, convolution.taps, phase);
        let mut scratch = arena::take_rows(taps.scratch(plan));
        let (filters, right, scratch) = (&filters[..], &mut right[..], &mut scratch[..]);
        dispatch(Filters { plan, taps, filters, depth, conjugate: false, right, all, first: phase * depth, scratch });
    }
    let mut spectra = arena::take_rows(shape.block * plan.length);
    let mut scratch = arena::take_rows(4 * plan.parts());
    let mut parts = Vec::with_capacity(shape.blocks());
    for (i, out) in out.chunks_mut(shape.block * samples).enumerate() {
        let used = out.len() / samples;
        let left = &spectrum[(first + i) * inputs * triple..];
        let (plane, group, right) = (inputs * shape.block, shape.block, &[&right[..]]);
        dispatch(Multiply { plan, used, left, plane, group, right, out: &mut spectra, add: false });
        for (output, spectrum) in out.chunks_exact_mut(samples).zip(spectra.chunks_exact(plan.length)) {
            dispatch(Synthesise { plan, spectrum, scratch: &mut scratch, output });
        }
        parts.push(sums(out.as_flattened(), WIDTH));
    }
    parts
}
