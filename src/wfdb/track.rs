//! One signal, as it comes out of its file.

use std::path::Path;

use super::{Error, Format, INVALID, Result, SignalSpec};

/// Collects the samples of a signal: differences summed up, skew undone, invalid ones marked, sums kept to verify.
pub(super) struct Track {
    format: Format,
    /// Samples at the start that belong to no frame of the record.
    late: u64,
    /// The last sample, from which format 8 counts on.
    last: i32,
    sum: i32,
    first: Option<i32>,
    samples: Vec<i32>,
}

impl Track {
    /// Room for `room` samples is taken at once: only ask for what a file is known to hold.
    pub(super) fn new(spec: &SignalSpec, room: usize) -> Self {
        Self {
            format: spec.format,
            late: u64::from(spec.skew) * u64::from(spec.samples_per_frame),
            last: spec.initial_value.unwrap_or(0),
            sum: 0,
            first: None,
            samples: Vec::with_capacity(room),
        }
    }

    /// Takes the next samples as stored.
    pub(super) fn take(&mut self, stored: impl Iterator<Item = i32>) {
        let (invalid, differences) = (self.format.invalid(), self.format == Format::Format8);
        for stored in stored {
            let value = if differences { self.last.wrapping_add(stored) } else { stored };
            self.last = value;
            // Checksum and initial value are those of the file's frames, before skew is undone.
            self.sum = self.sum.wrapping_add(value);
            self.first.get_or_insert(value);
            if self.late > 0 {
                self.late -= 1;
            } else {
                self.samples.push(if value == invalid { INVALID } else { value });
            }
        }
    }

    /// Verifies the signal against its header and hands out its `samples` samples.
    pub(super) fn finish(
        mut self,
        samples: u64,
        spec: &SignalSpec,
        signal: usize,
        path: &Path,
        origin: &str,
    ) -> Result<Vec<i32>> {
        let mismatch = |quantity, found, expected| Error::Mismatch {
            path: path.into(),
            header: origin.into(),
            signal,
            name: spec.description.as_str().into(),
            quantity,
            found,
            expected,
        };
        // In format 8 the initial value is where the differences start from; and where a signal starts with samples that are
        // not there, some programs write 0.
        if let (Some(expected), Some(found)) = (spec.initial_value, self.first)
            && self.format != Format::Format8
            && found != self.format.invalid()
            && expected != found
        {
            return Err(mismatch("initial value", found.into(), expected.into()));
        }
        if let Some(expected) = spec.checksum
            && expected != self.sum as i16
        {
            return Err(mismatch("checksum", (self.sum as i16).into(), expected.into()));
        }
        // The last samples of a late signal lie after the frames that the header counts: they are not there.
        self.samples.resize(samples as usize, INVALID);
        Ok(self.samples)
    }
}
