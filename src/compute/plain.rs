//! The same functions out of candle's own differentiable operations: slow, for any device and any float type, and the
//! reference that the kernels are tested against.

use candle_core::{Result, Tensor};

use super::arguments::{Signal, signal};
use super::cell::{self, Coefficients, Kind, Options, Path, Statistics, Wiring};
use super::rows::Moments;
use super::{combine, conv1d as fast_conv1d, halve, pool};

/// [`super::conv1d`]: a matrix product a tap. (candle's own `conv1d` computes a wrong filter gradient on the CPU.)
///
/// # Errors
/// When a shape does not fit.
pub fn conv1d(x: &Tensor, w: &Tensor, stride: usize, padding: usize) -> Result<Tensor> {
    let g = fast_conv1d::check(x, w, stride, padding)?;
    let out = g.output();
    // Long enough that every tap finds whole strides.
    let end = (g.taps - 1 + out.samples * stride).saturating_sub(g.input.samples + padding).max(padding);
    let x = x.pad_with_zeros(1, padding, end)?;
    let mut y: Option<Tensor> = None;
    for tap in 0..g.taps {
        let seen = every(&x.narrow(1, tap, out.samples * stride)?, stride)?;
        let seen = seen.reshape((out.rows(), g.input.channels))?;
        let term = seen.matmul(&w.narrow(0, tap, 1)?.squeeze(0)?.contiguous()?)?;
        y = Some(match y {
            None => term,
            Some(sum) => (sum + term)?,
        });
    }
    y.expect("at least one tap").reshape((out.batch, out.samples, out.channels))
}

/// [`super::relu`](super::relu()).
///
/// # Errors
/// When candle fails.
pub fn relu(x: &Tensor) -> Result<Tensor> {
    let zero = x.zeros_like()?;
    x.le(&zero)?.where_cond(&zero, x)
}

/// [`super::relu_halve`].
///
/// # Errors
/// When a shape does not fit.
pub fn relu_halve(x: &Tensor, even: &Tensor, odd: &Tensor) -> Result<Tensor> {
    let Signal { samples, .. } = halve::check(x, even, odd)?;
    let x = relu(x)?.pad_with_zeros(1, 0, samples % 2)?;
    let later = x.narrow(1, 1, x.dim(1)? - 1)?.contiguous()?;
    Tensor::cat(&[conv1d(&x, even, 2, 0)?, conv1d(&later, odd, 2, 0)?], 2)
}

/// [`super::add`].
///
/// # Errors
/// When the shapes differ.
pub fn add(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    a + b
}

/// [`super::scale`].
///
/// # Errors
/// When a shape does not fit.
pub fn scale(x: &Tensor, factors: &Tensor) -> Result<Tensor> {
    combine::check_scale(x, factors)?;
    x.broadcast_mul(&factors.reshape(((), 1, 1))?)
}

/// [`super::leaky_relu`].
///
/// # Errors
/// When candle fails.
pub fn leaky_relu(x: &Tensor, slope: f64) -> Result<Tensor> {
    x.gt(&x.zeros_like()?)?.where_cond(x, &(x * slope)?)
}

/// Every `stride`-th sample, the first included; the length must be a multiple.
fn every(x: &Tensor, stride: usize) -> Result<Tensor> {
    if stride == 1 {
        return x.contiguous();
    }
    let (batch, samples, channels) = x.dims3()?;
    x.contiguous()?.reshape((batch, samples / stride, stride, channels))?.narrow(2, 0, 1)?.squeeze(2)?.contiguous()
}

/// [`super::batch_norm`].
///
/// # Errors
/// When a shape does not fit.
pub fn batch_norm(x: &Tensor, affine: Option<(&Tensor, &Tensor)>, eps: f64, relu: bool) -> Result<(Tensor, Moments)> {
    let (mean, variance) = moments(x)?;
    let result = Moments { mean: to_vec(&mean)?, variance: to_vec(&variance)? };
    let mut y = normalise(x, &mean, &variance, eps)?;
    if let Some((scale, shift)) = affine {
        y = y.broadcast_mul(scale)?.broadcast_add(shift)?;
    }
    Ok((if relu { y.relu()? } else { y }, result))
}

fn moments(x: &Tensor) -> Result<(Tensor, Tensor)> {
    let Signal { channels, .. } = signal("batch_norm", x)?;
    let rows = x.reshape(((), channels))?;
    let mean = rows.mean_keepdim(0)?;
    let variance = rows.broadcast_sub(&mean)?.sqr()?.mean_keepdim(0)?;
    Ok((mean, variance))
}

fn normalise(x: &Tensor, mean: &Tensor, variance: &Tensor, eps: f64) -> Result<Tensor> {
    x.broadcast_sub(mean)?.broadcast_div(&(variance + eps)?.sqrt()?)
}

fn to_vec(tensor: &Tensor) -> Result<Vec<f32>> {
    tensor.flatten_all()?.to_dtype(candle_core::DType::F32)?.to_vec1()
}

/// [`super::scale_shift`].
///
/// # Errors
/// When a shape does not fit.
pub fn scale_shift(x: &Tensor, a: &Tensor, b: &Tensor, relu: bool) -> Result<Tensor> {
    let y = x.broadcast_mul(a)?.broadcast_add(b)?;
    if relu { y.relu() } else { Ok(y) }
}

