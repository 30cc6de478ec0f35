//! Studies: several networks from several seeds, and the ones that ship with the project.

mod common;
#[path = "common/incart.rs"]
mod incart;
#[path = "common/runs.rs"]
mod runs;

use std::fs;
use std::path::{Path, PathBuf};

use heart_darts::beat::Limits;
use heart_darts::cell::Genotype;
use heart_darts::evaluate::Evaluation;
use heart_darts::pipeline::{DataConfig, SearchRun, Searched, Spread, Study, StudyRow, Work, markdown, search, table};
use heart_darts::support::files;
use heart_darts::wfdb::{read_annotations, write_annotations};
use runs::{program, run, workplace};

const STUDY: &str = "(
    title: \"Three ways\",
    data: (split: Random(stratified: true, seed: 3), limits: (per_class: Some(12), seed: 3)),
    training: (epochs: 2, batch: 16, test_curve: true),
    seeds: [4, 5],
    rows: [
        (name: \"Searched cells\", network: Cells(genotype: \"cells-{seed}.ron\", shape: (channels: 4, layers: 3)),
         published: Some((accuracy: 99.0, sensitivity: 98.0, positive_predictivity: 97.0, f1: 96.0))),
        (name: \"Random cells\", network: RandomCells(shape: (channels: 4, layers: 3)), seeds: Some([1]), not_run: Some(\"no time\")),
        (name: \"CNN-9\", network: Baseline(Cnn9), compared_with: Some(\"Searched cells\")),
    ],
)";

#[test]
fn a_study_goes_on_where_it_stopped_and_shows_all_rows() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    workplace(folder);
    fs::write(folder.join("study.ron"), STUDY).unwrap();
    let missing = program(folder, "study study.ron --data records --out out").output().unwrap();
    assert!(!missing.status.success() && String::from_utf8_lossy(&missing.stderr).contains("cells-4.ron"));
    for seed in [4, 5] {
        run(folder, &format!("cell random --seed {seed} --out cells-{seed}.ron"));
    }

    // One row first, then the others.
    run(folder, "study study.ron --data records --out out --row CNN-9 --seeds 4 --quiet");
    let weights = folder.join("out/cnn-9/seed-4/weights.safetensors");
    let (first, when) = (fs::read(&weights).unwrap(), fs::metadata(&weights).unwrap().modified().unwrap());
    let partial = fs::read_to_string(folder.join("out/table.md")).unwrap();
    assert!(partial.contains("| Random cells | not run: no time |"), "{partial}");
    let shown = run(folder, "study study.ron --data records --out out --quiet");
    let text = String::from_utf8(shown.stdout).unwrap();
    assert_eq!(text, fs::read_to_string(folder.join("out/table.md")).unwrap());
    for line in
        ["## Three ways", "| Searched cells, published | | 99.00 | 98.00 | 97.00 | 96.00 | | |", "| Random cells | 1 |"]
    {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    assert!(text.contains("| measured | 2 |") && text.contains("| CNN-9 | 2 |") && text.contains('±'), "{text}");
    // How far from what is published, of the row itself and of the one that is compared with it.
    let rows: Vec<StudyRow> = serde_json::from_slice(&fs::read(folder.join("out/table.json")).unwrap()).unwrap();
    for row in [&rows[0], &rows[2]] {
        let [above, .., f1] = row.above_published.unwrap();
        assert!((above - (row.accuracy.unwrap().mean - 0.99)).abs() < 1e-12);
        assert!((f1 - (row.f1.unwrap().mean - 0.96)).abs() < 1e-12);
        assert!(text.contains(&format!("| measured − published | | {:+.2} |", 100.0 * above)), "{text}");
    }
    assert_eq!(rows[1].above_published, None);
    // What was done is not done again.
    assert_eq!(fs::metadata(&weights).unwrap().modified().unwrap(), when);
    assert_eq!(fs::read(&weights).unwrap(), first);
    assert_eq!(run(folder, "study study.ron --out out --table").stdout, text.as_bytes());
    // Each model is one that other commands take.
    run(folder, "evaluate out/random-cells/seed-1 --data records");
    assert!(folder.join("out/random-cells/seed-1/confusion.svg").exists());
    let card = fs::read_to_string(folder.join("out/cnn-9/seed-5/CARD.md")).unwrap();
    assert!(card.contains("CNN-9 (Acharya et al. 2017)"), "{card}");
    // The same by itself.
    run(folder, "train --baseline cnn-9 --epochs 1 --data records --out cnn --quiet");

    let wrong = program(folder, "study study.ron --data records --out out --row CNN-10").output().unwrap();
    // As it was before lines were broken for the terminal.
    let said = String::from_utf8_lossy(&wrong.stderr).replace('│', " ");
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("CNN-10") && said.contains("Random cells"), "{said}");
    // Another training does not pass for the one that was asked for.
    let other = program(folder, "study study.ron --data records --out out --epochs 3").output().unwrap();
    assert!(!other.status.success());
}

