//! The complex products of all bins on register tiles, three real products each.

use super::super::product::{by_rows, tiles};
use super::super::simd::{Arithmetic, Kernel, prefetch};
use super::plan::Plan;
use super::{Row, WIDTH};

/// Depth of a product whose right factor, a triple, stays in the first-level cache (12 KiB) while all signals pass by.
const DEPTH_TOGETHER: usize = 64;

/// Planes until the same plane of the next bin, whose right factors are asked for now: those of a whole network do not
/// stay in a cache until the next block of beats comes by.
const AHEAD: usize = 3;

/// Y(f) = Σ X(f) · W(f) for the signals of a block and 16 output channels.
pub(in crate::compute) struct Multiply<'a> {
    pub plan: &'a Plan,
    /// Signals of the block.
    pub used: usize,
    /// Left triples, the planes `plane` rows apart, the groups of channels `group` rows, the signals side by side.
    pub left: &'a [Row],
    pub plane: usize,
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
        let Self { plan, used, left, plane: stride, group, right, out, add } = self;
        let planes = plan.planes();
        let depth = right.first().map_or(1, |right| right.len() / planes);
        let together = (DEPTH_TOGETHER / depth).max(1);
        for bin in 0..plan.bins() {
            let (plane, real) = (Plan::plane(bin), plan.is_real(bin));
            for (part, right) in right.chunks(together).enumerate() {
                let left = &left[plane * stride + part * together * (depth / WIDTH) * group..];
                let add = add || part > 0;
                for (first, count) in tiles(used, A::TILE_ROWS) {
                    let out = &mut out[first * plan.length + Plan::slot(bin)..];
                    let factors = Factors { left: &left[first..], group, stride, right, planes, plane };
                    if real {
                        by_rows!(count, M => multiply_real::<A, M>(factors, out, plan.length, add));
                    } else {
                        by_rows!(count, M => multiply_complex::<A, M>(factors, out, plan.length, add));
                    }
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
    stride: usize,
    right: &'a [&'a [Row]],
    /// Planes of the right factors, and the first of the bin.
    planes: usize,
    plane: usize,
}

#[inline(always)]
fn zeros<A: Arithmetic, const M: usize>() -> [A::Vector; M] {
    [A::splat(0.0); M]
}

/// tile[m] plus what is at `from[m · stride]`, if wanted.
#[inline(always)]
fn plus<A: Arithmetic, const M: usize>(
    mut tile: [A::Vector; M],
    from: &[Row],
    stride: usize,
    wanted: bool,
) -> [A::Vector; M] {
    if wanted {
        for m in 0..M {
            tile[m] = A::add(tile[m], A::load(&from[m * stride]));
        }
    }
    tile
}

#[inline(always)]
fn store<A: Arithmetic, const M: usize>(tile: [A::Vector; M], to: &mut [Row], stride: usize) {
    for m in 0..M {
        A::store(tile[m], &mut to[m * stride]);
    }
}

/// tile[m] += Σ_k left[m][k] · right[k] of one plane of the triples, over all groups.
#[inline(always)]
fn accumulate<A: Arithmetic, const M: usize>(
    mut tile: [A::Vector; M],
    factors: Factors<'_>,
    plane: usize,
) -> [A::Vector; M] {
    let Factors { left, group, stride, right, planes, plane: first } = factors;
    let mut left = &left[plane * stride..];
    for right in right {
        let depth = right.len() / planes;
        let (next, _) = right[(first + plane + AHEAD).min(planes - 1) * depth..][..depth].as_chunks::<WIDTH>();
        let (right, _) = right[(first + plane) * depth..][..depth].as_chunks::<WIDTH>();
        for (right, next) in right.iter().zip(next) {
            let rows: &[Row; M] = left.first_chunk().expect("a tile of rows");
            left = left.get(group..).unwrap_or_default();
            for row in left.iter().take(M) {
                prefetch(row);
            }
            for (k, right) in right.iter().enumerate() {
                prefetch(&next[k]);
                let right = A::load(right);
                for m in 0..M {
                    tile[m] = A::fma(A::splat(rows[m][k]), right, tile[m]);
                }
            }
        }
    }
    tile
}

#[inline(always)]
fn multiply_real<A: Arithmetic, const M: usize>(factors: Factors<'_>, out: &mut [Row], stride: usize, add: bool) {
    let tile = accumulate::<A, M>(plus::<A, M>(zeros::<A, M>(), out, stride, add), factors, 0);
    store::<A, M>(tile, out, stride);
}

#[inline(always)]
fn multiply_complex<A: Arithmetic, const M: usize>(factors: Factors<'_>, out: &mut [Row], stride: usize, add: bool) {
    let shared = accumulate::<A, M>(zeros::<A, M>(), factors, 0);
    for part in 0..2 {
        let out = &mut out[part..];
        let tile = plus::<A, M>(shared, out, stride, add);
        store::<A, M>(accumulate::<A, M>(tile, factors, 1 + part), out, stride);
    }
}

/// dW(f) = Σ_signals X̄(f) · dY(f) for one group of input and one of output channels.
pub(in crate::compute) struct Contract<'a> {
    pub plan: &'a Plan,
    /// Signals of the block.
    pub used: usize,
    /// Left triples of the conjugate, the planes `left_plane` rows apart, the signals side by side.
    pub left: &'a [Row],
    pub left_plane: usize,
    /// Right triples, likewise.
    pub right: &'a [Row],
    pub right_plane: usize,
    /// `[N][16]`, see [`Plan::slot`]: the row of an input channel holds 16 output channels.
    pub out: &'a mut [Row],
    /// Adds to what is there.
    pub add: bool,
}

impl Kernel for Contract<'_> {
    type Output = ();

    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let Self { plan, used, left, left_plane, right, right_plane, out, add } = self;
        for bin in 0..plan.bins() {
            let plane = Plan::plane(bin);
            let (left, right) = (&left[plane * left_plane..], &right[plane * right_plane..]);
            let out = &mut out[Plan::slot(bin) * WIDTH..];
            let sides = Sides { left, left_plane, right, right_plane, used };
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
    left_plane: usize,
    right: &'a [Row],
    right_plane: usize,
    used: usize,
}

#[inline(always)]
fn accumulate_outer<A: Arithmetic, const M: usize>(
    mut tile: [A::Vector; M],
    sides: &Sides<'_>,
    plane: usize,
    first: usize,
) -> [A::Vector; M] {
    let left = &sides.left[plane * sides.left_plane..][..sides.used];
    let right = &sides.right[plane * sides.right_plane..][..sides.used];
    for (x, dy) in left.iter().zip(right) {
        let x: &[f32; M] = x[first..].first_chunk().expect("a tile within 16");
        let dy = A::load(dy);
        for m in 0..M {
            tile[m] = A::fma(A::splat(x[m]), dy, tile[m]);
        }
    }
    tile
}

#[inline(always)]
fn contract<A: Arithmetic, const M: usize>(sides: &Sides<'_>, first: usize, out: &mut [Row], real: bool, add: bool) {
    let out = &mut out[first..];
    let shared = accumulate_outer::<A, M>(zeros::<A, M>(), sides, 0, first);
    if real {
        let tile = plus::<A, M>(shared, out, 1, add);
        return store::<A, M>(tile, out, 1);
    }
    for part in 0..2 {
        let out = &mut out[part * WIDTH..];
        let tile = plus::<A, M>(shared, out, 1, add);
        store::<A, M>(accumulate_outer::<A, M>(tile, sides, 1 + part, first), out, 1);
    }
}
