//! From subjects to a folder of WFDB records.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use rayon::prelude::*;

use super::Options;
use super::model::FREQUENCY;
use super::rhythm::Kind;
use super::subject::{self, Recording};
use crate::database::{Class, Counts};
use crate::support::files::{self, FileError};
use crate::support::interrupt;
use crate::support::progress::Progress;
use crate::wfdb::{self, Annotation, Code, Format, Header, Record, SignalSpec, write_annotations};

/// adu per mV, and the converter's 11 bits around their middle, as MIT-BIH has them.
const GAIN: f64 = 200.0;
const ADC_ZERO: i32 = 1024;
const ADC_BITS: u32 = 11;
/// The word by which a record of ours is known.
const MARK: &str = "synthetic";
/// Records are written here, inside the folder, and moved up when all of them are complete.
const WORKING: &str = ".synthesising";

/// Why a synthetic database was not written. What stood in the folder before is unchanged then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An option is out of its range.
    #[error("synthetic records: found {found} {what}, expected {} to {}", expected.0, expected.1)]
    Options {
        /// The option.
        what: &'static str,
        /// Its value.
        found: usize,
        /// Its least and greatest value.
        expected: (usize, usize),
    },
    /// The folder holds something that is not from here.
    #[error(
        "{}: found {found}, expected an empty folder, a new one, or one of synthetic records (which are replaced); nothing \
         was written: choose another folder", folder.display()
    )]
    Occupied {
        /// The folder.
        folder: PathBuf,
        /// What was found there.
        found: String,
    },
    /// A file or the folder itself could not be read, written or moved.
    #[error(transparent)]
    File(#[from] FileError),
    /// A record could not be written.
    #[error(transparent)]
    Record(#[from] wfdb::Error),
    /// Somebody asked to stop.
    #[error("{}: stopped before the synthetic records were complete; nothing was written", folder.display())]
    Interrupted {
        /// The folder.
        folder: PathBuf,
    },
}

/// What was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Made {
    /// The records' names, in order.
    pub records: Vec<String>,
    /// Beats of each class in all records, none trimmed.
    pub beats: Counts,
}

/// Writes a synthetic database into `dir`, which is made if it is missing: records, `RECORDS` and `ANNOTATORS`.
///
/// The same options give the same bytes. Synthetic records that are there are replaced, all together and only when the
/// new ones are complete.
///
/// # Errors
/// [`Error::Options`] and [`Error::Occupied`] before anything is written; [`Error::Interrupted`] after Ctrl-C;
/// [`Error::File`] and [`Error::Record`] when the disk does not take it.
pub fn write(dir: &Path, options: &Options) -> Result<Made, Error> {
    options.check()?;
    let old = replaceable(dir)?;
    let created = !dir.exists();
    let working = dir.join(WORKING);
    let made = (|| {
        fs::create_dir_all(&working).map_err(|source| write_failed(&working, source))?;
        let made = write_records(dir, &working, options)?;
        // RECORDS goes first and comes back last: without it, a folder caught between two states is not taken for whole.
        for name in old.iter().rev() {
            let path = dir.join(name);
            fs::remove_file(&path).map_err(|source| write_failed(&path, source))?;
        }
        let suffixes = [".dat", ".atr", ".hea"];
        let records = made.records.iter().flat_map(|name| suffixes.map(|suffix| format!("{name}{suffix}")));
        for name in records.chain(["ANNOTATORS".into(), "RECORDS".into()]) {
            let path = dir.join(&name);
            fs::rename(working.join(&name), &path).map_err(|source| write_failed(&path, source))?;
        }
        Ok(made)
    })();
    let _ = fs::remove_dir_all(&working);
    if made.is_err() && created {
        let _ = fs::remove_dir(dir);
    }
    made
}

fn write_failed(path: &Path, source: io::Error) -> FileError {
    FileError::Write { path: path.into(), source }
}

/// The files of an earlier synthetic database in `dir`, `RECORDS` last.
fn replaceable(dir: &Path) -> Result<Vec<String>, Error> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(FileError::Read { path: dir.into(), source }.into()),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|source| FileError::Read { path: dir.into(), source })?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name == WORKING {
            continue;
        }
        let is_ours = is_name_of_ours(&name) && (!name.ends_with(".hea") || is_marked(&entry.path()));
        if !is_ours {
            return Err(Error::Occupied { folder: dir.into(), found: name });
        }
        names.push(name);
    }
    // RECORDS and ANNOTATORS alone could be anybody's.
    if !names.is_empty() && !names.iter().any(|name| name.ends_with(".hea")) {
        return Err(Error::Occupied {
            folder: dir.into(),
            found: format!("{} and no synthetic record", names.join(", ")),
        });
    }
    names.sort_by_key(|name| (name == "RECORDS", name.clone()));
    Ok(names)
}

