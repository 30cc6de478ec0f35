//! A beat with its neighbours, as the record has them.

use std::path::Path;

use super::Error;
use super::axes::{Axes, range, ticks};
use super::sheet::{Align, Letters, Sheet};
use super::style::{BLUE, FAINT, FOCUS, INK, NARROW, SMALL, VERMILLION};
use crate::beat::Class;

/// A stretch of a record around one beat.
#[derive(Debug, Clone, PartialEq)]
pub struct Strip {
    /// The record's name.
    pub record: String,
    /// The beat's R peak, in seconds from the record's beginning.
    pub seconds: f64,
    /// The beat's class by its annotation.
    pub reference: Class,
    /// What the model takes it for.
    pub predicted: Class,
    /// The model's probabilities of N, S, V, F and Q.
    pub probabilities: [f32; 5],
    /// The model's window, in seconds before and after R.
    pub window: (f64, f64),
    /// Where the samples begin, in seconds from R (below 0).
    pub start: f64,
    /// Sampling frequency in Hz.
    pub frequency: f64,
    /// The leads, one at least.
    pub leads: Vec<StripLead>,
    /// The beats of the stretch, the one in the middle among them.
    pub beats: Vec<StripBeat>,
}

/// A lead of a [`Strip`].
#[derive(Debug, Clone, PartialEq)]
pub struct StripLead {
    /// Its name.
    pub name: String,
    /// Its unit: `mV`.
    pub unit: String,
    /// Whether the model is given it.
    pub used: bool,
    /// `[samples]`; what is not finite leaves a gap.
    pub samples: Vec<f64>,
}

/// A beat of a [`Strip`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StripBeat {
    /// Its R peak, in seconds from that of the beat in the middle.
    pub at: f64,
    /// Its class by its annotation.
    pub reference: Class,
    /// What the model takes it for; `None` where it was not asked (beats that are not in the test part).
    pub predicted: Option<Class>,
}

/// Draws a strip: a row a lead over seconds from R, the model's window on a ground of its own, above each beat its reference and
/// what the model says.
///
/// # Errors
/// [`Error::Data`] without a lead of two samples or with a frequency that is not above 0; as every picture.
pub fn strip(strip: &Strip, path: &Path) -> Result<(), Error> {
    let found = match strip.leads.first().map_or(0, |lead| lead.samples.len()) {
        _ if !(strip.frequency > 0.0 && strip.frequency.is_finite()) => format!("{} Hz", strip.frequency),
        samples @ 0..2 => format!("a stretch of {samples} samples"),
        _ => return sheet(strip).save(path),
    };
    Err(Error::Data {
        path: path.to_path_buf(),
        found,
        expected: "a lead of two samples or more at a frequency above 0",
    })
}

const LEFT: f64 = 150.0;
const RIGHT: f64 = NARROW - 14.0;
const TOP: f64 = 80.0;
const HEIGHT: f64 = 210.0;
const GAP: f64 = 18.0;
/// Letters of two beats need so much room.
const APART: f64 = 24.0;

pub(super) fn sheet(strip: &Strip) -> Sheet {
    let Strip { start, frequency, leads, beats, .. } = strip;
    let samples = leads.iter().map(|lead| lead.samples.len()).max().unwrap_or(0);
    let x = (*start, start + samples.saturating_sub(1).max(1) as f64 / frequency);
    let bottom = TOP + leads.len() as f64 * (HEIGHT + GAP) - GAP;
    let mut sheet = Sheet::new(NARROW, bottom + 84.0);
    for (row, lead) in leads.iter().enumerate() {
        let top = TOP + row as f64 * (HEIGHT + GAP);
        let axes = Axes {
            left: LEFT,
            top,
            right: RIGHT,
            bottom: top + HEIGHT,
            x,
            y: range(lead.samples.iter().copied(), 0.08),
        };
        let within = |seconds: f64| axes.place(seconds.clamp(x.0, x.1), 0.0).0;
        let (from, to) = (within(-strip.window.0), within(strip.window.1));
        sheet.rectangle((from, axes.top), (to, axes.bottom), FOCUS);
        let last = row + 1 == leads.len();
        axes.ticks_below(&mut sheet, &ticks(x, 5), last);
        axes.ticks_left(&mut sheet, &ticks(axes.y, 4), true);
        axes.frame(&mut sheet);
        let title = if lead.used { lead.name.clone() } else { format!("({})", lead.name) };
        axes.title_left(&mut sheet, &format!("{} {}", shortened(&title), shortened(&lead.unit)), 122.0);
        trace(&mut sheet, &axes, lead, *start, *frequency);
        if last {
            let middle = ((LEFT + RIGHT) / 2.0, axes.bottom + 2.4 * SMALL);
            sheet.letters(Letters::new("seconds from R", middle, SMALL).align(Align::Centre));
        }
    }
    let place = |seconds: f64| LEFT + (RIGHT - LEFT) * (seconds - x.0) / (x.1 - x.0);
    for (text, y) in [("reference", 20.0), ("model", 52.0)] {
        sheet.letters(Letters::new(text, (LEFT - 12.0, y), SMALL).align(Align::Right).colour(FAINT));
    }
    // The beat that is meant first: where beats crowd, its letters are not the ones that are left out.
    let mut sorted: Vec<&StripBeat> = beats.iter().filter(|beat| beat.at >= x.0 && beat.at <= x.1).collect();
    sorted.sort_by(|a, b| a.at.abs().total_cmp(&b.at.abs()));
    let mut taken: Vec<f64> = Vec::new();
    for beat in sorted {
        let at = place(beat.at).clamp(LEFT + 10.0, RIGHT - 10.0);
        if taken.iter().any(|other| (other - at).abs() < APART) {
            continue;
        }
        taken.push(at);
        label(&mut sheet, beat, at);
    }
    sheet
}

