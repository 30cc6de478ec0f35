//! A file or folder without permission: the error names it and says what to do, and nothing is changed.
#![cfg(unix)]

mod common {
    pub mod runs;
}

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output};

use common::runs::{run, workplace};

/// A user who owns nothing; permissions do not hold for root.
const NOBODY: u32 = 65534;

fn allow(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// The program in a folder, as somebody whom permissions hold for.
fn as_somebody(folder: &Path, arguments: &str) -> std::io::Result<Output> {
    let root = fs::metadata(folder).unwrap().uid() == 0;
    // A copy: where the program was built, others may not be let in.
    let mut command = Command::new(folder.join("program"));
    if root {
        command.uid(NOBODY).gid(NOBODY);
    }
    command.current_dir(folder).args(arguments.split_whitespace()).env("HEART_DARTS_CACHE", folder.join("cache"));
    command.env("NO_COLOR", "1").output()
}

#[test]
fn what_may_not_be_read_or_written_is_named_with_advice() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    workplace(folder);
    fs::copy(env!("CARGO_BIN_EXE_heart-darts"), folder.join("program")).unwrap();
    fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/cell/peer.ron"), folder.join("cell.ron")).unwrap();
    run(folder, "train cell.ron --config train.ron --epochs 1 --data records --out model --quiet");
    run(folder, "search search.ron --data records --out run --quiet");
    fs::create_dir(folder.join("closed")).unwrap();
    allow(folder, 0o755);
    if !as_somebody(folder, "--version").is_ok_and(|output| output.status.success()) {
        eprintln!("NOT TESTED: no other user can be taken here");
        return;
    }
    let before = fs::read(folder.join("run/log.jsonl")).unwrap();
    let (read, write) = ("You may not read it", "You may not write there: choose another folder");
    let train = "train cell.ron --config train.ron --data records --quiet --out";
    for (path, mode, arguments, words) in [
        ("train.ron", 0, &*format!("{train} out"), ["train.ron: cannot be read", read]),
        ("cell.ron", 0, "cell show cell.ron", ["cell.ron: cannot be read", read]),
        ("records", 0, "data inspect records", ["records: cannot be listed", read]),
        ("records/syn01.hea", 0, "predict model records/syn01 --out out", ["syn01.hea: cannot be read", read]),
        ("records/syn01.dat", 0, "predict model records/syn01 --out out", ["syn01.dat: cannot be read", read]),
        (
            "model/weights.safetensors",
            0,
            "evaluate model --data records",
            ["weights.safetensors: cannot be read", read],
        ),
        ("closed", 0o555, &format!("{train} closed/model"), ["closed/model", write]),
        (
            "run",
            0o555,
            "search search.ron --data records --out run --quiet --resume",
            ["run/lock: cannot be written", write],
        ),
    ] {
        allow(&folder.join(path), mode);
        let Output { status, stderr, .. } = as_somebody(folder, arguments).unwrap();
        allow(&folder.join(path), 0o755);
        let text: String =
            String::from_utf8_lossy(&stderr).chars().filter(|c| !c.is_whitespace() && *c != '│').collect();
        assert_eq!(status.code(), Some(1), "{arguments}: {text}");
        for word in words.map(|word| word.replace(' ', "")).iter().chain(["Permissiondenied".to_owned()].iter()) {
            assert!(text.contains(word), "{arguments}: expected `{word}` in: {text}");
        }
    }
    assert!(fs::read(folder.join("run/log.jsonl")).unwrap() == before, "the run is as it was");
}
