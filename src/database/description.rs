//! A database's description: everything that has to be known of a folder of records before beats can be cut from it.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{ClassMap, Counts, Error, Lead, Window};
use crate::support::files;

/// The longest window, in samples: ten seconds at 10 kHz. Longer ones are mistakes.
const WINDOW_LIMIT: usize = 100_000;

/// The most values of a beat, all leads together: beyond this it is no beat, and a folder of them no memory holds.
const BEAT_LIMIT: usize = 1_000_000;
/// The most records of one subject: its name is made of theirs.
const GROUP_LIMIT: usize = 1_000;

/// The description of a database. Built in for some ([`Database::builtin`]), otherwise read from RON
/// ([`Database::read`]; [`sample`] is one with comments).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// Short name, as in folder names.
    pub name: String,
    /// What it is, in a line, for people.
    #[serde(default)]
    pub title: String,
    /// The signals that make a beat, in the order in which a network gets them.
    pub leads: Vec<Lead>,
    /// Samples a second of every record, Hz; a record at another rate is not used.
    pub frequency: f64,
    /// The samples of a beat around its R peak, at `frequency`.
    pub window: Window,
    /// Which annotation symbols make which class.
    #[serde(default)]
    pub classes: ClassMap,
    /// Annotation entries to leave out at both ends of each record.
    #[serde(default)]
    pub trim: Trim,
    /// Suffix of the annotation files.
    #[serde(default = "default_annotator")]
    pub annotator: String,
    /// Which of the folder's records.
    #[serde(default)]
    pub records: RecordChoice,
    /// Which records are of one subject.
    #[serde(default)]
    pub subjects: Subjects,
    /// The fixed division by patient, where the field has one.
    #[serde(default)]
    pub inter_patient: Option<InterPatient>,
    /// Numbers of beats that somebody published, to compare with.
    #[serde(default)]
    pub published: Option<Published>,
}

fn default_annotator() -> String {
    "atr".into()
}

/// How many annotation entries, beats or not, are left out at the beginning and at the end of each record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trim {
    /// At the beginning.
    #[serde(default)]
    pub first: usize,
    /// At the end.
    #[serde(default)]
    pub last: usize,
}

impl Trim {
    /// Which of `entries` annotation entries stay.
    pub fn kept(self, entries: usize) -> std::ops::Range<usize> {
        let end = entries.saturating_sub(self.last);
        self.first.min(end)..end
    }
}

/// Which records of a folder belong to the database.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum RecordChoice {
    /// All of them.
    #[default]
    All,
    /// These, and each must be there.
    Only(Vec<String>),
    /// All but these.
    Except(Vec<String>),
}

impl RecordChoice {
    /// Whether a record belongs to it.
    pub fn includes(&self, record: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(names) => names.iter().any(|name| name == record),
            Self::Except(names) => names.iter().all(|name| name != record),
        }
    }

    /// The names it gives.
    pub fn names(&self) -> &[String] {
        match self {
            Self::All => &[],
            Self::Only(names) | Self::Except(names) => names,
        }
    }
}

/// Which records are of one subject; a record of which nothing is said is a subject of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subjects {
    /// Groups of records of one subject each.
    #[serde(default)]
    pub together: Vec<Vec<String>>,
    /// The first word of the header comment that names the subject: `patient` where headers say `# patient 7`.
    #[serde(default)]
    pub comment: Option<String>,
    /// What is not known, for people who split by patient.
    #[serde(default)]
    pub note: String,
}

impl Subjects {
    /// For each record of [`Self::together`] its group.
    pub fn groups(&self) -> HashMap<&str, &[String]> {
        self.together.iter().flat_map(|group| group.iter().map(|name| (name.as_str(), &group[..]))).collect()
    }

    /// The subject of a record, from its group, if it is in one of [`Self::groups`], and otherwise from the comments of its
    /// header. Returns `None` where neither says anything.
    pub fn named(&self, group: Option<&[String]>, comments: &[String]) -> Option<String> {
        if let Some(group) = group {
            return Some(group.join("+"));
        }
        let key = self.comment.as_deref()?;
        comments.iter().find_map(|comment| {
            let mut words = comment.trim_start_matches('#').split_whitespace();
            let first = words.next()?.trim_end_matches(':');
            let name = words.next()?;
            first.eq_ignore_ascii_case(key).then(|| format!("{key} {name}"))
        })
    }
}

/// A fixed division by patient that the field compares on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InterPatient {
    /// Where it comes from.
    #[serde(default)]
    pub source: String,
    /// Records to train on.
    pub training: Vec<String>,
    /// Records to test on.
    pub test: Vec<String>,
    /// Records of neither.
    #[serde(default)]
    pub left_out: Vec<String>,
}

/// Numbers of beats that somebody published for the leads, records and trimming of the description.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Published {
    /// Where.
    pub source: String,
    /// Beats by class in the order N S V F Q.
    pub beats: [u64; 5],
}

