//! Sensitivity and positive predictivity of each class as points with intervals, for a page.

use super::axes::{Axes, ticks};
use super::sheet::{Align, Letters, Sheet, text_width};
use super::style::{BLUE, Colour, FAINT, NARROW, SMALL, VERMILLION};
use crate::evaluate::{Evaluation, Interval};

const ROW: f64 = 84.0;
const TOP: f64 = 60.0;

/// A row a class, from above in the order N S V F Q. The intervals are those by patient where there are any.
pub(super) fn sheet(evaluation: &Evaluation) -> Sheet {
    let intervals = evaluation.intervals.subjects.as_ref().unwrap_or(&evaluation.intervals.beats);
    let pairs = |class| {
        let (of, within) = (&evaluation.figures.classes[class], &intervals.classes[class]);
        [
            (of.sensitivity, within.sensitivity, BLUE, -16.0),
            (of.positive_predictivity, within.positive_predictivity, VERMILLION, 16.0),
        ]
    };
    let classes = crate::beat::Class::ALL;
    let least = classes.iter().flat_map(|class| pairs(*class)).filter_map(|(figure, interval, ..)| {
        Some(interval.map_or(figure?, |interval: Interval| interval.low.min(figure.unwrap_or(1.0))))
    });
    // Down to a round number below everything, so that figures near 100 % can be told apart.
    let least = (100.0 * least.fold(0.95, f64::min) / 10.0).floor() * 10.0;
    let bottom = TOP + ROW * classes.len() as f64;
    let mut sheet = Sheet::new(NARROW, bottom + 90.0);
    let axes = Axes { left: 70.0, top: TOP, right: NARROW - 40.0, bottom, x: (least, 100.0), y: (0.0, 1.0) };
    legend(&mut sheet);
    axes.ticks_below(&mut sheet, &ticks(axes.x, 5), true);
    axes.frame(&mut sheet);
    axes.title_below(&mut sheet, "percent");
    for class in classes {
        let middle = TOP + ROW * (class.index() as f64 + 0.5);
        sheet.letters(Letters::new(class.symbol(), (36.0, middle), SMALL).align(Align::Centre).bold());
        for (figure, interval, colour, down) in pairs(class) {
            point(&mut sheet, &axes, middle + down, figure, interval, colour);
        }
    }
    sheet
}

fn point(sheet: &mut Sheet, axes: &Axes, y: f64, figure: Option<f64>, interval: Option<Interval>, colour: Colour) {
    let x = |fraction: f64| axes.place(100.0 * fraction, 0.0).0;
    let Some(figure) = figure else {
        sheet.letters(Letters::new("none", (axes.left + 14.0, y), SMALL).colour(FAINT));
        return;
    };
    if let Some(Interval { low, high }) = interval {
        sheet.line([(x(low), y), (x(high), y)], colour, 4.0);
        for end in [low, high] {
            sheet.line([(x(end), y - 9.0), (x(end), y + 9.0)], colour, 4.0);
        }
    }
    sheet.dot((x(figure), y), 9.0, colour);
}

fn legend(sheet: &mut Sheet) {
    let mut x = 70.0;
    for (text, colour) in [("sensitivity", BLUE), ("positive predictivity", VERMILLION)] {
        sheet.dot((x + 12.0, 28.0), 9.0, colour);
        sheet.letters(Letters::new(text, (x + 34.0, 28.0), SMALL));
        x += 34.0 + text_width(text, SMALL) + 50.0;
    }
}

#[cfg(test)]
mod tests {
    use super::super::sheet::assert_legible;
    use super::*;
    use crate::evaluate::{ConfusionMatrix, RecordEvaluation};

    #[test]
    fn any_figures_are_legible() {
        let rows = [
            [[900, 0, 0, 0, 0], [3, 0, 0, 0, 0], [0, 0, 0, 4, 0], [0; 5], [0, 0, 0, 0, 1]],
            [[1, 7, 0, 0, 0], [0, 0, 8, 0, 0], [0; 5], [1; 5], [0; 5]],
        ];
        let matrix = |rows| ConfusionMatrix::new(rows).unwrap();
        let records = rows.iter().enumerate().map(|(i, rows)| RecordEvaluation::new("", i.to_string(), matrix(*rows)));
        for evaluation in [Evaluation::of_matrix("", matrix(rows[0])), Evaluation::new("", records.collect(), None)] {
            let sheet = sheet(&evaluation);
            assert_legible(&sheet);
        }
        let perfect = sheet(&Evaluation::of_matrix("", matrix([[5000, 0, 0, 0, 0]; 5])));
        assert!(perfect.texts().any(|letters| letters.text == "none"), "+P of S V F Q");
    }
}
