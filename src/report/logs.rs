//! What the logs of runs hold, as curves and histories.

use super::{CurvePanel, EdgeHistory, Series};
use crate::cell::Operation;
use crate::{search, train};

/// Losses and accuracies of a search.
pub fn search_panels(log: &[search::EpochLine]) -> Vec<CurvePanel> {
    vec![
        panel("loss (nats)", log, [("training", |l| Some(l.training_loss)), ("validation", |l| l.validation_loss)]),
        panel(
            "accuracy (%)",
            log,
            [
                ("training", |l| Some(percent(l.training_accuracy))),
                ("validation", |l| l.validation_accuracy.map(percent)),
            ],
        ),
    ]
}

/// Losses and accuracies of a training; of test beats where its log has them (`test_curve: true`), as Fig. 6 of the paper.
pub fn training_panels(log: &[train::EpochLine]) -> Vec<CurvePanel> {
    vec![
        panel(
            "loss (nats)",
            log,
            [
                ("training", |l| Some(l.training_loss)),
                ("validation", |l| l.validation.map(|score| score.loss)),
                ("test", |l| l.test.map(|score| score.loss)),
            ],
        ),
        panel(
            "accuracy (%)",
            log,
            [
                ("training", |l| Some(percent(l.training_accuracy))),
                ("validation", |l| l.validation.map(|score| percent(score.accuracy))),
                ("test", |l| l.test.map(|score| percent(score.accuracy))),
            ],
        ),
    ]
}

/// What tells whether a search collapses: the entropy of alpha, chosen skips, edges on which zero is strongest.
pub fn monitor_panels(log: &[search::EpochLine]) -> Vec<CurvePanel> {
    const CELLS: [&str; 2] = ["normal cell", "reduction cell"];
    let of = |title: &str, [normal, reduction]: [Value<search::EpochLine>; 2]| {
        panel(title, log, [(CELLS[0], normal), (CELLS[1], reduction)])
    };
    vec![
        of("entropy of alpha (nats)", [|l| Some(l.monitor.entropy[0]), |l| Some(l.monitor.entropy[1])]),
        of("skips of 8 chosen edges", [|l| Some(l.monitor.skips[0] as f64), |l| Some(l.monitor.skips[1] as f64)]),
        of("edges with zero first", [|l| Some(l.monitor.zeros[0] as f64), |l| Some(l.monitor.zeros[1] as f64)]),
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

fn percent(fraction: f64) -> f64 {
    100.0 * fraction
}

/// What a line of a log says, where it says it.
type Value<T> = fn(&T) -> Option<f64>;

/// The curves of what the log has; of what it has in no line, as of validation beats where none validate, none.
fn panel<T, const N: usize>(title: &str, log: &[T], curves: [(&str, Value<T>); N]) -> CurvePanel {
    let of = |(name, value): (&str, Value<T>)| {
        let values: Vec<Option<f64>> = log.iter().map(value).collect();
        let known = values.iter().any(Option::is_some);
        let values = values.into_iter().map(|value| value.unwrap_or(f64::NAN)).collect();
        known.then(|| Series { name: name.into(), values })
    };
    CurvePanel { title: title.into(), series: curves.into_iter().filter_map(of).collect() }
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