/// [`super::max_pool1d`]: a running choice of the larger, which keeps the first of equals.
///
/// # Errors
/// When `x` is not three-dimensional, `kernel` is even or `stride` is 0.
pub fn max_pool1d(x: &Tensor, kernel: usize, stride: usize) -> Result<Tensor> {
    let Signal { batch, samples, channels } = pool::check(x, kernel, stride)?;
    let positions = pool::Window::same(kernel, stride).positions(samples);
    let outside =
        |rows: usize| Tensor::full(f32::NEG_INFINITY, (batch, rows, channels), x.device())?.to_dtype(x.dtype());
    let x = Tensor::cat(&[&outside(kernel / 2)?, x, &outside(kernel / 2 + stride)?], 1)?;
    let mut best = every(&x.narrow(1, 0, positions * stride)?, stride)?;
    for tap in 1..kernel {
        let next = every(&x.narrow(1, tap, positions * stride)?, stride)?;
        best = next.gt(&best)?.where_cond(&next, &best)?;
    }
    Ok(best)
}

/// [`super::max_pool1d_valid`].
///
/// # Errors
/// When `x` is not three-dimensional or shorter than `kernel`, or `kernel` or `stride` is 0.
pub fn max_pool1d_valid(x: &Tensor, kernel: usize, stride: usize) -> Result<Tensor> {
    let Signal { samples, .. } = pool::check_valid(x, kernel, stride)?;
    let positions = pool::Window::valid(kernel, stride).positions(samples);
    let x = x.pad_with_zeros(1, 0, stride)?;
    let mut best = every(&x.narrow(1, 0, positions * stride)?, stride)?;
    for tap in 1..kernel {
        // The zeros behind the end are never at a place that counts.
        let next = every(&x.narrow(1, tap, positions * stride)?, stride)?;
        best = next.gt(&best)?.where_cond(&next, &best)?;
    }
    Ok(best)
}

/// [`super::mean`].
///
/// # Errors
/// When a shape does not fit.
pub fn mean(x: &Tensor) -> Result<Tensor> {
    x.mean(1)
}

/// [`super::cell`].
///
/// # Errors
/// When a shape does not fit.
pub fn cell(
    wiring: &Wiring,
    inputs: [&Tensor; 2],
    added: &[Option<Tensor>],
    filters: &Tensor,
    coefficients: Coefficients<'_>,
    options: &Options<'_>,
) -> Result<(Tensor, Vec<Moments>)> {
    cell::check(wiring, inputs, added, filters, coefficients, options)?;
    let filters = if options.weight_gradient { filters.clone() } else { filters.detach() };
    let mut states = inputs.map(Tensor::clone).to_vec();
    let mut moments = Vec::new();
    for node in 0..wiring.nodes() {
        let mut sum = added.get(node).cloned().flatten();
        for &Path { state, kind, weight, .. } in wiring.paths().iter().filter(|path| path.node == node) {
            let (x, stride) = (&states[state], if state < 2 { wiring.stride() } else { 1 });
            let normal = moments.len();
            let normalised = |y: &Tensor| normalised(y, options, normal);
            let (mut y, found) = match kind {
                Kind::Identity => (x.clone(), None),
                Kind::MaxPool { kernel } => normalised(&max_pool1d(x, kernel, stride)?)?,
                Kind::Convolution { taps } => {
                    let first = wiring.first_tap(normal);
                    normalised(&conv1d(x, &filters.narrow(0, first, taps)?.contiguous()?, stride, taps / 2)?)?
                }
            };
            if let (Coefficients::Affine(values), true) = (coefficients, found.is_some()) {
                let values = values.get(normal)?;
                y = y.broadcast_mul(&values.get(0)?)?.broadcast_add(&values.get(1)?)?;
            }
            if matches!(kind, Kind::Convolution { .. }) {
                y = y.relu()?;
            }
            if let Coefficients::Mix(weights) = coefficients {
                y = y.broadcast_mul(&weights.flatten_all()?.narrow(0, weight, 1)?)?;
            }
            moments.extend(found);
            sum = Some(match sum {
                None => y,
                Some(sum) => (sum + y)?,
            });
        }
        states.push(match sum {
            Some(sum) => sum,
            None => {
                let (batch, samples, channels) = inputs[0].dims3()?;
                Tensor::zeros(
                    (batch, (samples - 1) / wiring.stride() + 1, channels),
                    filters.dtype(),
                    filters.device(),
                )?
            }
        });
    }
    Ok((Tensor::cat(&states[2..], 2)?, moments))
}

/// A signal normalised by its own moments or by running ones.
fn normalised(y: &Tensor, options: &Options<'_>, normal: usize) -> Result<(Tensor, Option<Moments>)> {
    let (y, found) = match options.statistics {
        Statistics::Training => batch_norm(y, None, options.eps, false)?,
        Statistics::Running(fixed) => {
            let Moments { mean, variance } = &fixed[normal];
            let constant = |v: &Vec<f32>| Tensor::new(v.as_slice(), y.device())?.to_dtype(y.dtype());
            (normalise(y, &constant(mean)?, &constant(variance)?, options.eps)?, fixed[normal].clone())
        }
    };
    Ok((y, Some(found)))
}
