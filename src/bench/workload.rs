//! A workload: what it is, how large, and the clock.

use std::time::Instant;

use serde::Serialize;

use super::{inference, memory, search_step, train_step};
use crate::beat::{Batch, Class};
use crate::cell::{Counts, Shape};
use crate::network::{InputShape, Purpose};
use crate::support::interrupt;
use crate::support::progress::Progress;
use crate::support::random::Generator;
use crate::train::{Error, Result};

/// Leads of a beat, as in MIT-BIH.
const LEADS: usize = 2;
/// Steps before the clock runs.
const WARM_UP: usize = 3;
/// A single beat takes so little time that it is timed so many times as often.
const LATENCY_REPETITIONS: usize = 40;
/// Seed of weights and beats; speed does not depend on it.
const SEED: u64 = 0;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Workload {
    /// One step of alpha by a validation batch and one of the weights by a training batch; a beat is one of each batch.
    SearchStep,
    /// One step of the weights of the derived network.
    TrainStep,
    /// The derived network in evaluation mode.
    Inference,
    /// The same for a single beat, by a network that was compiled for that.
    Latency,
}

impl Workload {
    /// All four.
    pub const ALL: [Self; 4] = [Self::SearchStep, Self::TrainStep, Self::Inference, Self::Latency];

    /// `search-step`, `train-step`, `inference` or `latency`.
    pub fn name(self) -> &'static str {
        match self {
            Self::SearchStep => "search-step",
            Self::TrainStep => "train-step",
            Self::Inference => "inference",
            Self::Latency => "latency",
        }
    }

    fn default_batch(self) -> usize {
        match self {
            Self::SearchStep => 100,
            Self::TrainStep | Self::Inference => 256,
            Self::Latency => 1,
        }
    }

    fn default_layers(self) -> usize {
        if self == Self::SearchStep { Shape::SUPERNET.layers } else { Shape::DERIVED.layers }
    }
}

/// How large a workload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setup {
    /// Channels of a node of the first cell. Default 16.
    pub channels: usize,
    /// Beats a step. Default: 100 for a search, 256 otherwise; [`Workload::Latency`] always has 1.
    pub batch: Option<usize>,
    /// Cells. Default: 8 for a search, 15 otherwise.
    pub layers: Option<usize>,
    /// Samples of a beat. Default 300.
    pub samples: usize,
    /// Timed steps, 40 times as many for [`Workload::Latency`]. Default 5.
    pub repetitions: usize,
}

impl Default for Setup {
    fn default() -> Self {
        let Shape { channels, samples, .. } = Shape::DERIVED;
        Self { channels, batch: None, layers: None, samples, repetitions: 5 }
    }
}

/// How fast a workload ran. The first fields are those of the PyTorch script.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measured {
    /// [`super::name`].
    pub peer: String,
    /// What was measured.
    pub workload: Workload,
    /// Channels of a node of the first cell.
    pub channels: usize,
    /// Threads of the pool; a batch of one beat is computed by one of them.
    pub threads: usize,
    /// Beats a step.
    pub batch: usize,
    /// Beats a second: `batch / seconds`.
    pub samples_per_s: f64,
    /// Median time of a step, s.
    pub seconds: f64,
    /// Shortest step, s.
    pub min: f64,
    /// Longest step, s.
    pub max: f64,
    /// Cells.
    pub layers: usize,
    /// Samples of a beat.
    pub samples: usize,
    /// The most memory that the process has held so far, bytes; `None` where the system does not say.
    pub peak_memory_bytes: Option<u64>,
    /// Thousand million multiplications and additions that a beat takes when convolutions are computed directly, as
    /// [`crate::cell::counts`] has them (normalisation, pooling and the like are left out). The gradient of the input and that
    /// of the weights count as much as the forward pass each, in a step of alpha only the former.
    pub gflop: f64,
    /// `gflop * samples_per_s`. More than the machine can do where a convolution needs fewer operations than directly.
    pub gflop_per_s: f64,
}

/// A step to be timed, and what its forward pass costs.
pub(super) struct Job {
    /// Does the work once.
    pub step: Box<dyn FnMut() -> Result<()>>,
    /// Counts of the network.
    pub counts: Counts,
    /// Passes a beat: 1 forward, 2 with the gradient of the input, 3 with that of the weights.
    pub passes: u64,
}

/// Times a workload on the global thread pool. `None` when somebody asked to stop.
///
/// # Errors
/// [`Error::Configuration`] or [`Error::Cell`] for a size that cannot be built, and when candle fails.
pub fn measure(workload: Workload, setup: &Setup) -> Result<Option<Measured>> {
    let batch = if workload == Workload::Latency { Some(1) } else { setup.batch };
    let batch = batch.unwrap_or(workload.default_batch());
    let layers = setup.layers.unwrap_or(workload.default_layers());
    let shape =
        Shape { leads: LEADS, samples: setup.samples, channels: setup.channels, layers, classes: Class::ALL.len() };
    for (field, value) in [("batch", batch), ("repetitions", setup.repetitions)] {
        if value == 0 {
            return Err(Error::Configuration { field, found: "0".into(), expected: "at least 1".into() });
        }
    }
    let mut generator = Generator::new(SEED);
    let Job { mut step, counts, passes } = match workload {
        Workload::SearchStep => search_step::job(&shape, batch, &mut generator)?,
        Workload::TrainStep => train_step::job(&shape, batch, &mut generator)?,
        Workload::Inference => inference::job(&shape, batch, Purpose::Throughput, &mut generator)?,
        Workload::Latency => inference::job(&shape, batch, Purpose::Latency, &mut generator)?,
    };

    let repetitions = setup.repetitions * if workload == Workload::Latency { LATENCY_REPETITIONS } else { 1 };
    let mut progress = Progress::new(workload.name(), (WARM_UP + repetitions) as u64, "steps");
    let mut seconds = Vec::with_capacity(repetitions);
    for turn in 0..WARM_UP + repetitions {
        if interrupt::requested() {
            return Ok(None);
        }
        let start = Instant::now();
        step()?;
        if turn >= WARM_UP {
            seconds.push(start.elapsed().as_secs_f64());
        }
        progress.advance(1);
    }
    seconds.sort_by(f64::total_cmp);
    let median = (seconds[(repetitions - 1) / 2] + seconds[repetitions / 2]) / 2.0;
    let samples_per_s = batch as f64 / median;
    let gflop = 2e-9 * (passes * counts.multiply_adds) as f64;
    Ok(Some(Measured {
        peer: super::name(),
        workload,
        channels: setup.channels,
        threads: rayon::current_num_threads(),
        batch,
        samples_per_s,
        seconds: median,
        min: seconds[0],
        max: seconds[repetitions - 1],
        layers,
        samples: setup.samples,
        peak_memory_bytes: memory::peak(),
        gflop,
        gflop_per_s: gflop * samples_per_s,
    }))
}

pub(super) fn input(shape: &Shape) -> InputShape {
    InputShape { leads: shape.leads, samples: shape.samples, classes: shape.classes }
}

/// Beats of normally distributed samples with random classes.
pub(super) fn beats(shape: &Shape, batch: usize, generator: &mut Generator) -> Batch {
    let values = (0..batch * shape.leads * shape.samples).map(|_| generator.normal() as f32).collect();
    let classes = (0..batch).map(|_| generator.below(shape.classes) as u32).collect();
    Batch { values, classes, channels: shape.leads, samples: shape.samples }
}
