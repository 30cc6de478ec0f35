//! Curves over epochs.

use std::path::Path;

use super::Error;
use super::axes::{Axes, range, ticks, whole_ticks};
use super::sheet::{Align, Letters, Sheet, text_width};
use super::style::{Colour, FAINT, INK, LABEL, NARROW, SERIES, SMALL, TITLE, WIDTH};

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

/// One panel for a page, the legend above it.
pub(super) fn narrow(panel: &CurvePanel, best: Option<usize>) -> Sheet {
    let panels = std::slice::from_ref(panel);
    let legend = Legend::new(panels, best, (130.0, NARROW - 10.0));
    let lower = legend.lower();
    let mut sheet = Sheet::new(NARROW, 560.0 + lower);
    legend.draw(&mut sheet, 28.0);
    let axes = Axes {
        left: 130.0,
        top: 62.0 + lower,
        right: NARROW - 30.0,
        bottom: 462.0 + lower,
        x: epochs(panels),
        y: range(panel.series.iter().flat_map(|series| series.values.iter().copied()), 0.06),
    };
    draw(&mut sheet, &axes, panel, &legend, best, (6, 104.0));
    sheet
}

fn sheet(panels: &[CurvePanel], best: Option<usize>, title: &str) -> Sheet {
    const LEFT: f64 = 150.0;
    let legend = Legend::new(panels, best, (LEFT, WIDTH - 10.0));
    let lower = legend.lower();
    let mut sheet = Sheet::new(WIDTH, 840.0 + lower);
    sheet.letters(Letters::new(title, (LEFT, 45.0), TITLE).bold());
    legend.draw(&mut sheet, 109.0);
    let width = (WIDTH - 30.0) / panels.len() as f64;
    for (i, panel) in panels.iter().enumerate() {
        let values = panel.series.iter().flat_map(|series| series.values.iter().copied());
        let left = i as f64 * width;
        let axes = Axes {
            left: left + LEFT,
            top: 170.0 + lower,
            right: left + width - 10.0,
            bottom: 730.0 + lower,
            x: epochs(panels),
            y: range(values, 0.06),
        };
        draw(&mut sheet, &axes, panel, &legend, best, (if panels.len() > 2 { 4 } else { 6 }, 118.0));
    }
    sheet
}

/// The first and the last epoch of the horizontal axis.
fn epochs(panels: &[CurvePanel]) -> (f64, f64) {
    let epochs = panels.iter().flat_map(|panel| &panel.series).map(|series| series.values.len()).max().unwrap_or(1);
    if epochs > 1 { (1.0, epochs as f64) } else { (0.0, 2.0) }
}

/// What the colours mean, in as many lines as it takes.
struct Legend {
    /// The names of all series, each once, in the order of their first appearance.
    names: Vec<String>,
    /// What is written: the names, as far as a line holds them, and the mark of the best epoch, if there is one.
    words: Vec<String>,
    /// Where each begins: how far right, in which line.
    places: Vec<(f64, usize)>,
}

impl Legend {
    /// Between two lines of it.
    const LINE: f64 = 44.0;
    /// Of the stroke in a series' colour.
    const STROKE: f64 = 44.0;
    /// From the beginning of a stroke to its word.
    const INDENT: f64 = 56.0;
    /// From a word to the next stroke.
    const GAP: f64 = 50.0;

    /// Between the left and the right end of its lines.
    fn new(panels: &[CurvePanel], best: Option<usize>, (left, right): (f64, f64)) -> Self {
        let mut names: Vec<String> = Vec::new();
        for series in panels.iter().flat_map(|panel| &panel.series) {
            if !names.contains(&series.name) {
                names.push(series.name.clone());
            }
        }
        let room = right - left - Self::INDENT;
        let words =
            names.iter().map(|name| shortened(name, room)).chain(best.map(|best| format!("epoch {best}, kept")));
        let words: Vec<String> = words.collect();
        let (mut x, mut line) = (left, 0);
        let place = |word: &String| {
            let width = Self::INDENT + text_width(word, SMALL);
            if x > left && x + width > right {
                (x, line) = (left, line + 1);
            }
            let place = (x, line);
            x += width + Self::GAP;
            place
        };
        let places = words.iter().map(place).collect();
        Self { names, words, places }
    }

