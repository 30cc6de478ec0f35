//! Beats divided into what trains, what validates and what tests, with the sentence that stands beside every figure.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::beat::beats::count;
use crate::beat::subjects::{Subject, folds, hold_out, subjects};
use crate::beat::{
    Beats, ClassCounts, Error, PublishedSet, Result, Role, SplitRule, Subset, Test, TestPart, Training, TrainingPart,
    Validation,
};
use crate::database::Class;
use crate::support::files::hexadecimal;
use crate::support::random::Generator;

/// The streams of a split's seed: what is tested must not change with what validates.
const TEST_STREAM: u64 = 1;
const VALIDATION_STREAM: u64 = 2;

/// A set of beats, divided.
#[derive(Debug)]
pub struct Split {
    /// What training code is given.
    pub training: TrainingPart,
    /// What is looked at once, at the end.
    pub test: TestPart,
    summary: SplitSummary,
}

/// A split for people and for JSON.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SplitSummary {
    /// `random`, `inter-patient` or `patient-folds`.
    pub name: &'static str,
    /// The rule.
    pub rule: SplitRule,
    /// The sentence to print beside every figure.
    pub sentence: String,
    /// SHA-256 over which beats of which records are in which part; the same for the same beats, however preprocessed.
    pub digest: String,
    /// What is learned from.
    pub training: PartSummary,
    /// What chooses.
    pub validation: PartSummary,
    /// What is looked at once.
    pub test: PartSummary,
    /// Subjects with beats both among the training or validation beats and among the test beats.
    pub shared_subjects: Vec<String>,
    /// Records whose beats are in no part.
    pub left_out: Vec<String>,
}

/// The size of one part.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PartSummary {
    /// How many beats.
    pub beats: usize,
    /// Them by class, N S V F Q.
    pub classes: ClassCounts,
    /// From which records.
    pub records: Vec<String>,
    /// Of which subjects.
    pub subjects: Vec<String>,
}

/// Beats by part, before they get their types.
#[derive(Default)]
struct Parts {
    training: Vec<u32>,
    validation: Vec<u32>,
    test: Vec<u32>,
}

impl SplitRule {
    /// The same rule, drawn from another seed.
    #[must_use]
    pub fn with_seed(mut self, drawn: u64) -> Self {
        let (Self::Random { seed, .. } | Self::InterPatient { seed, .. } | Self::PatientFolds { seed, .. }) = &mut self;
        *seed = drawn;
        self
    }

    /// Divides beats; the same rule, seed and beats give the same parts on every machine.
    ///
    /// # Errors
    /// [`Error::Setting`] as [`SplitRule::check`]; [`Error::NoPublishedSets`], [`Error::TooFewSubjects`] and
    /// [`Error::EmptyPart`] when the beats do not allow it; [`Error::Inconsistent`].
    pub fn apply(&self, beats: &Arc<Beats>) -> Result<Split> {
        self.check()?;
        beats.check()?;
        let mut parts = match *self {
            Self::Random { test, validation, stratified, seed } => random(beats, test, validation, stratified, seed),
            Self::InterPatient { validation, seed, keep_shared } => {
                inter_patient(beats, validation, seed, keep_shared)?
            }
            Self::PatientFolds { folds, fold, validation, seed } => {
                patient_folds(beats, folds, fold, validation, seed)?
            }
        };
        for part in [&mut parts.training, &mut parts.validation, &mut parts.test] {
            part.sort_unstable();
        }
        self.require_beats(beats, &parts)?;
        let summary = summarise(self, beats, &parts);
        let Parts { training, validation, test } = parts;
        let training = Subset::<Training>::new(beats.clone(), training);
        let validation = Subset::<Validation>::new(beats.clone(), validation);
        let test = Subset::<Test>::new(beats.clone(), test);
        Ok(Split { training: TrainingPart::new(training, validation), test, summary })
    }

    fn require_beats(&self, beats: &Beats, parts: &Parts) -> Result<()> {
        let (Self::Random { validation, .. }
        | Self::InterPatient { validation, .. }
        | Self::PatientFolds { validation, .. }) = self;
        let needed = [
            (Training::NAME, &parts.training, "take lower shares or add records"),
            (Test::NAME, &parts.test, "take a higher `test` share, another split, or add records"),
            (Validation::NAME, &parts.validation, "take a higher `validation` share, or 0 to go without"),
        ];
        for (part, members, advice) in needed {
            if members.is_empty() && (part != Validation::NAME || *validation > 0.0) {
                let (database, beats) = (beats.database.clone(), beats.len());
                return Err(Error::EmptyPart { split: self.name(), part, beats, database, advice });
            }
        }
        Ok(())
    }
}

