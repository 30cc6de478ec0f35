//! The figures that follow from a confusion matrix.

use serde::{Deserialize, Serialize};

use super::{ByClass, ConfusionMatrix};
use crate::beat::Class;

/// The figures of one class against the four others. `T` is a fraction (`Option<f64>`, `None` where undefined) or, in
/// [`Intervals`](super::Intervals), the interval of one.
///
/// With TP, FP, FN, TN the beats that are and are taken for, are not but are taken for, are but are not taken for, and
/// neither are nor are taken for the class:
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct ClassFigures<T = Option<f64>> {
    /// Positive predictivity (precision), +P = TP / (TP + FP). Undefined when the class is never predicted.
    pub positive_predictivity: T,
    /// Sensitivity (recall), Se = TP / (TP + FN). Undefined when the class has no beats.
    pub sensitivity: T,
    /// Specificity, TN / (TN + FP). Undefined when there are no beats of other classes.
    pub specificity: T,
    /// F1 = 2 TP / (2 TP + FP + FN). Undefined when the class neither has beats nor is predicted.
    pub f1: T,
    /// One class against the rest, (TP + TN) / all. Undefined without beats.
    pub accuracy: T,
}

/// All figures of a classifier. `T` as in [`ClassFigures`].
///
/// The macro means run over the classes that have beats in the reference. Among these, a class that is never predicted
/// counts as 0 in the mean of +P, as scikit-learn has it with `zero_division=0`: left out, ignoring a rare class would
/// raise the mean. A class without beats is in no mean, even where it is predicted; those errors are in the
/// sensitivities of the other classes.
///
/// ```
/// use heart_darts::evaluate::{ConfusionMatrix, Figures};
///
/// // Table IV of the Heart-Darts paper.
/// let matrix = ConfusionMatrix::new([
///     [16007, 28, 8, 1, 0], [27, 472, 5, 0, 0], [15, 1, 1290, 13, 0], [14, 0, 6, 120, 0], [4, 0, 1, 0, 791],
/// ])?;
/// let figures = Figures::of(&matrix);
/// assert_eq!(format!("{:.4}", figures.f1_of_macro_means.unwrap()), "0.9581");
/// # Ok::<(), heart_darts::evaluate::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures<T = Option<f64>> {
    /// The share of beats that were classified rightly.
    pub accuracy: T,
    /// The mean of the classes' sensitivities. Also known as balanced accuracy.
    pub macro_sensitivity: T,
    /// The mean of the classes' positive predictivities.
    pub macro_positive_predictivity: T,
    /// The harmonic mean of the two macro means: the F1 of the paper's Tables VI and VII.
    pub f1_of_macro_means: T,
    /// The mean of the classes' F1: what scikit-learn calls macro F1. At most [`Self::f1_of_macro_means`].
    pub mean_class_f1: T,
    /// Cohen's kappa (1960): agreement beyond chance, 1 at best, 0 at chance. Undefined when reference and prediction
    /// are the same single class throughout.
    pub kappa: T,
    /// Matthews' correlation coefficient for several classes (Gorodkin 2004), -1 to 1. Undefined when the reference or
    /// the prediction is a single class throughout.
    pub matthews: T,
    /// Each class against the rest.
    pub classes: ByClass<ClassFigures<T>>,
}

impl Figures {
    /// The figures of a matrix. Never NaN: undefined figures are `None`.
    pub fn of(matrix: &ConfusionMatrix) -> Self {
        let classes = ByClass::from_fn(|class| ClassFigures::of(matrix, class));
        let mean = |figure: fn(&ClassFigures) -> Option<f64>| {
            let present = classes.iter().filter(|(class, _)| matrix.support(*class) > 0);
            let (count, sum) = present.fold((0u32, 0.0), |(n, sum), (_, of)| (n + 1, sum + figure(of).unwrap_or(0.0)));
            (count > 0).then(|| sum / f64::from(count))
        };
        let macro_sensitivity = mean(|of| of.sensitivity);
        let macro_positive_predictivity = mean(|of| of.positive_predictivity);
        Self {
            accuracy: ratio(matrix.correct(), matrix.total()),
            macro_sensitivity,
            macro_positive_predictivity,
            f1_of_macro_means: macro_sensitivity.zip(macro_positive_predictivity).map(|(a, b)| harmonic_mean(a, b)),
            mean_class_f1: mean(|of| of.f1),
            kappa: kappa(matrix),
            matthews: matthews(matrix),
            classes,
        }
    }
}

impl<T> Figures<T> {
    /// The figures with their keys in JSON, a dot between levels, in the order of the fields.
    pub fn named(&self) -> Vec<(String, &T)> {
        let overall = [
            ("accuracy", &self.accuracy),
            ("macro_sensitivity", &self.macro_sensitivity),
            ("macro_positive_predictivity", &self.macro_positive_predictivity),
            ("f1_of_macro_means", &self.f1_of_macro_means),
            ("mean_class_f1", &self.mean_class_f1),
            ("kappa", &self.kappa),
            ("matthews", &self.matthews),
        ];
        let mut named: Vec<_> = overall.into_iter().map(|(key, figure)| (key.to_string(), figure)).collect();
        for (class, of) in self.classes.iter() {
            let of = [
                ("positive_predictivity", &of.positive_predictivity),
                ("sensitivity", &of.sensitivity),
                ("specificity", &of.specificity),
                ("f1", &of.f1),
                ("accuracy", &of.accuracy),
            ];
            named.extend(of.map(|(key, figure)| (format!("classes.{}.{key}", class.symbol()), figure)));
        }
        named
    }

