//! How far a classifier can be trusted: from reference and predicted classes to figures with their uncertainty.
//!
//! ```text
//! (reference, prediction) ─▶ ConfusionMatrix ─▶ Figures ─┐
//!                             one a record  ─▶ Intervals ─┼─▶ Evaluation ─▶ metrics.json, --json, tables, pictures
//!                             probabilities ─▶ Calibration┘
//! ```
//!
//! [`ConfusionMatrix`] counts; [`Figures`] are what follows from the counts (sensitivity, positive predictivity and so on,
//! as fractions, `None` where a division would be by zero); [`Intervals`] say how uncertain they are, once with beats and
//! once with patients as what was sampled; [`Calibration`] looks at the probabilities behind the predictions; an
//! [`Evaluation`] is all of it, as `docs/JSON.md` documents it key by key; [`text`] prints it for a terminal. [`ec57`] compares
//! annotations with annotations instead, missed and invented beats included.

mod calibration;
mod class_map;
mod classify;
mod confusion;
pub mod ec57;
mod error;
mod evaluation;
mod figures;
mod interval;
pub mod json;
pub mod text;

pub use calibration::{Calibration, Reliability};
pub use class_map::ByClass;
pub use classify::{Classified, classify, probabilities};
pub use confusion::ConfusionMatrix;
pub use error::Error;
pub use evaluation::{Evaluation, RecordEvaluation, SCHEMA};
pub use figures::{ClassFigures, Figures};
pub use interval::{
    BOOTSTRAP_DRAWS, BOOTSTRAP_SEED, CONFIDENCE, Interval, IntervalSets, Intervals, beat_intervals, subject_intervals,
    wilson,
};
