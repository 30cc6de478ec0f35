//! A confusion matrix as a heat map.

use std::path::Path;

use super::Error;
use super::sheet::{Align, Letters, Sheet};
use super::style::{FAINT, GRID, INK, LABEL, PAPER, SMALL, TITLE, shade};
use crate::beat::Class;
use crate::evaluate::ConfusionMatrix;

/// Draws a confusion matrix: rows the reference, columns the prediction, each cell with its count and its share of the
/// row, which is also its colour.
///
/// # Errors
/// As every picture: [`Error::Extension`], [`Error::Draw`], [`Error::File`].
pub fn confusion(matrix: &ConfusionMatrix, title: &str, path: &Path) -> Result<(), Error> {
    sheet(matrix, title).save(path)
}

fn sheet(matrix: &ConfusionMatrix, title: &str) -> Sheet {
    const CELL: (f64, f64) = (210.0, 140.0);
    const LEFT: f64 = 130.0;
    const TOP: f64 = 185.0;
    let (right, bottom) = (LEFT + 5.0 * CELL.0, TOP + 5.0 * CELL.1);
    let mut sheet = Sheet::new(right + 200.0, bottom + 130.0);
    sheet.letters(Letters::new(title, (LEFT, 45.0), TITLE).bold());
    let middle_of = |class: Class, from: f64, cell: f64| from + (class.index() as f64 + 0.5) * cell;
    for reference in Class::ALL {
        let y = middle_of(reference, TOP, CELL.1);
        let support = matrix.support(reference);
        sheet.letters(Letters::new(reference.symbol(), (LEFT - 25.0, y), LABEL).align(Align::Right).bold());
        let beats = Letters::new(grouped(support), (right + 170.0, y), SMALL).align(Align::Right).colour(FAINT);
        sheet.letters(beats);
        for prediction in Class::ALL {
            let x = middle_of(prediction, LEFT, CELL.0);
            let count = matrix.count(reference, prediction);
            let share = if support > 0 { count as f64 / support as f64 } else { 0.0 };
            let (half_width, half_height) = (CELL.0 / 2.0 - 2.0, CELL.1 / 2.0 - 2.0);
            // The root lets rare confusions show beside shares near 1.
            let ground = shade(share.sqrt());
            sheet.rectangle((x - half_width, y - half_height), (x + half_width, y + half_height), ground);
            let ink = if share > 0.25 { PAPER } else { INK };
            if count == 0 {
                sheet.letters(Letters::new("0", (x, y), LABEL).align(Align::Centre).colour(FAINT));
                continue;
            }
            let number = Letters::new(grouped(count), (x, y - 22.0), 1.15 * LABEL).align(Align::Centre).colour(ink);
            sheet.letters(if reference == prediction { number.bold() } else { number });
            let percent = format!("{:.2} %", 100.0 * share);
            sheet.letters(Letters::new(percent, (x, y + 24.0), SMALL).align(Align::Centre).colour(ink));
        }
    }
    for prediction in Class::ALL {
        let x = middle_of(prediction, LEFT, CELL.0);
        sheet.letters(Letters::new(prediction.symbol(), (x, TOP - 28.0), LABEL).align(Align::Centre).bold());
        let predicted = grouped(matrix.predicted(prediction));
        sheet.letters(Letters::new(predicted, (x, bottom + 32.0), SMALL).align(Align::Centre).colour(FAINT));
    }
    for i in 0..=5 {
        let (x, y) = (LEFT + f64::from(i) * CELL.0, TOP + f64::from(i) * CELL.1);
        sheet.line([(x, TOP), (x, bottom)], GRID, 1.0);
        sheet.line([(LEFT, y), (right, y)], GRID, 1.0);
    }
    let centre = (LEFT + right) / 2.0;
    sheet.letters(Letters::new("predicted class", (centre, TOP - 70.0), SMALL).align(Align::Centre).colour(FAINT));
    let reference = Letters::new("reference class", (45.0, (TOP + bottom) / 2.0), SMALL);
    sheet.letters(reference.align(Align::Centre).colour(FAINT).upwards());
    let heading = |text, at| Letters::new(text, at, SMALL).align(Align::Right).colour(FAINT);
    sheet.letters(heading("beats", (right + 170.0, TOP - 28.0)));
    sheet.letters(heading(&grouped(matrix.total()), (right + 170.0, bottom + 32.0)));
    let legend = "beats, and their share of the row; right and below: sums";
    sheet.letters(Letters::new(legend, (centre, bottom + 90.0), SMALL).align(Align::Centre).colour(FAINT));
    sheet
}

/// 16044 as "16 044".
pub(super) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let first = digits.len() % 3;
    let groups = digits.as_bytes()[first..].chunks(3).map(|group| String::from_utf8_lossy(group).into_owned());
    let parts: Vec<String> =
        std::iter::once(digits[..first].to_string()).filter(|part| !part.is_empty()).chain(groups).collect();
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::super::sheet::assert_legible;
    use super::*;

    #[test]
    fn digits_are_grouped_by_three() {
        let texts = [0, 12, 123, 1234, 123_456, 1_234_567].map(grouped);
        assert_eq!(texts, ["0", "12", "123", "1 234", "123 456", "1 234 567"]);
    }

    #[test]
    fn every_count_is_legible() {
        let matrix = ConfusionMatrix::new([[1_234_567; 5]; 5]).unwrap();
        let sheet = sheet(&matrix, "Heart-DARTS, 2 leads, random split 80/20 of MIT-BIH");
        assert_legible(&sheet);
        assert_eq!(sheet.texts().filter(|letters| letters.text == "1 234 567").count(), 25);
    }
}
