//! One value for each of the five classes.

use std::ops::Index;

use serde::{Deserialize, Serialize};

use crate::beat::Class;

/// One value a class; in JSON an object with the keys `N S V F Q`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields are the classes")]
pub struct ByClass<T> {
    #[serde(rename = "N")]
    pub n: T,
    #[serde(rename = "S")]
    pub s: T,
    #[serde(rename = "V")]
    pub v: T,
    #[serde(rename = "F")]
    pub f: T,
    #[serde(rename = "Q")]
    pub q: T,
}

impl<T> ByClass<T> {
    /// Asks `value` for each class, in the order N S V F Q.
    pub fn from_fn(mut value: impl FnMut(Class) -> T) -> Self {
        Self { n: value(Class::N), s: value(Class::S), v: value(Class::V), f: value(Class::F), q: value(Class::Q) }
    }

    /// The classes with their values, in the order N S V F Q.
    pub fn iter(&self) -> impl Iterator<Item = (Class, &T)> {
        Class::ALL.into_iter().map(|class| (class, &self[class]))
    }
}

impl<T> Index<Class> for ByClass<T> {
    type Output = T;

    fn index(&self, class: Class) -> &T {
        match class {
            Class::N => &self.n,
            Class::S => &self.s,
            Class::V => &self.v,
            Class::F => &self.f,
            Class::Q => &self.q,
        }
    }
}
