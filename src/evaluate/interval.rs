//! How uncertain the figures are: Wilson's interval for proportions, the bootstrap for everything else.
//!
//! Two questions, two sets of intervals. [`beat_intervals`] asks what other *beats* of the same patients would give. It
//! takes beats as independent, which beats of one patient are not, so its intervals are too narrow as a statement about
//! new patients. [`subject_intervals`] asks what other *patients* would give, and draws whole patients.

use serde::{Deserialize, Serialize};

use super::figures::OneAgainstRest;
use super::{ByClass, ClassFigures, ConfusionMatrix, Figures};
use crate::beat::Class;
use crate::support::random::Generator;

/// The confidence of every interval.
pub const CONFIDENCE: f64 = 0.95;
/// How many times the bootstrap draws.
pub const BOOTSTRAP_DRAWS: usize = 1000;
/// The seed of the bootstrap, fixed so that the same counts always give the same intervals.
pub const BOOTSTRAP_SEED: u64 = 1;
/// The share of draws in which a figure must be defined to get an interval. A class that only one or two patients have is
/// missing from more draws than that, and what is left says nothing of other patients.
const DEFINED_SHARE: f64 = 0.95;
/// The normal quantile at (1 + [`CONFIDENCE`]) / 2.
const Z: f64 = 1.959_963_984_540_054;

/// A 95 % confidence interval, as fractions. In JSON `[low, high]`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(into = "[f64; 2]", from = "[f64; 2]")]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl From<Interval> for [f64; 2] {
    fn from(interval: Interval) -> Self {
        [interval.low, interval.high]
    }
}

impl From<[f64; 2]> for Interval {
    fn from([low, high]: [f64; 2]) -> Self {
        Self { low, high }
    }
}

/// The interval of each figure, under the same names; `None` where the figure or its interval is undefined.
pub type Intervals = Figures<Option<Interval>>;

/// Both sets of intervals of an evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct IntervalSets {
    /// The confidence, 0.95.
    pub confidence: f64,
    /// How many times the bootstrap drew.
    pub bootstrap_draws: usize,
    /// The bootstrap's seed.
    pub bootstrap_seed: u64,
    /// With beats as what was sampled: see [`beat_intervals`].
    pub beats: Intervals,
    /// With patients as what was sampled: see [`subject_intervals`]. `None` of fewer than two subjects.
    pub subjects: Option<Intervals>,
}

impl IntervalSets {
    /// Both sets, from the matrix of each subject.
    pub fn of(subjects: &[ConfusionMatrix]) -> Self {
        let matrix = subjects.iter().copied().sum();
        Self {
            confidence: CONFIDENCE,
            bootstrap_draws: BOOTSTRAP_DRAWS,
            bootstrap_seed: BOOTSTRAP_SEED,
            beats: beat_intervals(&matrix, &mut Generator::with_stream(BOOTSTRAP_SEED, 0)),
            subjects: subject_intervals(subjects, &mut Generator::with_stream(BOOTSTRAP_SEED, 1)),
        }
    }
}

/// Wilson's score interval (1927) at 95 % for `successes` of `trials`. Unlike the textbook ±, it stays within 0 and 1 and
/// keeps its width at 0 and 1. `None` of no trials.
///
/// ```
/// let interval = heart_darts::evaluate::wilson(120, 140).unwrap();
/// assert_eq!(format!("{:.4} {:.4}", interval.low, interval.high), "0.7896 0.9056");
/// ```
pub fn wilson(successes: u64, trials: u64) -> Option<Interval> {
    if trials == 0 {
        return None;
    }
    let (k, n) = (successes.min(trials) as f64, trials as f64);
    let middle = (k + Z * Z / 2.0) / (n + Z * Z);
    let half = Z / (n + Z * Z) * (k * (n - k) / n + Z * Z / 4.0).sqrt();
    // At the ends the formula is exactly 0 or 1; rounding would leave it a hair off.
    let low = if k == 0.0 { 0.0 } else { (middle - half).max(0.0) };
    let high = if k == n { 1.0 } else { (middle + half).min(1.0) };
    Some(Interval { low, high })
}

