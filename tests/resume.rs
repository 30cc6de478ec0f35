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
use heart_darts::support::random::Generator;

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

/// Kills that each of the two tests makes: a handful, or as many as `HEART_DARTS_KILLS` says.
fn kills() -> usize {
    std::env::var("HEART_DARTS_KILLS").map_or(6, |text| text.parse().expect("HEART_DARTS_KILLS is a number"))
}

/// Runs `command --out NAME` to its end, stopped by `signal` at random moments, from before it has made anything to its last
/// write, and resumed each time. Returns how many of at most `most` stops came before the end.
fn stopped(
    folder: &Path,
    command: &str,
    name: &str,
    signal: &str,
    (whole, most): (Duration, usize),
    generator: &mut Generator,
) -> usize {
    for stops in 0..most {
        // A stop before the run is begun leaves nothing to resume.
        let begun = ["config.ron", "run/config.ron"].iter().any(|file| folder.join(name).join(file).exists());
        let resume = if begun { "--resume" } else { "" };
        // A checkpoint as often as possible: a kill then falls into the writing of one, too.
        let mut started = program(folder, &format!("{command} --out {name} {resume}"));
        started.env("HEART_DARTS_CHECKPOINT_SECONDS", "0").stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = started.spawn().unwrap();
        std::thread::sleep(whole.mul_f64(generator.uniform_f64()));
        let sent = Command::new("kill").args([signal, &child.id().to_string()]).stderr(Stdio::null()).status();
        sent.unwrap();
        let status = child.wait().unwrap();
        // Ctrl-C while there is no run yet is an error that says so.
        assert!(matches!(status.code(), None | Some(0 | 130)), "{signal}: {status}");
        if status.success() {
            return stops;
        }
    }
    let begun = ["config.ron", "run/config.ron"].iter().any(|file| folder.join(name).join(file).exists());
    run(folder, &format!("{command} --out {name} {}", if begun { "--resume" } else { "" }));
    most
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
    let mut generator = Generator::new(command.len() as u64);
    for (signal, kills) in [("-KILL", kills()), ("-INT", 3)] {
        let (mut stops, mut runs) = (0, 0);
        while stops < kills {
            runs += 1;
            assert!(runs <= 10 + 2 * kills, "{signal}: only {stops} stops came before the end of {runs} runs");
            let name = format!("stopped{signal}-{runs}");
            stops += stopped(folder, command, &name, signal, (time, kills - stops), &mut generator);
            let found = relative(&folder.join(&name));
            let names = |files: &[(PathBuf, Vec<u8>)]| files.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>();
            assert_eq!(names(&found), names(&expected), "{signal}: the same files and no other");
            for ((path, found), (_, expected)) in found.iter().zip(&expected) {
                assert!(found == expected, "{signal}: {} differs", path.display());
            }
            fs::remove_dir_all(folder.join(name)).unwrap();
        }
        println!("{command}: {stops} times {signal} over {runs} runs, each ended with the same bytes");
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
