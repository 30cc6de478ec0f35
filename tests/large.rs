//! Megabytes of hostile text: what is done with each pair of its lines would take hours. And what is no file at all.

use std::fmt::Write;
use std::time::{Duration, Instant};

use heart_darts::database::{self, Database};
use heart_darts::pipeline::Study;
use heart_darts::support::{files, lock::Lock};
use heart_darts::wfdb::{Header, Record};

/// Seconds each at most; a slow machine under load has needed 23 s where hours are what is guarded against.
const LONGEST: Duration = Duration::from_secs(120);

fn soon<T>(what: &str, run: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = run();
    let seconds = start.elapsed();
    assert!(seconds < LONGEST, "{what} took {seconds:?}");
    result
}

/// `line(i)` for 0..count in one text.
fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).fold(String::new(), |mut text, i| {
        let _ = write!(text, "{}", line(i));
        text
    })
}

#[test]
fn headers() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    // As many signals as there may be, each in a file of its own, or all in one.
    let own = format!("r 10000 250 1\n{}", lines(10_000, |i| format!("d{i} 0\n")));
    file("r.hea", &own);
    assert_eq!(soon("files", || Record::read(&folder.path().join("r"))).unwrap().signals.len(), 10_000);
    file("r.hea", &format!("r 10000 250 3\n{}", "d 80\n".repeat(10_000)));
    file("d", &"x".repeat(30_000));
    assert_eq!(soon("one file", || Record::read(&folder.path().join("r"))).unwrap().samples(), 3);
    // One segment with many signals, named very often.
    file("a.hea", &format!("a 1000 250 1\n{}", lines(1000, |i| format!("d{i} 0 200 12 0 0 0 0 s{i}\n"))));
    file("r.hea", &format!("r/20000 1000 250 20000\n{}", "a 1\n".repeat(20_000)));
    let record = soon("segments", || Record::read(&folder.path().join("r"))).unwrap();
    assert_eq!((record.signals.len(), record.samples()), (1000, 20_000));
    let long = "x".repeat(3 << 20);
    for text in
        [format!("r 1 250\nd {long}\n"), format!("r 1 250\nd 16 {long}\n"), format!("r 1 {long}\n"), long.clone()]
    {
        let error = soon("a long word", || Header::parse(&text, "r.hea")).unwrap_err().to_string();
        assert!(error.starts_with("r.hea:") && error.chars().count() < 1000, "{} characters", error.len());
    }
}

#[test]
fn descriptions_and_lists() {
    let folder = tempfile::tempdir().unwrap();
    let database = |fields: &str| {
        format!("(name: \"x\", leads: [\"I\"], frequency: 360, window: (before: 3, after: 4), {fields})")
    };
    let names = lines(60_000, |i| format!("\"r{i}\","));
    std::fs::write(folder.path().join("RECORDS"), lines(60_000, |i| format!("r{i}\n"))).unwrap();
    for fields in [
        format!("records: Except([{names}])"),
        format!("records: Only([{names}])"),
        format!("subjects: (together: [{}])", lines(1000, |i| format!("[\"r{i}\"],"))),
        format!("inter_patient: (source: \"x\", training: [{names}], test: [])"),
    ] {
        let database = soon("a description", || Database::parse(&database(&fields), "x.ron")).unwrap();
        let error = soon("a folder", || database::survey(&database, folder.path())).unwrap();
        assert_eq!(error.unusable.len(), 60_000, "no record is there");
    }
    let error = soon("a group", || Database::parse(&database(&format!("subjects: (together: [[{names}]])")), "x.ron"));
    assert!(error.unwrap_err().to_string().contains("found a group of 60000 records, expected at most 1000"));
    let text = database("").replace("[\"I\"]", &format!("[{}]", lines(200_000, |i| format!("{i},"))));
    let error = soon("leads", || Database::parse(&text, "x.ron")).unwrap_err().to_string();
    assert!(error.contains("found 200000 of 8 samples"), "{error}");
}

#[test]
fn studies() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.ron");
    let rows = lines(50_000, |i| format!("(name: \"r{i}\", network: Baseline(Cnn9), seeds: Some([1])),"));
    std::fs::write(&path, format!("(title: \"x\", rows: [{rows}])")).unwrap();
    assert_eq!(soon("rows", || Study::read(&path)).unwrap().rows.len(), 50_000);
}

#[test]
fn what_is_no_file_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let error = files::read_text(folder.path()).unwrap_err().to_string();
    assert!(error.contains("found a folder, expected a file"), "{error}");
    #[cfg(unix)]
    {
        let error = soon("a device", || files::read(std::path::Path::new("/dev/zero"), 1 << 40)).unwrap_err();
        assert!(error.to_string().contains("found a pipe or a device, expected a file"), "{error}");
        // A pipe into which nobody writes: opening it would wait for ever.
        let pipe = folder.path().join("r.hea");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        if made.is_ok_and(|status| status.success()) {
            let error = soon("a pipe", || Header::read(&pipe)).unwrap_err().to_string();
            assert!(error.contains("r.hea") && error.contains("found a pipe or a device"), "{error}");
            std::fs::rename(&pipe, folder.path().join("lock")).unwrap();
            let error = soon("a pipe as a lock", || Lock::take(folder.path())).unwrap_err().to_string();
            assert!(error.contains("lock") && error.contains("found a pipe or a device"), "{error}");
            soon("a pipe as a lock", || Lock::check(folder.path())).unwrap();
        }
    }
}
