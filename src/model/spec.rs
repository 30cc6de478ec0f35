//! What a model is, as data.

use serde::{Deserialize, Serialize};

use crate::beat::SplitRule;
use crate::cell::Named;
use crate::database::{Class, Lead, Window};
use crate::network::{InputShape, NetworkSpec};
use crate::signal::Preprocessing;

/// Everything but the weights that is needed to use a model on a record: `model.ron`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelSpec {
    /// The version of this layout, [`ModelSpec::VERSION`].
    pub version: u32,
    /// The network and its genotype.
    pub network: NetworkSpec,
    /// Leads, samples and classes.
    pub input: InputShape,
    /// The leads of the training database, in the order of the input.
    pub leads: Vec<Lead>,
    /// Rate of the network's input in Hz, after preprocessing.
    pub frequency: f64,
    /// Samples before and after R, at that rate.
    pub window: Window,
    /// What was done to the training records and is done to every other.
    pub preprocessing: Preprocessing,
    /// The classes of the logits, in their order.
    pub classes: Vec<Class>,
    /// Where it came from.
    pub origin: ModelOrigin,
    /// SHA-256 of `weights.safetensors`.
    pub weights: String,
}

impl ModelSpec {
    /// The layout that is written and read.
    pub const VERSION: u32 = 1;
}

/// Where a model came from: enough to train it again, and to find its test beats again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelOrigin {
    /// The database, with the fingerprint of its beats.
    pub data: Named,
    /// Which beats trained, validated and tested.
    pub split: SplitRule,
    /// Digest of which beat was in which part.
    pub split_digest: String,
    /// The sentence that stands beside every figure.
    pub split_sentence: String,
    /// Digest of the training configuration as resolved.
    pub configuration: String,
    /// How the epoch was chosen.
    pub selection: String,
    /// The chosen epoch, from 1, and how many there were.
    pub epoch: (usize, usize),
    /// Seed of the training.
    pub seed: u64,
    /// Version of this crate.
    pub crate_version: String,
}

impl ModelOrigin {
    /// How the epoch was chosen, which stands beside every figure on the test part.
    pub fn chosen(&self) -> String {
        format!("{}: epoch {} of {}", self.selection, self.epoch.0, self.epoch.1)
    }
}
