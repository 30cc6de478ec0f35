//! What a network is, as data.

use candle_core::Result;
use serde::{Deserialize, Serialize};

use super::Network;
use super::baseline::Baseline;
use super::derived::{Derived, DerivedSpec};
use crate::cell::{Counts, Genotype, Shape, counts};
use crate::support::random::Generator;

/// The shape of what goes in and comes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputShape {
    /// Channels of a beat: its leads, and those of its context where it has one.
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
    /// One that was designed by hand.
    Baseline(Baseline),
}

/// What a card says of it.
impl std::fmt::Display for NetworkSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self {
            Self::Derived { shape: DerivedSpec { channels, layers, shortcuts, auxiliary }, .. } => {
                let shortcuts = if *shortcuts { "with two shortcuts" } else { "without shortcuts" };
                let auxiliary = if *auxiliary { ", trained with an auxiliary classifier" } else { "" };
                write!(f, "derived network of {layers} cells and {channels} initial channels {shortcuts}{auxiliary}")
            }
            Self::Baseline(baseline) => baseline.fmt(f),
        }
    }
}

impl NetworkSpec {
    /// That it can be built.
    ///
    /// # Errors
    /// A sentence with what was found and what was expected.
    pub fn check(&self) -> std::result::Result<(), String> {
        match self {
            Self::Derived { shape, genotype } => {
                shape.check()?;
                genotype.check().map_err(|error| error.to_string())
            }
            Self::Baseline(baseline) => baseline.check(),
        }
    }

    /// Trainable numbers for some input, without building it.
    ///
    /// # Errors
    /// For an unsound genotype or an impossible input.
    pub fn parameters(&self, input: &InputShape) -> std::result::Result<u64, String> {
        match self {
            Self::Derived { shape, genotype } => {
                let counts = counted(shape, genotype, input)?;
                Ok(counts.parameters + shape.auxiliary_parameters(genotype, input.classes))
            }
            Self::Baseline(baseline) => Ok(baseline.parameters(input)),
        }
    }

    /// Numbers that a training step keeps for one beat at least, without building it: what leaves the cells of a derived
    /// network, and of a baseline only the beat itself.
    ///
    /// # Errors
    /// As [`Self::parameters`].
    pub fn values(&self, input: &InputShape) -> std::result::Result<u64, String> {
        match self {
            Self::Derived { shape, genotype } => {
                Ok(counted(shape, genotype, input)?.values(genotype.normal.nodes.len()))
            }
            Self::Baseline(_) => Ok((input.leads as u64).saturating_mul(input.samples as u64)),
        }
    }

    /// Multiply-adds of convolutions and fully connected layers for one beat in a forward pass, as [`crate::cell::counts`] has
    /// them: convolutions computed directly; normalisation, pooling and sums left out.
    ///
    /// # Errors
    /// As [`Self::parameters`].
    pub fn multiply_adds(&self, input: &InputShape) -> std::result::Result<u64, String> {
        match self {
            Self::Derived { shape, genotype } => Ok(counted(shape, genotype, input)?.multiply_adds),
            Self::Baseline(baseline) => Ok(baseline.multiply_adds(input)),
        }
    }

    /// Builds the network with weights drawn from `generator`.
    ///
    /// # Errors
    /// As the constructors of the networks.
    pub fn build(&self, input: &InputShape, generator: &mut Generator) -> Result<Box<dyn Network>> {
        match self {
            Self::Derived { shape, genotype } => Ok(Box::new(Derived::new(genotype, shape, input, generator)?)),
            Self::Baseline(baseline) => baseline.build(input, generator),
        }
    }
}

fn counted(spec: &DerivedSpec, genotype: &Genotype, input: &InputShape) -> std::result::Result<Counts, String> {
    let InputShape { leads, samples, classes } = *input;
    let shape = Shape { leads, samples, channels: spec.channels, layers: spec.layers, classes };
    counts(genotype, &shape).map_err(|error| error.to_string())
}
