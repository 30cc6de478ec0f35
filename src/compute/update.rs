//! What an optimiser does to weights: in place, where the tensors' memory lies, shared over threads.
//!
//! Every value is moved by itself, and squares are summed in f64 over stretches of a fixed length, so that neither
//! depends on the number of threads.

use std::sync::{Mutex, PoisonError};

use candle_core::{CpuStorage, Error, InplaceOp2, Layout, Result, Tensor, Var};

use super::arguments::{Floats, dense, floats, wrong};
use super::parallel::{for_each_item, map_pieces};
use super::simd::{Arithmetic, Kernel, dispatch};

/// Floats that a thread takes at once: three streams of them stay in a second-level cache.
const STRETCH: usize = 1 << 14;

/// Σ v² over all values of an f32 tensor on the CPU.
///
/// # Errors
/// When the tensor is another.
pub fn sum_of_squares(tensor: &Tensor) -> Result<f64> {
    let tensor = tensor.contiguous()?;
    dense("sum_of_squares", "the tensor", &tensor)?;
    let floats = Floats::of(&tensor);
    let values = floats.get()?;
    let sums = map_pieces(values.len().div_ceil(STRETCH), values.len(), |i| {
        dispatch(Squares(&values[i * STRETCH..values.len().min((i + 1) * STRETCH)]))
    });
    Ok(sums.iter().sum())
}

struct Squares<'a>(&'a [f32]);

impl Kernel for Squares<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<A: Arithmetic>(self) -> f64 {
        let (rows, rest) = self.0.as_chunks::<16>();
        let mut sums = [0f64; 16];
        for row in rows {
            // A square of an f32 is exact in f64: fused or not, the same bits.
            sums.iter_mut().zip(row).for_each(|(sum, &v)| *sum += f64::from(v) * f64::from(v));
        }
        sums.iter().sum::<f64>() + rest.iter().map(|&v| f64::from(v) * f64::from(v)).sum::<f64>()
    }
}

/// Moves every value of `variable`, and what an optimiser keeps for it, by `rule(value, gradient, state)`, which gives
/// the new value and the new state. Each of `state` has as many floats as the variable.
///
/// # Errors
/// When the variable is not contiguous f32 on the CPU, or the gradient or a state has another size.
pub fn update<const N: usize>(
    variable: &Var,
    gradient: &Tensor,
    state: [&mut [f32]; N],
    rule: impl Fn(f32, f32, [f32; N]) -> (f32, [f32; N]) + Sync,
) -> Result<()> {
    const NAME: &str = "update";
    dense(NAME, "the variable", variable)?;
    if gradient.dims() != variable.dims() {
        let (found, expected) = (gradient.dims(), variable.dims());
        return wrong(NAME, format_args!("the gradient must have the variable's shape {expected:?}, found {found:?}"));
    }
    if let Some(odd) = state.iter().find(|s| s.len() != variable.elem_count()) {
        let (found, expected) = (odd.len(), variable.elem_count());
        return wrong(NAME, format_args!("a state must have the variable's {expected} floats, found {found}"));
    }
    let gradient = gradient.contiguous()?;
    dense(NAME, "the gradient", &gradient)?;
    variable.inplace_op2(&gradient, &Update { state: Mutex::new(state), rule })
}

struct Update<'a, R, const N: usize> {
    /// candle hands an operation out shared; it is locked once.
    state: Mutex<[&'a mut [f32]; N]>,
    rule: R,
}

impl<R: Fn(f32, f32, [f32; N]) -> (f32, [f32; N]) + Sync, const N: usize> InplaceOp2 for Update<'_, R, N> {
    fn name(&self) -> &'static str {
        "update"
    }

    fn cpu_fwd(&self, values: &mut CpuStorage, lv: &Layout, gradient: &CpuStorage, lg: &Layout) -> Result<()> {
        let (CpuStorage::F32(values), Some((start, end))) = (values, lv.contiguous_offsets()) else {
            return Err(Error::Msg(format!("update was given strided memory: {lv:?}")));
        };
        let (values, gradient) = (&mut values[start..end], floats(gradient, lg)?);
        let work = values.len();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut state = state.each_mut().map(|s| s.chunks_mut(STRETCH));
        let stretches = values.chunks_mut(STRETCH).zip(gradient.chunks(STRETCH)).map(|(values, gradient)| {
            let state = state.each_mut().map(|s| s.next().unwrap_or_default());
            Stretch { values, gradient, state, rule: &self.rule }
        });
        for_each_item(stretches.collect(), work, dispatch);
        Ok(())
    }
}

struct Stretch<'a, R, const N: usize> {
    values: &'a mut [f32],
    gradient: &'a [f32],
    state: [&'a mut [f32]; N],
    rule: &'a R,
}

impl<R: Fn(f32, f32, [f32; N]) -> (f32, [f32; N]), const N: usize> Kernel for Stretch<'_, R, N> {
    type Output = ();

    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let Self { values, gradient, state, rule } = self;
        let len = values.len();
        let (gradient, state) = (&gradient[..len], state.map(|s| &mut s[..len]));
        for i in 0..len {
            let (value, new) = rule(values[i], gradient[i], std::array::from_fn(|k| state[k][i]));
            values[i] = value;
            for k in 0..N {
                state[k][i] = new[k];
            }
        }
    }
}
