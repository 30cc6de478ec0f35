//! One seam between portable kernels and the machine they run on.
//!
//! A kernel is written once, in safe Rust over rows of 16 channels ([`Arithmetic::Vector`]) or over short fixed-size
//! arrays that LLVM turns into vector registers. The functions below compile it several times, each with other instructions allowed, and [`dispatch`] picks one when it
//! runs. Every output element is summed in one fixed order by every variant, so AVX2, AVX-512 and NEON give the same
//! bits; the baseline of x86-64 has no fused multiply-add and rounds once more.

mod portable;
#[cfg(target_arch = "x86_64")]
mod x86;

pub(crate) use portable::*;

/// Channels of a row.
pub(crate) const WIDTH: usize = 16;
/// 16 channels side by side: one vector register of AVX-512, two of AVX2, four of NEON.
pub(crate) type Row = [f32; WIDTH];

/// What the arithmetic of the machine looks like to a kernel.
pub(crate) trait Arithmetic {
    /// Rows of a register tile of 16 columns: as many as leave the registers room for the operands.
    const TILE_ROWS: usize;
    /// A row in registers.
    type Vector: Copy;
    /// a·b + c, fused where the machine has it (without it, `f32::mul_add` would call a slow library function).
    fn multiply_add(a: f32, b: f32, c: f32) -> f32;
    /// 16 times the same.
    fn splat(value: f32) -> Self::Vector;
    /// A row from memory.
    fn load(row: &Row) -> Self::Vector;
    /// A row to memory.
    fn store(vector: Self::Vector, row: &mut Row);
    /// a + b.
    fn add(a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// a − b.
    fn sub(a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// a·b + c, rounded as [`Self::multiply_add`] does.
    fn fma(a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector;
    /// 0 where negative; a NaN stays.
    fn rectify(a: Self::Vector) -> Self::Vector;
}

/// A computation that [`dispatch`] compiles for several machines. `run` and all it calls must be `#[inline(always)]`:
/// only code that is inlined into the functions below may use their instructions.
pub(crate) trait Kernel {
    /// What the kernel returns.
    type Output;
    /// Runs it.
    fn run<A: Arithmetic>(self) -> Self::Output;
}

/// Runs a kernel with the best instructions of this machine.
#[inline]
#[allow(unsafe_code)]
pub(crate) fn dispatch<K: Kernel>(kernel: K) -> K::Output {
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

/// The vector instructions that the kernels use on this machine: `avx512`, `avx2`, `neon` or `baseline`.
pub fn instructions() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    {
        if std::arch::is_x86_feature_detected!("avx512f") {
            return "avx512";
        }
        if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
            return "avx2";
        }
    }
    if cfg!(target_arch = "aarch64") { "neon" } else { "baseline" }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn avx512<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<x86::Avx512>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<x86::Avx2>()
}

/// Asks for a value that will be read soon. Changes nothing but the time.
#[inline(always)]
#[allow(unsafe_code)]
pub(super) fn prefetch<T>(value: &T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a hint; any address is allowed, and SSE belongs to every x86-64.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(value).cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = value;
}
