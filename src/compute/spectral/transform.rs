//! The transform of 16 channels at once, there and back.

use super::super::product::{by_rows, tiles};
use super::super::simd::{Arithmetic, Kernel};
use super::plan::{Plan, RESIDUES};
use super::{Row, WIDTH};

/// Takes the bins of a transform, each once, in any order.
pub(in crate::compute) trait Bins {
    /// A bin's real and imaginary part (0 for the real bins).
    fn put<A: Arithmetic>(&mut self, bin: usize, re: A::Vector, im: A::Vector);
}

/// The spectrum of `input` `[samples]`; `scratch` is `[4][parts]`.
pub(in crate::compute) struct Analyse<'a, B> {
    pub plan: &'a Plan,
    pub input: &'a [Row],
    pub scratch: &'a mut [Row],
    pub bins: B,
}

impl<B: Bins> Kernel for Analyse<'_, B> {
    type Output = ();

    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let Self { plan, input, scratch, mut bins } = self;
        let (parts, quarter, half) = (plan.parts(), plan.quarter, plan.length / 2);
        for r in 0..RESIDUES {
            let input = input.get(r..).unwrap_or_default();
            let out = &mut scratch[r * parts..][..parts];
            dense::<A>(&plan.analysis[r], input, RESIDUES, out, 1);
        }
        let (zero, [t0, t1, t2, t3]) = (A::splat(0.0), part::<A>(scratch, parts, 0));
        let (even, odd) = (A::add(t0, t2), A::add(t1, t3));
        bins.put::<A>(0, A::add(even, odd), zero);
        bins.put::<A>(half, A::sub(even, odd), zero);
        bins.put::<A>(quarter, A::sub(t0, t2), A::sub(t3, t1));
        for k in 1..=quarter / 2 {
            let (re, im) = (part::<A>(scratch, parts, 2 * k - 1), part::<A>(scratch, parts, 2 * k));
            let (even_re, even_im) = (A::add(re[0], re[2]), A::add(im[0], im[2]));
            let (odd_re, odd_im) = (A::add(re[1], re[3]), A::add(im[1], im[3]));
            // (T0 − T2) and −i·(T1 − T3).
            let (a_re, a_im) = (A::sub(re[0], re[2]), A::sub(im[0], im[2]));
            let (b_re, b_im) = (A::sub(im[1], im[3]), A::sub(re[3], re[1]));
            bins.put::<A>(k, A::add(even_re, odd_re), A::add(even_im, odd_im));
            bins.put::<A>(quarter + k, A::add(a_re, b_re), A::add(a_im, b_im));
            if 2 * k < quarter {
                bins.put::<A>(half - k, A::sub(even_re, odd_re), A::sub(odd_im, even_im));
                bins.put::<A>(quarter - k, A::sub(a_re, b_re), A::sub(b_im, a_im));
            }
        }
    }
}

/// The signal `[samples]` of a spectrum `[N]`, see [`Plan::slot`]; `scratch` is `[4][parts]`.
pub(in crate::compute) struct Synthesise<'a> {
    pub plan: &'a Plan,
    pub spectrum: &'a [Row],
    pub scratch: &'a mut [Row],
    pub output: &'a mut [Row],
}

