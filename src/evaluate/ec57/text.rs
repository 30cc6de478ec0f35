//! A report as text for a terminal: percent with two decimals (false positive rates with three, as `bxb`), `-` where undefined.

use std::fmt::Write;

use super::{Figures, Report, Tally, Test, Truth};
use crate::evaluate::text::{percent, table};

/// The whole report: what was compared, the sum's matrix, the figures by record, gross and average, notes.
pub fn report(report: &Report) -> String {
    let mut text = format!(
        "test {} against reference {}, from {} s, match window {} s\n{} reference beats in {} record{}\n\n",
        report.test,
        report.reference,
        report.from,
        report.window,
        report.beats,
        report.records.len(),
        if report.records.len() == 1 { "" } else { "s" },
    );
    text += &matrix(&report.matrix);
    text += "\n";
    text += &figures(report);
    if report.records.iter().any(|record| record.shutdown > 0.0) {
        text += "\n";
        text += &shutdowns(report);
    }
    if !report.notes.is_empty() {
        text += "\n";
    }
    for note in &report.notes {
        let _ = writeln!(text, "note: {note}");
    }
    text
}

/// The matrix with its sums, laid out as `bxb` does: o missed, x missed in shutdown, O invented, X invented in shutdown.
pub fn matrix(tally: &Tally) -> String {
    let mut rows = vec![vec!["reference".to_string()]];
    rows[0].extend(Test::ALL.map(|test| test.symbol().to_string()));
    rows[0].push("beats".into());
    for truth in Truth::ALL {
        let mut row = vec![truth.symbol().to_string()];
        for test in Test::ALL {
            let none = matches!((truth, test), (Truth::Absent | Truth::Unreadable, Test::Missed | Test::Shutdown));
            row.push(if none { String::new() } else { tally.count(truth, test).to_string() });
        }
        row.push(match truth {
            Truth::Beat(class) => tally.support(class).to_string(),
            Truth::Absent | Truth::Unreadable => String::new(),
        });
        rows.push(row);
    }
    table(&rows)
}

/// The figures by record, then gross (each beat weighs the same) and average (each record does).
pub fn figures(report: &Report) -> String {
    let heads = ["record", "beats", "Q Se", "Q +P", "V Se", "V +P", "V FPR", "S Se", "S +P", "S FPR"];
    let mut rows = vec![heads.map(String::from).to_vec()];
    for record in &report.records {
        rows.push(line(&record.record, &record.beats.to_string(), &record.figures));
    }
    rows.push(line("gross", &report.beats.to_string(), &report.gross));
    rows.push(line("average", "", &report.average));
    table(&rows)
}

fn line(name: &str, beats: &str, Figures { qrs, veb, sveb }: &Figures) -> Vec<String> {
    let rate = |rate: Option<f64>| rate.map_or_else(|| "-".into(), |rate| format!("{:.3}", 100.0 * rate));
    let mut cells = vec![name.into(), beats.into(), percent(qrs.sensitivity), percent(qrs.positive_predictivity)];
    for kind in [veb, sveb] {
        cells.extend([percent(kind.sensitivity), percent(kind.positive_predictivity), rate(kind.false_positive_rate)]);
    }
    cells
}

/// The records where the test was shut down.
fn shutdowns(report: &Report) -> String {
    let mut rows = vec![["shutdown", "seconds", "beats missed in it"].map(String::from).to_vec()];
    for record in report.records.iter().filter(|record| record.shutdown > 0.0) {
        // Halves up, as `bxb` rounds.
        let seconds = (record.shutdown + 0.5).floor();
        rows.push(vec![record.record.clone(), format!("{seconds}"), record.missed_in_shutdown.to_string()]);
    }
    table(&rows)
}
