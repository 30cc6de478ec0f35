//! The rules by which beats are divided, as they are written in configurations.

use serde::{Deserialize, Serialize};

use crate::beat::{Error, Result};

/// More folds than any database has subjects; a study may train each.
const MOST_FOLDS: usize = 10_000;

/// Which beats train, validate and test. Shares are of beats, from 0 to below 1.
///
/// ```
/// # use heart_darts::{beat::SplitRule, support::files::parse_ron};
/// let rule: SplitRule = parse_ron("PatientFolds(folds: 10, fold: 3)", "example.ron")?;
/// assert_eq!(rule, SplitRule::PatientFolds { folds: 10, fold: 3, validation: 0.2, seed: 0 });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum SplitRule {
    /// Beats at random, as in the paper: beats of one patient come on all sides, so the figures say nothing of new
    /// patients.
    Random {
        /// The share of all beats that tests. Default 0.2.
        #[serde(default = "a_fifth")]
        test: f64,
        /// The share of the other beats that validates; 0 for none. Test beats are the same whatever it is. Default 0.2.
        #[serde(default = "a_fifth")]
        validation: f64,
        /// Whether each class is divided by itself. Default false: the paper's test set is not stratified.
        #[serde(default)]
        stratified: bool,
        /// Default 0.
        #[serde(default)]
        seed: u64,
    },
    /// The published sets of records of the database; for MIT-BIH de Chazal's DS1 trains and DS2 tests, without the paced
    /// records. Validation beats are those of whole subjects of the training set.
    InterPatient {
        /// About which share of the training beats validates; 0 for none. Default 0.2.
        #[serde(default = "a_fifth")]
        validation: f64,
        /// Chooses the subjects that validate. Default 0.
        #[serde(default)]
        seed: u64,
        /// Whether training keeps records of subjects that are also in the test set, as published: in DS1, 201, whose
        /// subject is that of 202 in DS2. Default false: they are left out of training, and the test set is as published.
        #[serde(default)]
        keep_shared: bool,
    },
    /// Subjects, each with all its records, dealt to folds with about as many beats of each class; one fold tests.
    PatientFolds {
        /// How many folds, 2 to 10 000.
        folds: usize,
        /// Which one tests, from 0 to `folds` - 1.
        fold: usize,
        /// About which share of the other beats validates, by whole subjects; 0 for none. Default 0.2.
        #[serde(default = "a_fifth")]
        validation: f64,
        /// Chooses among equally good folds and the subjects that validate. Default 0.
        #[serde(default)]
        seed: u64,
    },
}

fn a_fifth() -> f64 {
    0.2
}

impl Default for SplitRule {
    /// The paper's.
    fn default() -> Self {
        Self::random(0)
    }
}

impl SplitRule {
    /// The paper's: 80/20 of all beats, and 80/20 again of the training beats.
    pub fn random(seed: u64) -> Self {
        Self::Random { test: a_fifth(), validation: a_fifth(), stratified: false, seed }
    }

    /// The published sets with the defaults.
    pub fn inter_patient() -> Self {
        Self::InterPatient { validation: a_fifth(), seed: 0, keep_shared: false }
    }

    /// One of some folds (counted from 0) with the defaults.
    pub fn patient_folds(folds: usize, fold: usize) -> Self {
        Self::PatientFolds { folds, fold, validation: a_fifth(), seed: 0 }
    }

    /// `random`, `inter-patient` or `patient-folds`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Random { .. } => "random",
            Self::InterPatient { .. } => "inter-patient",
            Self::PatientFolds { .. } => "patient-folds",
        }
    }

    /// Whether subjects are kept whole.
    pub fn is_by_patient(&self) -> bool {
        !matches!(self, Self::Random { .. })
    }

    /// That every number is in its range; no beat is needed for that.
    ///
    /// # Errors
    /// [`Error::Setting`], naming the field.
    pub fn check(&self) -> Result<()> {
        let wrong = |what, found: String, expected: String| Err(Error::Setting { what, found, expected });
        let (Self::Random { validation, .. }
        | Self::InterPatient { validation, .. }
        | Self::PatientFolds { validation, .. }) = *self;
        if !(0.0..1.0).contains(&validation) {
            return wrong("split: validation", validation.to_string(), "a share of 0 or more and below 1".into());
        }
        match *self {
            Self::Random { test, .. } if !(test > 0.0 && test < 1.0) => {
                wrong("split: test", test.to_string(), "a share above 0 and below 1".into())
            }
            Self::PatientFolds { folds, .. } if !(2..=MOST_FOLDS).contains(&folds) => {
                wrong("split: folds", folds.to_string(), format!("2 to {MOST_FOLDS}"))
            }
            Self::PatientFolds { folds, fold, .. } if fold >= folds => {
                wrong("split: fold", fold.to_string(), format!("0 to {}, folds are counted from 0", folds - 1))
            }
            _ => Ok(()),
        }
    }
}
