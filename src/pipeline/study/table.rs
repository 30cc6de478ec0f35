//! The table of a study: means and deviations over seeds, beside what was published.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

use super::{Published, Row, Study, StudyResult};
use crate::database::Class;
use crate::evaluate::Figures;

/// Mean and sample deviation over seeds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// Mean.
    pub mean: f64,
    /// Sample standard deviation; `None` for a single seed.
    pub deviation: Option<f64>,
}

impl Spread {
    /// Of some values; `None` without any.
    pub fn of(values: &[f64]) -> Option<Self> {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let square = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
        (!values.is_empty()).then(|| Self { mean, deviation: (n > 1.0).then(|| (square / (n - 1.0)).sqrt()) })
    }

    /// In percent, with two digits.
    fn percent(self) -> String {
        match self.deviation {
            Some(deviation) => format!("{:.2} ± {:.2}", 100.0 * self.mean, 100.0 * deviation),
            None => format!("{:.2}", 100.0 * self.mean),
        }
    }
}

/// A row of the table.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StudyRow {
    /// Its name.
    pub name: String,
    /// The seeds that are done.
    pub seeds: Vec<u64>,
    /// F1 on validation beats, by which rows may be chosen.
    pub validation_f1: Option<Spread>,
    /// Accuracy on test beats, as what follows.
    pub accuracy: Option<Spread>,
    /// Macro sensitivity.
    pub sensitivity: Option<Spread>,
    /// Macro positive predictivity.
    pub positive_predictivity: Option<Spread>,
    /// F1 from the two.
    pub f1: Option<Spread>,
    /// The best test accuracy of any epoch, which nobody may choose by.
    pub best_on_test: Option<Spread>,
    /// Accuracy, macro sensitivity, macro positive predictivity and F1 over the beats of the four classes N S V F alone.
    pub four_classes: [Option<Spread>; 4],
    /// Each class's sensitivity and positive predictivity, N S V F Q; `None` where no seed has it defined.
    pub classes: Vec<[Option<Spread>; 2]>,
    /// What a paper reports.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published: Option<Published>,
    /// How far accuracy, sensitivity, positive predictivity and F1 are above (or, negative, below) what is published of this row or
    /// of the one that it is compared with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub above_published: Option<[f64; 4]>,
}

/// The rows of a study from what is done of it; a row of which nothing is done has no seeds.
pub fn table(study: &Study, results: &[StudyResult]) -> Vec<StudyRow> {
    let row = |row: &Row| {
        let done: Vec<&StudyResult> = results.iter().filter(|result| result.row == row.name).collect();
        let spread = |figure: &dyn Fn(&StudyResult) -> Option<f64>| {
            Spread::of(&done.iter().filter_map(|result| figure(result)).collect::<Vec<_>>())
        };
        let figure = |of: fn(&Figures) -> Option<f64>| spread(&|result| of(result.figures()));
        let four = |of: fn(&Figures) -> Option<f64>| {
            spread(&|result| of(&Figures::of(&result.evaluation.confusion_matrix.without(Class::Q))))
        };
        let class = |i: usize| {
            let of = |pick: fn(&crate::evaluate::ClassFigures) -> Option<f64>| {
                spread(&|result| result.figures().classes.iter().nth(i).and_then(|(_, figures)| pick(figures)))
            };
            [of(|class| class.sensitivity), of(|class| class.positive_predictivity)]
        };
        let [accuracy, sensitivity, positive_predictivity, f1] = [
            figure(|f| f.accuracy),
            figure(|f| f.macro_sensitivity),
            figure(|f| f.macro_positive_predictivity),
            figure(|f| f.f1_of_macro_means),
        ];
        let above = |published: Published| {
            let Published { accuracy: a, sensitivity: s, positive_predictivity: p, f1: f } = published;
            let above = |spread: Option<Spread>, percent: f64| Some(spread?.mean - percent / 100.0);
            Some([above(accuracy, a)?, above(sensitivity, s)?, above(positive_predictivity, p)?, above(f1, f)?])
        };
        StudyRow {
            name: row.name.clone(),
            seeds: done.iter().map(|result| result.seed).collect(),
            validation_f1: spread(&|result| result.validation_f1),
            accuracy,
            sensitivity,
            positive_predictivity,
            f1,
            best_on_test: spread(&|result| result.best_on_test),
            four_classes: [
                four(|f| f.accuracy),
                four(|f| f.macro_sensitivity),
                four(|f| f.macro_positive_predictivity),
                four(|f| f.f1_of_macro_means),
            ],
            classes: (0..5).map(class).collect(),
            published: row.published,
            above_published: study.published_beside(row).and_then(above),
        }
    };
    study.rows.iter().map(row).collect()
}

