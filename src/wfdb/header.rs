//! What a header says.

use std::path::{Path, PathBuf};

use super::edf::{Edf, is_edf};
use super::record::with_suffix;
use super::{Error, Format, INVALID, Result, header_parse, header_write, segments};
use crate::support::files;

/// The largest header that is read; those of PhysioNet are a few kilobytes.
const LIMIT: u64 = 4 << 20;

/// A record's header, as in header(5).
#[derive(Debug, Clone, PartialEq)]
pub struct Header {
    /// The record's name: letters, digits, `_`, `-`.
    pub name: String,
    /// Sampling frequency in Hz (frames a second); 250 where the header does not say.
    pub frequency: f64,
    /// Ticks of the counter a second, where the record was digitised with one.
    pub counter_frequency: Option<f64>,
    /// The counter's value at sample 0.
    pub base_counter: Option<f64>,
    /// Frames, which are samples of a signal with one a frame; `None` where the header does not say (0 or nothing), then the
    /// signal file decides.
    pub samples: Option<u64>,
    /// Time of day of sample 0.
    pub base_time: Option<BaseTime>,
    /// Date of sample 0.
    pub base_date: Option<BaseDate>,
    /// The signals, in the order of the samples of a frame. A master header, of a record in segments, has them from its
    /// layout or first segment, after [`read`](Self::read).
    pub signals: Vec<SignalSpec>,
    /// The segments of a record that has some, in order; empty for all others. With a variable layout the first has no
    /// samples, and its header only lists the signals.
    pub segments: Vec<Segment>,
    /// Comment lines, without `#`, one leading blank and trailing blanks.
    pub comments: Vec<String>,
}

/// A part of a record in segments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// The record, in the same folder, that is the segment; `None` (`~` in the header) for a gap.
    pub name: Option<String>,
    /// Its length in frames.
    pub samples: u64,
}

/// Gain and baseline of a signal from some frame on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Calibration {
    /// The first frame that it holds for.
    pub from: u64,
    /// adu per physical unit.
    pub gain: f64,
    /// The sample, in adu, that is 0 physical units.
    pub baseline: i32,
}

/// A header's line on one signal.
#[derive(Debug, Clone, PartialEq)]
pub struct SignalSpec {
    /// The signal file's name, in the header's folder. Consecutive signals of one name share a file. Empty, for writing:
    /// the record's name and `.dat`, or `~` for a null signal.
    pub file: String,
    /// How samples are stored.
    pub format: Format,
    /// Samples of this signal a frame; [`Record`](super::Record) averages them, [`Expanded`](super::Expanded) keeps them.
    pub samples_per_frame: u32,
    /// Frames by which this signal is late in its file; reading undoes it, so that samples of one index belong together,
    /// and the last `skew` samples are not there.
    pub skew: u32,
    /// Bytes before the first sample in the signal file; 0 for a FLAC stream.
    pub byte_offset: u64,
    /// adu per physical unit; 200 where the header has 0 or nothing, which means that nobody calibrated the signal.
    pub gain: f64,
    /// The sample, in adu, that is 0 physical units; `adc_zero` where the header does not say.
    pub baseline: i32,
    /// The physical unit; `mV` where the header does not say.
    pub units: String,
    /// Bits of the converter; 12 where the header does not say.
    pub adc_resolution: u32,
    /// The middle of the converter's range, in adu.
    pub adc_zero: i32,
    /// The first sample, in adu as stored.
    pub initial_value: Option<i32>,
    /// The sum of all samples as stored, modulo 2¹⁶.
    pub checksum: Option<i16>,
    /// Block size in bytes for devices that need one, 0 for files.
    pub block_size: u32,
    /// What the signal is: the lead's name; empty where the header does not say.
    pub description: String,
    /// Where gain and baseline change, in order, in a record joined from segments that differ in them; `gain` and
    /// `baseline` hold before the first. Empty for all others. [`Record::physical`](super::Record::physical) heeds them.
    pub changes: Vec<Calibration>,
}

/// A time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BaseTime {
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59.
    pub second: u8,
    /// Nanoseconds within the second.
    pub nanosecond: u32,
}

/// A date of the Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BaseDate {
    /// 1 to 31.
    pub day: u8,
    /// 1 to 12.
    pub month: u8,
    /// Four digits.
    pub year: u16,
}

impl Header {
    /// A header without signals yet, for a record to be written; `frequency` in Hz.
    pub fn new(name: impl Into<String>, frequency: f64) -> Self {
        Self {
            name: name.into(),
            frequency,
            counter_frequency: None,
            base_counter: None,
            samples: None,
            base_time: None,
            base_date: None,
            signals: Vec::new(),
            segments: Vec::new(),
            comments: Vec::new(),
        }
    }

    /// Reads a header file (`DIR/100.hea`), and for a record in segments the header of the first of them, which names the
    /// signals; no signal file is touched.
    ///
    /// # Errors
    /// [`Error::File`], and as [`parse`](Self::parse); [`Error::Segments`] for segments that do not fit the header.
    pub fn read(path: &Path) -> Result<Self> {
        let (mut header, signals) = Self::read_text(path)?;
        if !header.segments.is_empty() {
            segments::resolve(&mut header, signals, path)?;
        }
        Ok(header)
    }

    /// The header of a record's stem, without its samples: of `DIR/100` that in `DIR/100.hea`, of `DIR/100.edf` its own.
    ///
    /// # Errors
    /// As [`read`](Self::read); [`Error::Edf`].
    pub fn of_record(stem: &Path) -> Result<Self> {
        if is_edf(stem) {
            return Edf::open(stem).map(|edf| edf.header);
        }
        Self::read(&with_suffix(stem, ".hea"))
    }

