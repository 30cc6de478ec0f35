//! The step of alpha; that of the weights is training's, [`crate::train::weight_step`].

use crate::beat::Batch;
use crate::network::{Pass, Supernet};
use crate::train::{Adam, AdamSpec, LossOptions, Result, Seen, check_finite, gradients};

/// How checkpoints and errors call alpha of the normal and of the reduction cell.
pub(super) const ALPHA_NAMES: [&str; 2] = ["alpha.normal", "alpha.reduction"];

/// One step of alpha by a validation batch. The weights are held constant, which spares their gradients.
///
/// # Errors
/// [`Error::NotFinite`](crate::train::Error::NotFinite) for a loss or a gradient that is not finite, before alpha is moved,
/// and for alpha itself, after; when candle fails.
pub fn alpha_step(supernet: &Supernet, batch: Batch, adam: &mut Adam, spec: &AdamSpec) -> Result<Seen> {
    let (seen, gradients) = gradients(supernet, batch, &Pass::alpha(), LossOptions::default())?;
    let [normal, reduction] = supernet.alphas();
    let named = [(ALPHA_NAMES[0], normal), (ALPHA_NAMES[1], reduction)];
    adam.step(spec, &named, &gradients)?;
    // A few hundred numbers, so each step can afford to look.
    check_finite(named.map(|(name, alpha)| (name, alpha.as_tensor())))?;
    Ok(seen)
}
