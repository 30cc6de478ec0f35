//! Rows in the vector registers of x86-64.
//!
//! Every function here is inlined into [`avx2`](super::avx2) or [`avx512`](super::avx512), the only callers of kernels
//! with these types; there the instructions are allowed.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::{Arithmetic, Row};

/// 16 registers of 8 lanes: 12 accumulators, two of the right matrix, one of the left.
pub(crate) struct Avx2;

impl Arithmetic for Avx2 {
    const TILE_ROWS: usize = 6;
    type Vector = [__m256; 2];

    #[inline(always)]
    fn multiply_add(a: f32, b: f32, c: f32) -> f32 {
        a.mul_add(b, c)
    }
    #[inline(always)]
    fn splat(value: f32) -> Self::Vector {
        // SAFETY: see the top of the file; so below.
        unsafe { [_mm256_set1_ps(value); 2] }
    }
    #[inline(always)]
    fn load(row: &Row) -> Self::Vector {
        // SAFETY: and a row has 16 floats; so below.
        unsafe { [_mm256_loadu_ps(row.as_ptr()), _mm256_loadu_ps(row.as_ptr().add(8))] }
    }
    #[inline(always)]
    fn store(vector: Self::Vector, row: &mut Row) {
        unsafe {
            _mm256_storeu_ps(row.as_mut_ptr(), vector[0]);
            _mm256_storeu_ps(row.as_mut_ptr().add(8), vector[1]);
        }
    }
    #[inline(always)]
    fn add(a: Self::Vector, b: Self::Vector) -> Self::Vector {
        unsafe { [_mm256_add_ps(a[0], b[0]), _mm256_add_ps(a[1], b[1])] }
    }
    #[inline(always)]
    fn sub(a: Self::Vector, b: Self::Vector) -> Self::Vector {
        unsafe { [_mm256_sub_ps(a[0], b[0]), _mm256_sub_ps(a[1], b[1])] }
    }
    #[inline(always)]
    fn fma(a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector {
        unsafe { [_mm256_fmadd_ps(a[0], b[0], c[0]), _mm256_fmadd_ps(a[1], b[1], c[1])] }
    }
    #[inline(always)]
    fn rectify(a: Self::Vector) -> Self::Vector {
        // The second operand comes out where one is a NaN.
        unsafe {
            let zero = _mm256_setzero_ps();
            [_mm256_max_ps(zero, a[0]), _mm256_max_ps(zero, a[1])]
        }
    }
}

/// 32 registers of 16 lanes: 12 accumulators keep both multipliers busy.
pub(crate) struct Avx512;

impl Arithmetic for Avx512 {
    const TILE_ROWS: usize = 12;
    type Vector = __m512;

    #[inline(always)]
    fn multiply_add(a: f32, b: f32, c: f32) -> f32 {
        a.mul_add(b, c)
    }
    #[inline(always)]
    fn splat(value: f32) -> Self::Vector {
        // SAFETY: see the top of the file; so below.
        unsafe { _mm512_set1_ps(value) }
    }
    #[inline(always)]
    fn load(row: &Row) -> Self::Vector {
        // SAFETY: and a row has 16 floats; so below.
        unsafe { _mm512_loadu_ps(row.as_ptr()) }
    }
    #[inline(always)]
    fn store(vector: Self::Vector, row: &mut Row) {
        unsafe { _mm512_storeu_ps(row.as_mut_ptr(), vector) }
    }
    #[inline(always)]
    fn add(a: Self::Vector, b: Self::Vector) -> Self::Vector {
        unsafe { _mm512_add_ps(a, b) }
    }
    #[inline(always)]
    fn sub(a: Self::Vector, b: Self::Vector) -> Self::Vector {
        unsafe { _mm512_sub_ps(a, b) }
    }
    #[inline(always)]
    fn fma(a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector {
        unsafe { _mm512_fmadd_ps(a, b, c) }
    }
    #[inline(always)]
    fn rectify(a: Self::Vector) -> Self::Vector {
        unsafe { _mm512_max_ps(_mm512_setzero_ps(), a) }
    }
}
