//! All that is known of a model on some beats, as `metrics.json` and `--json` hold it.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{ByClass, Calibration, ConfusionMatrix, Error, Figures, IntervalSets, json};
use crate::beat::Class;
use crate::support::digests::Digests;
use crate::support::files;

/// The version of the layout of [`Evaluation`] in JSON. Keys may be added without a new one.
pub const SCHEMA: u32 = 1;

/// Below this many beats a class's sensitivity is so uncertain that it is said aloud.
const FEW_BEATS: u64 = 50;

/// The outcome of classifying some beats; `docs/JSON.md` explains each key.
///
/// ```
/// use heart_darts::evaluate::{ConfusionMatrix, Evaluation, RecordEvaluation};
///
/// let matrix = |n_right, v_right, v_wrong| {
///     ConfusionMatrix::new([[n_right, 0, 0, 0, 0], [0; 5], [v_wrong, 0, v_right, 0, 0], [0; 5], [0; 5]])
/// };
/// let records = vec![
///     RecordEvaluation::new("100", "100", matrix(90, 8, 2)?),
///     RecordEvaluation::new("201", "201", matrix(40, 9, 1)?),
///     RecordEvaluation::new("202", "201", matrix(50, 9, 1)?), // the same patient as 201
/// ];
/// let evaluation = Evaluation::new("inter-patient: DS2 of de Chazal et al.", records, None);
/// assert_eq!(evaluation.figures.classes.v.sensitivity, Some(26.0 / 30.0));
/// assert_eq!(evaluation.figures.classes.s.sensitivity, None);
/// # Ok::<(), heart_darts::evaluate::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// The version of this layout, [`SCHEMA`].
    pub schema: u32,
    /// Which beats these are and which the model was trained on, as a sentence.
    pub split: String,
    /// What a reader of the figures has to know.
    pub notes: Vec<String>,
    /// What the model was made of, the model itself, and the beats: none where that is not known, as in files of before
    /// there were any.
    #[serde(default)]
    pub digests: Digests,
    /// How many beats.
    pub beats: u64,
    /// How many beats of each class the reference has.
    pub support: ByClass<u64>,
    /// Rows the reference, columns the prediction, N S V F Q.
    pub confusion_matrix: ConfusionMatrix,
    /// What follows from the matrix, as fractions.
    pub figures: Figures,
    /// How uncertain that is.
    pub intervals: IntervalSets,
    /// What the probabilities are worth; `None` when only classes were known.
    pub calibration: Option<Calibration>,
    /// The same by record; empty when it is not known which beat is of which record.
    pub records: Vec<RecordEvaluation>,
}

/// The outcome on the beats of one record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordEvaluation {
    /// The record's name.
    pub record: String,
    /// Whose record it is.
    pub subject: String,
    /// How many beats.
    pub beats: u64,
    /// How many of them were classified wrongly.
    pub errors: u64,
    /// The share that was classified rightly; `None` without beats.
    pub accuracy: Option<f64>,
    /// Rows the reference, columns the prediction, N S V F Q.
    pub confusion_matrix: ConfusionMatrix,
}

impl RecordEvaluation {
    /// Of one record's matrix.
    pub fn new(record: impl Into<String>, subject: impl Into<String>, matrix: ConfusionMatrix) -> Self {
        let beats = matrix.total();
        Self {
            record: record.into(),
            subject: subject.into(),
            beats,
            errors: beats - matrix.correct(),
            accuracy: Figures::of(&matrix).accuracy,
            confusion_matrix: matrix,
        }
    }
}

impl Evaluation {
    /// From the matrix of each record. `split` says which beats these are and which the model was trained on.
    pub fn new(split: impl Into<String>, records: Vec<RecordEvaluation>, calibration: Option<Calibration>) -> Self {
        let mut subjects = BTreeMap::<&str, ConfusionMatrix>::new();
        for record in &records {
            *subjects.entry(&record.subject).or_default() += record.confusion_matrix;
        }
        let subjects: Vec<_> = subjects.into_values().collect();
        Self::assemble(split.into(), &subjects, records, calibration)
    }

    /// From one matrix, where it is not known which beat is of which record.
    pub fn of_matrix(split: impl Into<String>, matrix: ConfusionMatrix) -> Self {
        Self::assemble(split.into(), &[matrix], Vec::new(), None)
    }

    fn assemble(
        split: String,
        subjects: &[ConfusionMatrix],
        records: Vec<RecordEvaluation>,
        calibration: Option<Calibration>,
    ) -> Self {
        let matrix: ConfusionMatrix = subjects.iter().copied().sum();
        let intervals = IntervalSets::of(subjects);
        Self {
            schema: SCHEMA,
            split,
            notes: notes(&matrix, &intervals),
            digests: Digests::default(),
            beats: matrix.total(),
            support: ByClass::from_fn(|class| matrix.support(class)),
            confusion_matrix: matrix,
            figures: Figures::of(&matrix),
            intervals,
            calibration,
            records,
        }
    }

