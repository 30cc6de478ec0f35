//! From a folder of records to a plan: what is there, how it is divided, how long this machine may search and train.
//!
//! nnU-Net's idea (Isensee et al. 2021, Nature Methods 18:203) in fewer steps: what follows from the data and the machine is
//! decided by rules that are written down, in a file that a person can read and change before anything long starts.
//!
//! ```text
//! folder ─▶ Survey: description, beats, split ─┐
//! machine ─▶ Speed: beats a second ────────────┼─▶ Plan: a SearchRun and a TrainRun ─▶ plan.ron ─▶ search, train
//! minutes ─────────────────────────────────────┘
//! ```

mod budget;
mod plan;
mod speed;
mod survey;

pub use budget::Estimate;
pub use plan::Plan;
pub use speed::Speed;
pub use survey::{Survey, survey};
