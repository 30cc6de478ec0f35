//! The card: what a model is for and not for, what it was trained on, how far it can be trusted.

use super::spec::ModelSpec;
use crate::beat::SplitRule;
use crate::evaluate::{Evaluation, text};
use crate::signal::Preprocessing;

/// With fewer test beats than this, little is known of a class.
const FEW_BEATS: u64 = 50;

/// What is said of a model beside its figures, in sentences: on its `CARD.md` and on the page of `heart-darts report`.
#[derive(Debug, Clone, PartialEq)]
pub struct Card {
    /// What it is, what goes in and what comes out.
    pub what: String,
    /// What it may be used for.
    pub purposes: Vec<String>,
    /// What it must not be used for.
    pub not_for: Vec<String>,
    /// What it was trained and tested on.
    pub data: Vec<String>,
    /// What no figure says anything about.
    pub never_tested: Vec<String>,
}

impl Card {
    /// Of a model with so many parameters and its figures on the test part.
    pub fn of(spec: &ModelSpec, parameters: usize, evaluation: &Evaluation) -> Self {
        let (n, leads) = (spec.leads.len(), leads(spec));
        let s = if n == 1 { "" } else { "s" };
        let mut what = format!(
            "{network}, {parameters} parameters. It takes one beat, {n} lead{s} ({leads}) of {samples} samples at {rate} Hz, the R \
             peak at sample {before} from 0, and gives the probabilities of the five classes of the AAMI: N (normal and bundle \
             branch block), S (supraventricular ectopic), V (ventricular ectopic), F (fusion), Q (paced or unknown).",
            network = capitalised(&spec.network.to_string()),
            samples = spec.input.samples,
            rate = spec.frequency,
            before = spec.window.before,
        );
        what += context(&spec.preprocessing);
        Self {
            what,
            purposes: vec![
                "Research on recorded ECGs: comparing classifiers and methods, and counting beats in studies whose authors check a \
                 sample of them."
                    .into(),
                format!("Records with the lead{s} {leads}, of the kind that it was trained on."),
            ],
            not_for: vec![
                "It is **not a medical device**: not for diagnosis, monitoring, triage or any other decision about a patient, nor \
                 as a part of what makes one."
                    .into(),
                "Not for rhythms: beats are classified one by one. Runs, flutter and fibrillation are not recognised.".into(),
                "Not for finding beats: it is told where R is.".into(),
            ],
            data: data(spec),
            never_tested: never_tested(spec, evaluation),
        }
    }
}

/// What the model is told of a beat beside its samples.
fn context(preprocessing: &Preprocessing) -> &'static str {
    match (preprocessing.rhythm, preprocessing.template) {
        (false, false) => "",
        (true, false) => {
            " Of the record around the beat it is told how early the beat comes, so it wants a record of minutes, not a lone beat."
        }
        (false, true) => {
            " Of the record around the beat it is told how the beat differs from the patient's usual one, so it wants a record of \
             minutes, not a lone beat."
        }
        (true, true) => {
            " Of the record around the beat it is told how early the beat comes and how it differs from the patient's usual one, so it \
             wants a record of minutes, not a lone beat."
        }
    }
}

fn data(spec: &ModelSpec) -> Vec<String> {
    let origin = &spec.origin;
    let reduction = origin.reduction.map(|reduction| format!(" {reduction}")).unwrap_or_default();
    vec![
        format!("Trained on {}. {}{reduction}", origin.data.name, origin.split_sentence),
        format!(
            "{}, epoch {} of {}, seed {}.",
            capitalised(&origin.selection),
            origin.epoch.0,
            origin.epoch.1,
            origin.seed
        ),
    ]
}

fn never_tested(spec: &ModelSpec, evaluation: &Evaluation) -> Vec<String> {
    let mut gaps = Vec::new();
    match spec.origin.split {
        SplitRule::Random { .. } => gaps.push(
            "Patients that it has not learnt from: the split is by beat, and beats of the tested patients trained it."
                .to_owned(),
        ),
        SplitRule::InterPatient { .. } | SplitRule::PatientFolds { .. } => {
            let mut subjects: Vec<&str> = evaluation.records.iter().map(|record| &*record.subject).collect();
            subjects.sort_unstable();
            subjects.dedup();
            if !subjects.is_empty() {
                gaps.push(format!("More patients than the {} of the test part.", subjects.len()));
            }
        }
    }
    for (class, &beats) in evaluation.support.iter() {
        let symbol = class.symbol();
        match beats {
            0 => gaps.push(format!("Class {symbol}: the test part has no beat of it.")),
            1..FEW_BEATS => gaps.push(format!("Class {symbol}, but for {beats} beats.")),
            _ => {}
        }
    }
    gaps.push(format!(
        "Records that are not of {}: other recorders, electrode positions and filters, children, and every rhythm that the \
         database does not hold. Expect less there; `heart-darts evaluate` says how much less.",
        spec.origin.data.name
    ));
    gaps.push(
        "R peaks of a detector: the figures are for annotated R peaks, and what a detector misses or invents comes on top \
         (`heart-darts evaluate --ec57` counts it)."
            .into(),
    );
    gaps
}

