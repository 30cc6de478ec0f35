//! Training: optimisers, the loop, checkpoints and the run folder.
//!
//! [`train`] takes a network, the training part of a split and a [`RunFolder`], and gives back the weights of the epoch
//! that was best on validation beats. It never sees test beats, unless [`Selection::BestOnTest`] asks for the paper's way
//! of choosing by name. Everything that decides the result is in the checkpoint: weights, momenta, running statistics,
//! the generator's state, the order of the epoch's beats and the place in it. So a run that was killed and resumed ends
//! with the same bytes as one that never stopped.

mod config;
mod difference;
mod error;
mod events;
mod finite;
mod log;
mod loss;
mod optimiser;
mod restore;
mod run;
mod score;
mod step;
mod tensors;
mod trainer;

pub(crate) use config::epochs;
pub use config::{ClassWeights, Schedule, Selection, TrainConfig};
pub use error::{Error, Result};
pub use finite::NotFinite;
pub(crate) use finite::check as check_finite;
pub use log::read_log;
pub use loss::cross_entropy;
pub use optimiser::{Adam, AdamSpec, Sgd, SgdSpec};
pub(crate) use restore::{momenta, place};
pub(crate) use run::sweep;
pub use run::{RunFolder, RunInput};
pub use score::{Score, Sums};
pub use step::{LossOptions, Seen, gradients, weight_step};
pub use tensors::{Array, TensorFile};
pub use trainer::{EpochLine, Outcome, Trained, check_parts, train};
