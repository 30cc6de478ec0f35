//! What can go wrong with a record.

use std::path::PathBuf;

use crate::support::files::FileError;

/// The result of everything in this room that can fail.
pub type Result<T> = std::result::Result<T, Error>;

/// A record that cannot be read or written; the text names the file, the place, what was found and what was expected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be opened, read or replaced.
    #[error(transparent)]
    File(#[from] FileError),
    /// A header line is not what header(5) says.
    #[error("{origin}:{line}:{column}: {field}: found {found}, expected {expected}\n  {line} | {excerpt}")]
    Header {
        /// The header's path, or what else the text came from.
        origin: Box<str>,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// The field, in the words of header(5).
        field: &'static str,
        /// What stands there.
        found: Box<str>,
        /// What should stand there.
        expected: Box<str>,
        /// The line itself.
        excerpt: Box<str>,
    },
    /// A FLAC signal file that is damaged or is not what its header says.
    #[error("{}: found {found}, expected {expected}", path.display())]
    Stream {
        /// The signal file.
        path: PathBuf,
        /// What is there.
        found: Box<str>,
        /// What should be there, and what to do.
        expected: Box<str>,
    },
    /// Segments that do not make a record.
    #[error("{origin}: found {found}, expected {expected}")]
    Segments {
        /// The master header's path, or the segment's.
        origin: Box<str>,
        /// What is there.
        found: Box<str>,
        /// What should be there.
        expected: Box<str>,
    },
    /// More samples than the record's files can stand for.
    #[error(
        "{origin}: found {found} samples in all, with signal files of {bytes} bytes; expected at most {most}: read fewer \
         signals, or the segments one by one"
    )]
    TooLong {
        /// The header's path.
        origin: Box<str>,
        /// Samples of all signals asked for.
        found: u128,
        /// Bytes of the record's signal files.
        bytes: u64,
        /// The samples allowed with so many bytes.
        most: u128,
    },
    /// A file in European Data Format is not what its specification says.
    #[error("{}: {field}: found {found}, expected {expected}", path.display())]
    Edf {
        /// The file.
        path: PathBuf,
        /// The field of its header.
        field: Box<str>,
        /// What stands there.
        found: Box<str>,
        /// What should stand there, and what to do.
        expected: Box<str>,
    },
    /// A file of text is not a table of samples.
    #[error("{}: {place}: found {found}, expected {expected}", path.display())]
    Csv {
        /// The file.
        path: PathBuf,
        /// Line and column, from 1.
        place: Box<str>,
        /// What stands there.
        found: Box<str>,
        /// What should stand there.
        expected: Box<str>,
    },
    /// Something that a format allows and this program does not read.
    #[error("{origin}: {found} cannot be read yet; {expected}")]
    Unsupported {
        /// The file and the place in it.
        origin: Box<str>,
        /// What is there.
        found: Box<str>,
        /// What is read, and what to do.
        expected: Box<str>,
    },
    /// A signal file ends before the header says.
    #[error(
        "{}: found {found} bytes, expected at least {expected} ({reason}); the file is truncated or belongs to another \
         header: fetch it again", path.display()
    )]
    Truncated {
        /// The signal file.
        path: PathBuf,
        /// Its size in bytes.
        found: u64,
        /// The size that the header asks for.
        expected: u128,
        /// How that size comes about.
        reason: Box<str>,
    },
    /// The samples are not those that the header was written for.
    #[error(
        "{}: signal {signal} ({name}): found {quantity} {found}, expected {expected} as in {header}; the file is damaged or \
         belongs to another header: fetch it again", path.display()
    )]
    Mismatch {
        /// The signal file.
        path: PathBuf,
        /// The header's path.
        header: Box<str>,
        /// The signal's number, from 0.
        signal: usize,
        /// The signal's description.
        name: Box<str>,
        /// `checksum` or `initial value`.
        quantity: &'static str,
        /// Computed from the samples.
        found: i64,
        /// As the header says.
        expected: i64,
    },
    /// A signal was asked for that the record does not have.
    #[error("{origin}: asked for signal {found}, but the record has {signals} (numbered from 0): {names}")]
    NoSuchSignal {
        /// The header's path.
        origin: Box<str>,
        /// The number asked for.
        found: usize,
        /// How many signals there are.
        signals: usize,
        /// Their descriptions.
        names: Box<str>,
    },
    /// An annotation file is not what annot(5) says.
    #[error("{origin}: at byte {offset}: found {found}, expected {expected}")]
    Annotation {
        /// The annotation file's path, or what else the bytes came from.
        origin: Box<str>,
        /// Place in the file, in bytes from 0.
        offset: usize,
        /// What stands there.
        found: Box<str>,
        /// What should stand there, and what to do.
        expected: Box<str>,
    },
    /// A record or an annotation that cannot be said in WFDB form; nothing has been written.
    #[error("{origin}: cannot be written: {place}: found {found}, expected {expected}")]
    Unwritable {
        /// The file that was to be written.
        origin: Box<str>,
        /// The part of the record.
        place: Box<str>,
        /// What it is.
        found: Box<str>,
        /// What it may be.
        expected: Box<str>,
    },
}
