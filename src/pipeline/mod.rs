//! The line from records to a model, a step a function: what each command calls.
//!
//! [`load`] prepares and splits beats; [`search`] runs a search in a run folder and writes its genotype; [`train`] trains a
//! network from a genotype and writes a model; [`evaluate`] and [`predict`] apply a model; [`ec57`] compares annotations, a
//! model's or others', with a reference; a [`Study`] trains several networks from several seeds; [`mod@fit`] plans a search and
//! a training for a folder and a machine; [`panels`] is what the beats of a folder look like; [`look`] gathers what a page shows of what they left. Each takes plain configurations and paths, and decides nothing that they do not say.

mod apply;
mod config;
mod data;
mod ec57;
mod error;
pub mod fit;
mod look;
mod memory;
mod panels;
mod predict;
mod search;
mod strips;
mod study;
mod train;

pub use apply::{Applied, Beats, evaluate};
pub use config::{DataConfig, NetworkConfig, SearchRun, TrainRun};
pub use data::{DataRecord, Loaded, default_cache, load};
pub use ec57::{Tested, ec57};
pub use error::{Error, Result};
pub use look::{Records, look};
pub use panels::panels;
pub use predict::{Input, Peaks, PredictedBeat, Prediction, predict};
pub use search::{Searched, derive, search};
pub use strips::{strips, worst};
pub use study::{Published, Row, RowNetwork, Spread, Study, StudyResult, StudyRow, StudyTraining, markdown, table};
pub use train::{TrainedModel, train};

/// How long work is begun and shown.
#[derive(Debug, Clone, Default)]
pub struct Work {
    /// Go on with a run that was stopped.
    pub resume: bool,
    /// Show no progress.
    pub quiet: bool,
    /// Where prepared beats are kept; `None` keeps none.
    pub cache: Option<std::path::PathBuf>,
    /// Write TensorBoard event files into the folders of runs.
    pub tensorboard: bool,
}
