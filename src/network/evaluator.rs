//! What computes logits and nothing else.

use candle_core::{Device, Result, Tensor};

use super::{Network, Pass};

/// Logits of beats, with the weights and running statistics that a network had at some moment.
pub trait Evaluator {
    /// Logits `[batch, classes]` of beats of the shape `[batch, leads, samples]`.
    ///
    /// # Errors
    /// When the shape is not the network's.
    fn logits(&self, beats: &[f32], shape: [usize; 3]) -> Result<Vec<f32>>;
}

/// Any network by its tensors.
pub(super) struct Tensors<'a>(pub &'a dyn Network);

impl Evaluator for Tensors<'_> {
    fn logits(&self, beats: &[f32], shape: [usize; 3]) -> Result<Vec<f32>> {
        let beats = Tensor::from_slice(beats, &shape[..], &Device::Cpu)?;
        self.0.logits(&beats, &Pass::evaluation())?.flatten_all()?.to_vec1()
    }
}
