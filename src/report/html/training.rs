//! The part of a page on a training of which only the log is there: one that is not finished, or a log that was kept by itself.

use maud::{Markup, html};

use super::super::{Error, training_panels};
use super::TrainingPart;
use super::pieces::{caution, data, duration, folded, pictures, tile, time};
use crate::evaluate::text::percent;

pub(super) fn article(part: &TrainingPart, id: &str) -> Result<Markup, Error> {
    let kept = part.log.iter().rfind(|line| line.best);
    let of_kept = kept.map_or("no epoch".into(), |line| format!("epoch {}, the one kept", line.epoch));
    let validation = kept.and_then(|line| line.validation);
    let test = kept.and_then(|line| line.test);
    Ok(html! {
        article id=(id) {
            p.kind { "Training" }
            h1 { (part.name) }
            p.muted.small { (part.place) }
            (caution("Only the log of this training is here. What is taken for what, classes, patients and intervals are on the page of its \
                      model, once that is there."))
            dl.tiles {
                (tile("epochs", &part.log.len().to_string(), "in the log"))
                @if let Some(score) = validation {
                    (tile("validation accuracy %", &percent(Some(score.accuracy)), &of_kept))
                    (tile("validation F1 %", &percent(score.f1), &of_kept))
                }
                @if let Some(score) = test { (tile("test accuracy %", &percent(Some(score.accuracy)), &of_kept)) }
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
