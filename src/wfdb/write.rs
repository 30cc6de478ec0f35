//! Writing a record: header and signal files.

use std::path::Path;

use super::header::unwritable;
use super::{INVALID, Record, Result};
use crate::support::files::write_atomic;

impl Record {
    /// Writes `DIR/NAME.hea` and the signal files its header names, signals of one file interleaved. Number of samples,
    /// initial values and checksums are filled in; samples are written as they stand here, aligned, from byte 0: skew and
    /// byte offset become 0. An empty file name becomes `NAME.dat`. Files that were there are replaced, each atomically,
    /// the header last.
    ///
    /// # Errors
    /// [`Error::Unwritable`](super::Error::Unwritable) before anything is written: a sample outside its format's range,
    /// signals of different lengths, a name or a unit that would not read back. [`Error::File`](super::Error::File).
    pub fn write(&self, dir: &Path) -> Result<()> {
        let origin = dir.join(format!("{}.hea", self.header.name)).display().to_string();
        let (specs, samples) = (&self.header.signals, self.samples());
        if specs.len() != self.signals.len() {
            let found = format!("{} signals and {} signal specifications", self.signals.len(), specs.len());
            return Err(unwritable(origin, "signals", found, "one specification a signal"));
        }
        let mut header = self.header.clone();
        header.samples = Some(samples as u64);
        for (index, (spec, signal)) in header.signals.iter_mut().zip(&self.signals).enumerate() {
            let refuse = |found: String, expected: String| {
                unwritable(&*origin, format!("signal {index} ({})", spec.description), found, expected)
            };
            if signal.len() != samples {
                return Err(refuse(format!("{} samples", signal.len()), format!("{samples}, as signal 0 has")));
            }
            if spec.samples_per_frame != 1 {
                return Err(refuse(format!("{} samples a frame", spec.samples_per_frame), "1".into()));
            }
            let (low, high) = spec.format.range();
            let outside = |sample: &i32| *sample != INVALID && !(low..=high).contains(sample);
            if let Some(at) = signal.iter().position(outside) {
                let expected = format!("{low} to {high} adu, which is what format {} holds", spec.format);
                return Err(refuse(format!("{} adu at sample {at}", signal[at]), expected));
            }
            let invalid = spec.format.invalid();
            let stored = |sample: &i32| if *sample == INVALID { invalid } else { *sample };
            spec.initial_value = Some(signal.first().map_or(0, stored));
            spec.checksum = Some(signal.iter().fold(0_i32, |sum, sample| sum.wrapping_add(stored(sample))) as i16);
            (spec.skew, spec.byte_offset) = (0, 0);
            if spec.file.is_empty() {
                spec.file = format!("{}.dat", self.header.name);
            }
        }
        if header.signals.iter().any(|spec| spec.file == format!("{}.hea", header.name)) {
            return Err(unwritable(
                origin,
                "signal file",
                format!("`{}.hea`", header.name),
                "another, such as ending in .dat",
            ));
        }
        let text = header.text()?;
        let mut start = 0;
        for group in header.signals.chunk_by(|a, b| a.file == b.file) {
            let signals = &self.signals[start..start + group.len()];
            start += group.len();
            let invalid = group[0].format.invalid();
            let frame = |index: usize| signals.iter().map(move |signal| signal[index]);
            let stored = |sample| if sample == INVALID { invalid } else { sample };
            let interleaved: Vec<i32> = (0..samples).flat_map(frame).map(stored).collect();
            write_atomic(&dir.join(&group[0].file), &group[0].format.encode(&interleaved))?;
        }
        write_atomic(&dir.join(format!("{}.hea", header.name)), text.as_bytes())?;
        Ok(())
    }
}
