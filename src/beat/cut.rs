//! Cutting beats out of records.

use std::collections::HashSet;
use std::sync::Mutex;

use rayon::prelude::*;

use crate::beat::{Beats, Context, Error, PublishedSet, RecordInfo, Result};
use crate::database::{Database, Folder, InterPatient, RecordPlan, Window};
use crate::signal::{Preprocessing, Resampler};
use crate::support::{interrupt, memory, progress::Progress};
use crate::wfdb::{Record, SignalSpec};

/// A record after preprocessing, from which beats are cut: the one path that training, evaluation and prediction share.
#[derive(Debug, Clone)]
pub struct ProcessedRecord {
    leads: Vec<Vec<f32>>,
    resampler: Option<Resampler>,
    window: Window,
    preprocessing: Preprocessing,
}

impl ProcessedRecord {
    /// Processes all signals of a record, each as one lead, in their order.
    ///
    /// `window` is in samples at the rate after preprocessing (see [`Window::at`]).
    ///
    /// # Errors
    /// [`Error::Unit`] and [`Error::Lead`], which name the record and the lead.
    pub fn new(record: &Record, window: Window, preprocessing: &Preprocessing) -> Result<Self> {
        let frequency = record.header.frequency;
        let one = |(signal, spec): (usize, &SignalSpec)| {
            let (name, lead) = (record.header.name.clone(), spec.description.clone());
            let Some(scale) = millivolts(&spec.units) else {
                return Err(Error::Unit { record: name, lead, found: spec.units.clone() });
            };
            let mut samples = record.physical(signal);
            if scale != 1.0 {
                samples.iter_mut().for_each(|sample| *sample *= scale);
            }
            let invalid = samples.iter().filter(|sample| !sample.is_finite()).count();
            if invalid > 0 {
                tracing::warn!("{name}: lead {lead}: {invalid} invalid samples are interpolated over");
            }
            preprocessing.apply_record(samples, frequency).map_err(|source| Error::Lead { record: name, lead, source })
        };
        let leads: Vec<Result<Vec<f32>>> = record.header.signals.par_iter().enumerate().map(one).collect();
        let leads = leads.into_iter().collect::<Result<Vec<_>>>()?;
        let resampler = preprocessing.resampler(frequency)?;
        Ok(Self { leads, resampler, window, preprocessing: preprocessing.clone() })
    }

    /// How many values a beat has: leads times samples.
    pub fn beat_size(&self) -> usize {
        self.leads.len() * self.window.length()
    }

    /// Whether the whole window around an R peak (in samples of the record as it is on disk) lies in the record. Where it
    /// does not, [`Self::cut`] repeats the record's first or last sample.
    pub fn contains(&self, r: u64) -> bool {
        let samples = self.leads.first().map_or(0, Vec::len) as u64;
        self.window.around(self.position(r), samples).is_some()
    }

    /// Writes the beat `[leads, samples]` around an R peak, in samples of the record as it is on disk.
    ///
    /// # Panics
    /// If `beat` has not [`Self::beat_size`] values, or the record no samples.
    pub fn cut(&self, r: u64, beat: &mut [f32]) {
        assert_eq!(beat.len(), self.beat_size(), "values for a beat");
        // Signed: a window may begin before the record does. R beyond any record is clamped to its end below.
        let first = i64::try_from(self.position(r)).unwrap_or(i64::MAX).saturating_sub(self.window.before as i64);
        for (lead, values) in self.leads.iter().zip(beat.chunks_exact_mut(self.window.length())) {
            let inside = usize::try_from(first).ok().and_then(|first| lead.get(first..first + values.len()));
            match inside {
                Some(window) => values.copy_from_slice(window),
                None => {
                    let last = lead.len() as i64 - 1;
                    for (i, value) in values.iter_mut().enumerate() {
                        *value = lead[first.saturating_add(i as i64).clamp(0, last) as usize];
                    }
                }
            }
            self.preprocessing.standardise_beat(values);
        }
    }

    fn position(&self, r: u64) -> u64 {
        self.resampler.as_ref().map_or(r, |resampler| resampler.position(r))
    }
}

/// How many mV one of a unit is.
fn millivolts(unit: &str) -> Option<f32> {
    match unit.trim() {
        "" | "mV" | "mv" | "MV" => Some(1.0),
        "uV" | "uv" | "µV" | "μV" => Some(1e-3),
        "V" | "v" => Some(1e3),
        "nV" | "nv" => Some(1e-6),
        _ => None,
    }
}

