//! ReLU: y = 0 where x ≤ 0, otherwise x, and dx = dy there, PyTorch's derivative at 0 included.
//!
//! candle's own backward pass makes a mask of bytes, converts it and multiplies, on one thread, and lets a gradient
//! through at 0.

use candle_core::{Result, Tensor};

use super::arena::Buffer;
use super::arguments::{Floats, dense};
use super::parallel::{filled, for_each_piece, piece};
use super::simd::{Arithmetic, Kernel, dispatch};
use super::{plain, tape};

/// 0 where `x`, of any shape, is negative; a NaN stays a NaN. On a device other than the CPU this is [`plain::relu`].
///
/// # Errors
/// When `x` on the CPU is not contiguous f32.
pub fn relu(x: &Tensor) -> Result<Tensor> {
    const NAME: &str = "relu";
    if !x.device().is_cpu() {
        return plain::relu(x);
    }
    dense(NAME, "x", x)?;
    let seen = x.clone();
    let backward = move |mut dx: Buffer, _: &[bool]| {
        let (seen, len, work) = (Floats::of(&seen), piece(dx.len()), dx.len());
        let seen = seen.get()?;
        for_each_piece(&mut dx, len, work, |i, dx| dispatch(Gate { seen: &seen[i * len..][..dx.len()], dx }));
        Ok(vec![Some(dx)])
    };
    tape::result(NAME, x.shape(), rectified(Floats::of(x).get()?), &[x], backward)
}

/// x above 0, otherwise slope·x, of any shape; its derivative at 0 is the slope, as in PyTorch. On a device other than the CPU
/// this is [`plain::leaky_relu`].
///
/// # Errors
/// When `x` on the CPU is not contiguous f32.
pub fn leaky_relu(x: &Tensor, slope: f64) -> Result<Tensor> {
    const NAME: &str = "leaky_relu";
    if !x.device().is_cpu() {
        return plain::leaky_relu(x, slope);
    }
    dense(NAME, "x", x)?;
    let (seen, slope) = (x.clone(), slope as f32);
    let leak = move |x: f32, y: f32| if x > 0.0 || x.is_nan() { y } else { slope * y };
    let values = {
        let x = Floats::of(x);
        let (x, len) = (x.get()?, piece(x.get()?.len()));
        filled(x.len(), len, x.len(), |i, y| {
            y.iter_mut().zip(&x[i * len..]).for_each(|(y, &x)| *y = leak(x, x));
        })
    };
    let backward = move |mut dx: Buffer, _: &[bool]| {
        let (seen, len, work) = (Floats::of(&seen), piece(dx.len()), dx.len());
        let seen = seen.get()?;
        for_each_piece(&mut dx, len, work, |i, dx| {
            dx.iter_mut().zip(&seen[i * len..]).for_each(|(dx, &x)| *dx = leak(x, *dx));
        });
        Ok(vec![Some(dx)])
    };
    tape::result(NAME, x.shape(), values, &[x], backward)
}

fn rectified(x: &[f32]) -> Vec<f32> {
    let len = piece(x.len());
    filled(x.len(), len, x.len(), |i, y| dispatch(Rectify { x: &x[i * len..][..y.len()], y }))
}

/// y = ReLU(x).
pub(super) struct Rectify<'a> {
    pub x: &'a [f32],
    pub y: &'a mut [f32],
}

impl Kernel for Rectify<'_> {
    type Output = ();

    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        self.y.iter_mut().zip(self.x).for_each(|(y, &x)| *y = if x <= 0.0 { 0.0 } else { x });
    }
}

/// Keeps of dx what came through where x was seen to be above 0.
pub(super) struct Gate<'a> {
    pub seen: &'a [f32],
    pub dx: &'a mut [f32],
}

impl Kernel for Gate<'_> {
    type Output = ();

    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        self.dx.iter_mut().zip(self.seen).for_each(|(dx, &seen)| *dx = if seen <= 0.0 { 0.0 } else { *dx });
    }
}
