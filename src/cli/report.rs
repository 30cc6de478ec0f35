//! `heart-darts report`

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use heart_darts::pipeline::Records;
use heart_darts::report::html::Part;
use heart_darts::report::{self, CurvePanel, Series};
use heart_darts::train;
use miette::{IntoDiagnostic, Result, miette};

use super::{Preparation, page, pictures};

/// One page on what searches, models and trainings reached: a self-contained HTML file, light or dark, that prints well. With --out also its
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
  heart-darts report runs/table-6/*/seed-0 --out pictures          their accuracies over the epochs, as Fig. 6 of the paper
  heart-darts report runs/unfinished                               the curves of a training that goes on
  heart-darts report two-leads.jsonl one-lead.jsonl --out fig-6    the same of logs alone

Without --data nothing is read but these; the page says what that leaves out.")]
pub struct Arguments {
    /// Folders of searches, of models and of trainings that are not finished, or logs of trainings (JSON lines); models are compared with
    /// the first.
    #[arg(required = true, value_name = "RUN|MODEL|LOG")]
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
        let trainings: Vec<&Part> = parts.iter().filter(|part| !part.training_log().is_empty()).collect();
        if trainings.len() > 1 {
            written.extend(together(&trainings, &out.join(format!("accuracy.{format}")))?);
        }
    }
    let beside = || out.as_ref().map_or_else(|| "report.html".into(), |out| out.join("report.html"));
    let path = html.clone().unwrap_or_else(beside);
    page::write(&parts, &path)?;
    written.push(path);
    written.iter().for_each(|path| println!("{}", path.display()));
    Ok(())
}

/// The accuracy of several trainings over the epochs, on validation beats and on test beats, as far as their logs have them.
fn together(trainings: &[&Part], path: &Path) -> Result<Option<PathBuf>> {
    let panel = |title: &str, value: fn(&train::EpochLine) -> Option<f64>| {
        let values = |log: &[train::EpochLine]| {
            log.iter().map(|line| value(line).map_or(f64::NAN, |accuracy| 100.0 * accuracy)).collect()
        };
        let series =
            trainings.iter().map(|part| Series { name: part.name().into(), values: values(part.training_log()) });
        CurvePanel { title: title.into(), series: series.collect() }
    };
    let mut panels = vec![
        panel("validation accuracy (%)", |line| line.validation.map(|score| score.accuracy)),
        panel("test accuracy (%)", |line| line.test.map(|score| score.accuracy)),
    ];
    panels.retain(|panel| panel.series.iter().flat_map(|series| &series.values).any(|value| value.is_finite()));
    if panels.is_empty() {
        return Ok(None);
    }
    report::curves(&panels, None, "Accuracy over the epochs", path).into_diagnostic()?;
    Ok(Some(path.to_path_buf()))
}

/// The shortest ends of the paths that tell them apart, without what all end with; those of logs without their extension. Paths
/// that are the same get numbers.
fn names(folders: &[PathBuf]) -> Vec<String> {
    // What is no name of a folder, as `..`, is no name of a picture's folder either.
    let named = |path: &Path| -> Vec<String> {
        let named = path.components().filter(|part| matches!(part, Component::Normal(_)));
        named.map(|part| part.as_os_str().to_string_lossy().into_owned()).collect()
    };
    let parts = |path: &PathBuf| {
        let log = path.extension().is_some_and(|extension| extension == "jsonl");
        let parts = if log { named(&path.with_extension("")) } else { named(path) };
        if parts.is_empty() { path.canonicalize().map_or(parts, |path| named(&path)) } else { parts }
    };
    let mut paths: Vec<Vec<String>> = folders.iter().map(parts).collect();
    while paths.len() > 1 && paths.iter().all(|path| path.len() > 1 && path.last() == paths[0].last()) {
        paths.iter_mut().for_each(|path| path.truncate(path.len() - 1));
    }
    let ends = |parts: usize| -> Vec<String> {
        paths.iter().map(|path| path[path.len().saturating_sub(parts)..].join("-")).collect()
    };
    let most = paths.iter().map(Vec::len).max().unwrap_or(1);
    let different = |parts: &usize| ends(*parts).iter().collect::<BTreeSet<_>>().len() == paths.len();
    let mut names = ends((1..=most).find(different).unwrap_or(most));
    for i in 0..names.len() {
        let before = names[..i].iter().filter(|name| **name == names[i]).count();
        if names[i].is_empty() || before > 0 {
            names[i] = format!("{}-{}", names[i], i + 1).trim_start_matches('-').to_owned();
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_as_short_as_tells_them_apart() {
        let of = |paths: &[&str]| names(&paths.iter().map(PathBuf::from).collect::<Vec<_>>());
        assert_eq!(of(&["runs/a"]), ["a"]);
        assert_eq!(of(&["runs/a/seed-0", "runs/b/seed-0"]), ["a", "b"]);
        assert_eq!(of(&["a/seed-0", "a/seed-1"]), ["seed-0", "seed-1"]);
        assert_eq!(of(&["two/seed-0.jsonl", "one/seed-0.jsonl"]), ["two", "one"]);
        // Never a folder above that of the pictures, nor one for two.
        assert_eq!(of(&["../seed-0", "b/seed-0"]), ["seed-0", "b-seed-0"]);
        assert_eq!(of(&["/seed-0", "/x/seed-0", "./seed-0"]), ["seed-0", "x-seed-0", "seed-0-3"]);
        assert!(of(&["."]).iter().all(|name| !name.is_empty() && name != "."));
    }
}
