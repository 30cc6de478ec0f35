//! The convolution of one filter, see [`super::convolution`] for the mathematics.

use candle_core::{Result, Tensor};

use super::arena::Buffer;
use super::arguments::{Floats, Signal, dense, signal, wrong};
use super::convolution::{Geometry, input_gradient, pack_transposed, pad, weight_gradient};
use super::parallel::{filled, for_each_piece, piece};
use super::product::{Multiply, pack, packed_len};
use super::relu::{Gate, Rectify};
use super::simd::dispatch;
use super::{arena, plain, tape};

/// Convolves `x` `[batch, samples, in]` with `w` `[taps, in, out]`, both ends padded with `padding` zeros:
/// y`[b, l, o]` = Σ_{t, i} x`[b, l·stride + t − padding, i]` · w`[t, i, o]`, `[batch, (samples + 2·padding − taps) / stride + 1, out]`.
///
/// Differentiable in both. On a device other than the CPU this is [`plain::conv1d`].
///
/// # Errors
/// When a shape does not fit, or on the CPU when an argument is not contiguous f32.
pub fn conv1d(x: &Tensor, w: &Tensor, stride: usize, padding: usize) -> Result<Tensor> {
    if !x.device().is_cpu() {
        return plain::conv1d(x, w, stride, padding);
    }
    apply(x, w, stride, padding, false)
}

/// [`conv1d`] of ReLU(x), without ever writing that to memory for longer than a product reads it.
///
/// # Errors
/// As [`conv1d`].
pub fn relu_conv1d(x: &Tensor, w: &Tensor, stride: usize, padding: usize) -> Result<Tensor> {
    if !x.device().is_cpu() {
        return plain::conv1d(&plain::relu(x)?, w, stride, padding);
    }
    apply(x, w, stride, padding, true)
}

fn apply(x: &Tensor, w: &Tensor, stride: usize, padding: usize, relu: bool) -> Result<Tensor> {
    let geometry = check(x, w, stride, padding)?;
    dense(NAME, "x", x)?;
    dense(NAME, "w", w)?;
    let convolution = Conv1d { geometry, relu };
    let y = convolution.forward(Floats::of(x).get()?, Floats::of(w).get()?);
    let (Signal { batch, samples, channels }, arguments) = (geometry.output(), [x.clone(), w.clone()]);
    let backward = move |dy: Buffer, wanted: &[bool]| {
        let [x, w] = arguments.each_ref().map(Floats::of);
        let (x, w) = (x.get()?, w.get()?);
        let dx = wanted[0].then(|| convolution.input_gradient(x, w, &dy));
        let dw = wanted[1].then(|| convolution.weight_gradient(x, &dy));
        Ok(vec![dx, dw])
    };
    tape::result(NAME, (batch, samples, channels), y, &[x, w], backward)
}

const NAME: &str = "conv1d";

/// The sizes of the convolution, if they fit.
pub(super) fn check(x: &Tensor, w: &Tensor, stride: usize, padding: usize) -> Result<Geometry> {
    let Ok(filter) = <[usize; 3]>::try_from(w.dims()) else {
        return wrong(NAME, format_args!("w must be [taps, in, out], found {:?}", w.dims()));
    };
    Geometry::new(NAME, signal(NAME, x)?, filter, stride, padding)
}

#[derive(Clone, Copy)]
pub(super) struct Conv1d {
    pub geometry: Geometry,
    /// Whether x is rectified first.
    pub relu: bool,
}

impl Conv1d {
    /// Whether the products read a copy of x, as [`Self::prepare`] makes it.
    fn copies(&self) -> bool {
        self.geometry.padding > 0 || self.relu
    }

