//! `heart-darts report`

use std::path::{Path, PathBuf};

use heart_darts::pipeline::Records;
use heart_darts::report::html::{ModelPart, Part};
use heart_darts::report::{self, CurvePanel, Series};
use heart_darts::train;
use miette::{IntoDiagnostic, Result, miette};

use super::{Preparation, page, pictures};

/// One page on what searches and models reached: a self-contained HTML file, light or dark, that prints well. With --out also its
/// pictures as files.
///
/// Of a search: the cells, alpha over the epochs, losses and accuracies, signs of collapse, settings, data and split, time. Of a
/// model: what it is for and not for, what is taken for what, figures of each class and record with intervals, calibration, the worst
/// beats, cost, origin. Of several models: side by side, with differences from the first and how sure they are.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  heart-darts report runs/search                                   report.html
  heart-darts report runs/model --data data/mitdb                  with the worst beats drawn
  heart-darts report runs/model-a runs/model-b --html two.html     side by side, and how sure the differences are
  heart-darts report runs/search runs/model --out pictures         pictures/report.html and its pictures
  heart-darts report derived-models/mitdb-new-patients --out pictures --png
  heart-darts report runs/table-6/*/seed-0 --out pictures          Fig. 6 of the paper for these models

Without --data nothing is read but the folders; the page says what that leaves out.")]
pub struct Arguments {
    /// Folders of searches and of models; models are compared with the first.
    #[arg(required = true, value_name = "RUN|MODEL")]
    folders: Vec<PathBuf>,
    /// The page. Default: report.html in DIR of --out, else here.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Where the pictures go as files, a folder for each of several.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Files are PNG instead of SVG.
    #[arg(long, requires = "out")]
    png: bool,
    /// The records that the models were tested on.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    preparation: Preparation,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let Arguments { folders, html, out, data, .. } = arguments;
    let work = arguments.preparation.work(false);
    if let Some(dir) = data.as_ref().filter(|dir| !dir.is_dir()) {
        return Err(miette!("{}: found no folder; expected the records that the models were tested on", dir.display()));
    }
    let database = arguments.preparation.database.as_deref();
    let records = data.as_ref().map(|dir| Records { dir, database, work: &work });
    let parts = page::parts(folders.iter().zip(names(folders)), records.as_ref())?;
    let mut written = Vec::new();
    if let Some(out) = out {
        let format = if arguments.png { "png" } else { "svg" };
        for part in &parts {
            let folder = if parts.len() == 1 { out.clone() } else { out.join(part.name()) };
            written.extend(pictures::part(part, &folder, format)?);
        }
        let models: Vec<_> = parts.iter().filter_map(model).filter(|model| !model.log.is_empty()).collect();
        if models.len() > 1 {
            written.push(together(&models, &out.join(format!("accuracy.{format}")))?);
        }
    }
    let beside = || out.as_ref().map_or_else(|| "report.html".into(), |out| out.join("report.html"));
    let path = html.clone().unwrap_or_else(beside);
    page::write(&parts, &path)?;
    written.push(path);
    written.iter().for_each(|path| println!("{}", path.display()));
    Ok(())
}

fn model(part: &Part) -> Option<&ModelPart> {
    if let Part::Model(model) = part { Some(model) } else { None }
}

/// The accuracy of several models over the epochs, on validation beats and, where their logs have it, on test beats.
fn together(models: &[&ModelPart], path: &Path) -> Result<PathBuf> {
    let panel = |title: &str, value: fn(&train::EpochLine) -> Option<f64>| {
        let values = |log: &[train::EpochLine]| {
            log.iter().map(|line| value(line).map_or(f64::NAN, |accuracy| 100.0 * accuracy)).collect()
        };
        let series = models.iter().map(|model| Series { name: model.name.clone(), values: values(&model.log) });
        CurvePanel { title: title.into(), series: series.collect() }
    };
    let mut panels = vec![panel("validation accuracy (%)", |line| line.validation.map(|score| score.accuracy))];
    if models.iter().flat_map(|model| &model.log).any(|line| line.test.is_some()) {
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
