//! A rectangle of a sheet with a scale on each side.

use super::sheet::{Align, Letters, Point, Sheet};
use super::style::{GRID, INK, LABEL, SMALL};

/// Where data lie on a sheet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Axes {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
    /// Data at the left and the right.
    pub x: (f64, f64),
    /// Data at the bottom and the top.
    pub y: (f64, f64),
}

impl Axes {
    /// Data to sheet.
    pub(super) fn place(&self, x: f64, y: f64) -> Point {
        let share = |value: f64, (from, to): (f64, f64)| if to == from { 0.5 } else { (value - from) / (to - from) };
        (
            self.left + (self.right - self.left) * share(x, self.x),
            self.bottom - (self.bottom - self.top) * share(y, self.y),
        )
    }

    /// As [`Self::place`], kept within the rectangle vertically.
    pub(super) fn place_within(&self, x: f64, y: f64) -> Point {
        let (x, y) = self.place(x, y);
        (x, y.clamp(self.top, self.bottom))
    }

    pub(super) fn frame(&self, sheet: &mut Sheet) {
        let corners = [
            (self.left, self.top),
            (self.right, self.top),
            (self.right, self.bottom),
            (self.left, self.bottom),
            (self.left, self.top),
        ];
        sheet.line(corners, INK, 1.0);
    }

    /// Grid lines and numbers below.
    pub(super) fn ticks_below(&self, sheet: &mut Sheet, ticks: &[f64], numbers: bool) {
        for &tick in ticks {
            let (x, _) = self.place(tick, self.y.0);
            sheet.line([(x, self.top), (x, self.bottom)], GRID, 1.0);
            if numbers {
                let at = (x, self.bottom + 0.9 * SMALL);
                sheet.letters(Letters::new(number(tick, ticks), at, SMALL).align(Align::Centre));
            }
        }
    }

    /// Grid lines and numbers to the left.
    pub(super) fn ticks_left(&self, sheet: &mut Sheet, ticks: &[f64], numbers: bool) {
        for &tick in ticks {
            let (_, y) = self.place(self.x.0, tick);
            sheet.line([(self.left, y), (self.right, y)], GRID, 1.0);
            if numbers {
                let at = (self.left - 12.0, y);
                sheet.letters(Letters::new(number(tick, ticks), at, SMALL).align(Align::Right));
            }
        }
    }

    pub(super) fn title_below(&self, sheet: &mut Sheet, title: &str) {
        let at = ((self.left + self.right) / 2.0, self.bottom + 2.5 * SMALL);
        sheet.letters(Letters::new(title, at, LABEL).align(Align::Centre));
    }

    /// A title written upwards, its middle `distance` to the left.
    pub(super) fn title_left(&self, sheet: &mut Sheet, title: &str, distance: f64) {
        let at = (self.left - distance, (self.top + self.bottom) / 2.0);
        sheet.letters(Letters::new(title, at, LABEL).align(Align::Centre).upwards());
    }
}

/// Around `most` round numbers from `low` to `high`: steps of 1, 2 or 5 times a power of ten.
pub(super) fn ticks((low, high): (f64, f64), most: usize) -> Vec<f64> {
    let span = high - low;
    if !span.is_finite() || span <= 0.0 {
        return vec![low];
    }
    let rough = span / most.max(1) as f64;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power).into_iter().find(|step| *step >= rough * 0.999);
    let step = step.unwrap_or(10.0 * power);
    // A hair of tolerance, so that a tick at an end is not lost to rounding.
    let (first, last) = ((low / step - 1e-6).ceil() as i64, (high / step + 1e-6).floor() as i64);
    (first..=last).map(|i| i as f64 * step).collect()
}

/// Only the whole numbers of [`ticks`].
pub(super) fn whole_ticks(range: (f64, f64), most: usize) -> Vec<f64> {
    ticks(range, most).into_iter().filter(|tick| tick.fract() == 0.0).collect()
}

/// A range that holds all finite values with a margin on both sides. (0, 1) of no values.
pub(super) fn range(values: impl IntoIterator<Item = f64>, margin: f64) -> (f64, f64) {
    let finite = values.into_iter().filter(|value| value.is_finite());
    let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    if low > high {
        return (0.0, 1.0);
    }
    let pad = if high > low { margin * (high - low) } else { low.abs().max(1.0) * 0.1 };
    (low - pad, high + pad)
}

/// A tick's number, with as many decimals as its neighbours need.
fn number(tick: f64, ticks: &[f64]) -> String {
    let step = ticks.windows(2).map(|pair| pair[1] - pair[0]).fold(f64::INFINITY, f64::min);
    let decimals = if step.is_finite() { (-(step * 1.001).log10().floor()).clamp(0.0, 9.0) as usize } else { 2 };
    // No "-0".
    let text = format!("{:.decimals$}", tick + 0.0);
    text.strip_prefix('-')
        .filter(|rest| rest.chars().all(|c| matches!(c, '0' | '.')))
        .map_or(text.clone(), String::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_within() {
        assert_eq!(ticks((0.0, 1.0), 5), [0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0]);
        assert_eq!(ticks((-0.275, 0.556), 5), [-0.2, 0.0, 0.2, 0.4]);
        assert_eq!(whole_ticks((1.0, 3.0), 10), [1.0, 2.0, 3.0]);
        assert_eq!(ticks((2.0, 2.0), 4), [2.0]);
        assert_eq!(ticks((f64::NAN, 2.0), 4).len(), 1);
    }

    #[test]
    fn numbers_have_the_decimals_that_their_step_needs() {
        let ticks = ticks((-0.2, 0.4), 3);
        assert_eq!(ticks.iter().map(|t| number(*t, &ticks)).collect::<Vec<_>>(), ["-0.2", "0.0", "0.2", "0.4"]);
        assert_eq!(number(-1e-18, &[-0.5, -1e-18, 0.5]), "0.0");
        assert_eq!(number(50.0, &[0.0, 50.0, 100.0]), "50");
    }

    #[test]
    fn a_range_leaves_out_what_is_not_finite() {
        assert_eq!(range([1.0, f64::NAN, 3.0, f64::INFINITY], 0.0), (1.0, 3.0));
        assert_eq!(range([], 0.1), (0.0, 1.0));
        let (low, high) = range([5.0], 0.1);
        assert!(low < 5.0 && high > 5.0);
    }
}
