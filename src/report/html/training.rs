//! The part of a page on a training without its model: one that is not finished, or a log that was kept by itself.

use maud::{Markup, html};

use super::super::{Error, training_panels};
use super::TrainingPart;
use super::pieces::{caution, data, duration, folded, pictures, tile, time};
use crate::evaluate::text::percent;

pub(super) fn article(part: &TrainingPart, id: &str) -> Result<Markup, Error> {
    let kept = part.kept();
    let of_kept = kept.map_or("no epoch".into(), |line| format!("epoch {}, the one kept so far", line.epoch));
    let unfinished = part.data.is_some();
    let why = if unfinished {
        "This training is not finished, or its model is in another folder."
    } else {
        "This is the log of a training alone."
    };
    Ok(html! {
        article id=(id) {
            p.kind { "Training" }
            h1 { (part.name) }
            p.muted.small { (part.folder) }
            (caution(&format!("{why} What is taken for what, classes, patients and intervals are on the page of its model.")))
            dl.tiles {
                (tile("epochs", &part.log.len().to_string(), if unfinished { "so far" } else { "in the log" }))
                @if let Some(score) = kept.and_then(|line| line.validation) {
                    (tile("validation accuracy %", &percent(Some(score.accuracy)), &of_kept))
                    (tile("validation F1 %", &percent(score.f1), &of_kept))
                }
                @if let Some(score) = kept.and_then(|line| line.test) {
                    (tile("test accuracy %", &percent(Some(score.accuracy)), &of_kept))
                }
                @if let Some((seconds, speed)) = time(&part.timing) {
                    (tile("time", &duration(seconds), &format!("{speed:.0} beats a second")))
                }
            }
            h2 { "Losses and accuracies" }
            (pictures(&training_panels(&part.log), kept.map(|line| line.epoch))?)
            @if let Some(summary) = &part.data { h2 { "Data and split" } (data(summary)) }
            @if !part.configuration.is_empty() { (folded("all settings: config.ron", &part.configuration)) }
        }
    })
}
