//! What is done with bytes that nobody trusts, a function for each kind of file. cargo-fuzz calls them with what it makes up
//! (`fuzz_targets/`), and `tests/corpus.rs` with every file of `corpus/` in each run of the tests.
//!
//! Each function goes on with what it read as the program would: an input that is accepted and fails later is found too.
//! Nothing is expected of a result but that it comes: no panic, no more memory than [`allowed`], and soon. What was read and
//! can be written must read back the same.

// The replay test and the fuzz targets each use a part.
#![allow(dead_code, clippy::missing_panics_doc)]

pub mod memory;
pub mod sealed;
pub mod work;

use std::path::Path;
use std::sync::{Arc, OnceLock};

use heart_darts::beat::{Beats, Class, Context, Made, RecordInfo, Split, SplitRule, TestPart, prepare};
use heart_darts::cell::{self, CellKind, Genotype, Shape};
use heart_darts::database::{self, Database};
use heart_darts::evaluate::ec57::{self, Options, Period, RecordReport, Report, compare};
use heart_darts::evaluate::{Evaluation, json, text};
use heart_darts::model::Model;
use heart_darts::network::{DerivedSpec, InputShape, Network, NetworkSpec, Store, Supernet, SupernetSpec};
use heart_darts::pipeline::fit::Plan;
use heart_darts::pipeline::{SearchRun, Study, TrainRun, derive};
use heart_darts::search::SearchConfig;
use heart_darts::signal::Preprocessing;
use heart_darts::support::digests::Digests;
use heart_darts::support::files::{self, parse_ron, to_ron};
use heart_darts::support::random::Generator;
use heart_darts::train::{RunFolder, RunInput, Selection, TensorFile, TrainConfig, read_log};
use heart_darts::wfdb::{AnnotationFile, CsvFormat, CsvUnits, Expanded, Format, Header, Record};
use heart_darts::{search, train};
use work::{Scratch, parts};

/// What is done with an input.
pub type Entry = fn(&[u8]);

/// Every entry by its name, which is that of its fuzz target and of its folder of `corpus/`.
pub const ENTRIES: &[(&str, Entry)] = &[
    ("header", header),
    ("signals", signals),
    ("edf", edf),
    ("csv", csv),
    ("annotations", annotations),
    ("ec57", ec57),
    ("folder", folder),
    ("genotype", genotype),
    ("database", database),
    ("configuration", configuration),
    ("study", study),
    ("plan", plan),
    ("model", model),
    ("weights", weights),
    ("checkpoint", checkpoint),
    ("resume_training", resume_training),
    ("resume_search", resume_search),
    ("log", log),
    ("run_folder", run_folder),
    ("cache", cache),
    ("metrics", metrics),
];

/// The memory that reading `bytes` bytes and working with what they say may take: a fixed part for buffers, a network of a
/// few parameters and a picture, and a share that grows with the input.
pub fn allowed(bytes: usize) -> usize {
    (64 << 20) + 4096 * bytes
}

/// Runs one entry as a fuzz target does.
pub fn run(name: &str, data: &[u8]) {
    let entry = ENTRIES.iter().find(|(other, _)| *other == name).expect("a known entry").1;
    let taken = memory::measure(|| entry(data));
    let most = allowed(data.len());
    assert!(taken <= most, "{name}: {taken} bytes of memory were taken for an input of {} bytes", data.len());
}

fn text_of(data: &[u8]) -> String {
    String::from_utf8_lossy(data).into_owned()
}

/// A WFDB header alone.
pub fn header(data: &[u8]) {
    let Ok(header) = Header::parse(&text_of(data), "fuzz.hea") else { return };
    let _ = (header.seconds(), header.files(Path::new("fuzz.hea")), database::lead_names(&header));
    for signal in &header.signals {
        let _ = (signal.to_physical(i32::MAX), signal.to_digital(1e300), signal.to_digital(-0.1));
    }
    if let Ok(text) = header.text() {
        assert_eq!(Header::parse(&text, "again").expect("what was written is read"), header);
    }
}

/// Samples that need no bytes in any file, gaps and null signals, are read up to 2^28 of them: a gibibyte, see
/// `src/wfdb/limit.rs`. Records that ask for a part of that are left out here, those that ask for more are not.
fn is_in_the_allowance(stem: &Path) -> bool {
    let Ok(header) = Header::of_record(stem) else { return false };
    let width: u128 = header.signals.iter().map(|signal| u128::from(signal.samples_per_frame)).sum();
    let samples = width * u128::from(header.samples.unwrap_or(0));
    ((1 << 20)..=(1 << 29)).contains(&samples)
}

