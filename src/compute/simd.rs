//! One seam between portable kernels and the machine they run on.
//!
//! A kernel is written once, in safe Rust over short fixed-size arrays that LLVM turns into vector registers. The
//! functions below compile it several times, each with other instructions allowed, and [`dispatch`] picks one when it
//! runs. Every output element is summed in one fixed order by every variant, so AVX2, AVX-512 and NEON give the same
//! bits; the baseline of x86-64 has no fused multiply-add and rounds once more.

/// What the arithmetic of the machine looks like to a kernel.
pub(super) trait Arithmetic {
    /// Rows of a register tile of 16 columns: as many as leave the registers room for the operands.
    const TILE_ROWS: usize;
    /// a·b + c, fused where the machine has it (without it, `f32::mul_add` would call a slow library function).
    fn multiply_add(a: f32, b: f32, c: f32) -> f32;

    /// 16 floats in registers. Small arrays become registers by themselves nearly everywhere; in a tile that must stay
    /// there LLVM is not left the choice, because it changes with the code around the tile.
    type Lanes: Copy;
    /// From memory.
    fn load(values: &[f32; 16]) -> Self::Lanes;
    /// To memory.
    fn store(lanes: Self::Lanes, values: &mut [f32; 16]);
    /// [`Self::multiply_add`] of every lane, with one `a`.
    fn multiply_add_lanes(a: f32, b: Self::Lanes, c: Self::Lanes) -> Self::Lanes;
}

/// Lanes as an array.
macro_rules! portable_lanes {
    () => {
        type Lanes = [f32; 16];
        #[inline(always)]
        fn load(values: &[f32; 16]) -> [f32; 16] {
            *values
        }
        #[inline(always)]
        fn store(lanes: [f32; 16], values: &mut [f32; 16]) {
            *values = lanes;
        }
        #[inline(always)]
        fn multiply_add_lanes(a: f32, b: [f32; 16], mut c: [f32; 16]) -> [f32; 16] {
            for n in 0..16 {
                c[n] = Self::multiply_add(a, b[n], c[n]);
            }
            c
        }
    };
}

/// Fused multiply-add in hardware.
#[cfg(any(target_arch = "aarch64", test))]
pub(super) struct Fused<const ROWS: usize>;

#[cfg(any(target_arch = "aarch64", test))]
impl<const ROWS: usize> Arithmetic for Fused<ROWS> {
    const TILE_ROWS: usize = ROWS;
    #[inline(always)]
    fn multiply_add(a: f32, b: f32, c: f32) -> f32 {
        a.mul_add(b, c)
    }
    portable_lanes!();
}

/// Multiply, round, add, round.
#[cfg(not(target_arch = "aarch64"))]
pub(super) struct Separate;

#[cfg(not(target_arch = "aarch64"))]
impl Arithmetic for Separate {
    const TILE_ROWS: usize = 2;
    #[inline(always)]
    fn multiply_add(a: f32, b: f32, c: f32) -> f32 {
        a * b + c
    }
    portable_lanes!();
}

/// Fused multiply-add with lanes in the registers of one instruction set.
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
mod x86 {
    use std::arch::x86_64::*;

    use super::Arithmetic;

    // SAFETY of all that follows: only the functions below that enable AVX2 and FMA, or AVX-512F, hand these types to a
    // kernel, and they run where those were detected. The pointers are those of 16 floats.

    pub(crate) struct Avx2;

    impl Arithmetic for Avx2 {
        const TILE_ROWS: usize = 6;
        #[inline(always)]
        fn multiply_add(a: f32, b: f32, c: f32) -> f32 {
            a.mul_add(b, c)
        }
        type Lanes = [__m256; 2];
        #[inline(always)]
        fn load(values: &[f32; 16]) -> [__m256; 2] {
            unsafe { [_mm256_loadu_ps(values.as_ptr()), _mm256_loadu_ps(values.as_ptr().add(8))] }
        }
        #[inline(always)]
        fn store(lanes: [__m256; 2], values: &mut [f32; 16]) {
            unsafe {
                _mm256_storeu_ps(values.as_mut_ptr(), lanes[0]);
                _mm256_storeu_ps(values.as_mut_ptr().add(8), lanes[1]);
            }
        }
        #[inline(always)]
        fn multiply_add_lanes(a: f32, b: [__m256; 2], c: [__m256; 2]) -> [__m256; 2] {
            unsafe {
                let a = _mm256_set1_ps(a);
                [_mm256_fmadd_ps(a, b[0], c[0]), _mm256_fmadd_ps(a, b[1], c[1])]
            }
        }
    }

    pub(crate) struct Avx512;

    impl Arithmetic for Avx512 {
        const TILE_ROWS: usize = 12;
        #[inline(always)]
        fn multiply_add(a: f32, b: f32, c: f32) -> f32 {
            a.mul_add(b, c)
        }
        type Lanes = __m512;
        #[inline(always)]
        fn load(values: &[f32; 16]) -> __m512 {
            unsafe { _mm512_loadu_ps(values.as_ptr()) }
        }
        #[inline(always)]
        fn store(lanes: __m512, values: &mut [f32; 16]) {
            unsafe { _mm512_storeu_ps(values.as_mut_ptr(), lanes) }
        }
        #[inline(always)]
        fn multiply_add_lanes(a: f32, b: __m512, c: __m512) -> __m512 {
            unsafe { _mm512_fmadd_ps(_mm512_set1_ps(a), b, c) }
        }
    }
}

/// A computation that [`dispatch`] compiles for several machines. `run` and all it calls must be `#[inline(always)]`:
/// only code that is inlined into the functions below may use their instructions.
pub(super) trait Kernel {
    /// What the kernel returns.
    type Output;
    /// Runs it.
    fn run<A: Arithmetic>(self) -> Self::Output;
}

/// Runs a kernel with the best instructions of this machine.
#[inline]
#[allow(unsafe_code)]
pub(super) fn dispatch<K: Kernel>(kernel: K) -> K::Output {
    #[cfg(target_arch = "x86_64")]
    {
        if std::arch::is_x86_feature_detected!("avx512f") {
            // SAFETY: the function's only requirement, AVX-512F, was just detected.
            return unsafe { avx512(kernel) };
        }
        if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
            // SAFETY: the function's only requirements, AVX2 and FMA, were just detected.
            return unsafe { avx2(kernel) };
        }
    }
    #[cfg(target_arch = "aarch64")]
    return kernel.run::<Fused<6>>();
    #[cfg(not(target_arch = "aarch64"))]
    kernel.run::<Separate>()
}

/// 32 registers of 16 lanes: 12 accumulators.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn avx512<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<x86::Avx512>()
}

/// 16 registers of 8 lanes: 12 accumulators, two of the right matrix, one of the left.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<x86::Avx2>()
}
