//! A record with its samples, one of every signal a frame.

use std::path::{Path, PathBuf};

use super::{Expanded, Header, Result};

/// A header and its samples, every signal at the frame rate.
///
/// ```no_run
/// use heart_darts::wfdb::{Record, read_annotations};
/// let record = Record::read("mitdb/100".as_ref())?;
/// let lead = record.header.position("MLII").expect("record 100 has it");
/// let millivolts = record.physical(lead);
/// let beats = read_annotations("mitdb/100.atr".as_ref())?.into_iter().filter(|a| a.code.is_beat()).count();
/// # Ok::<(), heart_darts::wfdb::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The header; `samples` is always there, `signals` are those that were read, `segments` are joined.
    pub header: Header,
    /// Samples in adu, `[signal][sample]`, with skew undone; [`INVALID`](super::INVALID) where there is none.
    pub signals: Vec<Vec<i32>>,
}

impl Record {
    /// Reads the record of a stem (`DIR/100`): its header `DIR/100.hea`, and every signal. Segments are joined into one
    /// record, with [`INVALID`](super::INVALID) in gaps. A signal of several samples a frame is averaged
    /// ([`Expanded::smoothed`]), as the Python package does unless told otherwise; [`Expanded::read`] keeps its own rate.
    /// A path that ends in `.edf` is a file in European Data Format (EDF, or EDF+ without interruptions).
    ///
    /// # Errors
    /// [`Error::Edf`](super::Error::Edf), or as [`Header::read`]; [`Error::Truncated`](super::Error::Truncated) for a signal
    /// file that is too short; [`Error::Stream`](super::Error::Stream) for a damaged FLAC stream;
    /// [`Error::Mismatch`](super::Error::Mismatch) for an initial value or a checksum that is not the header's;
    /// [`Error::Segments`](super::Error::Segments) for segments that do not fit together;
    /// [`Error::TooLong`](super::Error::TooLong) for samples out of proportion to the files.
    pub fn read(stem: &Path) -> Result<Self> {
        Expanded::read(stem).map(Expanded::smoothed)
    }

    /// Reads only some signals, in the order given (numbered from 0 as in the header); the header keeps only those too.
    ///
    /// # Errors
    /// As [`read`](Self::read), for the chosen signals; [`Error::NoSuchSignal`](super::Error::NoSuchSignal).
    pub fn read_signals(stem: &Path, signals: &[usize]) -> Result<Self> {
        Expanded::read_signals(stem, signals).map(Expanded::smoothed)
    }

    /// Samples a signal.
    pub fn samples(&self) -> usize {
        self.signals.first().map_or(0, Vec::len)
    }

    /// A signal in the unit of its header (mV for an ECG), NaN where there is no sample. `signal` counts the signals that
    /// were read.
    ///
    /// # Panics
    /// If there is no such signal, as with any index.
    pub fn physical(&self, signal: usize) -> Vec<f32> {
        self.physical_values(signal).map(|value| value as f32).collect()
    }

    /// As [`physical`](Self::physical), one by one and in full precision.
    ///
    /// # Panics
    /// If there is no such signal, as with any index.
    pub fn physical_values(&self, signal: usize) -> impl Iterator<Item = f64> {
        let spec = &self.header.signals[signal];
        spec.physical_values(&self.signals[signal], 1)
    }
}

/// A path with a suffix added; `Path::with_extension` would cut a name such as `rec.1`.
pub(super) fn with_suffix(stem: &Path, suffix: &str) -> PathBuf {
    let mut path = stem.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}
