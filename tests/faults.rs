//! Every call that changes the disk fails once, is cut short, or is the last before a kill or a power cut: what is left can
//! be gone on from, and ends with the same bytes. A number that is none ends a run, with its place.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use candle_core::{Device, Tensor, Var};
use heart_darts::beat::{Beats, Class, Context, RecordInfo, Split, SplitRule};
use heart_darts::cell::Genotype;
use heart_darts::evaluate::{ConfusionMatrix, Evaluation};
use heart_darts::model::{Model, ModelOrigin, ModelSpec};
use heart_darts::network::{Baseline, InputShape, Network, NetworkSpec, ResidualSpec, Supernet, SupernetSpec};
use heart_darts::search::{self, SearchConfig};
use heart_darts::support::digests::Digests;
use heart_darts::support::disk::faults::{self, Fault};
use heart_darts::support::files;
use heart_darts::support::random::Generator;
use heart_darts::train::{
    self, AdamSpec, Error, NotFinite, RunFolder, RunInput, Selection, SgdSpec, TensorFile, TrainConfig,
};

const INPUT: InputShape = InputShape { leads: 1, samples: 32, classes: 5 };
const ALL: [Fault; 5] = [Fault::Once, Fault::FullDisk, Fault::ReadOnly, Fault::Killed, Fault::PowerCut];

/// Twenty beats of two subjects; each class has its own frequency.
fn beats() -> Beats {
    let n = 20;
    let mut generator = Generator::new(5);
    let class = |beat: usize| Class::ALL[beat % 5];
    let record = |name: &str| RecordInfo { name: name.into(), subject: name.into(), published: None };
    Beats {
        database: "made up".into(),
        frequency: 100.0,
        leads: 1,
        samples: 32,
        values: (0..n * 32)
            .map(|i| (0.1 * ((i % 32) * (1 + class(i / 32).index())) as f32).sin() + 0.1 * generator.uniform())
            .collect(),
        classes: (0..n).map(class).collect(),
        record: (0..n).map(|beat| (beat % 2) as u32).collect(),
        position: (0..n as u64).map(|beat| 100 * beat).collect(),
        records: vec![record("one"), record("two")],
        context: Context::default(),
    }
}

fn split() -> Split {
    SplitRule::Random { test: 0.2, validation: 0.3, stratified: false, seed: 1 }.apply(&Arc::new(beats())).unwrap()
}

