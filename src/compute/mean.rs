//! The mean over the samples: y`[b, c]` = Σ_l x`[b, l, c]` / samples. (candle's own `mean` walks the channels one by one.)

use candle_core::{Result, Tensor};

use super::arena::{self, Buffer};
use super::arguments::{Floats, Signal, dense, signal};
use super::parallel::{for_each_piece, piece};
use super::{plain, tape};

/// The mean of each channel of `x` `[batch, samples, channels]` over its samples, `[batch, channels]`.
///
/// Differentiable. On a device other than the CPU this is [`plain::mean`].
///
/// # Errors
/// When `x` is not three-dimensional, or on the CPU when it is not contiguous f32.
pub fn mean(x: &Tensor) -> Result<Tensor> {
    const NAME: &str = "mean";
    let input = signal(NAME, x)?;
    if !x.device().is_cpu() {
        return plain::mean(x);
    }
    dense(NAME, "x", x)?;
    let backward = move |dy: Buffer, _: &[bool]| Ok(vec![Some(spread(input, &dy))]);
    tape::result(NAME, (input.batch, input.channels), means(input, Floats::of(x).get()?), &[x], backward)
}

fn means(input: Signal, x: &[f32]) -> Vec<f32> {
    let Signal { batch, samples, channels } = input;
    let (beats, scale) = (piece(batch), 1.0 / samples as f32);
    let mut y = vec![0.0; batch * channels];
    for_each_piece(&mut y, beats * channels, x.len(), |i, y| {
        let x = x[i * beats * samples * channels..].chunks_exact(samples * channels);
        for (y, x) in y.chunks_exact_mut(channels).zip(x) {
            for x in x.chunks_exact(channels) {
                y.iter_mut().zip(x).for_each(|(y, x)| *y += x);
            }
            y.iter_mut().for_each(|y| *y *= scale);
        }
    });
    y
}

/// dx: each sample's share of dy.
fn spread(input: Signal, dy: &[f32]) -> Buffer {
    let Signal { batch, samples, channels } = input;
    let (beats, scale) = (piece(batch), 1.0 / samples as f32);
    let mut dx = arena::take(input.len());
    for_each_piece(&mut dx, beats * samples * channels, input.len(), |i, dx| {
        let dy = dy[i * beats * channels..].chunks_exact(channels);
        for (dx, dy) in dx.chunks_exact_mut(samples * channels).zip(dy) {
            for dx in dx.chunks_exact_mut(channels) {
                dx.iter_mut().zip(dy).for_each(|(dx, dy)| *dx = scale * dy);
            }
        }
    });
    dx
}