/// The window of a database's beats after preprocessing, in samples: the same seconds at the new rate.
pub fn window(database: &Database, preprocessing: &Preprocessing) -> Window {
    database.window.at(database.frequency, preprocessing.frequency(database.frequency))
}

/// Cuts every planned beat of a folder, `window` being in samples after preprocessing (see [`window()`]). Records are read in parallel, checksums are verified, and the order of the beats
/// is always that of the records and, within one, of time. `progress` advances by one a record.
///
/// R peaks move with the rate (to the nearest new sample), and so does the window: where rounding takes it a sample beyond
/// the record, the last sample is repeated.
///
/// # Errors
/// [`Error::Preprocessing`] before anything is read, [`Error::TooLarge`] before memory is taken; the first record that
/// cannot be read or processed, in the folder's order; [`Error::Interrupted`].
pub fn cut(folder: &Folder, window: Window, preprocessing: &Preprocessing, progress: &mut Progress) -> Result<Beats> {
    let Folder { database, records: plans, .. } = folder;
    for plan in plans {
        preprocessing.check(plan.header.frequency, plan.samples as usize)?;
    }
    let (leads, samples) = (database.leads.len(), window.length());
    let beats: usize = plans.iter().map(|plan| plan.beats.len()).sum();
    let memory = memory::installed();
    let too_large = || Error::TooLarge { beats, leads, samples, memory };
    let size = leads.checked_mul(samples).ok_or_else(too_large)?;
    let total = size.checked_mul(beats).ok_or_else(too_large)?;
    // The system promises more than it has: without this, it would end the process later.
    if (total as u64).saturating_mul(4) > memory {
        return Err(too_large());
    }
    let mut values = Vec::new();
    values.try_reserve_exact(total).map_err(|_| too_large())?;
    values.resize(total, 0.0);

    // Each record fills its own part of the one array.
    let mut rest = values.as_mut_slice();
    let mut work = Vec::with_capacity(plans.len());
    for plan in plans {
        let (part, others) = rest.split_at_mut(size * plan.beats.len());
        work.push((plan, part));
        rest = others;
    }
    let progress = Mutex::new(progress);
    let done: Vec<Result<()>> = work
        .into_par_iter()
        .map(|(plan, part)| {
            cut_record(plan, window, preprocessing, part)?;
            if let Ok(mut progress) = progress.lock() {
                progress.advance(1);
            }
            Ok(())
        })
        .collect();
    done.into_iter().collect::<Result<()>>()?;

    let sets = database.inter_patient.as_ref();
    let published = |side: fn(&InterPatient) -> &Vec<String>| -> HashSet<&String> {
        sets.map(side).into_iter().flatten().collect()
    };
    let sets = [published(|sets| &sets.training), published(|sets| &sets.test)];
    let of_plan = |(index, plan): (usize, &RecordPlan)| std::iter::repeat_n(index as u32, plan.beats.len());
    let beats = Beats {
        database: database.name.clone(),
        frequency: preprocessing.frequency(database.frequency),
        leads,
        samples,
        values,
        classes: plans.iter().flat_map(|plan| plan.beats.iter().map(|(_, class)| *class)).collect(),
        record: plans.iter().enumerate().flat_map(of_plan).collect(),
        position: plans.iter().flat_map(|plan| plan.beats.iter().map(|(r, _)| *r)).collect(),
        records: plans.iter().map(|plan| info(&sets, plan)).collect(),
        context: Context::default(),
    };
    Ok(beats.with_context(preprocessing))
}

fn cut_record(plan: &RecordPlan, window: Window, preprocessing: &Preprocessing, beats: &mut [f32]) -> Result<()> {
    if interrupt::requested() {
        return Err(Error::Interrupted);
    }
    let record = Record::read_signals(&plan.stem, &plan.leads)?;
    let record = ProcessedRecord::new(&record, window, preprocessing)?;
    for ((r, _), beat) in plan.beats.iter().zip(beats.chunks_exact_mut(record.beat_size())) {
        record.cut(*r, beat);
    }
    Ok(())
}

/// What is known of a record; `sets` are the names of the published training and test sets.
fn info([training, test]: &[HashSet<&String>; 2], plan: &RecordPlan) -> RecordInfo {
    let published = match (training.contains(&plan.name), test.contains(&plan.name)) {
        (true, _) => Some(PublishedSet::Training),
        (_, true) => Some(PublishedSet::Test),
        _ => None,
    };
    RecordInfo { name: plan.name.clone(), subject: plan.subject.clone(), published }
}
