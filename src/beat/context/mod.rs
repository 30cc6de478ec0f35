//! What a record says of a beat that the beat itself does not: how early it comes ([`rhythm`]), and how it differs from the
//! patient's usual beat ([`Templates`]).
//!
//! Both come from the record alone, without a label and without another record, so they are there for a patient never seen
//! before. Where a split is by beat, the usual beat is one of test beats too, without their classes; where it is by patient, of one
//! side alone. They follow a beat's leads as channels of the network's input: first the differences, one a lead, then the rhythm.

mod rhythm;
mod template;

pub use rhythm::{RHYTHM_CHANNELS, rhythm};
pub use template::Templates;

use crate::signal::Preprocessing;

/// The context of beats, in their order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Context {
    /// Leads and samples of a beat.
    shape: (usize, usize),
    rhythm: Option<Vec<[f32; RHYTHM_CHANNELS]>>,
    /// Of each record, with the number of its first beat.
    templates: Option<Vec<(usize, Templates)>>,
    beats: usize,
}

impl Context {
    /// Of no beats yet: what the preprocessing asks for.
    pub fn new(preprocessing: &Preprocessing, leads: usize, samples: usize) -> Self {
        Self {
            shape: (leads, samples),
            rhythm: preprocessing.rhythm.then(Vec::new),
            templates: preprocessing.template.then(Vec::new),
            beats: 0,
        }
    }

    /// Channels that follow a beat's leads.
    pub fn channels(&self) -> usize {
        let differences = self.templates.as_ref().map_or(0, |_| self.shape.0);
        differences + self.rhythm.as_ref().map_or(0, |_| RHYTHM_CHANNELS)
    }

    /// Adds the beats of a record: their R peaks in order of time and their leads, `[beats, leads, samples]`.
    pub fn add_record(&mut self, peaks: &[u64], values: &[f32]) {
        if let Some(all) = &mut self.rhythm {
            all.extend(rhythm(peaks));
        }
        if let Some(templates) = &mut self.templates {
            templates.push((self.beats, Templates::of(values, self.shape.0 * self.shape.1)));
        }
        self.beats += peaks.len();
    }

    /// How many beats were added; 0 where nothing is asked for.
    pub fn len(&self) -> usize {
        if self.rhythm.is_some() || self.templates.is_some() { self.beats } else { 0 }
    }

    /// Whether beats have no more than their leads.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Writes what follows the leads of a beat. `beat` are those leads, as they go to the network: what augmentation did to
    /// them is in the difference as well.
    ///
    /// # Panics
    /// If there is no such beat.
    pub fn write(&self, index: usize, beat: &[f32], rest: &mut [f32]) {
        let mut rest = rest;
        if let Some(templates) = &self.templates {
            let record = templates.partition_point(|(first, _)| *first <= index) - 1;
            let (first, templates) = &templates[record];
            let (differences, others) = rest.split_at_mut(beat.len());
            let usual = templates.template(index - first);
            differences.iter_mut().zip(beat.iter().zip(usual)).for_each(|(into, (value, usual))| *into = value - usual);
            rest = others;
        }
        if let Some(rhythm) = &self.rhythm {
            rest.chunks_exact_mut(self.shape.1).zip(rhythm[index]).for_each(|(samples, value)| samples.fill(value));
        }
    }
}
