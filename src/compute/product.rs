//! Two matrix products on register tiles, the only places where the multiplications of a convolution happen.
//!
//! Both compute a tile of M rows and 16 columns that stays in registers while the depth k runs:
//!
//! - [`multiply`]: C[m, n] = Σ_k A[m·s + k] B[k, n], where the rows of A are stretches of one slice that may overlap
//!   (s smaller than the depth). That is the convolution of a padded signal: row l is what the filter sees there.
//! - [`accumulate_outer`]: C[m, n] = Σ_b Σ_l A[b][l·s + m] B[b][l, n], the gradient of the filter.
//!
//! Each element of C is one sum in the order of k (or of b and l), whatever the tiles, the threads or the machine.

use super::simd::{Arithmetic, Kernel, dispatch};

/// Columns of a tile, and of a packed panel.
pub(super) const COLUMNS: usize = 16;

/// Depth of a block of B that stays in the first-level cache (16 KiB) while all rows pass by.
const DEPTH_BLOCK: usize = 256;

/// The number of floats that [`pack`] writes for a matrix of `depth` rows and `columns` columns.
pub(super) fn packed_len(depth: usize, columns: usize) -> usize {
    depth * columns.next_multiple_of(COLUMNS)
}

/// Rearranges B `[depth, columns]` into panels `[columns / 16][depth][16]`, the last one
/// filled up with zeros.
pub(super) fn pack(packed: &mut [f32], depth: usize, columns: usize, matrix: &[f32]) {
    for (panel, out) in packed.chunks_exact_mut(depth * COLUMNS).enumerate() {
        let first = panel * COLUMNS;
        let width = COLUMNS.min(columns - first);
        for (to, from) in out.chunks_exact_mut(COLUMNS).zip(matrix.chunks_exact(columns)) {
            to[..width].copy_from_slice(&from[first..first + width]);
            to[width..].fill(0.0);
        }
    }
}

/// Calls an expression with the number of rows as a constant.
macro_rules! by_rows {
    ($rows:expr, $m:ident => $call:expr) => {
        by_rows!(@ $rows, $m, $call, 1 2 3 4 5 6 7 8 9 10 11 12)
    };
    (@ $rows:expr, $m:ident, $call:expr, $($n:literal)*) => {
        match $rows {
            $($n if $n <= A::TILE_ROWS => { const $m: usize = $n; $call })*
            _ => {}
        }
    };
}
pub(super) use by_rows;

/// A product for each of several samples with the same B. Row m of sample b of A starts at
/// `b * left_sample + m * left_row`, that of C at `b * out_sample + m * out_row`.
pub(super) struct Multiply<'a> {
    pub samples: usize,
    pub rows: usize,
    pub depth: usize,
    pub columns: usize,
    pub left: &'a [f32],
    pub left_sample: usize,
    pub left_row: usize,
    /// As [`pack`] leaves it.
    pub right: &'a [f32],
    pub out: &'a mut [f32],
    pub out_sample: usize,
    pub out_row: usize,
    /// Adds to C instead of replacing it.
    pub add: bool,
}

impl Multiply<'_> {
    /// Runs it on this machine's vector units.
    pub(super) fn run(self) {
        dispatch(self);
    }
}

impl Kernel for Multiply<'_> {
    type Output = ();

    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let (right, _) = self.right.as_chunks::<COLUMNS>();
        for (panel, right) in right.chunks_exact(self.depth).enumerate() {
            let column = panel * COLUMNS;
            let width = COLUMNS.min(self.columns - column);
            for (block, right) in right.chunks(DEPTH_BLOCK).enumerate() {
                let add = self.add || block > 0;
                for sample in 0..self.samples {
                    let left = &self.left[sample * self.left_sample + block * DEPTH_BLOCK..];
                    let out = &mut self.out[sample * self.out_sample + column..];
                    for (first, count) in tiles(self.rows, A::TILE_ROWS) {
                        let left = &left[first * self.left_row..];
                        let out = Place { values: &mut out[first * self.out_row..], stride: self.out_row, width, add };
                        if width == COLUMNS {
                            by_rows!(count, M => multiply_tile::<A, M, true>(left, self.left_row, right, out));
                        } else {
                            by_rows!(count, M => multiply_tile::<A, M, false>(left, self.left_row, right, out));
                        }
                    }
                }
            }
        }
    }
}

/// Where a tile of C goes: rows `stride` apart, `width` of the 16 columns.
struct Place<'a> {
    values: &'a mut [f32],
    stride: usize,
    width: usize,
    add: bool,
}