fn is_name_of_ours(name: &str) -> bool {
    let is_record = |(stem, suffix): (&str, &str)| {
        let number = stem.strip_prefix("syn").unwrap_or_default();
        let is_number = number.len() >= 2 && number.bytes().all(|byte| byte.is_ascii_digit());
        is_number && ["hea", "dat", "atr"].contains(&suffix)
    };
    ["RECORDS", "ANNOTATORS"].contains(&name) || name.split_once('.').is_some_and(is_record)
}

fn is_marked(header: &Path) -> bool {
    Header::read(header).is_ok_and(|header| header.comments.iter().any(|comment| comment.contains(MARK)))
}

fn write_records(dir: &Path, working: &Path, options: &Options) -> Result<Made, Error> {
    let progress = Mutex::new(Progress::new("synthetic records", options.subjects as u64, "records"));
    let written: Vec<(String, Counts)> = (0..options.subjects)
        .into_par_iter()
        .map(|number| {
            if interrupt::requested() {
                return Err(Error::Interrupted { folder: dir.into() });
            }
            let name = format!("syn{:02}", number + 1);
            let recording = subject::record(options.seed, number, options.seconds * FREQUENCY as usize);
            let counts = write_record(working, &name, options, number, &recording)?;
            progress.lock().unwrap_or_else(std::sync::PoisonError::into_inner).advance(1);
            Ok((name, counts))
        })
        .collect::<Result<_, Error>>()?;
    let mut beats = Counts::default();
    written.iter().for_each(|(_, counts)| beats += *counts);
    let records: Vec<String> = written.into_iter().map(|(name, _)| name).collect();
    files::write_atomic(&working.join("RECORDS"), (records.join("\n") + "\n").as_bytes())?;
    files::write_atomic(&working.join("ANNOTATORS"), b"atr\tbeats of a synthetic ECG, at R\n")?;
    Ok(Made { records, beats })
}

fn write_record(
    dir: &Path,
    name: &str,
    options: &Options,
    number: usize,
    recording: &Recording,
) -> Result<Counts, Error> {
    let mut header = Header::new(name, FREQUENCY);
    let Options { subjects: _, seconds, seed } = options;
    header.comments = vec![
        format!("{MARK}: computed, not recorded from a person; subject {}, made by heart-darts", number + 1),
        "model: dynamical ECG model of McSharry et al., IEEE Trans Biomed Eng 50(3):289, 2003".into(),
        format!("seed {seed}, {seconds} s"),
    ];
    header.signals = ["MLII", "V1"]
        .map(|lead| SignalSpec {
            format: Format::Format212,
            gain: GAIN,
            baseline: ADC_ZERO,
            adc_resolution: ADC_BITS,
            adc_zero: ADC_ZERO,
            description: lead.into(),
            ..SignalSpec::default()
        })
        .into();
    let top = (1 << ADC_BITS) - 1;
    let digitise = |mv: &f64| ((mv * GAIN).round() as i32 + ADC_ZERO).clamp(0, top);
    let signals = recording.leads.iter().map(|lead| lead.iter().map(digitise).collect()).collect();
    Record { header, signals }.write(dir)?;

    let mut counts = Counts::default();
    let mut annotations = Vec::with_capacity(recording.beats.len());
    for (sample, kind) in &recording.beats {
        let (class, code) = label(*kind, recording.block);
        counts[class] += 1;
        annotations.push(Annotation::new(*sample, code));
    }
    write_annotations(&dir.join(format!("{name}.atr")), &annotations)?;
    Ok(counts)
}

