//! Batch normalisation (Ioffe and Szegedy 2015), arXiv:1502.03167, and its evaluation form.
//!
//! With m and v the mean and biased variance of a channel over batch and samples, s = 1 / √(v + ε) and x̂ = (x − m)·s:
//! y = scale·x̂ + shift, which is x·a + b with a = scale·s, b = shift − m·a. Backward, with g = dy (where y > 0, if ReLU
//! follows) and N rows: dshift = Σ g, dscale = Σ g·x̂, dx = a·(g − Σg/N − x̂·Σ(g·x̂)/N).

use candle_core::{CpuStorage, CustomOp1, CustomOp3, Layout, Result, Shape, Tensor};

use super::arguments::{Floats, dense, floats, shaped, signal, wrong};
use super::plain;
use super::rows::{self, Backward, GradientSums, Moments, moments};

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
    let op = BatchNorm { mean: moments.mean.clone(), inverse, relu };
    let y = match affine {
        None => x.apply_op1(op)?,
        Some((scale, shift)) => {
            dense(NAME, "scale", scale)?;
            dense(NAME, "shift", shift)?;
            x.apply_op3(scale, shift, op)?
        }
    };
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
    x.apply_op3(a, b, ScaleShift { relu })
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
    fn coefficients(&self, affine: Option<(&[f32], &[f32])>) -> (Vec<f32>, Vec<f32>) {
        let a: Vec<f32> = match affine {
            None => self.inverse.clone(),
            Some((scale, _)) => self.inverse.iter().zip(scale).map(|(i, s)| i * s).collect(),
        };
        let shift = |c: usize| affine.map_or(0.0, |(_, shift)| shift[c]);
        let b = (0..a.len()).map(|c| shift(c) - self.mean[c] * a[c]).collect();
        (a, b)
    }

    fn forward(&self, x: &[f32], affine: Option<(&[f32], &[f32])>) -> Vec<f32> {
        let (a, b) = self.coefficients(affine);
        rows::scale_shift(x, &a, &b, self.relu)
    }

    /// (dx, dscale, dshift).
    fn backward(&self, x: &[f32], affine: Option<(&[f32], &[f32])>, dy: &[f32]) -> [Vec<f32>; 3] {
        let (a, b) = self.coefficients(affine);
        let GradientSums { plain: sum, mut weighted } = rows::scale_shift_sums(x, dy, &a, &b, &self.mean, self.relu);
        weighted.iter_mut().zip(&self.inverse).for_each(|(w, i)| *w *= i);
        let n = (x.len() / a.len()) as f32;
        let e: Vec<f32> = (0..a.len()).map(|c| -a[c] * self.inverse[c] * weighted[c] / n).collect();
        let d: Vec<f32> = (0..a.len()).map(|c| -a[c] * sum[c] / n).collect();
        let (a, b, e, d, centre) = (&a, &b, &e, &d, &self.mean);
        let dx = Backward { x, dy, a, b, centre, e, d, relu: self.relu }.run();
        [dx, weighted, sum]
    }
}

impl CustomOp1 for BatchNorm {
    fn name(&self) -> &'static str {
        "batch_norm"
    }

    fn cpu_fwd(&self, x: &CpuStorage, lx: &Layout) -> Result<(CpuStorage, Shape)> {
        Ok((CpuStorage::F32(self.forward(floats(x, lx)?, None)), lx.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        let dy = dy.contiguous()?;
        let [dx, ..] = self.backward(Floats::of(x).get()?, None, Floats::of(&dy).get()?);
        Tensor::from_vec(dx, x.shape(), x.device()).map(Some)
    }
}

impl CustomOp3 for BatchNorm {
    fn name(&self) -> &'static str {
        "batch_norm"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        lx: &Layout,
        scale: &CpuStorage,
        lscale: &Layout,
        shift: &CpuStorage,
        lshift: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let affine = (floats(scale, lscale)?, floats(shift, lshift)?);
        Ok((CpuStorage::F32(self.forward(floats(x, lx)?, Some(affine))), lx.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, scale: &Tensor, shift: &Tensor, _: &Tensor, dy: &Tensor) -> Result<Gradients> {
        let dy = dy.contiguous()?;
        let (scale_values, shift_values) = (Floats::of(scale), Floats::of(shift));
        let affine = (scale_values.get()?, shift_values.get()?);
        let [dx, dscale, dshift] = self.backward(Floats::of(x).get()?, Some(affine), Floats::of(&dy).get()?);
        gradients([x, scale, shift], [dx, dscale, dshift])
    }
}

type Gradients = (Option<Tensor>, Option<Tensor>, Option<Tensor>);

fn gradients(arguments: [&Tensor; 3], values: [Vec<f32>; 3]) -> Result<Gradients> {
    let [x, a, b] = arguments;
    let [dx, da, db] = values;
    let wrap = |t: &Tensor, v| Tensor::from_vec(v, t.shape(), t.device()).map(Some);
    Ok((wrap(x, dx)?, wrap(a, da)?, wrap(b, db)?))
}

struct ScaleShift {
    relu: bool,
}

impl CustomOp3 for ScaleShift {
    fn name(&self) -> &'static str {
        "scale_shift"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        lx: &Layout,
        a: &CpuStorage,
        la: &Layout,
        b: &CpuStorage,
        lb: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let y = rows::scale_shift(floats(x, lx)?, floats(a, la)?, floats(b, lb)?, self.relu);
        Ok((CpuStorage::F32(y), lx.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, a: &Tensor, b: &Tensor, _: &Tensor, dy: &Tensor) -> Result<Gradients> {
        let dy = dy.contiguous()?;
        let (x_values, dy_values) = (Floats::of(x), Floats::of(&dy));
        let (a_values, b_values) = (Floats::of(a), Floats::of(b));
        let (x_floats, dy, relu) = (x_values.get()?, dy_values.get()?, self.relu);
        let (a_floats, b_floats) = (a_values.get()?, b_values.get()?);
        let zero = vec![0.0; a_floats.len()];
        let GradientSums { plain: db, weighted: da } =
            rows::scale_shift_sums(x_floats, dy, a_floats, b_floats, &zero, relu);
        let (x_in, centre, e, d) = (x_floats, &zero, &zero, &zero);
        let dx = Backward { x: x_in, dy, a: a_floats, b: b_floats, centre, e, d, relu }.run();
        gradients([x, a, b], [dx, da, db])
    }
}
