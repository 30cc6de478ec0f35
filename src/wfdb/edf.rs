//! European Data Format: EDF, and EDF+ without interruptions, read into the same shape as a WFDB record.
//!
//! A header of 256 bytes and 256 more a signal, all ASCII, then data records of a fixed duration in which the signals follow
//! one another, 16 bits a sample, low byte first. After Kemp et al., *A simple format for exchange of digitized polygraphic
//! recordings* (1992), and Kemp and Olivan, *European data format 'plus'* (2003): <https://www.edfplus.info/specs/>.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::expanded::chosen_signals;
use super::header_parse::calendar_date;
use super::{BaseDate, BaseTime, Error, Expanded, Format, Header, Result, SignalSpec};
use crate::support::files::{self, FileError};

/// Bytes of the header for the file, and as many for each signal.
const BLOCK: usize = 256;

/// The label of the signal in which EDF+ keeps its annotations.
const ANNOTATIONS: &str = "EDF Annotations";

/// Whether a path is that of such a file, by its ending.
pub(super) fn is_edf(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("edf"))
}

/// The name of a record that is one file: the file's, without its ending.
pub(super) fn record_name(path: &Path) -> String {
    path.file_stem().map_or("record".into(), |name| name.to_string_lossy().replace('.', "_"))
}

/// A file's header, and where the samples are.
pub(super) struct Edf {
    path: PathBuf,
    file: File,
    /// Without the annotations; a frame is the least time in which every signal has a whole number of samples.
    pub(super) header: Header,
    records: u64,
    /// Frames in a data record.
    frames: u64,
    /// For each signal, where it starts in a data record and how many samples it has there.
    places: Vec<(usize, usize)>,
    /// Samples of all signals in a data record.
    record: usize,
    /// Bytes before the first data record.
    offset: u64,
}

/// Fields of fixed widths, one after another.
struct Fields<'a> {
    path: &'a Path,
    bytes: &'a [u8],
}

impl<'a> Fields<'a> {
    fn fail(&self, field: impl Into<Box<str>>, found: impl Into<Box<str>>, expected: impl Into<Box<str>>) -> Error {
        Error::Edf { path: self.path.into(), field: field.into(), found: found.into(), expected: expected.into() }
    }

    /// The next text, Latin-1, without blanks at its ends.
    fn text(&mut self, width: usize) -> String {
        let (field, rest) = self.bytes.split_at(width);
        self.bytes = rest;
        field.iter().map(|byte| char::from(*byte)).collect::<String>().trim().to_owned()
    }

    fn number<T: std::str::FromStr>(&mut self, width: usize, field: &str, expected: &str) -> Result<T> {
        let text = self.text(width);
        text.parse().map_err(|_| self.fail(field, format!("`{text}`"), expected))
    }

    fn finite(&mut self, field: &str) -> Result<f64> {
        let value: f64 = self.number(8, field, "a number")?;
        Some(value).filter(|value| value.is_finite()).ok_or_else(|| self.fail(field, value.to_string(), "a number"))
    }

    /// A field of every signal.
    fn all<T>(&mut self, signals: usize, mut field: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        (0..signals).map(|_| field(self)).collect()
    }

    /// Three numbers with dots between them.
    fn three(&mut self, field: &str, expected: &str) -> Result<[u8; 3]> {
        let text = self.text(8);
        let parts: Option<Vec<u8>> = text.split('.').map(|part| part.trim().parse().ok()).collect();
        parts.and_then(|parts| parts.try_into().ok()).ok_or_else(|| self.fail(field, format!("`{text}`"), expected))
    }
}