/// Takes a share of each group, in random order; the rest comes second.
fn draw(groups: Vec<Vec<u32>>, share: f64, generator: &mut Generator) -> (Vec<u32>, Vec<u32>) {
    let (mut drawn, mut rest) = (Vec::new(), Vec::new());
    for mut group in groups {
        generator.shuffle(&mut group);
        let size = (share * group.len() as f64).round() as usize;
        drawn.extend_from_slice(&group[..size]);
        rest.extend_from_slice(&group[size..]);
    }
    (drawn, rest)
}

fn random(beats: &Beats, test: f64, validation: f64, stratified: bool, seed: u64) -> Parts {
    let groups = |members: Vec<u32>| -> Vec<Vec<u32>> {
        if !stratified {
            return vec![members];
        }
        let of = |class| members.iter().copied().filter(|&beat| beats.classes[beat as usize] == class).collect();
        Class::ALL.into_iter().map(of).collect()
    };
    let all = (0..beats.len() as u32).collect();
    let (test, mut rest) = draw(groups(all), test, &mut Generator::with_stream(seed, TEST_STREAM));
    rest.sort_unstable();
    let mut generator = Generator::with_stream(seed, VALIDATION_STREAM);
    let (validation, training) = draw(groups(rest), validation, &mut generator);
    Parts { training, validation, test }
}

fn inter_patient(beats: &Beats, validation: f64, seed: u64, keep_shared: bool) -> Result<Parts> {
    let side = |beat: u32| beats.records[beats.record[beat as usize] as usize].published;
    if beats.records.iter().all(|record| record.published.is_none()) {
        return Err(Error::NoPublishedSets { database: beats.database.clone() });
    }
    let test = subjects(beats, |beat| side(beat) == Some(PublishedSet::Test));
    let tested: BTreeSet<&str> = test.iter().map(|subject| subject.name.as_str()).collect();
    let learned = subjects(beats, |beat| {
        side(beat) == Some(PublishedSet::Training) && (keep_shared || !tested.contains(beats.subject(beat as usize)))
    });
    by_subject("inter-patient", beats, learned, test, validation, seed)
}

fn patient_folds(beats: &Beats, count: usize, fold: usize, validation: f64, seed: u64) -> Result<Parts> {
    let all = subjects(beats, |_| true);
    if all.len() < count {
        return Err(Error::TooFewSubjects {
            split: "patient-folds",
            database: beats.database.clone(),
            found: all.len(),
            expected: count,
            advice: "take fewer `folds`, or say in the description of the database which records are of one subject",
        });
    }
    let fold_of = folds(&all, count, &mut Generator::with_stream(seed, TEST_STREAM));
    let (test, learned): (Vec<_>, Vec<_>) = all.into_iter().zip(fold_of).partition(|(_, of)| *of == fold);
    let names = |part: Vec<(Subject, usize)>| part.into_iter().map(|(subject, _)| subject).collect();
    by_subject("patient-folds", beats, names(learned), names(test), validation, seed)
}

/// Holds whole subjects of the training side out for validation.
fn by_subject(
    split: &'static str,
    beats: &Beats,
    learned: Vec<Subject>,
    test: Vec<Subject>,
    validation: f64,
    seed: u64,
) -> Result<Parts> {
    let mut parts = Parts { test: test.into_iter().flat_map(|subject| subject.beats).collect(), ..Parts::default() };
    // No subject at all is an empty training part, which is refused with its own advice.
    if validation > 0.0 && learned.len() == 1 {
        return Err(Error::TooFewSubjects {
            split,
            database: beats.database.clone(),
            found: 1,
            expected: 2,
            advice: "training and validation need one each beside the test part: set `validation: 0` or add subjects",
        });
    }
    let held = if validation > 0.0 && !learned.is_empty() {
        hold_out(&learned, validation, &mut Generator::with_stream(seed, VALIDATION_STREAM))
    } else {
        vec![false; learned.len()]
    };
    for (subject, held) in learned.into_iter().zip(held) {
        if held { &mut parts.validation } else { &mut parts.training }.extend(subject.beats);
    }
    Ok(parts)
}

