//! The figures: against scikit-learn, against the paper, at their edges, and through files.

use heart_darts::beat::Class;
use heart_darts::evaluate::{
    BOOTSTRAP_DRAWS, Calibration, ConfusionMatrix, Error, Evaluation, Figures, Interval, RecordEvaluation,
    beat_intervals, subject_intervals, text, wilson,
};
use heart_darts::support::random::Generator;
use serde_json::Value;

/// Tables IV and V of the paper.
const SINGLE_LEAD: [[u64; 5]; 5] =
    [[16007, 28, 8, 1, 0], [27, 472, 5, 0, 0], [15, 1, 1290, 13, 0], [14, 0, 6, 120, 0], [4, 0, 1, 0, 791]];
const TWO_LEADS: [[u64; 5]; 5] =
    [[16001, 26, 7, 8, 2], [27, 476, 1, 0, 0], [9, 0, 1304, 6, 0], [7, 0, 11, 121, 1], [2, 0, 0, 0, 794]];

fn matrix(rows: [[u64; 5]; 5]) -> ConfusionMatrix {
    ConfusionMatrix::new(rows).unwrap()
}

fn percents(figures: impl IntoIterator<Item = Option<f64>>) -> Vec<String> {
    figures.into_iter().map(text::percent).collect()
}

// ---- the paper -------------------------------------------------------------------------------------------------------

