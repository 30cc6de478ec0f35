//! What the logs of runs hold, as curves and histories.

use super::{CurvePanel, EdgeHistory, Series};
use crate::cell::{CellKind, Operation};
use crate::{search, train};

/// Losses and accuracies of a search.
pub fn search_panels(log: &[search::EpochLine]) -> Vec<CurvePanel> {
    let loss = |l: &search::EpochLine| [Some(l.training_loss), l.validation_loss];
    let accuracy = |l: &search::EpochLine| [Some(l.training_accuracy), l.validation_accuracy].map(percent);
    vec![learning("loss (nats)", log, loss), learning("accuracy (%)", log, accuracy)]
}

/// Losses and accuracies of a training.
pub fn training_panels(log: &[train::EpochLine]) -> Vec<CurvePanel> {
    let loss = |l: &train::EpochLine| [Some(l.training_loss), l.validation.map(|v| v.loss)];
    let accuracy = |l: &train::EpochLine| [Some(l.training_accuracy), l.validation.map(|v| v.accuracy)].map(percent);
    vec![learning("loss (nats)", log, loss), learning("accuracy (%)", log, accuracy)]
}

/// What tells whether a search collapses: the entropy of alpha, chosen skips, edges on which zero is strongest.
pub fn monitor_panels(log: &[search::EpochLine]) -> Vec<CurvePanel> {
    let cells = CellKind::ALL.map(|kind| format!("{} cell", kind.name()));
    let of = |title: &str, value: fn(&search::EpochLine) -> [f64; 2]| panel(title, &cells, log, |l| value(l).map(Some));
    vec![
        of("entropy of alpha (nats)", |l| l.monitor.entropy),
        of("skips of 8 chosen edges", |l| l.monitor.skips.map(|skips| skips as f64)),
        of("edges with zero first", |l| l.monitor.zeros.map(|zeros| zeros as f64)),
    ]
}

/// The softmax of alpha of each edge of the normal (0) or reduction cell (1), before the first epoch (even but for a thousandth)
/// and after each. Epochs without the edge, as in a log that is damaged, are left out.
pub fn edge_histories(log: &[search::EpochLine], cell: usize) -> Vec<EdgeHistory> {
    let edges = log.first().map_or(0, |line| line.alpha[cell].len());
    let ends = (0..).flat_map(|node| (0..node + 2).map(move |from| (node, from)));
    let history = |(edge, (node, from)): (usize, (usize, usize))| {
        let start = vec![1.0 / Operation::ALL.len() as f64; Operation::ALL.len()];
        let rows = log.iter().filter_map(|line| line.alpha[cell].get(edge));
        let from = match from {
            0 => "c[k-2]".into(),
            1 => "c[k-1]".into(),
            node => format!("node {}", node - 2),
        };
        EdgeHistory { node, from, weights: std::iter::once(start).chain(rows.map(softmax)).collect() }
    };
    (0..edges).zip(ends).map(history).collect()
}

fn softmax(row: &[f32; 10]) -> Vec<f64> {
    let largest = row.iter().fold(f32::NEG_INFINITY, |a, &b| a.max(b));
    let weights: Vec<f64> = row.iter().map(|&a| f64::from(a - largest).exp()).collect();
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|w| w / sum).collect()
}

fn percent(fraction: Option<f64>) -> Option<f64> {
    fraction.map(|fraction| 100.0 * fraction)
}

fn learning<T>(title: &str, log: &[T], value: impl Fn(&T) -> [Option<f64>; 2]) -> CurvePanel {
    panel(title, &["training".to_owned(), "validation".to_owned()], log, value)
}

fn panel<T>(title: &str, names: &[String; 2], log: &[T], value: impl Fn(&T) -> [Option<f64>; 2]) -> CurvePanel {
    let series = names.iter().enumerate().map(|(i, name)| Series {
        name: name.clone(),
        values: log.iter().map(|line| value(line)[i].unwrap_or(f64::NAN)).collect(),
    });
    CurvePanel { title: title.into(), series: series.collect() }
}
