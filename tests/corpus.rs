//! Every input that fuzzing kept, and every one that ever failed, goes through the same functions as in fuzzing: no panic,
//! no memory out of proportion, and soon. See `tests/fuzz/README.md`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

#[path = "fuzz/entries.rs"]
mod entries;

use entries::work::{self, Scratch};
use entries::{ENTRIES, sealed, split, tiny_search, tiny_training};
use heart_darts::beat::{Made, prepare};
use heart_darts::cell::Genotype;
use heart_darts::evaluate::{Evaluation, RecordEvaluation};
use heart_darts::network::Supernet;
use heart_darts::support::random::Generator;
use heart_darts::train::{RunFolder, TensorFile};
use heart_darts::wfdb::{Annotation, AnnotationFile, Code};
use heart_darts::{search, train};

/// The longest that one input may take. All but a few take under 10 ms; the rest is for a machine under load.
const LONGEST: Duration = Duration::from_secs(10);
/// What the corpus may take in the repository, in bytes: in all and a file.
const SIZES: (u64, u64) = (1 << 20, 20_000);

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus")
}

/// The files of a folder, in order.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// One test for all, because memory is counted over all threads.
#[test]
fn every_input_of_the_corpus_ends_well() {
    let (mut count, mut bytes) = (0, 0);
    for (name, _) in ENTRIES {
        let inputs = files(&corpus().join(name));
        assert!(!inputs.is_empty(), "{name} has inputs");
        // What is made once, such as examples and threads, is made before memory is counted.
        entries::run(name, &[]);
        for path in inputs {
            let data = fs::read(&path).unwrap();
            let size = data.len() as u64;
            assert!(size <= SIZES.1, "{} has {size} bytes, expected at most {}", path.display(), SIZES.1);
            let start = Instant::now();
            let ended = std::panic::catch_unwind(|| entries::run(name, &data));
            let seconds = start.elapsed();
            assert!(ended.is_ok(), "{} panicked", path.display());
            assert!(seconds < LONGEST, "{} took {seconds:?}", path.display());
            (count, bytes) = (count + 1, bytes + size);
        }
    }
    let known: Vec<PathBuf> = ENTRIES.iter().map(|(name, _)| corpus().join(name)).collect();
    assert!(files(&corpus()).iter().all(|folder| known.contains(folder)), "a folder of the corpus has no entry");
    assert!(bytes <= SIZES.0, "the corpus has {bytes} bytes, expected at most {}", SIZES.0);
    println!("{count} inputs, {bytes} bytes");
    // It is made once a process, and no end of a process removes it.
    let _ = fs::remove_dir_all(work::records());
}

/// The targets that cargo-fuzz builds are the entries.
#[test]
fn every_entry_is_a_fuzz_target() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz");
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
    for (name, _) in ENTRIES {
        let target = fs::read_to_string(folder.join(format!("fuzz_targets/{name}.rs"))).unwrap();
        assert!(target.contains(&format!("run(\"{name}\", data)")), "{name}");
        assert!(manifest.contains(&format!("name = \"{name}\"\npath = \"fuzz_targets/{name}.rs\"")), "{name}");
    }
    assert_eq!(files(&folder.join("fuzz_targets")).len(), ENTRIES.len());
}

/// Otherwise every change would end at the digest, and nothing behind it be fuzzed.
#[test]
fn digests_that_are_put_right_are_those_of_the_program() {
    let read = |seed: &str| fs::read(corpus().join(seed)).unwrap();
    let parse = |bytes: &[u8]| TensorFile::parse(bytes, Path::new("x"));
    for seed in ["checkpoint/seed-training", "checkpoint/seed-search", "weights/seed-small"] {
        let mut bytes = read(seed);
        let file = parse(&bytes).unwrap();
        assert!(!file.digests.is_empty(), "{seed} says what it was made of");
        assert_eq!(parse(&sealed::tensors(&bytes).unwrap()).unwrap(), file, "{seed}");
        *bytes.last_mut().unwrap() ^= 1;
        assert!(parse(&bytes).is_err());
        assert_ne!(parse(&sealed::tensors(&bytes).unwrap()).unwrap(), file, "{seed}");
    }
    let cache = read("cache/seed-small");
    let made = Made::of(&work::description(), &work::preprocessing(), &work::prepared().fingerprint);
    assert!(sealed::cache(&cache, &made).unwrap() == cache, "the header is that of the program, key and digests too");
}

