//! One page on what searches, models and trainings reached, that needs nothing but itself: figures in words and tables, pictures as SVG in
//! the text, style in its head, no script, and nothing that is loaded from elsewhere.
//!
//! A browser shows it light or dark as its user has it: pictures are drawn in the colours of `style`, which the page's style sheet
//! maps to variables. Whatever comes from a file (names of records, leads and folders, notes, configurations) is escaped, by maud in
//! the text and by plotters in pictures.

mod beats;
mod comparison;
mod document;
mod figures;
mod model;
mod origin;
mod parts;
mod pieces;
mod search;
mod training;

pub use parts::{
    DataSummary, DatabaseSummary, EpochTime, ModelPart, Part, PartSummary, SearchPart, SplitSummary, TrainingPart,
};

use maud::html;

use super::Error;

/// The page of some folders, those that are compared first; `command` is what made it.
///
/// # Errors
/// [`Error::Draw`] when plotters fails.
pub fn page(parts: &[Part], command: &str) -> Result<String, Error> {
    let models: Vec<&ModelPart> = parts
        .iter()
        .filter_map(|part| match part {
            Part::Model(model) => Some(&**model),
            Part::Search(_) | Part::Training(_) => None,
        })
        .collect();
    let compared = models.len() > 1;
    let mut articles = Vec::new();
    for (number, part) in (1..).zip(parts) {
        let id = format!("part-{number}");
        articles.push(match part {
            Part::Search(search) => search::article(search, &id)?,
            Part::Model(model) => model::article(model, &id)?,
            Part::Training(training) => training::article(training, &id)?,
        });
    }
    let title = match parts {
        [one] => one.name().to_owned(),
        more => format!("{} and {} more", more.first().map_or("", Part::name), more.len().saturating_sub(1)),
    };
    let body = html! {
        @if parts.len() > 1 {
            nav.contents aria-label="Contents" {
                @if compared { a href="#comparison" { "Comparison" } }
                @for (number, part) in (1..).zip(parts) { a href={ "#part-" (number) } { (part.name()) } }
            }
        }
        @if compared { (comparison::article(&models)) }
        @for article in &articles { (article) }
    };
    Ok(document::document(&title, command, &body))
}
