//! Entries of what a search or a training keeps in its folder: checkpoints that are gone on from, logs.

use std::sync::{Arc, OnceLock};

use heart_darts::beat::{Beats, Class, Context, RecordInfo, Split, SplitRule};
use heart_darts::cell::Genotype;
use heart_darts::network::{DerivedSpec, InputShape, Network, NetworkSpec, Store, Supernet, SupernetSpec};
use heart_darts::pipeline::derive;
use heart_darts::search::SearchConfig;
use heart_darts::support::digests::Digests;
use heart_darts::support::random::Generator;
use heart_darts::train::{RunFolder, RunInput, Selection, TensorFile, TrainConfig, read_log};
use heart_darts::{search, train};

use super::sealed;
use super::work::{self, Scratch, parts};

/// Twelve beats of three subjects, 8 samples of one lead each.
pub(super) fn beats() -> Arc<Beats> {
    static BEATS: OnceLock<Arc<Beats>> = OnceLock::new();
    let make = || {
        let records = ["a", "b", "c"];
        Arc::new(Beats {
            database: "fuzz".into(),
            frequency: 360.0,
            leads: 1,
            samples: 8,
            values: (0..96).map(|i| ((i * i) as f32 / 7.0).sin()).collect(),
            classes: (0..12).map(|i| Class::ALL[i % 5]).collect(),
            record: (0_u32..12).map(|i| i / 4).collect(),
            position: (0_u64..12).map(|i| i * 300).collect(),
            records: records.map(|name| RecordInfo { name: name.into(), subject: name.into(), published: None }).into(),
            context: Context::default(),
        })
    };
    BEATS.get_or_init(make).clone()
}

pub fn split() -> &'static Split {
    static SPLIT: OnceLock<Split> = OnceLock::new();
    let rule = SplitRule::Random { test: 0.25, validation: 0.34, stratified: false, seed: 1 };
    SPLIT.get_or_init(|| rule.apply(&beats()).expect("twelve beats can be split"))
}

/// The training whose checkpoints [`resume_training`] takes up.
pub fn tiny_training() -> (TrainConfig, NetworkSpec, InputShape) {
    let config = TrainConfig {
        epochs: 2,
        batch: 3,
        selection: Selection::LowestLoss,
        early_stopping: Some(2),
        ..TrainConfig::default()
    };
    let genotype = Genotype::parse(work::GENOTYPE, "cell.ron").expect("a sound genotype");
    let shape = DerivedSpec { channels: 1, layers: 3, ..DerivedSpec::default() };
    (config, NetworkSpec::Derived { shape, genotype }, InputShape { leads: 1, samples: 8, classes: 5 })
}

/// The search whose checkpoints [`resume_search`] takes up.
pub fn tiny_search() -> (SearchConfig, InputShape) {
    let supernet = SupernetSpec { channels: 2, layers: 3 };
    let config = SearchConfig { supernet, epochs: 2, batch: 2, ..SearchConfig::default() };
    (config, InputShape { leads: 1, samples: 8, classes: 5 })
}

/// What the run folders of the targets are begun with.
pub fn input_of_run() -> RunInput {
    RunInput::new("()".into(), &0, Digests::default())
}

/// A run's folder with this checkpoint and log. What is missing of the network comes from `store`: inputs stay small.
fn run_of(scratch: &Scratch, data: &[u8], store: &Store) -> Option<RunFolder> {
    let run = RunFolder::create(&scratch.path("run"), &input_of_run()).ok()?;
    let (checkpoint, log) = sealed::checkpoint_and_log(data)?;
    scratch.write("run/checkpoint.safetensors", &checkpoint);
    scratch.write("run/log.jsonl", log);
    let mut file = TensorFile::read(&run.checkpoint()).ok()?;
    let network = store.export().expect("a network's tensors");
    let missing = network.into_iter().filter(|(name, _)| !file.arrays.contains_key(&format!("network.{name}")));
    file.insert_all("network.", &missing.collect()).expect("tensors of f32");
    file.write(&run.checkpoint()).expect("a checkpoint is written");
    Some(run)
}

/// A training goes on from a checkpoint, with the digest put right, and a log: first the tensor file, then the log.
pub fn resume_training(data: &[u8]) {
    let scratch = Scratch::new();
    let (config, network, input) = tiny_training();
    let network = network.build(&input, &mut Generator::new(0)).expect("a network that can be built");
    let Some(run) = run_of(&scratch, data, network.store()) else { return };
    let _ = train::train(&config, network.as_ref(), &split().training, None, &run, true);
}

/// A search goes on from a checkpoint, with the digest put right, and a log.
pub fn resume_search(data: &[u8]) {
    let scratch = Scratch::new();
    let (config, input) = tiny_search();
    let supernet = Supernet::new(&config.supernet, &input, &mut Generator::new(0)).expect("a supernet");
    let Some(run) = run_of(&scratch, data, supernet.store()) else { return };
    let _ = search::search(&config, &supernet, &split().training, &run, true);
}

/// A log of either kind.
pub fn log(data: &[u8]) {
    let scratch = Scratch::new();
    scratch.write("log.jsonl", data);
    let path = scratch.path("log.jsonl");
    let _ = read_log::<train::EpochLine>(&path);
    let _ = search::read_log(&path);
}

/// The folder of a search, from which cells are derived.
pub fn run_folder(data: &[u8]) {
    let scratch = Scratch::new();
    for (name, bytes) in parts(data) {
        scratch.write(&name, bytes);
    }
    for epoch in [None, Some(1), Some(usize::MAX)] {
        if let Ok(genotype) = derive(&scratch.path(""), epoch) {
            assert_eq!(Genotype::parse(&genotype.to_ron(), "again").expect("what was written is read"), genotype);
        }
    }
}
