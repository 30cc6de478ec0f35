//! A run that is killed or interrupted at any moment and resumed ends with the same bytes as one that never stopped.
#![cfg(unix)]

mod common {
    pub mod runs;
}

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::runs::{program, run, workplace};

/// Every file of a run but how long it took.
fn bytes(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(bytes(&path));
        } else if path.file_name().is_some_and(|name| name != "timing.jsonl") {
            files.push((path.clone(), fs::read(&path).unwrap()));
        }
    }
    files.sort();
    files
}

fn relative(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    bytes(folder).into_iter().map(|(path, bytes)| (path.strip_prefix(folder).unwrap().into(), bytes)).collect()
}

/// When a run is stopped, and when its resumptions are, as shares of the time of an unbroken one.
const MOMENTS: [f64; 6] = [0.2, 0.1, 0.15, 0.1, 0.25, 0.1];

/// Starts `command --out NAME`, stops it at each of the moments by `signal`, resumes, and lets it end at last.
fn stopped(folder: &Path, command: &str, name: &str, signal: &str, whole: Duration) {
    let mut stops = 0;
    for (i, &moment) in MOMENTS.iter().enumerate() {
        let resume = if i == 0 { "" } else { "--resume" };
        // A checkpoint as often as possible: a kill then falls into the writing of one, too.
        let mut started = program(folder, &format!("{command} --out {name} {resume}"));
        started.env("HEART_DARTS_CHECKPOINT_SECONDS", "0").stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = started.spawn().unwrap();
        // A stop before the run is begun stops nothing; a busy machine may take its time to come to that.
        let begun = || ["config.ron", "run/config.ron"].iter().any(|file| folder.join(name).join(file).exists());
        while !begun() && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(2));
        }
        std::thread::sleep(whole.mul_f64(moment));
        let sent = Command::new("kill").args([signal, &child.id().to_string()]).stderr(Stdio::null()).status();
        sent.unwrap();
        let status = child.wait().unwrap();
        assert!(matches!(status.code(), None | Some(0 | 130)), "{signal}: {status}");
        stops += usize::from(!status.success());
    }
    assert!(stops >= 3, "only {stops} stops came before the end");
    run(folder, &format!("{command} --out {name} --resume"));
}

fn check(command: &str) {
    let whole = "whole";
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    workplace(folder);
    if command.starts_with("train") {
        fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/cell/peer.ron"), folder.join("cell.ron"))
            .unwrap();
    }
    let start = Instant::now();
    run(folder, &format!("{command} --out {whole}"));
    let time = start.elapsed();
    let expected = relative(&folder.join(whole));
    assert!(expected.iter().any(|(path, _)| path.ends_with("log.jsonl")));
    for (signal, name) in [("-KILL", "killed"), ("-INT", "interrupted")] {
        stopped(folder, command, name, signal, time);
        let found = relative(&folder.join(name));
        let names = |files: &[(PathBuf, Vec<u8>)]| files.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>();
        assert_eq!(names(&found), names(&expected), "{signal}: the same files and no other");
        for ((path, found), (_, expected)) in found.iter().zip(&expected) {
            assert!(found == expected, "{signal}: {} differs", path.display());
        }
    }
}

#[test]
fn a_search_ends_with_the_same_bytes() {
    check("search search.ron --data records --quiet");
}

#[test]
fn a_training_ends_with_the_same_bytes() {
    check("train cell.ron --config train.ron --data records --quiet");
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    workplace(folder);
    run(folder, "--threads 1 search search.ron --data records --quiet --out one");
    run(folder, "--threads 2 search search.ron --data records --quiet --out two");
    assert!(relative(&folder.join("one")) == relative(&folder.join("two")));
}

#[test]
fn ctrl_c_ends_with_130_and_a_run_goes_on_only_as_it_began() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    workplace(folder);
    let mut child =
        program(folder, "search search.ron --data records --quiet --out run").stderr(Stdio::null()).spawn().unwrap();
    while !folder.join("run/config.ron").exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    for (arguments, words) in [
        ("search search.ron --data records --out run", "--resume"),
        ("search other.ron --data records --out run --resume", "configuration"),
    ] {
        fs::write(folder.join("other.ron"), "(search: (epochs: 7, batch: 12))").unwrap();
        let output = program(folder, arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(text.contains(words), "{text}");
    }
}
