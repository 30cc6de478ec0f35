//! EDF files: as pyedflib reads them (`make_edf.py`), and damaged ones.

use heart_darts::support::files::digest;
use heart_darts::wfdb::{BaseDate, Error, Expanded, Header, Record};
use proptest::prelude::*;

use super::{fixture_text, fixtures};

#[test]
fn edf_files_equal_pyedflib() {
    for line in fixture_text("edf.txt").lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split('|').collect();
        let path = fixtures().join(format!("formats/{}.edf", fields[0]));
        let (record, signal) = (Expanded::read(&path).unwrap(), fields[1].parse::<usize>().unwrap());
        let (spec, samples) = (&record.header.signals[signal], &record.signals[signal]);
        assert_eq!(spec.description, fields[2]);
        assert_eq!(spec.units, if fields[3].is_empty() { "NU" } else { fields[3] });
        assert_eq!(record.frequency(signal), fields[4].parse::<f64>().unwrap());
        assert_eq!(samples.len(), fields[5].parse::<usize>().unwrap());
        let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        assert_eq!(digest(&bytes), fields[6], "{line}");
        // The baseline is a whole number of adu: half of one may be lost.
        let values: Vec<f64> = record.physical_values(signal).collect();
        for (value, expected) in [(values[0], fields[7]), (*values.last().unwrap(), fields[8])] {
            let difference = (value - expected.parse::<f64>().unwrap()).abs() * spec.gain.abs();
            assert!(difference <= 0.5 + 1e-6, "{line}: {value}, {difference} adu off");
        }
    }
    let path = fixtures().join("formats/plain.edf");
    let header = Header::of_record(&path).unwrap();
    assert_eq!((header.frequency, header.samples, header.signals[0].samples_per_frame), (8.0, Some(24), 8));
    assert_eq!(header.base_date, Some(BaseDate { day: 3, month: 11, year: 2009 }));
    let record = Record::read_signals(&path, &[2, 0]).unwrap();
    assert_eq!((record.header.signals[0].description.as_str(), record.samples()), ("Temp", 24));
    // Annotations are not a signal.
    assert_eq!(Header::of_record(&fixtures().join("formats/plus.edf")).unwrap().signals.len(), 2);
    // And written as WFDB, which then reads the same.
    let folder = tempfile::tempdir().unwrap();
    let mut expanded = Expanded::read(&path).unwrap();
    for (index, spec) in expanded.header.signals.iter_mut().enumerate() {
        spec.file = format!("{index}.dat");
    }
    expanded.write(folder.path()).unwrap();
    assert_eq!(Expanded::read(&folder.path().join("plain")).unwrap().signals, expanded.signals);
}

#[test]
fn a_damaged_edf_file_names_its_field() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.edf");
    let good = std::fs::read(fixtures().join("formats/plain.edf")).unwrap();
    let error = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        Record::read(&path).unwrap_err()
    };
    // At a byte of the header, another text; its error.
    for (at, text, expected) in [
        (0, "1", "version: found something else, expected `0`"),
        (168, "03-11-09", "start date: found `03-11-09`, expected dd.mm.yy"),
        (176, "25.00.00", "start time: found 25.0.0"),
        (184, "1000    ", "bytes in header: found 1000, expected 1024, for 3 signals"),
        (192, "EDF+D", "EDF+D, with interruptions cannot be read yet"),
        (236, "many    ", "number of data records: found `many`"),
        (236, "99999999", "expected at least 17600000848 (99999999 data records of 88 samples)"),
        (244, "0       ", "data record: found 0 s"),
        (244, "nan     ", "duration of a data record: found NaN"),
        (252, "-1  ", "number of signals: found `-1`"),
        (252, "9999", "bytes in header: found 1024, expected 2560000"),
        (256 + 3 * 120, "-40000  ", "digital minimum: found `-40000`"),
        (256 + 3 * 128, "-32768  ", "limits of signal 0 (ECG I): found -32768 to -32768"),
        (256 + 3 * 216, "0       ", "samples of signal 0 (ECG I): found 0"),
    ] {
        let mut bytes = good.clone();
        bytes[at..at + text.len()].copy_from_slice(text.as_bytes());
        let error = error(&bytes).to_string();
        assert!(error.contains(expected), "{error}\n  {expected}");
        assert!(error.contains("r.edf"), "{error}");
    }
    assert!(matches!(error(&good[..good.len() - 1]), Error::Truncated { .. }));
    assert!(matches!(error(&good[..600]), Error::Truncated { .. }));
    // An unknown number of data records is that of the whole ones in the file.
    let mut bytes = good.clone();
    bytes[236..244].copy_from_slice(b"-1      ");
    std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    assert_eq!(Record::read(&path).unwrap().samples(), 16);
}

proptest! {
    #[test]
    fn any_change_of_an_edf_file(
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), "[ -9.]"), 0..8), cut in any::<proptest::sample::Index>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r.edf");
        let mut bytes = std::fs::read(fixtures().join("formats/plain.edf")).unwrap();
        for (at, value) in changes {
            let at = at.index(1024);
            bytes[at] = value.as_bytes()[0];
        }
        std::fs::write(&path, &bytes).unwrap();
        let _ = Record::read(&path);
        std::fs::write(&path, &bytes[..cut.index(bytes.len())]).unwrap();
        let _ = Record::read(&path);
    }
}
