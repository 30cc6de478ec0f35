//! What the trainings of a study reached.

use std::path::PathBuf;

use super::Row;
use super::table::Spread;
use crate::evaluate::{Evaluation, Figures};
use crate::train::EpochLine;

/// What one seed of a row reached.
#[derive(Debug, Clone)]
pub struct StudyResult {
    /// The row's name.
    pub row: String,
    /// The seed.
    pub seed: u64,
    /// Its training, or that of each fold.
    pub trainings: Vec<StudyTraining>,
    /// On the test part, with the epoch chosen as the training says; of all folds' test beats together where there are several.
    pub evaluation: Box<Evaluation>,
    /// F1 of the chosen epoch on validation beats, over folds the mean: what choices between rows go by.
    pub validation_f1: Option<f64>,
    /// The best test accuracy of any epoch, where the log has it: what choosing on test beats would have reported.
    pub best_on_test: Option<f64>,
}

/// A training of a study that is done.
#[derive(Debug, Clone)]
pub struct StudyTraining {
    /// The model's folder.
    pub model: PathBuf,
    /// The chosen epoch, from 1, of how many.
    pub epoch: (usize, usize),
    /// On the test part.
    pub evaluation: Box<Evaluation>,
    validation_f1: Option<f64>,
    best_on_test: Option<f64>,
}

impl StudyTraining {
    pub(super) fn new(model: PathBuf, evaluation: Box<Evaluation>, log: &[EpochLine], epoch: usize) -> Self {
        let best_on_test = log.iter().filter_map(|line| line.test.map(|test| test.accuracy)).reduce(f64::max);
        let validation_f1 = log.get(epoch.wrapping_sub(1)).and_then(|line| line.validation?.f1);
        Self { model, epoch: (epoch, log.len()), evaluation, validation_f1, best_on_test }
    }
}

impl StudyResult {
    pub(super) fn new(row: &Row, seed: u64, trainings: Vec<StudyTraining>) -> Self {
        let (row, mean) = (row.name.clone(), |values: Vec<f64>| Spread::of(&values).map(|spread| spread.mean));
        let validation_f1 = mean(trainings.iter().filter_map(|training| training.validation_f1).collect());
        let (evaluation, best_on_test) = match &trainings[..] {
            [one] => (one.evaluation.clone(), one.best_on_test),
            // Several epochs that are best on test beats are of several choices: together they are none.
            folds => (Box::new(together(folds)), None),
        };
        Self { row, seed, trainings, evaluation, validation_f1, best_on_test }
    }

    /// The figures on the test part.
    pub fn figures(&self) -> &Figures {
        &self.evaluation.figures
    }
}

/// The test beats of all folds as one set: every patient once, by a model that did not learn from him.
fn together(folds: &[StudyTraining]) -> Evaluation {
    let sentence =
        format!("Every fold of {}, each subject tested once by a model that did not learn from it.", folds.len());
    let mut records: Vec<_> = folds.iter().flat_map(|fold| fold.evaluation.records.iter().cloned()).collect();
    records.sort_by(|a, b| a.record.cmp(&b.record));
    Evaluation::new(sentence, records, None)
}
