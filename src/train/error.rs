//! What can go wrong with a run.

use std::path::PathBuf;

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
    /// The checkpoint belongs to another run.
    #[error("{}: {field} is not that of this run: found {found}, expected {expected}; a run is resumed with the \
             configuration and the data it was started with", path.display())]
    Mismatch {
        /// The checkpoint.
        path: PathBuf,
        /// What differs.
        field: &'static str,
        /// In the file.
        found: String,
        /// Now.
        expected: String,
    },
    /// The loss is not a number any more.
    #[error(
        "epoch {epoch}, batch {batch}: the loss is {loss}; the checkpoints up to here are unchanged. Start a new run with a lower learning rate"
    )]
    Diverged {
        /// Epoch, from 1.
        epoch: usize,
        /// Batch, from 1.
        batch: usize,
        /// The loss.
        loss: f32,
    },
}

/// Result of this room.
pub type Result<T> = std::result::Result<T, Error>;
