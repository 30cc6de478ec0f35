//! The complex products of all bins on register tiles, three real products each.

use super::super::product::{by_rows, tiles};
use super::super::simd::{Arithmetic, Kernel, prefetch};
use super::plan::Plan;
use super::{Row, WIDTH};

/// Y(f) = Σ X(f) · W(f) for the signals of a block and 16 output channels.
pub(in crate::compute) struct Multiply<'a> {
    pub plan: &'a Plan,
    /// Signals of the block, and how many of them are there.
    pub signals: usize,
    pub used: usize,
    /// Left triples `[groups][planes][signals]`, the groups `group` rows apart.
    pub left: &'a [Row],
    pub group: usize,
    /// Right triples, each `[planes][depth]` for the next depth / 16 groups.
    pub right: &'a [&'a [Row]],
    /// Spectra `[used][N]`.
    pub out: &'a mut [Row],
    /// Adds to what is there.
    pub add: bool,
}

impl Kernel for Multiply<'_> {
    type Output = ();

    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let Self { plan, signals, used, left, group, right, out, add } = self;
        let planes = plan.planes();
        for bin in 0..plan.bins() {
            let (plane, real) = (Plan::plane(bin), plan.is_real(bin));
            let left = &left[plane * signals..];
            for (first, count) in tiles(used, A::TILE_ROWS) {
                let out = &mut out[first * plan.length + Plan::slot(bin)..];
                let factors = Factors { left: &left[first..], group, signals, right, planes, plane };
                if real {
                    by_rows!(count, M => multiply_real::<A, M>(factors, out, plan.length, add));
                } else {
                    by_rows!(count, M => multiply_complex::<A, M>(factors, out, plan.length, add));
                }
            }
        }
    }
}

/// Both factors of some rows of one bin.
#[derive(Clone, Copy)]
struct Factors<'a> {
    /// From the first row of the bin's first plane on.
    left: &'a [Row],
    /// Rows from a group of channels to the next.
    group: usize,
    /// Rows from a plane to the next.
    signals: usize,
    right: &'a [&'a [Row]],
    /// Planes of the right factors, and the first of the bin.
    planes: usize,
    plane: usize,
}

#[inline(always)]
fn load<const M: usize>(from: &[Row], stride: usize, wanted: bool) -> [Row; M] {
    let mut tile = [[0.0; WIDTH]; M];
    if wanted {
        (0..M).for_each(|m| tile[m] = from[m * stride]);
    }
    tile
}

#[inline(always)]
fn store<const M: usize>(to: &mut [Row], stride: usize, tile: [Row; M]) {
    (0..M).for_each(|m| to[m * stride] = tile[m]);
}

/// tile[m] += Σ_k left[m][k] · right[k] of one plane of the triples, over all groups.
#[inline(always)]
fn accumulate<A: Arithmetic, const M: usize>(mut tile: [Row; M], factors: Factors<'_>, plane: usize) -> [Row; M] {
    let Factors { left, group, signals, right, planes, plane: first } = factors;
    let mut left = &left[plane * signals..];
    for right in right {
        let depth = right.len() / planes;
        let right = &right[(first + plane) * depth..][..depth];
        // The chunks are whole, but a length known only when it runs keeps the loop over k from being unrolled, and so
        // the tile in registers.
        for right in right.chunks(WIDTH) {
            let rows: [&[f32]; M] = std::array::from_fn(|m| &left[m][..right.len()]);
            let next = left.get(group..).unwrap_or_default();
            next.iter().take(M).for_each(prefetch);
            for k in 0..right.len() {
                for m in 0..M {
                    for n in 0..WIDTH {
                        tile[m][n] = A::multiply_add(rows[m][k], right[k][n], tile[m][n]);
                    }
                }
            }
            left = next;
        }
    }
    tile
}

#[inline(always)]
fn multiply_real<A: Arithmetic, const M: usize>(factors: Factors<'_>, out: &mut [Row], stride: usize, add: bool) {
    let tile = accumulate::<A, M>(load(out, stride, add), factors, 0);
    store(out, stride, tile);
}

#[inline(always)]
fn multiply_complex<A: Arithmetic, const M: usize>(factors: Factors<'_>, out: &mut [Row], stride: usize, add: bool) {
    let shared = accumulate::<A, M>([[0.0; WIDTH]; M], factors, 0);
    for part in 0..2 {
        let mut tile = shared;
        if add {
            for m in 0..M {
                for n in 0..WIDTH {
                    tile[m][n] += out[m * stride + part][n];
                }
            }
        }
        store(&mut out[part..], stride, accumulate::<A, M>(tile, factors, 1 + part));
    }
}

/// dW(f) = Σ_signals X̄(f) · dY(f) for one group of input and one of output channels.
pub(in crate::compute) struct Contract<'a> {
    pub plan: &'a Plan,
    pub signals: usize,
    pub used: usize,
    /// Left triples of the conjugate, `[planes][signals]`.
    pub left: &'a [Row],
    /// Right triples `[planes][signals]`.
    pub right: &'a [Row],
    /// `[N][16]`, see [`Plan::slot`]: the row of an input channel holds 16 output channels.
    pub out: &'a mut [Row],
    /// Adds to what is there.
    pub add: bool,
}

impl Kernel for Contract<'_> {
    type Output = ();

    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let Self { plan, signals, used, left, right, out, add } = self;
        for bin in 0..plan.bins() {
            let planes = Plan::plane(bin) * signals..;
            let (left, right) = (&left[planes.clone()], &right[planes]);
            let out = &mut out[Plan::slot(bin) * WIDTH..];
            let sides = Sides { left, right, signals, used };
            let real = plan.is_real(bin);
            for (first, count) in tiles(WIDTH, A::TILE_ROWS) {
                by_rows!(count, M => contract::<A, M>(&sides, first, out, real, add));
            }
        }
    }
}

/// Both factors of one bin.
struct Sides<'a> {
    left: &'a [Row],
    right: &'a [Row],
    signals: usize,
    used: usize,
}

#[inline(always)]
fn accumulate_outer<A: Arithmetic, const M: usize>(
    mut tile: [Row; M],
    sides: &Sides<'_>,
    plane: usize,
    first: usize,
) -> [Row; M] {
    let left = &sides.left[plane * sides.signals..][..sides.used];
    let right = &sides.right[plane * sides.signals..][..sides.used];
    for (x, dy) in left.iter().zip(right) {
        let x: &[f32; M] = x[first..].first_chunk().expect("a tile within 16");
        for m in 0..M {
            for n in 0..WIDTH {
                tile[m][n] = A::multiply_add(x[m], dy[n], tile[m][n]);
            }
        }
    }
    tile
}

#[inline(always)]
fn contract<A: Arithmetic, const M: usize>(sides: &Sides<'_>, first: usize, out: &mut [Row], real: bool, add: bool) {
    let start = if real { load(&out[first..], 1, add) } else { [[0.0; WIDTH]; M] };
    let shared = accumulate_outer::<A, M>(start, sides, 0, first);
    if real {
        return store(&mut out[first..], 1, shared);
    }
    for part in 0..2 {
        let mut tile = shared;
        let out = &mut out[part * WIDTH + first..];
        if add {
            for m in 0..M {
                for n in 0..WIDTH {
                    tile[m][n] += out[m][n];
                }
            }
        }
        store(out, 1, accumulate_outer::<A, M>(tile, sides, 1 + part, first));
    }
}
