//! The configurations of a search and of a training, as they are written in RON.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::{Result, configured};
use crate::beat::{Limits, SplitRule};
use crate::cell::Genotype;
use crate::database::Lead;
use crate::network::{DerivedSpec, NetworkSpec};
use crate::search::SearchConfig;
use crate::signal::Preprocessing;
use crate::support::files;
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

impl DataConfig {
    /// What can be said of it without data. `path` and `field` say where it stands.
    pub(super) fn check(&self, path: &Path, field: &str) -> Result<()> {
        self.split.check().map_err(configured(path, field))?;
        self.limits.check().map_err(configured(path, field))?;
        if self.leads.as_ref().is_some_and(Vec::is_empty) {
            let expected = "one or more, or None for the database's";
            return Err(configured(path, field)(format!("leads: found no lead, expected {expected}")));
        }
        // No record's rate is known yet: one that any possible rate can be made of.
        let rate = self.preprocessing.resample.filter(|rate| (1e-3..=1e6).contains(rate)).unwrap_or(1.0);
        self.preprocessing.check(rate, usize::MAX).map_err(configured(path, format!("{field}preprocessing: ")))
    }
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

impl SearchRun {
    /// Reads a configuration and checks what can be checked before there is data.
    ///
    /// # Errors
    /// [`Error::File`](super::Error::File) with line and column for what does not parse,
    /// [`Error::Configuration`](super::Error::Configuration) for what cannot run.
    pub fn read(path: &Path) -> Result<Self> {
        let config: Self = files::read_ron(path)?;
        config.check(path, "")?;
        Ok(config)
    }

    /// What can be said of it without data. `path` and `field` say where it stands.
    pub(super) fn check(&self, path: &Path, field: &str) -> Result<()> {
        self.search.check().map_err(configured(path, format!("{field}search.")))?;
        self.data.check(path, &format!("{field}data."))
    }
}

impl TrainRun {
    /// As [`SearchRun::read`].
    ///
    /// # Errors
    /// As [`SearchRun::read`].
    pub fn read(path: &Path) -> Result<Self> {
        let config: Self = files::read_ron(path)?;
        config.check(path, "")?;
        Ok(config)
    }

    /// As [`SearchRun::check`].
    pub(super) fn check(&self, path: &Path, field: &str) -> Result<()> {
        self.training.check().map_err(configured(path, format!("{field}training.")))?;
        self.network.check().map_err(configured(path, format!("{field}network: ")))?;
        self.data.check(path, &format!("{field}data."))
    }

    /// The network of a genotype, as [`Self::network`] has it.
    pub fn derived(&self, genotype: Genotype) -> NetworkSpec {
        NetworkSpec::Derived { shape: self.network, genotype }
    }
}

/// The derived network: 15 cells of 16 channels with two shortcuts unless told otherwise.
pub type NetworkConfig = DerivedSpec;
