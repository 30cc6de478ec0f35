//! What can go wrong with a picture.

use std::path::PathBuf;

use crate::support::files::FileError;

/// What can go wrong with a picture.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file's name does not say which kind of picture.
    #[error("{}: found the extension {found}, expected `.svg` or `.png`; name the picture accordingly", path.display())]
    Extension {
        /// The file.
        path: PathBuf,
        /// Its extension in quotes, or `none`.
        found: String,
    },
    /// The data do not make a picture.
    #[error("{}: cannot be drawn: found {found}, expected {expected}", path.display())]
    Data {
        /// The file.
        path: PathBuf,
        /// What was found.
        found: String,
        /// What was expected.
        expected: &'static str,
    },
    /// plotters failed.
    #[error("{}: cannot be drawn: {message}; nothing was written", path.display())]
    Draw {
        /// The file.
        path: PathBuf,
        /// Its words.
        message: String,
    },
    /// The file cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
}
