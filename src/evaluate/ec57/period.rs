//! What of a record is compared.

use crate::evaluate::Error;

/// How annotations are compared; the default is EC57's, anything else is for one's own use.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// Where the test period begins, in seconds. Default 300: the first five minutes are for learning.
    pub from: f64,
    /// How far apart the two beats of a pair may be, in seconds. Default 0.15.
    pub window: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self { from: 300.0, window: 0.15 }
    }
}

/// The part of a record that is compared, in samples from 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Period {
    /// Samples a second.
    pub(super) frequency: f64,
    /// The first sample.
    pub(super) start: i64,
    /// The sample behind the record's last; a beat there still counts. `None`: to the last beat of the reference.
    pub(super) end: Option<i64>,
    /// The match window.
    pub(super) window: i64,
}

/// Times up to this many samples are told apart: more than annotation files can hold.
pub(super) const FAR: i64 = 1 << 60;

impl Period {
    /// The test period of a record of `samples` samples (`None` where its header does not say) at `frequency` Hz. Times
    /// are rounded to the nearest sample, halves up.
    ///
    /// # Errors
    /// [`Error::Period`] when nothing of the record is left, or a number is none.
    pub fn new(frequency: f64, samples: Option<u64>, options: Options) -> Result<Self, Error> {
        let Options { from, window } = options;
        for (what, value) in [("start of the comparison", from), ("match window", window)] {
            if !(0.0..1e9).contains(&value) {
                let expected = "a number of seconds, 0 or more";
                return Err(Error::Period { what, found: format!("{value} s"), expected: expected.into() });
            }
        }
        if !(frequency.is_finite() && frequency > 0.0 && frequency < 1e6) {
            let (what, found) = ("sampling frequency", format!("{frequency} Hz"));
            return Err(Error::Period { what, found, expected: "a number above 0".into() });
        }
        let to_samples = |seconds: f64| (seconds * frequency + 0.5).floor() as i64;
        let start = to_samples(from);
        let end = samples.map(in_range);
        if let Some(end) = end.filter(|end| *end < start) {
            let found = format!("a record of {:.0} s", end as f64 / frequency);
            let expected = format!("more than {from} s, which are left out at the beginning (EC57 leaves out 300 s)");
            return Err(Error::Period { what: "length", found, expected });
        }
        Ok(Self { frequency, start, end, window: to_samples(window) })
    }
}

/// A sample number as a signed one; absurd ones become [`FAR`] - 1.
pub(super) fn in_range(sample: u64) -> i64 {
    i64::try_from(sample).unwrap_or(FAR).min(FAR - 1)
}
