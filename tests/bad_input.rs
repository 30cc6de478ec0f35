//! What a user sees for input that is wrong: exit code 1, and a message with file, place, found and expected. Nothing
//! half-written stays.

mod common {
    pub mod runs;
}

use std::fs;
use std::path::Path;

use common::runs::{program, run, workplace};

/// Runs the program, which must fail with code 1, and returns what it says, with line breaks taken out.
fn fails(folder: &Path, arguments: &str) -> String {
    let mut command = program(folder, arguments);
    let output = command.env("NO_COLOR", "1").output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{arguments}\n{text}");
    assert!(!text.contains("panicked"), "{text}");
    // miette breaks lines and draws a bar beside them.
    text.replace('│', " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

fn says(text: &str, words: &[&str]) {
    // A path may be broken over lines; without blanks it is whole again.
    let dense = |text: &str| text.replace(' ', "");
    for word in words {
        assert!(dense(text).contains(&dense(word)), "expected `{word}` in: {text}");
    }
}

#[test]
fn configurations() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    workplace(folder);
    says(&fails(folder, "search absent.ron --data records --out run"), &["absent.ron", "No such file"]);
    fs::write(folder.join("key.ron"), "(\n    search: (\n        epoch: 3,\n    ),\n)").unwrap();
    says(&fails(folder, "search key.ron --data records --out run"), &["key.ron:3:", "epoch", "epochs"]);
    fs::write(folder.join("batch.ron"), "(search: (batch: 1))").unwrap();
    says(
        &fails(folder, "search batch.ron --data records --out run"),
        &["batch.ron", "search.batch", "found 1", "at least 2"],
    );
    fs::write(folder.join("large.ron"), "(search: (batch: 5000))").unwrap();
    says(&fails(folder, "search large.ron --data records --out run"), &["training beats", "5000", "lower"]);
    fs::write(folder.join("wavelet.ron"), "(data: (preprocessing: (denoise: Some((wavelet: \"sym88\")))))").unwrap();
    says(&fails(folder, "search wavelet.ron --data records --out run"), &["wavelet.ron:1:", "sym88", "sym8"]);
    let cell = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/cell/peer.ron")).unwrap();
    fs::write(folder.join("cell.ron"), cell.replacen("conv9", "conv11", 1)).unwrap();
    says(&fails(folder, "train cell.ron --data records --out model"), &["cell.ron:", "conv11", "conv1"]);
    says(&fails(folder, "cell check cell.ron"), &["cell.ron:", "conv11"]);
    fs::write(folder.join("leads.ron"), "(data: (leads: []))").unwrap();
    says(&fails(folder, "search leads.ron --data records --out run"), &["data.leads", "no lead"]);
    fs::write(folder.join("wide.ron"), "(network: (channels: 0))").unwrap();
    let peer = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/cell/peer.ron");
    says(&fails(folder, &format!("train {peer} --config wide.ron --data records --out model")), &["0 channels"]);
    assert!(!folder.join("run").exists() && !folder.join("model").exists(), "nothing half-made is in the way");
}

#[test]
fn records() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let records = workplace(folder);
    says(&fails(folder, "search search.ron --data nowhere --out run"), &["nowhere"]);

    let signal = records.join("syn02.dat");
    let whole = fs::read(&signal).unwrap();
    fs::write(&signal, &whole[..whole.len() - 100]).unwrap();
    says(&fails(folder, "search search.ron --data records --out run"), &["syn02", "bytes"]);
    let mut flipped = whole.clone();
    flipped[5000] ^= 0x10;
    fs::write(&signal, &flipped).unwrap();
    says(&fails(folder, "search search.ron --data records --out run"), &["syn02", "checksum"]);
    fs::write(&signal, &whole).unwrap();

    let header = records.join("syn03.hea");
    let text = fs::read_to_string(&header).unwrap();
    fs::write(&header, text.replace("MLII", "II")).unwrap();
    // A record of another kind is left out with a word; that every record lacks the lead is an error.
    for name in ["syn01", "syn02", "syn04"] {
        let header = records.join(format!("{name}.hea"));
        fs::write(&header, fs::read_to_string(&header).unwrap().replace("MLII", "II")).unwrap();
    }
    says(&fails(folder, "search search.ron --data records --out run"), &["MLII", "II"]);
    assert!(!folder.join("run").exists(), "nothing half-made");
}

#[test]
fn models() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    workplace(folder);
    says(&fails(folder, "evaluate nothing --data records"), &["nothing", "model.ron", "train --out"]);
    fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/cell/peer.ron"), folder.join("cell.ron")).unwrap();
    run(folder, "train cell.ron --config train.ron --data records --out model --epochs 1 --quiet");
    says(&fails(folder, "train cell.ron --config train.ron --data records --out model"), &["--resume", "model"]);
    says(
        &fails(folder, "predict model records/syn01 --leads V1 --out predictions"),
        &["syn01", "found 1 leads", "expected 2", "MLII and V1"],
    );
    says(&fails(folder, "predict model records/syn09 --out predictions"), &["syn09.hea"]);
    says(&fails(folder, "predict model records/syn01 --annotator qrs --out predictions"), &["syn01.qrs"]);
    assert!(!folder.join("predictions").exists());

    // A class that is described and has no beat.
    fs::write(
        folder.join("half.ron"),
        "(data: (split: PatientFolds(folds: 4, fold: 3, validation: 0.3), limits: (per_class: Some(20))),
          network: (channels: 4, layers: 3), training: (epochs: 1, batch: 16))",
    )
    .unwrap();
    let without_paced = heart_darts::support::files::to_ron(&heart_darts::database::Database {
        records: heart_darts::database::RecordChoice::Except(vec!["syn04".into()]),
        ..heart_darts::database::Database::builtin("synthetic").unwrap()
    });
    fs::write(folder.join("three.ron"), without_paced).unwrap();
    fs::write(folder.join("random.ron"), "(data: (split: Random(seed: 1)))").unwrap();
    let text = fails(folder, "train cell.ron --config random.ron --data records --database three.ron --out other");
    says(&text, &["class Q", "allow_absent_classes"]);
    assert!(!folder.join("other").exists());
}
