//! Curves over epochs.

use std::path::Path;

use super::Error;
use super::axes::{Axes, range, ticks, whole_ticks};
use super::sheet::{Align, Letters, Sheet, text_width};
use super::style::{FAINT, INK, LABEL, SERIES, SMALL, TITLE, WIDTH};

/// One curve.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// What the legend calls it: `training`, `validation`.
    pub name: String,
    /// One value an epoch, the first being epoch 1. What is not finite leaves a gap.
    pub values: Vec<f64>,
}

/// The curves that share an axis.
#[derive(Debug, Clone, PartialEq)]
pub struct CurvePanel {
    /// The axis's title with its unit: `loss (nats)`, `accuracy (%)`.
    pub title: String,
    /// The curves; series of the same place have the same colour in all panels.
    pub series: Vec<Series>,
}

/// Draws curves over epochs, a panel beside the other. `best` marks an epoch (from 1), say the one whose weights were kept.
///
/// # Errors
/// [`Error::Data`] without a panel or without a single epoch; as every picture.
pub fn curves(panels: &[CurvePanel], best: Option<usize>, title: &str, path: &Path) -> Result<(), Error> {
    if panels.iter().flat_map(|panel| &panel.series).all(|series| series.values.is_empty()) {
        return Err(Error::Data {
            path: path.to_path_buf(),
            found: "no values".into(),
            expected: "one epoch or more; wait for the first to end",
        });
    }
    sheet(panels, best, title).save(path)
}

fn sheet(panels: &[CurvePanel], best: Option<usize>, title: &str) -> Sheet {
    const LEFT: f64 = 150.0;
    const TOP: f64 = 170.0;
    const BOTTOM: f64 = 730.0;
    let mut sheet = Sheet::new(WIDTH, 840.0);
    sheet.letters(Letters::new(title, (LEFT, 45.0), TITLE).bold());
    let names = legend(panels);
    let mut x = LEFT;
    for (i, name) in names.iter().enumerate() {
        sheet.line([(x, 109.0), (x + 44.0, 109.0)], SERIES[i % SERIES.len()], 6.0);
        sheet.letters(Letters::new(*name, (x + 56.0, 109.0), SMALL));
        x += 56.0 + text_width(name, SMALL) + 50.0;
    }
    if let Some(best) = best {
        sheet.dashes((x, 109.0), (x + 44.0, 109.0), FAINT, 3.0);
        sheet.letters(Letters::new(format!("epoch {best}, kept"), (x + 56.0, 109.0), SMALL));
    }
    let epochs = panels.iter().flat_map(|panel| &panel.series).map(|series| series.values.len()).max().unwrap_or(1);
    let width = (WIDTH - 30.0) / panels.len() as f64;
    for (i, panel) in panels.iter().enumerate() {
        let values = panel.series.iter().flat_map(|series| series.values.iter().copied());
        let left = i as f64 * width;
        let axes = Axes {
            left: left + LEFT,
            top: TOP,
            right: left + width - 10.0,
            bottom: BOTTOM,
            x: if epochs > 1 { (1.0, epochs as f64) } else { (0.0, 2.0) },
            y: range(values, 0.06),
        };
        let mut below = whole_ticks(axes.x, if panels.len() > 2 { 4 } else { 6 });
        if epochs > 4 && below.first().is_none_or(|tick| *tick > 1.0 + 0.08 * epochs as f64) {
            below.insert(0, 1.0);
        }
        axes.ticks_below(&mut sheet, &below, true);
        axes.ticks_left(&mut sheet, &ticks(axes.y, 6), true);
        if let Some(best) = best {
            let (x, _) = axes.place(best as f64, 0.0);
            sheet.dashes((x, axes.top), (x, axes.bottom), FAINT, 3.0);
        }
        axes.frame(&mut sheet);
        axes.title_below(&mut sheet, "epoch");
        axes.title_left(&mut sheet, &panel.title, 118.0);
        for series in &panel.series {
            let colour = names.iter().position(|name| *name == series.name).map_or(INK, |i| SERIES[i % SERIES.len()]);
            curve(&mut sheet, &axes, &series.values, colour);
        }
        if panel.series.iter().all(|series| series.values.iter().all(|value| !value.is_finite())) {
            let middle = ((axes.left + axes.right) / 2.0, (TOP + BOTTOM) / 2.0);
            sheet.letters(Letters::new("no values", middle, LABEL).align(Align::Centre).colour(FAINT));
        }
    }
    sheet
}

/// The names of all series, each once, in the order of their first appearance.
fn legend(panels: &[CurvePanel]) -> Vec<&str> {
    let mut names = Vec::new();
    for series in panels.iter().flat_map(|panel| &panel.series) {
        if !names.contains(&series.name.as_str()) {
            names.push(series.name.as_str());
        }
    }
    names
}

/// A line with gaps where values are not finite; values without neighbours are dots.
fn curve(sheet: &mut Sheet, axes: &Axes, values: &[f64], colour: super::style::Colour) {
    let mut epoch = 1;
    for run in values.chunk_by(|a, b| a.is_finite() == b.is_finite()) {
        if run[0].is_finite() {
            let points: Vec<_> = run.iter().zip(epoch..).map(|(v, epoch)| axes.place(epoch as f64, *v)).collect();
            if let [point] = points[..] {
                sheet.dot(point, 7.0, colour);
            }
            sheet.line(points, colour, 4.0);
        }
        epoch += run.len();
    }
}

#[cfg(test)]
mod tests {
    use super::super::sheet::assert_legible;
    use super::*;

    fn panel(title: &str, values: &[f64]) -> CurvePanel {
        let series = ["training", "validation"].map(|name| Series { name: name.into(), values: values.to_vec() });
        CurvePanel { title: title.into(), series: series.to_vec() }
    }

    #[test]
    fn any_number_of_epochs_is_legible() {
        for epochs in [1, 2, 3, 5, 7, 12, 49, 100, 1000] {
            let falling: Vec<f64> = (0..epochs).map(|epoch| 2.0 / (1.0 + f64::from(epoch))).collect();
            let rising: Vec<f64> = falling.iter().map(|value| 99.99 - value / 100.0).collect();
            for best in [None, Some(1), Some(epochs as usize)] {
                assert_legible(&sheet(&[panel("loss (nats)", &falling)], best, "Training"));
                let two = [panel("loss (nats)", &falling), panel("accuracy (%)", &rising)];
                assert_legible(&sheet(&two, best, "Training"));
                let three = [&two[..], &[panel("entropy of alpha (nats)", &falling)]].concat();
                assert_legible(&sheet(&three, best, "Search"));
            }
        }
    }

    #[test]
    fn what_is_not_finite_is_a_gap() {
        assert_legible(&sheet(&[panel("loss", &[f64::NAN, 1.0, f64::INFINITY, 0.5, 0.4])], None, ""));
        assert_legible(&sheet(&[panel("loss", &[f64::NAN, f64::NAN])], None, ""));
    }

    #[test]
    fn no_epoch_is_no_picture() {
        let error = curves(&[panel("loss", &[])], None, "", Path::new("x.svg")).unwrap_err().to_string();
        assert!(error.contains("x.svg") && error.contains("one epoch or more"), "{error}");
    }
}
