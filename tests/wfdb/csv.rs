//! Tables of samples as text.

use std::path::PathBuf;

use heart_darts::wfdb::{CsvFormat, CsvUnits, Header, INVALID, Record};
use proptest::prelude::*;

const MILLIVOLTS: CsvFormat = CsvFormat { frequency: 250.0, units: CsvUnits::Millivolts };

/// A file of some text, in a folder that lives as long.
fn file(text: impl AsRef<[u8]>) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("night.csv");
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

fn read(text: &str, format: &CsvFormat, columns: &[usize]) -> Record {
    let (_folder, path) = file(text);
    Record::read_csv(&path, format, columns).unwrap()
}

#[test]
fn columns_come_in_the_order_asked_for_with_any_separator() {
    for separator in [",", ";", "\t", " , "] {
        let text = "time,MLII,V1\n0,0.5,-1\n1,0.25,25e-2\r\n\n# a remark\n2,-,3\n".replace(',', separator);
        let record = read(&text, &MILLIVOLTS, &[2, 1]);
        assert_eq!((record.header.name.as_str(), record.header.frequency), ("night", 250.0));
        let names: Vec<&str> = record.header.signals.iter().map(|spec| spec.description.as_str()).collect();
        assert_eq!((names, record.header.samples), (vec!["V1", "MLII"], Some(3)));
        assert_eq!(record.physical(0), [-1.0, 0.25, 3.0]);
        assert_eq!(record.physical(1)[..2], [0.5, 0.25]);
        assert_eq!(record.signals[1][2], INVALID);
    }
}

/// What `rdsamp -c -v -p -r 100 -s MLII` prints, and with `-H` instead of `-v` the same without names.
#[test]
fn what_rdsamp_prints_is_read() {
    let named = "'Elapsed time','MLII'\n'hh:mm:ss.mmm','mV'\n'0:00.000',-0.145\n'0:00.003',-0.145\n";
    assert_eq!(read(named, &MILLIVOLTS, &[1]).physical(0), [-0.145, -0.145]);
    let bare = "0.000,-0.145\n0.003,-0.15\n";
    assert_eq!(read(bare, &MILLIVOLTS, &[1]).physical(0), [-0.145, -0.15]);
}

#[test]
fn units_are_those_that_were_said() {
    for (units, text) in
        [("V", "0.001\n-0.002\n"), ("mV", "1\n-2\n"), ("uV", "1000\n-2000\n"), ("200/mV", "200\n-400\n")]
    {
        let format = CsvFormat { frequency: 360.0, units: units.parse().unwrap() };
        let record = read(text, &format, &[0]);
        assert_eq!((record.physical(0), record.header.signals[0].units.as_str()), (vec![1.0, -2.0], "mV"), "{units}");
    }
    for wrong in ["", "mA", "0/mV", "-1/mV", "nan/mV", "inf/mV", "/mV", "200"] {
        assert!(wrong.parse::<CsvUnits>().unwrap_err().contains("200/mV"), "{wrong}");
    }
}

#[test]
fn bad_tables_name_line_column_and_what_stands_there() {
    let wide = "1,".repeat(1024) + "1\n";
    let long = "7".repeat(1 << 16);
    for (text, expected) in [
        ("", "line 1: found an empty file"),
        ("1,2\n3\n", "line 2: found 1 columns, expected 2"),
        ("a,b\n1,2\n1,2,3\n", "line 3: found 3 columns, expected 2"),
        ("a,b\n1,2\n1,x\n", "line 3, column 2 (b): found `x`, expected a number"),
        ("1,2\n\n# a remark\n1,inf\n", "line 4, column 2: found `inf`"),
        ("1,2\r\n\r\n1,2\r\n1,inf\r\n1,2", "line 4, column 2: found `inf`"),
        ("1,2\n1,1e60\n", "line 2, column 2: found `1e60`"),
        ("a,b\nms,uV\n1,2\n", "line 2: found ms, uV, expected numbers, or the units of the columns"),
        (wide.as_str(), "line 1: found 1025 columns"),
        (long.as_str(), "line 1: found no end of line in 64 KiB"),
    ] {
        let (_folder, path) = file(text);
        let error = Record::read_csv(&path, &MILLIVOLTS, &[1]).unwrap_err().to_string();
        assert!(error.contains("night.csv") && error.contains(expected), "{error}\n  {expected}");
    }
    let (_folder, path) = file("a,b\n1,2\n");
    let error = Record::read_csv(&path, &MILLIVOLTS, &[2]).unwrap_err().to_string();
    assert!(error.contains("asked for signal 2, but the record has 2 (numbered from 0): a, b"), "{error}");
    for frequency in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let error = Header::of_csv(&path, &CsvFormat { frequency, ..MILLIVOLTS }).unwrap_err().to_string();
        assert!(error.contains("expected a number above 0"), "{error}");
    }
    let error = Record::read_csv("no/such.csv".as_ref(), &MILLIVOLTS, &[0]).unwrap_err().to_string();
    assert!(error.contains("no/such.csv: cannot be read"), "{error}");
}

#[test]
fn a_file_of_names_alone_has_no_samples() {
    let record = read("MLII,V1\n", &MILLIVOLTS, &[0, 1]);
    assert_eq!((record.samples(), record.header.samples), (0, Some(0)));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// What a 32-bit float holds comes back, as exactly as is promised.
    #[test]
    fn samples_come_back(samples in proptest::collection::vec(-5.0f32..5.0, 1..50), exponent in -20i32..20) {
        let samples: Vec<f32> = samples.iter().map(|sample| sample * (exponent as f32).exp2()).collect();
        let text: String = samples.iter().map(|sample| format!("{sample}\n")).collect();
        let found = read(&text, &MILLIVOLTS, &[0]).physical(0);
        let largest = samples.iter().fold(0.0f32, |largest, sample| largest.max(sample.abs()));
        for (found, sample) in found.iter().zip(&samples) {
            prop_assert!((found - sample).abs() <= largest * 2f32.powi(-30), "{found} {sample}");
            prop_assert!(sample.abs() * 32.0 < largest || found == sample, "{found} {sample}");
        }
    }

    /// Any bytes give a record or an error that names the file.
    #[test]
    fn no_bytes_can_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let (_folder, path) = file(bytes);
        if let Err(error) = Record::read_csv(&path, &MILLIVOLTS, &[0]) {
            prop_assert!(error.to_string().contains("night.csv"));
        }
    }
}
