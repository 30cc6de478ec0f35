//! Where the bins of a signal go: planes of triples, `[planes][signals of a block]`.

use super::super::simd::Arithmetic;
use super::Row;
use super::plan::Plan;
use super::transform::Bins;

/// A left factor (re, re + im, re − im), or of its conjugate.
pub(in crate::compute) struct Left<'a> {
    /// Of N; to tell the real bins.
    pub plan: &'a Plan,
    pub conjugate: bool,
    /// `[planes][signals]`.
    pub planes: &'a mut [Row],
    /// Rows from a plane to the next.
    pub stride: usize,
    /// Which signal of the block this is.
    pub signal: usize,
}

impl Bins for Left<'_> {
    #[inline(always)]
    fn put<A: Arithmetic>(&mut self, bin: usize, re: A::Vector, im: A::Vector) {
        let at = Plan::plane(bin) * self.stride + self.signal;
        A::store(re, &mut self.planes[at]);
        if self.plan.is_real(bin) {
            return;
        }
        let (s, d) = (A::add(re, im), A::sub(re, im));
        let (s, d) = if self.conjugate { (d, s) } else { (s, d) };
        A::store(s, &mut self.planes[at + self.stride]);
        A::store(d, &mut self.planes[at + 2 * self.stride]);
    }
}

/// A left factor and, of the same signal, the right factor (re + im, −im, −re).
pub(in crate::compute) struct Both<'a> {
    pub left: Left<'a>,
    /// As `left.planes`; may be empty when the right factor is not wanted.
    pub right: &'a mut [Row],
}

impl Bins for Both<'_> {
    #[inline(always)]
    fn put<A: Arithmetic>(&mut self, bin: usize, re: A::Vector, im: A::Vector) {
        let (stride, real) = (self.left.stride, self.left.plan.is_real(bin));
        let at = Plan::plane(bin) * stride + self.left.signal;
        self.left.put::<A>(bin, re, im);
        if self.right.is_empty() {
            return;
        }
        A::store(if real { re } else { A::add(re, im) }, &mut self.right[at]);
        if !real {
            let zero = A::splat(0.0);
            A::store(A::sub(zero, im), &mut self.right[at + stride]);
            A::store(A::sub(zero, re), &mut self.right[at + 2 * stride]);
        }
    }
}
