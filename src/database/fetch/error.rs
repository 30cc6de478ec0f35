//! What can go wrong while fetching.

use std::io;
use std::path::{Path, PathBuf};

use crate::support::files::FileError;

/// A database that could not be fetched; the text says what to do. What was complete before is kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The base address is not one.
    #[error("base address {found:?}: expected http:// or https://, a host and a folder, without '?' and '#'")]
    Address {
        /// What was given.
        found: String,
    },
    /// The server answered with a status that trying again does not change.
    #[error(
        "{url}: found HTTP status {status}{reason}, expected 200; check the address (--base-url) and that the file is there"
    )]
    Status {
        /// What was asked for.
        url: String,
        /// The status.
        status: u16,
        /// Its meaning in words, after a blank.
        reason: String,
    },
    /// The file did not come, however often it was tried.
    #[error(
        "{url}: gave up after {attempts} attempts in a row that brought little or nothing: {reason}; {}",
        kept(*have, part)
    )]
    GaveUp {
        /// What was asked for.
        url: String,
        /// Attempts.
        attempts: u32,
        /// What happened to the last one.
        reason: String,
        /// Bytes that are there.
        have: u64,
        /// Where they are.
        part: PathBuf,
    },
    /// The address leads to something else than a file of such a database.
    #[error("{url}: {reason}")]
    Request {
        /// What was asked for.
        url: String,
        /// What was wrong with it.
        reason: String,
    },
    /// What came, twice from its beginning, is not what the publisher's list says.
    #[error(
        "{url}: found the SHA-256 digest {found}, expected {expected} as in SHA256SUMS.txt, also after fetching it again from \
         the start; nothing was kept of it: the mirror is damaged or changed, try another --base-url"
    )]
    Digest {
        /// What was asked for.
        url: String,
        /// Digest of what came.
        found: String,
        /// Digest in the list.
        expected: String,
    },
    /// A file is larger than it may be.
    #[error("{url}: found {found} bytes or more, expected at most {limit}; nothing was kept of it: check the address")]
    TooLarge {
        /// What was asked for.
        url: String,
        /// Bytes announced or come.
        found: u64,
        /// The limit.
        limit: u64,
    },
    /// A line of a list of the server is not what it should be.
    #[error("{url}:{line}: found {found:?}, expected {expected}; nothing of it was used: check the address")]
    List {
        /// The list.
        url: String,
        /// Line, from 1.
        line: usize,
        /// What stands there.
        found: String,
        /// What should stand there.
        expected: &'static str,
    },
    /// A file that is needed has no digest.
    #[error("{url}: no digest for {file}, expected one for every file of a record; check the address (--base-url)")]
    NotListed {
        /// The list of digests.
        url: String,
        /// The file.
        file: String,
    },
    /// A record that the database does not have was asked for.
    #[error("no record {}: {url} has {}", found.join(", "), known.join(", "))]
    NoSuchRecord {
        /// The names that are not there.
        found: Vec<String>,
        /// The list of records.
        url: String,
        /// The names that are.
        known: Vec<String>,
    },
    /// Another process is fetching into the folder.
    #[error("{}: another command is fetching into this folder; wait for it, or choose another folder", folder.display())]
    Busy {
        /// The folder.
        folder: PathBuf,
    },
    /// The disk did not take it.
    #[error(
        "{}: cannot be written: {source}; what was complete is kept: make room or choose another folder, and give the same \
         command again", path.display()
    )]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A file that is there could not be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// Somebody asked to stop.
    #[error("stopped; what was complete is kept, and the same command goes on from there")]
    Interrupted,
}

fn kept(have: u64, part: &Path) -> String {
    match have {
        0 => "check the connection and the address (--base-url), and give the same command again".into(),
        _ => format!("{have} bytes are kept in {}: the same command goes on from there", part.display()),
    }
}

impl Error {
    pub(super) fn write(path: &Path, source: io::Error) -> Self {
        Self::Write { path: path.into(), source }
    }
}
