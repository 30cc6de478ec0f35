//! What a page is made from: plain data, gathered by [`crate::pipeline::look`].

use serde::Deserialize;

use super::super::Strip;
use crate::beat::Reduction;
use crate::cell::Genotype;
use crate::evaluate::{Evaluation, Predictions};
use crate::model::{Card, Cost, ModelSpec};
use crate::{search, train};

/// A folder or a log that a page shows.
#[derive(Debug, Clone)]
pub enum Part {
    /// Of a search.
    Search(Box<SearchPart>),
    /// Of a model.
    Model(Box<ModelPart>),
    /// Of a training without its model.
    Training(Box<TrainingPart>),
}

impl Part {
    /// What the page calls it.
    pub fn name(&self) -> &str {
        match self {
            Self::Search(search) => &search.name,
            Self::Model(model) => &model.name,
            Self::Training(training) => &training.name,
        }
    }

    /// The epochs of a training, of a model's or by itself; empty when they are not known.
    pub fn training_log(&self) -> &[train::EpochLine] {
        match self {
            Self::Search(_) => &[],
            Self::Model(model) => &model.log,
            Self::Training(training) => &training.log,
        }
    }
}

/// A search run.
#[derive(Debug, Clone)]
pub struct SearchPart {
    /// What the page calls it.
    pub name: String,
    /// Where it is.
    pub folder: String,
    /// The settings that matter most: name and value.
    pub settings: Vec<(String, String)>,
    /// All of them, as in `config.ron`.
    pub configuration: String,
    /// What it was searched on.
    pub data: DataSummary,
    /// `log.jsonl`, one epoch at least.
    pub log: Vec<search::EpochLine>,
    /// How long it took; empty when that is not known.
    pub timing: Vec<EpochTime>,
    /// The cells: those found, or those of the last epoch so far.
    pub genotype: Genotype,
    /// Whether the search is done.
    pub finished: bool,
}

/// A model.
#[derive(Debug, Clone)]
pub struct ModelPart {
    /// What the page calls it.
    pub name: String,
    /// Where it is.
    pub folder: String,
    /// What it is.
    pub spec: ModelSpec,
    /// What its card says.
    pub card: Card,
    /// Its figures.
    pub evaluation: Evaluation,
    /// Every epoch of its training; empty when that is not known.
    pub log: Vec<train::EpochLine>,
    /// How long it took; empty when that is not known.
    pub timing: Vec<EpochTime>,
    /// The training's configuration as resolved; empty when that is not known.
    pub configuration: String,
    /// What it was trained on; `None` when only [`Self::spec`] says.
    pub data: Option<DataSummary>,
    /// What it costs.
    pub cost: Cost,
    /// What it said of each test beat, or why that is not known.
    pub predictions: Result<Predictions, String>,
    /// The worst beats, or why they are not shown.
    pub worst: Result<Vec<Strip>, String>,
}

/// A training of which only the log is there.
#[derive(Debug, Clone)]
pub struct TrainingPart {
    /// What the page calls it.
    pub name: String,
    /// Where its run, or its log alone, is.
    pub folder: String,
    /// Every epoch, one at least.
    pub log: Vec<train::EpochLine>,
    /// How long it took; empty when that is not known.
    pub timing: Vec<EpochTime>,
    /// Its configuration as resolved; empty when that is not known.
    pub configuration: String,
    /// What it is trained on; `None` of a log alone.
    pub data: Option<DataSummary>,
}

impl TrainingPart {
    /// The epoch whose weights were kept last.
    pub fn kept(&self) -> Option<&train::EpochLine> {
        self.log.iter().rfind(|line| line.best)
    }
}

/// A line of `timing.jsonl`.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub struct EpochTime {
    /// How many beats were learnt from.
    pub beats: u64,
    /// How long it took.
    pub seconds: f64,
}

/// What stands in `data.json` of a run.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct DataSummary {
    /// The database.
    pub database: DatabaseSummary,
    /// The digest of its beats.
    pub beats_digest: String,
    /// The split.
    pub split: SplitSummary,
    /// What the limits left of the training beats, where there are any.
    pub limits: Option<Reduction>,
}

/// A database in `data.json`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[allow(missing_docs, reason = "as crate::database::Database")]
pub struct DatabaseSummary {
    pub name: String,
    pub title: String,
    pub frequency: f64,
    pub leads: Vec<crate::database::Lead>,
}

/// A split in `data.json`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[allow(missing_docs, reason = "as crate::beat::SplitSummary")]
pub struct SplitSummary {
    pub sentence: String,
    pub digest: String,
    pub training: PartSummary,
    pub validation: PartSummary,
    pub test: PartSummary,
}

/// A part of a split in `data.json`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[allow(missing_docs, reason = "as crate::beat::PartSummary")]
pub struct PartSummary {
    pub beats: u64,
    pub classes: [u64; 5],
    pub records: Vec<String>,
    pub subjects: Vec<String>,
}
