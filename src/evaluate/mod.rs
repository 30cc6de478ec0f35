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
//!
//! [`Predictions`] are what a model said of each test beat, and a [`Comparison`] says how two models differ that were tested on
//! the same beats.

mod calibration;
mod class_map;
mod classify;
mod comparison;
mod confusion;
pub mod ec57;
mod error;
mod evaluation;
mod figures;
mod interval;
pub mod json;
mod paired;
mod predictions;
pub mod text;

pub use calibration::{Calibration, Reliability};
pub use class_map::ByClass;
pub use classify::{Classified, classify, probabilities};
pub use comparison::{Comparison, McNemar, NotComparable, Tested};
pub use confusion::ConfusionMatrix;
pub use error::Error;
pub use evaluation::{Evaluation, RecordEvaluation, SCHEMA};
pub use figures::{ClassFigures, Figures};
pub use interval::{
    BOOTSTRAP_DRAWS, BOOTSTRAP_SEED, CONFIDENCE, Interval, IntervalSets, Intervals, beat_intervals, subject_intervals,
    wilson,
};
pub use paired::{Difference, Differences, PAIRED_SEED, holm, mcnemar, paired_bootstrap};
pub use predictions::{BeatPrediction, Predictions};