impl Place<'_> {
    /// The tile to add to. `FULL` says that all 16 columns are there: a constant, so that the tile never leaves the
    /// registers in the usual case.
    #[inline(always)]
    fn load<A: Arithmetic, const M: usize, const FULL: bool>(&self) -> [A::Vector; M] {
        let mut tile = [A::splat(0.0); M];
        if self.add {
            for (m, row) in tile.iter_mut().enumerate() {
                *row = load_row::<A, FULL>(&self.values[m * self.stride..], self.width);
            }
        }
        tile
    }

    #[inline(always)]
    fn store<A: Arithmetic, const M: usize, const FULL: bool>(self, tile: [A::Vector; M]) {
        for (m, row) in tile.into_iter().enumerate() {
            let to = &mut self.values[m * self.stride..];
            if FULL {
                A::store(row, to.first_chunk_mut().expect("a full row"));
            } else {
                let mut values = [0.0; COLUMNS];
                A::store(row, &mut values);
                (0..COLUMNS).for_each(|n| {
                    if n < self.width {
                        to[n] = values[n]
                    }
                });
            }
        }
    }
}

/// Up to 16 columns of a row; those from `width` on are 0.
#[inline(always)]
fn load_row<A: Arithmetic, const FULL: bool>(from: &[f32], width: usize) -> A::Vector {
    if FULL {
        A::load(from.first_chunk().expect("a full row"))
    } else {
        let mut row = [0.0; COLUMNS];
        (0..COLUMNS).for_each(|n| {
            if n < width {
                row[n] = from[n]
            }
        });
        A::load(&row)
    }
}

#[inline(always)]
fn multiply_tile<A: Arithmetic, const M: usize, const FULL: bool>(
    left: &[f32],
    left_row: usize,
    right: &[[f32; COLUMNS]],
    out: Place<'_>,
) {
    let depth = right.len();
    let mut rows: [&[f32]; M] = [&[]; M];
    (0..M).for_each(|m| rows[m] = &left[m * left_row..][..depth]);
    let mut tile = out.load::<A, M, FULL>();
    for k in 0..depth {
        let b = A::load(&right[k]);
        for m in 0..M {
            tile[m] = A::fma(A::splat(rows[m][k]), b, tile[m]);
        }
    }
    out.store::<A, M, FULL>(tile);
}

/// Splits `rows` into tiles of at most `most` rows and nearly equal height: (first row, rows).
#[inline(always)]
pub(super) fn tiles(rows: usize, most: usize) -> impl Iterator<Item = (usize, usize)> {
    let count = rows.div_ceil(most).max(1);
    (0..count).map(move |i| (i * rows / count, (i + 1) * rows / count - i * rows / count))
}

/// The sum over samples and positions of the outer products of a row of A and a row of B. Position l of sample b is at
/// `b * left_sample + l * left_row` in A and at `b * right_sample + l * columns` in B.
pub(super) struct SumOfOuter<'a> {
    pub samples: usize,
    pub positions: usize,
    /// Rows of C, consecutive floats of A from each position's place.
    pub rows: usize,
    pub columns: usize,
    pub left: &'a [f32],
    pub left_sample: usize,
    pub left_row: usize,
    pub right: &'a [f32],
    pub right_sample: usize,
    /// `[rows, columns]`.
    pub out: &'a mut [f32],
    /// Adds to C instead of replacing it.
    pub add: bool,
}

/// Positions (of all samples of a block) that a tile sums before the next tile reads them again from the cache.
const POSITION_BLOCK: usize = 96;

impl SumOfOuter<'_> {
    /// Runs it on this machine's vector units.
    pub(super) fn run(self) {
        dispatch(self);
    }
}

impl Kernel for SumOfOuter<'_> {
    type Output = ();

    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let block = (POSITION_BLOCK / self.positions.max(1)).max(1);
        for first_sample in (0..self.samples).step_by(block) {
            let mut part = Stretch {
                samples: block.min(self.samples - first_sample),
                positions: self.positions,
                left: &self.left[first_sample * self.left_sample..],
                left_sample: self.left_sample,
                left_row: self.left_row,
                right: &self.right[first_sample * self.right_sample..],
                right_sample: self.right_sample,
                right_row: self.columns,
                width: COLUMNS,
            };
            let (left, right) = (part.left, part.right);
            for column in (0..self.columns).step_by(COLUMNS) {
                part.width = COLUMNS.min(self.columns - column);
                part.right = &right[column..];
                for (first, count) in tiles(self.rows, A::TILE_ROWS) {
                    part.left = &left[first..];
                    let out = Place {
                        values: &mut self.out[first * self.columns + column..],
                        stride: self.columns,
                        width: part.width,
                        add: self.add || first_sample > 0,
                    };
                    if part.width == COLUMNS {
                        by_rows!(count, M => outer_tile::<A, M, true>(&part, out));
                    } else {
                        by_rows!(count, M => outer_tile::<A, M, false>(&part, out));
                    }
                }
            }
        }
    }
}