impl Published {
    /// As [`Counts`].
    pub fn counts(&self) -> Counts {
        Counts(self.beats)
    }
}

impl Database {
    /// Reads a description from RON and checks it.
    ///
    /// # Errors
    /// [`Error::File`] with line and column for what does not parse, an unknown key among them; [`Error::Description`] and
    /// [`Error::RecordName`] for what cannot be.
    pub fn read(path: &Path) -> Result<Self, Error> {
        Self::parse(&files::read_text(path)?, &path.display().to_string())
    }

    /// Parses a description from RON; `origin` names it in errors.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn parse(text: &str, origin: &str) -> Result<Self, Error> {
        let database: Self = files::parse_ron(text, origin)?;
        database.check_description(origin)?;
        Ok(database)
    }

    /// Whether the description by itself can be right; no file is looked at. `origin` names it in errors.
    ///
    /// # Errors
    /// [`Error::Description`] and [`Error::RecordName`].
    pub fn check_description(&self, origin: &str) -> Result<(), Error> {
        let wrong = |message: String| Err(Error::Description { origin: origin.into(), message });
        let path_safe = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
        if self.name.is_empty() || !self.name.chars().all(path_safe) {
            return wrong(format!(
                "name: found {:?}, expected a short name of letters, digits, '_' and '-'",
                self.name
            ));
        }
        if self.leads.is_empty() {
            return wrong("leads: found none, expected at least one, by name (\"MLII\") or by position from 0".into());
        }
        let mut seen = HashSet::new();
        if let Some(lead) = self.leads.iter().find(|lead| !seen.insert(*lead)) {
            return wrong(format!("leads: found {lead} twice, expected each once"));
        }
        if let Some(group) = self.subjects.together.iter().find(|group| group.len() > GROUP_LIMIT) {
            return wrong(format!(
                "subjects: together: found a group of {} records, expected at most {GROUP_LIMIT} of one subject",
                group.len()
            ));
        }
        if !(self.frequency.is_finite() && self.frequency > 0.0) {
            return wrong(format!("frequency: found {}, expected samples a second above 0", self.frequency));
        }
        let length = self.window.length();
        if !(2..=WINDOW_LIMIT).contains(&length) {
            return wrong(format!(
                "window: found {} samples before R and {} after it, {length} in all, expected 2 to {WINDOW_LIMIT} in all",
                self.window.before, self.window.after
            ));
        }
        let values = self.leads.len().saturating_mul(self.window.length());
        if values > BEAT_LIMIT {
            return wrong(format!(
                "leads: found {} of {} samples, {values} values a beat, expected at most {BEAT_LIMIT}: fewer leads or a \
                 shorter window",
                self.leads.len(),
                self.window.length()
            ));
        }
        if self.annotator.is_empty() || !self.annotator.chars().all(path_safe) {
            return wrong(format!(
                "annotator: found {:?}, expected the suffix of the annotation files without the dot, such as \"atr\"",
                self.annotator
            ));
        }
        if matches!(&self.records, RecordChoice::Only(names) if names.is_empty()) {
            return wrong("records: found Only([]), expected at least one record; leave `records` out for all".into());
        }
        let no_word = |key: &&str| key.is_empty() || key.contains(char::is_whitespace);
        if let Some(key) = self.subjects.comment.as_deref().filter(no_word) {
            let expected = "the one word that comes before the subject's name";
            return wrong(format!("subjects: comment: found {key:?}, expected {expected}"));
        }
        self.check_names(origin)?;
        self.classes.check(origin)
    }

    fn check_names(&self, origin: &str) -> Result<(), Error> {
        let lists = self.inter_patient.iter().flat_map(|sets| [&sets.training, &sets.test, &sets.left_out]);
        let sets = lists.clone().flatten();
        for name in self.records.names().iter().chain(self.subjects.together.iter().flatten()).chain(sets) {
            check_record_name(name, origin)?;
        }
        let once = |field: &str, mut names: Box<dyn Iterator<Item = &String> + '_>| {
            let mut seen = BTreeSet::new();
            match names.find(|name| !seen.insert(name.as_str())) {
                Some(name) => Err(Error::Description {
                    origin: origin.into(),
                    message: format!("{field}: found {name} twice, expected each record once"),
                }),
                None => Ok(()),
            }
        };
        once("records", Box::new(self.records.names().iter()))?;
        once("subjects: together", Box::new(self.subjects.together.iter().flatten()))?;
        once("inter_patient", Box::new(lists.flatten()))
    }
}

/// A record name may be a path below the folder, and never one that leads out of it.
pub(super) fn check_record_name(name: &str, origin: &str) -> Result<(), Error> {
    let part = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
    if name.len() <= 200 && name.split('/').all(part) {
        return Ok(());
    }
    Err(Error::RecordName { origin: origin.into(), name: name.chars().take(200).collect() })
}

/// A commented description to start from, in RON; the file to copy for a folder of one's own.
pub fn sample() -> &'static str {
    include_str!("sample.ron")
}
