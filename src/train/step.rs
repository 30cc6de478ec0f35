//! What every step of a training and of a search is made of: a batch there and back, then an optimiser.

use candle_core::backprop::GradStore;
use candle_core::{Device, Tensor};

use super::error::{Error, Result};
use super::finite::{self, NotFinite};
use super::loss::cross_entropy;
use super::optimiser::{Sgd, SgdSpec};
use crate::beat::Batch;
use crate::compute::Tape;
use crate::network::{Network, Pass};

/// Weight of the loss of an auxiliary classifier (DARTS, section A.2.1).
const AUXILIARY: f64 = 0.4;

/// What a step saw of its batch, before it moved anything.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    /// Beats of the batch.
    pub beats: usize,
    /// Beats whose class was found.
    pub correct: usize,
    /// Mean loss of the network's own classifier, a finite number.
    pub loss: f32,
}

/// The loss of a step beside the cross-entropy: see [`cross_entropy`].
#[derive(Debug, Clone, Copy, Default)]
pub struct LossOptions<'a> {
    /// Weight of each class; `None` weighs all the same.
    pub weights: Option<&'a [f32]>,
    /// Share of the target that is spread over all classes.
    pub smoothing: f32,
}

/// A batch forward, its loss, and the loss backward.
///
/// # Errors
/// [`Error::NotFinite`] for a loss that is no finite number, and when candle fails.
pub fn gradients(network: &dyn Network, batch: Batch, pass: &Pass, options: LossOptions) -> Result<(Seen, GradStore)> {
    let Batch { values, classes, channels, samples } = batch;
    let values = Tensor::from_vec(values, (classes.len(), channels, samples), &Device::Cpu)?;
    let (logits, tape) = Tape::record(|| network.logits(&values, pass));
    let logits = logits?;
    let loss = cross_entropy(&logits, &classes, options.weights, options.smoothing)?;
    let value = loss.to_scalar::<f32>()?;
    let add = |sum: Tensor, other: Tensor| -> Result<Tensor> {
        let other = cross_entropy(&other, &classes, options.weights, options.smoothing)?;
        Ok((sum + (other * AUXILIARY)?)?)
    };
    let loss = pass.take_auxiliary().into_iter().try_fold(loss, add)?;
    let total = loss.to_scalar::<f32>()?;
    if !total.is_finite() {
        return Err(Error::NotFinite(NotFinite::loss(total, network.store())?));
    }
    let seen = Seen { beats: classes.len(), correct: correct(&logits, &classes)?, loss: value };
    Ok((seen, tape.backward(&loss)?))
}

/// One step of the weights by a training batch, at learning rate `rate`.
///
/// # Errors
/// [`Error::NotFinite`] for a loss or a gradient that is not finite, before any weight is moved; when candle fails.
pub fn weight_step(
    network: &dyn Network,
    batch: Batch,
    pass: &Pass,
    options: LossOptions,
    (sgd, spec, rate): (&mut Sgd, &SgdSpec, f64),
) -> Result<Seen> {
    let (seen, gradients) = gradients(network, batch, pass, options)?;
    let moved = sgd.step(spec, rate, network.store().variables(), &gradients);
    if let Err(Error::NotFinite(_)) = moved {
        // A weight that is no number says more than the gradients that it spoils.
        finite::check(network.store().variables().map(|(name, variable)| (name, variable.as_tensor())))?;
    }
    moved?;
    Ok(seen)
}

/// How many logits `[batch, classes]` are largest at the reference.
fn correct(logits: &Tensor, classes: &[u32]) -> Result<usize> {
    let found = logits.argmax(1)?.to_vec1::<u32>()?;
    Ok(found.iter().zip(classes).filter(|(a, b)| a == b).count())
}
