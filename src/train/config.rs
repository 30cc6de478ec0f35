//! How a network is trained.

use serde::{Deserialize, Serialize};

use super::error::{Error, Result};
use super::optimiser::SgdSpec;
use super::score::Score;
use crate::beat::{Augmentation, ClassCounts};

/// Training of one network. The defaults are the paper's (section IV-C), and DARTS's where the paper refers to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainConfig {
    /// Passes over the training beats. Default 100.
    pub epochs: usize,
    /// Beats a step. Default 256.
    pub batch: usize,
    /// The optimiser. Default SGD 0.025 to 0.001, momentum 0.9, weight decay 3e-4, clip 5.
    pub optimiser: SgdSpec,
    /// How the learning rate goes over the epochs. Default `Cosine`.
    pub schedule: Schedule,
    /// Probability that a path of a cell is dropped, growing linearly from 0 over the epochs. Default 0.
    pub drop_path: f32,
    /// Share of the target that is spread over all classes. Default 0.
    pub label_smoothing: f32,
    /// How much a beat weighs by its class. Default `Equal`.
    pub class_weights: ClassWeights,
    /// Random changes to training beats. Default none.
    pub augmentation: Option<Augmentation>,
    /// Stop after so many epochs without a better score. Default never.
    pub early_stopping: Option<usize>,
    /// Which epoch's weights are kept. Default `BestF1` on validation beats.
    pub selection: Selection,
    /// Whether the log shows test beats as well after each epoch, for a curve as in Fig. 6. Nothing is chosen by them unless
    /// `selection` says so. Default false.
    pub test_curve: bool,
    /// Seed of weights, order of beats, masks. Default 0.
    pub seed: u64,
}

impl TrainConfig {
    /// Whether test beats are looked at before the end.
    pub fn sees_test(&self) -> bool {
        self.test_curve || self.selection == Selection::BestOnTest
    }
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            epochs: 100,
            batch: 256,
            optimiser: SgdSpec::default(),
            schedule: Schedule::default(),
            drop_path: 0.0,
            label_smoothing: 0.0,
            class_weights: ClassWeights::default(),
            augmentation: None,
            early_stopping: None,
            selection: Selection::default(),
            test_curve: false,
            seed: 0,
        }
    }
}

/// How the learning rate goes over the epochs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub enum Schedule {
    /// Half a cosine from the first to the last rate (Loshchilov & Hutter 2017), a step an epoch.
    #[default]
    Cosine,
    /// As [`Self::Cosine`], after so many epochs of growing linearly from a tenth of the first rate.
    WarmUpCosine(usize),
    /// The first rate throughout.
    Constant,
}

impl Schedule {
    /// The learning rate of `epoch`, from 0, of `epochs`.
    pub fn rate(self, spec: &SgdSpec, epoch: usize, epochs: usize) -> f64 {
        let (start, end) = (spec.learning_rate, spec.learning_rate_end);
        let cosine = |epoch: usize, epochs: usize| {
            end + (start - end) * (1.0 + (std::f64::consts::PI * epoch as f64 / epochs.max(1) as f64).cos()) / 2.0
        };
        match self {
            Self::Constant => start,
            Self::Cosine => cosine(epoch, epochs),
            Self::WarmUpCosine(n) if epoch < n => start * (0.1 + 0.9 * epoch as f64 / n as f64),
            Self::WarmUpCosine(n) => cosine(epoch - n, epochs.saturating_sub(n)),
        }
    }
}

/// How much a beat weighs in the loss by its class; counts are those of the training beats.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClassWeights {
    /// All the same: the ordinary cross-entropy of the paper.
    #[default]
    Equal,
    /// By the inverse of the class's beats.
    Inverse,
    /// By the inverse square root of the class's beats.
    InverseSquareRoot,
}

impl ClassWeights {
    /// A weight a class, with mean 1 over the training beats; `None` when all weigh the same. A class without beats
    /// weighs 0.
    pub fn weights(self, counts: &ClassCounts) -> Option<Vec<f32>> {
        let power = match self {
            Self::Equal => return None,
            Self::Inverse => -1.0,
            Self::InverseSquareRoot => -0.5,
        };
        let raw: Vec<f64> = counts.iter().map(|&n| if n == 0 { 0.0 } else { (n as f64).powf(power) }).collect();
        let mean =
            raw.iter().zip(counts).map(|(w, &n)| w * n as f64).sum::<f64>() / counts.iter().sum::<usize>() as f64;
        Some(raw.iter().map(|w| (w / mean) as f32).collect())
    }
}

/// Which epoch's weights become the model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Selection {
    /// Best F1 from macro Se and +P on validation beats.
    #[default]
    BestF1,
    /// Best accuracy on validation beats.
    BestAccuracy,
    /// Lowest cross-entropy on validation beats.
    LowestLoss,
    /// The last epoch.
    Last,
    /// Best accuracy on **test** beats, as the paper apparently chose; figures from it are optimistic and labelled so.
    BestOnTest,
}

