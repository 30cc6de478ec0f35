//! Writing a record: header and signal files.

use std::path::Path;

use super::header::unwritable;
use super::header_parse::NO_FILE;
use super::{Error, Expanded, Format, Header, INVALID, Record, Result, SignalSpec};
use crate::support::files::write_atomic;

impl Record {
    /// Writes `DIR/NAME.hea` and the signal files its header names, signals of one file interleaved. Number of samples,
    /// initial values and checksums are filled in; samples are written as they stand here, aligned, from byte 0: skew and
    /// byte offset become 0. An empty file name becomes `NAME.dat`. Files that were there are replaced, each atomically,
    /// the header last. Every format but the FLAC ones is written.
    ///
    /// # Errors
    /// [`Error::Unwritable`] before anything is written: a sample outside its format's range, in format 8 one too far from
    /// the sample before it, signals of different lengths, a name or a unit that would not read back. [`Error::File`].
    pub fn write(&self, dir: &Path) -> Result<()> {
        let specs = &self.header.signals;
        if let Some((index, spec)) = specs.iter().enumerate().find(|(_, spec)| spec.samples_per_frame != 1) {
            let origin = dir.join(format!("{}.hea", self.header.name)).display().to_string();
            let found = format!("{} samples a frame", spec.samples_per_frame);
            return Err(unwritable(origin, place(index, spec), found, "1; an Expanded has others"));
        }
        write(&self.header, &self.signals, self.samples(), dir)
    }
}

impl Expanded {
    /// Writes header and signal files, as [`Record::write`] does; signals may have several samples a frame.
    ///
    /// # Errors
    /// As [`Record::write`].
    pub fn write(&self, dir: &Path) -> Result<()> {
        let first = self.header.signals.first().map_or(1, |spec| spec.samples_per_frame.max(1));
        let frames = self.signals.first().map_or(0, Vec::len) / first as usize;
        write(&self.header, &self.signals, frames, dir)
    }
}

fn place(index: usize, spec: &SignalSpec) -> String {
    format!("signal {index} ({})", spec.description)
}

fn write(header: &Header, signals: &[Vec<i32>], frames: usize, dir: &Path) -> Result<()> {
    let origin = dir.join(format!("{}.hea", header.name)).display().to_string();
    if header.signals.len() != signals.len() {
        let found = format!("{} signals and {} signal specifications", signals.len(), header.signals.len());
        return Err(unwritable(origin, "signals", found, "one specification a signal"));
    }
    let mut header = header.clone();
    header.samples = Some(frames as u64);
    for (index, (spec, signal)) in header.signals.iter_mut().zip(signals).enumerate() {
        check(index, spec, signal, frames, &origin)?;
        let invalid = spec.format.invalid();
        let stored = |sample: &i32| if *sample == INVALID { invalid } else { *sample };
        let null = spec.format == Format::Format0;
        spec.initial_value = Some(signal.first().filter(|_| !null).map_or(0, stored));
        spec.checksum =
            Some(signal.iter().filter(|_| !null).fold(0_i32, |sum, sample| sum.wrapping_add(stored(sample))) as i16);
        (spec.skew, spec.byte_offset) = (0, 0);
        if spec.file.is_empty() {
            spec.file = if null { NO_FILE.into() } else { format!("{}.dat", header.name) };
        }
    }
    if header.signals.iter().any(|spec| spec.file == format!("{}.hea", header.name)) {
        let found = format!("`{}.hea`", header.name);
        return Err(unwritable(origin, "signal file", found, "another, such as ending in .dat"));
    }
    let text = header.text()?;
    let mut start = 0;
    for group in header.signals.chunk_by(|a, b| a.file == b.file) {
        let signals = &signals[start..start + group.len()];
        start += group.len();
        if group[0].format != Format::Format0 {
            write_atomic(&dir.join(&group[0].file), &group[0].format.encode(&interleaved(group, signals, frames)))?;
        }
    }
    write_atomic(&dir.join(format!("{}.hea", header.name)), text.as_bytes())?;
    Ok(())
}

/// Whether a signal's samples can be said in its format.
fn check(index: usize, spec: &SignalSpec, signal: &[i32], frames: usize, origin: &str) -> Result<()> {
    let refuse =
        |found: String, expected: String| Err::<(), Error>(unwritable(origin, place(index, spec), found, expected));
    let format = spec.format;
    let width = spec.samples_per_frame as usize;
    if width == 0 || !signal.len().is_multiple_of(width) || signal.len() / width != frames {
        let expected = format!("{} a frame for {frames} frames, as signal 0 has", spec.samples_per_frame);
        return refuse(format!("{} samples", signal.len()), expected);
    }
    if format.is_flac() {
        return refuse(format!("format {format}"), "another: FLAC streams are read, not written".into());
    }
    let (low, high) = format.range();
    let outside = |sample: &i32| *sample != INVALID && !(low..=high).contains(sample);
    if let Some(at) = signal.iter().position(outside) {
        let expected = match format {
            Format::Format0 => "no sample (INVALID), since format 0 stands for a signal without any".into(),
            _ => format!("{low} to {high} adu, which is what format {format} holds"),
        };
        return refuse(format!("{} adu at sample {at}", signal[at]), expected);
    }
    if format == Format::Format8 {
        if let Some(at) = signal.iter().position(|sample| *sample == INVALID) {
            return refuse(format!("no sample at {at}"), "one, since format 8 has no value for what is invalid".into());
        }
        let far = |pair: &[i32]| i8::try_from(i64::from(pair[1]) - i64::from(pair[0])).is_err();
        if let Some(at) = signal.windows(2).position(far) {
            let found = format!("{} adu after {} adu at sample {}", signal[at + 1], signal[at], at + 1);
            return refuse(found, "a step of -128 to 127 adu, which is what format 8 holds".into());
        }
    }
    Ok(())
}

/// The samples of signals of one file, as stored, frame by frame.
fn interleaved(specs: &[SignalSpec], signals: &[Vec<i32>], frames: usize) -> Vec<i32> {
    let format = specs[0].format;
    let stored: Vec<Vec<i32>> = signals
        .iter()
        .map(|signal| match format {
            // From the initial value, which is the first sample.
            Format::Format8 => {
                let before = signal.first().into_iter().chain(signal);
                signal.iter().zip(before).map(|(sample, before)| sample.wrapping_sub(*before)).collect()
            }
            _ => signal.iter().map(|sample| if *sample == INVALID { format.invalid() } else { *sample }).collect(),
        })
        .collect();
    let mut all = Vec::with_capacity(stored.iter().map(Vec::len).sum());
    for frame in 0..frames {
        for (spec, signal) in specs.iter().zip(&stored) {
            let width = spec.samples_per_frame as usize;
            all.extend_from_slice(&signal[frame * width..][..width]);
        }
    }
    all
}
