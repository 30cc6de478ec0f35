//! Records read and written, against what the Python package `wfdb` reads and writes, and damaged ones.

mod common;

use std::path::{Path, PathBuf};

use heart_darts::support::files::digest;
use heart_darts::wfdb::{
    Annotation, AnnotationFile, BaseDate, BaseTime, Code, Format, Header, INVALID, Label, Record, SignalSpec,
};

#[path = "wfdb/csv.rs"]
mod csv;
#[path = "wfdb/damaged.rs"]
mod damaged;
#[path = "wfdb/edf.rs"]
mod edf;
#[path = "wfdb/golden.rs"]
mod golden;
#[path = "wfdb/hostile.rs"]
mod hostile;
#[path = "wfdb/round_trip.rs"]
mod round_trip;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/wfdb")
}

fn fixture_text(name: &str) -> String {
    std::fs::read_to_string(fixtures().join(name)).unwrap()
}

/// Every file of MIT-BIH and QT, against the digests that `digests.py` made.
#[test]
fn real_records_equal_wfdb_python() {
    let test = "records equal wfdb-python";
    let (Some(data), Some(_)) = (common::real_data("mitdb", test), common::real_data("qtdb", test)) else { return };
    let data = data.parent().unwrap();
    let text = fixture_text("digests.txt");
    let lines: Vec<Vec<&str>> =
        text.lines().filter(|line| !line.starts_with('#')).map(|line| line.split(' ').collect()).collect();
    let records: Vec<&[Vec<&str>]> = lines.chunk_by(|a, b| a[..2] == b[..2]).collect();
    // 48 records with atr; 105 with q1c and man, 82 of them with atr; two digests of samples each.
    assert_eq!((records.len(), lines.len()), (48 + 105, 48 * 3 + 105 * 4 + 82));
    let next = std::sync::atomic::AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(lines) = records.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
                    check_digests(data, lines);
                }
            });
        }
    });
}

/// The lines of one record: database, record, what, digest, and the number of annotations.
fn check_digests(data: &Path, lines: &[Vec<&str>]) {
    let stem = data.join(lines[0][0]).join(lines[0][1]);
    let record = Record::read(&stem).unwrap();
    for line in lines {
        let found = match line[2] {
            "digital" => digital_digest(&record),
            "physical" => physical_digest(&record),
            annotator => {
                let path = stem.with_file_name(format!("{}.{annotator}", line[1]));
                let annotations = heart_darts::wfdb::read_annotations(&path).unwrap();
                assert_eq!(annotations.len(), line[4].parse::<usize>().unwrap(), "{line:?}");
                annotation_digest(&annotations)
            }
        };
        assert_eq!(found, line[3], "{line:?}");
    }
}

fn digital_digest(record: &Record) -> String {
    let mut bytes = Vec::with_capacity(4 * record.samples() * record.signals.len());
    for (signal, spec) in record.signals.iter().zip(&record.header.signals) {
        for sample in signal {
            let stored = if *sample == INVALID { spec.format.invalid() } else { *sample };
            bytes.extend_from_slice(&stored.to_le_bytes());
        }
    }
    digest(&bytes)
}

fn physical_digest(record: &Record) -> String {
    let mut bytes = Vec::with_capacity(8 * record.samples() * record.signals.len());
    for (index, signal) in record.signals.iter().enumerate() {
        for (sample, single) in signal.iter().zip(record.physical(index)) {
            let physical = record.header.signals[index].to_physical(*sample);
            assert_eq!((physical as f32).to_bits(), single.to_bits());
            bytes.extend_from_slice(&physical.to_le_bytes());
        }
    }
    digest(&bytes)
}

fn annotation_digest(annotations: &[Annotation]) -> String {
    let line = |a: &Annotation| {
        format!("{} {} {} {} {} {}\n", a.sample, a.code.0, a.subtype, a.channel, a.number, hexadecimal(&a.aux))
    };
    digest(annotations.iter().map(line).collect::<String>().as_bytes())
}

fn hexadecimal(bytes: &[u8]) -> String {
    heart_darts::support::files::hexadecimal(bytes)
}

