//! The programs of `examples/`, run as a reader would. `cargo test` builds them.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder that the tests' own programs are in has the examples beside it.
fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.parent()
        .and_then(Path::parent)
        .unwrap()
        .join("examples")
        .join(name)
        .with_extension(std::env::consts::EXE_EXTENSION)
}

fn run(name: &str, arguments: &[&str], folder: &Path) -> String {
    let mut command = Command::new(program(name));
    // Made-up records go to the folder as well.
    command.args(arguments).current_dir(folder).env("TMPDIR", folder).env("HEART_DARTS_CACHE", folder.join("cache"));
    let output =
        command.output().unwrap_or_else(|error| panic!("{name}: {error}; `cargo test` without --test builds it"));
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn ours(path: &str) -> String {
    format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn a_record_is_plotted() {
    let folder = tempfile::tempdir().unwrap();
    let said = run("plot_record", &[], folder.path());
    assert!(said.contains("beats in the first 10 s, drawn to record.svg"), "{said}");
    let picture = std::fs::read_to_string(folder.path().join("record.svg")).unwrap();
    assert!(picture.contains("syn01, MLII") && picture.contains("syn01, V1"), "two leads");
}

#[test]
fn cells_are_searched() {
    let folder = tempfile::tempdir().unwrap();
    let said = run("search_synthetic", &[], folder.path());
    assert!(said.contains("epoch 2: ") && said.contains("reduction: "), "{said}");
}

#[test]
fn a_genotype_is_trained() {
    let folder = tempfile::tempdir().unwrap();
    let said = run("train_genotype", &[&ours("cells/mitdb-perturbation-0.ron")], folder.path());
    let last = said.lines().last().unwrap();
    let right: f64 = last.split_whitespace().nth(2).unwrap().parse().unwrap();
    // Wide beats from narrow ones, of which every fifth is wide.
    assert!(right > 85.0 && last.ends_with("test beats right"), "{said}");
}

#[test]
fn a_record_is_classified() {
    let folder = tempfile::tempdir().unwrap();
    let said = run("classify", &[&ours("derived-models/mitdb-new-patients")], folder.path());
    assert!(said.lines().count() == 11 && said.contains("syn01: "), "{said}");
}
