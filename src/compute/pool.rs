//! Max pooling along the samples.
//!
//! y`[l, c]` = max over t of x`[l·stride + t − kernel/2, c]`, positions outside the signal left out (padding with −∞); or
//! without padding max over t of x`[l·stride + t, c]`, as far as whole windows go.
//! The gradient of y`[l, c]` goes to the first position that holds the maximum, as in PyTorch.

use candle_core::{Result, Tensor};

use super::arena::{self, Buffer};
use super::arguments::{Floats, Signal, dense, signal, wrong};
use super::parallel::{filled, for_each_piece, piece};
use super::rows::{by_columns, lanes};
use super::simd::{Arithmetic, Kernel, dispatch};
use super::{plain, tape};

/// The largest of `kernel` (odd) neighbouring samples of each channel of `x` `[batch, samples, channels]`, at every
/// `stride`-th sample: `[batch, (samples − 1) / stride + 1, channels]`.
///
/// On a device other than the CPU this is [`plain::max_pool1d`].
///
/// # Errors
/// When `x` is not three-dimensional, `kernel` is even, `stride` is 0, or on the CPU `x` is not contiguous f32.
pub fn max_pool1d(x: &Tensor, kernel: usize, stride: usize) -> Result<Tensor> {
    let input = check(x, kernel, stride)?;
    if !x.device().is_cpu() {
        return plain::max_pool1d(x, kernel, stride);
    }
    apply(x, input, Window::same(kernel, stride))
}

/// The largest of `kernel` neighbouring samples from every `stride`-th sample on, without padding:
/// `[batch, (samples − kernel) / stride + 1, channels]`.
///
/// On a device other than the CPU this is [`plain::max_pool1d_valid`].
///
/// # Errors
/// When `x` is not three-dimensional or shorter than `kernel`, `kernel` or `stride` is 0, or on the CPU `x` is not contiguous
/// f32.
pub fn max_pool1d_valid(x: &Tensor, kernel: usize, stride: usize) -> Result<Tensor> {
    let input = check_valid(x, kernel, stride)?;
    if !x.device().is_cpu() {
        return plain::max_pool1d_valid(x, kernel, stride);
    }
    apply(x, input, Window::valid(kernel, stride))
}

fn apply(x: &Tensor, input: Signal, window: Window) -> Result<Tensor> {
    dense(NAME, "x", x)?;
    let pool = MaxPool1d { input, window };
    let (Signal { batch, samples, channels }, seen) = (pool.output(), x.clone());
    let backward = move |dy: Buffer, _: &[bool]| Ok(vec![Some(pool.backward(Floats::of(&seen).get()?, &dy))]);
    tape::result(NAME, (batch, samples, channels), pool.forward(Floats::of(x).get()?), &[x], backward)
}

const NAME: &str = "max_pool1d";

pub(super) fn check(x: &Tensor, kernel: usize, stride: usize) -> Result<Signal> {
    if kernel.is_multiple_of(2) || stride == 0 {
        return wrong(
            NAME,
            format_args!("kernel must be odd and stride at least 1, found kernel {kernel} and stride {stride}"),
        );
    }
    signal(NAME, x)
}

pub(super) fn check_valid(x: &Tensor, kernel: usize, stride: usize) -> Result<Signal> {
    let input = signal(NAME, x)?;
    if kernel == 0 || stride == 0 || kernel > input.samples {
        let samples = input.samples;
        return wrong(
            NAME,
            format_args!(
                "kernel and stride must be at least 1 and the kernel at most the {samples} samples, found kernel {kernel} and \
                 stride {stride}"
            ),
        );
    }
    Ok(input)
}

/// Where a pool looks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    pub kernel: usize,
    pub stride: usize,
    /// Whether windows reach over both ends.
    padded: bool,
}

impl Window {
    /// Reaches over both ends, so that stride 1 keeps the length; the kernel is odd.
    pub(super) fn same(kernel: usize, stride: usize) -> Self {
        Self { kernel, stride, padded: true }
    }

    /// Stays within the signal.
    pub(super) fn valid(kernel: usize, stride: usize) -> Self {
        Self { kernel, stride, padded: false }
    }

    /// Output positions for `samples` input positions.
    pub(super) fn positions(self, samples: usize) -> usize {
        (samples - if self.padded { 1 } else { self.kernel }) / self.stride + 1
    }

