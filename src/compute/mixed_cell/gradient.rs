//! One convolution of an edge, backward, for the whole batch and 16 output channels: from dy over the normalisation to
//! the spectrum of the convolution's gradient, and from that to the gradient of the filters.

use super::super::arena;
use super::super::rows::{BackwardPiece, BackwardSums, GradientSums};
use super::super::simd::dispatch;
use super::super::spectral::{Analyse, Both, Contract, FilterGradient, Left, Row, WIDTH};
use super::normal::{Back, Normal};
use super::shape::Shape;

/// What is known of one convolution of an edge and 16 of its output channels.
pub(super) struct Convolution<'a> {
    pub shape: &'a Shape,
    pub state: usize,
    pub k: usize,
    pub normal: Normal,
    pub p: f32,
    /// Whether the statistics were constants.
    pub constant: bool,
    /// Its output and the gradient of its node, `[batch][samples]`.
    pub output: &'a [Row],
    pub dy: &'a [Row],
}

/// Σ g and Σ g·(x − centre) over all rows, block by block and then in f64.
pub(super) fn total(x: &[Row], dy: &[Row], normal: &Normal, relu: bool, rows: usize) -> GradientSums {
    let (mut plain, mut weighted) = ([0.0f64; WIDTH], [0.0f64; WIDTH]);
    for (x, dy) in x.chunks(rows).zip(dy.chunks(rows)) {
        let Normal { a, b, mean } = normal;
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

impl Convolution<'_> {
    /// dp; writes the left triples `[blocks][planes][beats of a block]` of the gradient, and, given the state's conjugate
    /// spectrum, the filters' gradient `[taps][groups · 16]`.
    pub fn run(&self, left: &mut [Row], mut filters: Option<(&[Row], &mut [Row])>) -> f64 {
        let Self { shape, state, ref normal, .. } = *self;
        let (plan, inputs, triple) = (shape.plan(state), shape.inputs(state), shape.triple(state));
        let samples = shape.samples[1];
        let sums = total(self.output, self.dy, normal, true, shape.block * samples);
        let back = Back::new(normal, self.p, &sums, self.output.len(), self.constant);

        let wanted = filters.is_some();
        let mut right = arena::take_rows(if wanted { triple } else { 0 });
        let mut spectra = arena::take_rows(if wanted { inputs * plan.length * WIDTH } else { 0 });
        let mut scratch = arena::take_rows(4 * plan.parts() + samples);
        for (block, planes) in left.chunks_exact_mut(triple).enumerate() {
            let beats = shape.beats(block);
            let used = beats.len();
            for (signal, beat) in beats.enumerate() {
                let rows = beat * samples..(beat + 1) * samples;
                let (scratch, before) = scratch.split_at_mut(4 * plan.parts());
                self.undo(&back, rows, before);
                let left = Left { plan, conjugate: false, planes: &mut *planes, stride: shape.block, signal };
                let bins = Both { left, right: &mut right };
                dispatch(Analyse { plan, input: before, scratch, bins });
            }
            if let Some((x, _)) = &filters {
                for (input, out) in spectra.chunks_exact_mut(plan.length * WIDTH).enumerate() {
                    let left = &x[block * inputs * triple + input * shape.block..];
                    let (left_plane, right, right_plane) = (inputs * shape.block, &right[..], shape.block);
                    dispatch(Contract { plan, used, left, left_plane, right, right_plane, out, add: block > 0 });
                }
            }
        }
        if let Some((_, gradient)) = &mut filters {
            for (input, spectra) in spectra.chunks_exact(plan.length * WIDTH).enumerate() {
                let (phase, group) = (input / shape.groups, input % shape.groups);
                let taps = &*shape.taps(state, self.k, phase);
                let mut scratch = arena::take_rows(taps.scratch(plan));
                let (depth, first, scratch) = (shape.groups * WIDTH, group * WIDTH, &mut scratch[..]);
                dispatch(FilterGradient { plan, taps, spectra, gradient, depth, first, scratch });
            }
        }
        back.dp
    }

    /// The gradient before the normalisation.
    fn undo(&self, back: &Back, rows: std::ops::Range<usize>, to: &mut [Row]) {
        let Normal { a, b, mean } = &self.normal;
        let Back { gain, e, d, .. } = back;
        let (x, dy) = (self.output[rows.clone()].as_flattened(), self.dy[rows].as_flattened());
        dispatch(BackwardPiece { x, dy, a, b, centre: mean, gain, e, d, relu: true, dx: to.as_flattened_mut() });
    }
}
