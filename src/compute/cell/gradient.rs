//! One convolution, backward, for a run of blocks and 16 output channels: from dy over the normalisation to the spectrum
//! of the convolution's gradient, and from that to the spectrum of the filters' gradient.

use super::super::arena;
use super::super::rows::{BackwardPiece, BackwardSums, GradientSums};
use super::super::simd::dispatch;
use super::super::spectral::{Analyse, Both, Contract, FilterGradient, Left, Row, WIDTH};
use super::normal::{Back, Normal};
use super::shape::Shape;

/// Σ g and Σ g·(x − mean) over all rows, `together` rows at a time and then in f64.
pub(super) fn total(x: &[Row], dy: &[Row], normal: &Normal, relu: bool, together: usize) -> GradientSums {
    let (mut plain, mut weighted) = ([0.0f64; WIDTH], [0.0f64; WIDTH]);
    for (x, dy) in x.chunks(together).zip(dy.chunks(together)) {
        let Normal { a, b, mean, .. } = normal;
        let (x, dy) = (x.as_flattened(), dy.as_flattened());
        let sums = dispatch(BackwardSums { x, dy, a, b, centre: mean, relu });
        for n in 0..WIDTH {
            plain[n] += f64::from(sums.plain[n]);
            weighted[n] += f64::from(sums.weighted[n]);
        }
    }
    let narrow = |sums: [f64; WIDTH]| sums.map(|sum| sum as f32).to_vec();
    GradientSums { plain: narrow(plain), weighted: narrow(weighted) }
}

/// What is known of one convolution and 16 of its output channels.
pub(super) struct Undo<'a> {
    pub shape: &'a Shape,
    pub state: usize,
    pub normal: &'a Normal,
    pub back: &'a Back,
    /// Its output and the gradient of its node, `[batch][samples]`.
    pub output: &'a [Row],
    pub dy: &'a [Row],
}

impl Undo<'_> {
    /// Writes the left triples `[blocks][planes][beats of a block]` of the gradient of the blocks from `first` on, as many
    /// as `left` has, and, given the state's conjugate spectrum, what these beats add to the spectra of the filters'
    /// gradient, `[inputs][N][16]`.
    pub fn run(&self, first: usize, left: &mut [Row], mut filters: Option<(&[Row], &mut [Row])>) {
        let Self { shape, state, .. } = *self;
        let (plan, inputs, triple) = (shape.plan(state), shape.inputs(state), shape.triple(state));
        let samples = shape.samples[1];
        let mut right = arena::take_rows(if filters.is_some() { triple } else { 0 });
        let mut scratch = arena::take_rows(4 * plan.parts() + samples);
        let (scratch, before) = scratch.split_at_mut(4 * plan.parts());
        for (i, planes) in left.chunks_exact_mut(triple).enumerate() {
            let block = first + i;
            let beats = shape.beats(block);
            let used = beats.len();
            for (signal, beat) in beats.enumerate() {
                self.undo(beat * samples..(beat + 1) * samples, before);
                let left = Left { plan, conjugate: false, planes: &mut *planes, stride: shape.block, signal };
                let bins = Both { left, right: &mut right };
                dispatch(Analyse { plan, input: &*before, scratch: &mut *scratch, bins });
            }
            if let Some((x, spectra)) = &mut filters {
                for (input, out) in spectra.chunks_exact_mut(plan.length * WIDTH).enumerate() {
                    let left = &x[block * inputs * triple + input * shape.block..];
                    let (left_plane, right, right_plane) = (inputs * shape.block, &right[..], shape.block);
                    dispatch(Contract { plan, used, left, left_plane, right, right_plane, out, add: i > 0 });
                }
            }
        }
    }

    /// The gradient before the normalisation.
    fn undo(&self, rows: std::ops::Range<usize>, to: &mut [Row]) {
        let Normal { a, b, mean, .. } = self.normal;
        let Back { gain, e, d, .. } = self.back;
        let (x, dy) = (self.output[rows.clone()].as_flattened(), self.dy[rows].as_flattened());
        dispatch(BackwardPiece { x, dy, a, b, centre: mean, gain, e, d, relu: true, dx: to.as_flattened_mut() });
    }
}

/// The gradient `[taps][groups · 16]` of a filter of `taps` taps, 16 output channels, from its spectra
/// `[runs][inputs][N][16]`, which are summed up in place.
pub(super) fn filters(shape: &Shape, state: usize, taps: usize, spectra: &mut [Row], gradient: &mut [Row]) {
    let (plan, depth) = (shape.plan(state), shape.groups * WIDTH);
    let one = plan.length * WIDTH;
    let (sum, others) = spectra.split_at_mut(shape.inputs(state) * one);
    for other in others.chunks_exact(sum.len()) {
        sum.as_flattened_mut().iter_mut().zip(other.as_flattened()).for_each(|(sum, value)| *sum += value);
    }
    for (input, spectra) in sum.chunks_exact(one).enumerate() {
        let (phase, group) = (input / shape.groups, input % shape.groups);
        let taps = &*shape.taps(state, taps, phase);
        let mut scratch = arena::take_rows(taps.scratch(plan));
        let (first, scratch) = (group * WIDTH, &mut scratch[..]);
        dispatch(FilterGradient { plan, taps, spectra, gradient, depth, first, scratch });
    }
}