    /// `f` of each figure of two sets.
    pub(super) fn zip<U, V>(&self, other: &Figures<U>, f: impl Fn(&T, &U) -> V) -> Figures<V> {
        Figures {
            accuracy: f(&self.accuracy, &other.accuracy),
            macro_sensitivity: f(&self.macro_sensitivity, &other.macro_sensitivity),
            macro_positive_predictivity: f(&self.macro_positive_predictivity, &other.macro_positive_predictivity),
            f1_of_macro_means: f(&self.f1_of_macro_means, &other.f1_of_macro_means),
            mean_class_f1: f(&self.mean_class_f1, &other.mean_class_f1),
            kappa: f(&self.kappa, &other.kappa),
            matthews: f(&self.matthews, &other.matthews),
            classes: ByClass::from_fn(|class| {
                let (a, b) = (&self.classes[class], &other.classes[class]);
                ClassFigures {
                    positive_predictivity: f(&a.positive_predictivity, &b.positive_predictivity),
                    sensitivity: f(&a.sensitivity, &b.sensitivity),
                    specificity: f(&a.specificity, &b.specificity),
                    f1: f(&a.f1, &b.f1),
                    accuracy: f(&a.accuracy, &b.accuracy),
                }
            }),
        }
    }

    /// The same set of figures with `f` of each, `f` being given the way to the figure in any other set.
    pub(super) fn build<U>(f: impl Fn(&dyn Fn(&Figures<U>) -> &U) -> T) -> Self {
        Self {
            accuracy: f(&|of| &of.accuracy),
            macro_sensitivity: f(&|of| &of.macro_sensitivity),
            macro_positive_predictivity: f(&|of| &of.macro_positive_predictivity),
            f1_of_macro_means: f(&|of| &of.f1_of_macro_means),
            mean_class_f1: f(&|of| &of.mean_class_f1),
            kappa: f(&|of| &of.kappa),
            matthews: f(&|of| &of.matthews),
            classes: ByClass::from_fn(|class| ClassFigures {
                positive_predictivity: f(&|of| &of.classes[class].positive_predictivity),
                sensitivity: f(&|of| &of.classes[class].sensitivity),
                specificity: f(&|of| &of.classes[class].specificity),
                f1: f(&|of| &of.classes[class].f1),
                accuracy: f(&|of| &of.classes[class].accuracy),
            }),
        }
    }
}

/// The four counts of one class against the rest.
#[derive(Debug, Clone, Copy)]
pub(super) struct OneAgainstRest {
    pub true_positives: u64,
    pub false_positives: u64,
    pub false_negatives: u64,
    pub true_negatives: u64,
}

impl OneAgainstRest {
    pub(super) fn of(matrix: &ConfusionMatrix, class: Class) -> Self {
        let true_positives = matrix.count(class, class);
        let false_positives = matrix.predicted(class) - true_positives;
        let false_negatives = matrix.support(class) - true_positives;
        let true_negatives = matrix.total() - true_positives - false_positives - false_negatives;
        Self { true_positives, false_positives, false_negatives, true_negatives }
    }
}

impl ClassFigures {
    fn of(matrix: &ConfusionMatrix, class: Class) -> Self {
        let OneAgainstRest { true_positives, false_positives, false_negatives, true_negatives } =
            OneAgainstRest::of(matrix, class);
        Self {
            positive_predictivity: ratio(true_positives, true_positives + false_positives),
            sensitivity: ratio(true_positives, true_positives + false_negatives),
            specificity: ratio(true_negatives, true_negatives + false_positives),
            f1: ratio(2 * true_positives, 2 * true_positives + false_positives + false_negatives),
            accuracy: ratio(true_positives + true_negatives, matrix.total()),
        }
    }
}

/// `part / whole`, or `None` of nothing.
fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// The harmonic mean of two fractions; 0 of two zeros, its limit.
fn harmonic_mean(a: f64, b: f64) -> f64 {
    if a + b > 0.0 { 2.0 * a * b / (a + b) } else { 0.0 }
}

/// Σ support · predicted over the classes, exactly.
fn agreement_by_chance(matrix: &ConfusionMatrix) -> i128 {
    Class::ALL.into_iter().map(|class| i128::from(matrix.support(class)) * i128::from(matrix.predicted(class))).sum()
}

/// (p_o − p_e) / (1 − p_e), both sides times total²: in integers, so that no digits are lost near 1.
fn kappa(matrix: &ConfusionMatrix) -> Option<f64> {
    let (total, correct) = (i128::from(matrix.total()), i128::from(matrix.correct()));
    let chance = agreement_by_chance(matrix);
    let whole = total * total - chance;
    (whole > 0).then(|| (correct * total - chance) as f64 / whole as f64)
}

/// (correct · total − Σ s p) / √((total² − Σ s²) (total² − Σ p²)), s the supports and p the predicted counts.
fn matthews(matrix: &ConfusionMatrix) -> Option<f64> {
    let (total, correct) = (i128::from(matrix.total()), i128::from(matrix.correct()));
    let covariance = correct * total - agreement_by_chance(matrix);
    let spread = |count: fn(&ConfusionMatrix, Class) -> u64| {
        let squares: i128 = Class::ALL.into_iter().map(|class| i128::from(count(matrix, class)).pow(2)).sum();
        total * total - squares
    };
    let (reference, prediction) = (spread(ConfusionMatrix::support), spread(ConfusionMatrix::predicted));
    (reference > 0 && prediction > 0)
        .then(|| covariance as f64 / ((reference as f64).sqrt() * (prediction as f64).sqrt()))
}
