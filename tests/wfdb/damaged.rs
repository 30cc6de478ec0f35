//! Damaged, malicious and unsupported files: an error with its place, never a panic or a wrong number.

use std::path::PathBuf;

use heart_darts::wfdb::{Annotation, AnnotationFile, Code, Error, Format, Header, Record, SignalSpec};
use tempfile::TempDir;

/// A small record in a folder of its own.
fn record(format: Format) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let mut header = Header::new("r", 360.0);
    for name in ["MLII", "V1"] {
        header.signals.push(SignalSpec { format, description: name.into(), ..SignalSpec::default() });
    }
    let signals = vec![(0..101).collect(), (0..101).map(|i| 7 - i).collect()];
    Record { header, signals }.write(folder.path()).unwrap();
    let stem = folder.path().join("r");
    (folder, stem)
}

#[test]
fn a_truncated_signal_file_is_an_error_with_both_sizes() {
    for (format, size) in [(Format::Format212, 303), (Format::Format16, 404)] {
        let (_folder, stem) = record(format);
        let path = stem.with_extension("dat");
        std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(size - 1).unwrap();
        let error = Record::read(&stem).unwrap_err();
        assert!(matches!(error, Error::Truncated { .. }));
        let text = error.to_string();
        assert!(text.contains(&format!("found {} bytes, expected at least {size}", size - 1)), "{text}");
        assert!(text.contains("r.dat") && text.contains("r.hea"), "{text}");
    }
}

#[test]
fn every_changed_byte_is_noticed() {
    use Format::{Format16, Format61, Format80, Format160, Format212};
    // In the others there are bits that no sample has, or that the checksum, modulo 2^16, has not.
    for format in [Format16, Format61, Format80, Format160, Format212] {
        let (_folder, stem) = record(format);
        let path = stem.with_extension("dat");
        let bytes = std::fs::read(&path).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 0x11;
            std::fs::write(&path, &changed).unwrap();
            let error = Record::read(&stem).unwrap_err();
            assert!(matches!(error, Error::Mismatch { .. }), "byte {at}: {error}");
        }
    }
}

#[test]
fn a_wrong_checksum_names_signal_found_and_expected() {
    let (_folder, stem) = record(Format::Format16);
    let path = stem.with_extension("hea");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(" 0 5050 0 MLII"), "{text}");
    std::fs::write(&path, text.replace(" 0 5050 0 MLII", " 0 5051 0 MLII")).unwrap();
    let error = Record::read(&stem).unwrap_err().to_string();
    assert!(error.contains("signal 0 (MLII): found checksum 5050, expected 5051"), "{error}");
    assert!(Record::read_signals(&stem, &[1]).is_ok(), "the other signal is whole");
}

#[test]
fn a_header_cannot_ask_for_more_memory_than_its_files_hold() {
    let (_folder, stem) = record(Format::Format212);
    let path = stem.with_extension("hea");
    for header in [
        "r 1 360 18446744073709551615\nr.dat 212\n",
        "r 1 360 4000000000\nr.dat 16\n",
        "r 1 360\nr.dat 16+18446744073709551615\n",
        "r 2 360 101\nr.dat 16\nr.dat 16x4294967295\n",
    ] {
        std::fs::write(&path, header).unwrap();
        let error = Record::read_signals(&stem, &[0]).unwrap_err();
        assert!(matches!(error, Error::Truncated { .. }), "{header}: {error}");
    }
    std::fs::write(&path, "r 1 360 101\nr.dat 16:4294967295\n").unwrap();
    let skewed = Record::read(&stem).unwrap();
    assert!(skewed.signals[0].iter().all(|sample| *sample == heart_darts::wfdb::INVALID));
    std::fs::write(&path, "r 999999999999 360 101\nr.dat 16\n").unwrap();
    assert!(matches!(Record::read(&stem).unwrap_err(), Error::Header { .. }));
}

