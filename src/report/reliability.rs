//! The calibration curve: how often a model is right that is so sure.

use std::path::Path;

use super::Error;
use super::axes::{Axes, ticks};
use super::sheet::{Align, Letters, Sheet, text_width};
use super::style::{BLUE, FAINT, INK, NARROW, SMALL, TITLE};
use crate::evaluate::{Calibration, Interval, wilson};

/// Draws the share of beats that were classified rightly over the probability of the predicted class, bin by bin, with 95 %
/// intervals (Wilson's, beats as independent), beside the diagonal on which every probability could be taken at its word.
///
/// # Errors
/// As every picture: [`Error::Extension`], [`Error::Draw`], [`Error::File`].
pub fn reliability(calibration: &Calibration, title: &str, path: &Path) -> Result<(), Error> {
    sheet(calibration, title).save(path)
}

/// Without a title where there is no text for one.
pub(super) fn sheet(calibration: &Calibration, title: &str) -> Sheet {
    let down = if title.is_empty() { 0.0 } else { 64.0 };
    let mut sheet = Sheet::new(NARROW, 640.0 + down);
    if !title.is_empty() {
        sheet.letters(Letters::new(title, (130.0, 40.0), TITLE).bold());
    }
    let range = (0.0, 100.0);
    let axes = Axes { left: 130.0, top: 62.0 + down, right: NARROW - 24.0, bottom: 542.0 + down, x: range, y: range };
    legend(&mut sheet, 28.0 + down);
    axes.ticks_below(&mut sheet, &ticks(range, 5), true);
    axes.ticks_left(&mut sheet, &ticks(range, 5), true);
    sheet.dashes(axes.place(0.0, 0.0), axes.place(100.0, 100.0), FAINT, 3.0);
    axes.frame(&mut sheet);
    axes.title_below(&mut sheet, "probability of the predicted class (%)");
    axes.title_left(&mut sheet, "right (%)", 104.0);
    let place = |bin: &crate::evaluate::Reliability, share: f64| axes.place(100.0 * bin.confidence, 100.0 * share);
    for bin in &calibration.reliability {
        let right = (bin.accuracy * bin.beats as f64).round() as u64;
        let Some(Interval { low, high }) = wilson(right, bin.beats) else { continue };
        sheet.line([place(bin, low), place(bin, high)], INK, 2.0);
        for (x, y) in [place(bin, low), place(bin, high)] {
            sheet.line([(x - 8.0, y), (x + 8.0, y)], INK, 2.0);
        }
    }
    sheet.line(calibration.reliability.iter().map(|bin| place(bin, bin.accuracy)), BLUE, 4.0);
    calibration.reliability.iter().for_each(|bin| sheet.dot(place(bin, bin.accuracy), 8.0, BLUE));
    sheet
}

fn legend(sheet: &mut Sheet, y: f64) {
    let mut x = 130.0;
    for (text, of_model) in [("this model", true), ("probabilities at their word", false)] {
        match of_model {
            true => sheet.line([(x, y), (x + 44.0, y)], BLUE, 6.0),
            false => sheet.dashes((x, y), (x + 44.0, y), FAINT, 3.0),
        }
        sheet.letters(Letters::new(text, (x + 56.0, y), SMALL).align(Align::Left));
        x += 56.0 + text_width(text, SMALL) + 40.0;
    }
}

#[cfg(test)]
mod tests {
    use super::super::sheet::assert_legible;
    use super::*;
    use crate::beat::Class;

    #[test]
    fn any_calibration_is_legible() {
        let rows: Vec<f32> = (0..40).flat_map(|i| [i as f32 / 40.0, 1.0 - i as f32 / 40.0, 0.0, 0.0, 0.0]).collect();
        for beats in [1, 40] {
            let calibration = Calibration::of(&rows[..5 * beats], &vec![Class::N; beats]).unwrap().unwrap();
            for title in ["", "How sure, how right"] {
                assert_legible(&sheet(&calibration, title));
            }
        }
    }
}
