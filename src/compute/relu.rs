//! ReLU: y = 0 where x ≤ 0, otherwise x, and dx = dy there, PyTorch's derivative at 0 included.
//!
//! candle's own backward pass makes a mask of bytes, converts it and multiplies, on one thread, and lets a gradient
//! through at 0.

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};

use super::arguments::{Floats, dense, floats};
use super::parallel::{for_each_piece, piece};
use super::plain;
use super::simd::{Arithmetic, Kernel, dispatch};

/// 0 where `x`, of any shape, is negative; a NaN stays a NaN. On a device other than the CPU this is [`plain::relu`].
///
/// # Errors
/// When `x` on the CPU is not contiguous f32.
pub fn relu(x: &Tensor) -> Result<Tensor> {
    if !x.device().is_cpu() {
        return plain::relu(x);
    }
    dense(NAME, "x", x)?;
    x.apply_op1(Relu)
}

const NAME: &str = "relu";

struct Relu;

impl CustomOp1 for Relu {
    fn name(&self) -> &'static str {
        NAME
    }

    fn cpu_fwd(&self, x: &CpuStorage, lx: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = floats(x, lx)?;
        let mut y = vec![0.0; x.len()];
        let len = piece(x.len());
        for_each_piece(&mut y, len, x.len(), |i, y| dispatch(Rectify { x: &x[i * len..][..y.len()], y }));
        Ok((CpuStorage::F32(y), lx.shape().clone()))
    }

    fn bwd(&self, _: &Tensor, y: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        let contiguous = dy.contiguous()?;
        let (y_values, dy_values) = (Floats::of(y), Floats::of(&contiguous));
        let (seen, dy) = (y_values.get()?, dy_values.get()?);
        let mut dx = vec![0.0; dy.len()];
        let len = piece(dx.len());
        for_each_piece(&mut dx, len, dy.len(), |i, dx| {
            let range = i * len..i * len + dx.len();
            dispatch(Gate { seen: &seen[range.clone()], dy: &dy[range], dx });
        });
        Tensor::from_vec(dx, y.shape(), y.device()).map(Some)
    }
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

/// dx = dy where what was seen, x or ReLU(x), is not 0 or less.
struct Gate<'a> {
    seen: &'a [f32],
    dy: &'a [f32],
    dx: &'a mut [f32],
}

impl Kernel for Gate<'_> {
    type Output = ();

    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let pairs = self.seen.iter().zip(self.dy);
        self.dx.iter_mut().zip(pairs).for_each(|(dx, (&seen, &dy))| *dx = if seen <= 0.0 { 0.0 } else { dy });
    }
}

/// [`Gate`] on what is already in dx.
pub(super) struct GateInPlace<'a> {
    pub seen: &'a [f32],
    pub dx: &'a mut [f32],
}

impl Kernel for GateInPlace<'_> {
    type Output = ();

    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        self.dx.iter_mut().zip(self.seen).for_each(|(dx, &seen)| *dx = if seen <= 0.0 { 0.0 } else { *dx });
    }
}
