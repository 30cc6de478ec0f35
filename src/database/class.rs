//! The five AAMI classes, which annotation symbols belong to each, and counts by class.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::{AddAssign, Index, IndexMut};

use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};

use super::Error;
use crate::wfdb::Code;

/// A class of heartbeats after ANSI/AAMI EC57, in the order of every table and matrix here: N S V F Q.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Class {
    /// Normal beats and bundle branch blocks.
    N,
    /// Supraventricular ectopic beats.
    S,
    /// Ventricular ectopic beats.
    V,
    /// Fusions of a ventricular and a normal beat.
    F,
    /// Paced and unclassifiable beats.
    Q,
}

impl Class {
    /// All five in order.
    pub const ALL: [Self; 5] = [Self::N, Self::S, Self::V, Self::F, Self::Q];

    /// Place in [`Self::ALL`], 0 to 4.
    pub fn index(self) -> usize {
        self as usize
    }

    /// The class at a place in [`Self::ALL`].
    pub fn from_index(index: usize) -> Option<Self> {
        Self::ALL.get(index).copied()
    }

    /// Its letter.
    pub fn symbol(self) -> &'static str {
        ["N", "S", "V", "F", "Q"][self.index()]
    }

    /// The class of a letter.
    pub fn from_symbol(symbol: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.symbol() == symbol)
    }

    /// What it holds, in words (the paper's Table II).
    pub fn title(self) -> &'static str {
        [
            "normal beats",
            "supraventricular ectopic beats",
            "ventricular ectopic beats",
            "fusion beats",
            "paced and unclassified beats",
        ][self.index()]
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.symbol())
    }
}

/// Which annotation symbols make which class. In RON a map: `{N: ["N", "L"], V: ["V", "E"]}`. Symbols that are in none
/// are not beats of any class: they are counted and left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClassMap(BTreeMap<Class, Vec<String>>);

impl Default for ClassMap {
    fn default() -> Self {
        Self::aami()
    }
}

impl ClassMap {
    /// The paper's Table II: N = N L R e j; S = A J S a; V = V E; F = F; Q = / f Q. (The paper prints the paced beat's
    /// `/` as P.)
    pub fn aami() -> Self {
        let of = |symbols: &str| symbols.chars().map(String::from).collect();
        Self(BTreeMap::from([
            (Class::N, of("NLRej")),
            (Class::S, of("AJSa")),
            (Class::V, of("VE")),
            (Class::F, of("F")),
            (Class::Q, of("/fQ")),
        ]))
    }

    /// A map from pairs of a class and its symbols; checked when the description that holds it is.
    pub fn new(symbols: impl IntoIterator<Item = (Class, Vec<String>)>) -> Self {
        Self(symbols.into_iter().collect())
    }

    /// The class of an annotation, if it has one.
    pub fn class(&self, code: Code) -> Option<Class> {
        let symbol = code.symbol();
        self.0.iter().find(|(_, symbols)| symbols.iter().any(|s| s == symbol)).map(|(class, _)| *class)
    }

    /// The symbols of a class.
    pub fn symbols(&self, class: Class) -> &[String] {
        self.0.get(&class).map_or(&[], Vec::as_slice)
    }

    /// The classes that have symbols.
    pub fn classes(&self) -> impl Iterator<Item = Class> + '_ {
        self.0.iter().filter(|(_, symbols)| !symbols.is_empty()).map(|(class, _)| *class)
    }

    /// Every symbol is one of WFDB's and in one class only; two classes at least.
    pub(super) fn check(&self, origin: &str) -> Result<(), Error> {
        let wrong = |message| Error::Description { origin: origin.into(), message };
        let mut seen = BTreeMap::new();
        for (class, symbols) in &self.0 {
            for symbol in symbols {
                if Code::from_symbol(symbol).is_none() {
                    let hint = if symbol == "P" { "; paced beats are \"/\" in WFDB" } else { "" };
                    return Err(wrong(format!(
                        "classes: found the symbol {symbol:?} under {class}, expected one of WFDB's annotation symbols, \
                         such as N L R B A a J S V r F e j n E / f Q ?{hint}"
                    )));
                }
                if let Some(other) = seen.insert(symbol, class) {
                    return Err(wrong(format!(
                        "classes: found the symbol {symbol:?} under {other} and under {class}, expected it once; \
                         delete one of the two"
                    )));
                }
            }
        }
        match self.classes().count() {
            0 | 1 => Err(wrong(
                "classes: found fewer than two classes with symbols, expected two or more to tell apart; leave `classes` \
                 out for the usual map"
                    .into(),
            )),
            _ => Ok(()),
        }
    }
}

/// Beats by class. In JSON an object `{"N": 1, "S": 0, …}`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts(pub [u64; 5]);

impl Counts {
    /// Over all classes.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Counts classes.
    pub fn of(classes: impl IntoIterator<Item = Class>) -> Self {
        let mut counts = Self::default();
        classes.into_iter().for_each(|class| counts[class] += 1);
        counts
    }
}

impl Index<Class> for Counts {
    type Output = u64;

    fn index(&self, class: Class) -> &u64 {
        &self.0[class.index()]
    }
}

impl IndexMut<Class> for Counts {
    fn index_mut(&mut self, class: Class) -> &mut u64 {
        &mut self.0[class.index()]
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        Class::ALL.into_iter().for_each(|class| self[class] += other[class]);
    }
}

impl Serialize for Counts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(5))?;
        for class in Class::ALL {
            map.serialize_entry(class.symbol(), &self[class])?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(symbol: &str) -> Option<Class> {
        ClassMap::aami().class(Code::from_symbol(symbol).unwrap())
    }

    #[test]
    fn the_usual_map_is_table_2() {
        for (expected, symbols) in
            [(Class::N, "NLRej"), (Class::S, "AJSa"), (Class::V, "VE"), (Class::F, "F"), (Class::Q, "/fQ")]
        {
            symbols.chars().for_each(|s| assert_eq!(class(&s.to_string()), Some(expected), "{s}"));
        }
        "+~|!x[]\"nB?".chars().for_each(|s| assert_eq!(class(&s.to_string()), None, "{s}"));
    }

    #[test]
    fn a_wrong_map_is_refused_with_advice() {
        let refused = |pairs: &[(Class, &str)]| {
            let map = ClassMap::new(pairs.iter().map(|(c, s)| (*c, s.chars().map(String::from).collect())));
            map.check("here.ron").unwrap_err().to_string()
        };
        assert!(refused(&[(Class::N, "N"), (Class::Q, "P")]).contains("paced beats are \"/\""));
        assert!(refused(&[(Class::N, "N"), (Class::V, "VN")]).contains("under N and under V"));
        assert!(refused(&[(Class::N, "N")]).contains("two or more"));
    }

    #[test]
    fn letters_and_places_go_both_ways() {
        for class in Class::ALL {
            assert_eq!(Class::from_index(class.index()), Some(class));
            assert_eq!(Class::from_symbol(class.symbol()), Some(class));
        }
    }
}
