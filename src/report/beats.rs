//! What beats look like, by class and lead.

use std::path::Path;

use super::Error;
use super::axes::{Axes, range, ticks};
use super::confusion::grouped;
use super::sheet::{Align, Letters, Sheet};
use super::style::{FAINT, SMALL, TITLE, WIDTH, class as colour_of};
use crate::beat::Class;

/// The beats of one class on one lead.
#[derive(Debug, Clone, PartialEq)]
pub struct BeatPanel {
    /// Their class.
    pub class: Class,
    /// The lead's name.
    pub lead: String,
    /// How many beats the mean is of.
    pub beats: u64,
    /// The mean beat, `[samples]`.
    pub mean: Vec<f64>,
    /// A few single beats, `[beats, samples]`.
    pub singles: Vec<Vec<f64>>,
}

/// What the numbers of the panels are.
#[derive(Debug, Clone, PartialEq)]
pub struct BeatScale {
    /// Sampling frequency in Hz.
    pub frequency: f64,
    /// Samples before the R peak.
    pub before: usize,
    /// The vertical axis with its unit: `mV`, `standardised`.
    pub unit: String,
}

/// Draws mean and single beats, a row a lead and a column a class, over seconds from the R peak. The leads' rows have
/// scales of their own, the classes of a lead share theirs.
///
/// # Errors
/// [`Error::Data`] without panels, with beats of different lengths or of fewer than two samples, or with a frequency that
/// is not above 0; as every picture.
pub fn beats(panels: &[BeatPanel], scale: &BeatScale, title: &str, path: &Path) -> Result<(), Error> {
    let wrong = |found: String, expected| Err(Error::Data { path: path.to_path_buf(), found, expected });
    let Some(first) = panels.first() else {
        return wrong("no beats".into(), "beats of one class or more");
    };
    let samples = first.mean.len();
    if samples < 2 {
        return wrong(format!("beats of {samples} samples"), "two or more");
    }
    if !(scale.frequency > 0.0 && scale.frequency.is_finite()) {
        return wrong(format!("{} Hz", scale.frequency), "a frequency above 0");
    }
    for panel in panels {
        let other = std::iter::once(&panel.mean).chain(&panel.singles).find(|beat| beat.len() != samples);
        if let Some(beat) = other {
            let found = format!("{} and {samples} samples in beats (class {})", beat.len(), panel.class.symbol());
            return wrong(found, "beats of one length");
        }
    }
    sheet(panels, scale, title).save(path)
}

