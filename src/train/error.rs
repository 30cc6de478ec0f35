//! What can go wrong with a run.

use std::path::PathBuf;

use super::finite::NotFinite;
use super::run::RunFolder;

/// Why a run cannot start, go on or end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] crate::support::files::FileError),
    /// The beats are not what the run needs.
    #[error(transparent)]
    Beat(#[from] crate::beat::Error),
    /// Alpha gives no genotype.
    #[error(transparent)]
    Cell(#[from] crate::cell::Error),
    /// candle failed.
    #[error(transparent)]
    Candle(#[from] candle_core::Error),
    /// The weights are of another network.
    #[error("{}: {source}", path.display())]
    Weights {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        source: crate::network::StoreError,
    },
    /// A configuration that cannot run.
    #[error("{field}: found {found}, expected {expected}")]
    Configuration {
        /// The field.
        field: &'static str,
        /// Its value.
        found: String,
        /// What would be right.
        expected: String,
    },
    /// The folder already holds something.
    #[error("{}: there is something already; go on with it by --resume, or choose another folder", path.display())]
    Exists {
        /// The folder.
        path: PathBuf,
    },
    /// There is nothing to resume.
    #[error("{}: found no checkpoint to resume from; start the run without --resume", path.display())]
    NothingToResume {
        /// The checkpoint.
        path: PathBuf,
    },
    /// A file of ours that is not what it should be.
    #[error("{}: {place}: {message}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where in it.
        place: String,
        /// What was found and expected.
        message: String,
    },
    /// Neither the checkpoint nor the one before it can be used.
    #[error(
        "{current}; the checkpoint before it is of no use either: {previous}. Start the run again, in another folder"
    )]
    NoCheckpoint {
        /// What is wrong with the checkpoint.
        current: Box<Error>,
        /// What is wrong with the one before it.
        previous: String,
    },
    /// A file belongs to another run.
    #[error("{}: {field} is not that of this run: found {found}, expected {expected}; a run is resumed with the \
             configuration and the data it was started with", path.display())]
    Mismatch {
        /// The file.
        path: PathBuf,
        /// What differs.
        field: String,
        /// In the file.
        found: String,
        /// Now.
        expected: String,
    },
    /// Another process works in the folder.
    #[error(transparent)]
    Lock(#[from] crate::support::lock::LockError),
    /// A number is not finite any more.
    #[error("{0}")]
    NotFinite(NotFinite),
    /// The same, with its place in a run.
    #[error(
        "{}: epoch {epoch}, batch {batch}: {what}. The last checkpoint is from before that and unchanged; resumed, the run \
         would come to the same end: start a new one with a learning rate below {rate:?}, or a lower `clip`",
        path.display()
    )]
    Diverged {
        /// The folder of the run.
        path: PathBuf,
        /// Epoch, from 1.
        epoch: usize,
        /// Batch, from 1.
        batch: usize,
        /// What is not finite, and where.
        what: NotFinite,
        /// The learning rate of the weights.
        rate: f64,
    },
}

/// Result of this room.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// A number that is not finite, with its place in a run; any other error as it is.
    pub(crate) fn in_run(self, run: &RunFolder, epoch: usize, batch: usize, rate: f64) -> Self {
        match self {
            Self::NotFinite(what) => Self::Diverged { path: run.path().to_path_buf(), epoch, batch, what, rate },
            other => other,
        }
    }
}
