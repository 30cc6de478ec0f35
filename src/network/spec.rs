//! What a network is, as data.

use candle_core::Result;
use serde::{Deserialize, Serialize};

use super::Network;
use super::derived::{Derived, DerivedSpec};
use crate::cell::Genotype;
use crate::support::random::Generator;

/// The shape of what goes in and comes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputShape {
    /// Leads of a beat.
    pub leads: usize,
    /// Samples of a beat.
    pub samples: usize,
    /// Classes told apart.
    pub classes: usize,
}

/// A network that can be trained, described completely.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum NetworkSpec {
    /// Cells of a genotype in a row.
    Derived {
        /// Width, depth, shortcuts.
        #[serde(default)]
        shape: DerivedSpec,
        /// The cells.
        genotype: Genotype,
    },
}

impl NetworkSpec {
    /// Builds the network with weights drawn from `generator`.
    ///
    /// # Errors
    /// As the constructors of the networks.
    pub fn build(&self, input: &InputShape, generator: &mut Generator) -> Result<Box<dyn Network>> {
        match self {
            Self::Derived { shape, genotype } => Ok(Box::new(Derived::new(genotype, shape, input, generator)?)),
        }
    }
}