fn sheet(panels: &[BeatPanel], scale: &BeatScale, title: &str) -> Sheet {
    const LEFT: f64 = 150.0;
    const TOP: f64 = 150.0;
    const HEIGHT: f64 = 300.0;
    const GAP: (f64, f64) = (24.0, 34.0);
    let classes: Vec<Class> =
        Class::ALL.into_iter().filter(|class| panels.iter().any(|panel| panel.class == *class)).collect();
    let mut leads: Vec<&str> = Vec::new();
    for panel in panels {
        if !leads.contains(&panel.lead.as_str()) {
            leads.push(&panel.lead);
        }
    }
    let bottom = TOP + leads.len() as f64 * (HEIGHT + GAP.1) - GAP.1;
    let mut sheet = Sheet::new(WIDTH, bottom + 105.0);
    sheet.letters(Letters::new(title, (LEFT, 45.0), TITLE).bold());
    let width = (WIDTH - LEFT - 30.0 + GAP.0) / classes.len() as f64 - GAP.0;
    let samples = panels.first().map_or(2, |panel| panel.mean.len());
    let seconds = |sample: usize| (sample as f64 - scale.before as f64) / scale.frequency;
    for (row, lead) in leads.iter().enumerate() {
        let of_lead = || panels.iter().filter(|panel| panel.lead == *lead);
        let y = vertical_range(of_lead());
        for (column, class) in classes.iter().enumerate() {
            let left = LEFT + column as f64 * (width + GAP.0);
            let top = TOP + row as f64 * (HEIGHT + GAP.1);
            let axes =
                Axes { left, top, right: left + width, bottom: top + HEIGHT, x: (seconds(0), seconds(samples - 1)), y };
            let last = row + 1 == leads.len();
            axes.ticks_below(&mut sheet, &ticks(axes.x, if width < 400.0 { 3 } else { 6 }), last);
            axes.ticks_left(&mut sheet, &ticks(axes.y, 5), column == 0);
            axes.frame(&mut sheet);
            if column == 0 {
                axes.title_left(&mut sheet, &format!("{lead} ({})", scale.unit), 112.0);
            }
            let Some(panel) = of_lead().find(|panel| panel.class == *class) else { continue };
            if row == 0 {
                let heading = format!("{}, {} beats", class.symbol(), grouped(panel.beats));
                let middle = ((axes.left + axes.right) / 2.0, axes.top - 24.0);
                sheet.letters(Letters::new(heading, middle, SMALL).align(Align::Centre));
            }
            let points = |beat: &[f64]| {
                let finite = beat.iter().enumerate().filter(|(_, value)| value.is_finite());
                finite.map(|(i, value)| axes.place_within(seconds(i), *value)).collect::<Vec<_>>()
            };
            for single in &panel.singles {
                sheet.faint_line(points(single), FAINT, 0.35, 1.5);
            }
            sheet.line(points(&panel.mean), colour_of(*class), 5.0);
        }
    }
    let middle = (LEFT + WIDTH - 30.0) / 2.0;
    sheet.letters(Letters::new("seconds from the R peak", (middle, bottom + 2.6 * SMALL), SMALL).align(Align::Centre));
    let legend = "thick: mean of the class; grey: single beats";
    let right = (WIDTH - 30.0, 45.0);
    sheet.letters(Letters::new(legend, right, SMALL).align(Align::Right).colour(FAINT));
    sheet
}

/// All of the means and all but the outermost 1 % of the single beats' values, which may be cut off.
fn vertical_range<'a>(panels: impl Iterator<Item = &'a BeatPanel> + Clone) -> (f64, f64) {
    let singles = panels.clone().flat_map(|panel| panel.singles.iter().flatten()).copied();
    let mut singles: Vec<f64> = singles.filter(|value| value.is_finite()).collect();
    singles.sort_by(f64::total_cmp);
    let cut = singles.len() / 200;
    let inner = singles.get(cut..singles.len() - cut).unwrap_or_default();
    let ends = inner.first().into_iter().chain(inner.last()).copied();
    range(panels.flat_map(|panel| panel.mean.iter().copied()).chain(ends), 0.06)
}

#[cfg(test)]
mod tests {
    use super::super::sheet::assert_legible;
    use super::*;

    fn panels(classes: usize, leads: usize) -> Vec<BeatPanel> {
        let panel = |class, lead: usize| BeatPanel {
            class,
            lead: ["MLII", "V1", "V5"][lead].into(),
            beats: 101_325,
            mean: (0..300).map(|i| f64::from(i) / 100.0).collect(),
            singles: vec![vec![f64::NAN; 300]; 3],
        };
        (0..leads).flat_map(|lead| Class::ALL[..classes].iter().map(move |class| panel(*class, lead))).collect()
    }

    const MILLIVOLT: fn() -> BeatScale = || BeatScale { frequency: 360.0, before: 99, unit: "mV".into() };

    #[test]
    fn any_number_of_panels_is_legible() {
        for (classes, leads) in [(1, 1), (2, 2), (5, 1), (5, 2), (5, 3)] {
            assert_legible(&sheet(&panels(classes, leads), &MILLIVOLT(), "Beats of MIT-BIH Arrhythmia"));
        }
    }

    #[test]
    fn beats_of_two_lengths_are_refused() {
        let mut panels = panels(5, 2);
        panels[7].singles[1].pop();
        let error = beats(&panels, &MILLIVOLT(), "", Path::new("x.png")).unwrap_err().to_string();
        assert!(error.contains("found 299 and 300 samples in beats (class V)"), "{error}");
        let error = beats(&[], &MILLIVOLT(), "", Path::new("x.png")).unwrap_err().to_string();
        assert!(error.contains("no beats"), "{error}");
    }
}
