//! A record with its samples.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::{Error, Header, INVALID, Result, SignalSpec};
use crate::support::files::FileError;

/// Samples that are decoded at a time; even, so that no pair of format 212 is torn.
const CHUNK: u64 = 1 << 15;

/// A header and its samples.
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
    /// The header; `samples` is always there, and `signals` are those that were read.
    pub header: Header,
    /// Samples in adu, `[signal][sample]`, with skew undone; [`INVALID`] where there is none.
    pub signals: Vec<Vec<i32>>,
}

impl Record {
    /// Reads the record of a stem (`DIR/100`): its header `DIR/100.hea`, and every signal.
    ///
    /// # Errors
    /// As [`Header::read`]; [`Error::Truncated`] for a signal file that is too short; [`Error::Mismatch`] for an initial
    /// value or a checksum that is not the header's; [`Error::Unsupported`] for several samples a frame.
    pub fn read(stem: &Path) -> Result<Self> {
        Self::read_chosen(stem, None)
    }

    /// Reads only some signals, in the order given (numbered from 0 as in the header); the header keeps only those too.
    ///
    /// # Errors
    /// As [`read`](Self::read), for the chosen signals; [`Error::NoSuchSignal`].
    pub fn read_signals(stem: &Path, signals: &[usize]) -> Result<Self> {
        Self::read_chosen(stem, Some(signals))
    }

    fn read_chosen(stem: &Path, chosen: Option<&[usize]>) -> Result<Self> {
        let path = with_suffix(stem, ".hea");
        let mut header = Header::read(&path)?;
        let origin = path.display().to_string();
        let all: Vec<usize> = (0..header.signals.len()).collect();
        let chosen = chosen.unwrap_or(&all);
        for &signal in chosen {
            let Some(spec) = header.signals.get(signal) else {
                let names: Vec<&str> = header.signals.iter().map(|spec| spec.description.as_str()).collect();
                let names = names.join(", ");
                return Err(Error::NoSuchSignal {
                    origin: origin.into(),
                    found: signal,
                    signals: all.len(),
                    names: names.into(),
                });
            };
            if spec.samples_per_frame != 1 {
                let (frame, name) = (spec.samples_per_frame, &spec.description);
                let found = format!("signal {signal} ({name}) with {frame} samples a frame");
                let expected = "only 1 a frame is: choose other signals, or convert the record (xform)".into();
                return Err(Error::Unsupported { origin: origin.into(), found: found.into(), expected });
            }
        }
        let groups: Vec<Group> = groups(&header, path.parent().unwrap_or(Path::new("")), &origin)?;
        // Where the header does not say, the shortest file decides.
        let samples = match header.samples {
            Some(samples) => samples,
            None => groups.iter().map(|group| group.frames).min().unwrap_or(0),
        };
        let mut signals = vec![Vec::new(); chosen.len()];
        for group in &groups {
            let wanted: Vec<(usize, usize)> =
                chosen.iter().copied().enumerate().filter(|(_, signal)| group.signals.contains(signal)).collect();
            if !wanted.is_empty() {
                group.read(&header, &origin, samples, &wanted, &mut signals)?;
            }
        }
        header.signals = chosen.iter().map(|signal| header.signals[*signal].clone()).collect();
        header.samples = Some(samples);
        Ok(Self { header, signals })
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
        let spec = &self.header.signals[signal];
        self.signals[signal].iter().map(|sample| spec.to_physical(*sample) as f32).collect()
    }
}

/// A path with a suffix added; `Path::with_extension` would cut a name such as `rec.1`.
pub(super) fn with_suffix(stem: &Path, suffix: &str) -> PathBuf {
    let mut path = stem.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}

/// The signals that share a signal file.
struct Group {
    path: PathBuf,
    signals: Range<usize>,
    /// Samples of all its signals in a frame.
    frame: u64,
    /// Bytes before the first frame.
    offset: u64,
    /// The file's size in bytes.
    size: u64,
    /// Whole frames in the file.
    frames: u64,
}

/// The header's signal files, each looked at but not read.
fn groups(header: &Header, folder: &Path, origin: &str) -> Result<Vec<Group>> {
    let mut groups = Vec::new();
    let mut start = 0;
    for specs in header.signals.chunk_by(|a, b| a.file == b.file) {
        let path = folder.join(&specs[0].file);
        let size = std::fs::metadata(&path).map_err(|source| FileError::Read { path: path.clone(), source })?.len();
        let frame = specs.iter().map(|spec| u64::from(spec.samples_per_frame)).sum();
        let offset = specs[0].byte_offset;
        if header.samples.is_none() && size < offset {
            let reason = format!("{origin} has the first sample at byte {offset}");
            return Err(Error::Truncated { path, found: size, expected: offset.into(), reason: reason.into() });
        }
        let frames = specs[0].format.samples(size.saturating_sub(offset)) / frame;
        groups.push(Group { path, signals: start..start + specs.len(), frame, offset, size, frames });
        start += specs.len();
    }
    Ok(groups)
}

