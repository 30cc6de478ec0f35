//! What is done with bytes that nobody trusts, a function for each kind of file. cargo-fuzz calls them with what it makes up
//! (`fuzz_targets/`), and `tests/corpus.rs` with every file of `corpus/` in each run of the tests.
//!
//! Each function goes on with what it read as the program would: an input that is accepted and fails later is found too.
//! Nothing is expected of a result but that it comes: no panic, no more memory than [`allowed`], and soon. What was read and
//! can be written must read back the same.

// The replay test and the fuzz targets each use a part.
#![allow(dead_code, clippy::missing_panics_doc)]

pub mod memory;
mod records;
mod runs;
pub mod sealed;
pub mod work;

use std::path::Path;
use std::sync::Arc;

use heart_darts::beat::{Beats, Class, Context, Made, RecordInfo, SplitRule, TestPart, prepare};
use heart_darts::cell::{self, CellKind, Genotype, Shape};
use heart_darts::database::Database;
use heart_darts::evaluate::{Evaluation, text};
use heart_darts::model::Model;
use heart_darts::network::InputShape;
use heart_darts::pipeline::fit::Plan;
use heart_darts::pipeline::{SearchRun, Study, TrainRun};
use heart_darts::signal::Preprocessing;
use heart_darts::support::files::{self, parse_ron, to_ron};
use heart_darts::train::TensorFile;
use heart_darts::{search, train};
pub use records::{annotations, csv, ec57, edf, folder, header, signals};
use runs::beats;
pub use runs::{input_of_run, log, resume_search, resume_training, run_folder, split, tiny_search, tiny_training};
use work::Scratch;

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