fn read_record(stem: &Path) {
    if is_in_the_allowance(stem) {
        return;
    }
    if let Ok(record) = Record::read(stem) {
        let _ = (0..record.signals.len()).map(|signal| record.physical(signal).len()).sum::<usize>();
    }
    if let Ok(record) = Expanded::read(stem) {
        let _ = (0..record.signals.len()).map(|signal| record.physical(signal).len()).sum::<usize>();
        let _ = record.smoothed();
    }
}

/// Samples of each format: two bytes choose the format and the layout, the others are the signal file.
pub fn signals(data: &[u8]) {
    let [format, layout, samples @ ..] = data else { return };
    let scratch = Scratch::new();
    let format = Format::ALL[usize::from(*format) % Format::ALL.len()];
    let (frame, skew) = (1 + (layout & 3), (layout >> 2) & 3);
    let (offset, count) = ((layout >> 4) & 1, if layout & 32 == 0 { "0".into() } else { samples.len().to_string() });
    let spec = format!("d {format}x{frame}:{skew}+{offset}\n");
    let (second, signals) = if layout & 64 == 0 { (String::new(), 1) } else { (format!("d {format}+{offset}\n"), 2) };
    scratch.write("r.hea", format!("r {signals} 250 {count}\n{spec}{second}").as_bytes());
    scratch.write("d", samples);
    read_record(&scratch.path("r"));
}

/// A file in European Data Format.
pub fn edf(data: &[u8]) {
    let scratch = Scratch::new();
    scratch.write("r.edf", data);
    let stem = scratch.path("r.edf");
    let _ = Header::of_record(&stem);
    read_record(&stem);
}

/// Records as text, in two units.
pub fn csv(data: &[u8]) {
    let scratch = Scratch::new();
    scratch.write("r.csv", data);
    let path = scratch.path("r.csv");
    for units in [CsvUnits::Millivolts, CsvUnits::PerMillivolt(200.0)] {
        let format = CsvFormat { frequency: 250.0, units };
        let Ok(header) = Header::of_csv(&path, &format) else { continue };
        let columns: Vec<usize> = (0..header.signals.len()).collect();
        if let Ok(record) = Record::read_csv(&path, &format, &columns) {
            let _ = columns.iter().map(|column| record.physical(*column).len()).sum::<usize>();
        }
    }
}

/// An annotation file.
pub fn annotations(data: &[u8]) {
    let Ok(file) = AnnotationFile::parse(data, "fuzz.atr") else { return };
    if let Ok(bytes) = file.bytes() {
        assert_eq!(AnnotationFile::parse(&bytes, "again").expect("what was written is read"), file);
    }
    for annotation in &file.annotations {
        let _ = (annotation.note(), file.symbol(annotation.code).len());
    }
    let _ = file.in_samples(360.0);
}

/// The annotations of a program against the reference's, `t` and `r`, of a record with the header `h`.
pub fn ec57(data: &[u8]) {
    let files = parts(data);
    let bytes = |name: &str| files.iter().find(|(other, _)| other == name).map_or(&[][..], |(_, bytes)| bytes);
    let Ok(header) = Header::parse(&text_of(bytes("h")), "fuzz.hea") else { return };
    let [Ok(reference), Ok(test)] = ["r", "t"].map(|name| AnnotationFile::parse(bytes(name), "fuzz.atr")) else {
        return;
    };
    let [reference, test] = [reference, test].map(|file| file.in_samples(header.frequency));
    for options in [Options::default(), Options { from: 0.0, window: 10.0 }] {
        let Ok(period) = Period::new(header.frequency, header.samples, options) else { continue };
        let record = RecordReport::new("r", compare(&reference, &test, &period));
        let report = Report::new("r", "t", options, vec![record]);
        let again: Report = json::parse(&json::to_text(&report), "again").expect("what was written is read");
        assert_eq!(again, report);
        let _ = ec57::text::report(&report);
    }
}

