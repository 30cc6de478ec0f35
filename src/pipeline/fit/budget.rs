//! How much of the time goes where.

use std::collections::BTreeMap;

use super::Speed;
use crate::beat::{ClassCounts, Limits};
use crate::database::Class;
use crate::search::SearchConfig;
use crate::train::{AdamSpec, TrainConfig};

/// Shares of the time; the rest is for reading records, evaluation and surprises.
const SEARCH: f64 = 0.3;
const TRAINING: f64 = 0.5;
/// Epochs that alpha waits for weights that are worth judging; they cost half, and so do the others' weights.
const WARM_UP: usize = 3;
const SEARCH_EPOCHS: usize = 6;
/// Passes over the training beats, at least and at most; the paper made 100.
const EPOCHS: (f64, f64) = (8.0, 100.0);
/// A search needs some steps to say anything.
const FEWEST_SEARCHED: f64 = 600.0;
/// By how much Adam may move alpha in all, each step by at most about its rate. Softmax weights of 10 operations are then
/// apart by more than their start.
const TRAVEL: f64 = 3.0;
const RATES: (f64, f64) = (3e-4, 0.02);

/// What the plan is expected to take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// Seconds of the search.
    pub search: f64,
    /// Seconds of training, with validation after each epoch and the evaluation at the end.
    pub training: f64,
    /// Bytes of memory at most; `None` where the system does not say.
    pub memory: Option<u64>,
}

/// The beats that there are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Amounts {
    pub training: ClassCounts,
    pub validation: usize,
    pub test: usize,
    /// Bytes of all beats.
    pub bytes: u64,
}

/// The search and the limits of its beats: as many beats of each class as their share, so that those which alpha learns from
/// are mixed as the validation beats that judge it.
pub(super) fn search(minutes: f64, speed: &Speed, amounts: &Amounts) -> (SearchConfig, Limits, f64) {
    let all: usize = amounts.training.iter().sum();
    let seconds = 60.0 * minutes * SEARCH;
    // A warm-up epoch costs about half of one in which alpha learns too.
    let passes = SEARCH_EPOCHS as f64 - 0.5 * WARM_UP as f64;
    let affordable = (seconds * speed.search / passes).max(FEWEST_SEARCHED);
    let limits = if affordable < all as f64 {
        in_proportion(&amounts.training, affordable / all as f64)
    } else {
        Limits::default()
    };
    let used: usize = Class::ALL.iter().map(|&class| amounts.training[class.index()].min(limits.of(class))).sum();
    let batch = SearchConfig::default().batch.min((used / 4).max(2));
    let steps = ((SEARCH_EPOCHS - WARM_UP) * used).div_ceil(batch).max(1);
    let rate = (TRAVEL / steps as f64).clamp(RATES.0, RATES.1);
    let config = SearchConfig {
        epochs: SEARCH_EPOCHS,
        warm_up: WARM_UP,
        batch,
        alpha: AdamSpec { learning_rate: rounded(rate), ..AdamSpec::default() },
        ..SearchConfig::default()
    };
    let estimate = passes * used as f64 / speed.search;
    (config, limits, estimate)
}

/// Every class in the same proportion, the small ones whole where a few beats would be left.
fn in_proportion(counts: &ClassCounts, share: f64) -> Limits {
    const FEW: usize = 50;
    let limit = |n: usize| ((n as f64 * share).round() as usize).max(FEW.min(n));
    let counted = Class::ALL.iter().filter(|class| counts[class.index()] > 0);
    let classes: BTreeMap<Class, usize> = counted.map(|&class| (class, limit(counts[class.index()]))).collect();
    Limits { per_class: None, classes, seed: 0 }
}

