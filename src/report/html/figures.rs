//! Figures of an evaluation as tables: matrix, classes, overall, records, calibration.

use maud::{Markup, html};

use super::super::{Error, class_points, reliability};
use super::pieces::{grouped, picture, with_interval};
use crate::beat::Class;
use crate::evaluate::{Calibration, ConfusionMatrix, Evaluation, RecordEvaluation, text, wilson};

/// So many records are shown before the others are folded up.
const HARDEST: usize = 12;

/// Rows the reference, columns the prediction, coloured by the share of the row.
pub(super) fn matrix(matrix: &ConfusionMatrix) -> Markup {
    html! {
        div.scroll {
            table.matrix {
                caption { "Rows: class of the annotation. Columns: what the model says. Each cell: beats, and their share of the row." }
                thead { tr {
                    th.corner scope="col" { "as" }
                    @for class in Class::ALL { th scope="col" { (class.symbol()) } }
                    th.sum scope="col" { "beats" }
                } }
                tbody {
                    @for reference in Class::ALL {
                        tr {
                            th scope="row" title=(reference.title()) { (reference.symbol()) }
                            @for prediction in Class::ALL { (cell(matrix, reference, prediction)) }
                            td.sum { (grouped(matrix.support(reference))) }
                        }
                    }
                    tr {
                        th.sum scope="row" { "said" }
                        @for class in Class::ALL { td.sum { (grouped(matrix.predicted(class))) } }
                        td.sum { (grouped(matrix.total())) }
                    }
                }
            }
        }
    }
}

fn cell(matrix: &ConfusionMatrix, reference: Class, prediction: Class) -> Markup {
    let (count, support) = (matrix.count(reference, prediction), matrix.support(reference));
    if count == 0 {
        return html! { td.muted { "0" } };
    }
    let share = count as f64 / support as f64;
    // The root lets rare confusions show beside shares near 1; ink is legible on what is mixed in at most.
    let ground = format!("--share:{:.0}%", 50.0 * share.sqrt());
    let right = reference == prediction;
    html! {
        td.right[right] .strong[share > 0.3] style=(ground) {
            (grouped(count)) small { (format!("{:.1} %", 100.0 * share)) }
        }
    }
}

/// Each class, as points with intervals and as a table, and all classes together.
pub(super) fn classes(evaluation: &Evaluation) -> Result<Markup, Error> {
    let kind = if evaluation.intervals.subjects.is_some() { "by patient" } else { "by beat" };
    let within = evaluation.intervals.subjects.as_ref().unwrap_or(&evaluation.intervals.beats);
    let caption = html! { "Lines: 95 % intervals " (kind) "." };
    let points = picture(&class_points::sheet(evaluation), "Sensitivity and positive predictivity by class", &caption)?;
    Ok(html! {
        div.beside { (points) (overall(evaluation)) }
        div.scroll {
            table.stacked {
                caption { "Each class in percent, with 95 % intervals " (kind) " where they are known." }
                thead { tr {
                    th scope="col" { "class" } th scope="col" { "beats" } th scope="col" { "Se" } th scope="col" { "+P" }
                    th scope="col" { "F1" } th scope="col" { "specificity" }
                } }
                tbody {
                    @for (class, of) in evaluation.figures.classes.iter() {
                        tr {
                            th scope="row" title=(class.title()) { (class.symbol()) }
                            td { (grouped(evaluation.support[class])) }
                            td { (with_interval(of.sensitivity, within.classes[class].sensitivity)) }
                            td { (with_interval(of.positive_predictivity, within.classes[class].positive_predictivity)) }
                            td { (with_interval(of.f1, within.classes[class].f1)) }
                            td { (with_interval(of.specificity, within.classes[class].specificity)) }
                        }
                    }
                }
            }
        }
    })
}

/// The figures of all classes together, with both kinds of intervals.
fn overall(evaluation: &Evaluation) -> Markup {
    let (figures, beats) = (&evaluation.figures, &evaluation.intervals.beats);
    let subjects = evaluation.intervals.subjects.as_ref();
    let row = |name: &str, figure, by_beat, by_subject| {
        html! {
            tr {
                th scope="row" { (name) } td { (text::percent(figure)) } td.muted { (text::interval(by_beat)) }
                @if subjects.is_some() { td.muted { (text::interval(by_subject)) } }
            }
        }
    };
    macro_rules! line {
        ($name:expr, $key:ident) => {
            row($name, figures.$key, beats.$key, subjects.and_then(|subjects| subjects.$key))
        };
    }
    html! {
        div.scroll {
            table {
                thead { tr {
                    th scope="col" { "all classes" } th scope="col" { "%" } th scope="col" { "95 % by beat" }
                    @if subjects.is_some() { th scope="col" { "95 % by patient" } }
                } }
                tbody {
                    (line!("accuracy", accuracy))
                    (line!("macro sensitivity", macro_sensitivity))
                    (line!("macro +P", macro_positive_predictivity))
                    (line!("F1 of macro Se and +P", f1_of_macro_means))
                    (line!("mean of class F1", mean_class_f1))
                    (line!("Cohen’s kappa × 100", kappa))
                    (line!("Matthews’ coefficient × 100", matthews))
                }
            }
        }
    }
}