/// Cross-validation by patient: every patient is tested once, and the figures are those of all test beats together.
#[test]
fn every_fold_tests_every_patient_once() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    workplace(folder);
    let split = "split: PatientFolds(folds: 2, fold: 0, validation: 0.4, seed: 3), allow_absent_classes: true";
    let study = STUDY.replacen("split: Random(stratified: true, seed: 3)", split, 1);
    let study = study.replacen("seeds: [4, 5]", "every_fold: true, seeds: [4, 5]", 1);
    let study = study.replacen(", compared_with: Some(\"Searched cells\")", "", 1);
    let (first, last) = (study.find("(name: \"Searched").unwrap(), study.find("(name: \"CNN-9").unwrap());
    fs::write(folder.join("study.ron"), format!("{}{}", &study[..first], &study[last..])).unwrap();
    let shown = run(folder, "study study.ron --data records --out out --seeds 4 --quiet").stdout;
    let matrix = |fold: usize| {
        let path = folder.join(format!("out/cnn-9/seed-4/fold-{fold}/metrics.json"));
        Evaluation::read(&path).unwrap()
    };
    let folds = [matrix(0), matrix(1)];
    let subjects = |fold: &Evaluation| fold.records.iter().map(|record| record.subject.clone()).collect::<Vec<_>>();
    let mut tested = [subjects(&folds[0]), subjects(&folds[1])].concat();
    tested.sort();
    assert_eq!(tested, ["syn01", "syn02", "syn03", "syn04"]);

    let path = folder.join("study.ron");
    let mut study = Study::read(&path).unwrap();
    study.seeds = vec![4];
    let results = study.results(&folder.join("out")).unwrap();
    let pooled = &results[0].evaluation;
    assert_eq!((results.len(), results[0].trainings.len()), (1, 2));
    assert_eq!(pooled.beats, folds[0].beats + folds[1].beats);
    let right = |fold: &Evaluation| fold.figures.accuracy.unwrap() * fold.beats as f64;
    let expected = (right(&folds[0]) + right(&folds[1])) / pooled.beats as f64;
    assert!((pooled.figures.accuracy.unwrap() - expected).abs() < 1e-12);
    assert_eq!(run(folder, "study study.ron --out out --seeds 4 --table").stdout, shown);
    // With a fold missing there is no figure of all.
    fs::remove_file(folder.join("out/cnn-9/seed-4/fold-1/model.ron")).unwrap();
    assert!(study.results(&folder.join("out")).unwrap().is_empty());

    let plain = fs::read_to_string(&path).unwrap().replacen("PatientFolds(folds: 2, fold: 0, ", "Random(", 1);
    fs::write(&path, plain).unwrap();
    assert!(Study::read(&path).unwrap_err().to_string().contains("a PatientFolds split"));
}

