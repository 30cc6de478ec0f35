//! Figures as text for a terminal: percent with two decimals, 95 % intervals in brackets, `-` where undefined.

use std::fmt::Write;

use super::{ConfusionMatrix, Evaluation, Interval};
use crate::beat::Class;

/// The whole evaluation: split, matrix, figures by class, overall figures, the hardest records, notes.
pub fn evaluation(evaluation: &Evaluation) -> String {
    let mut text = format!("{}\n{} beats\n\n", evaluation.split, evaluation.beats);
    text += &confusion(&evaluation.confusion_matrix);
    text += "\n";
    text += &classes(evaluation);
    text += "\n";
    text += &overall(evaluation);
    if evaluation.records.iter().any(|record| record.errors > 0) {
        text += "\n";
        text += &hardest_records(evaluation, 5);
    }
    text += "\n";
    for note in &evaluation.notes {
        let _ = writeln!(text, "note: {note}");
    }
    text
}

/// The confusion matrix with its sums.
pub fn confusion(matrix: &ConfusionMatrix) -> String {
    let mut rows = vec![vec!["reference".to_string()]];
    rows[0].extend(Class::ALL.map(|class| format!("as {}", class.symbol())));
    rows[0].push("beats".into());
    for reference in Class::ALL {
        let mut row = vec![reference.symbol().to_string()];
        row.extend(Class::ALL.map(|prediction| matrix.count(reference, prediction).to_string()));
        row.push(matrix.support(reference).to_string());
        rows.push(row);
    }
    let mut sums = vec!["predicted".to_string()];
    sums.extend(Class::ALL.map(|class| matrix.predicted(class).to_string()));
    sums.push(matrix.total().to_string());
    rows.push(sums);
    table(&rows)
}

/// The figures of each class, with their intervals with beats as what was sampled.
pub fn classes(evaluation: &Evaluation) -> String {
    let heads = ["class", "beats", "Se %", "+P %", "specificity %", "F1 %", "accuracy %"];
    let mut rows = vec![heads.map(String::from).to_vec()];
    for (class, of) in evaluation.figures.classes.iter() {
        let within = &evaluation.intervals.beats.classes[class];
        rows.push(vec![
            class.symbol().to_string(),
            evaluation.support[class].to_string(),
            with_interval(of.sensitivity, within.sensitivity),
            with_interval(of.positive_predictivity, within.positive_predictivity),
            percent(of.specificity),
            with_interval(of.f1, within.f1),
            percent(of.accuracy),
        ]);
    }
    table(&rows)
}

/// The overall figures, with both kinds of intervals where there are both.
pub fn overall(evaluation: &Evaluation) -> String {
    let (figures, beats) = (&evaluation.figures, &evaluation.intervals.beats);
    let subjects = evaluation.intervals.subjects.as_ref();
    let mut rows = vec![vec!["overall".to_string(), "%".into(), "95 % by beat".into()]];
    if subjects.is_some() {
        rows[0].push("95 % by patient".into());
    }
    macro_rules! line {
        ($label:expr, $key:ident) => {
            let mut row = vec![$label.to_string(), percent(figures.$key), interval(beats.$key)];
            row.extend(subjects.map(|subjects| interval(subjects.$key)));
            rows.push(row);
        };
    }
    line!("accuracy", accuracy);
    line!("macro Se (balanced accuracy)", macro_sensitivity);
    line!("macro +P", macro_positive_predictivity);
    line!("F1 of macro Se and +P", f1_of_macro_means);
    line!("mean of class F1", mean_class_f1);
    line!("Cohen's kappa x 100", kappa);
    line!("Matthews' coefficient x 100", matthews);
    table(&rows)
}

/// The records with the most errors, at most `most` of them.
pub fn hardest_records(evaluation: &Evaluation, most: usize) -> String {
    let mut records: Vec<_> = evaluation.records.iter().filter(|record| record.errors > 0).collect();
    records.sort_by_key(|record| std::cmp::Reverse(record.errors));
    let mut rows = vec![["record", "beats", "errors", "accuracy %"].map(String::from).to_vec()];
    for record in records.into_iter().take(most) {
        rows.push(vec![
            record.record.clone(),
            record.beats.to_string(),
            record.errors.to_string(),
            percent(record.accuracy),
        ]);
    }
    format!("most errors\n{}", table(&rows))
}

/// A fraction as percent with two decimals; `-` where undefined.
pub fn percent(fraction: Option<f64>) -> String {
    fraction.map_or_else(|| "-".into(), |fraction| format!("{:.2}", 100.0 * fraction))
}

/// An interval of fractions as percent, `[95.01, 97.22]`; `-` where undefined.
pub fn interval(interval: Option<Interval>) -> String {
    interval.map_or_else(|| "-".into(), |Interval { low, high }| format!("[{:.2}, {:.2}]", 100.0 * low, 100.0 * high))
}

fn with_interval(fraction: Option<f64>, within: Option<Interval>) -> String {
    match within {
        Some(_) => format!("{} {}", percent(fraction), interval(within)),
        None => percent(fraction),
    }
}

/// Rows of cells as aligned lines, the first row being the heads: the first column to the left, the others to the right.
/// Two spaces stand between columns, none at the ends of lines.
pub fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let _ = match column {
                0 => write!(line, "{cell:<width$}"),
                _ => write!(line, "  {cell:>width$}"),
            };
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}