/// Each record, the one with the largest share of errors first.
pub(super) fn records(evaluation: &Evaluation) -> Markup {
    let mut records: Vec<&RecordEvaluation> = evaluation.records.iter().collect();
    // All from the matrix, which was checked when the file was read.
    let counts = |record: &RecordEvaluation| (record.confusion_matrix.correct(), record.confusion_matrix.total());
    let errors = |record: &RecordEvaluation| counts(record).1 - counts(record).0;
    let share = |record: &RecordEvaluation| errors(record) as f64 / counts(record).1.max(1) as f64;
    records.sort_by(|a, b| share(b).total_cmp(&share(a)).then(errors(b).cmp(&errors(a))));
    let largest = records.first().map_or(0.0, |record| share(record)).max(f64::MIN_POSITIVE);
    let (hardest, others) = records.split_at(records.len().min(HARDEST));
    let table = |records: &[&RecordEvaluation]| {
        html! {
            div.scroll {
                table {
                    thead { tr {
                        th scope="col" { "record" } th scope="col" { "errors" } th scope="col" { "beats" }
                        th.left scope="col" { "share" } th scope="col" { "accuracy %" }
                        th.left scope="col" { "most frequent error" } th.left scope="col" { "subject" }
                    } }
                    tbody {
                        @for record in records {
                            tr {
                                th scope="row" { (record.record) } td { (grouped(errors(record))) } td { (grouped(counts(record).1)) }
                                td.left { span.bar { i style=(format!("width:{:.1}%", 100.0 * share(record) / largest)) {} } }
                                td { (with_interval(
                                    (counts(record).1 > 0).then(|| 1.0 - share(record)),
                                    wilson(counts(record).0, counts(record).1),
                                )) }
                                td.left { (frequent_error(&record.confusion_matrix)) } td.left { (record.subject) }
                            }
                        }
                    }
                }
            }
        }
    };
    html! {
        p.muted { "95 % intervals are Wilson’s: other beats of the same patient. Records with the largest share of errors come first." }
        (table(hardest))
        @if !others.is_empty() {
            details { summary { "the other " (others.len()) " records" } (table(others)) }
        }
    }
}

/// As in "14 S as N".
fn frequent_error(matrix: &ConfusionMatrix) -> String {
    let pairs = Class::ALL.into_iter().flat_map(|a| Class::ALL.into_iter().map(move |b| (a, b)));
    let errors = pairs.filter(|(a, b)| a != b).map(|(a, b)| (matrix.count(a, b), a, b));
    // Of equal counts the first.
    let most = errors.fold((0, Class::N, Class::N), |most, error| if error.0 > most.0 { error } else { most });
    if most.0 == 0 { String::new() } else { format!("{} {} as {}", most.0, most.1.symbol(), most.2.symbol()) }
}

/// The calibration curve and what it comes to.
pub(super) fn calibration(calibration: &Calibration) -> Result<Markup, Error> {
    let caption = html! { "Lines: 95 % intervals, beats taken as independent. Below the diagonal the model is surer than right." };
    let curve =
        picture(&reliability::sheet(calibration, ""), "Share of right beats over the probability given", &caption)?;
    Ok(html! {
        p { "Expected calibration error " strong { (format!("{:.2} %", 100.0 * calibration.expected_calibration_error)) }
            ": how far the probability of the predicted class is from the share of right beats, on average over 15 bins. \
             Mean cross-entropy " (format!("{:.4}", calibration.mean_cross_entropy)) " nats (1.609 knows nothing)." }
        div.beside {
            (curve)
            div.scroll {
                table.stacked {
                    caption { "The bins that have beats." }
                    thead { tr {
                        th scope="col" { "probability %" } th scope="col" { "beats" } th scope="col" { "mean %" }
                        th scope="col" { "right %" }
                    } }
                    tbody {
                        @for bin in &calibration.reliability {
                            tr {
                                th.whole scope="row" { (format!("{:.1} – {:.1}", 100.0 * bin.above, 100.0 * bin.up_to)) }
                                td { (grouped(bin.beats)) }
                                td { (text::percent(Some(bin.confidence))) }
                                td { (with_interval(
                                    Some(bin.accuracy),
                                    wilson((bin.accuracy * bin.beats as f64).round() as u64, bin.beats),
                                )) }
                            }
                        }
                    }
                }
            }
        }
    })
}
