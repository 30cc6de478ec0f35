//! The beats that a model is most sure of and wrong about.

use maud::{Markup, PreEscaped, html};

use super::super::{Error, Strip, strip};
use crate::beat::Class;

/// Each with its neighbours, in two columns where there is room.
pub(super) fn worst(strips: &[Strip]) -> Result<Markup, Error> {
    if strips.is_empty() {
        return Ok(html! { p { "No beat of the test part was classified wrongly." } });
    }
    let drawn: Vec<Markup> = strips.iter().map(one).collect::<Result<_, _>>()?;
    Ok(html! {
        p.muted {
            "Wrongly classified beats whose true class was given the least probability, at most two of a record. Above each beat: the \
             class of its annotation and what the model says; a dot where it was not asked, because the beat is not in the test \
             part. The coloured ground is what the model sees of the beat in the middle. Signals as recorded, before \
             preprocessing; a lead in brackets is not given to the model."
        }
        div.pictures.wide { @for beat in &drawn { (beat) } }
    })
}

fn one(strip: &Strip) -> Result<Markup, Error> {
    let (reference, predicted) = (strip.reference.symbol(), strip.predicted.symbol());
    let label =
        format!("Beat of record {} at {}: {reference} taken for {predicted}", strip.record, clock(strip.seconds));
    let percent = |class: Class| format!("{}\u{a0}{:.1}", class.symbol(), 100.0 * strip.probabilities[class.index()]);
    Ok(html! {
        figure.beat {
            h3 { "Record " (strip.record) ", " (clock(strip.seconds)) ": " (reference) " taken for " span.wrong { (predicted) } }
            (PreEscaped(strip::sheet(strip).inline(&label)?))
            figcaption {
                @for (i, class) in Class::ALL.into_iter().enumerate() {
                    @if i > 0 { " · " }
                    (percent(class))
                }
                " %"
            }
        }
    })
}

/// Seconds as 12:34.5, or 1:02:03.4.
fn clock(seconds: f64) -> String {
    let tenths = (10.0 * seconds).round() as u64;
    let (hours, minutes, rest) = (tenths / 36_000, tenths / 600 % 60, tenths % 600);
    let rest = format!("{:02}.{}", rest / 10, rest % 10);
    if hours > 0 { format!("{hours}:{minutes:02}:{rest}") } else { format!("{minutes}:{rest}") }
}

#[cfg(test)]
mod tests {
    #[test]
    fn times_read_like_a_clock() {
        assert_eq!([0.04, 59.96, 754.5, 3723.4].map(super::clock), ["0:00.0", "1:00.0", "12:34.5", "1:02:03.4"]);
    }
}