impl Edf {
    /// Reads the header and compares the sizes; no sample is read.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let failed = |source| FileError::Read { path: path.into(), source };
        let mut file = files::open(path).map_err(failed)?;
        let size = file.metadata().map_err(failed)?.len();
        let mut bytes = Vec::new();
        file.by_ref().take(BLOCK as u64).read_to_end(&mut bytes).map_err(failed)?;
        let mut fields = Fields { path, bytes: &bytes };
        if bytes.len() < BLOCK || fields.text(8) != "0" {
            return Err(fields.fail(
                "version",
                "something else",
                "`0` in a header of 256 bytes or more: is it an EDF file?",
            ));
        }
        let patient = fields.text(80);
        let recording = fields.text(80);
        let date = date(&mut fields)?;
        let expected = "hh.mm.ss";
        let [hour, minute, second] = fields.three("start time", expected)?;
        if hour > 23 || minute > 59 || second > 59 {
            return Err(fields.fail("start time", format!("{hour}.{minute}.{second}"), expected));
        }
        let offset: u64 = fields.number(8, "bytes in header", "a whole number")?;
        if fields.text(44).starts_with("EDF+D") {
            let (found, expected) =
                ("EDF+D, with interruptions".into(), "only EDF and EDF+C are, without: convert it".into());
            return Err(Error::Unsupported { origin: path.display().to_string().into(), found, expected });
        }
        let records: i64 = fields.number(8, "number of data records", "a whole number, or -1 for unknown")?;
        let duration = fields.finite("duration of a data record")?;
        let count: usize = fields.number(4, "number of signals", "a whole number")?;
        if offset != (BLOCK * (count + 1)) as u64 {
            let expected = format!("{}, for {count} signals", BLOCK * (count + 1));
            return Err(fields.fail("bytes in header", offset.to_string(), expected));
        }
        // Four digits at most: a few megabytes.
        bytes.clear();
        file.by_ref().take(offset - BLOCK as u64).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() < BLOCK * count {
            let reason = format!("a header for {count} signals").into();
            return Err(Error::Truncated { path: path.into(), found: size, expected: offset.into(), reason });
        }
        let (specs, samples) = signals(&mut Fields { path, bytes: &bytes }, count)?;
        let fields = Fields { path, bytes: &[] };
        // At most 10^4 signals of 10^8 samples: no overflow.
        let record: u64 = samples.iter().sum();
        let stored = size.saturating_sub(offset) / (2 * record).max(1);
        let records = u64::try_from(records).unwrap_or(stored);
        if records > stored {
            let expected = u128::from(offset) + u128::from(records) * 2 * u128::from(record);
            let reason = format!("{records} data records of {record} samples").into();
            return Err(Error::Truncated { path: path.into(), found: size, expected, reason });
        }
        // Annotations are no samples.
        let starts = samples.iter().scan(0, |start, count| Some(std::mem::replace(start, *start + *count as usize)));
        let places = starts.zip(&samples).map(|(start, count)| (start, *count as usize));
        let (specs, places): (Vec<_>, Vec<_>) =
            specs.into_iter().zip(places).filter(|(spec, _)| spec.description != ANNOTATIONS).unzip();
        let frames = places.iter().fold(0, |divisor, (_, count)| greatest_common_divisor(divisor, *count as u64));
        let frequency = frames as f64 / duration;
        if duration <= 0.0 || frames == 0 || !frequency.is_finite() {
            let found = format!("{duration} s with {frames} samples");
            return Err(fields.fail("data record", found, "a duration above 0 and at least one signal with samples"));
        }
        let mut header = Header::new(record_name(path), frequency);
        header.samples = Some(records * frames);
        header.base_time = Some(BaseTime { hour, minute, second, nanosecond: 0 });
        header.base_date = date;
        header.comments = [patient, recording].into_iter().filter(|text| !text.is_empty()).collect();
        header.signals = specs;
        for (spec, (_, count)) in header.signals.iter_mut().zip(&places) {
            spec.samples_per_frame = (*count as u64 / frames) as u32;
        }
        Ok(Self { path: path.into(), file, header, records, frames, places, record: record as usize, offset })
    }

    /// Reads the chosen signals, all by default.
    pub(super) fn read(mut self, chosen: Option<&[usize]>) -> Result<Expanded> {
        let chosen = chosen_signals(&self.header, chosen, &self.path.display().to_string())?;
        let failed = |source| FileError::Read { path: self.path.clone(), source };
        self.file.seek(SeekFrom::Start(self.offset)).map_err(failed)?;
        // The file holds them: its size was compared.
        let room = |signal: usize| self.places[signal].1 * self.records as usize;
        let mut signals: Vec<Vec<i32>> = chosen.iter().map(|signal| Vec::with_capacity(room(*signal))).collect();
        let mut bytes = vec![0; if self.records > 0 { 2 * self.record } else { 0 }];
        for _ in 0..self.records {
            self.file.read_exact(&mut bytes).map_err(failed)?;
            for (signal, chosen) in signals.iter_mut().zip(&chosen) {
                let (start, count) = self.places[*chosen];
                let pairs = bytes[2 * start..2 * (start + count)].as_chunks::<2>().0;
                signal.extend(pairs.iter().map(|pair| i32::from(i16::from_le_bytes(*pair))));
            }
        }
        self.header.signals = chosen.iter().map(|signal| self.header.signals[*signal].clone()).collect();
        debug_assert_eq!(self.header.samples, Some(self.records * self.frames));
        Ok(Expanded { header: self.header, signals })
    }
}