/// The same lines as `interchange.py` writes of what wfdb reads.
fn record_text(stem: &Path) -> String {
    let record = Record::read(stem).unwrap();
    let header = &record.header;
    let mut text =
        format!("record {} {} {} {}\n", header.name, header.frequency, header.signals.len(), record.samples());
    let time = header.base_time.map_or("None".into(), |time| {
        let fraction = if time.nanosecond > 0 { format!(".{:06}", time.nanosecond / 1000) } else { String::new() };
        format!("{:02}:{:02}:{:02}{fraction}", time.hour, time.minute, time.second)
    });
    let date = header.base_date.map_or("None".into(), |d| format!("{:04}-{:02}-{:02}", d.year, d.month, d.day));
    text += &format!("time {time} date {date}\n");
    text.extend(header.comments.iter().map(|comment| format!("comment {comment}\n")));
    for (spec, signal) in header.signals.iter().zip(&record.signals) {
        text += &format!("signal {}|{}|{}|{}\n", spec.description, spec.gain, spec.baseline, spec.units);
        let value = |sample: &i32| match *sample {
            INVALID => "x".into(),
            sample => format!("{sample}={:.6}", spec.to_physical(sample)),
        };
        text += &(signal.iter().map(value).collect::<Vec<_>>().join(" ") + "\n");
    }
    text
}

fn annotation_text(path: &Path) -> String {
    let file = AnnotationFile::read(path).unwrap();
    let name = path.file_stem().unwrap().display();
    let mut text = format!("annotations {name} {}\n", file.frequency.unwrap());
    text.extend(file.labels.iter().map(|l| format!("label {} {} {}\n", l.code.0, l.symbol, l.description)));
    for a in &file.annotations {
        let (symbol, aux) = (file.symbol(a.code), hexadecimal(&a.aux));
        let line = format!("{} {symbol} {} {} {} {} {aux}", a.sample, a.code.0, a.subtype, a.channel, a.number);
        text += &format!("{}\n", line.trim_end());
    }
    text
}

#[test]
fn what_wfdb_python_wrote_is_read_as_it_reads_it() {
    let records = ["python212", "python16", "pythonskew", "pythonlate", "pythonbare"];
    let text: String = records.iter().map(|name| record_text(&fixtures().join(name))).collect();
    assert_eq!(text + &annotation_text(&fixtures().join("python.atr")), fixture_text("python.txt"));
}

/// Records with everything that can be written; `interchange.py` says in `ours.txt` what wfdb reads from them.
fn write_ours(dir: &Path) {
    let spec = |format, gain, baseline, units: &str, description: &str| SignalSpec {
        format,
        gain,
        baseline,
        units: units.into(),
        description: description.into(),
        ..SignalSpec::default()
    };
    let mut header = Header::new("ours212", 360.0);
    header.counter_frequency = Some(720.5);
    header.base_counter = Some(-3.0);
    header.base_time = Some(BaseTime { hour: 23, minute: 0, second: 59, nanosecond: 125_000_000 });
    header.base_date = Some(BaseDate { day: 1, month: 12, year: 1999 });
    header.comments = vec!["69 M 1085 1629 x1".into(), "Aldomet, Inderal".into()];
    header.signals =
        vec![spec(Format::Format212, 200.0, 1024, "mV", "MLII"), spec(Format::Format212, 0.5, -3, "mm/s", "lead V 1")];
    header.signals.push(SignalSpec { file: "ours212b.dat".into(), ..spec(Format::Format16, 1e4, 0, "mV", "V5") });
    let signals = vec![
        (0..77).map(|i| i * 53 % 4095 - 2047).collect(),
        (0..77).map(|i| if i % 10 == 3 { INVALID } else { 40 - i }).collect(),
        (0..77).map(|i| i * 851 - 32767).collect(),
    ];
    Record { header, signals }.write(dir).unwrap();
    let mut header = Header::new("ours16", 257.0);
    header.signals = (1..=12).map(|i| spec(Format::Format16, 306.0, 0, "mV", &format!("lead{i}"))).collect();
    let signals = (1..=12).map(|lead| (0..9).map(|i| if i == lead { INVALID } else { i * lead }).collect()).collect();
    Record { header, signals }.write(dir).unwrap();
    let note = |sample, symbol, subtype, channel, number, aux: &[u8]| Annotation {
        sample,
        code: Code::from_symbol(symbol).unwrap(),
        subtype,
        channel,
        number,
        aux: aux.into(),
    };
    let annotations = vec![
        note(0, "+", 0, 0, 0, b"(N\0"),
        note(1023, "N", 0, 0, 0, b""),
        note(2047, "V", -4, 1, 5, b"odd"),
        note(2047, "[49]", 0, 1, -5, b""),
        note(1_000_000, "Q", 0, 0, 0, b"\xfc"),
        note(999_000, "(", 1, 0, 0, b""),
        note(9_000_000_000, ")", 127, 255, 127, &[b'z'; 255]),
    ];
    let labels = vec![Label { code: Code(49), symbol: "my".into(), description: "a beat of mine".into() }];
    AnnotationFile { annotations, frequency: Some(128.5), labels }.write(&dir.join("ours.atr")).unwrap();
}