/// A folder of records, several files in one input: headers that name each other as segments, lists, a description.
pub fn folder(data: &[u8]) {
    let scratch = Scratch::new();
    for (name, bytes) in parts(data) {
        scratch.write(&name, bytes);
    }
    let dir = scratch.path("");
    let names = parts(data).into_iter().filter_map(|(name, _)| Some(name.strip_suffix(".hea")?.to_owned()));
    if names.into_iter().any(|name| is_in_the_allowance(&dir.join(name))) {
        return;
    }
    read_record(&scratch.path("r"));
    let _ = Database::propose(&dir);
    let Ok((database, origin)) = Database::choose_with_origin(&dir, None) else { return };
    for verify in [false, true] {
        if let Ok(inspection) = database::Inspection::new(&database, origin, &dir, verify) {
            let _ = inspection.to_string();
        }
    }
    if database.window.length() < 1000 {
        let _ = prepare(&database, &dir, &Preprocessing::none(), None);
    }
}

/// A genotype, checked, counted and drawn.
pub fn genotype(data: &[u8]) {
    let Ok(genotype) = Genotype::parse(&text_of(data), "fuzz.ron") else { return };
    genotype.check().expect("what was read is sound");
    assert_eq!(Genotype::parse(&genotype.to_ron(), "again").expect("what was written is read"), genotype);
    cell::counts(&genotype, &Shape::DERIVED).expect("a sound genotype is counted");
    for kind in CellKind::ALL {
        genotype.graph(kind).expect("a sound genotype is a graph");
    }
    cell::draw::dot(&genotype).expect("a sound genotype is drawn");
    // Where lines and labels go is searched for, most of a second for the largest cells: too long for thousands of them.
    if genotype.normal.nodes.len() <= 2 {
        cell::draw::svg(&genotype).expect("a sound genotype is drawn");
    }
}

/// A description of a database, and a small folder of records read by it.
pub fn database(data: &[u8]) {
    let Ok(description) = Database::parse(&text_of(data), "fuzz.ron") else { return };
    let again = to_ron(&description);
    assert_eq!(to_ron(&Database::parse(&again, "again").expect("what was written is read")), again);
    let dir = work::records();
    let _ = prepare(&description, dir, &Preprocessing::default(), None);
}

/// The configuration of a search or of a training.
pub fn configuration(data: &[u8]) {
    let text = text_of(data);
    let of_data = |data: &heart_darts::pipeline::DataConfig| {
        let _ = (data.split.check(), data.limits.check());
        if data.preprocessing.check(360.0, 1000).is_ok() {
            let lead = (0..1000).map(|i| if i == 7 { f32::NAN } else { (i as f32 / 9.0).sin() }).collect();
            if let Ok(mut lead) = data.preprocessing.apply_record(lead, 360.0) {
                data.preprocessing.standardise_beat(&mut lead);
            }
        }
        if let Ok(split) = data.split.apply(&beats()) {
            let _ = split.training.limited(&data.limits);
        }
    };
    if let Ok(config) = parse_ron::<SearchRun>(&text, "fuzz.ron") {
        of_data(&config.data);
        if config.search.check().is_ok() {
            let _ = search::check_beats(&config.search, &split().training);
        }
        let again = to_ron(&config);
        assert_eq!(to_ron(&parse_ron::<SearchRun>(&again, "again").expect("what was written is read")), again);
    }
    if let Ok(config) = parse_ron::<TrainRun>(&text, "fuzz.ron") {
        of_data(&config.data);
        if config.training.check().is_ok() {
            let _ = train::check_parts(&config.training, &split().training, None);
            let last = config.training.epochs - 1;
            assert!(
                config.training.schedule.rate(&config.training.optimiser, last, config.training.epochs).is_finite()
            );
        }
        let again = to_ron(&config);
        assert_eq!(to_ron(&parse_ron::<TrainRun>(&again, "again").expect("what was written is read")), again);
    }
}

/// A study beside a genotype that it may name.
pub fn study(data: &[u8]) {
    let scratch = Scratch::new();
    scratch.write("study.ron", data);
    scratch.write("cell.ron", work::GENOTYPE.as_bytes());
    let Ok(study) = Study::read(&scratch.path("study.ron")) else { return };
    let results = study.results(&scratch.path("out")).expect("nothing is there to be read");
    let _ = heart_darts::pipeline::markdown(&study, &heart_darts::pipeline::table(&study, &results));
}

/// A plan of `fit`.
pub fn plan(data: &[u8]) {
    let scratch = Scratch::new();
    let path = scratch.path("plan.ron");
    scratch.write("plan.ron", data);
    let Ok(plan) = Plan::read(&path) else { return };
    scratch.write("plan.ron", to_ron(&plan).as_bytes());
    assert_eq!(to_ron(&Plan::read(&path).expect("what was written is read")), to_ron(&plan));
}