/// 95 % intervals with beats as independent samples: [`wilson`] for accuracies, sensitivities, positive predictivities and
/// specificities; for the macro means, F1, kappa and Matthews' coefficient the percentile bootstrap (Efron 1979) of
/// [`BOOTSTRAP_DRAWS`] multinomial draws of as many beats as the matrix has.
///
/// The bootstrap cannot see errors that did not occur: without a single error its interval has no width.
pub fn beat_intervals(matrix: &ConfusionMatrix, generator: &mut Generator) -> Intervals {
    let cells = Cells::of(matrix);
    let draws: Vec<Figures> = (0..BOOTSTRAP_DRAWS).map(|_| Figures::of(&cells.draw(generator))).collect();
    let bootstrapped = percentiles(&Figures::of(matrix), &draws);
    Figures {
        accuracy: wilson(matrix.correct(), matrix.total()),
        classes: ByClass::from_fn(|class| {
            let OneAgainstRest { true_positives, false_positives, false_negatives, true_negatives } =
                OneAgainstRest::of(matrix, class);
            ClassFigures {
                positive_predictivity: wilson(true_positives, true_positives + false_positives),
                sensitivity: wilson(true_positives, true_positives + false_negatives),
                specificity: wilson(true_negatives, true_negatives + false_positives),
                f1: bootstrapped.classes[class].f1,
                accuracy: wilson(true_positives + true_negatives, matrix.total()),
            }
        }),
        ..bootstrapped
    }
}

/// 95 % intervals with patients as independent samples: the percentile bootstrap of [`BOOTSTRAP_DRAWS`] draws, with
/// replacement, of as many subjects as there are. `subjects` holds one matrix a subject, records of one subject added
/// together; those without beats do not count. `None` of fewer than two subjects.
///
/// A figure that is undefined in over 5 % of the draws (a class that only one or two patients have) gets no interval.
/// With fewer than some twenty patients the intervals are still rather too narrow.
pub fn subject_intervals(subjects: &[ConfusionMatrix], generator: &mut Generator) -> Option<Intervals> {
    let subjects: Vec<ConfusionMatrix> = subjects.iter().copied().filter(|matrix| matrix.total() > 0).collect();
    if subjects.len() < 2 {
        return None;
    }
    let mut draw = || (0..subjects.len()).map(|_| subjects[generator.below(subjects.len())]).sum::<ConfusionMatrix>();
    let draws: Vec<Figures> = (0..BOOTSTRAP_DRAWS).map(|_| Figures::of(&draw())).collect();
    Some(percentiles(&Figures::of(&subjects.into_iter().sum()), &draws))
}

/// The cells of a matrix that have beats, the largest first.
struct Cells {
    counts: Vec<(u64, Class, Class)>,
    total: u64,
}

impl Cells {
    fn of(matrix: &ConfusionMatrix) -> Self {
        let pairs = Class::ALL.into_iter().flat_map(|row| Class::ALL.into_iter().map(move |column| (row, column)));
        let mut counts: Vec<_> = pairs.map(|(row, column)| (matrix.count(row, column), row, column)).collect();
        counts.retain(|(count, ..)| *count > 0);
        counts.sort_by_key(|(count, ..)| std::cmp::Reverse(*count));
        Self { counts, total: matrix.total() }
    }

    /// As many beats as there are, each from a cell with the probability of its count.
    ///
    /// Most beats are rightly classified normal ones, so it draws how many of the largest cell come before the next beat
    /// of another cell, which is a geometric variate, and then only which other cell that is.
    fn draw(&self, generator: &mut Generator) -> ConfusionMatrix {
        let mut drawn = ConfusionMatrix::default();
        let Some((&(largest, reference, prediction), others)) = self.counts.split_first() else { return drawn };
        let (others_total, mut left) = (self.total - largest, self.total);
        let log_share = (largest as f64 / self.total as f64).ln();
        while left > 0 && others_total > 0 {
            let run = ((1.0 - generator.uniform_f64()).ln() / log_share) as u64;
            if run >= left {
                break;
            }
            drawn.record_many(reference, prediction, run);
            left -= run + 1;
            let mut place = generator.below(others_total as usize) as u64;
            for &(count, reference, prediction) in others {
                if place < count {
                    drawn.record(reference, prediction);
                    break;
                }
                place -= count;
            }
        }
        drawn.record_many(reference, prediction, left);
        drawn
    }
}

/// The interval between the percentiles of each figure over the draws.
pub(super) fn percentiles(figures: &Figures, draws: &[Figures]) -> Intervals {
    Figures::build::<Option<f64>>(|figure| {
        figure(figures).as_ref()?;
        let mut values: Vec<f64> = draws.iter().filter_map(|draw| *figure(draw)).collect();
        if (values.len() as f64) < DEFINED_SHARE * draws.len() as f64 {
            return None;
        }
        values.sort_by(f64::total_cmp);
        let tail = (1.0 - CONFIDENCE) / 2.0;
        Some(Interval { low: quantile(&values, tail)?, high: quantile(&values, 1.0 - tail)? })
    })
}

/// The quantile of sorted values, linear between neighbours.
fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let place = share * sorted.len().checked_sub(1)? as f64;
    let (below, above) = (sorted.get(place.floor() as usize)?, sorted.get(place.ceil() as usize)?);
    Some(below + (above - below) * place.fract())
}
