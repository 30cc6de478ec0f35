//! What the room refuses, each with what would be accepted.

/// Why samples cannot be processed as asked.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No such wavelet here.
    #[error("found the wavelet {found:?}, expected db1 to db20 or sym2 to sym20; the nearest is {nearest:?}")]
    UnknownWavelet {
        /// The name as given.
        found: String,
        /// The nearest name that exists.
        nearest: String,
    },
    /// A decomposition of no levels.
    #[error(
        "found denoising to level 0, expected at least 1; leave the level out (None) to have it chosen from the rate"
    )]
    LevelZero,
    /// More levels than the samples bear: the coarsest filter would be longer than the signal.
    #[error(
        "found denoising by {wavelet} to level {found} of a lead of {samples} samples, expected at most level {deepest} \
         for that length; take a lower level, a shorter wavelet, or leave the level out (None) to have it chosen from \
         the rate"
    )]
    LevelTooDeep {
        /// The wavelet's name.
        wavelet: String,
        /// The level asked for.
        found: usize,
        /// The lead's length.
        samples: usize,
        /// The deepest level for this wavelet and length; 0 when there is none.
        deepest: usize,
    },
    /// A rate that is none.
    #[error("found {found} Hz as {what}, expected a number from 0.001 to 1000000")]
    Frequency {
        /// Which rate.
        what: &'static str,
        /// The rate as given, in Hz.
        found: f64,
    },
    /// Two rates too far apart to be anything but a mistake in one of them.
    #[error(
        "found resampling from {from} Hz to {to} Hz, expected rates within a factor of {limit} of each other; check the \
         record's header and `resample`"
    )]
    Ratio {
        /// The record's rate, in Hz.
        from: f64,
        /// The rate asked for, in Hz.
        to: f64,
        /// The largest factor accepted.
        limit: f64,
    },
    /// Nothing to interpolate from.
    #[error(
        "found no valid sample among the {samples} of the lead, expected at least one; leave the record or the lead out"
    )]
    NoValidSample {
        /// The lead's length.
        samples: usize,
    },
}

/// The room's result.
pub type Result<T> = std::result::Result<T, Error>;