/// A network that is read from a folder computes the logits of a beat.
fn apply(folder: &Path) {
    let Ok(model) = Model::read(folder) else { return };
    let InputShape { leads, samples, classes } = model.spec.input;
    let values = vec![0.25; leads * samples];
    let beats = Arc::new(Beats {
        database: "fuzz".into(),
        frequency: model.spec.frequency,
        leads,
        samples,
        values,
        classes: vec![Class::N],
        record: vec![0],
        position: vec![1000],
        records: vec![RecordInfo { name: "r".into(), subject: "r".into(), published: None }],
        context: Context::default(),
    });
    let Ok(part) = TestPart::whole(beats) else { return };
    if let Ok(classified) = heart_darts::evaluate::classify(model.network.as_ref(), &part, None) {
        assert_eq!((classified.matrix().total(), classes), (1, 5));
    }
}

/// The description of a model; `WEIGHTS` in it stands for the digest of weights that fit the description of the example,
/// and of the same without the digest of that description.
pub fn model(data: &[u8]) {
    let scratch = Scratch::new();
    let example = work::model();
    for weights in [&example.weights, &example.undigested] {
        scratch.write("model.ron", text_of(data).replace("WEIGHTS", &files::digest(weights)).as_bytes());
        scratch.write("weights.safetensors", weights);
        apply(&scratch.path(""));
    }
}

/// The weights of a model whose description is sound: as they are, and with their digest put right.
pub fn weights(data: &[u8]) {
    let example = work::model();
    for bytes in [Some(data.to_vec()), sealed::tensors(data)].into_iter().flatten() {
        let scratch = Scratch::new();
        scratch.write("model.ron", example.description.replace("WEIGHTS", &files::digest(&bytes)).as_bytes());
        scratch.write("weights.safetensors", &bytes);
        apply(&scratch.path(""));
    }
}

/// A tensor file: as it is, and with its digest put right.
pub fn checkpoint(data: &[u8]) {
    let scratch = Scratch::new();
    for bytes in [Some(data.to_vec()), sealed::tensors(data)].into_iter().flatten() {
        scratch.write("checkpoint", &bytes);
        let Ok(file) = TensorFile::read(&scratch.path("checkpoint")) else { continue };
        let _ = (file.tensors(""), file.values(""), file.indices("order"));
        file.write(&scratch.path("again")).expect("what was read is written");
        assert_eq!(bits(&TensorFile::read(&scratch.path("again")).expect("what was written is read")), bits(&file));
    }
}

/// A tensor file in a form in which NaN equals itself.
fn bits(file: &TensorFile) -> String {
    let arrays = file.arrays.iter().map(|(name, array)| match array {
        train::Array::F32(shape, values) => {
            format!("{name:?} {shape:?} {:?}", values.iter().map(|value| value.to_bits()).collect::<Vec<_>>())
        }
        train::Array::U32(values) => format!("{name:?} {values:?}"),
    });
    format!("{:?} {:?} {:?}", file.state, file.digests, arrays.collect::<Vec<_>>())
}

/// Twelve beats of three subjects, 8 samples of one lead each.
fn beats() -> Arc<Beats> {
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

/// A cache of prepared beats: as it is, and with key and digest put right. Whatever it holds, beats come out.
pub fn cache(data: &[u8]) {
    let database = work::description();
    let dir = work::records();
    let good = work::prepared();
    let made = Made::of(&database, &work::preprocessing(), &good.fingerprint);
    let scratch = Scratch::new();
    let name = format!("{}-{}.safetensors", database.name, &good.key[..16]);
    for bytes in [Some(data.to_vec()), sealed::cache(data, &made)].into_iter().flatten() {
        scratch.write(&name, &bytes);
        let read =
            prepare(&database, dir, &work::preprocessing(), Some(&scratch.path(""))).expect("beats are cut again");
        if read.cached.is_none() {
            assert_eq!(*read.beats, *good.beats);
        } else {
            read.beats.check().expect("what was read fits together");
            let _ = SplitRule::default().apply(&read.beats);
        }
    }
}

/// Figures as JSON, printed and written again.
pub fn metrics(data: &[u8]) {
    let Ok(evaluation) = Evaluation::parse(&text_of(data), "metrics.json") else { return };
    let again = Evaluation::parse(&evaluation.to_json(), "again").expect("what was written is read");
    assert_eq!(again.to_json(), evaluation.to_json());
    let _ = (text::evaluation(&evaluation), text::hardest_records(&evaluation, 5));
}