/// Header text, and what its error must contain: line and column, field, what was found, what was expected.
const HEADERS: &[(&str, &str)] = &[
    ("", "h:1:1: record line: found nothing"),
    ("# only a comment\n", "h:1:1: record line: found nothing"),
    ("100\n", "h:1:4: number of signals: found nothing, expected a whole number"),
    ("a.b 2\n", "h:1:1: record name: found `a.b`"),
    ("100 two 360\n", "h:1:5: number of signals: found `two`"),
    ("100 -1 360\n", "h:1:5: number of signals: found `-1`"),
    ("100 0 fast\n", "h:1:7: sampling frequency: found `fast`, expected a number of Hz above 0"),
    ("100 0 0\n", "h:1:7: sampling frequency: found `0`"),
    ("100 0 inf\n", "h:1:7: sampling frequency: found `inf`"),
    ("100 0 360/x\n", "h:1:11: counter frequency: found `x`"),
    ("100 0 360/360(1\n", "h:1:15: parenthesis: found `1`"),
    ("100 0 360 1e3\n", "h:1:11: number of samples: found `1e3`"),
    ("100 0 360 10 25:00:00\n", "h:1:14: base time: found `25:00:00`"),
    ("100 0 360 10 1:2:3 30/2/2001\n", "h:1:20: base date: found `30/2/2001`"),
    ("100 0 360 10 1:2:3 1/2/2001 x\n", "h:1:29: end of the record line: found `x`"),
    (
        "100 2 360\na.dat 16\n",
        "h:2:9: end of the header: found nothing, expected 2 signal lines as the record line says, and there are 1",
    ),
    ("100 0 360\na.dat 16\n", "h:2:1: signal line: found `a.dat`"),
    ("100 1 360\n../a.dat 16\n", "h:2:1: file name: found `../a.dat`"),
    ("100 1 360\n- 16\n", "h:2:1: file name: found `-`"),
    ("100 1 360\na.dat\n", "h:2:6: format: found nothing"),
    ("100 1 360\na.dat 17\n", "h:2:7: format: found `17`, expected a signal format of WFDB: 0, 8, 16, 24,"),
    ("100 1 360\na.dat 16x0\n", "h:2:10: samples per frame: found `0`"),
    ("100 1 360\na.dat 16:-1\n", "h:2:10: skew: found `-1`"),
    ("100 1 360\na.dat 16+a\n", "h:2:10: byte offset: found `a`"),
    ("100 1 360\n  a.dat 16 gain\n", "h:2:12: gain: found `gain`"),
    ("100 1 360\na.dat 16 nan\n", "h:2:10: gain: found `nan`"),
    ("100 1 360\na.dat 16 200(1\n", "h:2:14: baseline: found `1`"),
    ("100 1 360\na.dat 16 200(1.5)/mV\n", "h:2:14: baseline: found `1.5`"),
    ("100 1 360\na.dat 16 200(1)mV\n", "h:2:16: units: found `mV`"),
    ("100 1 360\na.dat 16 200 x\n", "h:2:14: ADC resolution: found `x`"),
    ("100 1 360\na.dat 16 200 11 x\n", "h:2:17: ADC zero: found `x`"),
    ("100 1 360\na.dat 16 200 11 0 MLII\n", "h:2:19: initial value: found `MLII`"),
    ("100 1 360\na.dat 16 200 11 0 0 70000\n", "h:2:21: checksum: found `70000`, expected a whole number of 16 bits"),
    ("100 1 360\na.dat 16 200 11 0 0 7 MLII\n", "h:2:23: block size: found `MLII`"),
    ("100 2 360\na.dat 16\na.dat 212\n", "h:3:7: format: found `212`, expected format 16, as the signal before it"),
    ("100 2 360\na.dat 16\na.dat 16+4\n", "h:3:7: byte offset: found `16+4`, expected +0"),
    ("100 3 360\na.dat 16\nb.dat 16\na.dat 16\n", "h:4:1: file name: found `a.dat`, expected the signals of one file"),
    ("ä 0 360 10 25:00:00\n", "h:1:12: base time"),
];

#[test]
fn a_malformed_header_names_line_column_field_found_and_expected() {
    for (text, expected) in HEADERS {
        let error = Header::parse(text, "h").unwrap_err();
        assert!(matches!(error, Error::Header { .. }), "{text}: {error}");
        assert!(error.to_string().starts_with(expected), "{text:?}:\n  {error}\n  {expected}");
    }
}

#[test]
fn a_missing_file_is_named() {
    let (_folder, stem) = record(Format::Format16);
    std::fs::remove_file(stem.with_extension("dat")).unwrap();
    let error = Record::read(&stem).unwrap_err().to_string();
    assert!(error.contains("r.dat: cannot be read"), "{error}");
    let error = Record::read(&stem.with_file_name("other")).unwrap_err().to_string();
    assert!(error.contains("other.hea: cannot be read"), "{error}");
}

