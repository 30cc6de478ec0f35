//! One error for all steps.

use std::path::{Path, PathBuf};

/// Why a step failed; each message is complete by itself.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file.
    #[error(transparent)]
    File(#[from] crate::support::files::FileError),
    /// A record.
    #[error(transparent)]
    Wfdb(#[from] crate::wfdb::Error),
    /// A folder of records, or its description.
    #[error(transparent)]
    Database(#[from] crate::database::Error),
    /// Preprocessing.
    #[error(transparent)]
    Signal(#[from] crate::signal::Error),
    /// Beats or their split.
    #[error(transparent)]
    Beat(#[from] crate::beat::Error),
    /// A genotype.
    #[error(transparent)]
    Cell(#[from] crate::cell::Error),
    /// A search or a training.
    #[error(transparent)]
    Run(#[from] crate::train::Error),
    /// A model.
    #[error(transparent)]
    Model(#[from] crate::model::Error),
    /// Figures.
    #[error(transparent)]
    Evaluate(#[from] crate::evaluate::Error),
    /// candle failed.
    #[error(transparent)]
    Candle(#[from] candle_core::Error),
    /// A network that cannot be built.
    #[error("network: {message}")]
    Network {
        /// What was found and expected.
        message: String,
    },
    /// A configuration that parses and cannot run.
    #[error("{}: {field}{message}", path.display())]
    Configuration {
        /// The file.
        path: PathBuf,
        /// The part of it, with a dot or a colon behind.
        field: String,
        /// The field, what was found and what was expected.
        message: String,
    },
    /// Somebody pressed Ctrl-C.
    #[error("stopped")]
    Interrupted,
    /// What was asked for does not fit together.
    #[error("{place}: found {found}, expected {expected}")]
    Unfit {
        /// Where.
        place: String,
        /// What is there.
        found: String,
        /// What would be right, and what to do.
        expected: String,
    },
}

/// Result of a step.
pub type Result<T> = std::result::Result<T, Error>;

/// Makes an error of a part of a configuration one of the file.
pub(super) fn configured<E: std::fmt::Display>(path: &Path, field: impl Into<String>) -> impl FnOnce(E) -> Error {
    let (path, field) = (path.to_path_buf(), field.into());
    move |error| Error::Configuration { path, field, message: error.to_string() }
}
