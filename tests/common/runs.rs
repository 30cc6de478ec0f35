//! Small runs on synthetic records, as a user would start them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use heart_darts::database::synthetic::{self, Options};

/// A search of seconds.
pub const SEARCH: &str = "(
    data: (split: Random(stratified: true, seed: 3), limits: (per_class: Some(12), seed: 3)),
    search: (supernet: (channels: 4, layers: 3), epochs: 3, batch: 12, alpha: (learning_rate: 0.02), seed: 3),
)";
/// A training of seconds.
pub const TRAINING: &str = "(
    data: (split: Random(stratified: true, seed: 3), limits: (per_class: Some(20), seed: 3)),
    network: (channels: 4, layers: 3),
    training: (epochs: 4, batch: 16, drop_path: 0.1, label_smoothing: 0.05, class_weights: InverseSquareRoot,
        augmentation: Some((noise: 0.02)), seed: 3),
)";

/// Four synthetic subjects of 100 s, and the two configurations.
pub fn workplace(folder: &Path) -> PathBuf {
    let records = folder.join("records");
    synthetic::write(&records, &Options { subjects: 4, seconds: 100, seed: 5 }).unwrap();
    std::fs::write(folder.join("search.ron"), SEARCH).unwrap();
    std::fs::write(folder.join("train.ron"), TRAINING).unwrap();
    records
}

/// The program, in a folder, keeping no prepared beats.
pub fn program(folder: &Path, arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_heart-darts"));
    command.current_dir(folder).args(arguments.split_whitespace()).env("HEART_DARTS_CACHE", folder.join("cache"));
    command
}

/// Runs the program and expects success.
pub fn run(folder: &Path, arguments: &str) -> Output {
    let output = program(folder, arguments).output().unwrap();
    assert!(output.status.success(), "{arguments}\n{}", String::from_utf8_lossy(&output.stderr));
    output
}
