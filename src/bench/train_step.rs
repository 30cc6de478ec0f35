//! One step of training the derived network, whose cells are those of the PyTorch script.

use super::workload::{Job, beats, input};
use crate::cell::{Counts, Genotype, Shape, counts};
use crate::network::{Derived, DerivedSpec, Pass};
use crate::support::random::Generator;
use crate::train::{LossOptions, Result, Sgd, SgdSpec, weight_step};

/// The cells of the PyTorch script.
const GENOTYPE: &str = include_str!("peer.ron");

/// Forward, cross-entropy, backward, clipping and SGD.
pub(super) fn job(shape: &Shape, batch: usize, generator: &mut Generator) -> Result<Job> {
    let (network, counts) = network(shape, generator)?;
    let training = beats(shape, batch, generator);
    let (mut sgd, spec) = (Sgd::default(), SgdSpec::default());
    let step = move || {
        let optimiser = (&mut sgd, &spec, spec.learning_rate);
        weight_step(&network, training.clone(), &Pass::weights(), LossOptions::default(), optimiser)?;
        Ok(())
    };
    Ok(Job { step: Box::new(step), counts, passes: 3 })
}

/// The derived network of a shape.
pub(super) fn network(shape: &Shape, generator: &mut Generator) -> Result<(Derived, Counts)> {
    let genotype = Genotype::parse(GENOTYPE, "peer.ron")?;
    let counts = counts(&genotype, shape)?;
    let spec = DerivedSpec { channels: shape.channels, layers: shape.layers, ..DerivedSpec::default() };
    spec.check().map_err(candle_core::Error::Msg)?;
    Ok((Derived::new(&genotype, &spec, &input(shape), generator)?, counts))
}
