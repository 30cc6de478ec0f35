//! The log of a search: what an epoch came to.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::monitor::{AlphaTable, Monitor};
use crate::cell::{CellKind, Genotype, derive_cell};
use crate::train::{self, Error, Result};

/// One line of a search's log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochLine {
    /// From 1.
    pub epoch: usize,
    /// Learning rate of the weights.
    pub learning_rate: f64,
    /// Mean loss of the training batches, each before its step.
    pub training_loss: f64,
    /// Accuracy on the same.
    pub training_accuracy: f64,
    /// Mean loss of the validation batches that moved alpha, each before its step, with the batch's own statistics. `None`
    /// in a warm-up epoch, which takes no validation batch.
    pub validation_loss: Option<f64>,
    /// Accuracy on the same.
    pub validation_accuracy: Option<f64>,
    /// Entropy, skips, zeros.
    pub monitor: Monitor,
    /// Alpha of the normal and of the reduction cell after the epoch.
    pub alpha: [AlphaTable; 2],
    /// The genotype of the moment.
    pub genotype: Genotype,
}

/// The lines of a search's log, as [`train::read_log`], each with alpha for the same edges and no value that is not finite.
///
/// # Errors
/// As [`train::read_log`]; [`Error::Malformed`] with the line.
pub fn read_log(path: &Path) -> Result<Vec<EpochLine>> {
    let log: Vec<EpochLine> = train::read_log(path)?;
    let expected = log.first().map_or(0, |line| line.alpha[0].len());
    for (i, line) in log.iter().enumerate() {
        let wrong = |message| Error::Malformed { path: path.into(), place: format!("line {}: alpha", i + 1), message };
        let found = line.alpha.each_ref().map(Vec::len);
        if found != [expected; 2] {
            let message = format!("found {} and {} edges, expected {expected} of both cells", found[0], found[1]);
            return Err(wrong(message));
        }
        for (kind, table) in CellKind::ALL.into_iter().zip(&line.alpha) {
            derive_cell(table)
                .map_err(|error| wrong(format!("{kind} cell: found values that give no cell: {error}")))?;
        }
    }
    Ok(log)
}

/// A line for people.
pub(super) fn describe(line: &EpochLine, epochs: usize) -> String {
    let Monitor { entropy, skips, .. } = &line.monitor;
    let validation = match (line.validation_loss, line.validation_accuracy) {
        (Some(loss), Some(accuracy)) => format!("validation loss {loss:.4}, accuracy {:.2} %", 100.0 * accuracy),
        _ => "warm-up".into(),
    };
    format!(
        "epoch {}/{epochs}  training loss {:.4}, accuracy {:.2} %  {validation}  entropy {:.3} {:.3}, skips {} {}",
        line.epoch,
        line.training_loss,
        100.0 * line.training_accuracy,
        entropy[0],
        entropy[1],
        skips[0],
        skips[1]
    )
}
