//! What can go wrong between a folder of records and batches of beats.

use crate::database::{self, Class};
use crate::{signal, wfdb};

/// A failure of this room; the text is complete by itself.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The folder or its description.
    #[error(transparent)]
    Database(#[from] database::Error),
    /// A record's files.
    #[error(transparent)]
    Wfdb(#[from] wfdb::Error),
    /// The preprocessing by itself.
    #[error("preprocessing: {0}")]
    Preprocessing(#[from] signal::Error),
    /// The preprocessing of one lead.
    #[error("{record}: lead {lead}: {source}")]
    Lead {
        /// The record's path without suffix.
        record: String,
        /// The lead's name.
        lead: String,
        /// What was refused.
        source: signal::Error,
    },
    /// A signal in a unit that is no voltage.
    #[error(
        "{record}.hea: lead {lead}: found the unit `{found}`, expected mV (or V, uV, nV); choose another lead, or correct \
         the header"
    )]
    Unit {
        /// The record's path without suffix.
        record: String,
        /// The lead's name.
        lead: String,
        /// The unit in the header.
        found: String,
    },
    /// More beats than memory holds.
    #[error(
        "found {beats} beats of {leads} leads and {samples} samples, {:.1} GB; expected at most the {:.1} GB of this machine's \
         memory: take a shorter window, a lower rate (`resample`), fewer leads or fewer records",
        4e-9 * *beats as f64 * *leads as f64 * *samples as f64, 1e-9 * *memory as f64
    )]
    TooLarge {
        /// How many beats.
        beats: usize,
        /// How many leads.
        leads: usize,
        /// How many samples of each lead.
        samples: usize,
        /// The machine's memory in bytes.
        memory: u64,
    },
    /// Somebody asked to stop.
    #[error("stopped while beats were cut; nothing was written")]
    Interrupted,
    /// A number in a split rule, a limit or an augmentation is outside its range.
    #[error("{what}: found {found}, expected {expected}")]
    Setting {
        /// The setting, by the name it has in RON.
        what: &'static str,
        /// Its value.
        found: String,
        /// The range, and what to do.
        expected: String,
    },
    /// The split `inter-patient` was asked of a database for which nobody published sets.
    #[error(
        "split `inter-patient`: database `{database}` has no published training and test sets (mitdb has de Chazal's \
         DS1 and DS2); use `PatientFolds(folds: 5, fold: 0)`, which keeps subjects whole in any database"
    )]
    NoPublishedSets {
        /// The database's name.
        database: String,
    },
    /// There are fewer subjects than the split needs.
    #[error(
        "split `{split}`: found {found} subject(s) in database `{database}`, expected at least {expected}; {advice}"
    )]
    TooFewSubjects {
        /// The split's name.
        split: &'static str,
        /// The database's name.
        database: String,
        /// How many subjects there are.
        found: usize,
        /// How many are needed.
        expected: usize,
        /// What to do.
        advice: &'static str,
    },
    /// A part of a split would hold no beat.
    #[error("split `{split}`: its {part} part would hold none of the {beats} beats of database `{database}`; {advice}")]
    EmptyPart {
        /// The split's name.
        split: &'static str,
        /// `training`, `validation` or `test`.
        part: &'static str,
        /// How many beats there are in all.
        beats: usize,
        /// The database's name.
        database: String,
        /// What to do.
        advice: &'static str,
    },
    /// The training beats lack a class.
    #[error(
        "the training part holds no beat of class {}; a network cannot learn it: add records that have such beats, \
         choose another split or seed, take the class from `classes` in the description of the database, or set \
         `allow_absent_classes: true` under `data`",
        symbols(classes)
    )]
    AbsentClasses {
        /// The classes without a beat.
        classes: Vec<Class>,
    },
    /// A beat holds a value that is no finite number.
    #[error(
        "record {record}, beat at sample {position}: found {found} as sample {sample} of lead {lead} (from 0), expected a \
         finite number; leave the record out, or correct its gain"
    )]
    NotFinite {
        /// The record's name.
        record: String,
        /// The R peak, in samples of the record.
        position: u64,
        /// The lead, from 0.
        lead: usize,
        /// The sample of the beat, from 0.
        sample: usize,
        /// What is there.
        found: f32,
    },
    /// A set of beats contradicts itself: a mistake in this program, not in the data.
    #[error("internal mistake, please report it: beats with {0}")]
    Inconsistent(String),
}

/// What most functions of this room return.
pub type Result<T> = std::result::Result<T, Error>;

fn symbols(classes: &[Class]) -> String {
    classes.iter().map(|class| class.symbol().to_string()).collect::<Vec<_>>().join(", ")
}
