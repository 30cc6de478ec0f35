//! Records that are not used, and why.

use std::fmt;
use std::path::Path;

use serde::{Serialize, Serializer, ser::SerializeStruct};

use super::{Database, Error};
use crate::wfdb::Header;

/// A record that is not used.
#[derive(Debug, Clone)]
pub struct Unusable {
    /// The record's name.
    pub name: String,
    /// Why.
    pub reason: Reason,
    /// Its header, where that could be read.
    pub header: Option<Header>,
}

/// Why a record is not used. The text says what was found.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// The description leaves it out.
    LeftOut {
        /// The names of its leads.
        leads: Vec<String>,
    },
    /// `RECORDS` lists it and its header is not there.
    NoHeader,
    /// Its header is not what it should be.
    Header(String),
    /// WFDB allows it, and this program does not read it.
    Unsupported(String),
    /// Another rate than the description's, in Hz.
    Rate {
        /// The record's.
        found: f64,
        /// The description's.
        expected: f64,
    },
    /// It has not the leads.
    Lead(String),
    /// A signal file is missing or too short.
    Signals(String),
    /// There is no annotation file.
    NoAnnotations {
        /// The file's name.
        file: String,
    },
    /// The annotation file is damaged.
    Annotations(String),
    /// Not one annotation is a beat with a class and a window inside the record.
    NoBeats,
}

impl Reason {
    /// Whether files are damaged or missing, as against a record that simply is of another kind.
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::NoHeader | Self::Header(_) | Self::Signals(_) | Self::Annotations(_))
    }

    /// One word for programs.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::LeftOut { .. } => "left_out",
            Self::NoHeader => "no_header",
            Self::Header(_) => "header",
            Self::Unsupported(_) => "unsupported",
            Self::Rate { .. } => "rate",
            Self::Lead(_) => "lead",
            Self::Signals(_) => "signals",
            Self::NoAnnotations { .. } => "no_annotations",
            Self::Annotations(_) => "annotations",
            Self::NoBeats => "no_beats",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LeftOut { leads } if leads.is_empty() => f.write_str("left out by the description"),
            Self::LeftOut { leads } => write!(f, "left out by the description; its leads are {}", leads.join(", ")),
            Self::NoHeader => f.write_str("RECORDS lists it, but its header (.hea) is not there"),
            Self::Header(text) | Self::Unsupported(text) | Self::Lead(text) => f.write_str(text),
            Self::Signals(text) | Self::Annotations(text) => f.write_str(text),
            Self::Rate { found, expected } => write!(f, "sampled at {found} Hz, expected {expected} Hz"),
            Self::NoAnnotations { file } => write!(f, "no annotation file {file}"),
            Self::NoBeats => f.write_str("no annotated beat of any class with its window inside the record"),
        }
    }
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Reason", 3)?;
        object.serialize_field("kind", self.kind())?;
        object.serialize_field("damaged", &self.is_damage())?;
        object.serialize_field("text", &self.to_string())?;
        object.end()
    }
}

/// Refuses a folder with damaged records, or with none that can be used.
pub(super) fn refuse_unusable<'a>(
    dir: &Path,
    database: &Database,
    usable: usize,
    unusable: impl Iterator<Item = (&'a str, &'a Reason)>,
) -> Result<(), Error> {
    let mut unusable: Vec<(&str, &Reason)> = unusable.collect();
    let listed = |rows: &[(&str, &Reason)]| rows.iter().map(|(name, why)| ((*name).into(), why.to_string())).collect();
    let damaged: Vec<_> = unusable.iter().copied().filter(|(_, reason)| reason.is_damage()).collect();
    if !damaged.is_empty() {
        return Err(Error::Damaged { folder: dir.into(), records: listed(&damaged) });
    }
    if usable == 0 {
        // What the description leaves out explains least, so it comes last.
        unusable.sort_by_key(|(_, reason)| matches!(reason, Reason::LeftOut { .. }));
        let (folder, database, reasons) = (dir.into(), database.name.clone(), listed(&unusable));
        return Err(Error::NothingUsable { folder, database, reasons });
    }
    Ok(())
}
