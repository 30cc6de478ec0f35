//! A record whose signals each have their own rate.

use std::path::Path;

use super::edf::{Edf, is_edf};
use super::record::with_suffix;
use super::{Error, Header, INVALID, Record, Result, segments, signal_file};

/// A header and its samples, every signal at its own rate: `samples_per_frame` times the frame rate.
///
/// ```no_run
/// use heart_darts::wfdb::Expanded;
/// let record = Expanded::read("drivedb/drive02".as_ref())?;
/// let ecg = record.header.position("ECG").expect("drive02 has it");
/// assert_eq!(record.signals[ecg].len(), record.frames() * 32);
/// assert_eq!(record.frequency(ecg), 32.0 * record.header.frequency);
/// # Ok::<(), heart_darts::wfdb::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Expanded {
    /// The header; `samples` (frames) is always there, `signals` are those that were read, `segments` are joined.
    pub header: Header,
    /// Samples in adu, `[signal][sample]`, with skew undone; [`INVALID`] where there is none. A signal has
    /// `samples_per_frame` samples a frame.
    pub signals: Vec<Vec<i32>>,
}

impl Expanded {
    /// Reads the record of a stem, as [`Record::read`] does.
    ///
    /// # Errors
    /// As [`Record::read`].
    pub fn read(stem: &Path) -> Result<Self> {
        Self::read_chosen(stem, None)
    }

    /// Reads only some signals, as [`Record::read_signals`] does.
    ///
    /// # Errors
    /// As [`Record::read_signals`].
    pub fn read_signals(stem: &Path, signals: &[usize]) -> Result<Self> {
        Self::read_chosen(stem, Some(signals))
    }

    fn read_chosen(stem: &Path, chosen: Option<&[usize]>) -> Result<Self> {
        if is_edf(stem) {
            return Edf::open(stem)?.read(chosen);
        }
        let path = with_suffix(stem, ".hea");
        let mut header = Header::read(&path)?;
        let origin = path.display().to_string();
        let chosen = chosen_signals(&header, chosen, &origin)?;
        if !header.segments.is_empty() {
            return segments::read(header, &path, &chosen);
        }
        let folder = path.parent().unwrap_or(Path::new(""));
        let (frames, signals) = signal_file::read(&header, header.samples, folder, &origin, &chosen)?;
        header.signals = chosen.iter().map(|signal| header.signals[*signal].clone()).collect();
        header.samples = Some(frames);
        Ok(Self { header, signals })
    }

    /// Frames of the record: samples of a signal with one a frame.
    pub fn frames(&self) -> usize {
        self.header.samples.unwrap_or(0) as usize
    }

    /// The rate of a signal in Hz.
    ///
    /// # Panics
    /// If there is no such signal, as with any index.
    pub fn frequency(&self, signal: usize) -> f64 {
        self.header.frequency * f64::from(self.header.signals[signal].samples_per_frame)
    }

    /// A signal in the unit of its header, NaN where there is no sample; see [`Record::physical`].
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
        spec.physical_values(&self.signals[signal], spec.samples_per_frame)
    }

    /// The record at the frame rate: the mean of a signal's samples in a frame, in whole adu, cut towards 0 as the Python
    /// package does. A frame with an invalid sample is invalid as a whole (there, -32768 and the like are averaged along).
    /// Initial value and checksum of such a signal were those of its samples, and are left out.
    pub fn smoothed(mut self) -> Record {
        for (spec, signal) in self.header.signals.iter_mut().zip(&mut self.signals) {
            if spec.samples_per_frame == 1 {
                continue;
            }
            let frames = signal.chunks_exact(spec.samples_per_frame.max(1) as usize);
            *signal = frames.map(mean).collect();
            spec.samples_per_frame = 1;
            (spec.initial_value, spec.checksum) = (None, None);
        }
        Record { header: self.header, signals: self.signals }
    }
}

fn mean(frame: &[i32]) -> i32 {
    if frame.contains(&INVALID) {
        return INVALID;
    }
    let sum: i64 = frame.iter().map(|sample| i64::from(*sample)).sum();
    (sum / frame.len() as i64) as i32
}

/// The signals asked for, all of them by default, each of which is there.
pub(super) fn chosen_signals(header: &Header, chosen: Option<&[usize]>, origin: &str) -> Result<Vec<usize>> {
    let Some(chosen) = chosen else { return Ok((0..header.signals.len()).collect()) };
    match chosen.iter().find(|signal| **signal >= header.signals.len()) {
        None => Ok(chosen.to_vec()),
        Some(&found) => {
            let names: Vec<&str> = header.signals.iter().map(|spec| spec.description.as_str()).collect();
            let (origin, names) = (origin.into(), names.join(", ").into());
            Err(Error::NoSuchSignal { origin, found, signals: header.signals.len(), names })
        }
    }
}
