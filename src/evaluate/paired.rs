//! Whether two classifiers differ on the same beats: McNemar's test, a bootstrap of whole patients, Holm's correction.
//!
//! Two questions, as for the intervals of one classifier. [`mcnemar`] asks whether the two differ on *these patients*: it takes
//! beats as independent, which beats of one patient are not, so its p is too small as a statement about new patients.
//! [`paired_bootstrap`] asks whether they would differ on other *patients*, and draws whole patients, the same for both.

use super::figures::Figures;
use super::interval::{BOOTSTRAP_DRAWS, percentiles};
use super::{ConfusionMatrix, Interval};
use crate::support::random::Generator;

/// The seed of the paired bootstrap, fixed so that the same counts always give the same intervals.
pub const PAIRED_SEED: u64 = 2;

/// McNemar's test (1947), exact: the two-sided p of `only_first` and `only_second` beats that only the first and only the second
/// classifier got right, under the hypothesis that both are equally likely, by the binomial distribution (statsmodels'
/// `mcnemar(exact=True)`). Beats that both got right, or both wrong, say nothing. 1 where there is no such beat.
///
/// ```
/// let p = heart_darts::evaluate::mcnemar(20, 44);
/// assert_eq!(format!("{p:.6}"), "0.003690");
/// ```
pub fn mcnemar(only_first: u64, only_second: u64) -> f64 {
    let (fewer, all) = (only_first.min(only_second), only_first + only_second);
    if 2 * fewer == all {
        return 1.0;
    }
    // ln of C(all, fewer) / 2^all, then the smaller terms as shares of that largest one.
    let choose: f64 = (1..=fewer).map(|k| ((all - fewer + k) as f64 / k as f64).ln()).sum();
    let largest = choose - all as f64 * std::f64::consts::LN_2;
    let (mut term, mut sum) = (1.0, 1.0);
    for k in (1..=fewer).rev() {
        term *= k as f64 / (all - k + 1) as f64;
        sum += term;
        if term < 1e-18 {
            break;
        }
    }
    (2.0 * largest.exp() * sum).min(1.0)
}

/// Holm's correction (1979) of the p of several tests: the chance of any false alarm among all of them stays below what is asked
/// of each p that comes back. In the order given; never above 1.
///
/// ```
/// assert_eq!(heart_darts::evaluate::holm(&[0.01, 0.04, 0.03]), [0.03, 0.06, 0.06]);
/// ```
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let mut corrected = vec![1.0; p.len()];
    let mut least = 0.0f64;
    for (rank, index) in order.into_iter().enumerate() {
        least = least.max((p.len() - rank) as f64 * p[index]).min(1.0);
        corrected[index] = least;
    }
    corrected
}

/// A figure of the second classifier less that of the first, as a fraction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// On the beats as they are.
    pub value: f64,
    /// 95 %, over patients. `None` where too many draws leave the figure undefined.
    pub interval: Option<Interval>,
}

impl Difference {
    /// Whether the interval leaves 0 out.
    pub fn is_significant(&self) -> bool {
        self.interval.is_some_and(|Interval { low, high }| low > 0.0 || high < 0.0)
    }
}

/// The difference of every figure; `None` where one of the two is undefined.
pub type Differences = Figures<Option<Difference>>;

/// The second classifier's figures less the first's, with 95 % intervals: the percentile bootstrap (Efron 1979) of
/// [`BOOTSTRAP_DRAWS`] draws, with replacement, of as many subjects as there are, each of which brings its beats of both
/// classifiers. `subjects` holds the two matrices of each subject. `None` of fewer than two subjects with beats.
///
/// As for [`subject_intervals`](super::subject_intervals): with fewer than some twenty patients the intervals are rather too
/// narrow, and a class that only one or two patients have gets none.
pub fn paired_bootstrap(
    subjects: &[(ConfusionMatrix, ConfusionMatrix)],
    generator: &mut Generator,
) -> Option<Differences> {
    let subjects: Vec<_> = subjects.iter().filter(|(first, _)| first.total() > 0).copied().collect();
    if subjects.len() < 2 {
        return None;
    }
    let sum = |chosen: &mut dyn Iterator<Item = (ConfusionMatrix, ConfusionMatrix)>| {
        let (first, second) = chosen.fold(Default::default(), |(a, b): (ConfusionMatrix, _), (c, d)| (a + c, b + d));
        less(&Figures::of(&second), &Figures::of(&first))
    };
    let all = sum(&mut subjects.iter().copied());
    let draws: Vec<Figures> = (0..BOOTSTRAP_DRAWS)
        .map(|_| sum(&mut (0..subjects.len()).map(|_| subjects[generator.below(subjects.len())])))
        .collect();
    let intervals = percentiles(&all, &draws);
    Some(all.zip(&intervals, |value, interval| Some(Difference { value: (*value)?, interval: *interval })))
}

