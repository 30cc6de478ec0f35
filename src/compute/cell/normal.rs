//! Batch normalisation of 16 channels: coefficients there and back, and the one pass that adds to a node.

use super::super::norm::inverse_deviation;
use super::super::rows::{GradientSums, Moments};
use super::super::simd::{Arithmetic, Kernel};
use super::super::spectral::{Row, WIDTH};

/// p·(x·a + b) of one group of channels, where x·a + b = factor/p · (x − mean) · inverse + shift.
#[derive(Debug, Clone, Copy)]
pub(super) struct Normal {
    pub a: Row,
    pub b: Row,
    pub mean: Row,
    pub inverse: Row,
    pub p: f32,
    /// Everything that multiplies the normalised value: p, or the scale.
    pub factor: Row,
}

/// What the normalised values are multiplied with and what is added.
#[derive(Debug, Clone, Copy)]
pub(super) enum Values<'a> {
    /// All by one weight.
    Mix(f32),
    /// Each channel by its scale; then its shift is added.
    Affine(&'a [f32], &'a [f32]),
}

impl Normal {
    /// Of group `group` of `moments`; channels that are not there stay 0.
    pub fn new(moments: &Moments, eps: f64, group: usize, values: Values<'_>) -> Self {
        let row = |values: &[f32]| -> Row {
            std::array::from_fn(|n| values.get(group * WIDTH + n).copied().unwrap_or_default())
        };
        let (inverse, mean) = (row(&inverse_deviation(moments, eps)), row(&moments.mean));
        let (p, factor, scale, shift) = match values {
            Values::Mix(p) => (p, [p; WIDTH], [1.0; WIDTH], [0.0; WIDTH]),
            Values::Affine(scale, shift) => (1.0, row(scale), row(scale), row(shift)),
        };
        let a: Row = std::array::from_fn(|n| scale[n] * inverse[n]);
        let b = std::array::from_fn(|n| shift[n] - mean[n] * a[n]);
        Self { a, b, mean, inverse, p, factor }
    }

    /// p·x.
    pub fn identity(p: f32) -> Self {
        let (one, zero) = ([1.0; WIDTH], [0.0; WIDTH]);
        Self { a: one, b: zero, mean: zero, inverse: one, p, factor: [p; WIDTH] }
    }
}

/// The way back: with g = dy (where the rectifier was open), x̂ = (x − mean)·inverse and N rows,
/// dx = factor·inverse·(g − Σg/N − x̂·Σ(g·x̂)/N), or without the sums when the statistics are constants.
#[derive(Debug, Clone, Copy)]
pub(super) struct Back {
    pub gain: Row,
    pub e: Row,
    pub d: Row,
    /// Σ g·x̂: the gradient of the scale, and summed over channels that of p.
    pub weighted: [f64; WIDTH],
    /// Σ g: the gradient of the shift.
    pub plain: [f64; WIDTH],
}

impl Back {
    pub fn new(normal: &Normal, sums: &GradientSums, rows: usize, constant: bool) -> Self {
        let zero = [0.0; WIDTH];
        let mut back = Self { gain: zero, e: zero, d: zero, weighted: [0.0; WIDTH], plain: [0.0; WIDTH] };
        for n in 0..WIDTH {
            let (factor, inverse) = (f64::from(normal.factor[n]), f64::from(normal.inverse[n]));
            back.gain[n] = normal.factor[n] * normal.inverse[n];
            back.weighted[n] = inverse * f64::from(sums.weighted[n]);
            back.plain[n] = f64::from(sums.plain[n]);
            if !constant {
                back.e[n] = (-factor * inverse * inverse * back.weighted[n] / rows as f64) as f32;
                back.d[n] = (-factor * inverse * back.plain[n] / rows as f64) as f32;
            }
        }
        back
    }
}

/// y += p·(x·a + b), or p·ReLU(x·a + b).
pub(super) struct AddNormal<'a> {
    pub x: &'a [Row],
    pub a: Row,
    pub b: Row,
    pub p: f32,
    pub relu: bool,
    pub y: &'a mut [Row],
}

impl Kernel for AddNormal<'_> {
    type Output = ();

    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let Self { x, a, b, p, relu, y } = self;
        let (a, b, p) = (A::load(&a), A::load(&b), A::splat(p));
        for (y, x) in y.iter_mut().zip(x) {
            let z = A::fma(A::load(x), a, b);
            let z = if relu { A::rectify(z) } else { z };
            A::store(A::fma(p, z, A::load(y)), y);
        }
    }
}