impl Split {
    /// The sentence to print beside every figure.
    pub fn describe(&self) -> &str {
        &self.summary.sentence
    }

    /// Sizes, digest and sentence, for people and for JSON. It counts test beats too: it is for printing.
    pub fn summary(&self) -> &SplitSummary {
        &self.summary
    }
}

fn summarise(rule: &SplitRule, beats: &Beats, parts: &Parts) -> SplitSummary {
    let part = |members: &[u32]| -> PartSummary {
        let record_of = |beat: &u32| beats.record[*beat as usize] as usize;
        let records: BTreeSet<usize> = members.iter().map(record_of).collect();
        let info = |record: &usize| &beats.records[*record];
        let subjects: BTreeSet<&str> = records.iter().map(|record| info(record).subject.as_str()).collect();
        PartSummary {
            beats: members.len(),
            classes: count(members.iter().map(|&beat| beats.classes[beat as usize])),
            records: records.iter().map(|record| info(record).name.clone()).collect(),
            subjects: subjects.into_iter().map(String::from).collect(),
        }
    };
    let [training, validation, test] = [&parts.training, &parts.validation, &parts.test].map(|members| part(members));
    let learned: BTreeSet<&String> = training.subjects.iter().chain(&validation.subjects).collect();
    let shared_subjects = test.subjects.iter().filter(|subject| learned.contains(subject)).cloned().collect();
    let used: BTreeSet<&String> = [&training, &validation, &test].into_iter().flat_map(|part| &part.records).collect();
    let left_out =
        beats.records.iter().map(|record| &record.name).filter(|name| !used.contains(name)).cloned().collect();
    let mut summary = SplitSummary {
        name: rule.name(),
        rule: rule.clone(),
        sentence: String::new(),
        digest: digest(beats, parts),
        training,
        validation,
        test,
        shared_subjects,
        left_out,
    };
    summary.sentence = sentence(&summary, &beats.database);
    summary
}

fn sentence(summary: &SplitSummary, database: &str) -> String {
    let SplitSummary { rule, training, validation, test, shared_subjects, left_out, .. } = summary;
    let kind = match rule {
        SplitRule::Random { stratified: true, seed, .. } => format!("`random`, stratified by class, seed {seed}"),
        SplitRule::Random { seed, .. } => format!("`random`, seed {seed}"),
        SplitRule::InterPatient { seed, .. } => format!("`inter-patient`, the database's published sets, seed {seed}"),
        SplitRule::PatientFolds { folds, fold, seed, .. } => {
            format!("`patient-folds`, fold {fold} of 0 to {}, seed {seed}", folds - 1)
        }
    };
    let mut text = format!(
        "Split {kind}: {} beats of {database} train, {} validate, {} test.",
        training.beats, validation.beats, test.beats
    );
    match (rule, shared_subjects.as_slice()) {
        (SplitRule::Random { .. }, []) => text.push_str(" Beats were divided without regard to the patient."),
        (SplitRule::Random { .. }, shared) => text.push_str(&format!(
            " Beats of one patient are on both sides ({} of the {} tested subjects are also learned from), so the figures \
             do not say how well new patients are classified.",
            shared.len(),
            test.subjects.len()
        )),
        (_, []) => text.push_str(" No patient is on two sides."),
        (_, shared) => text.push_str(&format!(
            " No record is on two sides, but beats of one patient are: {}, as published.",
            shared.join(", ")
        )),
    }
    if !left_out.is_empty() {
        text.push_str(&format!(" Records in no part: {}.", left_out.join(", ")));
    }
    text
}

/// A digest of who is where: record names, R peaks and classes by part.
fn digest(beats: &Beats, parts: &Parts) -> String {
    let mut hasher = Sha256::new();
    for (name, members) in [("training", &parts.training), ("validation", &parts.validation), ("test", &parts.test)] {
        hasher.update(format!("{name} {}\n", members.len()));
        for &beat in members {
            let beat = beat as usize;
            let record = &beats.records[beats.record[beat] as usize].name;
            hasher.update(format!("{record} {} {}\n", beats.position[beat], beats.classes[beat].symbol()));
        }
    }
    hexadecimal(&hasher.finalize())
}
