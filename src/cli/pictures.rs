//! The pictures that runs leave in their folders; `format` is `svg` or `png`.

use std::path::{Path, PathBuf};

use heart_darts::cell::{self, CellKind, Genotype, Operation};
use heart_darts::evaluate::Evaluation;
use heart_darts::report::{self, html::Part};
use heart_darts::{search, train};
use miette::{IntoDiagnostic, Result};

/// Draws what a page shows of a folder; returns where.
pub fn part(part: &Part, folder: &Path, format: &str) -> Result<Vec<PathBuf>> {
    let model = match part {
        Part::Search(part) => return search(&part.log, &part.genotype, folder, format),
        Part::Training(part) => {
            return Ok(vec![curves(&part.log, part.kept().map(|line| line.epoch), folder, format)?]);
        }
        Part::Model(model) => model,
    };
    let mut pictures = training(&model.log, model.spec.origin.epoch.0, &model.evaluation, folder, format)?;
    if let Some(calibration) = &model.evaluation.calibration {
        let path = folder.join(format!("calibration.{format}"));
        report::reliability(calibration, "How sure, how right", &path).into_diagnostic()?;
        pictures.push(path);
    }
    for (number, strip) in (1..).zip(model.worst.iter().flatten()) {
        let path = folder.join(format!("worst-{number}.{format}"));
        report::strip(strip, &path).into_diagnostic()?;
        pictures.push(path);
    }
    Ok(pictures)
}

/// Draws the cells, the curves and alpha over the epochs of a search; returns where.
pub fn search(log: &[search::EpochLine], genotype: &Genotype, folder: &Path, format: &str) -> Result<Vec<PathBuf>> {
    let mut pictures = ["cells", "curves"].map(|name| folder.join(format!("{name}.{format}"))).to_vec();
    match format {
        "png" => cell::draw::write_png(genotype, &pictures[0]),
        _ => cell::draw::write_svg(genotype, &pictures[0]),
    }
    .into_diagnostic()?;
    report::curves(&report::search_panels(log), None, "Search", &pictures[1]).into_diagnostic()?;
    for (i, kind) in CellKind::ALL.into_iter().enumerate() {
        let path = folder.join(format!("alpha-{}.{format}", kind.name()));
        let title = format!("Weights of the operations on the edges of the {} cell", kind.name());
        report::alpha(&report::edge_histories(log, i), &Operation::NAMES, &title, &path).into_diagnostic()?;
        pictures.push(path);
    }
    Ok(pictures)
}

/// Draws the curves, the confusion matrix and the figures by class of a training; returns where.
pub fn training(
    log: &[train::EpochLine],
    best: usize,
    evaluation: &Evaluation,
    folder: &Path,
    format: &str,
) -> Result<Vec<PathBuf>> {
    let mut pictures = ["confusion", "classes"].map(|name| folder.join(format!("{name}.{format}"))).to_vec();
    report::confusion(&evaluation.confusion_matrix, "Test beats", &pictures[0]).into_diagnostic()?;
    report::class_bars(evaluation, "Test beats", &pictures[1]).into_diagnostic()?;
    if !log.is_empty() {
        pictures.insert(0, curves(log, Some(best), folder, format)?);
    }
    Ok(pictures)
}

fn curves(log: &[train::EpochLine], best: Option<usize>, folder: &Path, format: &str) -> Result<PathBuf> {
    let path = folder.join(format!("curves.{format}"));
    report::curves(&report::training_panels(log), best, "Training", &path).into_diagnostic()?;
    Ok(path)
}
