//! The transform of 16 channels at once, there and back.

use super::super::product::{by_rows, tiles};
use super::super::simd::{Arithmetic, Kernel};
use super::plan::{Plan, RESIDUES};
use super::{Row, WIDTH};

/// Takes the bins of a transform, each once, in any order.
pub(in crate::compute) trait Bins {
    /// A bin's real and imaginary part (0 for the real bins).
    fn put(&mut self, bin: usize, re: Row, im: Row);
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
        let zero = [0.0; WIDTH];
        let at = |r: usize, part: usize| scratch[r * parts + part];
        let [t0, t1, t2, t3] = [at(0, 0), at(1, 0), at(2, 0), at(3, 0)];
        let (even, odd) = (add(t0, t2), add(t1, t3));
        bins.put(0, add(even, odd), zero);
        bins.put(half, sub(even, odd), zero);
        bins.put(quarter, sub(t0, t2), sub(t3, t1));
        for k in 1..=quarter / 2 {
            let re: [Row; RESIDUES] = std::array::from_fn(|r| at(r, 2 * k - 1));
            let im: [Row; RESIDUES] = std::array::from_fn(|r| at(r, 2 * k));
            let (even_re, even_im) = (add(re[0], re[2]), add(im[0], im[2]));
            let (odd_re, odd_im) = (add(re[1], re[3]), add(im[1], im[3]));
            // (T0 − T2) and −i·(T1 − T3).
            let (a_re, a_im) = (sub(re[0], re[2]), sub(im[0], im[2]));
            let (b_re, b_im) = (sub(im[1], im[3]), sub(re[3], re[1]));
            bins.put(k, add(even_re, odd_re), add(even_im, odd_im));
            bins.put(quarter + k, add(a_re, b_re), add(a_im, b_im));
            if 2 * k < quarter {
                bins.put(half - k, sub(even_re, odd_re), sub(odd_im, even_im));
                bins.put(quarter - k, sub(a_re, b_re), sub(b_im, a_im));
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
        let complex = |bin: usize| (spectrum[Plan::slot(bin)], spectrum[Plan::slot(bin) + 1]);
        {
            let (a, c) = (spectrum[0], spectrum[plan.length - 1]);
            let (re, im) = complex(quarter);
            let (even, odd) = (add(a, c), sub(a, c));
            let (re, im) = (add(re, re), add(im, im));
            scratch[0] = add(even, re);
            scratch[parts] = sub(odd, im);
            scratch[2 * parts] = sub(even, re);
            scratch[3 * parts] = add(odd, im);
        }
        for k in 1..=quarter / 2 {
            // Bins k, B + k, 2B + k = conj(2B − k), 3B + k = conj(B − k).
            let (a, b) = (complex(k), complex(quarter + k));
            let (c, d) = (complex(half - k), complex(quarter - k));
            let (even, odd) = ((add(a.0, c.0), sub(a.1, c.1)), (add(b.0, d.0), sub(b.1, d.1)));
            let (minus, i_times) = ((sub(a.0, c.0), add(a.1, c.1)), (add(b.1, d.1), sub(b.0, d.0)));
            // i·(b − d) is (−(b.1 + d.1), b.0 − d.0).
            let z = [
                (add(even.0, odd.0), add(even.1, odd.1)),
                (sub(minus.0, i_times.0), add(minus.1, i_times.1)),
                (sub(even.0, odd.0), sub(even.1, odd.1)),
                (add(minus.0, i_times.0), sub(minus.1, i_times.1)),
            ];
            for (r, (re, im)) in z.into_iter().enumerate() {
                scratch[r * parts + 2 * k - 1] = re;
                scratch[r * parts + 2 * k] = im;
            }
        }
        for r in 0..RESIDUES {
            let input = &scratch[r * parts..][..parts];
            let output = output.get_mut(r..).unwrap_or_default();
            dense::<A>(&plan.synthesis[r], input, 1, output, RESIDUES);
        }
    }
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
    let rows: [&[f32]; M] = std::array::from_fn(|m| &matrix[m * depth..][..depth]);
    let mut tile = [[0.0; WIDTH]; M];
    for k in 0..depth {
        let x = &input[k * step];
        for m in 0..M {
            for n in 0..WIDTH {
                tile[m][n] = A::multiply_add(rows[m][k], x[n], tile[m][n]);
            }
        }
    }
    for m in 0..M {
        out[m * out_step] = tile[m];
    }
}

#[inline(always)]
pub(super) fn add(a: Row, b: Row) -> Row {
    std::array::from_fn(|n| a[n] + b[n])
}

#[inline(always)]
pub(super) fn sub(a: Row, b: Row) -> Row {
    std::array::from_fn(|n| a[n] - b[n])
}
