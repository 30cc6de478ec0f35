//! Entries of what recordings are kept in: headers, samples, annotations, folders of them.

use std::path::Path;

use heart_darts::beat::prepare;
use heart_darts::database::{self, Database};
use heart_darts::evaluate::ec57::{self, Options, Period, RecordReport, Report, compare};
use heart_darts::evaluate::json;
use heart_darts::signal::Preprocessing;
use heart_darts::wfdb::{AnnotationFile, CsvFormat, CsvUnits, Expanded, Format, Header, Record};

use super::text_of;
use super::work::{Scratch, parts};

/// A WFDB header alone.
pub fn header(data: &[u8]) {
    let Ok(header) = Header::parse(&text_of(data), "fuzz.hea") else { return };
    let _ = (header.seconds(), header.files(Path::new("fuzz.hea")), database::lead_names(&header));
    for signal in &header.signals {
        let _ = (signal.to_physical(i32::MAX), signal.to_digital(1e300), signal.to_digital(-0.1));
    }
    if let Ok(text) = header.text() {
        assert_eq!(Header::parse(&text, "again").expect("what was written is read"), header);
    }
}

/// Samples that need no bytes in any file, gaps and null signals, are read up to 2^28 of them: a gibibyte, see
/// `src/wfdb/limit.rs`. Records that ask for a part of that are left out here, those that ask for more are not.
fn is_in_the_allowance(stem: &Path) -> bool {
    let Ok(header) = Header::of_record(stem) else { return false };
    let width: u128 = header.signals.iter().map(|signal| u128::from(signal.samples_per_frame)).sum();
    let samples = width * u128::from(header.samples.unwrap_or(0));
    ((1 << 20)..=(1 << 29)).contains(&samples)
}

fn read_record(stem: &Path) {
    if is_in_the_allowance(stem) {
        return;
    }
    if let Ok(record) = Record::read(stem) {
        let _ = (0..record.signals.len()).map(|signal| record.physical(signal).len()).sum::<usize>();
    }
    if let Ok(record) = Expanded::read(stem) {
        let _ = (0..record.signals.len()).map(|signal| record.physical(signal).len()).sum::<usize>();
        let _ = record.smoothed();
    }
}

/// Samples of each format: two bytes choose the format and the layout, the others are the signal file.
pub fn signals(data: &[u8]) {
    let [format, layout, samples @ ..] = data else { return };
    let scratch = Scratch::new();
    let format = Format::ALL[usize::from(*format) % Format::ALL.len()];
    let (frame, skew) = (1 + (layout & 3), (layout >> 2) & 3);
    let (offset, count) = ((layout >> 4) & 1, if layout & 32 == 0 { "0".into() } else { samples.len().to_string() });
    let spec = format!("d {format}x{frame}:{skew}+{offset}\n");
    let (second, signals) = if layout & 64 == 0 { (String::new(), 1) } else { (format!("d {format}+{offset}\n"), 2) };
    scratch.write("r.hea", format!("r {signals} 250 {count}\n{spec}{second}").as_bytes());
    scratch.write("d", samples);
    read_record(&scratch.path("r"));
}

/// A file in European Data Format.
pub fn edf(data: &[u8]) {
    let scratch = Scratch::new();
    scratch.write("r.edf", data);
    let stem = scratch.path("r.edf");
    let _ = Header::of_record(&stem);
    read_record(&stem);
}

/// Records as text, in two units.
pub fn csv(data: &[u8]) {
    let scratch = Scratch::new();
    scratch.write("r.csv", data);
    let path = scratch.path("r.csv");
    for units in [CsvUnits::Millivolts, CsvUnits::PerMillivolt(200.0)] {
        let format = CsvFormat { frequency: 250.0, units };
        let Ok(header) = Header::of_csv(&path, &format) else { continue };
        let columns: Vec<usize> = (0..header.signals.len()).collect();
        if let Ok(record) = Record::read_csv(&path, &format, &columns) {
            let _ = columns.iter().map(|column| record.physical(*column).len()).sum::<usize>();
        }
    }
}

/// An annotation file.
pub fn annotations(data: &[u8]) {
    let Ok(file) = AnnotationFile::parse(data, "fuzz.atr") else { return };
    if let Ok(bytes) = file.bytes() {
        assert_eq!(AnnotationFile::parse(&bytes, "again").expect("what was written is read"), file);
    }
    for annotation in &file.annotations {
        let _ = (annotation.note(), file.symbol(annotation.code).len());
    }
    let _ = file.in_samples(360.0);
}

/// The annotations of a program against the reference's, `t` and `r`, of a record with the header `h`.
pub fn ec57(data: &[u8]) {
    let files = parts(data);
    let bytes = |name: &str| files.iter().find(|(other, _)| other == name).map_or(&[][..], |(_, bytes)| bytes);
    let Ok(header) = Header::parse(&text_of(bytes("h")), "fuzz.hea") else { return };
    let [Ok(reference), Ok(test)] = ["r", "t"].map(|name| AnnotationFile::parse(bytes(name), "fuzz.atr")) else {
        return;
    };
    let [reference, test] = [reference, test].map(|file| file.in_samples(header.frequency));
    for options in [Options::default(), Options { from: 0.0, window: 10.0 }] {
        let Ok(period) = Period::new(header.frequency, header.samples, options) else { continue };
        let record = RecordReport::new("r", compare(&reference, &test, &period));
        let report = Report::new("r", "t", options, vec![record]);
        let again: Report = json::parse(&json::to_text(&report), "again").expect("what was written is read");
        assert_eq!(again, report);
        let _ = ec57::text::report(&report);
    }
}

/// A folder of records, several files in one input: headers that name each other as segments, lists, a description.
pub fn folder(data: &[u8]) {
    let scratch = Scratch::new();
    for (name, bytes) in parts(data) {
        scratch.write(&name, bytes);
    }
    let dir = scratch.path("");
    let names = parts(data).into_iter().filter_map(|(name, _)| Some(name.strip_suffix(".hea")?.to_owned()));
    if names.into_iter().any(|name| is_in_the_allowance(&dir.join(name))) {
        return;
    }
    read_record(&scratch.path("r"));
    let _ = Database::propose(&dir);
    let Ok((database, origin)) = Database::choose_with_origin(&dir, None) else { return };
    for verify in [false, true] {
        if let Ok(inspection) = database::Inspection::new(&database, origin, &dir, verify) {
            let _ = inspection.to_string();
        }
    }
    if database.window.length() < 1000 {
        let _ = prepare(&database, &dir, &Preprocessing::none(), None);
    }
}