/// Sound inputs from which fuzzing starts, written anew: `cargo test --test corpus -- --ignored`.
#[test]
#[ignore = "writes into tests/fuzz/corpus"]
fn seeds() {
    let put = |entry: &str, name: &str, data: &[u8]| {
        let folder = corpus().join(entry);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(format!("seed-{name}")), data).unwrap();
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for path in files(&root.join("tests/fixtures/wfdb/formats")) {
        let (name, data) = (path.file_stem().unwrap().to_str().unwrap(), fs::read(&path).unwrap());
        if path.extension().is_some_and(|suffix| suffix == "hea") {
            put("header", name, &data);
        }
    }
    for (i, format) in heart_darts::wfdb::Format::ALL.iter().enumerate() {
        for layout in [0, 0b0110_0110] {
            let fixture = root.join(format!("tests/fixtures/wfdb/formats/f{}.dat", format.number()));
            let samples = fs::read(fixture).unwrap_or_else(|_| (0..60).collect());
            let mut data = vec![i as u8, layout];
            data.extend(samples.iter().take(2000));
            put("signals", &format!("{format}-{layout}"), &data);
        }
    }
    for name in ["python.atr", "ours.atr"] {
        put("annotations", name, &fs::read(root.join("tests/fixtures/wfdb").join(name)).unwrap());
    }
    put("ec57", "same", &compared("r 1 360 1000000", [0, 1].map(|_| ours(root))));
    let beats = [(0, 1), (9, 5), (30, 1)].map(|(at, code)| Annotation::new(at, Code(code)));
    put("ec57", "beats", &compared("r 1 250", [annotations(&beats, None), annotations(&beats[1..], None)]));
    // Shutdowns, each from the first sample to the last that a number can say.
    let noise = |at, subtype| Annotation { subtype, ..Annotation::new(at, Code::NOISE) };
    let shutdowns = vec![[noise(0, 0x30), noise(1, 0), Annotation::new(1, Code(1))]; 20].concat();
    let far = annotations(&shutdowns, Some(1e-200));
    put("ec57", "far", &compared("r 1 250", [annotations(&beats, None), far]));
    put("edf", "two", &edf());
    put("csv", "units", b"'Elapsed time','MLII','V1'\n'sec','mV','mV'\n0,-0.145,1e-3\n0.004,-,nan\n0.008,3,\n");
    put("csv", "bare", b"# made up\n1;-2\n3.5;4\n");
    put("csv", "far", b"a\tb\n1e38\t1e-38\n-1e400\t0\n");
    put("folder", "one", &one_record());
    put("folder", "segments", SEGMENTS);
    let genotype = fs::read(root.join("tests/fixtures/cell/peer.ron")).unwrap();
    put("genotype", "peer", &genotype);
    put("genotype", "small", work::GENOTYPE.as_bytes());
    put("genotype", "whole", genotype_with_origin().to_ron().as_bytes());
    put("database", "sample", heart_darts::database::sample().as_bytes());
    put("database", "small", heart_darts::support::files::to_ron(&work::description()).as_bytes());
    for path in files(&root.join("search-configs")) {
        put("configuration", path.file_stem().unwrap().to_str().unwrap(), &fs::read(&path).unwrap());
    }
    put("configuration", "search", CONFIGURATIONS[0].as_bytes());
    put("configuration", "training", CONFIGURATIONS[1].as_bytes());
    put("study", "small", STUDY.as_bytes());
    put("plan", "sample", include_bytes!("../src/pipeline/fit/plan-sample.ron"));
    let [search, training] = CONFIGURATIONS;
    put(
        "plan",
        "whole",
        format!("(version: 1, database: Some(\"a.ron\"), search: {search}, training: {training})").as_bytes(),
    );
    let example = work::model();
    put("model", "small", example.description.as_bytes());
    put("weights", "small", &example.weights);
    put("metrics", "records", evaluation().to_json().as_bytes());
    put("metrics", "empty", Evaluation::of_matrix("x", Default::default()).to_json().as_bytes());
    let scratch = Scratch::new();
    let dir = scratch.path("cache");
    prepare(&work::description(), work::records(), &work::preprocessing(), Some(&dir)).unwrap();
    put("cache", "small", &fs::read(&files(&dir)[0]).unwrap());
    runs(&put);
}

