//! Half the samples: ReLU, then two 1×1 convolutions of stride 2 side by side, the second of which starts a sample later
//! (`FactorizedReduce` of DARTS).
//!
//! Two neighbouring samples in a row are one sample of twice the channels, which a single product reads: a filter of
//! `[2·in, out]` whose upper half sees the even samples, the lower half the odd ones, with zeros where they do not meet. The
//! zeros double the multiplications; they are few, and two passes over x would cost more.

use candle_core::{Result, Tensor};

use super::arena::{self, Buffer};
use super::arguments::{Floats, Signal, dense, shaped, signal};
use super::conv1d::Conv1d;
use super::convolution::Geometry;
use super::parallel::{for_each_piece, piece};
use super::{plain, tape};

/// y`[b, l, o]` = Σ_i ReLU(x`[b, 2·l, i]`) · even`[0, i, o]`, and behind these channels those of
/// Σ_i ReLU(x`[b, 2·l + 1, i]`) · odd`[0, i, o]`, where a sample past the end is 0:
/// `[batch, samples, in]` to `[batch, ⌈samples / 2⌉, outputs of both]`. `even` and `odd` are `[1, in, out]`.
///
/// Differentiable in all three. On a device other than the CPU this is [`plain::relu_halve`].
///
/// # Errors
/// When a shape does not fit, or on the CPU when an argument is not contiguous f32.
pub fn relu_halve(x: &Tensor, even: &Tensor, odd: &Tensor) -> Result<Tensor> {
    let input = check(x, even, odd)?;
    if !x.device().is_cpu() {
        return plain::relu_halve(x, even, odd);
    }
    dense(NAME, "x", x)?;
    dense(NAME, "even", even)?;
    dense(NAME, "odd", odd)?;
    let halve = Halve::new(input, even.dims()[2], odd.dims()[2])?;
    let Signal { batch, samples, channels } = halve.convolution.geometry.output();
    let arguments = [x.clone(), even.clone(), odd.clone()];
    let y = {
        let [x, even, odd] = arguments.each_ref().map(Floats::of);
        halve.convolution.forward(&halve.paired(x.get()?), &halve.joined(even.get()?, odd.get()?))
    };
    let backward = move |dy: Buffer, _: &[bool]| {
        let [x, even, odd] = arguments.each_ref().map(Floats::of);
        let w = halve.joined(even.get()?, odd.get()?);
        let x = halve.paired(x.get()?);
        let [even, odd] = halve.parted(&halve.convolution.weight_gradient(&x, &dy));
        let dx = halve.unpaired(halve.convolution.input_gradient(&x, &w, &dy));
        Ok(vec![Some(dx), Some(even.into()), Some(odd.into())])
    };
    tape::result(NAME, (batch, samples, channels), y, &[x, even, odd], backward)
}

const NAME: &str = "relu_halve";

/// The sizes of x, if the filters fit it.
pub(super) fn check(x: &Tensor, even: &Tensor, odd: &Tensor) -> Result<Signal> {
    let input = signal(NAME, x)?;
    for (name, filter) in [("even", even), ("odd", odd)] {
        let outputs = filter.dims().last().copied().unwrap_or_default();
        shaped(NAME, name, filter, "[1, in, out]", &[1, input.channels, outputs])?;
    }
    Ok(input)
}

#[derive(Clone, Copy)]
struct Halve {
    input: Signal,
    /// Outputs of the even and of the odd samples; either may have none.
    outputs: [usize; 2],
    /// Over pairs of samples.
    convolution: Conv1d,
}

impl Halve {
    fn new(input: Signal, even: usize, odd: usize) -> Result<Self> {
        let Signal { batch, samples, channels } = input;
        let pairs = Signal { batch, samples: samples.div_ceil(2), channels: 2 * channels };
        let geometry = Geometry::new(NAME, pairs, [1, 2 * channels, even + odd], 1, 0)?;
        Ok(Self { input, outputs: [even, odd], convolution: Conv1d { geometry, relu: true } })
    }

    /// x with an even number of samples.
    fn paired(&self, x: &[f32]) -> Buffer {
        let from = self.input.samples * self.input.channels;
        let to = self.input.samples.next_multiple_of(2) * self.input.channels;
        let mut pairs = arena::take(self.input.batch * to);
        let beats = piece(self.input.batch);
        for_each_piece(&mut pairs, beats * to, x.len(), |i, pairs| {
            for (pairs, x) in pairs.chunks_exact_mut(to).zip(x[i * beats * from..].chunks_exact(from)) {
                pairs[..from].copy_from_slice(x);
                pairs[from..].fill(0.0);
            }
        });
        pairs
    }

    /// dx from that of the pairs.
    fn unpaired(&self, pairs: Buffer) -> Buffer {
        if self.input.samples.is_multiple_of(2) {
            return pairs;
        }
        let to = self.input.samples * self.input.channels;
        let from = to + self.input.channels;
        let mut dx = arena::take(self.input.len());
        let beats = piece(self.input.batch);
        for_each_piece(&mut dx, beats * to, pairs.len(), |i, dx| {
            for (dx, pairs) in dx.chunks_exact_mut(to).zip(pairs[i * beats * from..].chunks_exact(from)) {
                dx.copy_from_slice(&pairs[..to]);
            }
        });
        dx
    }

    /// The filter over pairs from the two.
    fn joined(&self, even: &[f32], odd: &[f32]) -> Vec<f32> {
        let [evens, odds] = self.outputs;
        let row =
            |before: usize, filter: &[f32], after: usize| [&vec![0.0; before], filter, &vec![0.0; after]].concat();
        let upper = (0..self.input.channels).flat_map(|i| row(0, &even[i * evens..][..evens], odds));
        let lower = (0..self.input.channels).flat_map(|i| row(evens, &odd[i * odds..][..odds], 0));
        upper.chain(lower).collect()
    }

    /// The two filters' gradients from that over pairs.
    fn parted(&self, w: &[f32]) -> [Vec<f32>; 2] {
        let ([evens, odds], channels) = (self.outputs, self.input.channels);
        let (upper, lower) = w.split_at(channels * (evens + odds));
        let even = upper.chunks_exact(evens + odds).flat_map(|row| &row[..evens]);
        let odd = lower.chunks_exact(evens + odds).flat_map(|row| &row[evens..]);
        [even.copied().collect(), odd.copied().collect()]
    }
}
