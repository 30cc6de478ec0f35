//! Every format, several samples a frame, skew, offsets, FLAC and segments: values equal to what the Python package `wfdb`
//! reads, from records made here (`make_formats.py`) and from its own sample records (`samples.py`).

use std::io::Write;
use std::path::{Path, PathBuf};

use heart_darts::support::files::digest;
use heart_darts::wfdb::{Code, Error, Expanded, Header, INVALID, Record, SignalSpec, read_annotations};

use super::{annotation_digest, fixture_text, fixtures};

/// The digest of a line, and the first and last value as Python writes them.
fn summary<T: Copy, const N: usize>(values: &[Vec<T>], bytes: fn(T) -> [u8; N], text: fn(T) -> String) -> String {
    let all: Vec<u8> = values.iter().flatten().flat_map(|value| bytes(*value)).collect();
    let end = |value: Option<&T>| value.map_or("none".into(), |value| text(*value));
    let (first, last) = (values.iter().flatten().next(), values.iter().flatten().next_back());
    format!("{} {} {}", digest(&all), end(first), end(last))
}

fn digital(specs: &[SignalSpec], signals: &[Vec<i32>]) -> String {
    let stored = |(spec, signal): (&SignalSpec, &Vec<i32>)| {
        let invalid = spec.format.invalid();
        signal.iter().map(|sample| if *sample == INVALID { invalid } else { *sample }).collect()
    };
    let signals: Vec<Vec<i32>> = specs.iter().zip(signals).map(stored).collect();
    summary(&signals, i32::to_le_bytes, |value| value.to_string())
}

fn physical(signals: Vec<Vec<f64>>) -> String {
    // As Python's repr: 5 is 5.0, and NaN is nan.
    let text = |value: f64| if value.is_nan() { "nan".into() } else { format!("{value:?}") };
    summary(&signals, f64::to_le_bytes, text)
}

/// What we read, in the form of a golden line's end.
fn found(stem: &Path, what: &str) -> Result<String, Error> {
    Ok(match what {
        "digital" => as_wfdb_averages(stem)?.map_or_else(
            || Record::read(stem).map(|record| digital(&record.header.signals, &record.signals)),
            |(record, stored)| Ok(digital(&record.header.signals, &stored)),
        )?,
        "expanded-digital" => Expanded::read(stem).map(|record| digital(&record.header.signals, &record.signals))?,
        "physical" => {
            let record = match as_wfdb_averages(stem)? {
                Some((record, signals)) => Record { signals, ..record },
                None => Record::read(stem)?,
            };
            physical((0..record.signals.len()).map(|signal| record.physical_values(signal).collect()).collect())
        }
        "expanded-physical" => {
            let record = Expanded::read(stem)?;
            physical((0..record.signals.len()).map(|signal| record.physical_values(signal).collect()).collect())
        }
        annotator => {
            let path = stem.with_file_name(format!("{}.{annotator}", stem.file_name().unwrap().display()));
            let mut annotations = read_annotations(&path)?;
            // wfdb-python leaves out every note at sample 0, such as the command line of gqrs.
            annotations.retain(|annotation| (annotation.sample, annotation.code) != (0, Code::NOTE));
            format!("{} {} -", annotation_digest(&annotations), annotations.len())
        }
    })
}

type Signals = Vec<Vec<i32>>;

/// Where frames are invalid in part: the record, and its signals with what wfdb-python makes of such frames, which is to
/// average the number that stands for an invalid sample along. Everywhere else, both are the same.
fn as_wfdb_averages(stem: &Path) -> Result<Option<(Record, Signals)>, Error> {
    let (record, expanded) = (Record::read(stem)?, Expanded::read(stem)?);
    let mut partly = false;
    let mut theirs = record.signals.clone();
    for ((spec, samples), averages) in expanded.header.signals.iter().zip(&expanded.signals).zip(&mut theirs) {
        let width = spec.samples_per_frame as usize;
        for (frame, average) in samples.chunks(width).zip(averages) {
            let invalid = frame.iter().filter(|sample| **sample == INVALID).count();
            assert_eq!(*average == INVALID, invalid > 0);
            if invalid > 0 && invalid < width {
                let stored = |sample: &i32| i64::from(if *sample == INVALID { spec.format.invalid() } else { *sample });
                *average = (frame.iter().map(stored).sum::<i64>() / width as i64) as i32;
                partly = true;
            }
        }
    }
    Ok(partly.then_some((record, theirs)))
}

/// A record whose header has initial values of another, as wfdb's own tests have some and its reader does not notice: read
/// again without what is verified.
fn found_unverified(stem: &Path, what: &str) -> Result<String, Error> {
    let folder = tempfile::tempdir().unwrap();
    let name = stem.file_name().unwrap();
    let mut header = String::new();
    for (line, text) in std::fs::read_to_string(stem.with_extension("hea")).unwrap().lines().enumerate() {
        let words: Vec<&str> = text.split_whitespace().collect();
        if line > 0 && !text.starts_with('#') {
            std::fs::copy(stem.with_file_name(words[0]), folder.path().join(words[0])).unwrap();
        }
        header += &(words[..words.len().min(5)].join(" ") + "\n");
    }
    let stem = folder.path().join(name);
    std::fs::write(stem.with_extension("hea"), header).unwrap();
    found(&stem, what)
}

