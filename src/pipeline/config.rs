//! The configurations of a search and of a training, as they are written in RON.

use serde::{Deserialize, Serialize};

use crate::beat::{Limits, SplitRule};
use crate::cell::Genotype;
use crate::database::Lead;
use crate::network::{DerivedSpec, NetworkSpec};
use crate::search::SearchConfig;
use crate::signal::Preprocessing;
use crate::train::TrainConfig;

/// Which beats are used, and how they are made. The defaults are the paper's.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DataConfig {
    /// Other leads than the database's, by name or position: `["V1"]`, `[0]`. Default the database's.
    pub leads: Option<Vec<Lead>>,
    /// What is done to records and beats. Default: baseline removed by wavelets, standardising by beat.
    pub preprocessing: Preprocessing,
    /// Which beats train, validate and test. Default `Random` with 20 % and 20 %, seed 0.
    pub split: SplitRule,
    /// At most how many training beats of each class. Default all.
    pub limits: Limits,
    /// Whether to go on when a class that the database describes has no training beat, and cannot be learnt. Default
    /// false.
    pub allow_absent_classes: bool,
}

/// A search to run: a file of `search-configs/`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SearchRun {
    /// The beats.
    pub data: DataConfig,
    /// The search.
    pub search: SearchConfig,
}

/// A training to run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainRun {
    /// The beats.
    pub data: DataConfig,
    /// The network around the genotype.
    pub network: NetworkConfig,
    /// The training.
    pub training: TrainConfig,
}

impl TrainRun {
    /// The network of a genotype, as [`Self::network`] has it.
    pub fn derived(&self, genotype: Genotype) -> NetworkSpec {
        NetworkSpec::Derived { shape: self.network, genotype }
    }
}

/// The derived network: 15 cells of 16 channels with two shortcuts unless told otherwise.
pub type NetworkConfig = DerivedSpec;
