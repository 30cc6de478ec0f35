//! Sums, multiples and concatenations of signals.

use candle_core::{Result, Tensor};

use super::arena::{self, Buffer};
use super::arguments::{Floats, Signal, dense, shaped, signal, wrong};
use super::parallel::{filled, for_each_item, for_each_piece, map_pieces, piece};
use super::tape::{self, AllFloats};
use super::{plain, simd};

/// a + b, of the same shape. On a device other than the CPU this is [`plain::add`].
///
/// # Errors
/// When the shapes differ, or on the CPU when an argument is not contiguous f32.
pub fn add(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    const NAME: &str = "add";
    shaped(NAME, "b", b, "the shape of a", a.dims())?;
    if !a.device().is_cpu() {
        return plain::add(a, b);
    }
    dense(NAME, "a", a)?;
    dense(NAME, "b", b)?;
    let y = {
        let (a, b) = (Floats::of(a), Floats::of(b));
        let (a, b) = (a.get()?, b.get()?);
        let len = piece(a.len());
        filled(a.len(), len, a.len(), |i, y| {
            y.copy_from_slice(&a[i * len..][..y.len()]);
            simd::dispatch(Add { other: &b[i * len..][..y.len()], sum: y });
        })
    };
    let backward = |dy: Buffer, wanted: &[bool]| {
        let (len, work) = (piece(dy.len()), dy.len());
        let copy = |i: usize, to: &mut [f32]| to.copy_from_slice(&dy[i * len..][..to.len()]);
        let second = wanted[1].then(|| Buffer::from(filled(dy.len(), len, work, copy)));
        Ok(vec![Some(dy), second])
    };
    tape::result(NAME, a.shape(), y, &[a, b], backward)
}

/// sum += other.
pub(super) fn add_to(sum: &mut [f32], other: &[f32]) {
    let (len, work) = (piece(sum.len()), sum.len());
    for_each_piece(sum, len, work, |i, sum| simd::dispatch(Add { other: &other[i * len..][..sum.len()], sum }));
}

struct Add<'a> {
    other: &'a [f32],
    sum: &'a mut [f32],
}

impl simd::Kernel for Add<'_> {
    type Output = ();

    #[inline(always)]
    fn run<A: simd::Arithmetic>(self) {
        self.sum.iter_mut().zip(self.other).for_each(|(sum, other)| *sum += other);
    }
}

/// factors`[b]` · x`[b]` of `x` `[batch, samples, channels]`; `factors` has a value for each beat or one for all, in any
/// shape. Differentiable in both. On a device other than the CPU this is [`plain::scale`].
///
/// # Errors
/// When a shape does not fit, or on the CPU when an argument is not contiguous f32.
pub fn scale(x: &Tensor, factors: &Tensor) -> Result<Tensor> {
    let Signal { batch, samples, channels } = check_scale(x, factors)?;
    if !x.device().is_cpu() {
        return plain::scale(x, factors);
    }
    dense(SCALE, "x", x)?;
    dense(SCALE, "factors", factors)?;
    let beat = samples * channels;
    let y = scaled(Floats::of(x).get()?, Floats::of(factors).get()?, beat);
    let arguments = [x.clone(), factors.clone()];
    let backward = move |mut dy: Buffer, wanted: &[bool]| {
        let [x, factors] = arguments.each_ref().map(Floats::of);
        let (x, factors) = (x.get()?, factors.get()?);
        let sums = wanted[1].then(|| {
            let of = |b: usize| x[b * beat..][..beat].iter().zip(&dy[b * beat..][..beat]);
            let sum = |b: usize| of(b).map(|(x, dy)| f64::from(*x) * f64::from(*dy)).sum::<f64>();
            let sums = map_pieces(batch, x.len(), sum);
            let sums = if factors.len() == 1 { vec![sums.iter().sum::<f64>()] } else { sums };
            Buffer::from(sums.into_iter().map(|sum| sum as f32).collect::<Vec<_>>())
        });
        scale_in_place(&mut dy, factors, beat);
        Ok(vec![Some(dy), sums])
    };
    tape::result(SCALE, x.shape(), y, &[x, factors], backward)
}

const SCALE: &str = "scale";

pub(super) fn check_scale(x: &Tensor, factors: &Tensor) -> Result<Signal> {
    let input = signal(SCALE, x)?;
    let (found, batch) = (factors.elem_count(), input.batch);
    if found == 1 || found == batch {
        return Ok(input);
    }
    wrong(SCALE, format_args!("there must be 1 factor or one for each of {batch} beats, found {found}"))
}

fn scaled(x: &[f32], factors: &[f32], beat: usize) -> Vec<f32> {
    let mut y = x.to_vec();
    scale_in_place(&mut y, factors, beat);
    y
}

fn scale_in_place(values: &mut [f32], factors: &[f32], beat: usize) {
    let (beats, work) = (piece(values.len() / beat), values.len());
    for_each_piece(values, beats * beat, work, |i, values| {
        for (b, values) in values.chunks_exact_mut(beat).enumerate() {
            let factor = factors[if factors.len() == 1 { 0 } else { i * beats + b }];
            values.iter_mut().for_each(|value| *value *= factor);
        }
    });
}

/// Signals `[batch, samples, channels of each]` as one, their channels side by side. Differentiable. On a device other than
/// the CPU this is candle's `cat`.
///
/// # Errors
/// When there is none, batch or samples differ, or on the CPU when one is not contiguous f32.
pub fn side_by_side(signals: &[Tensor]) -> Result<Tensor> {
    const NAME: &str = "side_by_side";
    let Some(first) = signals.first() else { return wrong(NAME, "found no signals, expected at least one") };
    let Signal { batch, samples, .. } = signal(NAME, first)?;
    let mut widths = Vec::with_capacity(signals.len());
    for x in signals {
        let channels = signal(NAME, x)?.channels;
        shaped(NAME, "every signal", x, "[batch, samples, its channels]", &[batch, samples, channels])?;
        widths.push(channels);
    }
    if !first.device().is_cpu() {
        return Tensor::cat(signals, 2);
    }
    signals.iter().try_for_each(|x| dense(NAME, "every signal", x))?;
    let (rows, width) = (batch * samples, widths.iter().sum::<usize>());
    let len = piece(rows);
    let y = {
        let floats = AllFloats::of(signals);
        let floats = floats.get()?;
        filled(rows * width, len * width, rows * width, |i, y| {
            for (row, y) in y.chunks_exact_mut(width).enumerate() {
                let (mut rest, row) = (y, i * len + row);
                for (x, &width) in floats.iter().zip(&widths) {
                    let (this, others) = rest.split_at_mut(width);
                    this.copy_from_slice(&x[row * width..][..width]);
                    rest = others;
                }
            }
        })
    };
    let backward = move |dy: Buffer, _: &[bool]| {
        let firsts = widths.iter().scan(0, |at, width| Some(std::mem::replace(at, *at + width)));
        let part = |(first, &own): (usize, &usize)| {
            let mut dx = arena::take(rows * own);
            let tasks = dx.chunks_mut(len * own).enumerate().collect();
            for_each_item(tasks, rows * own, |(i, dx): (usize, &mut [f32])| {
                for (dx, dy) in dx.chunks_exact_mut(own).zip(dy[i * len * width..].chunks_exact(width)) {
                    dx.copy_from_slice(&dy[first..first + own]);
                }
            });
            Some(dx)
        };
        Ok(firsts.zip(&widths).map(part).collect())
    };
    tape::result(NAME, (batch, samples, width), y, &signals.iter().collect::<Vec<_>>(), backward)
}
