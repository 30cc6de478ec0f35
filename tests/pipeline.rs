//! The whole line on synthetic records, by the commands a user types.

mod common {
    pub mod runs;
}

use std::fs;

use candle_core::{Device, Tensor};
use common::runs::{program, run, workplace};
use heart_darts::cell::Genotype;
use heart_darts::evaluate::Evaluation;
use heart_darts::evaluate::ec57::Report;
use heart_darts::model::Model;
use heart_darts::network::Pass;
use heart_darts::wfdb::read_annotations;

#[test]
fn from_records_to_predictions() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let records = workplace(folder);

    run(folder, "search search.ron --data records --out search");
    let found = Genotype::read(&folder.join("search/genotype.ron")).unwrap();
    assert_eq!(found.origin.epochs, Some(3));
    run(folder, "derive search --out cell.ron");
    assert_eq!(Genotype::read(&folder.join("cell.ron")).unwrap(), found);
    run(folder, "derive search --epoch 1 --out first.ron");
    run(folder, "cell check cell.ron first.ron");
    run(folder, "cell show cell.ron --svg cell.svg --png cell.png --dot cell.dot");
    for picture in ["search/cells.svg", "search/alpha-normal.svg", "cell.svg", "cell.png", "cell.dot"] {
        assert!(fs::metadata(folder.join(picture)).unwrap().len() > 500, "{picture}");
    }

    let trained = run(folder, "train cell.ron --config train.ron --data records --out model --json");
    let trained: Evaluation = serde_json::from_slice(&trained.stdout).unwrap();
    assert!(trained.split.contains("Beats of one patient are on both sides"), "{}", trained.split);
    assert!(trained.notes.iter().any(|note| note.contains("validation beats")), "{:?}", trained.notes);
    for file in ["model.ron", "weights.safetensors", "metrics.json", "CARD.md", "confusion.svg", "run/log.jsonl"] {
        assert!(folder.join("model").join(file).exists(), "{file}");
    }
    assert!(!folder.join("model/run/checkpoint.safetensors").exists());

    // The same beats, the same model: the same matrix.
    let evaluated = run(folder, "evaluate model --data records --json");
    let evaluated: Evaluation = serde_json::from_slice(&evaluated.stdout).unwrap();
    assert_eq!(evaluated.confusion_matrix, trained.confusion_matrix);

    run(folder, "predict model records/syn01 --out predictions");
    let predicted = read_annotations(&folder.join("predictions/syn01.hda")).unwrap();
    let reference = read_annotations(&records.join("syn01.atr")).unwrap();
    assert!(predicted.len() + 3 >= reference.len(), "{} of {}", predicted.len(), reference.len());
    let table = fs::read_to_string(folder.join("predictions/syn01.beats.csv")).unwrap();
    assert_eq!(table.lines().count(), predicted.len() + 1);
    run(folder, "predict model records/syn01 --detect --out detected --json");

    // Another database: one lead, another rate, another window.
    fs::write(
        folder.join("other.ron"),
        heart_darts::support::files::to_ron(&heart_darts::database::Database {
            name: "other".into(),
            leads: vec!["V1".into()],
            window: heart_darts::database::Window { before: 60, after: 100 },
            ..heart_darts::database::Database::builtin("synthetic").unwrap()
        }),
    )
    .unwrap();
    fs::write(
        folder.join("other-train.ron"),
        "(data: (preprocessing: (resample: Some(250.0)), split: PatientFolds(folds: 2, fold: 0, validation: 0.4),
           allow_absent_classes: true, limits: (per_class: Some(20))),
          network: (channels: 4, layers: 3, shortcuts: false), training: (epochs: 1, batch: 16))",
    )
    .unwrap();
    run(folder, "train cell.ron --config other-train.ron --data records --database other.ron --out other");
    let other = Model::read(&folder.join("other")).unwrap();
    assert_eq!((other.spec.input.leads, other.spec.input.samples, other.spec.frequency), (1, 42 + 1 + 69, 250.0));
    assert!(other.spec.origin.split_sentence.contains("No patient is on two sides"));
    // A resampled model finds its test beats again, too.
    let again = run(folder, "evaluate other --data records --database other.ron --json");
    let again: Evaluation = serde_json::from_slice(&again.stdout).unwrap();
    assert_eq!(again.confusion_matrix, Evaluation::read(&folder.join("other/metrics.json")).unwrap().confusion_matrix);

    // By EC57: a model by patient on the records that it never saw; one by beat only on records that are named.
    let scored = run(folder, "evaluate --ec57 other --data records --database other.ron --from 10 --out kept --json");
    let scored: Report = serde_json::from_slice(&scored.stdout).unwrap();
    let names: Vec<&str> = scored.records.iter().map(|record| record.record.as_str()).collect();
    assert!(!names.is_empty() && names.len() < 4, "{names:?}");
    assert!(
        scored.gross.qrs.sensitivity > Some(0.9) && scored.gross.qrs.positive_predictivity > Some(0.9),
        "{scored:?}"
    );
    assert!(scored.test.contains("detector"), "{}", scored.test);
    assert!(scored.notes.iter().any(|note| note.contains("No patient is on two sides")), "{:?}", scored.notes);
    // What it kept is what it scored.
    let kept = format!(
        "evaluate --ec57 --data records --test hda --test-dir kept --from 10 --json --records {}",
        names.join(",")
    );
    let kept: Report = serde_json::from_slice(&run(folder, &kept).stdout).unwrap();
    assert_eq!(kept.records, scored.records);
    let refused = program(folder, "evaluate --ec57 model --data records --from 10").output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("a split in which record"), "{refused:?}");
    let named = run(folder, "evaluate --ec57 model --data records --from 10 --records syn01 --reference-peaks --json");
    let named: Report = serde_json::from_slice(&named.stdout).unwrap();
    assert!(named.notes.iter().any(|note| note.contains("syn01 trained the model")), "{:?}", named.notes);
    assert!(
        named.gross.qrs.positive_predictivity == Some(1.0) && named.gross.qrs.sensitivity > Some(0.95),
        "{named:?}"
    );
}

