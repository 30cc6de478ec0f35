//! What is done to planes besides convolutions: pools, sums and ReLUs.

use super::{Row, WIDTH, ZERO};
use crate::compute::pool::Window;
use crate::compute::rows::rectify;
use crate::compute::simd::{Arithmetic, Kernel, dispatch};

/// x·scale + shift, a row for each plane.
#[derive(Debug)]
pub(crate) struct Affine {
    pub scale: Vec<Row>,
    pub shift: Vec<Row>,
}

/// The largest of `kernel` neighbours at every `stride`-th sample, scaled and shifted.
pub(crate) struct MaxPool<'a> {
    pub kernel: usize,
    pub stride: usize,
    pub affine: &'a Affine,
    /// Of a beat.
    pub samples: usize,
    pub beats: usize,
    pub x: &'a [Row],
    pub y: &'a mut [Row],
    /// Adds to y instead of replacing it.
    pub add: bool,
}

impl MaxPool<'_> {
    pub fn run(self) {
        dispatch(self);
    }
}

impl Kernel for MaxPool<'_> {
    type Output = ();

    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let Self { kernel, stride, affine, samples, beats, x, y, add } = self;
        let window = Window::same(kernel, stride);
        let positions = window.positions(samples);
        let signals = x.chunks_exact(samples).zip(y.chunks_exact_mut(positions));
        for (i, (x, y)) in signals.enumerate() {
            let (scale, shift) = (affine.scale[i / beats], affine.shift[i / beats]);
            for (l, y) in y.iter_mut().enumerate() {
                let seen = &x[window.at(l, samples)];
                let mut best = seen[0];
                for x in &seen[1..] {
                    let x = *x;
                    for n in 0..WIDTH {
                        // A NaN wins and stays.
                        best[n] = if x[n] > best[n] || x[n].is_nan() { x[n] } else { best[n] };
                    }
                }
                let mut row = if add { *y } else { ZERO };
                for n in 0..WIDTH {
                    row[n] += A::multiply_add(best[n], scale[n], shift[n]);
                }
                *y = row;
            }
        }
    }
}

/// Calls `f(y, x)` for every value of two blocks of the same shape.
struct Zip<'a, F> {
    y: &'a mut [Row],
    x: &'a [Row],
    f: F,
}

impl<F: Fn(f32, f32) -> f32> Kernel for Zip<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        for (y, x) in self.y.iter_mut().zip(self.x) {
            // By way of a row of its own: LLVM does not know that y and x are not the same memory.
            let mut row = *y;
            for n in 0..WIDTH {
                row[n] = (self.f)(row[n], x[n]);
            }
            *y = row;
        }
    }
}

/// y = ReLU(x).
pub(crate) fn rectified(y: &mut [Row], x: &[Row]) {
    dispatch(Zip { y, x, f: |_, x| rectify(x) });
}

/// y += x.
pub(crate) fn add(y: &mut [Row], x: &[Row]) {
    dispatch(Zip { y, x, f: |y: f32, x| y + x });
}

/// y = ReLU(y + x).
pub(crate) fn add_rectified(y: &mut [Row], x: &[Row]) {
    dispatch(Zip { y, x, f: |y: f32, x| rectify(y + x) });
}

/// The sum of some rows, from the first to the last.
pub(crate) fn total(rows: &[Row]) -> Row {
    let mut sum = ZERO;
    for row in rows {
        for n in 0..WIDTH {
            sum[n] += row[n];
        }
    }
    sum
}
