//! The pictures that runs leave in their folders; `format` is `svg` or `png`.

use std::path::{Path, PathBuf};

use heart_darts::cell::{self, CellKind, Genotype, Operation};
use heart_darts::evaluate::Evaluation;
use heart_darts::report::{self, CurvePanel, EdgeHistory, Series};
use heart_darts::{search, train};
use miette::{IntoDiagnostic, Result};

/// Draws the cells, the curves and alpha over the epochs of a search; returns where.
pub fn search(log: &[search::EpochLine], genotype: &Genotype, folder: &Path, format: &str) -> Result<Vec<PathBuf>> {
    let mut pictures = ["cells", "curves"].map(|name| folder.join(format!("{name}.{format}"))).to_vec();
    match format {
        "png" => cell::draw::write_png(genotype, &pictures[0]),
        _ => cell::draw::write_svg(genotype, &pictures[0]),
    }
    .into_diagnostic()?;
    let column = |value: fn(&search::EpochLine) -> f64| log.iter().map(value).collect();
    let panels = [
        panel("loss (nats)", column(|l| l.training_loss), column(|l| l.validation_loss.unwrap_or(f64::NAN))),
        panel(
            "accuracy (%)",
            column(|l| 100.0 * l.training_accuracy),
            column(|l| l.validation_accuracy.map_or(f64::NAN, |accuracy| 100.0 * accuracy)),
        ),
    ];
    report::curves(&panels, None, "Search", &pictures[1]).into_diagnostic()?;
    for (i, kind) in CellKind::ALL.into_iter().enumerate() {
        let path = folder.join(format!("alpha-{}.{format}", kind.name()));
        let title = format!("Weights of the operations on the edges of the {} cell", kind.name());
        report::alpha(&histories(log, i), &Operation::NAMES, &title, &path).into_diagnostic()?;
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
    let pictures = ["curves", "confusion", "classes"].map(|name| folder.join(format!("{name}.{format}"))).to_vec();
    let column = |value: fn(&train::EpochLine) -> f64| log.iter().map(value).collect();
    let panels = [
        panel("loss (nats)", column(|l| l.training_loss), column(|l| l.validation.map_or(f64::NAN, |v| v.loss))),
        panel(
            "accuracy (%)",
            column(|l| 100.0 * l.training_accuracy),
            column(|l| l.validation.map_or(f64::NAN, |v| 100.0 * v.accuracy)),
        ),
    ];
    report::curves(&panels, Some(best), "Training", &pictures[0]).into_diagnostic()?;
    report::confusion(&evaluation.confusion_matrix, "Test beats", &pictures[1]).into_diagnostic()?;
    report::class_bars(evaluation, "Test beats", &pictures[2]).into_diagnostic()?;
    Ok(pictures)
}

fn panel(title: &str, training: Vec<f64>, validation: Vec<f64>) -> CurvePanel {
    let series = |name: &str, values| Series { name: name.into(), values };
    CurvePanel { title: title.into(), series: vec![series("training", training), series("validation", validation)] }
}

/// The softmax of alpha of each edge of a cell, before the first epoch (even but for a thousandth) and after each.
fn histories(log: &[search::EpochLine], cell: usize) -> Vec<EdgeHistory> {
    let edges = log.first().map_or(0, |line| line.alpha[cell].len());
    let ends = (0..).flat_map(|node| (0..node + 2).map(move |from| (node, from)));
    let history = |(edge, (node, from)): (usize, (usize, usize))| {
        let start = vec![1.0 / Operation::ALL.len() as f64; Operation::ALL.len()];
        let weights = std::iter::once(start).chain(log.iter().map(|line| softmax(&line.alpha[cell][edge]))).collect();
        let from = match from {
            0 => "c[k-2]".into(),
            1 => "c[k-1]".into(),
            node => format!("node {}", node - 2),
        };
        EdgeHistory { node, from, weights }
    };
    (0..edges).zip(ends).map(history).collect()
}

fn softmax(row: &[f32; 10]) -> Vec<f64> {
    let largest = row.iter().fold(f32::NEG_INFINITY, |a, &b| a.max(b));
    let weights: Vec<f64> = row.iter().map(|&a| f64::from(a - largest).exp()).collect();
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|w| w / sum).collect()
}
