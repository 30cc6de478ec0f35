//! One error for all steps.

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
