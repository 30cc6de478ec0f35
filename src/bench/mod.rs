//! How fast this machine runs the project's work: beats a second of four workloads, and what the machine could do at most.
//!
//! The workloads are those of the PyTorch script that they are compared with by `benches/compare.py`: a step of the search, a
//! step of training, evaluation of many beats and of one. Each runs what the commands run ([`crate::search::alpha_step`],
//! [`crate::train::weight_step`], [`crate::network::Network::logits`]) on random beats of a seeded generator, three times to
//! warm up and then some more, of which the median counts. [`peak`] measures multiplications and additions and memory reads
//! of loops that do nothing else; [`Machine`] says what there is; a workload's [`Measured::gflop_per_s`] beside it says what is left to win.

mod inference;
mod machine;
mod memory;
mod peak;
mod search_step;
mod train_step;
mod workload;

pub use machine::{Machine, free_space, size};
pub use peak::{Peak, Rates, peak};
pub use workload::{Measured, Setup, Workload, measure};

/// Who was measured, as in `heart-darts 0.1.0 f32 avx2`: the version, the number format and the vector instructions.
pub fn name() -> String {
    format!("heart-darts {} f32 {}", env!("CARGO_PKG_VERSION"), crate::compute::instructions())
}