/// `redraw`: each seed has other test beats, those of the same split that names this seed, and without it all have the same.
#[test]
fn each_seed_may_draw_the_split_anew() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    workplace(folder);
    let row = &STUDY[STUDY.find("(name: \"CNN-9").unwrap()..];
    let head = &STUDY[..STUDY.find("(name: \"Searched").unwrap()];
    let study = format!("{head}{}", row.replacen(", compared_with: Some(\"Searched cells\")", "", 1));
    let splits = |out: &str, text: &str| {
        fs::write(folder.join("study.ron"), text).unwrap();
        run(folder, &format!("study study.ron --data records --out {out} --epochs 1 --quiet"));
        [4, 5].map(|seed| {
            let path = folder.join(format!("{out}/cnn-9/seed-{seed}/metrics.json"));
            let metrics: serde_json::Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
            metrics["digests"]["split"].as_str().unwrap().to_owned()
        })
    };
    let same = splits("same", &study);
    let drawn = splits("drawn", &study.replacen("seeds: [4, 5]", "redraw: true, seeds: [4, 5]", 1));
    let named =
        splits("named", &study.replacen("Random(stratified: true, seed: 3)", "Random(stratified: true, seed: 4)", 1));
    assert_eq!(same[0], same[1]);
    assert_ne!(drawn[0], drawn[1]);
    assert_eq!(drawn[0], named[0]);
    // With and without it are two studies: neither passes for the other.
    let other = program(folder, "study study.ron --data records --out drawn --epochs 1").output().unwrap();
    assert!(!other.status.success());
}

#[test]
fn mistakes_in_a_study_are_found_before_anything_is_trained() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.ron");
    let error = |text: &str| {
        fs::write(&path, text).unwrap();
        Study::read(&path).unwrap_err().to_string()
    };
    let row = |name: &str| format!("(name: \"{name}\", network: Baseline(Cnn9))");
    let twice = error(&format!("(title: \"t\", rows: [{}, {}])", row("CNN 9"), row("cnn-9")));
    assert!(twice.contains("cnn-9") && twice.contains("differ"), "{twice}");
    assert!(error("(title: \"t\", rows: [])").contains("no rows"));
    assert!(error(&format!("(title: \"t\", seeds: [], rows: [{}])", row("a"))).contains("no seeds"));
    let alone = "(title: \"t\", rows: [(name: \"a\", network: Baseline(Cnn9), compared_with: Some(\"b\"))])";
    assert!(error(alone).contains("published figures"));
    let published = "published: Some((accuracy: 99.0, sensitivity: 90.0, positive_predictivity: 90.0, f1: 90.0))";
    let row = |name: &str, more: &str| format!("(name: \"{name}\", network: Baseline(Cnn9), {published}{more})");
    let both =
        error(&format!("(title: \"t\", rows: [{}, {}])", row("a", ""), row("b", ", compared_with: Some(\"a\")")));
    assert!(both.contains("of its own") && both.contains("one of the two"), "{both}");
    let even = "(title: \"t\", rows: [(name: \"a\", network: Baseline(Residual((taps: 4))))])";
    assert!(error(even).contains("odd taps"));
    assert!(error("(title: \"t\", training: (epochs: 0), rows: [])").contains("epochs"));
}

#[test]
fn spreads_are_means_and_sample_deviations() {
    // numpy: np.mean([0.5, 0.7, 0.9]), np.std([0.5, 0.7, 0.9], ddof=1)
    let Spread { mean, deviation } = Spread::of(&[0.5, 0.7, 0.9]).unwrap();
    assert!((mean - 0.7).abs() < 1e-12 && (deviation.unwrap() - 0.2).abs() < 1e-12);
    assert_eq!(Spread::of(&[0.25]).unwrap().deviation, None);
    assert!(Spread::of(&[]).is_none());
}

fn shipped() -> Vec<PathBuf> {
    rons(&Path::new(env!("CARGO_MANIFEST_DIR")).join("paper-repro/heart-darts/studies"))
}

fn rons(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "ron"));
    files.sort();
    files
}

