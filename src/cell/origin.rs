//! Where a genotype came from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Something by its name and a digest of what it held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// Its name.
    pub name: String,
    /// SHA-256 of its content, in hexadecimal.
    pub digest: String,
}

/// Where a genotype came from: enough to search it again. A genotype written by hand leaves out what does not apply.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Origin {
    /// A sentence for people: by hand, from a figure of a paper, from a search.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The search configuration, with the digest of its text as resolved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub configuration: Option<Named>,
    /// The data searched on, with its fingerprint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Named>,
    /// Which beats trained and which validated, as its rule is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split: Option<String>,
    /// The seed of the search.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Epochs searched when the cells were derived.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epochs: Option<u64>,
    /// Figures of the search at that moment, each by its name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub figures: BTreeMap<String, f64>,
    /// Version of this crate that derived the cells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crate_version: Option<String>,
}

impl Origin {
    /// An origin that says nothing but the version of this crate.
    pub fn of_this_crate() -> Self {
        Self { crate_version: Some(env!("CARGO_PKG_VERSION").into()), ..Self::default() }
    }
}
