//! A set of beats in memory: one copy of the samples, and where each beat came from.

use serde::{Deserialize, Serialize};

use crate::beat::{Context, Error, Result};
use crate::database::Class;
use crate::signal::Preprocessing;

/// How many beats of each class, in the order N S V F Q.
pub type ClassCounts = [usize; 5];

/// Which side of a published inter-patient split a record is on; for MIT-BIH de Chazal et al. 2004
/// (doi:10.1109/TBME.2004.827359): DS1 trains, DS2 tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PublishedSet {
    /// DS1.
    Training,
    /// DS2.
    Test,
}

/// A record that gave beats.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordInfo {
    /// The record's name, such as `201`.
    pub name: String,
    /// Whose heart it is; records of one subject share it, such as `201` and `202` of MIT-BIH.
    pub subject: String,
    /// Its side in the database's published inter-patient sets; `None` when it is in neither.
    pub published: Option<PublishedSet>,
}

/// Beats cut from records, in the order of the records and, within one, of time.
#[derive(Debug, Clone, PartialEq)]
pub struct Beats {
    /// The database's name, for messages.
    pub database: String,
    /// Rate of `values` in Hz, after resampling.
    pub frequency: f64,
    /// How many leads a beat has.
    pub leads: usize,
    /// How many samples of each lead.
    pub samples: usize,
    /// `[beats, leads, samples]` in mV, or standardised (mean 0, deviation 1).
    pub values: Vec<f32>,
    /// `[beats]`
    pub classes: Vec<Class>,
    /// `[beats]`: index into `records`.
    pub record: Vec<u32>,
    /// `[beats]`: the R peak, in samples of the record as it is on disk (not resampled), from 0.
    pub position: Vec<u64>,
    /// The records, in the database's order.
    pub records: Vec<RecordInfo>,
    /// What follows a beat's leads.
    pub context: Context,
}

impl Beats {
    /// How many beats.
    pub fn len(&self) -> usize {
        self.classes.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.classes.is_empty()
    }

    /// Fills in what the preprocessing wants to follow the leads.
    #[must_use]
    pub(super) fn with_context(mut self, preprocessing: &Preprocessing) -> Self {
        let (mut context, mut first) = (Context::new(preprocessing, self.leads, self.samples), 0);
        for record in self.record.chunk_by(|a, b| a == b) {
            let beats = first..first + record.len();
            let size = self.leads * self.samples;
            context.add_record(&self.position[beats.clone()], &self.values[beats.start * size..beats.end * size]);
            first = beats.end;
        }
        self.context = context;
        self
    }

    /// Channels of a network's input: leads, and what follows them.
    pub fn channels(&self) -> usize {
        self.leads + self.context.channels()
    }

    /// The samples of one beat, `[leads, samples]`.
    ///
    /// # Panics
    /// If there is no such beat.
    pub fn beat(&self, index: usize) -> &[f32] {
        let size = self.leads * self.samples;
        &self.values[index * size..(index + 1) * size]
    }

    /// Whose beat it is.
    ///
    /// # Panics
    /// If there is no such beat.
    pub fn subject(&self, index: usize) -> &str {
        &self.records[self.record[index] as usize].subject
    }

    /// Beats of each class.
    pub fn class_counts(&self) -> ClassCounts {
        count(self.classes.iter().copied())
    }

    /// That all parts have the same length and point at records there are, and that every value is a finite number: one that
    /// is not would make a number of no weight that it meets.
    ///
    /// # Errors
    /// [`Error::Inconsistent`], naming what does not fit; [`Error::NotFinite`], naming the beat.
    pub fn check(&self) -> Result<()> {
        let beats = self.classes.len();
        let size = beats.checked_mul(self.leads).and_then(|size| size.checked_mul(self.samples));
        let wrong = if size != Some(self.values.len()) {
            format!("{} values for [{beats}, {}, {}]", self.values.len(), self.leads, self.samples)
        } else if !self.context.is_empty() && self.context.len() != beats {
            format!("{beats} classes and {} contexts", self.context.len())
        } else if self.record.len() != beats || self.position.len() != beats {
            format!("{beats} classes, {} records and {} positions", self.record.len(), self.position.len())
        } else if let Some(record) = self.record.iter().find(|record| **record as usize >= self.records.len()) {
            format!("record {record} of {}", self.records.len())
        } else if u32::try_from(beats).is_err() {
            format!("{beats} members, of which a split can number only 2^32")
        } else {
            return self.check_finite();
        };
        Err(Error::Inconsistent(wrong))
    }

    fn check_finite(&self) -> Result<()> {
        let Some(at) = self.values.iter().position(|value| !value.is_finite()) else { return Ok(()) };
        let beat = at / (self.leads * self.samples);
        Err(Error::NotFinite {
            record: self.records[self.record[beat] as usize].name.clone(),
            position: self.position[beat],
            lead: at / self.samples % self.leads,
            sample: at % self.samples,
            found: self.values[at],
        })
    }
}

/// Counts classes.
pub(super) fn count(classes: impl Iterator<Item = Class>) -> ClassCounts {
    classes.fold([0; 5], |mut counts, class| {
        counts[class.index()] += 1;
        counts
    })
}
