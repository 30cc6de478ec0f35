//! The derived network in evaluation mode.

use super::train_step::network;
use super::workload::{Job, beats};
use crate::cell::Shape;
use crate::network::{Compiled, Evaluator, Purpose};
use crate::support::random::Generator;
use crate::train::Result;

/// Logits of a batch that is in memory, by a network that was compiled beforehand, for [`Purpose::Throughput`] as
/// `evaluate` and `predict` do.
pub(super) fn job(shape: &Shape, batch: usize, purpose: Purpose, generator: &mut Generator) -> Result<Job> {
    let (network, counts) = network(shape, generator)?;
    let compiled = Compiled::new(&network, purpose)?;
    let beats = beats(shape, batch, generator);
    let size = [batch, shape.leads, shape.samples];
    let step = move || infer(&compiled, &beats.values, size);
    Ok(Job { step: Box::new(step), counts, passes: 1 })
}

/// What is timed: the way from beats `[batch, leads, samples]` to logits.
fn infer(network: &Compiled, beats: &[f32], shape: [usize; 3]) -> Result<()> {
    std::hint::black_box(network.logits(beats, shape)?);
    Ok(())
}
