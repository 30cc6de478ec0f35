//! What a person wants to know of a folder of records before spending compute on it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rayon::prelude::*;
use serde::Serialize;

use super::unusable::{Unusable, refuse_unusable};
use super::warning::total_ignored;
use super::{Counts, Database, Error, Folder, Origin, Reason, Warning, lead_names, survey};
use crate::wfdb::{self, Code};

/// A folder seen by a description. [`std::fmt::Display`] prints it for people, serde as JSON.
#[derive(Debug, Clone, Serialize)]
pub struct Inspection {
    /// Version of this form, 1.
    pub version: u32,
    /// The folder.
    pub folder: String,
    /// Where the description comes from.
    pub origin: Origin,
    /// The description.
    pub database: Database,
    /// Length of a beat in samples: before + R + after.
    pub beat_samples: usize,
    /// Length of a beat in seconds.
    pub beat_seconds: f64,
    /// Subjects of the usable records.
    pub subjects: usize,
    /// Length of the usable records together, in seconds.
    pub seconds: f64,
    /// The signals' names in all records whose header can be read, with their records.
    pub leads: Vec<LeadUse>,
    /// Beats by class.
    pub beats: BeatTable,
    /// Annotations of no class, by symbol.
    pub ignored: Vec<Ignored>,
    /// The usable records.
    pub records: Vec<RecordRow>,
    /// The others.
    pub unusable: Vec<UnusableRow>,
    /// What to know, with advice.
    pub warnings: Vec<Warning>,
    /// Whether every sample of the leads was read and its checksum verified.
    pub verified: bool,
    /// [`Folder::fingerprint`], where files were read.
    pub fingerprint: Option<String>,
}

/// A signal's name and the records that have it.
#[derive(Debug, Clone, Serialize)]
pub struct LeadUse {
    /// The name in the headers.
    pub name: String,
    /// The records, usable or not.
    pub records: Vec<String>,
}

/// Beats by class over all usable records.
#[derive(Debug, Clone, Serialize)]
pub struct BeatTable {
    /// Beats that can be cut.
    pub used: Counts,
    /// What somebody published.
    pub published: Option<Counts>,
    /// Where.
    pub published_in: Option<String>,
    /// Left out by trimming.
    pub trimmed: Counts,
    /// Lost because their window leaves the record.
    pub edges: Counts,
}

/// Annotations of one symbol that are of no class.
#[derive(Debug, Clone, Serialize)]
pub struct Ignored {
    /// The symbol.
    pub symbol: String,
    /// Its meaning.
    pub meaning: &'static str,
    /// How many.
    pub count: u64,
}

/// A usable record.
#[derive(Debug, Clone, Serialize)]
pub struct RecordRow {
    /// Its name.
    pub name: String,
    /// Its subject.
    pub subject: String,
    /// The names of all its signals.
    pub leads: Vec<String>,
    /// The signals that are used, as positions from 0.
    pub used_leads: Vec<usize>,
    /// Samples a second, Hz.
    pub frequency: f64,
    /// Length in seconds.
    pub seconds: f64,
    /// Beats by class.
    pub beats: Counts,
    /// Beats left out by trimming.
    pub trimmed: Counts,
    /// Beats lost at the edges.
    pub edges: Counts,
}

/// A record that is not used.
#[derive(Debug, Clone, Serialize)]
pub struct UnusableRow {
    /// Its name.
    pub name: String,
    /// Why.
    pub reason: Reason,
}

impl Inspection {
    /// Looks at a folder. With `verify` every sample of the leads is read, so that wrong checksums and missing samples
    /// come to light, and the fingerprint is taken; without it only headers, annotations and file sizes are looked at.
    ///
    /// # Errors
    /// As [`survey`]; [`Error::File`] when a file vanishes meanwhile.
    pub fn new(database: &Database, origin: Origin, dir: &Path, verify: bool) -> Result<Self, Error> {
        let mut folder = survey(database, dir)?;
        let missing = if verify { self::verify(&mut folder) } else { None };
        let fingerprint = verify.then(|| folder.fingerprint()).transpose()?;
        let mut warnings = Warning::about(&folder);
        warnings.extend(missing);
        let total = |of: fn(&super::RecordPlan) -> Counts| {
            let mut counts = Counts::default();
            folder.records.iter().for_each(|record| counts += of(record));
            counts
        };
        let published = database.published.as_ref();
        Ok(Self {
            version: 1,
            folder: dir.display().to_string(),
            origin,
            beat_samples: database.window.length(),
            beat_seconds: database.window.length() as f64 / database.frequency,
            subjects: folder.subjects().len(),
            seconds: folder.records.iter().map(super::RecordPlan::seconds).sum(),
            leads: lead_uses(&folder),
            beats: BeatTable {
                used: folder.counts(),
                published: published.map(super::Published::counts),
                published_in: published.map(|published| published.source.clone()),
                trimmed: total(|record| record.trimmed),
                edges: total(|record| record.edges),
            },
            ignored: ignored(&folder),
            records: folder.records.iter().map(record_row).collect(),
            unusable: folder.unusable.iter().map(unusable_row).collect(),
            warnings,
            verified: verify,
            fingerprint,
            database: database.clone(),
        })
    }