/// Every figure of one less that of the other.
fn less(second: &Figures, first: &Figures) -> Figures {
    second.zip(first, |second, first| Some((*second)? - (*first)?))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// `make_paired.py` beside it made it.
    fn fixture() -> Value {
        serde_json::from_str(include_str!("../../tests/fixtures/evaluate/paired.json")).unwrap()
    }

    fn floats(value: &Value) -> Vec<f64> {
        value.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
    }

    #[test]
    fn mcnemar_equals_statsmodels() {
        let cases = fixture()["mcnemar"].clone();
        assert_eq!(cases.as_array().unwrap().len(), 11);
        for case in cases.as_array().unwrap() {
            let [first, second] = ["only_first", "only_second"].map(|key| case[key].as_u64().unwrap());
            let (found, expected) = (mcnemar(first, second), case["p"].as_f64().unwrap());
            assert!((found / expected - 1.0).abs() < 1e-9, "{first} {second}: {found} {expected}");
        }
        assert_eq!(mcnemar(1 << 40, 3), 0.0);
    }

    #[test]
    fn holm_equals_statsmodels() {
        for case in fixture()["holm"].as_array().unwrap() {
            let (found, expected) = (holm(&floats(&case["p"])), floats(&case["holm"]));
            assert!(found.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?} {expected:?}");
        }
        assert!(holm(&[]).is_empty());
    }

    /// Patients with so many beats and errors each, of one class.
    fn patients(case: &Value) -> Vec<(ConfusionMatrix, ConfusionMatrix)> {
        let column = |key: &str| -> Vec<u64> { serde_json::from_value(case[key].clone()).unwrap() };
        let matrix = |beats: u64, errors: u64| {
            ConfusionMatrix::new([[beats - errors, errors, 0, 0, 0], [0; 5], [0; 5], [0; 5], [0; 5]]).unwrap()
        };
        let errors = column("errors_first").into_iter().zip(column("errors_second"));
        column("beats").into_iter().zip(errors).map(|(n, (a, b))| (matrix(n, a), matrix(n, b))).collect()
    }

    /// SciPy draws 200 000 times, this 1000 times: a few per cent of the width are chance.
    #[test]
    fn the_paired_bootstrap_equals_scipy_but_for_chance() {
        for case in fixture()["bootstrap"].as_array().unwrap() {
            let found = paired_bootstrap(&patients(case), &mut Generator::with_stream(PAIRED_SEED, 0)).unwrap();
            let accuracy = found.accuracy.unwrap();
            let [value, low, high] = ["accuracy_difference", "low", "high"].map(|key| case[key].as_f64().unwrap());
            assert!((accuracy.value - value).abs() < 1e-12);
            let interval = accuracy.interval.unwrap();
            let near = |a: f64, b: f64| (a - b).abs() < 0.06 * (high - low);
            assert!(near(interval.low, low) && near(interval.high, high), "{interval:?} {low} {high}");
            assert!(accuracy.is_significant(), "SciPy's interval leaves 0 out too");
        }
    }

    #[test]
    fn a_classifier_does_not_differ_from_itself() {
        let one = &fixture()["bootstrap"][0];
        let same: Vec<_> = patients(one).into_iter().map(|(first, _)| (first, first)).collect();
        let found = paired_bootstrap(&same, &mut Generator::new(0)).unwrap();
        let accuracy = found.accuracy.unwrap();
        assert_eq!(accuracy, Difference { value: 0.0, interval: Some(Interval { low: 0.0, high: 0.0 }) });
        assert!(!accuracy.is_significant());
        assert_eq!(found.classes.v.sensitivity, None, "no such beats");
        assert_eq!(paired_bootstrap(&same[..1], &mut Generator::new(0)), None);
    }
}