impl Selection {
    /// The number that the best epoch has most of.
    pub(super) fn value(self, score: &Score, epoch: usize) -> f64 {
        match self {
            Self::BestF1 => score.f1.unwrap_or(0.0),
            Self::BestAccuracy | Self::BestOnTest => score.accuracy,
            Self::LowestLoss => -score.loss,
            Self::Last => epoch as f64,
        }
    }

    /// The words that stand beside the figures.
    pub fn describe(self) -> &'static str {
        match self {
            Self::BestF1 => "epoch chosen by F1 on validation beats",
            Self::BestAccuracy => "epoch chosen by accuracy on validation beats",
            Self::LowestLoss => "epoch chosen by loss on validation beats",
            Self::Last => "last epoch",
            Self::BestOnTest => {
                "epoch chosen by accuracy on the TEST beats, as the paper apparently did: these figures are optimistic"
            }
        }
    }
}

impl TrainConfig {
    /// That it can run.
    ///
    /// # Errors
    /// [`Error::Configuration`] with the field, what it is and what it may be.
    pub fn check(&self) -> Result<()> {
        epochs(self.epochs)?;
        if self.batch < 2 {
            return wrong("batch", self.batch, "at least 2 (batch norm needs two beats)");
        }
        within("drop_path", self.drop_path, 0.0..1.0)?;
        within("label_smoothing", self.label_smoothing, 0.0..1.0)?;
        if self.early_stopping == Some(0) {
            return wrong("early_stopping", 0, "at least 1 epoch, or None");
        }
        if let Schedule::WarmUpCosine(n) = self.schedule
            && n >= self.epochs
        {
            return wrong("schedule", format!("a warm-up of {n} epochs"), "fewer than `epochs`");
        }
        self.optimiser.check()
    }
}

impl SgdSpec {
    /// That it can run.
    ///
    /// # Errors
    /// [`Error::Configuration`].
    pub fn check(&self) -> Result<()> {
        let rates =
            [("learning_rate", self.learning_rate), ("learning_rate_end", self.learning_rate_end), ("clip", self.clip)];
        for (field, rate) in rates {
            // Weights are f32, and so is what they are multiplied by.
            if !((rate as f32).is_finite() && rate > 0.0) {
                return wrong(field, rate, "a number above 0 and below 3e38");
            }
        }
        within("momentum", self.momentum as f32, 0.0..1.0)?;
        if !((self.weight_decay as f32).is_finite() && self.weight_decay >= 0.0) {
            return wrong("weight_decay", self.weight_decay, "0 or above, below 3e38");
        }
        Ok(())
    }
}

/// The most epochs of a run: a bound that keeps every count of beats within 64 bits.
const MOST_EPOCHS: usize = 1_000_000;

pub(crate) fn epochs(value: usize) -> Result<()> {
    if (1..=MOST_EPOCHS).contains(&value) { Ok(()) } else { wrong("epochs", value, "1 to 1000000") }
}

fn within(field: &'static str, value: f32, range: std::ops::Range<f32>) -> Result<()> {
    if range.contains(&value) {
        return Ok(());
    }
    wrong(field, value, &format!("at least {} and below {}", range.start, range.end))
}

fn wrong(field: &'static str, found: impl std::fmt::Display, expected: &str) -> Result<()> {
    Err(Error::Configuration { field, found: found.to_string(), expected: expected.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cosine_goes_from_the_first_rate_towards_the_last() {
        let spec = SgdSpec::default();
        let rate = |epoch| Schedule::Cosine.rate(&spec, epoch, 100);
        assert_eq!(rate(0), 0.025);
        assert!((rate(50) - 0.013).abs() < 1e-12 && rate(99) < 0.00101 && rate(99) > 0.001);
        let warm = Schedule::WarmUpCosine(5);
        assert!((warm.rate(&spec, 0, 100) - 0.0025).abs() < 1e-12 && warm.rate(&spec, 5, 100) == 0.025);
    }

    #[test]
    fn class_weights_have_mean_one_over_the_beats() {
        let counts = [900, 50, 40, 10, 0];
        for rule in [ClassWeights::Inverse, ClassWeights::InverseSquareRoot] {
            let weights = rule.weights(&counts).unwrap();
            let sum: f32 = weights.iter().zip(counts).map(|(w, n)| w * n as f32).sum();
            assert!((sum - 1000.0).abs() < 0.1 && weights[3] > weights[0] && weights[4] == 0.0, "{weights:?}");
        }
    }

    #[test]
    fn a_wrong_field_is_named() {
        let config = TrainConfig { batch: 1, ..TrainConfig::default() };
        assert!(config.check().unwrap_err().to_string().starts_with("batch: found 1"));
        TrainConfig::default().check().unwrap();
    }
}
