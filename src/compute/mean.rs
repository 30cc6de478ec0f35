//! The mean over the samples: y`[b, c]` = Σ_l x`[b, l, c]` / samples. (candle's own `mean` walks the channels one by one.)

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};

use super::arguments::{Floats, Signal, dense, floats, signal};
use super::parallel::{for_each_piece, piece};
use super::plain;

/// The mean of each channel of `x` `[batch, samples, channels]` over its samples, `[batch, channels]`.
///
/// Differentiable. On a device other than the CPU this is [`plain::mean`].
///
/// # Errors
/// When `x` is not three-dimensional, or on the CPU when it is not contiguous f32.
pub fn mean(x: &Tensor) -> Result<Tensor> {
    let input = signal(NAME, x)?;
    if !x.device().is_cpu() {
        return plain::mean(x);
    }
    dense(NAME, "x", x)?;
    x.apply_op1(Mean(input))
}

const NAME: &str = "mean";

struct Mean(Signal);

impl CustomOp1 for Mean {
    fn name(&self) -> &'static str {
        NAME
    }

    fn cpu_fwd(&self, x: &CpuStorage, lx: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = floats(x, lx)?;
        let Signal { batch, samples, channels } = self.0;
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
        Ok((CpuStorage::F32(y), (batch, channels).into()))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        let dy = dy.contiguous()?;
        let dy = Floats::of(&dy);
        let dy = dy.get()?;
        let Signal { batch, samples, channels } = self.0;
        let (beats, scale) = (piece(batch), 1.0 / samples as f32);
        let mut dx = vec![0.0; self.0.len()];
        for_each_piece(&mut dx, beats * samples * channels, self.0.len(), |i, dx| {
            let dy = dy[i * beats * channels..].chunks_exact(channels);
            for (dx, dy) in dx.chunks_exact_mut(samples * channels).zip(dy) {
                for dx in dx.chunks_exact_mut(channels) {
                    dx.iter_mut().zip(dy).for_each(|(dx, dy)| *dx = scale * dy);
                }
            }
        });
        Tensor::from_vec(dx, x.shape(), x.device()).map(Some)
    }
}
