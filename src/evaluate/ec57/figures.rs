//! What follows from the matrix of EC57.

use serde::{Deserialize, Serialize};

use super::{Tally, Test, Truth};
use crate::database::Class;

/// How well beats are found, of whatever class. Fractions; `None` where a division would be by zero.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Qrs {
    /// QRS Se: of the reference's beats, the share that was found.
    pub sensitivity: Option<f64>,
    /// QRS +P: of the test's beats, the share that are some.
    pub positive_predictivity: Option<f64>,
}

/// How well a kind of ectopic beats is found and told from the others. Fractions; `None` where a division would be by zero.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Ectopic {
    /// Se: of the reference's beats of this kind, the share that was found as such.
    pub sensitivity: Option<f64>,
    /// +P: of the test's beats of this kind, the share that are; without those that the reference has as a class that does
    /// not count against them.
    pub positive_predictivity: Option<f64>,
    /// FPR: of the test's beats that are not of this kind, the share that was taken for it.
    pub false_positive_rate: Option<f64>,
}

/// The beat-by-beat figures of EC57.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Beats of any class.
    pub qrs: Qrs,
    /// Ventricular ectopic beats, class V.
    pub veb: Ectopic,
    /// Supraventricular ectopic beats, class S.
    pub sveb: Ectopic,
}

/// Whose V beats are false VEBs: F and Q may well be some.
const FALSE_VEB: [Truth; 4] = [Truth::Beat(Class::N), Truth::Beat(Class::S), Truth::Absent, Truth::Unreadable];
/// Whose S beats are false SVEBs: Q may well be some.
const FALSE_SVEB: [Truth; 5] =
    [Truth::Beat(Class::N), Truth::Beat(Class::V), Truth::Beat(Class::F), Truth::Absent, Truth::Unreadable];
/// The same where F and Q are one, as in the lines that `sumstats` adds up.
const FALSE_SVEB_OF_SUM: [Truth; 4] = [Truth::Beat(Class::N), Truth::Beat(Class::V), Truth::Absent, Truth::Unreadable];

impl Figures {
    /// Of a record, as `bxb` prints them. It prints no false positive rate of SVEBs: that one is defined here as that of
    /// VEBs is.
    pub fn of(tally: &Tally) -> Self {
        Self::with(tally, &FALSE_SVEB)
    }

    /// Of several records together, as `sumstats` prints them: supraventricular beats that are F in the reference do not
    /// count as false.
    pub fn of_sum(tally: &Tally) -> Self {
        Self::with(tally, &FALSE_SVEB_OF_SUM)
    }

    fn with(tally: &Tally, false_sveb: &[Truth]) -> Self {
        let rows = tally.rows();
        let matched: u64 = rows[..5].iter().flat_map(|row| &row[..5]).sum();
        let invented: u64 = rows[5..].iter().flat_map(|row| &row[..5]).sum();
        let qrs = Qrs {
            sensitivity: ratio(matched, tally.beats()),
            positive_predictivity: ratio(matched, matched + invented),
        };
        Self { qrs, veb: ectopic(tally, Class::V, &FALSE_VEB), sveb: ectopic(tally, Class::S, false_sveb) }
    }

    /// The means over records of each figure, each over the records where it is defined: each record weighs the same.
    pub fn average(records: &[Self]) -> Self {
        let mean = |figure: &dyn Fn(&Self) -> Option<f64>| {
            let defined: Vec<f64> = records.iter().filter_map(figure).collect();
            (!defined.is_empty()).then(|| defined.iter().sum::<f64>() / defined.len() as f64)
        };
        let ectopic = |kind: fn(&Self) -> &Ectopic| Ectopic {
            sensitivity: mean(&|of| kind(of).sensitivity),
            positive_predictivity: mean(&|of| kind(of).positive_predictivity),
            false_positive_rate: mean(&|of| kind(of).false_positive_rate),
        };
        Self {
            qrs: Qrs {
                sensitivity: mean(&|of| of.qrs.sensitivity),
                positive_predictivity: mean(&|of| of.qrs.positive_predictivity),
            },
            veb: ectopic(|of| &of.veb),
            sveb: ectopic(|of| &of.sveb),
        }
    }
}

fn ectopic(tally: &Tally, class: Class, false_of: &[Truth]) -> Ectopic {
    let found = tally.count(Truth::Beat(class), Test::Beat(class));
    let wrong: u64 = false_of.iter().map(|&truth| tally.count(truth, Test::Beat(class))).sum();
    let others = |own: usize| (0..7).filter(move |&index| index != own);
    let rejected: u64 = others(class.index())
        .flat_map(|row| others(class.index()).filter(|&column| column < 5).map(move |column| tally.rows()[row][column]))
        .sum();
    Ectopic {
        sensitivity: ratio(found, tally.support(class)),
        positive_predictivity: ratio(found, found + wrong),
        false_positive_rate: ratio(wrong, wrong + rejected),
    }
}

fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