/// `dd.mm.yy`, of 1985 to 2084; `None` for a day that is not known or not there.
fn date(fields: &mut Fields) -> Result<Option<BaseDate>> {
    let [day, month, year] = fields.three("start date", "dd.mm.yy")?;
    let century = if year < 85 { 2000 } else { 1900 };
    Ok(calendar_date(day.into(), month.into(), century + u16::from(year)))
}

/// What the header says of each signal, and its samples in a data record.
fn signals(fields: &mut Fields, count: usize) -> Result<(Vec<SignalSpec>, Vec<u64>)> {
    let labels = fields.all(count, |fields| Ok(fields.text(16)))?;
    fields.all(count, |fields| Ok(fields.text(80)))?; // transducers
    let units = fields.all(count, |fields| Ok(fields.text(8)))?;
    let physical_low = fields.all(count, |fields| fields.finite("physical minimum"))?;
    let physical_high = fields.all(count, |fields| fields.finite("physical maximum"))?;
    let digital = |name| move |fields: &mut Fields| fields.number::<i16>(8, name, "a whole number of 16 bits");
    let low = fields.all(count, digital("digital minimum"))?;
    let high = fields.all(count, digital("digital maximum"))?;
    fields.all(count, |fields| Ok(fields.text(80)))?; // filters
    let samples = fields.all(count, |fields| fields.number::<u32>(8, "samples in a data record", "a whole number"))?;
    let mut specs = Vec::with_capacity(count);
    for (index, description) in labels.into_iter().enumerate() {
        let (low, high) = (i32::from(low[index]), i32::from(high[index]));
        let (bottom, top) = (physical_low[index], physical_high[index]);
        let annotations = description == ANNOTATIONS;
        let gain = f64::from(high - low) / (top - bottom);
        if !annotations && (high <= low || !gain.is_finite() || gain == 0.0) {
            let found = format!("{low} to {high} for {bottom} to {top}");
            let expected = "digital limits that rise, physical ones that differ";
            return Err(fields.fail(format!("limits of signal {index} ({description})"), found, expected));
        }
        if !annotations && samples[index] == 0 {
            return Err(fields.fail(format!("samples of signal {index} ({description})"), "0", "1 or more"));
        }
        // WFDB's header has whole numbers here: half an adu is lost at most.
        let baseline = (f64::from(high) - top * gain).round();
        let units = units[index].split_whitespace().collect::<Vec<_>>().join("_");
        specs.push(SignalSpec {
            // In EDF -32768 is a sample like any other; written again, it needs a format in which it is.
            format: if low == i32::from(i16::MIN) { Format::Format24 } else { Format::Format16 },
            gain,
            baseline: baseline.clamp(f64::from(i32::MIN), f64::from(i32::MAX)) as i32,
            units: if units.is_empty() { "NU".into() } else { units },
            adc_resolution: ((high - low) as u32).checked_ilog2().map_or(0, |bits| bits + 1),
            adc_zero: (low + high + 1).div_euclid(2),
            description,
            ..SignalSpec::default()
        });
    }
    Ok((specs, samples.into_iter().map(u64::from).collect()))
}

fn greatest_common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}