    /// Reads a header file and no other.
    pub(super) fn read_alone(path: &Path) -> Result<Self> {
        Self::read_text(path).map(|(header, _)| header)
    }

    /// The header and the number of signals in its record line.
    fn read_text(path: &Path) -> Result<(Self, usize)> {
        let bytes = files::read(path, LIMIT)?;
        // Old headers have comments in Latin-1, in which every byte is a character.
        let text = String::from_utf8(bytes)
            .unwrap_or_else(|error| error.as_bytes().iter().map(|byte| char::from(*byte)).collect());
        header_parse::parse(&text, &path.display().to_string())
    }

    /// Parses a header's text; `origin` names it in errors. A record in segments has no signals then.
    ///
    /// ```
    /// use heart_darts::wfdb::Header;
    /// let text = "100 2 360 650000\n100.dat 212 200 11 1024 995 -22131 0 MLII\n100.dat 212 200 11 1024 1011 20052 0 V5\n";
    /// let header = Header::parse(text, "100.hea")?;
    /// assert_eq!((header.frequency, header.samples), (360.0, Some(650_000)));
    /// assert_eq!(header.position("V5"), Some(1));
    /// assert_eq!((header.signals[0].gain, header.signals[0].baseline), (200.0, 1024));
    /// # Ok::<(), heart_darts::wfdb::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Header`] with line, column and field.
    pub fn parse(text: &str, origin: &str) -> Result<Self> {
        header_parse::parse(text, origin).map(|(header, _)| header)
    }

    /// The files that the record of a header at `path` consists of beside it, each once: signal files, and for a record in
    /// segments their headers and signal files.
    ///
    /// # Errors
    /// [`Error::File`] and [`Error::Header`] for the header of a segment.
    pub fn files(&self, path: &Path) -> Result<Vec<PathBuf>> {
        segments::files(self, path)
    }

    /// The first signal of this description (lead name), exactly as written in the header.
    pub fn position(&self, description: &str) -> Option<usize> {
        self.signals.iter().position(|signal| signal.description == description)
    }

    /// The text of the header file, with lines as header(5) has them.
    ///
    /// # Errors
    /// [`Error::Unwritable`] for a name, a unit or a comment that would not be read back as it is, and for segments.
    pub fn text(&self) -> Result<String> {
        header_write::write(self)
    }

    /// The record's length in seconds, where the header says.
    pub fn seconds(&self) -> Option<f64> {
        self.samples.map(|samples| samples as f64 / self.frequency)
    }
}

impl Default for SignalSpec {
    /// Format 16 in the record's own `.dat`, 200 adu per mV, baseline 0.
    fn default() -> Self {
        Self {
            file: String::new(),
            format: Format::Format16,
            samples_per_frame: 1,
            skew: 0,
            byte_offset: 0,
            gain: 200.0,
            baseline: 0,
            units: "mV".into(),
            adc_resolution: 12,
            adc_zero: 0,
            initial_value: None,
            checksum: None,
            block_size: 0,
            description: String::new(),
            changes: Vec::new(),
        }
    }
}

impl SignalSpec {
    /// A sample in physical units by `gain` and `baseline`; NaN for [`INVALID`].
    pub fn to_physical(&self, sample: i32) -> f64 {
        physical(sample, self.gain, self.baseline)
    }

    /// Samples from frame 0 on, so many a frame, in physical units by the calibration of their frame.
    pub(super) fn physical_values(&self, samples: &[i32], a_frame: u32) -> impl Iterator<Item = f64> {
        let (mut gain, mut baseline) = (self.gain, self.baseline);
        let mut changes = self.changes.iter().peekable();
        samples.iter().enumerate().map(move |(index, sample)| {
            while let Some(change) = changes.next_if(|change| index as u64 / u64::from(a_frame.max(1)) >= change.from) {
                (gain, baseline) = (change.gain, change.baseline);
            }
            physical(*sample, gain, baseline)
        })
    }

    /// The sample, in adu, nearest to a physical value, held within the format's range; [`INVALID`] for NaN.
    pub fn to_digital(&self, value: f64) -> i32 {
        if value.is_nan() {
            return INVALID;
        }
        let (low, high) = self.format.range();
        (value * self.gain + f64::from(self.baseline)).round().clamp(f64::from(low), f64::from(high)) as i32
    }
}

fn physical(sample: i32, gain: f64, baseline: i32) -> f64 {
    if sample == INVALID { f64::NAN } else { (f64::from(sample) - f64::from(baseline)) / gain }
}

impl std::fmt::Display for BaseTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02}:{:02}:{:02}", self.hour, self.minute, self.second)?;
        if self.nanosecond > 0 {
            write!(f, ".{}", format!("{:09}", self.nanosecond).trim_end_matches('0'))?;
        }
        Ok(())
    }
}

impl std::fmt::Display for BaseDate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02}/{:02}/{:04}", self.day, self.month, self.year)
    }
}

/// The refusal of something in a record to be written.
pub(super) fn unwritable(
    origin: impl Into<Box<str>>,
    place: impl Into<Box<str>>,
    found: impl Into<Box<str>>,
    expected: impl Into<Box<str>>,
) -> Error {
    Error::Unwritable { origin: origin.into(), place: place.into(), found: found.into(), expected: expected.into() }
}
