//! What a model is applied to: a record in any form that can be read, or each of a folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::super::error::{Error, Result};
use crate::support::files::FileError;
use crate::wfdb::{CsvFormat, Header, Record};

/// One recording.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// A WFDB record by its stem (`DIR/100`).
    Wfdb(PathBuf),
    /// A file in European Data Format.
    Edf(PathBuf),
    /// A table of samples as text, whose rate and unit somebody said.
    Csv(PathBuf, CsvFormat),
}

impl Input {
    /// What is at some paths: of a folder every recording in it (the WFDB records of `RECORDS`, or without that file of every
    /// header; EDF files; CSV files where their format is given); otherwise the one record. A header's path (`100.hea`) stands
    /// for its record.
    ///
    /// # Errors
    /// A CSV file without a format; a folder that cannot be listed or holds nothing to read; two recordings of one name, whose
    /// results would be the same files.
    pub fn all(paths: &[PathBuf], csv: Option<CsvFormat>) -> Result<Vec<Self>> {
        let mut found = Vec::new();
        for path in paths {
            match path.is_dir() {
                true => found.extend(Self::folder(path, csv)?),
                false => found.push(Self::one(path, csv)?),
            }
        }
        let mut names = BTreeMap::new();
        for input in &found {
            if let Some(other) = names.insert(input.name(), input.path()) {
                return Err(Error::Unfit {
                    place: input.path().display().to_string(),
                    found: format!("a recording of the same name as {}", other.display()),
                    expected: "different names, since results are named after them; classify them one by one".into(),
                });
            }
        }
        Ok(found)
    }

    fn one(path: &Path, csv: Option<CsvFormat>) -> Result<Self> {
        let unfit = |found: &str, expected: &str| Error::Unfit {
            place: path.display().to_string(),
            found: found.into(),
            expected: expected.into(),
        };
        match (suffix(path).as_str(), csv) {
            ("csv" | "tsv" | "txt", Some(format)) => Ok(Self::Csv(path.into(), format)),
            ("csv" | "tsv" | "txt", None) => {
                Err(unfit("samples as text", "their rate and unit as well, which no such file says: --fs and --units"))
            }
            (_, Some(_)) => {
                Err(unfit("a record that says its own rate and units", "no --fs and --units, which are for CSV files"))
            }
            ("edf", None) => Ok(Self::Edf(path.into())),
            ("hea", None) => Ok(Self::Wfdb(path.with_extension(""))),
            _ => Ok(Self::Wfdb(path.into())),
        }
    }

    fn folder(dir: &Path, csv: Option<CsvFormat>) -> Result<Vec<Self>> {
        let failed = |source| FileError::Read { path: dir.into(), source };
        let (mut headers, mut found, mut tables) = (Vec::new(), Vec::new(), 0);
        for entry in fs::read_dir(dir).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            match (suffix(&path).as_str(), csv) {
                ("hea", _) => headers.push(path),
                ("edf", _) => found.push(Self::Edf(path)),
                ("csv", Some(format)) => found.push(Self::Csv(path, format)),
                ("csv", None) => tables += 1,
                _ => {}
            }
        }
        if !headers.is_empty() {
            let names = crate::database::record_names(dir)?;
            found.extend(names.into_iter().map(|name| Self::Wfdb(dir.join(name))));
        }
        let unfit = |found: String, expected: &str| {
            Err(Error::Unfit { place: dir.display().to_string(), found, expected: expected.into() })
        };
        match (found.is_empty(), tables) {
            (true, 0) => return unfit("no record".into(), "WFDB headers (.hea), .edf or .csv files"),
            (true, _) => return unfit(format!("{tables} CSV files"), "their rate and unit as well: --fs and --units"),
            (false, 0) => {}
            (false, _) => tracing::warn!(
                "{}: {tables} CSV files are left alone, because --fs and --units are not given",
                dir.display()
            ),
        }
        found.sort_by(|a, b| a.path().cmp(b.path()));
        Ok(found)
    }

    /// The stem, or the file.
    pub fn path(&self) -> &Path {
        match self {
            Self::Wfdb(path) | Self::Edf(path) | Self::Csv(path, _) => path,
        }
    }

    /// What its results are named after.
    pub fn name(&self) -> String {
        let name = match self {
            Self::Wfdb(path) => path.file_name(),
            Self::Edf(path) | Self::Csv(path, _) => path.file_stem(),
        };
        name.map_or_else(|| "record".into(), |name| name.to_string_lossy().into_owned())
    }

    /// Its header.
    ///
    /// # Errors
    /// As [`Header::of_record`] and [`Header::of_csv`].
    pub fn header(&self) -> Result<Header> {
        Ok(match self {
            Self::Wfdb(path) | Self::Edf(path) => Header::of_record(path)?,
            Self::Csv(path, format) => Header::of_csv(path, format)?,
        })
    }

    /// Some of its signals.
    ///
    /// # Errors
    /// As [`Record::read_signals`] and [`Record::read_csv`].
    pub fn read(&self, signals: &[usize]) -> Result<Record> {
        Ok(match self {
            Self::Wfdb(path) | Self::Edf(path) => Record::read_signals(path, signals)?,
            Self::Csv(path, format) => Record::read_csv(path, format, signals)?,
        })
    }

    /// Where its annotations of a suffix would be: `DIR/100.atr`, for one file `night.edf.atr` (as the WFDB library has it) and
    /// `night.csv.atr`.
    pub fn annotations(&self, suffix: &str) -> PathBuf {
        super::suffixed(self.path(), suffix)
    }
}

/// The ending of a path in small letters.
fn suffix(path: &Path) -> String {
    path.extension().map_or_else(String::new, |suffix| suffix.to_string_lossy().to_ascii_lowercase())
}
