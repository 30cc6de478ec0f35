//! Two models on the same beats.

use std::collections::BTreeMap;

use super::paired::{Differences, PAIRED_SEED, mcnemar, paired_bootstrap};
use super::{ConfusionMatrix, Evaluation, Predictions};
use crate::support::random::Generator;

/// A model's test, as far as it is known.
#[derive(Debug, Clone, Copy)]
pub struct Tested<'a> {
    /// Its figures.
    pub evaluation: &'a Evaluation,
    /// The digest of which beats trained, validated and tested; empty when it is not known.
    pub split: &'a str,
    /// What it said of each test beat, when that is known.
    pub predictions: Option<&'a Predictions>,
}

/// How the second of two models differs from the first.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// McNemar's test; `None` where what was said of each beat is not known of both.
    pub beats: Option<McNemar>,
    /// The second's figures less the first's, with intervals over patients; `None` of fewer than two.
    pub subjects: Option<Differences>,
    /// How many subjects were tested.
    pub subject_count: usize,
}

/// Beats that only one of two models got right.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct McNemar {
    /// Only the first.
    pub only_first: u64,
    /// Only the second.
    pub only_second: u64,
    /// [`mcnemar`]
    pub p: f64,
}

/// Why two models are not compared.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NotComparable {
    /// What they were tested on differs.
    #[error("not tested on the same beats: {0}")]
    OtherBeats(String),
    /// It cannot be known whether they are the same.
    #[error("not known to be tested on the same beats: {0}")]
    Unknown(&'static str),
}

impl Comparison {
    /// Compares two models that were tested on the same beats: the same R peaks of the same records with the same reference,
    /// whatever leads and preprocessing they were shown with. Where what was said of each beat is known of both, the beats are
    /// compared one by one; else the digests of the splits are.
    ///
    /// # Errors
    /// [`NotComparable`], when the beats are others or nothing says that they are the same.
    pub fn of(first: &Tested, second: &Tested) -> Result<Self, NotComparable> {
        let both = first.predictions.zip(second.predictions);
        if let Some((one, other)) = both {
            if let Some(difference) = one.difference(other) {
                return Err(NotComparable::OtherBeats(difference));
            }
        } else if first.split.is_empty() || second.split.is_empty() {
            return Err(NotComparable::Unknown("a split has no digest"));
        } else if first.split != second.split {
            return Err(NotComparable::OtherBeats("their splits have different digests".into()));
        }
        let (one, other) = (subjects(first.evaluation), subjects(second.evaluation));
        if one.is_empty() || other.is_empty() {
            return Err(NotComparable::Unknown("figures by record are missing"));
        }
        let supports = |matrix: &ConfusionMatrix| crate::beat::Class::ALL.map(|class| matrix.support(class));
        let same = one.len() == other.len()
            && one.iter().zip(&other).all(|((a, m), (b, n))| a == b && supports(m) == supports(n));
        if !same {
            return Err(NotComparable::OtherBeats("their subjects have other beats".into()));
        }
        let pairs: Vec<_> = one.into_values().zip(other.into_values()).collect();
        let mut generator = Generator::with_stream(PAIRED_SEED, 0);
        Ok(Self {
            beats: both.map(|(one, other)| McNemar::of(one, other)),
            subjects: paired_bootstrap(&pairs, &mut generator),
            subject_count: pairs.len(),
        })
    }
}

impl McNemar {
    /// Of the same beats in the same order.
    fn of(first: &Predictions, second: &Predictions) -> Self {
        let pairs = || first.beats.iter().zip(&second.beats).map(|(a, b)| (a.is_right(), b.is_right()));
        let count = |wanted| pairs().filter(|pair| *pair == wanted).count() as u64;
        let (only_first, only_second) = (count((true, false)), count((false, true)));
        Self { only_first, only_second, p: mcnemar(only_first, only_second) }
    }
}

/// The matrix of each subject.
fn subjects(evaluation: &Evaluation) -> BTreeMap<&str, ConfusionMatrix> {
    let mut subjects = BTreeMap::<&str, ConfusionMatrix>::new();
    for record in &evaluation.records {
        *subjects.entry(&record.subject).or_default() += record.confusion_matrix;
    }
    subjects
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::beat::Class;
    use crate::evaluate::{BeatPrediction, RecordEvaluation};

    /// Two patients of 20 beats of N each; the model is wrong about those whose number is in `wrong`.
    fn tested(wrong: &[u64]) -> (Evaluation, Predictions) {
        let beat = |sample: u64| BeatPrediction {
            record: format!("{}", sample / 20),
            sample,
            reference: Class::N,
            predicted: if wrong.contains(&sample) { Class::V } else { Class::N },
            probabilities: [0.2; 5],
        };
        let predictions = Predictions { beats: (0..40).map(beat).collect() };
        let records = predictions.records().into_iter().map(|(name, matrix)| RecordEvaluation::new(name, name, matrix));
        (Evaluation::new("", records.collect(), None), predictions)
    }

    fn by_digest<'a>((evaluation, _): &'a (Evaluation, Predictions), split: &'a str) -> Tested<'a> {
        Tested { evaluation, split, predictions: None }
    }

    fn by_beat(of: &(Evaluation, Predictions)) -> Tested<'_> {
        Tested { predictions: Some(&of.1), ..by_digest(of, "") }
    }

    #[test]
    fn beats_that_only_one_got_right_are_counted() {
        let (first, second) = (tested(&[1, 2, 3, 25]), tested(&[3, 30]));
        let found = Comparison::of(&by_beat(&first), &by_beat(&second)).unwrap();
        assert_eq!(found.beats.unwrap(), McNemar { only_first: 1, only_second: 3, p: mcnemar(1, 3) });
        assert_eq!(found.subject_count, 2);
        assert!((found.subjects.unwrap().accuracy.unwrap().value - 0.05).abs() < 1e-12);
    }

    #[test]
    fn without_predictions_the_digests_of_the_splits_decide() {
        let (first, second) = (tested(&[1]), tested(&[2]));
        let of = |a, b| Comparison::of(&by_digest(&first, a), &by_digest(&second, b));
        let found = of("1f", "1f").unwrap();
        assert!(found.beats.is_none() && found.subjects.is_some());
        assert!(matches!(of("1f", "2e"), Err(NotComparable::OtherBeats(_))));
        assert!(matches!(of("1f", ""), Err(NotComparable::Unknown(_))));
    }

    #[test]
    fn other_beats_are_not_compared() {
        let (first, mut second) = (tested(&[1]), tested(&[2]));
        second.1.beats[7].sample += 1;
        let error = Comparison::of(&by_beat(&first), &by_beat(&second)).unwrap_err().to_string();
        assert!(error.contains("not tested on the same beats") && error.contains("sample 7 of record 0"), "{error}");
        // The same digest, but other subjects: the figures are of something else.
        let mut other = tested(&[2]);
        other.0.records[1].subject = "X".into();
        let error = Comparison::of(&by_digest(&first, "1f"), &by_digest(&other, "1f")).unwrap_err();
        assert!(matches!(error, NotComparable::OtherBeats(_)));
        other.0.records.clear();
        let error = Comparison::of(&by_digest(&first, "1f"), &by_digest(&other, "1f")).unwrap_err();
        assert!(matches!(error, NotComparable::Unknown(_)));
    }
}
