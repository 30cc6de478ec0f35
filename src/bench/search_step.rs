//! One step of a search.

use super::workload::{Job, beats, input};
use crate::cell::{NODES, Shape, supernet_counts};
use crate::network::{Pass, Supernet, SupernetSpec};
use crate::search::{SearchConfig, alpha_step};
use crate::support::random::Generator;
use crate::train::{Adam, LossOptions, Result, Sgd, weight_step};

/// Alpha by Adam on a validation batch, then the weights by SGD on a training batch, at the first epoch's rate.
pub(super) fn job(shape: &Shape, batch: usize, generator: &mut Generator) -> Result<Job> {
    let counts = supernet_counts(NODES, shape)?;
    let spec = SupernetSpec { channels: shape.channels, layers: shape.layers };
    let supernet = Supernet::new(&spec, &input(shape), generator)?;
    let (validation, training) = (beats(shape, batch, generator), beats(shape, batch, generator));
    let SearchConfig { alpha, weights, .. } = SearchConfig::default();
    let (mut adam, mut sgd) = (Adam::default(), Sgd::default());
    let step = move || {
        alpha_step(&supernet, validation.clone(), &mut adam, &alpha)?;
        let optimiser = (&mut sgd, &weights, weights.learning_rate);
        weight_step(&supernet, training.clone(), &Pass::weights(), LossOptions::default(), optimiser)?;
        Ok(())
    };
    // Two passes for alpha, three for the weights.
    Ok(Job { step: Box::new(step), counts, passes: 2 + 3 })
}
