//! Sensitivity and positive predictivity of each class.

use std::path::Path;

use super::Error;
use super::axes::{Axes, ticks};
use super::confusion::grouped;
use super::sheet::{Align, Letters, Sheet};
use super::style::{BLUE, Colour, FAINT, INK, LABEL, ORANGE, SMALL, TITLE, WIDTH};
use crate::evaluate::{Evaluation, Interval};

/// Draws sensitivity and positive predictivity of each class as bars from 0 to 100 %, with 95 % intervals: by patient
/// where the evaluation has them, else by beat; the picture says which.
///
/// # Errors
/// As every picture: [`Error::Extension`], [`Error::Draw`], [`Error::File`].
pub fn class_bars(evaluation: &Evaluation, title: &str, path: &Path) -> Result<(), Error> {
    sheet(evaluation, title).save(path)
}

fn sheet(evaluation: &Evaluation, title: &str) -> Sheet {
    const BAR: f64 = 96.0;
    let mut sheet = Sheet::new(WIDTH, 860.0);
    let axes = Axes { left: 130.0, top: 170.0, right: WIDTH - 30.0, bottom: 730.0, x: (-0.5, 4.5), y: (0.0, 100.0) };
    sheet.letters(Letters::new(title, (axes.left, 45.0), TITLE).bold());
    axes.ticks_left(&mut sheet, &ticks(axes.y, 5), true);
    axes.title_left(&mut sheet, "percent", 95.0);
    let (intervals, kind) = match &evaluation.intervals.subjects {
        Some(subjects) => (subjects, "patients"),
        None => (&evaluation.intervals.beats, "beats"),
    };
    for (class, of) in evaluation.figures.classes.iter() {
        let within = &intervals.classes[class];
        let (middle, _) = axes.place(class.index() as f64, 0.0);
        let pair = [
            (middle - BAR / 2.0 - 8.0, of.sensitivity, within.sensitivity, BLUE),
            (middle + BAR / 2.0 + 8.0, of.positive_predictivity, within.positive_predictivity, ORANGE),
        ];
        for (x, figure, interval, colour) in pair {
            bar(&mut sheet, &axes, (x, BAR), figure, interval, colour);
        }
        let name = Letters::new(class.symbol(), (middle, axes.bottom + 30.0), LABEL).align(Align::Centre).bold();
        sheet.letters(name);
        let beats = format!("{} beats", grouped(evaluation.support[class]));
        sheet.letters(Letters::new(beats, (middle, axes.bottom + 68.0), SMALL).align(Align::Centre).colour(FAINT));
    }
    sheet.line([(axes.left, axes.bottom), (axes.right, axes.bottom)], INK, 2.0);
    let mut x = axes.left;
    for (text, colour) in [("sensitivity", Some(BLUE)), ("positive predictivity", Some(ORANGE)), ("", None)] {
        match colour {
            Some(colour) => {
                sheet.rectangle((x, 96.0), (x + 26.0, 122.0), colour);
                sheet.letters(Letters::new(text, (x + 38.0, 109.0), SMALL));
                x += 38.0 + super::sheet::text_width(text, SMALL) + 50.0;
            }
            None => {
                let text = format!("whiskers: 95 % interval over {kind}");
                sheet.letters(Letters::new(text, (x, 109.0), SMALL).colour(FAINT));
            }
        }
    }
    sheet
}

fn bar(
    sheet: &mut Sheet,
    axes: &Axes,
    (x, width): (f64, f64),
    figure: Option<f64>,
    interval: Option<Interval>,
    colour: Colour,
) {
    let height = |fraction: f64| axes.place(0.0, 100.0 * fraction).1;
    let Some(figure) = figure else {
        let at = (x, axes.bottom - 22.0);
        sheet.letters(Letters::new("none", at, SMALL).align(Align::Centre).colour(FAINT));
        return;
    };
    sheet.rectangle((x - width / 2.0, height(figure)), (x + width / 2.0, axes.bottom), colour);
    let mut top = height(figure);
    if let Some(Interval { low, high }) = interval {
        sheet.line([(x, height(low)), (x, height(high))], INK, 3.0);
        for end in [low, high] {
            sheet.line([(x - 14.0, height(end)), (x + 14.0, height(end))], INK, 3.0);
        }
        top = top.min(height(high));
    }
    let text = format!("{:.1}", 100.0 * figure);
    sheet.letters(Letters::new(text, (x, top - 22.0), SMALL).align(Align::Centre));
}

#[cfg(test)]
mod tests {
    use super::super::sheet::assert_legible;
    use super::*;
    use crate::evaluate::ConfusionMatrix;

    #[test]
    fn undefined_figures_have_no_bar() {
        let rows = [[1_600_000, 0, 0, 0, 0], [3, 0, 0, 0, 0], [0, 0, 0, 4, 0], [0; 5], [0, 0, 0, 0, 1]];
        let evaluation = Evaluation::of_matrix("", ConfusionMatrix::new(rows).unwrap());
        let sheet = sheet(&evaluation, "Heart-DARTS");
        assert_legible(&sheet);
        // +P of S and V, which are never predicted, and Se of F, which has no beats.
        assert_eq!(sheet.texts().filter(|letters| letters.text == "none").count(), 3);
    }
}