/// What one tile of [`SumOfOuter`] reads.
struct Stretch<'a> {
    samples: usize,
    positions: usize,
    left: &'a [f32],
    left_sample: usize,
    left_row: usize,
    right: &'a [f32],
    right_sample: usize,
    right_row: usize,
    width: usize,
}

#[inline(always)]
fn outer_tile<A: Arithmetic, const M: usize, const FULL: bool>(part: &Stretch<'_>, out: Place<'_>) {
    let mut tile = out.load::<A, M, FULL>();
    for sample in 0..part.samples {
        let left = &part.left[sample * part.left_sample..];
        let right = &part.right[sample * part.right_sample..];
        for l in 0..part.positions {
            let a: &[f32; M] = left[l * part.left_row..].first_chunk().expect("inside the padded sample");
            let b = load_row::<A, FULL>(&right[l * part.right_row..], part.width);
            for m in 0..M {
                tile[m] = A::fma(A::splat(a[m]), b, tile[m]);
            }
        }
    }
    out.store::<A, M, FULL>(tile);
}

#[cfg(test)]
mod tests {
    #[cfg(not(target_arch = "aarch64"))]
    use super::super::simd::Separate;
    use super::super::simd::{Fused, instructions};
    use super::*;
    use crate::support::random::Generator;

    /// Both products of 19 positions, 3 taps, 5 channels in and 21 out, two samples, by tiles of one kind of machine.
    #[inline(always)]
    fn both<A: Arithmetic>() -> Vec<f32> {
        let mut generator = Generator::new(1);
        let mut normal = |n: usize| (0..n).map(|_| generator.normal() as f32).collect::<Vec<f32>>();
        let (left, matrix) = (normal(2 * 21 * 5), normal(15 * 21));
        let mut right = vec![0.0; packed_len(15, 21)];
        pack(&mut right, 15, 21, &matrix);
        let (mut y, mut dw) = (vec![0.0; 2 * 19 * 21], vec![0.0; 15 * 21]);
        let (samples, columns, left_sample, left_row) = (2, 21, 21 * 5, 5);
        let (right, out, left) = (&right[..], &mut y[..], &left[..]);
        let (out_sample, out_row, add) = (19 * 21, 21, false);
        let (rows, depth) = (19, 15);
        let multiply = Multiply {
            samples,
            rows,
            depth,
            columns,
            left,
            left_sample,
            left_row,
            right,
            out,
            out_sample,
            out_row,
            add,
        };
        Kernel::run::<A>(multiply);
        let (right, right_sample, out, positions) = (&y[..], 19 * 21, &mut dw[..], 19);
        let outer = SumOfOuter {
            samples,
            positions,
            rows: 15,
            columns,
            left,
            left_sample,
            left_row,
            right,
            right_sample,
            out,
            add,
        };
        Kernel::run::<A>(outer);
        y.extend(dw);
        y
    }

    /// [`both`] by the tiles of this machine.
    struct Both;

    impl Kernel for Both {
        type Output = Vec<f32>;

        #[inline(always)]
        fn run<A: Arithmetic>(self) -> Vec<f32> {
            both::<A>()
        }
    }

    /// The tiles of machines that the tests do not run on give the same bits, or nearly so where nothing is fused.
    #[test]
    fn tiles_of_any_height_agree() {
        let expected = both::<Fused<6>>();
        assert_eq!(both::<Fused<12>>(), expected);
        assert_eq!(both::<Fused<1>>(), expected);
        if instructions() != "baseline" {
            assert_eq!(dispatch(Both), expected);
        }
        #[cfg(not(target_arch = "aarch64"))]
        for (a, b) in both::<Separate>().iter().zip(&expected) {
            assert!((a - b).abs() <= 1e-5 * (1.0 + b.abs()), "{a} {b}");
        }
    }
}
