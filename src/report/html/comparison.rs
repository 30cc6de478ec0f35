//! Several models side by side.

use maud::{Markup, html};

use super::ModelPart;
use super::model::left_out;
use super::pieces::{code, grouped, with_interval};
use crate::evaluate::{Comparison, Difference, NotComparable, Tested, holm, text};

/// The first model is what the others are compared with.
pub(super) fn article(models: &[&ModelPart]) -> Markup {
    let Some((first, others)) = models.split_first() else { return html! {} };
    let compared: Vec<_> = others.iter().map(|other| Comparison::of(&tested(first), &tested(other))).collect();
    html! {
        article #comparison {
            p.kind { "Comparison" }
            h1 { (models.len()) " models" }
            h2 { "Side by side" }
            (side_by_side(models))
            h2 { "Differences from " (first.name) }
            (differences(first, others, &compared))
        }
    }
}

fn tested(model: &ModelPart) -> Tested<'_> {
    Tested {
        evaluation: &model.evaluation,
        split: &model.spec.origin.split_digest,
        predictions: model.predictions.as_ref().ok(),
    }
}

fn side_by_side(models: &[&ModelPart]) -> Markup {
    html! {
        div.scroll {
            table.stacked.models {
                caption { "On each model’s own test part, in percent, with 95 % intervals by patient where they are known." }
                thead { tr {
                    th scope="col" { "model" } th scope="col" { "test beats" } th scope="col" { "accuracy" } th scope="col" { "macro Se" }
                    th scope="col" { "macro +P" } th scope="col" { "F1" } th scope="col" { "parameters" }
                    th scope="col" { "multiply-adds" } th scope="col" { "one beat" }
                } }
                tbody {
                    @for (number, model) in (1..).zip(models) {
                        @let figures = &model.evaluation.figures;
                        @let sets = &model.evaluation.intervals;
                        @let within = sets.subjects.as_ref().unwrap_or(&sets.beats);
                        tr {
                            th scope="row" { a href={ "#part-" (number) } { (model.name) } }
                            td { (grouped(model.evaluation.beats)) }
                            td { (with_interval(figures.accuracy, within.accuracy)) }
                            td { (with_interval(figures.macro_sensitivity, within.macro_sensitivity)) }
                            td { (with_interval(figures.macro_positive_predictivity, within.macro_positive_predictivity)) }
                            td { (with_interval(figures.f1_of_macro_means, within.f1_of_macro_means)) }
                            td { (grouped(model.cost.parameters)) }
                            td { (grouped(model.cost.multiply_adds)) }
                            td { (format!("{:.2} ms", 1e3 * model.cost.beat_seconds)) }
                        }
                    }
                }
            }
        }
    }
}

fn differences(first: &ModelPart, others: &[&ModelPart], compared: &[Result<Comparison, NotComparable>]) -> Markup {
    let of = |comparison: &Result<Comparison, NotComparable>| comparison.as_ref().ok().and_then(|c| c.beats);
    let tests: Vec<_> = compared.iter().filter_map(of).collect();
    let mut corrected = holm(&tests.iter().map(|test| test.p).collect::<Vec<_>>()).into_iter();
    let some = compared.iter().any(Result::is_ok);
    let subjects = compared.iter().flatten().next().map_or(0, |comparison| comparison.subject_count);
    // Of those that are compared; what has other beats is said to have them.
    let paired = others.iter().zip(compared).filter(|(_, comparison)| comparison.is_ok()).map(|(model, _)| *model);
    let unpaired = std::iter::once(first).chain(paired).find_map(|model| model.predictions.as_ref().err());
    html! {
        @if some {
            div.scroll {
                table.stacked.models {
                    caption { "Percentage points, with 95 % intervals over patients; bold where the interval leaves 0 out." }
                    thead { tr {
                        th scope="col" { "model" } th scope="col" { "accuracy" } th scope="col" { "macro Se" } th scope="col" { "macro +P" }
                        th scope="col" { "F1" } th scope="col" { "only it right" } th scope="col" { "only the first" }
                        th scope="col" { "McNemar p" } th scope="col" { "p, Holm" }
                    } }
                    tbody {
                        @for (model, comparison) in others.iter().zip(compared) {
                            @if let Ok(comparison) = comparison {
                                @let by_subject = comparison.subjects.as_ref();
                                tr {
                                    th scope="row" { (model.name) }
                                    td { (difference(by_subject.and_then(|of| of.accuracy))) }
                                    td { (difference(by_subject.and_then(|of| of.macro_sensitivity))) }
                                    td { (difference(by_subject.and_then(|of| of.macro_positive_predictivity))) }
                                    td { (difference(by_subject.and_then(|of| of.f1_of_macro_means))) }
                                    @match comparison.beats {
                                        Some(test) => {
                                            td { (grouped(test.only_second)) } td { (grouped(test.only_first)) }
                                            td { (p(test.p)) } td { (p(corrected.next().unwrap_or(1.0))) }
                                        }
                                        None => { td { "-" } td { "-" } td { "-" } td { "-" } }
                                    }
                                }
                            }
                        }
                    }
                }
            }
            ul.small.muted {
                li { "Intervals: " (crate::evaluate::BOOTSTRAP_DRAWS) " draws of whole patients out of " (subjects) ", the same for both \
                     models (paired bootstrap). They say what other patients would give, each for itself: of twenty such intervals one \
                     leaves 0 out by chance." }
                li { "McNemar’s exact test asks whether the two differ on these very beats. It takes beats as independent, which beats of \
                     one patient are not: its p is too small for a statement about new patients. Holm’s correction is for the " (tests.len())
                     " tests of this table." }
                li { "Another seed of the same network differs too. What one training gives says little of an architecture; "
                    code { "heart-darts study" } " compares means over seeds." }
            }
        }
        @for (model, comparison) in others.iter().zip(compared) {
            @if let Err(reason) = comparison {
                (left_out(&format!("{} is not compared with {}: {reason}.", model.name, first.name)))
            }
        }
        @if let Some(reason) = unpaired.filter(|_| some) {
            p.caution { "McNemar’s test is left out where what a model said of each beat is not known. " (code(reason)) }
        }
    }
}

fn difference(difference: Option<Difference>) -> Markup {
    let Some(difference) = difference else { return html! { "-" } };
    let points = format!("{:+.2}", 100.0 * difference.value).replace('-', "−");
    html! {
        @if difference.is_significant() { strong { (points) } } @else { (points) }
        span.interval { @if difference.interval.is_some() { (text::interval(difference.interval).replace('-', "−")) } }
    }
}

/// Three digits, or how small it is.
fn p(p: f64) -> String {
    match p {
        p if p < 1e-4 => "< 0.0001".into(),
        p if p < 0.01 => format!("{p:.4}"),
        p => format!("{p:.3}"),
    }
}
