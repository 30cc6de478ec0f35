//! Rows as arrays that LLVM turns into vector registers, or not.

use super::{Arithmetic, Row, WIDTH};

/// Fused multiply-add in hardware, with register tiles of some height.
#[cfg(any(target_arch = "aarch64", test))]
pub(crate) struct Fused<const ROWS: usize>;

/// Multiply, round, add, round.
#[cfg(not(target_arch = "aarch64"))]
pub(crate) struct Separate;

/// A row by its elements. A loop in place and no closure: a call in a kernel empties the registers.
macro_rules! each {
    ($n:ident => $value:expr) => {{
        let mut row = [0.0; WIDTH];
        for $n in 0..WIDTH {
            row[$n] = $value;
        }
        row
    }};
}

macro_rules! arrays {
    ($rows:expr) => {
        const TILE_ROWS: usize = $rows;
        type Vector = Row;
        #[inline(always)]
        fn splat(value: f32) -> Row {
            [value; WIDTH]
        }
        #[inline(always)]
        fn load(row: &Row) -> Row {
            *row
        }
        #[inline(always)]
        fn store(vector: Row, row: &mut Row) {
            *row = vector;
        }
        #[inline(always)]
        fn add(a: Row, b: Row) -> Row {
            each!(n => a[n] + b[n])
        }
        #[inline(always)]
        fn sub(a: Row, b: Row) -> Row {
            each!(n => a[n] - b[n])
        }
        #[inline(always)]
        fn fma(a: Row, b: Row, c: Row) -> Row {
            each!(n => Self::multiply_add(a[n], b[n], c[n]))
        }
        #[inline(always)]
        fn rectify(a: Row) -> Row {
            each!(n => if a[n] < 0.0 { 0.0 } else { a[n] })
        }
    };
}

#[cfg(any(target_arch = "aarch64", test))]
impl<const ROWS: usize> Arithmetic for Fused<ROWS> {
    #[inline(always)]
    fn multiply_add(a: f32, b: f32, c: f32) -> f32 {
        a.mul_add(b, c)
    }
    arrays!(ROWS);
}

#[cfg(not(target_arch = "aarch64"))]
impl Arithmetic for Separate {
    #[inline(always)]
    fn multiply_add(a: f32, b: f32, c: f32) -> f32 {
        a * b + c
    }
    arrays!(2);
}