/// Compares the lines of a golden file; the number of records and of lines compared.
fn compare(folder: &Path, golden: &str) -> (usize, usize) {
    let text = fixture_text(golden);
    let mut wrong = Vec::new();
    let mut names = std::collections::BTreeSet::new();
    let mut lines = 0;
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (name, rest) = line.split_once(' ').unwrap();
        let (what, expected) = rest.split_once(' ').unwrap();
        let stem = folder.join(name);
        let found = match found(&stem, what) {
            Err(Error::Mismatch { quantity: "initial value", .. }) if UNLIKE_THEIR_FILE.contains(&name) => {
                found_unverified(&stem, what)
            }
            other => other,
        };
        let found = found.unwrap_or_else(|error| error.to_string());
        if found != expected {
            wrong.push(format!("{name} {what}:\n  {found}\n  {expected}"));
        }
        names.insert(name);
        lines += 1;
    }
    assert!(wrong.is_empty(), "{} of {lines} differ:\n{}", wrong.len(), wrong.join("\n"));
    (names.len(), lines)
}

/// Sample records with a header made by hand for the file of another.
const UNLIKE_THEIR_FILE: [&str; 2] = ["test01_00s_frame", "test01_00s_skewframe"];

#[test]
fn every_format_equals_wfdb_python() {
    assert_eq!(compare(&fixtures().join("formats"), "formats.txt"), (FORMAT_RECORDS, FORMAT_LINES));
}

const FORMAT_RECORDS: usize = 50;
const FORMAT_LINES: usize = 188;

/// wfdb-python's own sample records, where `HEART_DARTS_WFDB_SAMPLES` gives their folder (`sample-data` of its repository).
#[test]
fn sample_records_equal_wfdb_python() {
    let Some(folder) = std::env::var_os("HEART_DARTS_WFDB_SAMPLES").map(PathBuf::from) else {
        let text = "NOT TESTED: sample records equal wfdb-python: HEART_DARTS_WFDB_SAMPLES gives no folder\n";
        // Straight to the terminal: the harness would keep what a passing test prints.
        let _ = std::io::stderr().write_all(text.as_bytes());
        return;
    };
    let (records, lines) = compare(&folder, "samples.txt");
    let _ = writeln!(std::io::stderr(), "{records} sample records, {lines} lines: all equal");
}

/// A signal of several samples a frame keeps them, has its own rate, and can be averaged later or at once.
#[test]
fn several_samples_a_frame() {
    let stem = fixtures().join("formats/frames16");
    let expanded = Expanded::read(&stem).unwrap();
    let lengths: Vec<usize> = expanded.signals.iter().map(Vec::len).collect();
    assert_eq!((expanded.frames(), lengths), (40, vec![160, 40, 80]));
    assert_eq!([0, 1, 2].map(|signal| expanded.frequency(signal)), [1000.0, 250.0, 500.0]);
    let record = Record::read(&stem).unwrap();
    assert_eq!(expanded.clone().smoothed(), record);
    let frame = &expanded.signals[0][20..24];
    // Cut towards 0, as wfdb-python does.
    assert_eq!(record.signals[0][5], frame.iter().sum::<i32>() / 4);
    assert_eq!(record.signals[0][3], INVALID);
    assert_eq!(record.signals[1][37..], [INVALID; 3]);
    let chosen = Expanded::read_signals(&stem, &[2]).unwrap();
    assert_eq!(chosen.signals[0], expanded.signals[2]);
}

/// In a record of several segments, the gain of each holds for its own samples.
#[test]
fn segments_keep_their_gains() {
    let stem = fixtures().join("formats/variable");
    let record = Record::read(&stem).unwrap();
    let header = Header::read(&fixtures().join("formats/variable.hea")).unwrap();
    let names: Vec<&str> = header.signals.iter().map(|spec| spec.description.as_str()).collect();
    assert_eq!((names, header.samples, header.segments.len()), (vec!["I", "II", "none"], Some(110), 7));
    let spec = &record.header.signals[0];
    assert_eq!((spec.gain, spec.baseline, spec.changes.len()), (200.0, 5, 2));
    assert_eq!((spec.changes[0].from, spec.changes[0].gain, spec.changes[1].from), (42, 1000.0, 83));
    let part = Record::read(&fixtures().join("formats/part2")).unwrap();
    assert_eq!(record.signals[0][42..63], part.signals[0]);
    assert_eq!(record.physical(0)[42..49], part.physical(0)[..7]);
    assert!(record.signals[2].iter().all(|sample| *sample == INVALID));
    let chosen = Record::read_signals(&stem, &[1]).unwrap();
    assert_eq!((&chosen.signals[0], chosen.header.signals.len()), (&record.signals[1], 1));
    // One gain from start to end can be written again, in one piece.
    let folder = tempfile::tempdir().unwrap();
    chosen.write(folder.path()).unwrap();
    assert_eq!(Record::read(&folder.path().join("variable")).unwrap().signals, chosen.signals);
    assert!(record.write(folder.path()).unwrap_err().to_string().contains("one that changes along the record"));
}
