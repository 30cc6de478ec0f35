//! Passes over rows of channels: sums for batch normalisation, and x·a + b with or without ReLU, there and back.
//!
//! Columns are taken 16 at a time, so that sums and coefficients stay in registers while the rows pass. ReLU is written
//! as "0 where negative", which leaves a NaN a NaN: a diverged training must not look like one that works.

use super::arena::{self, Buffer};
use super::parallel::{filled, for_each_piece, map_pieces, piece};
use super::simd::{Arithmetic, Kernel, dispatch};

/// Runs a block once for each group of columns: 16, and what remains in fours and ones.
macro_rules! by_columns {
    ($channels:expr, $first:ident, $width:ident => $body:block) => {
        let mut $first = 0;
        while $first + 16 <= $channels {
            const $width: usize = 16;
            $body
            $first += $width;
        }
        while $first + 4 <= $channels {
            const $width: usize = 4;
            $body
            $first += $width;
        }
        while $first < $channels {
            const $width: usize = 1;
            $body
            $first += $width;
        }
    };
}
pub(super) use by_columns;

/// `W` consecutive floats.
#[inline(always)]
pub(super) fn lanes<const W: usize>(values: &[f32], first: usize) -> [f32; W] {
    *values[first..].first_chunk().expect("columns of a row")
}

/// 0 where negative.
#[inline(always)]
pub(crate) fn rectify(value: f32) -> f32 {
    if value < 0.0 { 0.0 } else { value }
}

/// Mean and biased variance of each channel over batch and samples.
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    /// One mean a channel.
    pub mean: Vec<f32>,
    /// One variance a channel, divided by the number of values (not by one less).
    pub variance: Vec<f32>,
}

/// Sums of the first rows' distance from a shift, and of its square: what moments are made of.
#[derive(Debug, Clone)]
pub(super) struct Sums {
    rows: usize,
    shift: Vec<f32>,
    first: Vec<f32>,
    second: Vec<f32>,
}

/// The sums of some rows. They are taken around the first row, so that a mean far from 0 costs no digits.
pub(super) fn sums(values: &[f32], channels: usize) -> Sums {
    dispatch(TakeSums { values, channels })
}

struct TakeSums<'a> {
    values: &'a [f32],
    channels: usize,
}

impl Kernel for TakeSums<'_> {
    type Output = Sums;

    #[inline(always)]
    fn run<A: Arithmetic>(self) -> Sums {
        let Self { values, channels } = self;
        let mut sums = Sums {
            rows: values.len() / channels,
            shift: values[..channels].to_vec(),
            first: vec![0.0; channels],
            second: vec![0.0; channels],
        };
        by_columns!(channels, j, W => {
            let shift = lanes::<W>(values, j);
            let (mut first, mut second) = ([0.0; W], [0.0; W]);
            for row in values.chunks_exact(channels) {
                let x = lanes::<W>(row, j);
                for n in 0..W {
                    let distance = x[n] - shift[n];
                    first[n] += distance;
                    second[n] = A::multiply_add(distance, distance, second[n]);
                }
            }
            sums.first[j..j + W].copy_from_slice(&first);
            sums.second[j..j + W].copy_from_slice(&second);
        });
        sums
    }
}

/// The moments of all rows from those of stretches of them (Chan, Golub and LeVeque 1979), in f64.
pub(super) fn combine(parts: &[&Sums]) -> Moments {
    let channels = parts.first().map_or(0, |p| p.shift.len());
    let rows = parts.iter().map(|p| p.rows).sum::<usize>() as f64;
    let (mut mean, mut variance) = (vec![0.0; channels], vec![0.0; channels]);
    for c in 0..channels {
        let part_mean = |p: &Sums| f64::from(p.shift[c]) + f64::from(p.first[c]) / p.rows as f64;
        let m = parts.iter().map(|p| part_mean(p) * p.rows as f64).sum::<f64>() / rows;
        let squares = |p: &Sums| {
            let (first, n) = (f64::from(p.first[c]), p.rows as f64);
            f64::from(p.second[c]) - first * first / n + n * (part_mean(p) - m).powi(2)
        };
        let v = parts.iter().map(|p| squares(p)).sum::<f64>() / rows;
        mean[c] = m as f32;
        // max() would turn a NaN into 0.
        variance[c] = rectify(v as f32);
    }
    Moments { mean, variance }
}

/// The moments of `rows · channels` values.
pub(super) fn moments(values: &[f32], channels: usize) -> Moments {
    let len = piece(values.len() / channels) * channels;
    let parts = map_pieces(values.len().div_ceil(len), values.len(), |i| {
        sums(&values[i * len..values.len().min((i + 1) * len)], channels)
    });
    combine(&parts.iter().collect::<Vec<_>>())
}

/// x·a + b for each channel, negative results replaced by 0 when `relu`.
pub(super) fn scale_shift(x: &[f32], a: &[f32], b: &[f32], relu: bool) -> Vec<f32> {
    let channels = a.len();
    let len = piece(x.len() / channels) * channels;
    filled(x.len(), len, x.len(), |i, y| dispatch(ScaleShift { x: &x[i * len..][..y.len()], a, b, relu, y }))
}

struct ScaleShift<'a> {
    x: &'a [f32],
    a: &'a [f32],
    b: &'a [f32],
    relu: bool,
    y: &'a mut [f32],
}

