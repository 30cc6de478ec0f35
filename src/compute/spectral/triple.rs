//! Where the bins of a signal go: planes of triples, `[planes][signals of a block]`.

use super::plan::Plan;
use super::transform::{Bins, add, sub};
use super::{Row, WIDTH};

/// A left factor (re, re + im, re − im), or of its conjugate.
pub(in crate::compute) struct Left<'a> {
    /// Of N; to tell the real bins.
    pub plan: &'a Plan,
    pub conjugate: bool,
    /// `[planes][signals]`.
    pub planes: &'a mut [Row],
    pub signals: usize,
    /// Which signal of the block this is.
    pub signal: usize,
}

impl Bins for Left<'_> {
    #[inline(always)]
    fn put(&mut self, bin: usize, re: Row, im: Row) {
        let at = Plan::plane(bin) * self.signals + self.signal;
        self.planes[at] = re;
        if self.plan.is_real(bin) {
            return;
        }
        let (s, d) = if self.conjugate { (sub(re, im), add(re, im)) } else { (add(re, im), sub(re, im)) };
        self.planes[at + self.signals] = s;
        self.planes[at + 2 * self.signals] = d;
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
    fn put(&mut self, bin: usize, re: Row, im: Row) {
        let (signals, real) = (self.left.signals, self.left.plan.is_real(bin));
        let at = Plan::plane(bin) * signals + self.left.signal;
        self.left.put(bin, re, im);
        if self.right.is_empty() {
            return;
        }
        self.right[at] = if real { re } else { add(re, im) };
        if !real {
            self.right[at + signals] = negative(im);
            self.right[at + 2 * signals] = negative(re);
        }
    }
}

#[inline(always)]
pub(super) fn negative(a: Row) -> Row {
    let mut out = [0.0; WIDTH];
    (0..WIDTH).for_each(|n| out[n] = -a[n]);
    out
}