fn label(sheet: &mut Sheet, beat: &StripBeat, x: f64) {
    let meant = beat.at == 0.0;
    let wrong = beat.predicted.is_some_and(|predicted| predicted != beat.reference);
    let model = beat.predicted.map_or("·", |predicted| predicted.symbol());
    let colour = match () {
        () if wrong => VERMILLION,
        () if meant => INK,
        () => FAINT,
    };
    for (text, y, colour) in [(beat.reference.symbol(), 20.0, if meant { INK } else { FAINT }), (model, 52.0, colour)] {
        let letters = Letters::new(text, (x, y), SMALL).align(Align::Centre).colour(colour);
        sheet.letters(if meant { letters.bold() } else { letters });
    }
}

fn trace(sheet: &mut Sheet, axes: &Axes, lead: &StripLead, start: f64, frequency: f64) {
    let points = lead.samples.iter().enumerate().map(|(i, value)| (start + i as f64 / frequency, *value));
    let points: Vec<_> = points.collect();
    for run in points.chunk_by(|a, b| a.1.is_finite() == b.1.is_finite()).filter(|run| run[0].1.is_finite()) {
        sheet.line(run.iter().map(|(x, y)| axes.place(*x, *y)), if lead.used { BLUE } else { FAINT }, 3.0);
    }
}

/// A name that fits beside its row, however long the header has it.
fn shortened(name: &str) -> String {
    const MOST: usize = 9;
    if name.chars().count() <= MOST { name.into() } else { name.chars().take(MOST - 1).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use super::super::sheet::assert_legible;
    use super::*;

    fn example(leads: usize, gap: f64) -> Strip {
        let lead = |i: usize| StripLead {
            name: ["MLII", "V1", "a lead of a long name"][i].into(),
            unit: "mV".into(),
            used: i == 0,
            samples: (0..1440).map(|k| if k == 99 { f64::NAN } else { (0.02 * k as f64).sin() }).collect(),
        };
        let beat = |i: i32| StripBeat {
            at: gap * f64::from(i),
            reference: Class::V,
            predicted: [None, Some(Class::N), Some(Class::V)][(i + 20) as usize % 3],
        };
        Strip {
            record: "<100>".into(),
            seconds: 7.5,
            reference: Class::V,
            predicted: Class::N,
            probabilities: [0.9, 0.0, 0.1, 0.0, 0.0],
            window: (0.275, 0.556),
            start: -2.0,
            frequency: 360.0,
            leads: (0..leads).map(lead).collect(),
            beats: (-20..=20).map(beat).collect(),
        }
    }

    #[test]
    fn crowded_beats_and_many_leads_are_legible() {
        for leads in 1..=3 {
            for gap in [0.01, 0.11, 0.4, 1.0, 9.0] {
                let sheet = sheet(&example(leads, gap));
                assert_legible(&sheet);
                let meant = sheet.texts().filter(|letters| letters.bold).map(|letters| &*letters.text);
                assert_eq!(meant.collect::<String>().len(), 2, "reference and model of the beat in the middle");
            }
        }
    }

    #[test]
    fn what_cannot_be_drawn_is_refused() {
        let none = Strip { leads: Vec::new(), ..example(1, 1.0) };
        let error = strip(&none, Path::new("x.svg")).unwrap_err().to_string();
        assert!(error.contains("0 samples"), "{error}");
        let still = Strip { frequency: 0.0, ..example(1, 1.0) };
        assert!(strip(&still, Path::new("x.svg")).unwrap_err().to_string().contains("0 Hz"));
    }
}