/// Checkpoints and logs of a training and of a search, at the end of an epoch and within one.
fn runs(put: &dyn Fn(&str, &str, &[u8])) {
    let scratch = Scratch::new();
    let (mut config, network, input) = tiny_training();
    let network = network.build(&input, &mut Generator::new(0)).unwrap();
    let run = RunFolder::create(&scratch.path("training"), &entries::input_of_run()).unwrap();
    config.epochs = 1;
    train::train(&config, network.as_ref(), &split().training, None, &run, true).unwrap();
    let log = fs::read(run.log()).unwrap();
    put("log", "training", &log);
    // The weights come from a fresh network: see `run_of`.
    let mut file = TensorFile::read(&run.checkpoint()).unwrap();
    file.arrays.retain(|name, _| !name.starts_with("network."));
    file.write(&run.checkpoint()).unwrap();
    let checkpoint = fs::read(run.checkpoint()).unwrap();
    put("checkpoint", "training", &checkpoint);
    put("resume_training", "epoch", &[&checkpoint[..], &log].concat());
    file.state = file.state.replace("\"batch\":0", "\"batch\":1");
    file.insert_indices("order", &(0..split().training.training().len()).rev().collect::<Vec<_>>());
    file.arrays.retain(|name, _| !name.starts_with("best."));
    file.write(&run.checkpoint()).unwrap();
    put("resume_training", "batch", &[&fs::read(run.checkpoint()).unwrap()[..], &log].concat());

    let (mut config, input) = tiny_search();
    let supernet = Supernet::new(&config.supernet, &input, &mut Generator::new(0)).unwrap();
    let run = RunFolder::create(&scratch.path("search"), &entries::input_of_run()).unwrap();
    config.epochs = 1;
    search::search(&config, &supernet, &split().training, &run, true).unwrap();
    let log = fs::read(run.log()).unwrap();
    put("log", "search", &log);
    // The weights of the supernet come from a fresh one: see `run_of`.
    let mut file = TensorFile::read(&run.checkpoint()).unwrap();
    let large = |name: &str| name.starts_with("network.") || (name.starts_with("momentum.") && !name.contains("head"));
    file.arrays.retain(|name, _| !large(name));
    file.write(&run.checkpoint()).unwrap();
    put("checkpoint", "search", &fs::read(run.checkpoint()).unwrap());
    put("resume_search", "epoch", &[&fs::read(run.checkpoint()).unwrap()[..], &log].concat());
    file.state = file.state.replace("\"step\":0", "\"step\":1");
    let part = &split().training;
    file.insert_indices("order.training", &(0..part.training().len()).rev().collect::<Vec<_>>());
    file.insert_indices("order.validation", &(0..part.validation().len()).rev().collect::<Vec<_>>());
    file.write(&run.checkpoint()).unwrap();
    put("resume_search", "step", &[&fs::read(run.checkpoint()).unwrap()[..], &log].concat());

    let config = format!("=== config.ron\n{}", CONFIGURATIONS[0]);
    let data = "\n=== data.json\n{\"database\":{\"name\":\"x\"},\"beats_digest\":\"0\",\"split\":{\"sentence\":\"y\"}}";
    put("run_folder", "search", &[config.as_bytes(), data.as_bytes(), b"\n=== log.jsonl\n", &log].concat());
}

const CONFIGURATIONS: [&str; 2] = [
    "(
    data: (leads: Some([\"V1\", 0]), preprocessing: (denoise: Some((wavelet: \"db4\", level: Some(3), threshold: Some(Soft))),
        resample: Some(250.0), standardise: Record), split: PatientFolds(folds: 3, fold: 1, validation: 0.5, seed: 2),
        limits: (per_class: Some(5), classes: {N: 2}, seed: 3), allow_absent_classes: true),
    search: (supernet: (channels: 4, layers: 3), epochs: 3, batch: 12, weights: (learning_rate: 0.1, clip: 2),
        alpha: (learning_rate: 0.02, betas: (0.5, 0.9)), warm_up: 1, seed: 3),
)",
    "(
    data: (preprocessing: (denoise: None, resample: None, standardise: None), split: Random(stratified: true, test: 0.3)),
    network: (channels: 4, layers: 3, shortcuts: false, auxiliary: true),
    training: (epochs: 4, batch: 16, drop_path: 0.1, label_smoothing: 0.05, class_weights: InverseSquareRoot,
        augmentation: Some((noise: 0.02, scale: 0.1, shift: 2, wander: 0.1, probability: 0.5)), schedule: WarmUpCosine(2),
        early_stopping: Some(3), selection: BestAccuracy, test_curve: true, seed: 3),
)",
];

