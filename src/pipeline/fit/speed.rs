//! How fast this machine searches and trains.

use crate::bench::{Setup, Workload, measure};
use crate::pipeline::{Error, Result};

/// Beats of a timed step: enough that the machine is as busy as in earnest.
pub(super) const BATCH: usize = 64;

/// Beats a second of the paper's networks, and the memory that they take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Speed {
    /// Of the search, alpha and weights, 8 cells of 16 channels.
    pub search: f64,
    /// Of training, 15 cells of 16 channels.
    pub training: f64,
    /// Of evaluation, the same.
    pub evaluation: f64,
    /// Bytes held at most while it was measured, with 64 beats a step; `None` where the system does not say.
    pub memory: Option<u64>,
}

impl Speed {
    /// Measures it on random beats of `samples` samples, in some seconds. Two leads are taken: their number touches the first
    /// layer alone.
    ///
    /// # Errors
    /// [`Error::Interrupted`] after Ctrl-C; when a network cannot be built for such beats.
    pub fn measure(samples: usize) -> Result<Self> {
        let setup = Setup { batch: Some(BATCH), samples, repetitions: 3, ..Setup::default() };
        let run = |workload| measure(workload, &setup)?.ok_or(Error::Interrupted);
        let (search, training) = (run(Workload::SearchStep)?, run(Workload::TrainStep)?);
        let evaluation = run(Workload::Inference)?;
        Ok(Self {
            search: search.samples_per_s,
            training: training.samples_per_s,
            evaluation: evaluation.samples_per_s,
            memory: evaluation.peak_memory_bytes,
        })
    }
}
