//! Fewer training beats, for searches that have to be cheap.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::beat::beats::count;
use crate::beat::{ClassCounts, Error, Result, Subset, Training, TrainingPart};
use crate::database::Class;
use crate::support::random::Generator;

/// At most how many training beats of each class are used, drawn by seed. Validation and test beats are never limited:
/// their figures must speak of the data as it is.
///
/// ```
/// # use heart_darts::{beat::Limits, support::files::parse_ron};
/// // At most 5000 normal beats; all of every other class.
/// let limits: Limits = parse_ron("(classes: {N: 5000})", "example.ron")?;
/// assert_eq!((limits.per_class, limits.seed), (None, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// For each class that `classes` does not name. Default: no limit.
    pub per_class: Option<usize>,
    /// For single classes. Default: none named.
    pub classes: BTreeMap<Class, usize>,
    /// Which beats stay. Default: 0.
    pub seed: u64,
}

/// What [`Limits`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reduction {
    /// Training beats by class before, N S V F Q.
    pub before: ClassCounts,
    /// And after.
    pub after: ClassCounts,
}

/// As a sentence, such as `Of 55421 training beats 23544 are used (limits): N 20000 of 51877.`
impl fmt::Display for Reduction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Read from a file, these are any numbers.
        let [before, after] = [self.before, self.after].map(|counts| counts.into_iter().fold(0, usize::saturating_add));
        write!(f, "Of {before} training beats {after} are used (limits):")?;
        let limited = Class::ALL.into_iter().filter(|class| self.before[class.index()] != self.after[class.index()]);
        for (i, class) in limited.enumerate() {
            let (comma, symbol, at) = (if i == 0 { "" } else { "," }, class.symbol(), class.index());
            write!(f, "{comma} {symbol} {} of {}", self.after[at], self.before[at])?;
        }
        f.write_str(".")
    }
}

impl Limits {
    /// Whether there is any.
    pub fn is_off(&self) -> bool {
        self.per_class.is_none() && self.classes.is_empty()
    }

    /// The largest number of beats of a class.
    pub fn of(&self, class: Class) -> usize {
        self.classes.get(&class).copied().or(self.per_class).unwrap_or(usize::MAX)
    }

    /// That no limit is 0: a class is left out of the class map of the database, not by a limit.
    ///
    /// # Errors
    /// [`Error::Setting`].
    pub fn check(&self) -> Result<()> {
        if Class::ALL.into_iter().all(|class| self.of(class) > 0) {
            return Ok(());
        }
        let expected = "1 or more; to leave a class out, take it from the `classes` of the database".into();
        Err(Error::Setting { what: "limits", found: "0".into(), expected })
    }
}

impl TrainingPart {
    /// The same part with fewer training beats; the order of those that stay is kept. `None` says nothing was to be done.
    ///
    /// # Errors
    /// [`Error::Setting`] for a limit of 0.
    pub fn limited(&self, limits: &Limits) -> Result<(Self, Option<Reduction>)> {
        limits.check()?;
        let (all, beats) = (self.training().indices(), self.training().shared());
        let class = |beat: u32| beats.classes[beat as usize];
        let mut generator = Generator::new(limits.seed);
        let mut order = all.to_vec();
        generator.shuffle(&mut order);
        let mut taken: ClassCounts = [0; 5];
        order.retain(|&beat| {
            taken[class(beat).index()] += 1;
            taken[class(beat).index()] <= limits.of(class(beat))
        });
        order.sort_unstable();
        let before = count(all.iter().map(|&beat| class(beat)));
        let after = count(order.iter().map(|&beat| class(beat)));
        let training = Subset::<Training>::new(beats.clone(), order);
        let validation = Subset::new(beats.clone(), self.validation().indices().to_vec());
        let reduction = (before != after).then_some(Reduction { before, after });
        Ok((Self::new(training, validation), reduction))
    }
}