/// The class of a beat and the code that it has in the annotations.
fn label(kind: Kind, block: bool) -> (Class, Code) {
    match kind {
        Kind::Sinus if block => (Class::N, Code::RBBB),
        Kind::Sinus => (Class::N, Code::NORMAL),
        Kind::Supraventricular => (Class::S, Code::APC),
        Kind::Ventricular => (Class::V, Code::PVC),
        Kind::Fusion => (Class::F, Code::FUSION),
        Kind::Paced => (Class::Q, Code::PACE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wfdb::read_annotations;

    fn small(seed: u64) -> Options {
        Options { subjects: 4, seconds: 60, seed }
    }

    fn contents(dir: &Path) -> Vec<(String, Vec<u8>)> {
        let mut files: Vec<_> = fs::read_dir(dir)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap()))
            .collect();
        files.sort();
        files
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes_and_another_one_others() {
        let dirs = [(); 3].map(|()| tempfile::tempdir().unwrap());
        for (dir, seed) in dirs.iter().zip([1, 1, 2]) {
            write(dir.path(), &small(seed)).unwrap();
        }
        let [first, again, other] = dirs.each_ref().map(|dir| contents(dir.path()));
        assert_eq!(first.len(), 4 * 3 + 2);
        assert!(first == again, "same seed, other bytes");
        assert!(first != other);
    }

    #[test]
    fn records_read_back_with_every_class_and_say_that_they_are_synthetic() {
        let dir = tempfile::tempdir().unwrap();
        let made = write(dir.path(), &small(3)).unwrap();
        for class in Class::ALL {
            assert!(made.beats[class] > 0, "no beat of class {class:?}");
        }
        assert_eq!(fs::read_to_string(dir.path().join("RECORDS")).unwrap(), "syn01\nsyn02\nsyn03\nsyn04\n");
        let mut beats = 0;
        for name in &made.records {
            let record = Record::read(&dir.path().join(name)).unwrap();
            assert_eq!((record.header.frequency, record.header.samples), (360.0, Some(21600)));
            assert_eq!((record.header.position("MLII"), record.header.position("V1")), (Some(0), Some(1)));
            assert!(record.header.comments[0].starts_with("synthetic"), "{:?}", record.header.comments);
            let annotations = read_annotations(&dir.path().join(format!("{name}.atr"))).unwrap();
            assert!(annotations.iter().all(|annotation| annotation.code.is_beat() && annotation.sample < 21600));
            let symbols: Vec<&str> = annotations.iter().map(|annotation| annotation.code.symbol()).collect();
            for symbol in ["A", "V", "F"] {
                assert!(symbols.contains(&symbol), "{name} has no {symbol}");
            }
            beats += annotations.len();
        }
        assert_eq!(beats, made.beats.total() as usize);
    }

    #[test]
    fn classes_are_as_frequent_as_in_life() {
        let dir = tempfile::tempdir().unwrap();
        let made = write(dir.path(), &Options { subjects: 8, seconds: 120, seed: 1 }).unwrap();
        let total = made.beats.total() as f64;
        let part = |class| made.beats[class] as f64 / total;
        assert!((0.68..0.82).contains(&part(Class::N)), "{:?}", made.beats);
        for (class, expected) in [(Class::S, 0.07), (Class::V, 0.10), (Class::F, 0.04), (Class::Q, 0.04)] {
            assert!((part(class) - expected).abs() < 0.025, "{class:?}: {}", part(class));
        }
    }

    #[test]
    fn a_smaller_database_replaces_a_larger_one_completely() {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), &small(1)).unwrap();
        write(dir.path(), &Options { subjects: 1, ..small(1) }).unwrap();
        let names: Vec<String> = contents(dir.path()).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["ANNOTATORS", "RECORDS", "syn01.atr", "syn01.dat", "syn01.hea"]);
    }

    #[test]
    fn a_folder_with_other_data_is_left_alone() {
        for (name, text) in [("100.hea", "100 0 360\n"), ("syn01.hea", "syn01 0 360\n"), ("RECORDS", "100\n")] {
            let dir = tempfile::tempdir().unwrap();
            fs::write(dir.path().join(name), text).unwrap();
            let error = write(dir.path(), &small(1)).unwrap_err();
            assert!(matches!(error, Error::Occupied { .. }), "{error}");
            assert!(error.to_string().contains(name), "{error}");
            assert_eq!(contents(dir.path()), [(name.to_owned(), text.as_bytes().to_vec())]);
        }
    }

    #[test]
    fn options_out_of_range_are_refused_before_anything_is_made() {
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("new");
        for options in [Options { subjects: 0, ..small(1) }, Options { seconds: 5, ..small(1) }] {
            assert!(matches!(write(&dir, &options), Err(Error::Options { .. })));
        }
        assert!(!dir.exists());
    }
}
