//! Which signal of a record is meant, and which samples around an R peak are a beat.

use std::fmt;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::wfdb::Header;

/// A signal of a record, by its name in the header or by its position there. In RON and JSON a string or a number:
/// `leads: ["MLII", "V1"]`, `leads: [0]`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Lead {
    /// The name after the numbers on the signal's line, exactly as it stands there.
    Name(String),
    /// The signal's line, from 0.
    Position(usize),
}

impl Lead {
    /// The signal of a record that this lead is.
    ///
    /// # Errors
    /// A sentence naming what the record has instead.
    pub fn find(&self, header: &Header) -> Result<usize, String> {
        let names = || lead_names(header).join(", ");
        match self {
            Self::Position(position) if *position < header.signals.len() => Ok(*position),
            Self::Position(position) => Err(format!(
                "no signal at position {position}: the record has {}, counted from 0 ({})",
                header.signals.len(),
                names()
            )),
            Self::Name(name) => {
                let mut found = (0..header.signals.len()).filter(|&i| header.signals[i].description.trim() == name);
                match (found.next(), found.next()) {
                    (Some(index), None) => Ok(index),
                    (Some(_), Some(_)) => {
                        Err(format!("two signals are called {name} ({}); choose by position, from 0", names()))
                    }
                    (None, _) => Err(format!("lead {name} missing: the record has {}", names())),
                }
            }
        }
    }
}

/// The names of a record's signals in their order; a signal without a name is `?`.
pub fn lead_names(header: &Header) -> Vec<String> {
    let name = |text: &str| if text.trim().is_empty() { "?".to_owned() } else { text.trim().to_owned() };
    header.signals.iter().map(|signal| name(&signal.description)).collect()
}

impl fmt::Display for Lead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.pad(name),
            Self::Position(position) => f.pad(&format!("signal {position}")),
        }
    }
}

impl From<&str> for Lead {
    fn from(name: &str) -> Self {
        Self::Name(name.into())
    }
}

impl Serialize for Lead {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Name(name) => serializer.serialize_str(name),
            Self::Position(position) => serializer.serialize_u64(*position as u64),
        }
    }
}

impl<'de> Deserialize<'de> for Lead {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct LeadVisitor;
        impl Visitor<'_> for LeadVisitor {
            type Value = Lead;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a lead: a name such as \"MLII\", or a position from 0")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Lead, E> {
                Ok(Lead::Name(name.into()))
            }

            fn visit_u64<E: de::Error>(self, position: u64) -> Result<Lead, E> {
                usize::try_from(position).map(Lead::Position).map_err(E::custom)
            }

            fn visit_i64<E: de::Error>(self, position: i64) -> Result<Lead, E> {
                usize::try_from(position).map(Lead::Position).map_err(E::custom)
            }
        }
        deserializer.deserialize_any(LeadVisitor)
    }
}

/// The samples of a beat: so many before the R peak, the R peak, so many after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Samples before R.
    pub before: usize,
    /// Samples after R.
    pub after: usize,
}

impl Window {
    /// Samples in all: before + R + after.
    pub fn length(self) -> usize {
        self.before.saturating_add(self.after).saturating_add(1)
    }

    /// The same seconds at another rate (both in Hz), each side rounded to the nearest sample: 99 and 200 at 360 Hz are
    /// 35 and 71 at 128 Hz.
    #[must_use]
    pub fn at(self, from: f64, to: f64) -> Self {
        let scaled = |samples: usize| (samples as f64 * to / from).round() as usize;
        Self { before: scaled(self.before), after: scaled(self.after) }
    }

    /// First sample and one past the last for an R peak at `r`, when all of them lie in a record of `samples` samples.
    pub fn around(self, r: u64, samples: u64) -> Option<(u64, u64)> {
        let start = r.checked_sub(self.before as u64)?;
        let end = r.checked_add(self.after as u64)?.checked_add(1)?;
        (end <= samples).then_some((start, end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::files::parse_ron;

    #[test]
    fn a_window_holds_r_and_both_sides() {
        let window = Window { before: 99, after: 200 };
        assert_eq!(window.length(), 300);
        assert_eq!(window.around(99, 300), Some((0, 300)));
        assert_eq!(window.around(98, 1000), None, "one sample short before");
        assert_eq!(window.around(100, 300), None, "one sample short after");
        assert_eq!(window.around(u64::MAX, 300), None);
    }

    #[test]
    fn another_rate_keeps_the_seconds() {
        let window = Window { before: 99, after: 200 };
        assert_eq!(window.at(360.0, 128.0), Window { before: 35, after: 71 });
        assert_eq!(window.at(360.0, 360.0), window);
        assert_eq!(window.at(360.0, 720.0), Window { before: 198, after: 400 });
    }

    #[test]
    fn leads_are_names_or_positions_in_ron_and_json() {
        let leads = vec![Lead::from("MLII"), Lead::Position(1)];
        assert_eq!(parse_ron::<Vec<Lead>>("[\"MLII\", 1]", "").unwrap(), leads);
        assert_eq!(serde_json::to_string(&leads).unwrap(), "[\"MLII\",1]");
        let error = parse_ron::<Vec<Lead>>("[-1]", "here").unwrap_err().to_string();
        assert!(error.starts_with("here:1:"), "{error}");
    }
}
