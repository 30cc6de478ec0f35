//! Records as text: one line a sample, one column a lead, read into the same shape as a WFDB record.
//!
//! Text does not say how fast it was sampled nor in which unit, so both are asked for and never guessed. Columns may be divided by
//! commas, semicolons or tabs (whichever the first line has most of). Names of the columns may stand in a first line, their units in a
//! second one, as `rdsamp -v` of the WFDB applications prints them.

use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::path::Path;
use std::str::FromStr;

use ::csv::{ByteRecord, Reader, ReaderBuilder, Trim};

use super::{Error, Header, INVALID, Record, Result, SignalSpec};
use crate::support::files::{self, FileError};

/// The longest first line that is looked at.
const LINE: u64 = 1 << 16;
/// The most columns: no recorder has more leads.
const COLUMNS: usize = 1024;

/// What a file of text does not say itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CsvFormat {
    /// Samples a second.
    pub frequency: f64,
    /// The unit of every column.
    pub units: CsvUnits,
}

/// In what the samples are written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CsvUnits {
    /// `V`
    Volts,
    /// `mV`
    Millivolts,
    /// `uV`
    Microvolts,
    /// Numbers of the converter, so many to a millivolt: `200/mV`. What it gives for 0 mV is not known, so that the samples
    /// keep an offset, which denoising and standardising remove.
    PerMillivolt(f64),
}

impl CsvUnits {
    /// Millivolts in one.
    pub fn millivolts(self) -> f64 {
        match self {
            Self::Volts => 1e3,
            Self::Millivolts => 1.0,
            Self::Microvolts => 1e-3,
            Self::PerMillivolt(count) => 1.0 / count,
        }
    }
}

impl FromStr for CsvUnits {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        match text {
            "V" | "v" => Ok(Self::Volts),
            "mV" | "mv" => Ok(Self::Millivolts),
            "uV" | "uv" | "µV" | "μV" => Ok(Self::Microvolts),
            _ => {
                let count = text.strip_suffix("/mV").and_then(|count| count.parse::<f64>().ok());
                let count = count.filter(|count| count.is_finite() && *count > 0.0);
                count.map(Self::PerMillivolt).ok_or_else(|| {
                    format!(
                        "found `{text}`, expected V, mV, uV, or the converter's numbers to a millivolt, such as 200/mV"
                    )
                })
            }
        }
    }
}

impl Header {
    /// The header that a CSV file stands for: one signal a column, named by the first line where that is no number. The number
    /// of samples is not known before all of it is read.
    ///
    /// # Errors
    /// [`Error::File`] and [`Error::Csv`].
    pub fn of_csv(path: &Path, format: &CsvFormat) -> Result<Self> {
        Csv::open(path, format).map(|csv| csv.header)
    }
}

impl Record {
    /// Reads some columns of a CSV file, numbered from 0, in the order given. A cell that is empty, `-` or `nan` is
    /// [`INVALID`]. Samples are kept in mV, each to 2⁻³⁰ of the largest of its column: what fits a 32-bit float stays as it is
    /// unless it is 64 times smaller than that.
    ///
    /// ```no_run
    /// use heart_darts::wfdb::{CsvFormat, CsvUnits, Record};
    /// let format = CsvFormat { frequency: 250.0, units: CsvUnits::Microvolts };
    /// let record = Record::read_csv("night.csv".as_ref(), &format, &[0, 1])?;
    /// let millivolts = record.physical(0);
    /// # Ok::<(), heart_darts::wfdb::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::File`]; [`Error::Csv`] for a line that has another number of columns than the first or a cell that is no number;
    /// [`Error::NoSuchSignal`].
    pub fn read_csv(path: &Path, format: &CsvFormat, columns: &[usize]) -> Result<Self> {
        Csv::open(path, format)?.read(columns)
    }
}

/// A file whose first lines are read.
struct Csv<'a> {
    path: &'a Path,
    reader: Reader<BufReader<File>>,
    header: Header,
    scale: f64,
    /// The first line of numbers, which had to be read to know that it is one.
    first: ByteRecord,
}

impl<'a> Csv<'a> {
    fn open(path: &'a Path, format: &CsvFormat) -> Result<Self> {
        let failed = |source| FileError::Read { path: path.into(), source };
        let refused = |place: &str, found: String, expected: &str| Error::Csv {
            path: path.into(),
            place: place.into(),
            found: found.into(),
            expected: expected.into(),
        };
        if !(format.frequency.is_finite() && format.frequency > 0.0) {
            let found = format!("{} samples a second", format.frequency);
            return Err(refused("the rate that was given", found, "a number above 0"));
        }
        let mut file = BufReader::with_capacity(1 << 18, files::open(path).map_err(failed)?);
        let mut line = Vec::new();
        std::io::Read::take(&mut file, LINE).read_until(b'\n', &mut line).map_err(failed)?;
        if line.len() as u64 >= LINE {
            return Err(refused("line 1", "no end of line in 64 KiB".into(), "lines of numbers: is it a CSV file?"));
        }
        file.rewind().map_err(failed)?;
        let count = |delimiter| line.iter().filter(|byte| **byte == delimiter).count();
        let delimiter = [b'\t', b';', b','].into_iter().max_by_key(|delimiter| count(*delimiter)).unwrap_or(b',');
        let mut builder = ReaderBuilder::new();
        builder.has_headers(false).flexible(true).trim(Trim::All).comment(Some(b'#')).delimiter(delimiter);
        let mut csv = Self {
            path,
            reader: builder.from_reader(file),
            header: Header::new(super::edf::record_name(path), format.frequency),
            scale: format.units.millivolts(),
            first: ByteRecord::new(),
        };
        if !csv.next()? {
            return Err(refused("line 1", "an empty file".into(), "lines of numbers, one column a lead"));
        }
        if csv.first.len() > COLUMNS {
            return Err(refused("line 1", format!("{} columns", csv.first.len()), "at most 1024"));
        }
        let named = csv.first.iter().any(|cell| number(cell).is_none());
        let name = |cell: &[u8]| if named { unquoted(cell) } else { String::new() };
        let names: Vec<String> = csv.first.iter().map(name).collect();
        let text = |cells: &ByteRecord| {
            cells.iter().any(|cell| number(cell).is_none())
                && cells.iter().all(|cell| number(cell).is_none_or(f64::is_nan))
        };
        if named && csv.next()? && text(&csv.first) {
            // A column of time has a unit of its own, so one that agrees is enough.
            let units: Vec<String> = csv.first.iter().map(unquoted).collect();
            if !units.iter().any(|unit| unit.parse() == Ok(format.units)) {
                let found = units.join(", ");
                return Err(refused("line 2", found, "numbers, or the units of the columns as they were given"));
            }
            csv.next()?;
        }
        csv.header.signals = names.into_iter().map(signal).collect();
        Ok(csv)
    }

