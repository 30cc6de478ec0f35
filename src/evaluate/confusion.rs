//! The confusion matrix.

use std::iter::Sum;
use std::ops::{Add, AddAssign};

use serde::{Deserialize, Serialize};

use super::Error;
use crate::beat::Class;

/// JSON's largest exact integer, 2⁵³.
const MOST_BEATS: u64 = 1 << 53;

/// Counts of beats by reference and predicted class, `[reference, prediction]`, both in the order N S V F Q. In JSON an
/// array of five rows of five counts.
///
/// ```
/// use heart_darts::beat::Class::{N, V};
/// use heart_darts::evaluate::ConfusionMatrix;
///
/// let matrix: ConfusionMatrix = [(N, N), (N, N), (V, N), (V, V)].into_iter().collect();
/// assert_eq!(matrix.count(V, N), 1);
/// assert_eq!((matrix.support(V), matrix.predicted(V), matrix.total()), (2, 1, 4));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "[[u64; 5]; 5]", try_from = "[[u64; 5]; 5]")]
pub struct ConfusionMatrix {
    rows: [[u64; 5]; 5],
}

impl ConfusionMatrix {
    /// A matrix of given counts, rows the reference, columns the prediction.
    ///
    /// # Errors
    /// [`Error::TooManyBeats`] above 2⁵³ beats in all: no such set exists, the counts are damaged.
    pub fn new(rows: [[u64; 5]; 5]) -> Result<Self, Error> {
        let total: u128 = rows.iter().flatten().map(|&count| u128::from(count)).sum();
        if total > u128::from(MOST_BEATS) {
            return Err(Error::TooManyBeats { limit: MOST_BEATS });
        }
        Ok(Self { rows })
    }

    /// The matrix of the beats of the other classes alone, as where a class is left out of an evaluation (the four classes N S V
    /// F of many studies); beats that were taken for it stay, as errors.
    pub fn without(mut self, reference: Class) -> Self {
        self.rows[reference.index()] = [0; 5];
        self
    }

    /// Counts one beat.
    pub fn record(&mut self, reference: Class, prediction: Class) {
        self.record_many(reference, prediction, 1);
    }

    /// Counts several beats.
    pub(super) fn record_many(&mut self, reference: Class, prediction: Class, beats: u64) {
        self.rows[reference.index()][prediction.index()] += beats;
    }

    /// The counts, rows the reference, columns the prediction.
    pub fn rows(&self) -> &[[u64; 5]; 5] {
        &self.rows
    }

    /// How many beats of class `reference` were taken for `prediction`.
    pub fn count(&self, reference: Class, prediction: Class) -> u64 {
        self.rows[reference.index()][prediction.index()]
    }

    /// How many beats of the class there are: a row's sum.
    pub fn support(&self, class: Class) -> u64 {
        self.rows[class.index()].iter().sum()
    }

    /// How many beats were taken for the class: a column's sum.
    pub fn predicted(&self, class: Class) -> u64 {
        self.rows.iter().map(|row| row[class.index()]).sum()
    }

    /// How many beats there are.
    pub fn total(&self) -> u64 {
        self.rows.iter().flatten().sum()
    }

    /// How many beats were classified rightly: the diagonal's sum.
    pub fn correct(&self) -> u64 {
        Class::ALL.into_iter().map(|class| self.count(class, class)).sum()
    }
}

impl From<ConfusionMatrix> for [[u64; 5]; 5] {
    fn from(matrix: ConfusionMatrix) -> Self {
        matrix.rows
    }
}

impl TryFrom<[[u64; 5]; 5]> for ConfusionMatrix {
    type Error = Error;

    fn try_from(rows: [[u64; 5]; 5]) -> Result<Self, Error> {
        Self::new(rows)
    }
}

impl FromIterator<(Class, Class)> for ConfusionMatrix {
    /// From pairs of reference and prediction.
    fn from_iter<I: IntoIterator<Item = (Class, Class)>>(pairs: I) -> Self {
        let mut matrix = Self::default();
        pairs.into_iter().for_each(|(reference, prediction)| matrix.record(reference, prediction));
        matrix
    }
}

impl AddAssign for ConfusionMatrix {
    fn add_assign(&mut self, other: Self) {
        for (mine, theirs) in self.rows.iter_mut().flatten().zip(other.rows.iter().flatten()) {
            *mine += theirs;
        }
    }
}

impl Add for ConfusionMatrix {
    type Output = Self;

    fn add(mut self, other: Self) -> Self {
        self += other;
        self
    }
}

impl Sum for ConfusionMatrix {
    fn sum<I: Iterator<Item = Self>>(matrices: I) -> Self {
        matrices.fold(Self::default(), Add::add)
    }
}