    /// Some samples padded, and rectified if wanted; nothing where `scratch` is empty.
    fn prepare(&self, scratch: &mut [f32], x: &[f32]) {
        let Geometry { input, padding, .. } = self.geometry;
        let sample = input.samples * input.channels;
        if !self.relu {
            return pad(scratch, x, sample, input.channels, padding, padding);
        }
        let before = padding * input.channels;
        for (to, x) in scratch.chunks_exact_mut(sample + 2 * before).zip(x.chunks_exact(sample)) {
            to[..before].fill(0.0);
            dispatch(Rectify { x, y: &mut to[before..before + sample] });
            to[before + sample..].fill(0.0);
        }
    }

    pub fn forward(&self, x: &[f32], w: &[f32]) -> Vec<f32> {
        let g = &self.geometry;
        let (input, output, depth) = (g.input, g.output(), g.depth());
        let mut packed = arena::take(packed_len(depth, g.outputs));
        pack(&mut packed, depth, g.outputs, w);
        let samples = piece(input.batch);
        let (in_sample, out_sample) = (input.samples * input.channels, output.samples * output.channels);
        filled(output.len(), samples * out_sample, g.work(), |i, y| {
            let samples_here = y.len() / out_sample;
            let x = &x[i * samples * in_sample..][..samples_here * in_sample];
            let mut scratch = arena::take(if self.copies() { samples_here * g.padded() } else { 0 });
            self.prepare(&mut scratch, x);
            Multiply {
                samples: samples_here,
                rows: output.samples,
                depth,
                columns: g.outputs,
                left: if self.copies() { &scratch } else { x },
                left_sample: g.padded(),
                left_row: g.stride * input.channels,
                right: &packed,
                out: y,
                out_sample,
                out_row: g.outputs,
                add: false,
            }
            .run();
        })
    }

    pub fn input_gradient(&self, x: &[f32], w: &[f32], dy: &[f32]) -> Buffer {
        let g = &self.geometry;
        let (input, output) = (g.input, g.output());
        let mut packed = arena::take(g.transposed_len());
        pack_transposed(&mut packed, g, w);
        let mut dx = arena::take(input.len());
        let samples = piece(input.batch);
        let (in_sample, out_sample) = (input.samples * input.channels, output.samples * output.channels);
        let (before, after) = g.margins();
        let padded = out_sample + (before + after) * g.outputs;
        for_each_piece(&mut dx, samples * in_sample, g.work(), |i, dx| {
            let samples_here = dx.len() / in_sample;
            let dy = &dy[i * samples * out_sample..][..samples_here * out_sample];
            if before + after == 0 {
                input_gradient(g, &packed, dy, out_sample, dx, false);
            } else {
                let mut scratch = arena::take(samples_here * padded);
                pad(&mut scratch, dy, out_sample, g.outputs, before, after);
                input_gradient(g, &packed, &scratch, padded, dx, false);
            }
            if self.relu {
                dispatch(Gate { seen: &x[i * samples * in_sample..][..dx.len()], dx });
            }
        });
        dx
    }

    pub fn weight_gradient(&self, x: &[f32], dy: &[f32]) -> Buffer {
        let g = &self.geometry;
        let (input, output) = (g.input, g.output());
        let in_sample = input.samples * input.channels;
        let mut scratch = arena::take(if self.copies() { input.batch * g.padded() } else { 0 });
        let samples = piece(input.batch);
        for_each_piece(&mut scratch, samples * g.padded(), x.len(), |i, scratch| {
            let x = &x[i * samples * in_sample..][..scratch.len() / g.padded() * in_sample];
            self.prepare(scratch, x);
        });
        let padded: &[f32] = if self.copies() { &scratch } else { x };
        let mut dw = arena::take(g.depth() * g.outputs);
        // Whole register tiles of every kind of machine.
        let rows = piece(g.depth()).next_multiple_of(12);
        for_each_piece(&mut dw, rows * g.outputs, g.work(), |i, dw| {
            let dy_sample = output.samples * output.channels;
            weight_gradient(g, input.batch, &padded[i * rows..], g.padded(), dy, dy_sample, dw, false);
        });
        dw
    }
}