    /// The damaged records, as [`Error::Damaged`], or [`Error::NothingUsable`]: what every other command would end with.
    ///
    /// # Errors
    /// These two.
    pub fn usable(&self) -> Result<(), Error> {
        let unusable = self.unusable.iter().map(|row| (row.name.as_str(), &row.reason));
        refuse_unusable(Path::new(&self.folder), &self.database, self.records.len(), unusable)
    }
}

/// Reads the leads of every usable record; those that fail become unusable. Returns the warning about missing samples.
fn verify(folder: &mut Folder) -> Option<Warning> {
    let read: Vec<Result<(usize, usize), String>> = folder
        .records
        .par_iter()
        .map(|plan| {
            let record = wfdb::Record::read_signals(&plan.stem, &plan.leads).map_err(|error| error.to_string())?;
            let missing = record.signals.iter().flatten().filter(|sample| **sample == wfdb::INVALID).count();
            Ok((missing, record.signals.iter().map(Vec::len).sum()))
        })
        .collect();
    let (mut sound, mut names, mut missing_samples, mut samples) = (Vec::new(), Vec::new(), 0, 0);
    for (plan, outcome) in std::mem::take(&mut folder.records).into_iter().zip(read) {
        match outcome {
            Ok((missing, all)) => {
                if missing > 0 {
                    names.push(plan.name.clone());
                }
                missing_samples += missing;
                samples += all;
                sound.push(plan);
            }
            Err(text) => {
                folder.unusable.push(Unusable {
                    name: plan.name,
                    reason: Reason::Signals(text),
                    header: Some(plan.header),
                });
            }
        }
    }
    folder.records = sound;
    let share = missing_samples as f64 / samples.max(1) as f64;
    (!names.is_empty()).then_some(Warning::MissingSamples { records: names, share })
}

fn lead_uses(folder: &Folder) -> Vec<LeadUse> {
    let mut records: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    let usable = folder.records.iter().map(|record| (&record.name, Some(&record.header)));
    for (name, header) in usable.chain(folder.unusable.iter().map(|record| (&record.name, record.header.as_ref()))) {
        for lead in header.map(lead_names).unwrap_or_default() {
            records.entry(lead).or_default().insert(name);
        }
    }
    let mut leads: Vec<LeadUse> = records
        .into_iter()
        .map(|(name, records)| LeadUse { name, records: records.into_iter().map(String::from).collect() })
        .collect();
    leads.sort_by_key(|lead| std::cmp::Reverse(lead.records.len()));
    leads
}

fn ignored(folder: &Folder) -> Vec<Ignored> {
    let meaning = |symbol: &str| Code::from_symbol(symbol).map_or("unknown", Code::description);
    let mut rows: Vec<Ignored> = total_ignored(folder)
        .into_iter()
        .map(|(symbol, count)| Ignored { meaning: meaning(&symbol), symbol, count })
        .collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.count));
    rows
}

fn record_row(record: &super::RecordPlan) -> RecordRow {
    RecordRow {
        name: record.name.clone(),
        subject: record.subject.clone(),
        leads: lead_names(&record.header),
        used_leads: record.leads.clone(),
        frequency: record.header.frequency,
        seconds: record.seconds(),
        beats: record.counts(),
        trimmed: record.trimmed,
        edges: record.edges,
    }
}

fn unusable_row(record: &Unusable) -> UnusableRow {
    UnusableRow { name: record.name.clone(), reason: record.reason.clone() }
}