    /// Reads the next line; false at the end.
    fn next(&mut self) -> Result<bool> {
        let failed = |source| FileError::Read { path: self.path.into(), source }.into();
        self.reader.read_byte_record(&mut self.first).map_err(|error| match error.into_kind() {
            ::csv::ErrorKind::Io(source) => failed(source),
            // The reader is flexible and of bytes, so nothing else is an error to it.
            other => failed(std::io::Error::other(format!("{other:?}"))),
        })
    }

    fn read(mut self, columns: &[usize]) -> Result<Record> {
        let chosen = super::expanded::chosen_signals(&self.header, Some(columns), &self.path.display().to_string())?;
        let count = self.header.signals.len();
        let mut values: Vec<Vec<f32>> = vec![Vec::new(); chosen.len()];
        let mut more = !self.first.is_empty();
        while more {
            if self.first.len() != count {
                let found = format!("{} columns", self.first.len());
                return Err(self.refused(None, found, format!("{count}, as in the first line")));
            }
            for (values, column) in values.iter_mut().zip(&chosen) {
                let value = number(&self.first[*column]).map(|value| (value * self.scale) as f32);
                let Some(value) = value.filter(|value| !value.is_infinite()) else {
                    let found = format!("`{}`", unquoted(&self.first[*column]));
                    return Err(self.refused(
                        Some(*column),
                        found,
                        "a number, or nothing where there is no sample".into(),
                    ));
                };
                values.push(value);
            }
            more = self.next()?;
        }
        let mut header = self.header;
        header.samples = Some(values.first().map_or(0, Vec::len) as u64);
        let mut specs: Vec<SignalSpec> = chosen.iter().map(|column| header.signals[*column].clone()).collect();
        let signals = values.iter().zip(&mut specs).map(|(values, spec)| digital(values, spec)).collect();
        header.signals = specs;
        Ok(Record { header, signals })
    }

    /// The number of the line that was read last. The reader's own is that of where it began to look, before empty lines and
    /// remarks.
    fn line(&self) -> std::io::Result<u64> {
        let Some(position) = self.first.position() else { return Ok(1) };
        let mut file = BufReader::new(File::open(self.path)?);
        file.seek(SeekFrom::Start(position.byte()))?;
        let skipped = file.split(b'\n').map_while(std::io::Result::ok);
        let skipped = skipped.take_while(|line| line.trim_ascii().is_empty() || line.starts_with(b"#"));
        Ok(position.line() + skipped.count() as u64)
    }

    fn refused(&self, column: Option<usize>, found: String, expected: String) -> Error {
        let line = self.line().unwrap_or(0);
        let column = column.map(|column| match self.header.signals[column].description.as_str() {
            "" => format!(", column {}", column + 1),
            name => format!(", column {} ({name})", column + 1),
        });
        let place = format!("line {line}{}", column.unwrap_or_default()).into();
        Error::Csv { path: self.path.into(), place, found: found.into(), expected: expected.into() }
    }
}

/// The number in a cell, NaN where there is no sample.
fn number(cell: &[u8]) -> Option<f64> {
    match cell {
        b"" | b"-" => Some(f64::NAN),
        _ => std::str::from_utf8(cell).ok()?.parse().ok(),
    }
}

/// A cell without the single quotes of `rdsamp -v`.
fn unquoted(cell: &[u8]) -> String {
    String::from_utf8_lossy(cell).trim_matches('\'').trim().to_owned()
}

fn signal(description: String) -> SignalSpec {
    SignalSpec { units: "mV".into(), description, ..SignalSpec::default() }
}

/// Millivolts as whole numbers, by a gain that is a power of two, so that none is changed that need not be.
fn digital(values: &[f32], spec: &mut SignalSpec) -> Vec<i32> {
    let largest = values.iter().fold(f32::MIN_POSITIVE, |largest, value| largest.max(value.abs()));
    spec.gain = (30.0 - f64::from(largest).log2().ceil()).exp2();
    let whole = |value: &f32| if value.is_nan() { INVALID } else { (f64::from(*value) * spec.gain).round() as i32 };
    values.iter().map(whole).collect()
}