/// Every printed figure of Tables IV and V and their rows of Table VI follows from the printed matrix.
#[test]
fn the_papers_matrices_give_the_papers_figures() {
    // The matrix; +P, Se and Spe of each class; accuracy and the macro Se, +P and F1.
    type Table = ([[u64; 5]; 5], [[&'static str; 3]; 5], [&'static str; 4]);
    let tables: [Table; 2] = [
        (
            SINGLE_LEAD,
            [
                ["99.63", "99.77", "97.83"],
                ["94.21", "93.65", "99.84"],
                ["98.47", "97.80", "99.89"],
                ["89.55", "85.71", "99.92"],
                ["100.00", "99.37", "100.00"],
            ],
            ["99.35", "95.26", "96.37", "95.81"],
        ),
        (
            TWO_LEADS,
            [
                ["99.72", "99.73", "98.37"],
                ["94.82", "94.44", "99.86"],
                ["98.56", "98.86", "99.89"],
                ["89.63", "86.43", "99.92"],
                ["99.62", "99.75", "99.98"],
            ],
            ["99.43", "95.84", "96.47", "96.16"],
        ),
    ];
    for (rows, classes, overall) in tables {
        let matrix = matrix(rows);
        assert_eq!(matrix.total(), 18803, "the paper's test part");
        let figures = Figures::of(&matrix);
        for ((class, of), printed) in figures.classes.iter().zip(classes) {
            assert_eq!(percents([of.positive_predictivity, of.sensitivity, of.specificity]), printed, "{class:?}");
        }
        let found = [
            figures.accuracy,
            figures.macro_sensitivity,
            figures.macro_positive_predictivity,
            figures.f1_of_macro_means,
        ];
        assert_eq!(percents(found), overall);
    }
}

/// Se, +P and F1 of all rows of Tables VI and VII: the paper's F1 is the harmonic mean of the macro means everywhere.
#[test]
fn the_papers_f1_is_that_of_the_macro_means() {
    let rows = [
        (92.11, 95.92, 93.98),
        (93.60, 96.43, 94.99),
        (91.38, 96.58, 93.91),
        (93.15, 97.29, 95.18),
        (91.11, 97.05, 93.98),
        (94.31, 96.51, 95.40),
        (94.87, 95.76, 95.31),
        (95.57, 96.28, 95.92),
        (95.26, 96.37, 95.81),
        (95.84, 96.47, 96.16),
        (89.59, 96.69, 93.00),
        (77.25, 95.39, 85.37),
        (88.10, 97.05, 92.36),
        (79.42, 88.63, 83.77),
        (93.76, 98.38, 96.01),
        (90.05, 89.49, 89.77),
    ];
    for (sensitivity, positive_predictivity, printed) in rows {
        let f1: f64 = 2.0 * sensitivity * positive_predictivity / (sensitivity + positive_predictivity);
        // Its inputs are rounded to 0.005 and so is the result.
        assert!((f1 - printed).abs() <= 0.010_001, "{sensitivity} {positive_predictivity}: {f1}, printed {printed}");
    }
}

// ---- scikit-learn ----------------------------------------------------------------------------------------------------

/// `fixtures/evaluate/make.py` made it.
fn fixture() -> Value {
    serde_json::from_str(include_str!("fixtures/evaluate/scikit_learn.json")).unwrap()
}

fn assert_close(found: Option<f64>, expected: &Value, what: &str) {
    match (found, expected.as_f64()) {
        (Some(found), Some(expected)) => assert!((found - expected).abs() < 1e-12, "{what}: {found} {expected}"),
        (found, expected) => assert_eq!(found, expected, "{what}"),
    }
}

#[test]
fn figures_equal_scikit_learn() {
    let fixture = fixture();
    let cases = fixture["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 15);
    for (i, case) in cases.iter().enumerate() {
        let matrix: ConfusionMatrix = serde_json::from_value(case["matrix"].clone()).unwrap();
        let figures = Figures::of(&matrix);
        let check = |found, key: &str| assert_close(found, &case[key], &format!("case {i}: {key}"));
        check(figures.accuracy, "accuracy");
        check(figures.macro_sensitivity, "macro_sensitivity");
        check(figures.macro_sensitivity, "balanced_accuracy");
        check(figures.macro_positive_predictivity, "macro_positive_predictivity");
        check(figures.mean_class_f1, "mean_class_f1");
        check(figures.kappa, "kappa");
        check(figures.matthews, "matthews");
        for (class, of) in figures.classes.iter() {
            let check = |found, key: &str| assert_close(found, &case[key][class.index()], &format!("case {i}: {key}"));
            check(of.positive_predictivity, "positive_predictivity");
            check(of.sensitivity, "sensitivity");
            check(of.f1, "f1");
            check(of.specificity, "specificity");
            check(of.accuracy, "accuracy_one_vs_rest");
            assert_eq!(matrix.support(class), case["support"][class.index()].as_u64().unwrap());
        }
    }
}

#[test]
fn wilson_equals_scipy() {
    for case in fixture()["wilson"].as_array().unwrap() {
        let interval = wilson(case["successes"].as_u64().unwrap(), case["trials"].as_u64().unwrap()).unwrap();
        assert_close(Some(interval.low), &case["low"], "low");
        assert_close(Some(interval.high), &case["high"], "high");
    }
    assert_eq!(wilson(0, 0), None);
}

#[test]
fn calibration_equals_scikit_learn() {
    let fixture = &fixture()["calibration"];
    let counts: Vec<[u32; 5]> = serde_json::from_value(fixture["sixty_fourths"].clone()).unwrap();
    let probabilities: Vec<f32> = counts.iter().flatten().map(|&count| count as f32 / 64.0).collect();
    let reference: Vec<usize> = serde_json::from_value(fixture["reference"].clone()).unwrap();
    let reference: Vec<Class> = reference.into_iter().map(|i| Class::ALL[i]).collect();
    let calibration = Calibration::of(&probabilities, &reference).unwrap().unwrap();
    assert_close(
        Some(calibration.expected_calibration_error),
        &fixture["expected_calibration_error"],
        "expected calibration error",
    );
    // scikit-learn computes the logarithms in single precision.
    let expected = fixture["mean_cross_entropy"].as_f64().unwrap();
    assert!((calibration.mean_cross_entropy - expected).abs() < 1e-6, "{} {expected}", calibration.mean_cross_entropy);
    assert_eq!(calibration.reliability.iter().map(|bin| bin.beats).sum::<u64>(), 200);
}

// ---- edges -----------------------------------------------------------------------------------------------------------

#[test]
fn nothing_gives_nothing_and_never_nan() {
    let figures = Figures::of(&ConfusionMatrix::default());
    assert!(figures.named().into_iter().all(|(_, figure)| figure.is_none()), "{figures:?}");
    let evaluation = Evaluation::of_matrix("no beats", ConfusionMatrix::default());
    assert!(evaluation.intervals.beats.named().into_iter().all(|(_, interval)| interval.is_none()));
    assert!(!text::evaluation(&evaluation).contains("NaN"));
    assert_eq!(Evaluation::parse(&evaluation.to_json(), "").unwrap(), evaluation);
}

#[test]
fn a_present_class_that_is_never_predicted_counts_as_zero() {
    let figures = Figures::of(&matrix([[8, 0, 0, 0, 0], [2, 0, 0, 0, 0], [0; 5], [0; 5], [0; 5]]));
    assert_eq!(figures.classes.s.positive_predictivity, None);
    assert_eq!(figures.classes.s.sensitivity, Some(0.0));
    assert_eq!(figures.macro_positive_predictivity, Some(0.4), "(8/10 + 0) / 2");
    assert_eq!(figures.macro_sensitivity, Some(0.5));
}

#[test]
fn a_class_without_beats_is_in_no_macro_mean() {
    let figures = Figures::of(&matrix([[8, 2, 0, 0, 0], [0; 5], [0; 5], [0; 5], [0; 5]]));
    assert_eq!(figures.classes.s.positive_predictivity, Some(0.0));
    assert_eq!(figures.classes.s.sensitivity, None);
    assert_eq!(figures.macro_positive_predictivity, Some(1.0), "of N alone");
    assert_eq!(figures.macro_sensitivity, Some(0.8));
}

#[test]
fn figures_are_exact_to_the_largest_matrix() {
    let half = 1u64 << 52;
    let huge = matrix([[half, 0, 0, 0, 0], [0, half - 1, 1, 0, 0], [0; 5], [0; 5], [0; 5]]);
    let kappa = Figures::of(&huge).kappa.unwrap();
    assert!(kappa < 1.0 && kappa > 1.0 - 1e-15, "{kappa}");
    let error = ConfusionMatrix::new([[u64::MAX; 5]; 5]).unwrap_err();
    assert!(matches!(error, Error::TooManyBeats { .. }));
    assert!(serde_json::from_str::<ConfusionMatrix>(&format!("[{0},{0},{0},{0},{0}]", [u64::MAX; 5].len())).is_err());
}

#[test]
fn matrices_add() {
    let pairs = [(Class::N, Class::N), (Class::V, Class::N), (Class::F, Class::Q)];
    let one: ConfusionMatrix = pairs.into_iter().collect();
    let both: ConfusionMatrix = [one, matrix(TWO_LEADS)].into_iter().sum();
    assert_eq!(both.count(Class::N, Class::N), 16002);
    assert_eq!(both.count(Class::V, Class::N), 10);
    assert_eq!(both.count(Class::F, Class::Q), 2);
    assert_eq!(both.total(), 18806);
    assert_eq!(serde_json::to_string(&one).unwrap(), "[[1,0,0,0,0],[0,0,0,0,0],[1,0,0,0,0],[0,0,0,0,1],[0,0,0,0,0]]");
}

#[test]
fn probabilities_are_checked() {
    let error =
        |probabilities: &[f32], beats| Calibration::of(probabilities, &vec![Class::N; beats]).unwrap_err().to_string();
    assert!(error(&[0.2; 9], 2).contains("9 values for 2 beats"));
    assert!(error(&[0.2, 0.2, 0.2, 0.2, 0.2, 3.0, -1.0, 0.0, 0.0, -1.0], 2).contains("beat 1: found 3"));
    assert!(error(&[f32::NAN, 0.0, 0.0, 0.0, 0.0], 1).contains("NaN"));
    assert!(error(&[0.5, 0.0, 0.0, 0.0, 0.0], 1).contains("softmax"));
    assert_eq!(Calibration::of(&[], &[]).unwrap(), None);
    let certain_and_wrong = Calibration::of(&[0.0, 1.0, 0.0, 0.0, 0.0], &[Class::N]).unwrap().unwrap();
    assert!(certain_and_wrong.mean_cross_entropy.is_finite());
    assert_eq!(certain_and_wrong.expected_calibration_error, 1.0);
}

// ---- intervals -------------------------------------------------------------------------------------------------------

fn width(interval: Option<Interval>) -> f64 {
    interval.map(|interval| interval.high - interval.low).unwrap()
}

/// The macro sensitivity is a sum of independent proportions, so its standard error is known.
#[test]
fn the_bootstrap_has_the_width_of_theory() {
    let matrix = matrix(SINGLE_LEAD);
    let variance: f64 = Figures::of(&matrix)
        .classes
        .iter()
        .map(|(class, of)| {
            let sensitivity = of.sensitivity.unwrap();
            sensitivity * (1.0 - sensitivity) / matrix.support(class) as f64
        })
        .sum();
    let theory = 2.0 * 1.96 * variance.sqrt() / 5.0;
    let found = beat_intervals(&matrix, &mut Generator::new(3)).macro_sensitivity;
    assert!((width(found) / theory - 1.0).abs() < 0.1, "{found:?}, theory {theory}");
    let value = Figures::of(&matrix).macro_sensitivity.unwrap();
    let Interval { low, high } = found.unwrap();
    assert!(low < value && value < high);
}

#[test]
fn intervals_are_the_same_every_time_and_hold_their_figures() {
    let once = Evaluation::of_matrix("", matrix(TWO_LEADS));
    let twice = Evaluation::of_matrix("", matrix(TWO_LEADS));
    assert_eq!(once, twice);
    assert_eq!(once.intervals.bootstrap_draws, BOOTSTRAP_DRAWS);
    for ((key, figure), (_, interval)) in once.figures.named().into_iter().zip(once.intervals.beats.named()) {
        let Interval { low, high } = interval.unwrap();
        assert!((low..=high).contains(&figure.unwrap()), "{key}");
    }
}

/// Half of the patients are easy and half are hard: beats say little, patients say that it can go either way.
#[test]
fn patients_are_less_certain_than_beats() {
    let easy = matrix([[1000, 0, 0, 0, 0], [0, 100, 0, 0, 0], [0; 5], [0; 5], [0; 5]]);
    let hard = matrix([[900, 100, 0, 0, 0], [50, 50, 0, 0, 0], [0; 5], [0; 5], [0; 5]]);
    let subjects = [[easy; 5], [hard; 5]].concat();
    let beats = beat_intervals(&subjects.iter().copied().sum(), &mut Generator::new(1));
    let patients = subject_intervals(&subjects, &mut Generator::new(1)).unwrap();
    assert!(width(patients.accuracy) > 4.0 * width(beats.accuracy));
    // Of ten patients the number of hard ones is binomial with a half: 2 to 8 of them, in 95 % of the draws.
    let expected = Interval { low: 1.0 - 0.8 * 150.0 / 1100.0, high: 1.0 - 0.2 * 150.0 / 1100.0 };
    assert_eq!(patients.accuracy.map(|x| ((x.low * 1e6).round(), (x.high * 1e6).round())), {
        Some(((expected.low * 1e6).round(), (expected.high * 1e6).round()))
    });
}

#[test]
fn one_patient_says_nothing_of_patients() {
    let one = matrix(TWO_LEADS);
    assert_eq!(subject_intervals(&[one], &mut Generator::new(1)), None);
    assert_eq!(subject_intervals(&[one, ConfusionMatrix::default()], &mut Generator::new(1)), None);
    // S occurs in one patient of five only.
    let without = matrix([[90, 1, 0, 0, 0], [0; 5], [0, 0, 9, 0, 0], [0; 5], [0; 5]]);
    let with = matrix([[90, 1, 0, 0, 0], [2, 8, 0, 0, 0], [0; 5], [0; 5], [0; 5]]);
    let intervals = subject_intervals(&[without, without, without, without, with], &mut Generator::new(1)).unwrap();
    assert_eq!(intervals.classes.s.sensitivity, None);
    assert!(intervals.classes.v.sensitivity.is_some());
}

// ---- evaluation ------------------------------------------------------------------------------------------------------

fn example() -> Evaluation {
    let rest = matrix([[16, 0, 0, 0, 0], [0, 2, 0, 0, 0], [5, 1, 90, 3, 0], [4, 0, 6, 20, 0], [0; 5]]);
    let mut first = TWO_LEADS;
    first[4] = [0; 5];
    let records = vec![
        RecordEvaluation::new("201", "201", matrix(first)),
        RecordEvaluation::new("202", "201", rest),
        RecordEvaluation::new("203", "203", rest),
    ];
    Evaluation::new("random 80/20, seed 1: beats of one patient are on both sides", records, None)
}

#[test]
fn an_evaluation_survives_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("metrics.json");
    let mut evaluation = example();
    evaluation.calibration = Calibration::of(&[0.25, 0.5, 0.25, 0.0, 0.0], &[Class::S]).unwrap();
    evaluation.note("a remark");
    evaluation.write(&path).unwrap();
    assert_eq!(Evaluation::read(&path).unwrap(), evaluation);
    let json: Value = serde_json::from_str(&evaluation.to_json()).unwrap();
    assert_eq!(json["confusion_matrix"][3], serde_json::json!([15, 0, 23, 161, 1]));
    assert_eq!(json["figures"]["classes"]["Q"]["sensitivity"], Value::Null);
    assert_eq!(json["figures"]["classes"]["Q"]["positive_predictivity"], 0.0);
    assert_eq!(json["records"][1]["errors"], 19);
}

#[test]
fn records_of_one_subject_stay_together() {
    let evaluation = example();
    let mut apart = example().records;
    apart[1].subject = "202".into();
    let apart = Evaluation::new(evaluation.split.clone(), apart, None);
    assert_ne!(evaluation.intervals.subjects, apart.intervals.subjects);
    let mut together = example().records;
    together[2].subject = "201".into();
    assert_eq!(Evaluation::new("", together, None).intervals.subjects, None);
}

#[test]
fn a_damaged_file_says_what_is_wrong() {
    let json = example().to_json();
    let error = |from: &str, to: &str| {
        assert!(json.contains(from), "{from} is not in {json}");
        Evaluation::parse(&json.replacen(from, to, 1), "metrics.json").unwrap_err().to_string()
    };
    let found = error("\"schema\": 1", "\"schema\": 2");
    assert!(found.contains("found schema 2, expected 1"), "{found}");
    let found = error("\"beats\": 18301", "\"beats\": 18300");
    assert!(found.contains("`beats`: found 18300, expected another: `confusion_matrix` holds 18301"), "{found}");
    let found = error("\"V\": 1517", "\"V\": 1518");
    assert!(found.contains("`support.V`: found 1518"), "{found}");
    let found = error("\"accuracy\": 0.9", "\"accuracy\": 0.99");
    assert!(found.contains("`figures.accuracy`: found 0.99") && found.contains("gives 0.9"), "{found}");
    let found = error("\"sensitivity\": null", "\"sensitivity\": 1");
    assert!(
        found.contains("`figures.classes.Q.sensitivity`: found 1, expected another: `confusion_matrix` gives null"),
        "{found}"
    );
    let found = error("[16, 0, 0, 0, 0]", "[15, 1, 0, 0, 0]");
    assert!(found.contains("`records`"), "{found}");
    let found = error("[16, 0, 0, 0, 0]", &format!("[{0}, {0}, {0}, {0}, {0}]", u64::MAX));
    assert!(found.starts_with("metrics.json:") && found.contains("at most that many"), "{found}");
    let found = error("[16, 0, 0, 0, 0]", "[16, 0, 0, 0]");
    assert!(found.starts_with("metrics.json:") && found.contains("length"), "{found}");
    let found = Evaluation::parse("", "metrics.json").unwrap_err().to_string();
    assert!(found.starts_with("metrics.json:1:"), "{found}");
}

#[test]
fn notes_say_what_the_figures_hide() {
    let notes = |rows| Evaluation::of_matrix("", matrix(rows)).notes.join("\n");
    let all = notes([[90, 3, 0, 0, 0], [0; 5], [0, 0, 9, 0, 0], [4, 0, 0, 0, 0], [0; 5]]);
    assert!(all.contains("class S has no beats but is predicted 3 times"), "{all}");
    assert!(all.contains("class V has only 9 beats: its sensitivity is somewhere in 70 to 100 %"), "{all}");
    assert!(all.contains("class F is never predicted"), "{all}");
    assert!(all.contains("class Q has no beats and is never predicted"), "{all}");
    assert!(all.contains("independent"), "{all}");
    assert!(!notes(TWO_LEADS).contains("class"));
}

#[test]
fn the_text_is_aligned_and_says_percent() {
    let text = text::evaluation(&example());
    let classes = text::classes(&example());
    let ends: Vec<usize> = classes.lines().map(str::len).collect();
    assert_eq!(ends.len(), 6);
    assert!(ends.iter().all(|end| *end == ends[0]), "{classes}");
    assert!(text.starts_with("random 80/20, seed 1: beats of one patient are on both sides\n18301 beats\n"), "{text}");
    assert!(text.contains("macro Se (balanced accuracy)"), "{text}");
    assert!(text.contains("95 % by patient"), "{text}");
    assert!(text.lines().all(|line| line == line.trim_end()), "{text}");
}

#[test]
fn the_text_of_table_v() {
    let expected = "\
reference   as N  as S  as V  as F  as Q  beats
N          16001    26     7     8     2  16044
S             27   476     1     0     0    504
V              9     0  1304     6     0   1319
F              7     0    11   121     1    140
Q              2     0     0     0   794    796
predicted  16046   502  1323   135   797  18803
";
    assert_eq!(text::confusion(&matrix(TWO_LEADS)), expected);
    let evaluation = Evaluation::of_matrix("", matrix(TWO_LEADS));
    let classes = text::classes(&evaluation);
    assert!(classes.contains("F        140  86.43 [79.77, 91.14]"), "{classes}");
}

/// `docs/JSON.md` has every key that occurs, in backticks.
#[test]
fn every_key_is_documented() {
    fn keys(value: &Value, found: &mut std::collections::BTreeSet<String>) {
        match value {
            Value::Object(object) => object.iter().for_each(|(key, value)| {
                found.insert(key.clone());
                keys(value, found);
            }),
            Value::Array(values) => values.iter().for_each(|value| keys(value, found)),
            _ => {}
        }
    }
    let mut evaluation = example();
    evaluation.calibration = Calibration::of(&[0.25, 0.5, 0.25, 0.0, 0.0], &[Class::S]).unwrap();
    let mut found = std::collections::BTreeSet::new();
    keys(&serde_json::to_value(&evaluation).unwrap(), &mut found);
    let page = include_str!("../docs/JSON.md");
    for key in found.iter().filter(|key| key.len() > 1) {
        assert!(page.contains(&format!("`{key}`")), "`{key}` is not in docs/JSON.md");
    }
    // The example on the page is what the matrix of Table V gives.
    let json = Evaluation::of_matrix("", matrix(TWO_LEADS)).to_json();
    let example = page.split("```json").nth(1).unwrap().split("```").next().unwrap();
    for line in example.lines().filter(|line| line.contains(|c: char| c.is_ascii_digit())) {
        assert!(json.contains(line), "{line} is not in {json}");
    }
}

/// A matrix without a usual cell, where kappa's standard error is known.
#[test]
fn the_bootstrap_draws_every_cell() {
    let n = 25.0 * 40.0;
    let kappa = beat_intervals(&matrix([[40; 5]; 5]), &mut Generator::new(5)).kappa.unwrap();
    // With p_e = 1/5 known, kappa is (p_o - p_e) / (1 - p_e), and p_o is a proportion of 1/5.
    let theory = 2.0 * 1.96 * (0.2f64 * 0.8 / n).sqrt() / 0.8;
    assert!((width(Some(kappa)) / theory - 1.0).abs() < 0.12, "{kappa:?}, theory {theory}");
    assert!(kappa.low < 0.0 && kappa.high > 0.0);
}

/// Four classes: sklearn.metrics.recall_score and precision_score of the rows N S V F with labels 0 to 3, average "macro".
#[test]
fn a_class_can_be_left_out() {
    use heart_darts::beat::Class;
    use heart_darts::evaluate::{ConfusionMatrix, Figures};
    let rows = [[90, 4, 3, 2, 1], [5, 20, 0, 0, 0], [2, 0, 40, 3, 5], [1, 0, 2, 7, 0], [4, 1, 1, 0, 30]];
    let figures = Figures::of(&ConfusionMatrix::new(rows).unwrap().without(Class::Q));
    let close = |found: Option<f64>, expected: f64| assert!((found.unwrap() - expected).abs() < 1e-12, "{found:?}");
    close(figures.accuracy, 157.0 / 185.0);
    close(figures.macro_sensitivity, (0.9 + 0.8 + 0.8 + 0.7) / 4.0);
    close(figures.macro_positive_predictivity, (90.0 / 98.0 + 20.0 / 24.0 + 40.0 / 45.0 + 7.0 / 12.0) / 4.0);
    assert_eq!(figures.classes.q.sensitivity, None);
}
