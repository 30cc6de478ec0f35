//! `heart-darts report`

use std::path::{Path, PathBuf};

use heart_darts::cell::Genotype;
use heart_darts::evaluate::Evaluation;
use heart_darts::model::Model;
use heart_darts::report::{self, CurvePanel, Series};
use heart_darts::{pipeline, search, train};
use miette::{IntoDiagnostic, Result, miette};

use super::pictures;

/// Draw what runs and models reached. Of a search: its cells, curves and alpha over the epochs, also while it runs. Of a model: its
/// curves, confusion matrix and figures by class. Of several models: their accuracy over the epochs in one picture as well.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  heart-darts report runs/search --out pictures
  heart-darts report derived-models/mitdb-fast --out pictures --png
  heart-darts report runs/table-6/*/seed-0 --out pictures        Fig. 6 of the paper for these models")]
pub struct Arguments {
    /// Folders of searches and of models.
    #[arg(required = true, value_name = "RUN|MODEL")]
    folders: Vec<PathBuf>,
    /// Where the pictures go, a folder for each.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// PNG instead of SVG.
    #[arg(long)]
    png: bool,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let format = if arguments.png { "png" } else { "svg" };
    let names = names(&arguments.folders);
    let mut pictures = Vec::new();
    let mut models = Vec::new();
    for (folder, name) in arguments.folders.iter().zip(&names) {
        let out = if names.len() == 1 { arguments.out.clone() } else { arguments.out.join(name) };
        if folder.join("model.ron").exists() {
            let model = Model::read(folder).into_diagnostic()?;
            let evaluation = Evaluation::read(&folder.join("metrics.json")).into_diagnostic()?;
            let log: Vec<train::EpochLine> =
                train::read_log(&folder.join("run").join("log.jsonl")).into_diagnostic()?;
            pictures.extend(pictures::training(&log, model.spec.origin.epoch.0, &evaluation, &out, format)?);
            models.push((name.clone(), log));
        } else if folder.join("log.jsonl").exists() {
            let log = search::read_log(&folder.join("log.jsonl")).into_diagnostic()?;
            let finished = folder.join("genotype.ron");
            let genotype = if finished.exists() {
                Genotype::read(&finished).into_diagnostic()?
            } else {
                pipeline::derive(folder, None).into_diagnostic()?
            };
            pictures.extend(pictures::search(&log, &genotype, &out, format)?);
        } else {
            let place = folder.display();
            return Err(miette!(
                "{place}: found neither model.ron nor log.jsonl; expected the folder of a model (train --out) or of a search \
                 (search --out)"
            ));
        }
    }
    if models.len() > 1 {
        pictures.push(together(&models, &arguments.out.join(format!("accuracy.{format}")))?);
    }
    pictures.iter().for_each(|path| println!("{}", path.display()));
    Ok(())
}

/// The accuracy of several models over the epochs, on validation beats and, where their logs have it, on test beats.
fn together(models: &[(String, Vec<train::EpochLine>)], path: &Path) -> Result<PathBuf> {
    let panel = |title: &str, value: fn(&train::EpochLine) -> Option<f64>| {
        let values = |log: &[train::EpochLine]| {
            log.iter().map(|line| value(line).map_or(f64::NAN, |accuracy| 100.0 * accuracy)).collect()
        };
        let series = models.iter().map(|(name, log)| Series { name: name.clone(), values: values(log) });
        CurvePanel { title: title.into(), series: series.collect() }
    };
    let mut panels = vec![panel("validation accuracy (%)", |line| line.validation.map(|score| score.accuracy))];
    if models.iter().flat_map(|(_, log)| log).any(|line| line.test.is_some()) {
        panels.push(panel("test accuracy (%)", |line| line.test.map(|score| score.accuracy)));
    }
    report::curves(&panels, None, "Accuracy over the epochs", path).into_diagnostic()?;
    Ok(path.to_path_buf())
}

/// The shortest ends of the folders' paths that tell them apart.
fn names(folders: &[PathBuf]) -> Vec<String> {
    let end = |folder: &Path, parts: usize| {
        let all: Vec<String> =
            folder.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
        all[all.len().saturating_sub(parts)..].join("-")
    };
    let most = folders.iter().map(|folder| folder.components().count()).max().unwrap_or(1);
    let different = |parts: &usize| {
        let names: std::collections::BTreeSet<String> = folders.iter().map(|folder| end(folder, *parts)).collect();
        names.len() == folders.len()
    };
    let parts = (1..=most).find(different).unwrap_or(most);
    folders.iter().map(|folder| end(folder, parts)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_as_short_as_tells_them_apart() {
        let of = |paths: &[&str]| names(&paths.iter().map(PathBuf::from).collect::<Vec<_>>());
        assert_eq!(of(&["runs/a"]), ["a"]);
        assert_eq!(of(&["runs/a/seed-0", "runs/b/seed-0"]), ["a-seed-0", "b-seed-0"]);
        assert_eq!(of(&["a/seed-0", "a/seed-1"]), ["seed-0", "seed-1"]);
    }
}