const STUDY: &str = "(
    title: \"Cells\",
    data: (split: InterPatient(validation: 0.1)),
    training: (epochs: 2, batch: 8),
    seeds: [0, 7],
    rows: [
        (name: \"found\", network: Cells(genotype: \"cell.ron\", shape: (channels: 2, layers: 3)),
            published: Some((accuracy: 99.1, sensitivity: 90, positive_predictivity: 91, f1: 90.5))),
        (name: \"random\", network: RandomCells(), seeds: Some([3])),
        (name: \"plain\", network: Baseline(Residual((channels: 2, stages: 2, blocks: 1, taps: 3)))),
        (name: \"nine\", network: Baseline(Cnn9), training: Some((epochs: 1)), data: Some((leads: [0]))),
    ],
)";

const SEGMENTS: &[u8] =
    b"=== r.hea\nr/4 1 250 11\nl 0\na 5\n~ 2\na 4\n=== l.hea\nl 1 250 0\n~ 0 200/mV 12 0 0 0 0 I\n=== \
a.hea\na 1 250\nd 80 200/mV 12 0 0 0 0 I\n=== d\n\x01\x02\x03\x04\x05";

fn one_record() -> Vec<u8> {
    let dir = work::records();
    let mut data = Vec::new();
    for (name, file) in [("r.hea", "a1.hea"), ("a1.dat", "a1.dat"), ("r.atr", "a1.atr")] {
        data.extend(format!("=== {name}\n").as_bytes());
        let bytes = fs::read(dir.join(file)).unwrap();
        data.extend(if name == "r.hea" {
            String::from_utf8(bytes).unwrap().replace("a1 ", "r ").into_bytes()
        } else {
            bytes
        });
        data.push(b'\n');
    }
    data.extend(b"=== RECORDS\nr\n\n=== database.ron\n");
    data.extend(heart_darts::support::files::to_ron(&work::description()).as_bytes());
    data
}

fn ours(root: &Path) -> Vec<u8> {
    fs::read(root.join("tests/fixtures/wfdb/ours.atr")).unwrap()
}

/// The bytes of an annotation file, with so many ticks a second.
fn annotations(annotations: &[Annotation], frequency: Option<f64>) -> Vec<u8> {
    AnnotationFile { annotations: annotations.to_vec(), frequency, ..AnnotationFile::default() }.bytes().unwrap()
}

fn compared(header: &str, [reference, test]: [Vec<u8>; 2]) -> Vec<u8> {
    let header = format!("=== h\n{header}\n=== r\n");
    [header.as_bytes(), &reference, b"\n=== t\n", &test].concat()
}

/// Two signals of two records of a second each, by the specification of EDF.
fn edf() -> Vec<u8> {
    let mut text = format!("{:<8}{:<80}{:<80}{:<8}{:<8}{:<8}{:<44}", "0", "X", "Y", "01.02.03", "04.05.06", "768", "");
    text += &format!("{:<8}{:<8}{:<4}", "2", "1", "2");
    let fields: [(usize, [&str; 2]); 10] = [
        (16, ["ECG I", "ECG II"]),
        (80, ["", ""]),
        (8, ["mV", "uV"]),
        (8, ["-5", "-5000"]),
        (8, ["5", "5000"]),
        (8, ["-2048", "-32768"]),
        (8, ["2047", "32767"]),
        (80, ["", ""]),
        (8, ["4", "8"]),
        (32, ["", ""]),
    ];
    for (width, values) in fields {
        values.iter().for_each(|value| text += &format!("{value:<width$}"));
    }
    let mut bytes = text.into_bytes();
    bytes.extend((0..48).map(|i| if i % 2 == 0 { i * 5 } else { 1 }));
    bytes
}

fn genotype_with_origin() -> Genotype {
    use heart_darts::cell::{Named, Origin};
    let origin = Origin {
        configuration: Some(Named { name: "fast".into(), digest: "0a".into() }),
        split: Some("random".into()),
        seed: Some(7),
        epochs: Some(50),
        ..Origin::of_this_crate()
    };
    Genotype { origin, ..Genotype::random(3) }
}

fn evaluation() -> Evaluation {
    use heart_darts::beat::Class::{N, S, V};
    let matrix = |pairs: &[(heart_darts::beat::Class, heart_darts::beat::Class)]| pairs.iter().copied().collect();
    let records = vec![
        RecordEvaluation::new("100", "100", matrix(&[(N, N), (N, N), (V, N), (V, V)])),
        RecordEvaluation::new("101", "100", matrix(&[(N, N), (S, N)])),
        RecordEvaluation::new("102", "102", matrix(&[(N, V), (V, V)])),
    ];
    Evaluation::new("random", records, None)
}