/// The card as Markdown.
pub(super) fn text(spec: &ModelSpec, parameters: usize, evaluation: &Evaluation) -> String {
    let card = Card::of(spec, parameters, evaluation);
    let list = |lines: &[String]| lines.iter().map(|line| format!("- {line}\n")).collect::<String>();
    let digests: String = spec.digests().iter().map(|(name, digest)| format!("- {name}: `{digest}`\n")).collect();
    format!(
        "# A heartbeat classifier

For research on recorded ECGs. **Not a medical device**: not for diagnosis, monitoring or any decision about a patient.

## What it is
{what}

## What it is for
{purposes}
## What it is not for
{not_for}
## Data and split
{data}
## Figures
On the test part, in percent, with 95 % intervals in brackets: by beat they take beats as independent, by patient they say what
other patients would give.

```text
{figures}```

{notes}
## Never tested
{never_tested}
## Loading it
    heart-darts evaluate MODEL --data DIR           its figures on a folder of records
    heart-darts predict MODEL RECORD                the beats of a record
    heart-darts report MODEL                        all of this as a page with pictures

where MODEL is this folder. In Rust, `heart_darts::model::Model::read`. `weights.safetensors` has every tensor by its name, and
`model.ron` says what is done to records before.

## Digests
SHA-256 of what it was made of.

{digests}
Written by heart-darts {version}.
",
        what = card.what,
        purposes = list(&card.purposes),
        not_for = list(&card.not_for),
        data = list(&card.data),
        figures = text::evaluation(evaluation),
        notes = list(&evaluation.notes),
        never_tested = list(&card.never_tested),
        version = spec.origin.crate_version,
    )
}

fn leads(spec: &ModelSpec) -> String {
    spec.leads.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::beat::Reduction;
    use crate::cell::Named;
    use crate::database::{Class, Window};
    use crate::evaluate::{ConfusionMatrix, RecordEvaluation};
    use crate::model::ModelOrigin;
    use crate::network::{Baseline, InputShape, NetworkSpec};

    fn spec(split: SplitRule) -> ModelSpec {
        ModelSpec {
            version: ModelSpec::VERSION,
            network: NetworkSpec::Baseline(Baseline::Cnn9),
            input: InputShape { leads: 1, samples: 300, classes: 5 },
            leads: vec!["V1".into()],
            frequency: 360.0,
            window: Window { before: 99, after: 200 },
            preprocessing: Default::default(),
            classes: Class::ALL.to_vec(),
            origin: ModelOrigin {
                data: Named { name: "my-records".into(), digest: "da7a".into() },
                split,
                split_digest: "5911".into(),
                split_sentence: "Split of a kind.".into(),
                reduction: Some(Reduction { before: [9, 4, 3, 2, 1], after: [5, 4, 2, 2, 1] }),
                configuration: "c0f1".into(),
                selection: "epoch chosen by F1 on validation beats".into(),
                epoch: (9, 10),
                seed: 7,
                crate_version: "0.1.0".into(),
            },
            weights: "3e16".into(),
        }
    }

    fn evaluation() -> Evaluation {
        let matrix = |n, v| ConfusionMatrix::new([[n, 1, 0, 0, 0], [0; 5], [1, 0, v, 0, 0], [0; 5], [0; 5]]).unwrap();
        let records = [("a", 900, 5), ("b", 700, 9), ("c", 800, 7)];
        Evaluation::new("", records.map(|(name, n, v)| RecordEvaluation::new(name, name, matrix(n, v))).to_vec(), None)
    }

    #[test]
    fn a_card_says_what_a_reader_has_to_know() {
        let card = text(&spec(SplitRule::default()), 6_000, &evaluation());
        let heads: Vec<&str> = card.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        assert_eq!(
            heads,
            [
                "What it is",
                "What it is for",
                "What it is not for",
                "Data and split",
                "Figures",
                "Never tested",
                "Loading it",
                "Digests"
            ]
        );
        for text in [
            "**not a medical device**",
            "1 lead (V1) of 300 samples at 360 Hz",
            "Trained on my-records. Split of a kind. Of 19 training beats 14 are used (limits): N 5 of 9, V 2 of 3.",
            "epoch 9 of 10, seed 7",
            "95 % by patient",
            "class V has only",
            "Class S: the test part has no beat of it.",
            "Class V, but for 24 beats.",
            "heart-darts predict MODEL RECORD",
            "- weights: `3e16`",
        ] {
            assert!(card.contains(text), "{text}\n{card}");
        }
        assert!(!card.contains("\n\n\n"), "{card}");
    }

    #[test]
    fn a_model_that_knows_the_record_says_so() {
        let mut spec = spec(SplitRule::default());
        let what = |spec: &ModelSpec| Card::of(spec, 0, &evaluation()).what;
        assert!(!what(&spec).contains("Of the record"));
        (spec.preprocessing.rhythm, spec.preprocessing.template) = (true, true);
        assert!(what(&spec).contains("how early the beat comes and how it differs"));
    }

    #[test]
    fn whether_new_patients_were_tested_depends_on_the_split() {
        let gaps = |split| Card::of(&spec(split), 0, &evaluation()).never_tested.join("\n");
        assert!(gaps(SplitRule::default()).contains("beats of the tested patients trained it"));
        let by_patient = SplitRule::InterPatient { validation: 0.2, seed: 0, keep_shared: false };
        assert!(gaps(by_patient).contains("More patients than the 3 of the test part"));
    }
}
