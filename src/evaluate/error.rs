//! What can be wrong with evaluations and what they are made from.

use crate::support::files::FileError;

/// What can be wrong with an evaluation or with what it is made from.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file cannot be read or written, or is not the JSON that it should be.
    #[error(transparent)]
    File(#[from] FileError),
    /// A confusion matrix with counts that no set of beats has.
    #[error(
        "confusion matrix: found more than {limit} beats in all, expected at most that many (JSON's largest exact \
         integer); the counts are damaged, evaluate again"
    )]
    TooManyBeats {
        /// The most beats that a matrix may hold.
        limit: u64,
    },
    /// A file of another version of the layout.
    #[error(
        "{origin}: found schema {found}, expected {expected}; read it with the version of heart-darts that wrote it, or \
         evaluate again"
    )]
    Schema {
        /// The file's path, or what else the text came from.
        origin: String,
        /// The version in the file.
        found: u32,
        /// The version that this program reads.
        expected: u32,
    },
    /// A file whose parts contradict each other.
    #[error(
        "{origin}: key `{key}`: found {found}, expected another: {expected}; the file was changed by hand, evaluate again"
    )]
    Inconsistent {
        /// The file's path, or what else the text came from.
        origin: String,
        /// The key, with dots between levels.
        key: String,
        /// What stands there.
        found: String,
        /// What would agree with the rest of the file.
        expected: String,
    },
    /// A comparison of annotations of which nothing is left, or with numbers that are none.
    #[error("{what}: found {found}, expected {expected}")]
    Period {
        /// What is wrong.
        what: &'static str,
        /// What was found.
        found: String,
        /// What was expected.
        expected: String,
    },
    /// Probabilities that do not fit to the beats, or are none.
    #[error("probabilities of beat {beat}: found {found}, expected {expected}")]
    Probabilities {
        /// The beat, from 0.
        beat: usize,
        /// What was found.
        found: String,
        /// What was expected.
        expected: &'static str,
    },
}
