//! Networks designed by hand, which a searched one has to beat: those that the paper compares with, and a plain residual
//! network of any size.

mod cnn;
mod residual;

use candle_core::Result;
use serde::{Deserialize, Serialize};

use self::cnn::Cnn;
use self::residual::Residual;
pub use self::residual::ResidualSpec;
use super::Network;
use super::spec::InputShape;
use crate::support::random::Generator;

/// A network designed by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Baseline {
    /// Acharya et al. 2017, *A deep convolutional neural network model to classify heartbeats* (Computers in Biology and
    /// Medicine 89): convolutions of 3, 4 and 4 taps to 5, 10 and 20 channels, each followed by a max pool of 2; layers of
    /// 30, 20 and as many units as classes; leaky ReLU.
    Cnn9,
    /// Acharya et al. 2017, *Automated detection of arrhythmias using different intervals of tachycardia ECG segments with
    /// convolutional neural network* (Information Sciences 405), net A: convolutions of 27, 14, 3 and 4 taps to 3, 10, 10 and
    /// 10 channels, each followed by a max pool of 2; layers of 30, 10 and as many units as classes; leaky ReLU.
    Cnn11,
    /// A residual network of 31 convolutions, after Li et al. 2020, *Heartbeat classification using deep residual
    /// convolutional neural network from 2-lead electrocardiogram* (Journal of Electrocardiology 58). Widths and taps are
    /// not in the papers at hand: this is [`ResidualSpec::default`].
    ResNet31,
    /// A residual network of another size.
    Residual(ResidualSpec),
}

impl Baseline {
    /// The names of those that need no sizes.
    pub const NAMES: [&str; 3] = ["cnn-9", "cnn-11", "resnet-31"];

    /// One of [`Self::NAMES`].
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "cnn-9" => Some(Self::Cnn9),
            "cnn-11" => Some(Self::Cnn11),
            "resnet-31" => Some(Self::ResNet31),
            _ => None,
        }
    }

    /// That it can be built.
    ///
    /// # Errors
    /// A sentence with what was found and what was expected.
    pub fn check(&self) -> std::result::Result<(), String> {
        if let Self::Residual(spec) = self { spec.check() } else { Ok(()) }
    }

    /// Trainable numbers for some input, without building it; 0 where beats are too short for it.
    pub fn parameters(&self, input: &InputShape) -> u64 {
        match self {
            Self::Cnn9 => cnn::CNN_9.parameters(input),
            Self::Cnn11 => cnn::CNN_11.parameters(input),
            Self::ResNet31 => ResidualSpec::default().parameters(input),
            Self::Residual(spec) => spec.parameters(input),
        }
    }

    /// Multiply-adds for one beat in a forward pass; 0 where beats are too short for it.
    pub fn multiply_adds(&self, input: &InputShape) -> u64 {
        match self {
            Self::Cnn9 => cnn::CNN_9.multiply_adds(input),
            Self::Cnn11 => cnn::CNN_11.multiply_adds(input),
            Self::ResNet31 => ResidualSpec::default().multiply_adds(input),
            Self::Residual(spec) => spec.multiply_adds(input),
        }
    }

    /// Builds it with weights drawn from `generator`.
    ///
    /// # Errors
    /// When beats are too short for it or a size is impossible.
    pub fn build(&self, input: &InputShape, generator: &mut Generator) -> Result<Box<dyn Network>> {
        Ok(match self {
            Self::Cnn9 => Box::new(Cnn::new(&cnn::CNN_9, input, generator)?),
            Self::Cnn11 => Box::new(Cnn::new(&cnn::CNN_11, input, generator)?),
            Self::ResNet31 => Box::new(Residual::new(&ResidualSpec::default(), input, generator)?),
            Self::Residual(spec) => Box::new(Residual::new(spec, input, generator)?),
        })
    }
}

impl std::fmt::Display for Baseline {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self {
            Self::Cnn9 => f.write_str("CNN-9 (Acharya et al. 2017)"),
            Self::Cnn11 => f.write_str("CNN-11 (Acharya et al. 2017)"),
            Self::ResNet31 => f.write_str("ResNet-31 (after Li et al. 2020)"),
            Self::Residual(spec) => spec.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Layer by layer by hand, for two leads of 300 samples.
    #[test]
    fn multiply_adds_are_those_of_the_layers() {
        let input = InputShape { leads: 2, samples: 300, classes: 5 };
        let convolutions = 298 * 3 * 2 * 5 + 146 * 4 * 5 * 10 + 70 * 4 * 10 * 20;
        assert_eq!(Baseline::Cnn9.multiply_adds(&input), convolutions + 35 * 20 * 30 + 30 * 20 + 20 * 5);
        let two_stages = ResidualSpec { channels: 8, stages: 2, blocks: 1, taps: 3 };
        let stem = 150 * 5 * 2 * 32;
        let first = 75 * (3 * 32 * 8 + 3 * 8 * 8 + 32 * 8);
        let second = 38 * (3 * 8 * 16 + 3 * 16 * 16 + 8 * 16);
        assert_eq!(Baseline::Residual(two_stages).multiply_adds(&input), stem + first + second + 16 * 5);
        assert_eq!(Baseline::Cnn11.multiply_adds(&InputShape { samples: 20, ..input }), 0, "too short");
    }
}