    /// How much lower everything below is than with one line.
    fn lower(&self) -> f64 {
        self.places.last().map_or(0.0, |(_, line)| *line as f64 * Self::LINE)
    }

    fn colour(&self, name: &str) -> Colour {
        self.names.iter().position(|other| other == name).map_or(INK, |i| SERIES[i % SERIES.len()])
    }

    /// The first line at `y`.
    fn draw(&self, sheet: &mut Sheet, y: f64) {
        for (i, (word, (x, line))) in self.words.iter().zip(&self.places).enumerate() {
            let (x, y) = (*x, y + *line as f64 * Self::LINE);
            match self.names.get(i) {
                Some(name) => sheet.line([(x, y), (x + Self::STROKE, y)], self.colour(name), 6.0),
                None => sheet.dashes((x, y), (x + Self::STROKE, y), FAINT, 3.0),
            }
            sheet.letters(Letters::new(word, (x + Self::INDENT, y), SMALL));
        }
    }
}

/// A name as far as there is room for it: of long ones the end, which tells paths apart.
fn shortened(name: &str, room: f64) -> String {
    let ends = name.char_indices().map(|(at, _)| if at == 0 { name.to_owned() } else { format!("…{}", &name[at..]) });
    ends.into_iter().find(|end| text_width(end, SMALL) <= room).unwrap_or_default()
}

/// A panel with at most so many ticks below, and its title so far to the left.
fn draw(
    sheet: &mut Sheet,
    axes: &Axes,
    panel: &CurvePanel,
    legend: &Legend,
    best: Option<usize>,
    (most, distance): (usize, f64),
) {
    let last = axes.x.1;
    let mut below = whole_ticks(axes.x, most);
    if last > 4.0 && below.first().is_none_or(|tick| *tick > 1.0 + 0.08 * last) {
        below.insert(0, 1.0);
    }
    axes.ticks_below(sheet, &below, true);
    let mut finite = panel.series.iter().flat_map(|series| &series.values).filter(|value| value.is_finite()).peekable();
    // There is no half of what is counted.
    let counts = finite.peek().is_some() && finite.all(|value| value.fract() == 0.0);
    let left = if counts { whole_ticks(axes.y, 6) } else { ticks(axes.y, 6) };
    axes.ticks_left(sheet, &left, true);
    if let Some(best) = best {
        let (x, _) = axes.place(best as f64, 0.0);
        sheet.dashes((x, axes.top), (x, axes.bottom), FAINT, 3.0);
    }
    axes.frame(sheet);
    axes.title_below(sheet, "epoch");
    axes.title_left(sheet, &panel.title, distance);
    for series in &panel.series {
        curve(sheet, axes, &series.values, legend.colour(&series.name));
    }
    if panel.series.iter().all(|series| series.values.iter().all(|value| !value.is_finite())) {
        let middle = ((axes.left + axes.right) / 2.0, (axes.top + axes.bottom) / 2.0);
        sheet.letters(Letters::new("no values", middle, LABEL).align(Align::Centre).colour(FAINT));
    }
}

/// A line with gaps where values are not finite; values without neighbours are dots.
fn curve(sheet: &mut Sheet, axes: &Axes, values: &[f64], colour: Colour) {
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
                assert_legible(&narrow(&panel("loss (nats)", &falling), best));
                assert_legible(&narrow(&panel("accuracy (%)", &rising), best));
                let two = [panel("loss (nats)", &falling), panel("accuracy (%)", &rising)];
                assert_legible(&sheet(&two, best, "Training"));
                let three = [&two[..], &[panel("entropy of alpha (nats)", &falling)]].concat();
                assert_legible(&sheet(&three, best, "Search"));
            }
        }
    }

    /// Names of runs are long: a legend of many takes several lines, stays on the sheet and leaves the panels their room.
    #[test]
    fn long_names_are_legible() {
        let series =
            (0..6).map(|run| Series { name: format!("a-rather-long-name-of-run-{run}"), values: vec![0.5, 0.25] });
        let panel = CurvePanel { title: "loss (nats)".into(), series: series.collect() };
        let drawn = sheet(&[panel.clone(), panel.clone()], Some(2), "Accuracy");
        assert_legible(&drawn);
        assert_legible(&narrow(&panel, Some(2)));
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
