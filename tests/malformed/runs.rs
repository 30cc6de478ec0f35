//! The folder of a run: its log, its configuration and data, and checkpoints that are whole and not of this run.

use heart_darts::network::Supernet;
use heart_darts::pipeline::derive;
use heart_darts::support::digests::Digests;
use heart_darts::support::random::Generator;
use heart_darts::train::{Array, RunFolder, TensorFile};
use heart_darts::{search, train};

use super::tally::{Folder, Tally};
use crate::entries::{input_of_run, split, tiny_search, tiny_training};

/// What is changed in a checkpoint's state or arrays, and what the error names.
type Change = (&'static str, fn(&mut TensorFile), &'static str);

fn state(file: &mut TensorFile, part: &str, other: &str) {
    assert_eq!(file.state.matches(part).count(), 1, "`{part}` once in {}", file.state);
    file.state = file.state.replacen(part, other, 1);
}

const TRAININGS: &[Change] = &[
    ("no state", |file| file.state.clear(), "state"),
    ("a state cut off", |file| file.state.truncate(20), "state"),
    ("an unknown key", |file| state(file, "\"batch\":0", "\"match\":0"), "state"),
    ("an epoch that is none", |file| state(file, "\"epoch\":1", "\"epoch\":\"one\""), "state"),
    ("an epoch after the last", |file| state(file, "\"epoch\":1", "\"epoch\":99"), "state: epoch"),
    ("a batch after the last", |file| state(file, "\"batch\":0", "\"batch\":18446744073709551615"), "state: batch"),
    ("a best epoch to come", |file| state(file, "\"best\":[1,", "\"best\":[2,"), "state: best"),
    ("more beats than there are", |file| state(file, "\"beats\":0", "\"beats\":18446744073709551615"), "sums: beats"),
    ("more right than seen", |file| state(file, "\"correct\":0", "\"correct\":1"), "sums: correct"),
    ("a generator's position", |file| state(file, "\"position\":\"", "\"position\":\"x"), "generator"),
    ("a batch without an order", |file| state(file, "\"batch\":0", "\"batch\":1"), "order"),
    ("a variable missing", |file| drop(file.arrays.remove("network.head.bias")), "head.bias"),
    (
        "a variable's form",
        |f| drop(f.arrays.insert("network.head.bias".into(), Array::F32(vec![1], vec![0.0]))),
        "head.bias",
    ),
    (
        "a momentum's length",
        |f| drop(f.arrays.insert("momentum.head.bias".into(), Array::F32(vec![1], vec![0.0]))),
        "momentum.head.bias",
    ),
    (
        "a momentum of nothing",
        |f| drop(f.arrays.insert("momentum.x".into(), Array::F32(vec![1], vec![0.0]))),
        "momentum.x",
    ),
    ("another configuration", |f| f.digests = Digests::default().with("configuration", "c0ffee"), "configuration"),
    ("another genotype", |f| f.digests = f.digests.clone().with("genotype", "c0ffee"), "genotype"),
];

const SEARCHES: &[Change] = &[
    ("a step after the last", |file| state(file, "\"step\":0", "\"step\":18446744073709551615"), "state: step"),
    ("a place beyond the beats", |file| state(file, "\"place\":", "\"place\":1844674407370955161"), "state: place"),
    ("steps of Adam", |file| state(file, "\"adam_steps\":", "\"adam_steps\":1844674407370955161"), "state: adam_steps"),
    ("no alpha", |file| drop(file.arrays.remove("alpha.normal")), "alpha.normal"),
    (
        "an alpha's form",
        |f| drop(f.arrays.insert("alpha.reduction".into(), Array::F32(vec![1], vec![0.0]))),
        "alpha.reduction",
    ),
    ("half of Adam's moments", |file| drop(file.arrays.remove("adam.0.first")), "adam"),
    ("a moment's length", |f| drop(f.arrays.insert("adam.1.second".into(), Array::F32(vec![1], vec![0.0]))), "adam"),
    (
        "an order with beats that are not there",
        |file| file.insert_indices("order.training", &[99; 6]),
        "order.training",
    ),
    ("no order", |file| drop(file.arrays.remove("order.validation")), "order.validation"),
];

