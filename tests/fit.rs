//! `fit`: from a folder to a plan to a model, each stage done once.

#[path = "common/runs.rs"]
mod runs;

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use heart_darts::beat::SplitRule;
use heart_darts::database::{Class, Database};
use heart_darts::pipeline::Work;
use heart_darts::pipeline::fit::{Plan, survey};
use heart_darts::support::files;
use runs::{program, run, workplace};

fn said(output: &[u8]) -> String {
    String::from_utf8_lossy(output).into_owned()
}

fn written(path: &Path) -> SystemTime {
    fs::metadata(path).unwrap().modified().unwrap()
}

#[test]
fn a_folder_becomes_a_plan_and_a_plan_a_model() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    workplace(folder);
    let file = folder.join("mine/plan.ron");
    let planned = run(folder, "fit records --out mine --minutes 1 --plan-only");
    let text = said(&planned.stdout);
    for words in [
        "No patient is on two sides",
        "beats/s in the search",
        "Expected: search",
        "heart-darts fit records --out mine",
    ] {
        assert!(text.contains(words), "{words} is not in\n{text}");
    }
    assert!(!folder.join("mine/search").exists());

    // A person makes it smaller.
    let mut plan = Plan::read(&file).unwrap();
    assert!(matches!(plan.search.data.split, SplitRule::PatientFolds { .. }));
    assert_eq!(plan.search.data.split, plan.training.data.split);
    // By patient, beats are given what their record says of them.
    for data in [&plan.search.data, &plan.training.data] {
        assert!(data.preprocessing.rhythm && data.preprocessing.template);
    }
    (plan.search.search.supernet.channels, plan.search.search.supernet.layers) = (4, 3);
    (plan.search.search.epochs, plan.search.search.warm_up) = (2, 1);
    (plan.training.network.channels, plan.training.network.layers, plan.training.training.epochs) = (4, 3, 2);
    fs::write(&file, files::to_ron(&plan)).unwrap();
    let done = said(&run(folder, "fit records --out mine").stdout);
    for words in ["next:", "heart-darts predict mine/model", "mine/model/CARD.md", "mine/search/cells.svg"] {
        assert!(done.contains(words), "{words} is not in\n{done}");
    }
    // The commands that it names are ones.
    run(folder, "predict mine/model records/syn01 --out predictions");
    run(folder, "report mine/search mine/model --out report");

    // Nothing is done twice.
    let results = ["mine/search/genotype.ron", "mine/model/weights.safetensors"].map(|path| folder.join(path));
    let before = results.each_ref().map(|path| written(path));
    let again = run(folder, "fit records --out mine");
    assert!(said(&again.stderr).matches("done before").count() == 2, "{}", said(&again.stderr));
    assert_eq!(results.each_ref().map(|path| written(path)), before);

    // What no longer matches is not passed off as done, and not overwritten.
    plan.training.training.epochs = 3;
    fs::write(&file, files::to_ron(&plan)).unwrap();
    let refused = program(folder, "fit records --out mine").output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(said(&refused.stderr).contains("training.epochs"), "{}", said(&refused.stderr));
    assert_eq!(written(&results[1]), before[1]);
}

#[test]
fn a_plan_that_is_wrong_is_refused_before_anything_starts() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let text = |version: u32, epochs: usize| {
        format!("(version: {version}, database: None, search: (), training: (training: (epochs: {epochs})))")
    };
    fs::create_dir(folder.join("mine")).unwrap();
    for (content, words) in [
        (text(2, 3), "found version 2, expected 1"),
        (text(1, 0), "epochs: found 0"),
        ("(version: 1, serch: ())".into(), "serch"),
    ] {
        fs::write(folder.join("mine/plan.ron"), content).unwrap();
        let refused = program(folder, "fit records --out mine").output().unwrap();
        assert!(said(&refused.stderr).contains(words), "{}", said(&refused.stderr));
    }
}

/// Of a folder that is none of the known databases a description is made up, to be corrected, and then heeded.
#[test]
fn unknown_records_are_described_once() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let records = workplace(folder);
    for entry in fs::read_dir(&records).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.extension().is_some_and(|suffix| suffix == "hea") {
            let text = fs::read_to_string(&entry).unwrap();
            fs::write(&entry, text.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n"))
                .unwrap();
        }
    }
    let out = folder.join("mine");
    let look = || survey(&records, None, &out, &Work { quiet: true, ..Work::default() }).unwrap();
    let first = look();
    let guess = first.guessed.clone().unwrap();
    assert_eq!(first.database.as_deref(), guess.to_str());
    assert_eq!(first.beats.leads, 2);

    let mut database = Database::read(&guess).unwrap();
    database.leads.truncate(1);
    fs::write(&guess, files::to_ron(&database)).unwrap();
    let second = look();
    assert!(second.guessed.is_none() && second.beats.leads == 1);
    // Every class that is there trains, though one subject has all the paced beats.
    let counts = second.split.training.training().class_counts();
    assert!(Class::ALL.iter().all(|class| counts[class.index()] > 0 || second.absent.contains(class)), "{counts:?}");
}