const OURS: [&str; 6] = ["ours212.hea", "ours212.dat", "ours212b.dat", "ours16.hea", "ours16.dat", "ours.atr"];

/// After a change of `write_ours`: run this, then `interchange.py`, and look at `ours.txt`.
#[test]
#[ignore = "rewrites the fixtures; run by name"]
fn make_ours() {
    write_ours(&fixtures());
}

#[test]
fn what_we_write_is_read_by_wfdb_python_as_meant() {
    let folder = tempfile::tempdir().unwrap();
    write_ours(folder.path());
    for name in OURS {
        let (written, committed) = (std::fs::read(folder.path().join(name)), std::fs::read(fixtures().join(name)));
        assert!(written.unwrap() == committed.unwrap(), "{name} is not the file that wfdb-python was shown");
    }
    let text: String = ["ours212", "ours16"].iter().map(|name| record_text(&folder.path().join(name))).collect();
    assert_eq!(text + &annotation_text(&folder.path().join("ours.atr")), fixture_text("ours.txt"));
}

/// Written again, what wfdb-python wrote has the same bytes: definitions, skips, order of fields.
#[test]
fn annotations_are_written_with_the_bytes_of_wfdb_python() {
    let path = fixtures().join("python.atr");
    let bytes = AnnotationFile::read(&path).unwrap().bytes().unwrap();
    let theirs = std::fs::read(&path).unwrap();
    // wfdb-python has a skip of -1 after its definitions, made up for by something at +1 that is not an annotation.
    let skip: &[u8] = &[0, 0xec, 0xff, 0xff, 0xff, 0xff, 1, 0];
    let at = theirs.windows(8).position(|window| window == skip).unwrap();
    let without = [&theirs[..at], &theirs[at + 8..]].concat();
    assert_eq!(bytes, without);
}

#[test]
fn chosen_signals_come_in_the_order_asked_for() {
    let stem = fixtures().join("python212");
    let whole = Record::read(&stem).unwrap();
    let chosen = Record::read_signals(&stem, &[2, 0]).unwrap();
    assert_eq!(chosen.signals, [whole.signals[2].clone(), whole.signals[0].clone()]);
    let names: Vec<&str> = chosen.header.signals.iter().map(|spec| spec.description.as_str()).collect();
    assert_eq!(names, ["V1", "MLII"]);
    let error = Record::read_signals(&stem, &[3]).unwrap_err().to_string();
    assert!(error.contains("asked for signal 3") && error.contains("MLII, a b  c, V1"), "{error}");
}

#[test]
fn headers_with_and_without_their_optional_fields() {
    let bare = Header::parse("x 1\r\nx.dat 16\r\n", "x.hea").unwrap();
    let spec = SignalSpec { file: "x.dat".into(), ..SignalSpec::default() };
    assert_eq!(bare, Header { signals: vec![spec], ..Header::new("x", 250.0) });
    let text = "# before\nx-1 1 250/360.5(12) 0 1:2:3.5 29/2/2000\n\nx.dat 212x1:3+512 0/uV 11 1024\n#after\n";
    let full = Header::parse(text, "x.hea").unwrap();
    assert_eq!((full.counter_frequency, full.base_counter, full.samples), (Some(360.5), Some(12.0), None));
    let time = BaseTime { hour: 1, minute: 2, second: 3, nanosecond: 500_000_000 };
    assert_eq!((full.base_time, full.base_date), (Some(time), Some(BaseDate { day: 29, month: 2, year: 2000 })));
    let signal = &full.signals[0];
    assert_eq!((signal.skew, signal.byte_offset, signal.gain, signal.baseline), (3, 512, 200.0, 1024));
    assert_eq!((signal.units.as_str(), signal.initial_value, signal.checksum), ("uV", None, None));
    assert_eq!(full.comments, ["before", "after"]);
    assert_eq!(Header::parse(&full.text().unwrap(), "x.hea").unwrap(), full);
}
