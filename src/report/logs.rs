//! What the logs of runs hold, as curves and histories.

use super::{CurvePanel, EdgeHistory, Series};
use crate::cell::{CellKind, Operation};
use crate::{search, train};

/// Losses and accuracies of a search.
pub fn search_panels(log: &[search::EpochLine]) -> Vec<CurvePanel> {
    let loss = |l: &search::EpochLine| [Some(l.training_loss), l.validation_loss, None];
    let accuracy = |l: &search::EpochLine| [Some(l.training_accuracy), l.validation_accuracy, None].map(percent);
    vec![learning("loss (nats)", log, loss), learning("accuracy (%)", log, accuracy)]
}

/// Losses and accuracies of a training; of test beats where its log has them (`test_curve: true`), as Fig. 6 of the paper.
pub fn training_panels(log: &[train::EpochLine]) -> Vec<CurvePanel> {
    let loss = |l: &train::EpochLine| [Some(l.training_loss), l.validation.map(|v| v.loss), l.test.map(|t| t.loss)];
    let accuracy = |l: &train::EpochLine| {
        [Some(l.training_accuracy), l.validation.map(|v| v.accuracy), l.test.map(|t| t.accuracy)].map(percent)
    };
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

/// Curves of the parts of the data that the log has figures of; those of training also where they are not finite.
fn learning<T>(title: &str, log: &[T], value: impl Fn(&T) -> [Option<f64>; 3]) -> CurvePanel {
    let mut panel = panel(title, &["training", "validation", "test"].map(String::from), log, &value);
    let mut parts = (0..3).map(|part| part == 0 || log.iter().any(|line| value(line)[part].is_some()));
    panel.series.retain(|_| parts.next().unwrap_or(false));
    panel
}

fn panel<T, const N: usize>(
    title: &str,
    names: &[String; N],
    log: &[T],
    value: impl Fn(&T) -> [Option<f64>; N],
) -> CurvePanel {
    let series = names.iter().enumerate().map(|(i, name)| Series {
        name: name.clone(),
        values: log.iter().map(|line| value(line)[i].unwrap_or(f64::NAN)).collect(),
    });
    CurvePanel { title: title.into(), series: series.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::Score;

    /// The curves are of what the log has: test beats with `test_curve: true`, validation beats where there are any.
    #[test]
    fn curves_are_of_the_parts_that_the_log_has() {
        let score =
            |loss, accuracy| Some(Score { loss, accuracy, sensitivity: None, positive_predictivity: None, f1: None });
        let line = |validation, test| train::EpochLine {
            epoch: 1,
            learning_rate: 0.025,
            training_loss: 0.5,
            training_accuracy: 0.75,
            validation,
            test,
            best: true,
        };
        let shown = |line| -> Vec<(String, f64)> {
            let [_, accuracy] = &training_panels(&[line])[..] else { panic!("two panels") };
            accuracy.series.iter().map(|series| (series.name.clone(), series.values[0])).collect()
        };
        let named = |parts: &[(&str, f64)]| parts.iter().map(|(name, x)| ((*name).to_owned(), *x)).collect::<Vec<_>>();
        assert_eq!(shown(line(None, None)), named(&[("training", 75.0)]));
        assert_eq!(shown(line(score(0.4, 0.5), None)), named(&[("training", 75.0), ("validation", 50.0)]));
        let all = named(&[("training", 75.0), ("validation", 50.0), ("test", 25.0)]);
        assert_eq!(shown(line(score(0.4, 0.5), score(0.3, 0.25))), all);
        assert_eq!(shown(line(None, score(0.3, 0.25))), named(&[("training", 75.0), ("test", 25.0)]));
    }
}