    /// The input positions that output position `l` looks at.
    #[inline(always)]
    pub(super) fn at(self, l: usize, samples: usize) -> std::ops::Range<usize> {
        let (start, before) = (l * self.stride, if self.padded { self.kernel / 2 } else { 0 });
        start.saturating_sub(before)..(start + self.kernel - before).min(samples)
    }
}

/// Pools one sample `[samples, channels]`.
pub(super) struct Pool<'a> {
    pub window: Window,
    pub channels: usize,
    pub x: &'a [f32],
    pub y: &'a mut [f32],
}

impl Kernel for Pool<'_> {
    type Output = ();

    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let Self { window, channels, x, y } = self;
        let samples = x.len() / channels;
        by_columns!(channels, j, W => {
            for (l, y) in y.chunks_exact_mut(channels).enumerate() {
                let seen = window.at(l, samples);
                let mut best = lanes::<W>(x, seen.start * channels + j);
                for at in seen.start + 1..seen.end {
                    let x = lanes::<W>(x, at * channels + j);
                    for n in 0..W {
                        // A NaN wins and stays.
                        best[n] = if x[n] > best[n] || x[n].is_nan() { x[n] } else { best[n] };
                    }
                }
                y[j..j + W].copy_from_slice(&best);
            }
        });
    }
}

/// Adds to dx of one sample what comes back through its pool.
pub(super) struct PoolBackward<'a> {
    pub window: Window,
    pub channels: usize,
    pub x: &'a [f32],
    pub dy: &'a [f32],
    pub dx: &'a mut [f32],
}

impl Kernel for PoolBackward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let Self { window, channels, x, dy, dx } = self;
        let samples = x.len() / channels;
        by_columns!(channels, j, W => {
            for (l, dy) in dy.chunks_exact(channels).enumerate() {
                let seen = window.at(l, samples);
                let dy = lanes::<W>(dy, j);
                let mut best = lanes::<W>(x, seen.start * channels + j);
                let mut place = [seen.start as u32; W];
                for at in seen.start + 1..seen.end {
                    let x = lanes::<W>(x, at * channels + j);
                    for n in 0..W {
                        let wins = x[n] > best[n] || x[n].is_nan();
                        best[n] = if wins { x[n] } else { best[n] };
                        place[n] = if wins { at as u32 } else { place[n] };
                    }
                }
                for at in seen {
                    let dx = &mut dx[at * channels + j..][..W];
                    for n in 0..W {
                        dx[n] += if place[n] == at as u32 { dy[n] } else { 0.0 };
                    }
                }
            }
        });
    }
}

#[derive(Clone, Copy)]
struct MaxPool1d {
    input: Signal,
    window: Window,
}

impl MaxPool1d {
    fn output(&self) -> Signal {
        self.input.with_samples(self.window.positions(self.input.samples))
    }

    fn forward(&self, x: &[f32]) -> Vec<f32> {
        let (output, channels, window) = (self.output(), self.input.channels, self.window);
        let (in_sample, out_sample) = (self.input.samples * channels, output.samples * channels);
        let samples = piece(output.batch);
        filled(output.len(), samples * out_sample, x.len() * window.kernel, |i, y| {
            let x = &x[i * samples * in_sample..];
            for (x, y) in x.chunks_exact(in_sample).zip(y.chunks_exact_mut(out_sample)) {
                dispatch(Pool { window, channels, x, y });
            }
        })
    }

    fn backward(&self, x: &[f32], dy: &[f32]) -> Buffer {
        let (output, channels, window) = (self.output(), self.input.channels, self.window);
        let (in_sample, out_sample) = (self.input.samples * channels, output.samples * channels);
        let mut dx = arena::take(self.input.len());
        let samples = piece(output.batch);
        for_each_piece(&mut dx, samples * in_sample, x.len() * window.kernel, |i, dx| {
            dx.fill(0.0);
            let x = x[i * samples * in_sample..].chunks_exact(in_sample);
            let dy = dy[i * samples * out_sample..].chunks_exact(out_sample);
            for (dx, (x, dy)) in dx.chunks_exact_mut(in_sample).zip(x.zip(dy)) {
                dispatch(PoolBackward { window, channels, x, dy, dx });
            }
        });
        dx
    }
}
