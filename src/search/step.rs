//! The step of alpha; that of the weights is training's, [`crate::train::weight_step`].

use crate::beat::Batch;
use crate::network::{Pass, Supernet};
use crate::train::{Adam, AdamSpec, LossOptions, Result, Seen, gradients};

/// One step of alpha by a validation batch. The weights are held constant, which spares their gradients.
///
/// # Errors
/// When candle fails.
pub fn alpha_step(supernet: &Supernet, batch: Batch, adam: &mut Adam, spec: &AdamSpec) -> Result<Seen> {
    let (seen, gradients) = gradients(supernet, batch, &Pass::alpha(), LossOptions::default())?;
    if let Some(gradients) = gradients {
        adam.step(spec, &supernet.alphas(), &gradients)?;
    }
    Ok(seen)
}
