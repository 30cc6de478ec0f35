//! What can go wrong with a database before a sample is read.

use std::io;
use std::path::PathBuf;

use crate::support::files::{FileError, advice_to_reader};

/// A failure of this room; the text says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read, or a description does not parse.
    #[error(transparent)]
    File(#[from] FileError),
    /// A record's header, or that of a segment of it, is not what it should be.
    #[error(transparent)]
    Record(#[from] crate::wfdb::Error),
    /// A description parses but says something that cannot be.
    #[error("{origin}: {message}")]
    Description {
        /// The description's file, or the name of the database.
        origin: String,
        /// The field, what was found, what was expected, what to do.
        message: String,
    },
    /// The folder is not there or cannot be listed.
    #[error(
        "{}: cannot be listed: {source}; expected a folder of WFDB records (.hea, .dat, .atr){}",
        path.display(), advice_to_reader(source)
    )]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The folder holds no records.
    #[error(
        "{}: found neither a RECORDS file nor a header (.hea), expected a folder of WFDB records; `heart-darts data fetch \
         mitdb --to DIR` gets one, `heart-darts data synthesise --to DIR` makes one", path.display()
    )]
    NoRecords {
        /// The folder.
        path: PathBuf,
    },
    /// `RECORDS` or a description names a record that cannot be one.
    #[error("{origin}: found the record name {name:?}, expected letters, digits, '_', '-', and '/' for folders below")]
    RecordName {
        /// The file.
        origin: String,
        /// The name.
        name: String,
    },
    /// The description names records that are not there.
    #[error(
        "{}: {origin} names {}, which {}; found {found} records; correct `records` or fetch what is missing",
        folder.display(), names.join(", "), if names.len() == 1 { "is not there" } else { "are not there" }
    )]
    Absent {
        /// The folder.
        folder: PathBuf,
        /// The description.
        origin: String,
        /// The missing records.
        names: Vec<String>,
        /// How many records the folder has.
        found: usize,
    },
    /// Files are damaged: work on the rest would silently be work on other data.
    #[error(
        "{}: {} of its records {} damaged or incomplete:\n  {}\nfetch or restore them, or leave them out by name in a \
         description (`records: Except([…])`; `heart-darts config sample database` prints one)",
        folder.display(), records.len(), if records.len() == 1 { "is" } else { "are" },
        records.iter().map(|(name, reason)| format!("{name}: {reason}")).collect::<Vec<_>>().join("\n  ")
    )]
    Damaged {
        /// The folder.
        folder: PathBuf,
        /// Records and what is wrong with each.
        records: Vec<(String, String)>,
    },
    /// Not one record can be used.
    #[error(
        "{}: none of its {} records can be used as {database}:\n  {}\n`heart-darts data inspect {}` shows what is there",
        folder.display(), reasons.len(), shortened(reasons), folder.display()
    )]
    NothingUsable {
        /// The folder.
        folder: PathBuf,
        /// The database's name.
        database: String,
        /// Records and why each cannot be used.
        reasons: Vec<(String, String)>,
    },
    /// The folder is no database that is known here, and none was named.
    #[error("{}: {advice}", folder.display())]
    Unrecognised {
        /// The folder.
        folder: PathBuf,
        /// What was looked for and what to do.
        advice: String,
    },
    /// A database was asked for by a name that none has.
    #[error(
        "found the database {name:?}, expected one of {known}, or the path of a description ending in .ron \
         (`heart-darts config sample database` prints one to start from)"
    )]
    UnknownName {
        /// What was asked for.
        name: String,
        /// The names there are.
        known: String,
    },
}

/// At most five of the reasons, so that the sentence after them is still on the screen.
fn shortened(reasons: &[(String, String)]) -> String {
    let mut lines: Vec<String> = reasons.iter().take(5).map(|(name, reason)| format!("{name}: {reason}")).collect();
    if reasons.len() > 5 {
        lines.push(format!("and {} more", reasons.len() - 5));
    }
    lines.join("\n  ")
}
