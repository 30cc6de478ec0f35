//! The matrix of EC57.

use std::iter::Sum;
use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

use crate::database::Class;

/// What the reference says of a beat: a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truth {
    /// A beat of a class: N S V F Q.
    Beat(Class),
    /// Nothing, the test invented it: O.
    Absent,
    /// Nothing, in a shutdown of the reference: X.
    Unreadable,
}

/// What the test says of a beat: a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Test {
    /// A beat of a class: n s v f q.
    Beat(Class),
    /// Nothing, the test missed it: o.
    Missed,
    /// Nothing, in a shutdown of the test: x.
    Shutdown,
}

impl Truth {
    /// All seven in order.
    pub const ALL: [Self; 7] = [
        Self::Beat(Class::N),
        Self::Beat(Class::S),
        Self::Beat(Class::V),
        Self::Beat(Class::F),
        Self::Beat(Class::Q),
        Self::Absent,
        Self::Unreadable,
    ];

    /// Place in [`Self::ALL`].
    pub fn index(self) -> usize {
        match self {
            Self::Beat(class) => class.index(),
            Self::Absent => 5,
            Self::Unreadable => 6,
        }
    }

    /// Its letter.
    pub fn symbol(self) -> &'static str {
        ["N", "S", "V", "F", "Q", "O", "X"][self.index()]
    }
}

impl Test {
    /// All seven in order.
    pub const ALL: [Self; 7] = [
        Self::Beat(Class::N),
        Self::Beat(Class::S),
        Self::Beat(Class::V),
        Self::Beat(Class::F),
        Self::Beat(Class::Q),
        Self::Missed,
        Self::Shutdown,
    ];

    /// Place in [`Self::ALL`].
    pub fn index(self) -> usize {
        match self {
            Self::Beat(class) => class.index(),
            Self::Missed => 5,
            Self::Shutdown => 6,
        }
    }

    /// Its letter.
    pub fn symbol(self) -> &'static str {
        ["n", "s", "v", "f", "q", "o", "x"][self.index()]
    }
}

/// Counts of beats, rows the reference (N S V F Q O X), columns the test (n s v f q o x). In JSON seven rows of seven
/// counts; the four that would be of no beat at all are 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tally {
    rows: [[u64; 7]; 7],
}

impl Tally {
    /// Counts one beat.
    pub(super) fn record(&mut self, truth: Truth, test: Test) {
        self.rows[truth.index()][test.index()] += 1;
    }

    /// The counts, rows the reference, columns the test.
    pub fn rows(&self) -> &[[u64; 7]; 7] {
        &self.rows
    }

    /// How many beats the reference has as `truth` and the test as `test`.
    pub fn count(&self, truth: Truth, test: Test) -> u64 {
        self.rows[truth.index()][test.index()]
    }

    /// How many beats of a class the reference has: a row's sum.
    pub fn support(&self, class: Class) -> u64 {
        self.rows[class.index()].iter().sum()
    }

    /// How many beats the reference has.
    pub fn beats(&self) -> u64 {
        Class::ALL.into_iter().map(|class| self.support(class)).sum()
    }

    /// How many beats were missed while the test was shut down.
    pub fn missed_in_shutdown(&self) -> u64 {
        self.rows.iter().map(|row| row[Test::Shutdown.index()]).sum()
    }
}

impl From<[[u64; 7]; 7]> for Tally {
    fn from(rows: [[u64; 7]; 7]) -> Self {
        Self { rows }
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        for (mine, theirs) in self.rows.iter_mut().flatten().zip(other.rows.iter().flatten()) {
            *mine += theirs;
        }
    }
}

impl Sum for Tally {
    fn sum<I: Iterator<Item = Self>>(tallies: I) -> Self {
        let mut sum = Self::default();
        tallies.for_each(|tally| sum += tally);
        sum
    }
}