impl Group {
    /// Reads the wanted signals, given as (place in `signals`, number in the header), and verifies them.
    fn read(
        &self,
        header: &Header,
        origin: &str,
        samples: u64,
        wanted: &[(usize, usize)],
        signals: &mut [Vec<i32>],
    ) -> Result<()> {
        let specs = &header.signals[self.signals.clone()];
        let format = specs[0].format;
        // The sizes are compared before memory is taken: from here on it is bounded by the file's size.
        let needed = u128::from(samples).saturating_mul(self.frame.into());
        let expected = format.bytes(needed).saturating_add(self.offset.into());
        if u128::from(self.size) < expected {
            let (n, frame, offset) = (samples, self.frame, self.offset);
            let reason = format!("{origin}: {n} frames of {frame} samples in format {format} from byte {offset}");
            return Err(Error::Truncated {
                path: self.path.clone(),
                found: self.size,
                expected,
                reason: reason.into(),
            });
        }
        let mut sums = vec![0_i32; wanted.len()];
        let mut firsts = vec![None; wanted.len()];
        for (place, _) in wanted {
            signals[*place].reserve_exact(samples as usize);
        }
        self.for_each_chunk(samples, format, |start, decoded| {
            for (k, (place, signal)) in wanted.iter().enumerate() {
                let before = &specs[..signal - self.signals.start];
                let position: u64 = before.iter().map(|spec| u64::from(spec.samples_per_frame)).sum();
                let column = decoded.iter().skip(position as usize).step_by(self.frame as usize);
                // Checksum and initial value are those of the file's frames, before skew is undone.
                sums[k] = column.clone().fold(sums[k], |sum, sample| sum.wrapping_add(*sample));
                firsts[k] = firsts[k].or(column.clone().next().copied());
                let late = u64::from(header.signals[*signal].skew).saturating_sub(start);
                let invalid = format.invalid();
                let valid = column.skip(late as usize).map(|sample| if *sample == invalid { INVALID } else { *sample });
                signals[*place].extend(valid);
            }
        })?;
        for ((place, signal), (sum, first)) in wanted.iter().zip(sums.iter().zip(firsts)) {
            // The last samples of a late signal lie after the frames that the header counts: they are not there.
            signals[*place].resize(samples as usize, INVALID);
            self.verify(&header.signals[*signal], origin, *signal, *sum, first)?;
        }
        Ok(())
    }

    /// Decodes `frames` frames, a chunk at a time; `take` gets the first frame's number and the samples.
    fn for_each_chunk(&self, frames: u64, format: super::Format, mut take: impl FnMut(u64, &[i32])) -> Result<()> {
        let failed = |source| FileError::Read { path: self.path.clone(), source };
        let mut file = File::open(&self.path).map_err(failed)?;
        file.seek(SeekFrom::Start(self.offset)).map_err(failed)?;
        let step = 2 * (CHUNK / 2 / self.frame).max(1);
        let (mut bytes, mut samples) = (Vec::new(), Vec::new());
        let mut start = 0;
        while start < frames {
            let count = step.min(frames - start);
            let length = format.bytes(u128::from(count * self.frame)) as usize;
            bytes.resize(length, 0);
            file.read_exact(&mut bytes).map_err(failed)?;
            format.decode(&bytes, &mut samples);
            // An odd number of 12-bit samples leaves half a pair: it is not a sample.
            samples.truncate((count * self.frame) as usize);
            take(start, &samples);
            start += count;
        }
        Ok(())
    }

    fn verify(&self, spec: &SignalSpec, origin: &str, signal: usize, sum: i32, first: Option<i32>) -> Result<()> {
        let mismatch = |quantity, found, expected| Error::Mismatch {
            path: self.path.clone(),
            header: origin.into(),
            signal,
            name: spec.description.as_str().into(),
            quantity,
            found,
            expected,
        };
        if let (Some(expected), Some(found)) = (spec.initial_value, first)
            && expected != found
        {
            return Err(mismatch("initial value", found.into(), expected.into()));
        }
        match spec.checksum {
            Some(expected) if expected != sum as i16 => Err(mismatch("checksum", (sum as i16).into(), expected.into())),
            _ => Ok(()),
        }
    }
}
