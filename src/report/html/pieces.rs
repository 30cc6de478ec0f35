//! What every part of a page is put together from.

use maud::{Markup, PreEscaped, html};

use super::super::Error;
use super::super::curves;
use super::super::sheet::Sheet;
use super::super::{CurvePanel, confusion};
use super::{DataSummary, EpochTime};
use crate::beat::Class;
use crate::evaluate::{Interval, text};

/// A headline figure with what to know of it.
pub(super) fn tile(name: &str, value: &str, note: &str) -> Markup {
    html! {
        div {
            dt { (name) }
            dd { span.value { (value) } @if !note.is_empty() { br; span.note { (note) } } }
        }
    }
}

/// A picture; `label` is read out to whoever cannot see it.
pub(super) fn picture(sheet: &Sheet, label: &str, caption: &Markup) -> Result<Markup, Error> {
    let svg = sheet.inline(label)?;
    Ok(html! { figure { (PreEscaped(svg)) @if !caption.0.is_empty() { figcaption { (caption) } } } })
}

/// Curves over epochs, a picture a panel.
pub(super) fn pictures(panels: &[CurvePanel], best: Option<usize>) -> Result<Markup, Error> {
    let drawn = panels.iter().map(|panel| {
        let names: Vec<&str> = panel.series.iter().map(|series| &*series.name).collect();
        let label = format!("{} over epochs: {}", panel.title, names.join(", "));
        picture(&curves::narrow(panel, best), &label, &html! {})
    });
    let drawn: Vec<Markup> = drawn.collect::<Result<_, _>>()?;
    Ok(html! { div.pictures { @for picture in &drawn { (picture) } } })
}

/// Names and what stands for them.
pub(super) fn facts(rows: &[(&str, Markup)]) -> Markup {
    html! {
        table.facts { tbody { @for (name, value) in rows { tr { th scope="row" { (name) } td { (value) } } } } }
    }
}

/// What a reader must not overlook.
pub(super) fn caution(text: &str) -> Markup {
    html! { p.caution { (code(text)) } }
}

/// A sentence with code between backticks, and what is **important**.
pub(super) fn code(text: &str) -> Markup {
    let parts: Vec<&str> = text.split('`').collect();
    // Of an even number one backtick has no other.
    let paired = parts.len() % 2 == 1;
    html! {
        @for (i, part) in parts.iter().enumerate() {
            @if i % 2 == 1 && paired { code { (part) } } @else if i % 2 == 1 { "`" (part) } @else { (strong(part)) }
        }
    }
}

fn strong(text: &str) -> Markup {
    html! { @for (i, part) in text.split("**").enumerate() { @if i % 2 == 1 { strong { (part) } } @else { (part) } } }
}

/// A list of sentences.
pub(super) fn list(sentences: &[String]) -> Markup {
    html! { ul { @for sentence in sentences { li { (code(sentence)) } } } }
}

/// A figure in percent with its interval.
pub(super) fn with_interval(fraction: Option<f64>, interval: Option<Interval>) -> Markup {
    // The place of an interval stays where there is none, so that figures stand below each other.
    html! { (text::percent(fraction)) span.interval { @if interval.is_some() { (text::interval(interval)) } } }
}

/// 18803 as 18 803, with spaces that do not break.
pub(super) fn grouped(count: u64) -> String {
    confusion::grouped(count).replace(' ', "\u{a0}")
}

/// 98.3 s, 12 min, 3.4 h.
pub(super) fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 120.0 => format!("{s:.0} s"),
        s if s < 7200.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}

/// How long all epochs took, and how many beats a second went through; `None` when it is not known.
pub(super) fn time(timing: &[EpochTime]) -> Option<(f64, f64)> {
    let seconds: f64 = timing.iter().map(|epoch| epoch.seconds).sum();
    let beats: f64 = timing.iter().map(|epoch| epoch.beats as f64).sum();
    (seconds > 0.0).then(|| (seconds, beats / seconds))
}

/// The database and its split.
pub(super) fn data(summary: &DataSummary) -> Markup {
    let split = &summary.split;
    let leads: Vec<String> = summary.database.leads.iter().map(ToString::to_string).collect();
    let parts = [("training", &split.training), ("validation", &split.validation), ("test", &split.test)];
    html! {
        p { (summary.database.title) " (" code { (summary.database.name) } "), leads " (leads.join(", ")) " at "
            (summary.database.frequency) " Hz. " (code(&split.sentence)) }
        div.scroll {
            table {
                caption { "Beats of each part." }
                thead { tr {
                    th scope="col" { "part" }
                    @for class in Class::ALL { th scope="col" { (class.symbol()) } }
                    th scope="col" { "beats" } th scope="col" { "records" } th scope="col" { "subjects" }
                } }
                tbody {
                    @for (name, part) in parts {
                        tr {
                            th scope="row" { (name) }
                            @for count in part.classes { td { (grouped(count)) } }
                            td { (grouped(part.beats)) } td { (part.records.len()) } td { (part.subjects.len()) }
                        }
                    }
                    @if let Some(limits) = summary.limits {
                        tr {
                            th scope="row" { "training, within limits" }
                            @for count in limits.after { td { (grouped(count as u64)) } }
                            td { (grouped(limits.after.into_iter().fold(0, usize::saturating_add) as u64)) } td {} td {}
                        }
                    }
                }
            }
        }
    }
}

/// A file's text, folded up, and left out on paper.
pub(super) fn folded(summary: &str, content: &str) -> Markup {
    html! { details.file { summary { (summary) } pre { code { (content) } } } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_keep_what_is_not_markup() {
        assert_eq!(code("a `b<` **c** d").0, "a <code>b&lt;</code> <strong>c</strong> d");
        assert_eq!(code("a ` b").0, "a ` b");
    }

    #[test]
    fn times_have_the_unit_that_fits() {
        assert_eq!([98.3, 600.0, 12_240.0].map(duration), ["98 s", "10 min", "3.4 h"]);
        assert_eq!(time(&[]), None);
        assert_eq!(time(&[EpochTime { beats: 30, seconds: 2.0 }; 2]), Some((4.0, 15.0)));
    }
}