impl Kernel for ScaleShift<'_> {
    type Output = ();

    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let Self { x, a, b, relu, y } = self;
        let channels = a.len();
        by_columns!(channels, j, W => {
            let (a, b) = (lanes::<W>(a, j), lanes::<W>(b, j));
            for (y, x) in y.chunks_exact_mut(channels).zip(x.chunks_exact(channels)) {
                let x = lanes::<W>(x, j);
                for n in 0..W {
                    let z = A::multiply_add(x[n], a[n], b[n]);
                    y[j + n] = if relu { rectify(z) } else { z };
                }
            }
        });
    }
}

/// Sums over rows, one a channel.
pub(super) struct GradientSums {
    /// Σ g.
    pub plain: Vec<f32>,
    /// Σ g·(x − centre).
    pub weighted: Vec<f32>,
}

/// What reached y = ReLU(x·a + b) comes back: the sums of g, which is dy where y is positive, or everywhere without
/// ReLU.
pub(super) fn scale_shift_sums(
    x: &[f32],
    dy: &[f32],
    a: &[f32],
    b: &[f32],
    centre: &[f32],
    relu: bool,
) -> GradientSums {
    let channels = a.len();
    let len = piece(x.len() / channels) * channels;
    let parts = map_pieces(x.len().div_ceil(len), x.len(), |i| {
        let range = i * len..x.len().min((i + 1) * len);
        dispatch(BackwardSums { x: &x[range.clone()], dy: &dy[range], a, b, centre, relu })
    });
    let total = |pick: fn(&GradientSums) -> &Vec<f32>| {
        (0..channels).map(|c| parts.iter().map(|p| f64::from(pick(p)[c])).sum::<f64>() as f32).collect()
    };
    GradientSums { plain: total(|p| &p.plain), weighted: total(|p| &p.weighted) }
}

/// [`scale_shift_sums`] of a stretch of rows.
pub(super) struct BackwardSums<'a> {
    pub x: &'a [f32],
    pub dy: &'a [f32],
    pub a: &'a [f32],
    pub b: &'a [f32],
    pub centre: &'a [f32],
    pub relu: bool,
}

impl Kernel for BackwardSums<'_> {
    type Output = GradientSums;

    #[inline(always)]
    fn run<A: Arithmetic>(self) -> Self::Output {
        let Self { x, dy, a, b, centre, relu } = self;
        let channels = a.len();
        let mut sums = GradientSums { plain: vec![0.0; channels], weighted: vec![0.0; channels] };
        by_columns!(channels, j, W => {
            let (a, b, centre) = (lanes::<W>(a, j), lanes::<W>(b, j), lanes::<W>(centre, j));
            let (mut plain, mut weighted) = ([0.0; W], [0.0; W]);
            for (x, dy) in x.chunks_exact(channels).zip(dy.chunks_exact(channels)) {
                let (x, dy) = (lanes::<W>(x, j), lanes::<W>(dy, j));
                for n in 0..W {
                    let open = !relu || A::multiply_add(x[n], a[n], b[n]) > 0.0;
                    let g = if open { dy[n] } else { 0.0 };
                    plain[n] += g;
                    weighted[n] = A::multiply_add(g, x[n] - centre[n], weighted[n]);
                }
            }
            sums.plain[j..j + W].copy_from_slice(&plain);
            sums.weighted[j..j + W].copy_from_slice(&weighted);
        });
        sums
    }
}

/// dx = g·gain + (x − centre)·e + d for each channel, g as in [`scale_shift_sums`].
pub(super) struct BackwardPiece<'a> {
    pub x: &'a [f32],
    pub dy: &'a [f32],
    pub a: &'a [f32],
    pub b: &'a [f32],
    pub centre: &'a [f32],
    pub gain: &'a [f32],
    pub e: &'a [f32],
    pub d: &'a [f32],
    pub relu: bool,
    pub dx: &'a mut [f32],
}

/// [`BackwardPiece`] for all rows.
pub(super) struct Backward<'a> {
    pub x: &'a [f32],
    pub dy: &'a [f32],
    pub a: &'a [f32],
    pub b: &'a [f32],
    pub centre: &'a [f32],
    pub e: &'a [f32],
    pub d: &'a [f32],
    pub relu: bool,
}

impl Backward<'_> {
    /// dx with a gain of `a`.
    pub(super) fn run(&self) -> Buffer {
        let &Self { x, dy, a, b, centre, e, d, relu } = self;
        let mut dx = arena::take(x.len());
        let len = piece(x.len() / a.len()) * a.len();
        for_each_piece(&mut dx, len, x.len(), |i, dx| {
            let range = i * len..i * len + dx.len();
            let (x, dy) = (&x[range.clone()], &dy[range]);
            dispatch(BackwardPiece { x, dy, a, b, centre, gain: a, e, d, relu, dx });
        });
        dx
    }
}

impl Kernel for BackwardPiece<'_> {
    type Output = ();

    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let Self { x, dy, a, b, centre, gain, e, d, relu, dx } = self;
        let channels = a.len();
        by_columns!(channels, j, W => {
            let (a, b, centre) = (lanes::<W>(a, j), lanes::<W>(b, j), lanes::<W>(centre, j));
            let (gain, e, d) = (lanes::<W>(gain, j), lanes::<W>(e, j), lanes::<W>(d, j));
            let rows = x.chunks_exact(channels).zip(dy.chunks_exact(channels));
            for (dx, (x, dy)) in dx.chunks_exact_mut(channels).zip(rows) {
                let (x, dy) = (lanes::<W>(x, j), lanes::<W>(dy, j));
                for n in 0..W {
                    let open = !relu || A::multiply_add(x[n], a[n], b[n]) > 0.0;
                    let g = if open { dy[n] } else { 0.0 };
                    dx[j + n] = A::multiply_add(g, gain[n], A::multiply_add(x[n] - centre[n], e[n], d[n]));
                }
            }
        });
    }
}