/// The training and the limits of its beats: the largest classes are thinned until there is time for enough passes.
pub(super) fn training(minutes: f64, speed: &Speed, amounts: &Amounts) -> (TrainConfig, Limits, f64) {
    let seconds = 60.0 * minutes * TRAINING;
    let all: usize = amounts.training.iter().sum();
    let pass = |beats: f64| beats / speed.training + amounts.validation as f64 / speed.evaluation;
    let left = (seconds / EPOCHS.0 - amounts.validation as f64 / speed.evaluation).max(0.0) * speed.training;
    let limits = if left < all as f64 { levelled(&amounts.training, left) } else { Limits::default() };
    let used: usize = amounts.training.iter().map(|&n| n.min(limits.per_class.unwrap_or(n))).sum();
    let epochs = (seconds / pass(used as f64)).floor().clamp(EPOCHS.0, EPOCHS.1);
    let batch = 128.min((used / 8).max(2));
    let config = TrainConfig { epochs: epochs as usize, batch, ..TrainConfig::default() };
    let estimate = epochs * pass(used as f64) + amounts.test as f64 / speed.evaluation;
    (config, limits, estimate)
}

/// The cap on every class with which about `wanted` beats are left, but no class below 500 beats is touched.
fn levelled(counts: &ClassCounts, wanted: f64) -> Limits {
    const SMALL: usize = 500;
    let with = |cap: usize| counts.iter().map(|&n| n.min(cap)).sum::<usize>() as f64;
    let (mut low, mut high) = (SMALL, counts.iter().copied().max().unwrap_or(0).max(SMALL));
    while low < high {
        let middle = (low + high).div_ceil(2);
        if with(middle) <= wanted { low = middle } else { high = middle - 1 }
    }
    Limits { per_class: Some(low), ..Limits::default() }
}

/// With two digits, for a file that people read.
fn rounded(value: f64) -> f64 {
    format!("{value:.1e}").parse().unwrap_or(value)
}

/// Memory: the beats, twice while they are made, and what the networks took, scaled to the batch.
pub(super) fn memory(speed: &Speed, amounts: &Amounts, batch: usize) -> Option<u64> {
    let scale = (batch as f64 / super::speed::BATCH as f64).max(1.0);
    speed.memory.map(|bytes| 2 * amounts.bytes + (bytes as f64 * scale) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEED: Speed = Speed { search: 70.0, training: 500.0, evaluation: 2500.0, memory: Some(500 << 20) };

    fn amounts(training: ClassCounts) -> Amounts {
        Amounts { training, validation: 10_000, test: 20_000, bytes: 200 << 20 }
    }

    #[test]
    fn estimates_keep_within_the_time_where_there_is_enough() {
        for minutes in [30.0, 60.0, 600.0, 6000.0] {
            for counts in [[50_000, 1800, 4500, 500, 2500], [3000, 0, 40, 0, 0], [400, 300, 300, 200, 100]] {
                let amounts = amounts(counts);
                let (config, limits, seconds) = search(minutes, &SPEED, &amounts);
                config.check().unwrap();
                limits.check().unwrap();
                assert!(seconds <= 60.0 * minutes * SEARCH * 1.2, "{minutes} {counts:?}: {seconds}");
                let (config, limits, seconds) = training(minutes, &SPEED, &amounts);
                config.check().unwrap();
                limits.check().unwrap();
                assert!(seconds <= 60.0 * minutes * (TRAINING + 0.1), "{minutes} {counts:?}: {seconds}");
            }
        }
    }

    #[test]
    fn small_classes_are_kept() {
        let counts = [50_000, 1800, 4500, 300, 40];
        let (_, limits, _) = training(20.0, &SPEED, &amounts(counts));
        assert!(limits.of(Class::F) >= 300 && limits.of(Class::Q) >= 40 && limits.of(Class::N) < 50_000);
        let (_, limits, _) = search(20.0, &SPEED, &amounts(counts));
        assert!(limits.of(Class::Q) == 40 && limits.of(Class::N) < 10_000);
        // With time enough, nothing is left out.
        assert!(training(6000.0, &SPEED, &amounts(counts)).1.is_off());
        assert!(search(6000.0, &SPEED, &amounts(counts)).1.is_off());
    }
}