pub fn run(tally: &mut Tally) {
    let part = &split().training;
    let folder = Folder::of(&[]);
    let (config, network, input) = tiny_training();
    let build = || network.build(&input, &mut Generator::new(0)).unwrap();
    let short = train::TrainConfig { epochs: 1, ..config.clone() };
    let run = RunFolder::create(&folder.path("training"), &input_of_run()).unwrap();
    train::train(&short, build().as_ref(), part, None, &run, true).unwrap();
    for (what, change, place) in TRAININGS {
        let resumed = with_checkpoint(&folder, &run, *change);
        let result = train::train(&config, build().as_ref(), part, None, &resumed, true).map(drop);
        tally.refused("checkpoint of a training", what, "checkpoint.safetensors", &[place], result);
    }
    let resumed = with_checkpoint(&folder, &run, |_| ());
    std::fs::write(resumed.log(), "").unwrap();
    let result = train::train(&config, build().as_ref(), part, None, &resumed, true).map(drop);
    tally.refused("checkpoint of a training", "a log that is shorter", "log.jsonl", &["line 1"], result);

    let (config, input) = tiny_search();
    let build = || Supernet::new(&config.supernet, &input, &mut Generator::new(0)).unwrap();
    let short = search::SearchConfig { epochs: 1, ..config.clone() };
    let run = RunFolder::create(&folder.path("search"), &input_of_run()).unwrap();
    search::search(&short, &build(), part, &run, true).unwrap();
    for (what, change, place) in SEARCHES {
        let resumed = with_checkpoint(&folder, &run, *change);
        let result = search::search(&config, &build(), part, &resumed, true).map(drop);
        tally.refused("checkpoint of a search", what, "checkpoint.safetensors", &[place], result);
    }
    let log = std::fs::read_to_string(run.log()).unwrap();
    logs(tally, &log);
    folders(tally, &log);
}

/// A copy of a run whose checkpoint is changed.
fn with_checkpoint(folder: &Folder, run: &RunFolder, change: impl Fn(&mut TensorFile)) -> RunFolder {
    let path = folder.path("changed");
    let _ = std::fs::remove_dir_all(&path);
    let changed = RunFolder::create(&path, &input_of_run()).unwrap();
    let mut file = TensorFile::read(&run.checkpoint()).unwrap();
    change(&mut file);
    file.write(&changed.checkpoint()).unwrap();
    std::fs::copy(run.log(), changed.log()).unwrap();
    changed
}

/// The first line with another alpha.
fn with_alpha(log: &str, change: impl Fn(&mut serde_json::Value)) -> String {
    let mut line: serde_json::Value = serde_json::from_str(log.lines().next().unwrap()).unwrap();
    change(&mut line["alpha"]);
    format!("{line}\n")
}

fn logs(tally: &mut Tally, log: &str) {
    for (what, text) in [
        ("no JSON", format!("{log}epoch 2\n")),
        ("another object", format!("{log}{{\"epoch\": 2}}\n")),
        ("a torn line with more behind it", format!("{log}{}\n{log}", &log[..log.len() / 2])),
        ("a wrong type", log.replacen("\"epoch\":1", "\"epoch\":\"1\"", 1)),
        ("a number that is none", log.replacen("\"epoch\":1", "\"epoch\":-1", 1)),
        ("bytes that are no text", format!("{log}\u{fffd}\n")),
        ("alpha that is infinite", with_alpha(log, |alpha| alpha[0][0][0] = serde_json::json!(1e39))),
        ("alpha of fewer edges", with_alpha(log, |alpha| drop(alpha[1].as_array_mut().unwrap().pop()))),
        (
            "alpha of no cell",
            with_alpha(log, |alpha| (0..2).for_each(|i| drop(alpha[i].as_array_mut().unwrap().pop()))),
        ),
        ("edges that come later", format!("{log}{}", with_alpha(log, |alpha| alpha[0] = serde_json::json!([])))),
        ("an unsound genotype", log.replacen("\"from\":0", "\"from\":7", 1)),
    ] {
        let folder = Folder::of(&[("log.jsonl", text.as_bytes())]);
        let result = search::read_log(&folder.path("log.jsonl"));
        tally.refused("log", what, "log.jsonl", &["line 1", "line 2"], result);
    }
}

fn folders(tally: &mut Tally, log: &str) {
    const DATA: &str = "{\"database\":{\"name\":\"x\"},\"beats_digest\":\"0\",\"split\":{\"sentence\":\"y\"}}";
    let flat = log.replacen("\"alpha\":[[", "\"alpha\":[[],[[", 1);
    for (what, config, data, log, file, place) in [
        ("a configuration that is none", "(search: 7)", DATA, log, "config.ron", "config.ron:1:"),
        ("data that are none", "()", "{\"database\":7}", log, "data.json", "data.json:1:"),
        ("data without a name", "()", "{\"database\":{}}", log, "data.json", "data.json:1:"),
        ("data cut off", "()", &DATA[..30], log, "data.json", "data.json:1:"),
        ("no epoch", "()", DATA, "", "log.jsonl", "epoch 0"),
        ("alpha of another form", "()", DATA, &flat, "log.jsonl", "line 1"),
    ] {
        let files = [("config.ron", config), ("data.json", data), ("log.jsonl", log)];
        let folder = Folder::of(&files.map(|(name, text)| (name, text.as_bytes())));
        tally.refused("run folder", what, file, &[place], derive(folder.dir(), None));
    }
    let folder = Folder::of(&[("config.ron", b"()"), ("data.json", DATA.as_bytes()), ("log.jsonl", log.as_bytes())]);
    tally.refused("run folder", "a later epoch", "log.jsonl", &["epoch 9"], derive(folder.dir(), Some(9)));
}
