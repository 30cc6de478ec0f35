//! The derived network in evaluation mode.

use candle_core::{Device, Tensor};

use super::train_step::network;
use super::workload::{Job, beats};
use crate::cell::Shape;
use crate::network::{Derived, Network, Pass};
use crate::support::random::Generator;
use crate::train::Result;

/// Logits of a batch that is in memory.
pub(super) fn job(shape: &Shape, batch: usize, generator: &mut Generator) -> Result<Job> {
    let (network, counts) = network(shape, generator)?;
    let (values, _) = beats(shape, batch, generator).into_tensors(&Device::Cpu)?;
    let step = move || infer(&network, &values);
    Ok(Job { step: Box::new(step), counts, passes: 1 })
}

/// What is timed: the way from beats `[batch, leads, samples]` to logits.
fn infer(network: &Derived, beats: &Tensor) -> Result<()> {
    std::hint::black_box(network.logits(beats, &Pass::evaluation())?);
    Ok(())
}