/// Every row of every table, for one epoch on few beats of a few records.
#[test]
fn the_rows_of_the_paper_run() {
    let studies = shipped();
    assert!(studies.len() >= 5);
    let folder = tempfile::tempdir().unwrap();
    for path in studies {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let mut study = Study::read(&path).unwrap();
        let database = match name.as_str() {
            "table-7-qt" | "qt-folds" | "draws-qt" => Some(("qtdb", vec!["sel102", "sel213", "sel104", "sel221"])),
            "table-7-incart" => None, // not at hand
            // Of DS1 and of DS2, with beats of all classes between them.
            _ => Some(("mitdb", vec!["106", "119", "208", "104", "100", "213"])),
        };
        let data = match &database {
            None => {
                let shaped = folder.path().join("incart");
                incart::incart_shaped(&shaped, 8, 60);
                shaped
            }
            Some((database, records)) => {
                let Some(real) = common::real_data(database, &name) else { continue };
                copied(&real, records, &folder.path().join(&name))
            }
        };
        (study.seeds, study.every_fold) = (vec![0], false);
        study.rows.iter_mut().for_each(|row| row.seeds = None);
        study.trainings_mut().for_each(|training| training.epochs = 1);
        for data in study.rows.iter_mut().filter_map(|row| row.data.as_mut()).chain([&mut study.data]) {
            few(data);
        }
        let out = folder.path().join("out").join(&name);
        let work = Work { quiet: true, cache: Some(folder.path().join("cache")), ..Work::default() };
        let kind = match name.as_str() {
            "inter-patient-mlii" => concat!(env!("CARGO_MANIFEST_DIR"), "/paper-repro/heart-darts/mitdb-mlii.ron"),
            _ => database.as_ref().map_or("incartdb", |(name, _)| *name),
        };
        let results = study.run(&path, &[], (&data, Some(kind)), &out, &work, |_| ()).unwrap().unwrap();
        assert_eq!(results.len(), study.rows.len(), "{name}");
        let text = markdown(&study, &table(&study, &results));
        assert!(study.rows.iter().all(|row| text.contains(&row.name)), "{text}");
    }
}

/// Every configuration of a search that the paper's page names, for one epoch of a small supernet on few beats of a few records.
#[test]
fn the_searches_of_the_paper_run() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let Some(real) = common::real_data("mitdb", "the searches of the paper") else { return };
    let folder = tempfile::tempdir().unwrap();
    let data = copied(&real, &["106", "119", "208", "203", "100", "213"], &folder.path().join("mitdb"));
    let mut done = 0;
    for place in ["search-configs", "paper-repro/heart-darts/search", "paper-repro/heart-darts/search/variants"] {
        for path in rons(&project.join(place)) {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let mut run: SearchRun = files::read_ron(&path).unwrap();
            few(&mut run.data);
            (run.search.supernet.channels, run.search.supernet.layers) = (2, 3);
            (run.search.epochs, run.search.batch) = (1, 16);
            run.search.warm_up = run.search.perturbation.map_or(0, |_| 1);
            if let Some(perturbation) = &mut run.search.perturbation {
                (perturbation.beats, perturbation.steps) = (8, 1);
            }
            let work = Work { quiet: true, cache: Some(folder.path().join("cache")), ..Work::default() };
            let out = folder.path().join(&name);
            let searched = search(&run, &name, &data, Some("mitdb"), &out, &work).unwrap();
            let Searched::Finished { genotype, log, .. } = searched else { panic!("{name} was interrupted") };
            assert_eq!((log.len(), Genotype::read(&out.join("genotype.ron")).unwrap()), (1, genotype), "{name}");
            done += 1;
        }
    }
    assert!(done >= 7, "{done} searches");
}

/// At most 24 training beats of each class, whatever limits there were.
fn few(data: &mut DataConfig) {
    data.limits = Limits { per_class: Some(24), ..Limits::default() };
    data.allow_absent_classes = true;
}

/// A folder with copies of some records of another, the first beats of each annotated, for as long as the test runs.
fn copied(from: &Path, records: &[&str], to: &Path) -> PathBuf {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(|entry| entry.unwrap().path()) {
        let stem = entry.file_stem().unwrap().to_str().unwrap();
        if records.contains(&stem) {
            let copy = to.join(entry.file_name().unwrap());
            fs::copy(&entry, &copy).unwrap();
            if copy.extension().is_some_and(|suffix| suffix == "atr") {
                let mut annotations = read_annotations(&copy).unwrap();
                annotations.truncate(600);
                write_annotations(&copy, &annotations).unwrap();
            }
        }
    }
    fs::write(to.join("RECORDS"), records.join("\n") + "\n").unwrap();
    to.to_path_buf()
}

#[test]
fn random_cells_are_the_same_from_the_same_seed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    run(folder, "cell random --seed 7 --out seven.ron");
    assert_eq!(Genotype::read(&folder.join("seven.ron")).unwrap(), Genotype::random(7));
}