#[test]
fn a_saved_model_gives_the_same_logits_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    workplace(folder);
    fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/cell/peer.ron"), folder.join("cell.ron")).unwrap();
    run(folder, "train cell.ron --config train.ron --data records --out model --epochs 1");
    let mut first = Model::read(&folder.join("model")).unwrap();
    let evaluation = Evaluation::read(&folder.join("model/metrics.json")).unwrap();
    first.write(&folder.join("again"), &evaluation).unwrap();
    let again = Model::read(&folder.join("again")).unwrap();
    let values: Vec<f32> = (0..5 * 2 * 300).map(|i| (0.37 * i as f32).sin()).collect();
    let beats = Tensor::from_vec(values, (5, 2, 300), &Device::Cpu).unwrap();
    let logits = |model: &Model| -> Vec<f32> {
        model.network.logits(&beats, &Pass::evaluation()).unwrap().flatten_all().unwrap().to_vec1().unwrap()
    };
    let bits = |values: Vec<f32>| values.into_iter().map(f32::to_bits).collect::<Vec<_>>();
    assert_eq!(bits(logits(&first)), bits(logits(&again)));

    // Weights of another model are refused, and so is a description that was changed.
    let weights = folder.join("again/weights.safetensors");
    let mut changed = fs::read(&weights).unwrap();
    *changed.last_mut().unwrap() ^= 1;
    fs::write(&weights, changed).unwrap();
    let error = Model::read(&folder.join("again")).unwrap_err().to_string();
    assert!(error.contains("weights.safetensors") && error.contains("SHA-256"), "{error}");
}

#[test]
fn the_configurations_that_ship_are_right() {
    use heart_darts::pipeline::{SearchRun, TrainRun};
    use heart_darts::support::files::{parse_ron, read_ron};
    let folder = tempfile::tempdir().unwrap();
    let sample = |kind: &str| String::from_utf8(run(folder.path(), &format!("config sample {kind}")).stdout).unwrap();
    // The samples claim to be the defaults, value for value.
    assert_eq!(parse_ron::<SearchRun>(&sample("search"), "search").unwrap(), SearchRun::default());
    assert_eq!(parse_ron::<TrainRun>(&sample("train"), "train").unwrap(), TrainRun::default());
    heart_darts::database::Database::parse(&sample("database"), "database").unwrap();
    let plan = folder.path().join("plan.ron");
    fs::write(&plan, sample("--for fit")).unwrap();
    heart_darts::pipeline::fit::Plan::read(&plan).unwrap();
    assert_eq!(sample("--for paper"), sample("search"));
    for entry in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/search-configs")).unwrap() {
        let path = entry.unwrap().path();
        read_ron::<SearchRun>(&path).unwrap().search.check().unwrap();
    }
}

#[test]
fn a_misspelt_key_is_shown_where_it_stands_with_what_was_meant() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("search.ron"), "(\n    search: (\n        epoch: 3,\n    ),\n)\n").unwrap();
    let refused = program(folder.path(), "search search.ron --data nowhere --out run").output().unwrap();
    let text = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(text.contains("search.ron:3:9") && text.contains("did you mean `epochs`?"), "{text}");
    let lines: Vec<&str> = text.lines().collect();
    let at = lines.iter().position(|line| line.contains("3 |         epoch: 3,")).unwrap();
    let column = |line: &str, wanted: &str| line.chars().count() - line[line.find(wanted).unwrap()..].chars().count();
    assert_eq!(column(lines[at], "epoch"), column(lines[at + 1], "^^^^^"), "{text}");
}

#[test]
fn a_command_without_arguments_teaches() {
    let folder = tempfile::tempdir().unwrap();
    for command in
        ["search", "train", "derive", "evaluate", "predict", "data", "cell", "config", "quickstart", "fit", "study"]
    {
        let output = program(folder.path(), &format!("{command} --help")).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && text.contains("heart-darts"), "{command}: {text}");
    }
    assert_eq!(program(folder.path(), "serach").output().unwrap().status.code(), Some(2));
}