/// Bytes of an annotation file, and what its error must start with.
const ANNOTATIONS: &[(&[u8], &str)] = &[
    (&[], "a: at byte 0: found 0 bytes to the end of the file, expected 2 bytes of an annotation or the end mark"),
    (&[5], "a: at byte 0: found 1 bytes to the end"),
    (&[5, 4], "a: at byte 2: found 0 bytes to the end"),
    (&[5, 4, 0, 0, 0, 7], "a: at byte 5: found byte 0x07 after the end mark"),
    (&[0, 0xec, 1, 0], "a: at byte 2: found 2 bytes to the end of the file, expected 4 bytes of a time skip"),
    (&[0, 0xec, 0xff, 0xff, 0xff, 0xff, 0, 4, 0, 0], "a: at byte 6: found an annotation at sample -1"),
    (&[3, 0xf0, 0, 0], "a: at byte 0: found the modifier NUM, expected an annotation first"),
    (&[5, 4, 0, 0xec, 0, 0, 1, 0, 3, 0xf4], "a: at byte 8: found the modifier SUB"),
    (
        &[5, 4, 9, 0xfc, b'x', 0, 0, 0],
        "a: at byte 4: found 4 bytes to the end of the file, expected 10 bytes of an aux",
    ),
    (&[5, 4, 1, 0xfc, b'x', 0, 1, 0xfc, b'y', 0, 0, 0], "a: at byte 6: found a second AUX"),
    (&[5, 4, 0, 50 << 2, 0, 0], "a: at byte 2: found code 50, expected 1 to 49"),
];

#[test]
fn a_malformed_annotation_file_names_its_byte() {
    for (bytes, expected) in ANNOTATIONS {
        let error = AnnotationFile::parse(bytes, "a").unwrap_err();
        assert!(error.to_string().starts_with(expected), "{bytes:?}:\n  {error}\n  {expected}");
    }
    assert_eq!(AnnotationFile::parse(&[0, 0, 0, 0], "a").unwrap(), AnnotationFile::default());
}

#[test]
fn malformed_definitions_name_their_byte() {
    let note = |text: &str| {
        let mut bytes = vec![0, 22 << 2, text.len() as u8, 0xfc];
        bytes.extend(text.as_bytes());
        bytes.resize(bytes.len().next_multiple_of(2), 0);
        bytes
    };
    let start = "## annotation type definitions";
    let cases = [
        (vec!["## time resolution: fast"], "a: at byte 0: found `## time resolution: fast`"),
        (vec![start], "a: at byte 0: found label definitions without an end"),
        (vec![start, "42", "## end of definitions"], "a: at byte 34: found `42`, expected a label"),
    ];
    for (notes, expected) in cases {
        let mut bytes: Vec<u8> = notes.iter().flat_map(|text| note(text)).collect();
        bytes.extend([0, 0]);
        let error = AnnotationFile::parse(&bytes, "a").unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
    let ordinary = [note("a remark"), vec![0, 0]].concat();
    assert_eq!(AnnotationFile::parse(&ordinary, "a").unwrap().annotations[0].note(), "a remark");
}

#[test]
fn what_cannot_be_written_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let good = || {
        let mut header = Header::new("r", 360.0);
        header.signals = vec![SignalSpec { format: Format::Format212, ..SignalSpec::default() }];
        Record { header, signals: vec![vec![1, 2, 3]] }
    };
    type Spoil = fn(&mut Record);
    let cases: [(&str, Spoil); 9] = [
        ("found 2048 adu at sample 1, expected -2047 to 2047", |r| r.signals[0][1] = 2048),
        ("found 2 signals and 1 signal specifications", |r| r.signals.push(vec![])),
        ("found 2 samples a frame", |r| r.header.signals[0].samples_per_frame = 2),
        ("record name: found `../r`", |r| r.header.name = "../r".into()),
        ("file name of signal 0 (): found `/etc/r`", |r| r.header.signals[0].file = "/etc/r".into()),
        ("found `r.hea`", |r| r.header.signals[0].file = "r.hea".into()),
        ("gain of signal 0 (): found 0", |r| r.header.signals[0].gain = 0.0),
        ("units of signal 0 (): found \"m V\"", |r| r.header.signals[0].units = "m V".into()),
        ("comment: found \"a\\nb\"", |r| r.header.comments = vec!["a\nb".into()]),
    ];
    for (expected, spoil) in cases {
        let mut record = good();
        spoil(&mut record);
        let error = record.write(folder.path()).unwrap_err();
        assert!(matches!(error, Error::Unwritable { .. }), "{error}");
        assert!(error.to_string().contains(expected), "{error}\n  {expected}");
    }
    let write = |annotation| AnnotationFile { annotations: vec![annotation], ..AnnotationFile::default() }.bytes();
    let aux = |bytes: &[u8]| Annotation { aux: bytes.into(), ..Annotation::new(0, Code::NOTE) };
    for (annotation, expected) in [
        (Annotation::new(0, Code(50)), "found code 50, expected 1 to 49"),
        (Annotation::new(u64::MAX, Code::NORMAL), "expected one below 2^40"),
        (aux(&[b'x'; 256]), "found an auxiliary text of 256 bytes, expected at most 255"),
        (aux(b"## time resolution: 3"), "found ## time resolution: 3"),
    ] {
        let error = write(annotation).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}\n  {expected}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
