//! The preprocessing layer.

use candle_core::{Result, Tensor};

use super::layer::ConvBnRelu;
use super::pass::Pass;
use super::plan::STEM_CHANNELS;
use super::store::Maker;
use crate::compute;

/// Convolution of 5 taps and stride 2 to 32 channels, batch norm, ReLU, max pooling 3 of stride 2 (section IV-C of the
/// paper): `[batch, leads, samples]` to `[batch, samples / 4, 32]`.
#[derive(Debug)]
pub(crate) struct Stem {
    pub(super) layer: ConvBnRelu,
    leads: usize,
}

/// Beats `[batch, leads, samples]` as a signal `[batch, samples, leads]`.
pub(super) fn channels_last(beats: &Tensor, expected: usize) -> Result<Tensor> {
    let (_, leads, samples) = beats.dims3()?;
    if leads != expected || samples == 0 {
        candle_core::bail!("found beats of {leads} leads and {samples} samples, expected {expected} leads");
    }
    beats.transpose(1, 2)?.contiguous()
}

impl Stem {
    pub fn new(maker: Maker, leads: usize) -> Result<Self> {
        Ok(Self { layer: ConvBnRelu::new(maker, leads, STEM_CHANNELS, 5, 2, true)?, leads })
    }

    pub fn forward(&self, beats: &Tensor, pass: &Pass) -> Result<Tensor> {
        let x = channels_last(beats, self.leads)?;
        compute::max_pool1d(&self.layer.forward(&x, pass)?, 3, 2)
    }
}
