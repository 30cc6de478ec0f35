//! The part of a page on a model.

use maud::{Markup, html};

use super::super::{Error, training_panels};
use super::pieces::{caution, code, data, duration, facts, folded, grouped, list, pictures, tile, time};
use super::{ModelPart, beats, figures, origin};
use crate::beat::SplitRule;
use crate::evaluate::text;
use crate::network::NetworkSpec;

pub(super) fn article(part: &ModelPart, id: &str) -> Result<Markup, Error> {
    let section = |name: &str| format!("{id}-{name}");
    let ModelPart { spec, evaluation, .. } = part;
    let genotype = match &spec.network {
        NetworkSpec::Derived { genotype, .. } => Some(genotype),
        NetworkSpec::Baseline(_) => None,
    };
    let mut sections = vec!["use", "confusion", "classes", "patients", "calibration", "beats", "training", "cost"];
    sections.extend(genotype.map(|_| "cells"));
    sections.push("origin");
    Ok(html! {
        article id=(id) {
            p.kind { "Model" }
            h1 { (part.name) }
            p.muted.small { (part.folder) }
            (tiles(part))
            @if matches!(spec.origin.split, SplitRule::Random { .. }) {
                (caution("The split is by beat: beats of the tested patients trained this model. Its figures do not say how well beats \
                          of new patients are classified."))
            }
            nav aria-label="Sections" { @for name in &sections { a href={ "#" (section(name)) } { (name) } } }
            h2 id=(section("use")) { "What it is for, and not for" }
            p { (code(&part.card.what)) }
            h3 { "For" } (list(&part.card.purposes))
            h3 { "Not for" } (list(&part.card.not_for))
            h3 { "Never tested" } (list(&part.card.never_tested))
            h2 id=(section("confusion")) { "What is taken for what" }
            p { (code(&evaluation.split)) }
            (figures::matrix(&evaluation.confusion_matrix))
            h2 id=(section("classes")) { "Figures" }
            (figures::classes(evaluation)?)
            @if !evaluation.notes.is_empty() { h3 { "To know" } (list(&evaluation.notes)) }
            h2 id=(section("patients")) { "Each record" }
            @if evaluation.records.is_empty() {
                p { "It is not known which beat is of which record." }
            } @else {
                (figures::records(evaluation))
            }
            h2 id=(section("calibration")) { "What its probabilities are worth" }
            @match &evaluation.calibration {
                Some(calibration) => (figures::calibration(calibration)?),
                None => p { "The probabilities behind these figures are not known." },
            }
            h2 id=(section("beats")) { "The worst beats" }
            @match &part.worst {
                Ok(strips) => (beats::worst(strips)?),
                Err(reason) => (left_out(reason)),
            }
            h2 id=(section("training")) { "Training" }
            (training(part)?)
            h2 id=(section("cost")) { "Cost" }
            (cost(part))
            @if let Some(genotype) = genotype {
                h2 id=(section("cells")) { "Cells" }
                (origin::cells(genotype)?)
                (origin::genotype(genotype))
            }
            h2 id=(section("origin")) { "Origin" }
            (from(part))
        }
    })
}

fn tiles(part: &ModelPart) -> Markup {
    let evaluation = &part.evaluation;
    let figures = &evaluation.figures;
    let within = evaluation.intervals.subjects.as_ref().unwrap_or(&evaluation.intervals.beats);
    let kind = if evaluation.intervals.subjects.is_some() { "by patient" } else { "by beat" };
    let note = |interval| format!("{} {kind}", text::interval(interval));
    let accuracy = text::percent(figures.accuracy);
    html! {
        dl.tiles {
            (tile("accuracy %", &accuracy, &note(within.accuracy)))
            (tile("F1 % of macro Se and +P", &text::percent(figures.f1_of_macro_means), &note(within.f1_of_macro_means)))
            (tile("macro sensitivity %", &text::percent(figures.macro_sensitivity), &note(within.macro_sensitivity)))
            (tile("macro +P %", &text::percent(figures.macro_positive_predictivity), &note(within.macro_positive_predictivity)))
            (tile("test beats", &grouped(evaluation.beats), &format!("{} records", evaluation.records.len())))
        }
    }
}

/// Why something is not there, and the command that puts it there.
pub(super) fn left_out(reason: &str) -> Markup {
    html! { p.caution { "Left out: " (code(reason)) } }
}

fn training(part: &ModelPart) -> Result<Markup, Error> {
    let origin = &part.spec.origin;
    Ok(html! {
        p { "The " (code(&origin.chosen())) ", seed " (origin.seed) "."
            @if let Some((seconds, speed)) = time(&part.timing) {
                " It took " (duration(seconds)) ", " (format!("{speed:.0}")) " beats a second."
            } }
        @if part.log.is_empty() {
            (left_out("the folder has no `run/log.jsonl`."))
        } @else {
            (pictures(&training_panels(&part.log), Some(origin.epoch.0))?)
        }
        @if let Some(summary) = &part.data { h3 { "Data and split" } (data(summary)) }
        @if !part.configuration.is_empty() { (folded("all settings: run/config.ron", &part.configuration)) }
    })
}

fn cost(part: &ModelPart) -> Markup {
    let cost = &part.cost;
    let processor = cost.processor.as_deref().unwrap_or("this machine");
    let threads = if cost.threads == 1 { "thread" } else { "threads" };
    let rows = [
        ("parameters", html! { (grouped(cost.parameters)) }),
        ("multiply-adds a beat", html! { (grouped(cost.multiply_adds)) }),
        ("one beat alone", html! { (format!("{:.2} ms", 1e3 * cost.beat_seconds)) }),
        ("in batches of 256", html! { (grouped(cost.beats_per_second.round() as u64)) " beats a second" }),
    ];
    html! {
        (facts(&rows))
        p.muted { "Measured on " (processor) ", " (cost.threads) " " (threads) ", when this page was made: medians, from samples in memory "
            "to logits. Multiply-adds are those of convolutions and fully connected layers, computed directly." }
    }
}

fn from(part: &ModelPart) -> Markup {
    let spec = &part.spec;
    let leads: Vec<String> = spec.leads.iter().map(ToString::to_string).collect();
    let rows = [
        ("network", html! { (spec.network) }),
        ("trained on", html! { (spec.origin.data.name) }),
        ("leads", html! { (leads.join(", ")) }),
        (
            "beats",
            html! {
                (spec.window.before) " samples before R, R, " (spec.window.after) " after, at " (spec.frequency) " Hz"
            },
        ),
        (
            "preprocessing",
            html! { code { (crate::support::files::to_ron(&spec.preprocessing).split_whitespace().collect::<Vec<_>>().join(" ")) } },
        ),
        ("written by", html! { "heart-darts " (spec.origin.crate_version) }),
    ];
    html! { (facts(&rows)) (origin::digests(&spec.digests())) }
}
