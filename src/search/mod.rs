//! The search for cells: a supernet's weights and its architecture parameters, optimised in turn.
//!
//! [`search`] is Algorithm 1, steps 1 to 6, of the paper: DARTS (Liu et al. 2018) of first order. Each step takes a
//! validation batch for alpha (Adam) and a training batch for the weights (SGD). Validation beats come from the training
//! part of the split; test beats are never seen. Operations are chosen by alpha, as in the paper, or by [`Perturbation`]. A
//! strategy other than this one would stand beside it as a function of the same shape.

mod config;
mod log;
mod monitor;
mod perturbation;
mod searcher;
mod step;

pub use config::SearchConfig;
pub use log::{EpochLine, read_log};
pub use monitor::{AlphaTable, Monitor, Warning};
pub use perturbation::{Choosing, Perturbation};
pub use searcher::{Found, Outcome, check_beats, search};
pub use step::alpha_step;
