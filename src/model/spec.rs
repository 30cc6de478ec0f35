//! What a model is, as data.

use std::iter;

use serde::{Deserialize, Serialize};

use crate::beat::{Reduction, SplitRule};
use crate::cell::Named;
use crate::database::{Class, Lead, Window};
use crate::network::{InputShape, NetworkSpec};
use crate::signal::Preprocessing;
use crate::support::digests::Digests;
use crate::support::files;

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

    /// Digests of what the model was made of, and of its weights once they are known.
    pub fn digests(&self) -> Digests {
        let mut digests = Digests::default()
            .with("configuration", &self.origin.configuration)
            .with("data", &self.origin.data.digest)
            .with("split", &self.origin.split_digest);
        if let NetworkSpec::Derived { genotype, .. } = &self.network {
            digests = digests.with("genotype", genotype.digest());
        }
        if self.weights.is_empty() { digests } else { digests.with("weights", &self.weights) }
    }

    /// What `weights.safetensors` says of the model that it belongs to: these, and the digest of `model.ron` as it is but for
    /// the digest of the weights. `text` is that file.
    pub(super) fn digests_in_weights(&self, text: &str) -> Digests {
        let text = if self.weights.is_empty() { text.to_owned() } else { text.replacen(&self.weights, "", 1) };
        let unsealed = Self { weights: String::new(), ..self.clone() };
        unsealed.digests().with("description", files::digest(text.as_bytes()))
    }
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
    /// What limits left of the training beats, where there were any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reduction: Option<Reduction>,
    /// Digest of the training configuration as resolved: of `run/config.ron`.
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

    /// What has to be said beside every figure on the test part.
    pub fn notes(&self) -> impl Iterator<Item = String> {
        iter::once(self.chosen()).chain(self.reduction.map(|reduction| reduction.to_string()))
    }
}
