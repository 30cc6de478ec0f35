//! What ships with the project: cells that are sound, and a model that gives its stated figures again.

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use heart_darts::cell::Genotype;
use heart_darts::evaluate::{Evaluation, Predictions};
use heart_darts::model::Model;
use heart_darts::pipeline::{self, Beats, Work};
use heart_darts::train::TensorFile;

fn shipped(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// The records that a model was tested on, and their description where that is not the one that they are known by.
fn records(model: &Model, test: &str) -> Option<(PathBuf, Option<&'static str>)> {
    const MLII: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/paper-repro/heart-darts/mitdb-mlii.ron");
    match model.spec.origin.data.name.as_str() {
        "mitdb-mlii" => Some((common::real_data("mitdb", test)?, Some(MLII))),
        name => Some((common::real_data(name, test)?, None)),
    }
}

#[test]
fn cells_are_sound_and_say_where_they_came_from() {
    let cells: Vec<PathBuf> =
        shipped("cells").into_iter().filter(|path| path.extension().is_some_and(|suffix| suffix == "ron")).collect();
    assert!(!cells.is_empty());
    for path in cells {
        let origin = Genotype::read(&path).unwrap().origin;
        assert!(origin.configuration.is_some() && origin.data.is_some() && origin.seed.is_some(), "{}", path.display());
        assert!(path.with_extension("svg").exists(), "{}: a drawing beside it", path.display());
    }
}

#[test]
fn models_give_their_figures_again() {
    let models: Vec<PathBuf> = shipped("derived-models").into_iter().filter(|path| path.is_dir()).collect();
    assert!(!models.is_empty());
    for folder in models {
        let size: u64 = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum();
        assert!(size < 10 << 20, "{}: {size} bytes", folder.display());
        let model = Model::read(&folder).unwrap();
        model.spec.network.check().unwrap();
        let stated = Evaluation::read(&folder.join("metrics.json")).unwrap();
        let Some((data, database)) = records(&model, "the figures of the shipped models") else { continue };
        let work = Work { quiet: true, ..Work::default() };
        let applied = pipeline::evaluate(&model, &data, database, &work).unwrap();
        assert_eq!(applied.beats, Beats::TestPart);
        assert_eq!(applied.evaluation.confusion_matrix, stated.confusion_matrix, "{}", folder.display());
    }
}

/// After a change of the card's text or of what a model's files hold: `HEART_DARTS_BLESS=1 cargo test --release --test shipped`
/// writes them anew from the weights, where the data are at hand.
#[test]
fn cards_and_predictions_are_those_of_the_models() {
    for folder in shipped("derived-models").into_iter().filter(|path| path.is_dir()) {
        let mut model = Model::read(&folder).unwrap();
        let (card, predictions) = (folder.join("CARD.md"), folder.join("predictions.csv"));
        if std::env::var_os("HEART_DARTS_BLESS").is_some()
            && let Some((data, database)) = records(&model, "predictions of the shipped models")
        {
            let work = Work { quiet: true, ..Work::default() };
            model.seal().unwrap();
            let applied = pipeline::evaluate(&model, &data, database, &work).unwrap();
            applied.predictions.write(&predictions).unwrap();
            model.write(&folder, &applied.evaluation).unwrap();
        }
        let stated = Evaluation::read(&folder.join("metrics.json")).unwrap();
        assert_eq!(stated.digests.get("weights"), Some(model.spec.weights.as_str()), "{}", folder.display());
        let weights = TensorFile::read(&folder.join("weights.safetensors")).unwrap();
        assert!(weights.digests.get("description").is_some(), "weights that name the model that they belong to");
        assert!(fs::read_to_string(&card).unwrap() == model.card(&stated), "{} is of another text", card.display());
        let said = Predictions::read(&predictions).unwrap();
        said.check(&stated, &predictions.display().to_string()).unwrap();
    }
}
