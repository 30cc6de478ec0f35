//! The comparison of several records.

use serde::{Deserialize, Serialize};

use super::{Comparison, Figures, Options, Tally};

/// Version of the layout of [`Report`] as JSON.
pub const SCHEMA: u32 = 1;

/// A record's comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordReport {
    /// The record's name.
    pub record: String,
    /// Beats of the reference in the test period, outside flutter.
    pub beats: u64,
    /// The counts.
    pub matrix: Tally,
    /// What follows.
    pub figures: Figures,
    /// Beats missed while the test was shut down; they are among the missed ones of the figures.
    pub missed_in_shutdown: u64,
    /// How long the test was shut down, in seconds.
    pub shutdown: f64,
}

impl RecordReport {
    /// Of a comparison.
    pub fn new(record: impl Into<String>, Comparison { tally, shutdown }: Comparison) -> Self {
        Self {
            record: record.into(),
            beats: tally.beats(),
            matrix: tally,
            figures: Figures::of(&tally),
            missed_in_shutdown: tally.missed_in_shutdown(),
            shutdown,
        }
    }
}

/// The comparison of test annotations with reference annotations on several records. `docs/JSON.md` explains each key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: u32,
    /// Which annotations are the reference.
    pub reference: String,
    /// Which are tested.
    pub test: String,
    /// Where the test period begins, in seconds.
    pub from: f64,
    /// The match window in seconds.
    pub window: f64,
    /// What a reader of the figures has to know.
    pub notes: Vec<String>,
    /// Beats of the reference in all.
    pub beats: u64,
    /// The sum of the records' counts.
    pub matrix: Tally,
    /// The figures of that sum: each beat weighs the same.
    pub gross: Figures,
    /// The means of the records' figures: each record weighs the same.
    pub average: Figures,
    /// The same by record.
    pub records: Vec<RecordReport>,
}

impl Report {
    /// Of records. `reference` and `test` are for people.
    pub fn new(
        reference: impl Into<String>,
        test: impl Into<String>,
        options: Options,
        records: Vec<RecordReport>,
    ) -> Self {
        let matrix: Tally = records.iter().map(|record| record.matrix).sum();
        let of_sum: Vec<Figures> = records.iter().map(|record| Figures::of_sum(&record.matrix)).collect();
        let mut notes = Vec::new();
        if options != Options::default() {
            notes.push(
                "not a comparison that EC57 permits: it leaves out the first 300 s and has a match window of 0.15 s"
                    .into(),
            );
        }
        let missed: u64 = records.iter().map(|record| record.missed_in_shutdown).sum();
        if missed > 0 {
            notes.push(format!("{missed} beats were missed while the test was shut down; they count as missed"));
        }
        Self {
            schema: SCHEMA,
            reference: reference.into(),
            test: test.into(),
            from: options.from,
            window: options.window,
            notes,
            beats: matrix.beats(),
            matrix,
            gross: Figures::of_sum(&matrix),
            average: Figures::average(&of_sum),
            records,
        }
    }

    /// Adds what a reader has to know.
    pub fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }
}