impl Kernel for Synthesise<'_> {
    type Output = ();

    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let Self { plan, spectrum, scratch, output } = self;
        let (parts, quarter, half) = (plan.parts(), plan.quarter, plan.length / 2);
        {
            let (a, c) = (A::load(&spectrum[0]), A::load(&spectrum[plan.length - 1]));
            let (re, im) = complex::<A>(spectrum, quarter);
            let (even, odd) = (A::add(a, c), A::sub(a, c));
            let (re, im) = (A::add(re, re), A::add(im, im));
            let z = [A::add(even, re), A::sub(odd, im), A::sub(even, re), A::add(odd, im)];
            for r in 0..RESIDUES {
                A::store(z[r], &mut scratch[r * parts]);
            }
        }
        for k in 1..=quarter / 2 {
            // Bins k, B + k, 2B + k = conj(2B − k), 3B + k = conj(B − k).
            let (a, b) = (complex::<A>(spectrum, k), complex::<A>(spectrum, quarter + k));
            let (c, d) = (complex::<A>(spectrum, half - k), complex::<A>(spectrum, quarter - k));
            let (even, odd) = ((A::add(a.0, c.0), A::sub(a.1, c.1)), (A::add(b.0, d.0), A::sub(b.1, d.1)));
            // a − c, and of i·(b − d) the real part with the other sign and the imaginary part.
            let (minus, turned) = ((A::sub(a.0, c.0), A::add(a.1, c.1)), (A::add(b.1, d.1), A::sub(b.0, d.0)));
            let z = [
                (A::add(even.0, odd.0), A::add(even.1, odd.1)),
                (A::sub(minus.0, turned.0), A::add(minus.1, turned.1)),
                (A::sub(even.0, odd.0), A::sub(even.1, odd.1)),
                (A::add(minus.0, turned.0), A::sub(minus.1, turned.1)),
            ];
            for r in 0..RESIDUES {
                A::store(z[r].0, &mut scratch[r * parts + 2 * k - 1]);
                A::store(z[r].1, &mut scratch[r * parts + 2 * k]);
            }
        }
        for r in 0..RESIDUES {
            let input = &scratch[r * parts..][..parts];
            let output = output.get_mut(r..).unwrap_or_default();
            dense::<A>(&plan.synthesis[r], input, 1, output, RESIDUES);
        }
    }
}

// Functions and loops instead of closures: not every closure is inlined, and a call in a kernel empties the registers.

/// A part of T_0 … T_3.
#[inline(always)]
fn part<A: Arithmetic>(scratch: &[Row], parts: usize, part: usize) -> [A::Vector; RESIDUES] {
    let at = &scratch[part..];
    [A::load(&at[0]), A::load(&at[parts]), A::load(&at[2 * parts]), A::load(&at[3 * parts])]
}

/// A bin that is not real.
#[inline(always)]
fn complex<A: Arithmetic>(spectrum: &[Row], bin: usize) -> (A::Vector, A::Vector) {
    (A::load(&spectrum[Plan::slot(bin)]), A::load(&spectrum[Plan::slot(bin) + 1]))
}

/// `out[m · out_step] = Σ_k matrix[m][k] · input[k · step]`, for as many m and k as there are.
#[inline(always)]
pub(super) fn dense<A: Arithmetic>(matrix: &[f32], input: &[Row], step: usize, out: &mut [Row], out_step: usize) {
    let depth = input.len().div_ceil(step);
    let rows = out.len().div_ceil(out_step);
    if depth == 0 {
        out.iter_mut().step_by(out_step).for_each(|row| *row = [0.0; WIDTH]);
        return;
    }
    for (first, count) in tiles(rows, A::TILE_ROWS) {
        let matrix = &matrix[first * depth..][..count * depth];
        let out = &mut out[first * out_step..];
        by_rows!(count, M => dense_tile::<A, M>(matrix, depth, input, step, out, out_step));
    }
}

#[inline(always)]
fn dense_tile<A: Arithmetic, const M: usize>(
    matrix: &[f32],
    depth: usize,
    input: &[Row],
    step: usize,
    out: &mut [Row],
    out_step: usize,
) {
    let mut rows: [&[f32]; M] = [&[]; M];
    for m in 0..M {
        rows[m] = &matrix[m * depth..][..depth];
    }
    let mut tile = [A::splat(0.0); M];
    for k in 0..depth {
        let x = A::load(&input[k * step]);
        for m in 0..M {
            tile[m] = A::fma(A::splat(rows[m][k]), x, tile[m]);
        }
    }
    for m in 0..M {
        A::store(tile[m], &mut out[m * out_step]);
    }
}
