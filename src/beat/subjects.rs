//! Choosing among subjects, each of whom stays whole.

use crate::beat::{Beats, ClassCounts};
use crate::support::random::Generator;

/// How many sets of subjects are drawn, of which the best validates.
const DRAWS: usize = 500;

/// A subject's beats.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Subject {
    /// Its name.
    pub name: String,
    /// Its beats, in order.
    pub beats: Vec<u32>,
    /// Them by class.
    pub counts: ClassCounts,
}

/// The subjects of those beats for which `wanted` holds, in the order of their first beat.
pub(super) fn subjects(beats: &Beats, wanted: impl Fn(u32) -> bool) -> Vec<Subject> {
    let mut places = std::collections::HashMap::new();
    let mut subjects: Vec<Subject> = Vec::new();
    for beat in (0..beats.len() as u32).filter(|&beat| wanted(beat)) {
        let name = beats.subject(beat as usize);
        let place = *places.entry(name).or_insert_with(|| {
            subjects.push(Subject { name: name.into(), beats: Vec::new(), counts: [0; 5] });
            subjects.len() - 1
        });
        subjects[place].beats.push(beat);
        subjects[place].counts[beats.classes[beat as usize].index()] += 1;
    }
    subjects
}

fn totals(subjects: &[Subject]) -> ClassCounts {
    subjects.iter().fold([0; 5], |sum, subject| std::array::from_fn(|c| sum[c] + subject.counts[c]))
}

/// For each subject its fold. Subjects with the largest shares of the classes come first, and each goes to the fold that
/// keeps the folds' shares of every class closest to each other (as in scikit-learn's `StratifiedGroupKFold`); no fold
/// stays empty when there are as many subjects as folds.
pub(super) fn folds(subjects: &[Subject], folds: usize, generator: &mut Generator) -> Vec<usize> {
    let totals = totals(subjects);
    let share = |subject: &Subject, class: usize| subject.counts[class] as f64 / totals[class].max(1) as f64;
    let weight = |subject: &Subject| (0..5).map(|class| share(subject, class)).sum::<f64>();
    let mut order = generator.permutation(subjects.len());
    order.sort_by(|&a, &b| weight(&subjects[b]).total_cmp(&weight(&subjects[a])));
    let mut shares = vec![[0.0f64; 5]; folds];
    let mut members = vec![0usize; folds];
    let mut fold_of = vec![0; subjects.len()];
    for subject in order {
        let added: [f64; 5] = std::array::from_fn(|class| share(&subjects[subject], class));
        // The sum over folds of squared shares grows by 2 * share * added + added², of which only the first differs.
        let cost = |fold: usize| -> f64 { (0..5).map(|class| shares[fold][class] * added[class]).sum() };
        let best = (0..folds)
            .min_by(|&a, &b| cost(a).total_cmp(&cost(b)).then(members[a].cmp(&members[b])).then(a.cmp(&b)))
            .unwrap_or(0);
        (0..5).for_each(|class| shares[best][class] += added[class]);
        members[best] += 1;
        fold_of[subject] = best;
    }
    fold_of
}

/// For each subject whether it validates. Of many random sets with about `share` of the beats that one is taken which
/// leaves the fewest classes without training beats, then the fewest without validation beats, then has about `share` of
/// each class. At least one subject validates and one does not.
///
/// # Panics
/// With fewer than two subjects.
pub(super) fn hold_out(subjects: &[Subject], share: f64, generator: &mut Generator) -> Vec<bool> {
    assert!(subjects.len() >= 2, "one subject cannot be divided");
    let totals = totals(subjects);
    let all: usize = totals.iter().sum();
    let mut best: Option<((usize, usize, f64), Vec<bool>)> = None;
    for _ in 0..DRAWS {
        let mut held = vec![false; subjects.len()];
        let mut counts: ClassCounts = [0; 5];
        let mut beats = 0;
        for (taken, subject) in generator.permutation(subjects.len()).into_iter().enumerate() {
            let more = beats + subjects[subject].beats.len();
            // Takes a subject that brings the number of beats nearer to the share, and one in any case.
            let nearer = (more as f64 - share * all as f64).abs() < (beats as f64 - share * all as f64).abs();
            if taken == 0 || (nearer && taken + 1 < subjects.len()) {
                held[subject] = true;
                beats = more;
                (0..5).for_each(|class| counts[class] += subjects[subject].counts[class]);
            }
        }
        let present = || (0..5).filter(|&class| totals[class] > 0);
        let no_training = present().filter(|&class| counts[class] == totals[class]).count();
        let no_validation = present().filter(|&class| counts[class] == 0).count();
        let uneven: f64 = present().map(|class| (counts[class] as f64 / totals[class] as f64 - share).powi(2)).sum();
        let score = (no_training, no_validation, uneven + (beats as f64 / all as f64 - share).powi(2));
        if best.as_ref().is_none_or(|(lowest, _)| score < *lowest) {
            best = Some((score, held));
        }
    }
    best.map(|(_, held)| held).unwrap_or_default()
}