    /// Adds a remark to [`Self::notes`].
    pub fn note(&mut self, remark: impl Into<String>) {
        self.notes.push(remark.into());
    }

    /// As JSON text with a newline at the end.
    pub fn to_json(&self) -> String {
        json::to_text(self)
    }

    /// Writes the JSON file, whole or not at all.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        Ok(files::write_atomic(path, self.to_json().as_bytes())?)
    }

    /// Reads what [`Self::write`] wrote. Keys that it does not know are ignored.
    ///
    /// # Errors
    /// As [`Self::parse`], and [`Error::File`] when the file cannot be read.
    pub fn read(path: &Path) -> Result<Self, Error> {
        Self::parse(&files::read_text(path)?, &path.display().to_string())
    }

    /// Parses JSON; `origin` names it in errors. What follows from the matrix is computed again and must agree.
    ///
    /// # Errors
    /// [`Error::File`] with line and column when it is not such JSON, [`Error::Schema`] of another version,
    /// [`Error::Inconsistent`] when figures, counts or records do not belong to the matrix.
    pub fn parse(text: &str, origin: &str) -> Result<Self, Error> {
        #[derive(Deserialize)]
        struct Version {
            schema: u32,
        }
        // First the version alone: a file of another version should say so, whatever else it holds.
        let found = json::parse::<Version>(text, origin)?.schema;
        if found != SCHEMA {
            return Err(Error::Schema { origin: origin.into(), found, expected: SCHEMA });
        }
        let evaluation: Self = json::parse(text, origin)?;
        evaluation.check(origin)?;
        Ok(evaluation)
    }

    fn check(&self, origin: &str) -> Result<(), Error> {
        let wrong = |key: &str, found: String, expected: String| {
            Err(Error::Inconsistent { origin: origin.into(), key: key.into(), found, expected })
        };
        let matrix = &self.confusion_matrix;
        if self.beats != matrix.total() {
            return wrong("beats", self.beats.to_string(), format!("`confusion_matrix` holds {}", matrix.total()));
        }
        for (class, &found) in self.support.iter() {
            let expected = matrix.support(class);
            if found != expected {
                let expected = format!("that row of `confusion_matrix` holds {expected}");
                return wrong(&format!("support.{}", class.symbol()), found.to_string(), expected);
            }
        }
        let again = Figures::of(matrix);
        for ((key, found), (_, expected)) in self.figures.named().into_iter().zip(again.named()) {
            let close = match (found, expected) {
                (Some(found), Some(expected)) => (found - expected).abs() < 1e-9,
                (found, expected) => found == expected,
            };
            if !close {
                let show = |value: &Option<f64>| value.map_or("null".into(), |value| value.to_string());
                let expected = format!("`confusion_matrix` gives {}", show(expected));
                return wrong(&format!("figures.{key}"), show(found), expected);
            }
        }
        let sum: u128 = self.records.iter().map(|record| u128::from(record.confusion_matrix.total())).sum();
        // The counts first, so that adding the matrices cannot overflow.
        if !self.records.is_empty()
            && (sum != u128::from(self.beats)
                || self.records.iter().map(|record| record.confusion_matrix).sum::<ConfusionMatrix>() != *matrix)
        {
            let expected = "their sum should be `confusion_matrix`".to_string();
            return wrong("records", format!("matrices of {sum} beats in all"), expected);
        }
        Ok(())
    }
}

/// What every reader should know of these figures.
fn notes(matrix: &ConfusionMatrix, intervals: &IntervalSets) -> Vec<String> {
    let mut notes = vec![match intervals.subjects {
        Some(_) => {
            "`intervals.beats` takes beats as independent, which beats of one patient are not: for what to expect \
                    of new patients see `intervals.subjects`"
                .to_string()
        }
        None => {
            "the intervals take beats as independent, which beats of one patient are not: for new patients they are \
                 too narrow"
                .to_string()
        }
    }];
    for class in Class::ALL {
        let (symbol, support, predicted) = (class.symbol(), matrix.support(class), matrix.predicted(class));
        match (support, predicted) {
            (0, 0) => notes.push(format!("class {symbol} has no beats and is never predicted: it is in no figure")),
            (0, _) => notes.push(format!(
                "class {symbol} has no beats but is predicted {predicted} times: it is in no macro mean, its false \
                 alarms lower the sensitivity of the other classes"
            )),
            (_, 0) => notes.push(format!(
                "class {symbol} is never predicted: its positive predictivity is undefined and counts as 0 in the macro \
                 mean"
            )),
            (1..FEW_BEATS, _) => {
                if let Some(interval) = intervals.beats.classes[class].sensitivity {
                    let (low, high) = (100.0 * interval.low, 100.0 * interval.high);
                    let beats = if support == 1 { "beat" } else { "beats" };
                    notes.push(format!(
                        "class {symbol} has only {support} {beats}: its sensitivity is somewhere in {low:.0} to {high:.0} %"
                    ));
                }
            }
            _ => {}
        }
    }
    notes
}