fn spec() -> NetworkSpec {
    let genotype =
        Genotype::read(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/cell/peer.ron"))).unwrap();
    let shape = heart_darts::network::DerivedSpec { channels: 2, layers: 3, ..Default::default() };
    NetworkSpec::Derived { shape, genotype }
}

fn network() -> Box<dyn Network> {
    spec().build(&INPUT, &mut Generator::new(1)).unwrap()
}

fn supernet() -> Supernet {
    Supernet::new(&SupernetSpec { channels: 2, layers: 3 }, &INPUT, &mut Generator::new(1)).unwrap()
}

fn training() -> TrainConfig {
    TrainConfig { epochs: 2, batch: 6, selection: Selection::Last, ..TrainConfig::default() }
}

fn searching() -> SearchConfig {
    SearchConfig { epochs: 2, batch: 4, ..SearchConfig::default() }
}

fn input() -> RunInput {
    RunInput::new("(a configuration)\n".into(), &"data", Digests::default().with("data", "da7a"))
}

/// The folder, made or taken up again, with a checkpoint before every step.
fn folder(path: &Path) -> train::Result<RunFolder> {
    let resume = path.join("config.ron").exists();
    let run = if resume { RunFolder::resume(path, &input()) } else { RunFolder::create(path, &input()) };
    Ok(run?.with_checkpoint_interval(Duration::ZERO))
}

fn train_in(path: &Path, split: &Split) -> train::Result<()> {
    // The smallest network there is: what is walked over is the writing.
    let smallest = ResidualSpec { channels: 4, stages: 1, blocks: 1, taps: 3 };
    let network = NetworkSpec::Baseline(Baseline::Residual(smallest)).build(&INPUT, &mut Generator::new(1))?;
    let outcome = train::train(&training(), network.as_ref(), &split.training, None, &folder(path)?, true)?;
    assert!(matches!(outcome, train::Outcome::Finished(_)));
    Ok(())
}

fn search_in(path: &Path, split: &Split) -> train::Result<()> {
    let outcome = search::search(&searching(), &supernet(), &split.training, &folder(path)?, true)?;
    assert!(matches!(outcome, search::Outcome::Finished(_)));
    Ok(())
}

/// A folder in memory where there is one: `fsync` is what takes long on a disk.
fn scratch() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

fn kept(path: &Path) -> [Vec<u8>; 2] {
    ["log.jsonl", "checkpoint.safetensors"].map(|name| fs::read(path.join(name)).unwrap())
}

/// Epoch and step of the state that a run would go on from.
fn place(path: &Path) -> (u64, u64) {
    let Ok(run) = RunFolder::resume(path, &input()) else { return (0, 0) };
    let file = run.read_checkpoint().unwrap_or_else(|error| panic!("nothing to go on from: {error}"));
    let Some(file) = file else { return (0, 0) };
    let state: serde_json::Value = serde_json::from_str(&file.state).unwrap();
    (state["epoch"].as_u64().unwrap(), state.get("batch").or(state.get("step")).unwrap().as_u64().unwrap())
}

/// Walks over every call that changes the disk; `work` begins or resumes a run and ends it.
fn walk(faults: &[Fault], work: impl Fn(&Path, &Split) -> train::Result<()>) {
    let split = split();
    let whole = scratch();
    work(whole.path(), &split).unwrap();
    let expected = kept(whole.path());
    for &fault in faults {
        let mut furthest = (0, 0);
        let mut calls = 0;
        loop {
            let folder = scratch();
            let (done, met) = faults::at(fault, calls, || work(folder.path(), &split));
            let at = format!("{fault:?} at call {calls}: {done:?}");
            if !met {
                assert!(done.is_ok() && kept(folder.path()) == expected, "{at}");
                break;
            }
            if matches!(fault, Fault::ReadOnly | Fault::Killed | Fault::PowerCut) && calls < 40 {
                assert!(done.is_err(), "{at}");
            }
            // The later it fails, the further is what was kept.
            let kept_at = place(folder.path());
            assert!(kept_at >= furthest, "{at}: {kept_at:?} after {furthest:?}");
            furthest = kept_at;
            work(folder.path(), &split).unwrap_or_else(|error| panic!("{at}: cannot be resumed: {error}"));
            assert!(kept(folder.path()) == expected, "{at}: other bytes");
            let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
            assert!(!left.iter().any(|path| path.extension().is_some_and(|e| e == "tmp")), "{at}: {left:?}");
            calls += 1;
        }
        // Two files at the start, a line of the log and of the times an epoch, and a checkpoint before each second step and
        // after each epoch.
        assert!((45..55).contains(&calls), "{calls} calls met {fault:?}");
        assert_eq!(furthest, (2, 0), "{fault:?}");
    }
}

#[test]
fn a_training_survives_every_fault() {
    walk(&ALL, train_in);
}

#[test]
fn a_search_survives_every_fault() {
    // A step of a search takes longer, and the files are written by the same code.
    walk(&[Fault::FullDisk, Fault::PowerCut], search_in);
}

#[test]
fn a_model_is_complete_or_not_there() {
    let spec = ModelSpec {
        version: ModelSpec::VERSION,
        network: spec(),
        input: INPUT,
        leads: vec!["MLII".into()],
        frequency: 100.0,
        window: heart_darts::database::Window { before: 15, after: 16 },
        preprocessing: Default::default(),
        classes: Class::ALL.to_vec(),
        origin: ModelOrigin {
            data: heart_darts::cell::Named { name: "made up".into(), digest: "da7a".into() },
            split: SplitRule::default(),
            split_digest: "5911".into(),
            split_sentence: "some".into(),
            reduction: None,
            configuration: "c0f1".into(),
            selection: "last epoch".into(),
            epoch: (1, 1),
            seed: 1,
            crate_version: "0.0.0".into(),
        },
        weights: String::new(),
    };
    let evaluation = Evaluation::of_matrix("some", ConfusionMatrix::default());
    for fault in ALL {
        for calls in 0.. {
            let folder = scratch();
            let path = folder.path().join("model");
            let mut model = Model { spec: spec.clone(), network: network() };
            let (written, met) = faults::at(fault, calls, || model.write(&path, &evaluation));
            let at = format!("{fault:?} at call {calls}: {written:?}");
            match Model::read(&path) {
                Ok(read) => assert_eq!(read.spec, model.spec, "{at}"),
                Err(error) => assert!(written.is_err() && error.to_string().contains("no model.ron"), "{at}: {error}"),
            }
            model.write(&path, &evaluation).unwrap();
            assert_eq!(Model::read(&path).unwrap().spec, model.spec, "{at}");
            if !met {
                assert!(written.is_ok(), "{at}");
                break;
            }
        }
    }
}

/// What a training says when it comes to its end too early, and that its checkpoint stays as it was.
fn diverges(config: &TrainConfig, network: &dyn Network, path: &Path) -> (usize, usize, NotFinite, String) {
    let before = fs::read(path.join("checkpoint.safetensors")).ok();
    let split = split();
    let run = folder(path).unwrap();
    let error = train::train(config, network, &split.training, None, &run, true).unwrap_err();
    let text = error.to_string();
    let Error::Diverged { epoch, batch, what, .. } = error else { panic!("{text}") };
    match before {
        Some(before) => assert_eq!(fs::read(run.checkpoint()).unwrap(), before),
        None => {
            if let Some(file) = run.read_checkpoint().unwrap() {
                assert!(file.values("network.").values().flatten().all(|value| value.is_finite()));
            }
        }
    }
    (epoch, batch, what, text)
}

#[test]
fn a_learning_rate_that_is_far_too_high_ends_a_training_at_once() {
    let folder = scratch();
    let optimiser = SgdSpec { learning_rate: 1e30, ..SgdSpec::default() };
    let (epoch, batch, what, text) =
        diverges(&TrainConfig { optimiser, ..training() }, network().as_ref(), folder.path());
    assert!(epoch == 1 && batch <= 3, "{text}");
    let named = match &what {
        NotFinite::Loss { weights, .. } => weights.clone(),
        NotFinite::Gradient { tensor, .. } | NotFinite::Value { tensor, .. } => tensor.clone(),
    };
    let network = network();
    let names: Vec<&str> = network.store().variables().map(|(name, _)| name).collect();
    let running = |name: &&str| named.contains(name.trim_end_matches(".weight").trim_end_matches(".bias"));
    assert!(names.iter().any(running), "{named} is no tensor of the network");
    assert!(text.contains("learning rate below 1") && text.contains("last checkpoint"), "{text}");
}

#[test]
fn a_weight_that_is_no_number_is_found_in_its_layer() {
    let network = network();
    let names: Vec<String> = network.store().variables().map(|(name, _)| name.to_owned()).collect();
    for (i, bad) in [(0, f32::NAN), (names.len() / 2, f32::INFINITY), (names.len() - 1, f32::NAN)] {
        let folder = scratch();
        let network = self::network();
        let (name, variable) = network.store().variables().nth(i).unwrap();
        put(variable, bad);
        let (epoch, batch, what, text) = diverges(&training(), network.as_ref(), folder.path());
        assert_eq!((epoch, batch), (1, 1), "{text}");
        assert!(matches!(&what, NotFinite::Loss { .. }), "{text}");
        assert!(text.contains(&format!("tensor {name} holds {bad}")), "{name}: {text}");
    }
}

fn put(variable: &Var, bad: f32) {
    let mut values: Vec<f32> = variable.flatten_all().unwrap().to_vec1().unwrap();
    values[0] = bad;
    variable.set(&Tensor::from_vec(values, variable.dims(), &Device::Cpu).unwrap()).unwrap();
}

#[test]
fn alpha_that_is_no_number_is_named() {
    let folder = scratch();
    let config = SearchConfig { alpha: AdamSpec { learning_rate: 1e300, ..AdamSpec::default() }, ..searching() };
    let run = self::folder(folder.path()).unwrap();
    let text = search::search(&config, &supernet(), &split().training, &run, true).unwrap_err().to_string();
    assert!(text.contains("epoch 1, batch 1: tensor alpha.normal holds") && text.contains("rate below 1"), "{text}");
    assert!(run.read_checkpoint().unwrap().is_none());
}

#[test]
fn a_run_of_weights_that_grow_keeps_its_last_good_checkpoint() {
    // One good epoch; then its checkpoint is gone on from with a rate that no weight survives.
    let folder = scratch();
    let split = split();
    let one = TrainConfig { epochs: 1, ..training() };
    let run = self::folder(folder.path()).unwrap().with_checkpoint_interval(Duration::from_secs(1000));
    train::train(&one, network().as_ref(), &split.training, None, &run, true).unwrap();
    let good = fs::read(run.checkpoint()).unwrap();
    let optimiser = SgdSpec { learning_rate: 1e38, ..SgdSpec::default() };
    let two = TrainConfig { epochs: 3, optimiser, ..training() };
    let error = train::train(&two, network().as_ref(), &split.training, None, &run, true).unwrap_err();
    assert!(matches!(error, Error::Diverged { epoch: 2, .. }), "{error}");
    assert_eq!(fs::read(run.checkpoint()).unwrap(), good);
    TensorFile::read(&run.checkpoint()).unwrap();
}

#[test]
fn beats_that_are_no_numbers_are_refused_before_anything_is_trained() {
    for bad in [f32::NAN, f32::INFINITY] {
        let mut beats = beats();
        beats.values[7 * 32 + 3] = bad;
        let text = SplitRule::default().apply(&Arc::new(beats)).unwrap_err().to_string();
        let expected = format!("record two, beat at sample 700: found {bad} as sample 3 of lead 0");
        assert!(text.contains(&expected), "{text}");
    }
}

#[test]
fn a_digest_is_of_the_cells_and_nothing_else() {
    let NetworkSpec::Derived { genotype, .. } = spec() else { unreachable!() };
    let mut other = genotype.clone();
    other.origin.note = Some("another note".into());
    assert_eq!(genotype.digest(), other.digest());
    other.normal.nodes[0].swap(0, 1);
    assert_ne!(genotype.digest(), other.digest());
    assert_eq!(genotype.digest().len(), files::digest(b"").len());
}
