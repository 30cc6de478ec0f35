//! Batch normalisation (Ioffe and Szegedy 2015), arXiv:1502.03167, and its evaluation form.
//!
//! With m and v the mean and biased variance of a channel over batch and samples, s = 1 / √(v + ε) and x̂ = (x − m)·s:
//! y = scale·x̂ + shift, which is x·a + b with a = scale·s, b = shift − m·a. Backward, with g = dy (where y > 0, if ReLU
//! follows) and N rows: dshift = Σ g, dscale = Σ g·x̂, dx = a·(g − Σg/N − x̂·Σ(g·x̂)/N).

use candle_core::{Result, Tensor};

use super::arena::Buffer;
use super::arguments::{Floats, dense, shaped, signal, wrong};
use super::plain;
use super::rows::{self, Backward, GradientSums, Moments, moments};
use super::tape::{self, AllFloats};

/// Normalises each channel of `x` `[batch, samples, channels]` by its own mean and variance over batch and samples,
/// then multiplies by scale and adds shift (each `[channels]`) when `affine` is given, then applies ReLU when `relu`.
/// The moments are returned for running statistics; they are not part of the graph.
///
/// Differentiable in all three. On a device other than the CPU this is [`plain::batch_norm`].
///
/// # Errors
/// When a shape does not fit, `eps` is not positive, or on the CPU an argument is not contiguous f32.
pub fn batch_norm(x: &Tensor, affine: Option<(&Tensor, &Tensor)>, eps: f64, relu: bool) -> Result<(Tensor, Moments)> {
    const NAME: &str = "batch_norm";
    let channels = signal(NAME, x)?.channels;
    check_eps(NAME, eps)?;
    if let Some((scale, shift)) = affine {
        shaped(NAME, "scale", scale, "[channels]", &[channels])?;
        shaped(NAME, "shift", shift, "[channels]", &[channels])?;
    }
    if !x.device().is_cpu() {
        return plain::batch_norm(x, affine, eps, relu);
    }
    dense(NAME, "x", x)?;
    let moments = moments(Floats::of(x).get()?, channels);
    let inverse = inverse_deviation(&moments, eps);
    let norm = BatchNorm { mean: moments.mean.clone(), inverse, relu };
    let mut arguments = vec![x.clone()];
    if let Some((scale, shift)) = affine {
        dense(NAME, "scale", scale)?;
        dense(NAME, "shift", shift)?;
        arguments.extend([scale.clone(), shift.clone()]);
    }
    let y = norm.forward(&AllFloats::of(&arguments).get()?);
    let all = arguments.clone();
    let backward = move |dy: Buffer, _: &[bool]| {
        let gradients = norm.backward(&AllFloats::of(&all).get()?, &dy);
        Ok(gradients.into_iter().take(all.len()).map(Some).collect())
    };
    let y = tape::result(NAME, x.shape(), y, &arguments.iter().collect::<Vec<_>>(), backward)?;
    Ok((y, moments))
}

/// y = x·a + b for each channel (`a` and `b` are `[channels]`), then ReLU when `relu`: what batch normalisation is once
/// its statistics are fixed, with a = scale / √(variance + ε) and b = shift − mean·a.
///
/// Differentiable in all three. On a device other than the CPU this is [`plain::scale_shift`].
///
/// # Errors
/// When a shape does not fit, or on the CPU when an argument is not contiguous f32.
pub fn scale_shift(x: &Tensor, a: &Tensor, b: &Tensor, relu: bool) -> Result<Tensor> {
    const NAME: &str = "scale_shift";
    let channels = signal(NAME, x)?.channels;
    shaped(NAME, "a", a, "[channels]", &[channels])?;
    shaped(NAME, "b", b, "[channels]", &[channels])?;
    if !x.device().is_cpu() {
        return plain::scale_shift(x, a, b, relu);
    }
    dense(NAME, "x", x)?;
    dense(NAME, "a", a)?;
    dense(NAME, "b", b)?;
    let arguments = [x.clone(), a.clone(), b.clone()];
    let y = rows::scale_shift(Floats::of(x).get()?, Floats::of(a).get()?, Floats::of(b).get()?, relu);
    let backward = move |dy: Buffer, _: &[bool]| {
        let [x, a, b] = arguments.each_ref().map(Floats::of);
        let (x, a, b, dy) = (x.get()?, a.get()?, b.get()?, &*dy);
        let zero = vec![0.0; a.len()];
        let GradientSums { plain: db, weighted: da } = rows::scale_shift_sums(x, dy, a, b, &zero, relu);
        let dx = Backward { x, dy, a, b, centre: &zero, e: &zero, d: &zero, relu }.run();
        Ok(vec![Some(dx), Some(da.into()), Some(db.into())])
    };
    tape::result(NAME, x.shape(), y, &[x, a, b], backward)
}

/// ε must keep the root away from 0.
pub(super) fn check_eps(function: &str, eps: f64) -> Result<()> {
    if eps > 0.0 && eps.is_finite() {
        return Ok(());
    }
    wrong(function, format_args!("eps must be positive, found {eps}; 1e-5 is usual"))
}

/// 1 / √(variance + ε) of each channel.
pub(super) fn inverse_deviation(moments: &Moments, eps: f64) -> Vec<f32> {
    moments.variance.iter().map(|&v| (1.0 / (f64::from(v) + eps).sqrt()) as f32).collect()
}

struct BatchNorm {
    mean: Vec<f32>,
    inverse: Vec<f32>,
    relu: bool,
}

impl BatchNorm {
    /// a and b of y = x·a + b.
    fn coefficients(&self, affine: &[&[f32]]) -> (Vec<f32>, Vec<f32>) {
        let a: Vec<f32> = match affine.first() {
            None => self.inverse.clone(),
            Some(scale) => self.inverse.iter().zip(*scale).map(|(i, s)| i * s).collect(),
        };
        let shift = |c: usize| affine.get(1).map_or(0.0, |shift| shift[c]);
        let b = (0..a.len()).map(|c| shift(c) - self.mean[c] * a[c]).collect();
        (a, b)
    }

    /// `arguments` are x, and scale and shift where it has them.
    fn forward(&self, arguments: &[&[f32]]) -> Vec<f32> {
        let (a, b) = self.coefficients(&arguments[1..]);
        rows::scale_shift(arguments[0], &a, &b, self.relu)
    }

    /// dx, dscale, dshift.
    fn backward(&self, arguments: &[&[f32]], dy: &[f32]) -> [Buffer; 3] {
        let ((a, b), x) = (self.coefficients(&arguments[1..]), arguments[0]);
        let GradientSums { plain: sum, mut weighted } = rows::scale_shift_sums(x, dy, &a, &b, &self.mean, self.relu);
        weighted.iter_mut().zip(&self.inverse).for_each(|(w, i)| *w *= i);
        let n = (x.len() / a.len()) as f32;
        let e: Vec<f32> = (0..a.len()).map(|c| -a[c] * self.inverse[c] * weighted[c] / n).collect();
        let d: Vec<f32> = (0..a.len()).map(|c| -a[c] * sum[c] / n).collect();
        let (a, b, e, d, centre) = (&a, &b, &e, &d, &self.mean);
        let dx = Backward { x, dy, a, b, centre, e, d, relu: self.relu }.run();
        [dx, weighted.into(), sum.into()]
    }
}