/// A difference in points with two digits, and without a sign where these are zeros.
fn signed(difference: f64) -> String {
    let text = format!("{:+.2}", 100.0 * difference);
    if text.ends_with("0.00") && text.len() == 5 { text[1..].into() } else { text }
}

/// The table as Markdown: figures in percent, mean ± sample deviation over seeds.
pub fn markdown(study: &Study, rows: &[StudyRow]) -> String {
    let mut text = format!("## {}\n\n", study.title);
    let on_test = rows.iter().any(|row| row.best_on_test.is_some());
    text += "| | seeds | Acc % | Se % | +P % | F1 % | F1 % on validation beats |";
    text += if on_test { " Acc % of the epoch that is best on test beats |\n" } else { "\n" };
    text += &format!("|{}\n", "---|".repeat(if on_test { 8 } else { 7 }));
    let cell = |spread: Option<Spread>| spread.map_or("-".into(), Spread::percent);
    let blank = if on_test { " | |" } else { " |" };
    for row in rows {
        if let Some(Published { accuracy, sensitivity, positive_predictivity, f1 }) = row.published {
            let _ = writeln!(
                text,
                "| {}, published | | {accuracy:.2} | {sensitivity:.2} | {positive_predictivity:.2} | {f1:.2} |{blank}",
                row.name
            );
        }
        let figures = [row.accuracy, row.sensitivity, row.positive_predictivity, row.f1, row.validation_f1].map(cell);
        let on_test = if on_test { format!(" {} |", cell(row.best_on_test)) } else { String::new() };
        let name = if row.published.is_some() { "measured" } else { &row.name };
        let why = study.rows.iter().find(|of_study| of_study.name == row.name).and_then(|row| row.not_run.as_ref());
        let seeds = match (row.seeds.len(), why) {
            (0, Some(why)) => format!("not run: {why}"),
            (0, None) => "not run".into(),
            (seeds, _) => seeds.to_string(),
        };
        let _ = writeln!(text, "| {name} | {seeds} | {} |{on_test}", figures.join(" | "));
        if let Some(above) = row.above_published {
            let figures = above.map(signed).join(" | ");
            let _ = writeln!(text, "| measured − published | | {figures} |{blank}");
        }
    }
    text += "\nWithout the beats of class Q (beats of the other classes that are taken for Q stay, as errors):\n\n";
    text += "| | Acc % | Se % | +P % | F1 % |\n|---|---|---|---|---|\n";
    for row in rows.iter().filter(|row| !row.seeds.is_empty()) {
        let _ = writeln!(text, "| {} | {} |", row.name, row.four_classes.map(cell).join(" | "));
    }
    text += "\nEach class, Se / +P %:\n\n| | N | S | V | F | Q |\n|---|---|---|---|---|---|\n";
    for row in rows.iter().filter(|row| !row.seeds.is_empty()) {
        let classes = row.classes.iter().map(|[se, predictivity]| format!("{} / {}", cell(*se), cell(*predictivity)));
        let _ = writeln!(text, "| {} | {} |", row.name, classes.collect::<Vec<_>>().join(" | "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_of_no_hundredth_has_no_sign() {
        let shown = [-0.000_04, 0.000_04, 0.0, -0.000_06, 0.000_06, -0.1, 0.3].map(signed);
        assert_eq!(shown, ["0.00", "0.00", "0.00", "-0.01", "+0.01", "-10.00", "+30.00"]);
    }
}
