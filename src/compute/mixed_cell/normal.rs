//! Batch normalisation of 16 channels: coefficients there and back, and the one pass that adds to a node.

use super::super::norm::inverse_deviation;
use super::super::rows::{GradientSums, Moments};
use super::super::simd::{Arithmetic, Kernel};
use super::super::spectral::{Row, WIDTH};

/// x·a + b of one group of channels, with the mean that b came from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Normal {
    pub a: Row,
    pub b: Row,
    pub mean: Row,
}

impl Normal {
    /// Of group `group` of `moments`; channels that are not there stay 0.
    pub fn new(moments: &Moments, eps: f64, group: usize) -> Self {
        let inverse = inverse_deviation(moments, eps);
        let row = |values: &[f32]| -> Row {
            std::array::from_fn(|n| values.get(group * WIDTH + n).copied().unwrap_or_default())
        };
        let (a, mean) = (row(&inverse), row(&moments.mean));
        Self { a, b: std::array::from_fn(|n| -mean[n] * a[n]), mean }
    }
}

/// The way back through p·(x·a + b) of one group: with g = dy (where the rectifier was open), x̂ = (x − mean)·a and N
/// rows, dx = p·a·(g − Σg/N − x̂·Σ(g·x̂)/N), or without the sums when the statistics are constants, and dp = Σ g·x̂.
#[derive(Debug, Clone, Copy)]
pub(super) struct Back {
    pub gain: Row,
    pub e: Row,
    pub d: Row,
    pub dp: f64,
}

impl Back {
    pub fn new(normal: &Normal, p: f32, sums: &GradientSums, rows: usize, constant: bool) -> Self {
        let mut back = Self { gain: normal.a.map(|a| p * a), e: [0.0; WIDTH], d: [0.0; WIDTH], dp: 0.0 };
        for n in 0..WIDTH {
            let a = f64::from(normal.a[n]);
            let weighted = a * f64::from(sums.weighted[n]);
            back.dp += weighted;
            if !constant {
                back.e[n] = (-f64::from(p) * a * a * weighted / rows as f64) as f32;
                back.d[n] = (-f64::from(p) * a * f64::from(sums.plain[n]) / rows as f64) as f32;
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
