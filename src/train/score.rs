//! What is counted over an epoch.

use serde::{Deserialize, Serialize};

use super::step::Seen;
use crate::evaluate::{ConfusionMatrix, Figures};

/// Sums over the beats that were seen, from which the figures of an epoch come.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Sums {
    /// Beats.
    pub beats: u64,
    /// Beats whose class was found.
    pub correct: u64,
    /// Sum over beats of the loss.
    pub loss: f64,
}

impl Sums {
    /// Takes a batch in.
    pub fn add(&mut self, seen: Seen) {
        self.beats += seen.beats as u64;
        self.correct += seen.correct as u64;
        self.loss += f64::from(seen.loss) * seen.beats as f64;
    }

    /// Share of beats whose class was found.
    pub fn accuracy(&self) -> f64 {
        self.correct as f64 / self.beats.max(1) as f64
    }

    /// Mean loss.
    pub fn mean_loss(&self) -> f64 {
        self.loss / self.beats.max(1) as f64
    }
}

/// Figures of one epoch on one part of the data.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Mean cross-entropy.
    pub loss: f64,
    /// Share of beats whose class was found.
    pub accuracy: f64,
    /// Macro sensitivity.
    pub sensitivity: Option<f64>,
    /// Macro positive predictivity.
    pub positive_predictivity: Option<f64>,
    /// F1 from the two, as in the paper's tables.
    pub f1: Option<f64>,
}

impl Score {
    /// From a confusion matrix and the mean cross-entropy.
    pub fn of(matrix: &ConfusionMatrix, loss: f64) -> Self {
        let figures = Figures::of(matrix);
        Self {
            loss,
            accuracy: figures.accuracy.unwrap_or(0.0),
            sensitivity: figures.macro_sensitivity,
            positive_predictivity: figures.macro_positive_predictivity,
            f1: figures.f1_of_macro_means,
        }
    }
}
