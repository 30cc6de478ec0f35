//! What something was made of, so that it is used for nothing else.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The SHA-256 of each thing that something was made of, in hexadecimal, by the thing's name: `configuration`, `data`,
/// `genotype`. Checkpoints, models and prepared beats hold them, and so does `--json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digests(BTreeMap<String, String>);

/// What holds most of what else has a digest: named only when nothing more particular differs.
const WIDE: [&str; 2] = ["configuration", "description"];

/// Where two [`Digests`] differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The name.
    pub field: String,
    /// The digest that was found, or `none`.
    pub found: String,
    /// The digest that was expected, or `none`.
    pub expected: String,
}

impl Digests {
    /// These and one more.
    #[must_use]
    pub fn with(mut self, field: &str, digest: impl Into<String>) -> Self {
        self.0.insert(field.to_owned(), digest.into());
        self
    }

    /// One of them.
    pub fn get(&self, field: &str) -> Option<&str> {
        self.0.get(field).map(String::as_str)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Names and digests, in the order of names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(field, digest)| (field.as_str(), digest.as_str()))
    }

    /// Where these are not the expected ones: the first in the order of names, but what holds others comes last.
    pub fn difference(&self, expected: &Self) -> Option<Difference> {
        let fields = self.0.keys().chain(expected.0.keys()).filter(|field| self.get(field) != expected.get(field));
        let field = fields.min_by_key(|field| (WIDE.contains(&field.as_str()), *field))?;
        let text = |digests: &Self| digests.get(field).unwrap_or("none").to_owned();
        Some(Difference { field: field.clone(), found: text(self), expected: text(expected) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_particular_difference_is_named() {
        let a = Digests::default().with("configuration", "1").with("genotype", "2").with("data", "3");
        assert_eq!(a.difference(&a.clone()), None);
        let b = a.clone().with("configuration", "4");
        assert_eq!(a.difference(&b).unwrap().field, "configuration");
        let found = a.difference(&b.with("genotype", "5")).unwrap();
        assert_eq!((found.field.as_str(), found.found.as_str(), found.expected.as_str()), ("genotype", "2", "5"));
        let without = Digests::default().with("configuration", "1").with("genotype", "2");
        assert_eq!(without.difference(&a).unwrap().found, "none");
    }
}
