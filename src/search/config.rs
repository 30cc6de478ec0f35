//! How a search runs.

use serde::{Deserialize, Serialize};

use super::Perturbation;
use crate::network::SupernetSpec;
use crate::train::{AdamSpec, Error, Result, SgdSpec};

/// A search. The defaults are the paper's (section IV-C), and DARTS's on CIFAR-10 where the paper refers to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SearchConfig {
    /// Width and depth. Default 16 channels, 8 cells.
    pub supernet: SupernetSpec,
    /// Passes over the training beats. Default 100.
    pub epochs: usize,
    /// Beats a step, of training and of validation each. Default 100.
    pub batch: usize,
    /// The optimiser of the weights. Default SGD 0.025 to 0.001 by a cosine, momentum 0.9, weight decay 3e-4, clip 5.
    pub weights: SgdSpec,
    /// The optimiser of alpha. Default Adam 3e-4, betas 0.5 and 0.999, weight decay 1e-3.
    pub alpha: AdamSpec,
    /// Epochs at the start in which alpha stays as it is. Default 0, as in the paper; with `perturbation` it may be all.
    pub warm_up: usize,
    /// At the end, operations are chosen by what the supernet loses without them instead of by alpha. Default `None`, as in the
    /// paper.
    pub perturbation: Option<Perturbation>,
    /// Seed of weights, alpha and the order of beats. Default 0.
    pub seed: u64,
}

impl Default for SearchConfig {
    fn default() -> Self {
        Self {
            supernet: SupernetSpec::default(),
            epochs: 100,
            batch: 100,
            weights: SgdSpec::default(),
            alpha: AdamSpec::default(),
            warm_up: 0,
            perturbation: None,
            seed: 0,
        }
    }
}

impl SearchConfig {
    /// That it can run.
    ///
    /// # Errors
    /// [`Error::Configuration`] with the field, what it is and what it may be.
    pub fn check(&self) -> Result<()> {
        let wrong = |field, found: String, expected: &str| {
            Err(Error::Configuration { field, found, expected: expected.to_owned() })
        };
        if self.batch < 2 {
            return wrong("batch", self.batch.to_string(), "at least 2 (batch norm needs two beats)");
        }
        crate::train::epochs(self.epochs)?;
        match &self.perturbation {
            None if self.warm_up >= self.epochs => {
                return wrong(
                    "warm_up",
                    self.warm_up.to_string(),
                    "fewer epochs than `epochs`: alpha must learn in some",
                );
            }
            Some(_) if self.warm_up > self.epochs => {
                return wrong("warm_up", self.warm_up.to_string(), "at most `epochs`");
            }
            Some(Perturbation { beats, .. }) if *beats < 2 => {
                return wrong("perturbation.beats", beats.to_string(), "at least 2");
            }
            Some(Perturbation { learning_rate, .. }) if !(learning_rate.is_finite() && *learning_rate > 0.0) => {
                return wrong("perturbation.learning_rate", learning_rate.to_string(), "a number above 0");
            }
            _ => {}
        }
        let SupernetSpec { channels, layers } = self.supernet;
        if !(2..=256).contains(&channels) || channels % 2 == 1 {
            return wrong("supernet.channels", channels.to_string(), "an even number from 2 to 256");
        }
        if !(3..=60).contains(&layers) {
            return wrong("supernet.layers", layers.to_string(), "3 to 60: two of them are reduction cells");
        }
        if !(self.alpha.weight_decay >= 0.0 && self.alpha.weight_decay.is_finite()) {
            return wrong("alpha.weight_decay", self.alpha.weight_decay.to_string(), "0 or above");
        }
        let (first, second) = self.alpha.betas;
        if !(0.0..1.0).contains(&first) || !(0.0..1.0).contains(&second) {
            return wrong("alpha.betas", format!("({first}, {second})"), "two numbers of at least 0 and below 1");
        }
        if !(self.alpha.learning_rate > 0.0 && self.alpha.learning_rate.is_finite()) {
            return wrong("alpha.learning_rate", self.alpha.learning_rate.to_string(), "a number above 0");
        }
        self.weights.check()
    }
}
