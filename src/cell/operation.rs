//! The ten candidate operations of an edge.

use std::fmt;
use std::str::FromStr;

use serde::de::{self, Deserialize, Deserializer, EnumAccess, VariantAccess, Visitor};
use serde::{Serialize, Serializer};

/// What an edge of a cell can do with `[samples, channels]`; channels never change. Section III-A of the paper.
///
/// Convolutions are one-dimensional, "same" padded and without bias, then batch normalisation, then ReLU; max pooling is
/// followed by batch normalisation. On the two input edges of a reduction cell every operation has stride 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// Convolution over 3 samples.
    Conv3,
    /// Convolution over 5 samples.
    Conv5,
    /// Convolution over 9 samples.
    Conv9,
    /// Convolution over 13 samples.
    Conv13,
    /// Convolution over 17 samples.
    Conv17,
    /// Convolution over 27 samples.
    Conv27,
    /// Maximum over 3 samples.
    Max3,
    /// Maximum over 5 samples.
    Max5,
    /// The input as it is; with stride 2 a factorised reduction (two 1x1 convolutions, one of them shifted by a sample).
    Skip,
    /// Nothing. Part of the softmax of a search, never of a genotype.
    Zero,
}

impl Operation {
    /// All ten, in the order of a row of alpha.
    pub const ALL: [Self; 10] = [
        Self::Conv3,
        Self::Conv5,
        Self::Conv9,
        Self::Conv13,
        Self::Conv17,
        Self::Conv27,
        Self::Max3,
        Self::Max5,
        Self::Skip,
        Self::Zero,
    ];

    /// The names, in the order of [`Self::ALL`].
    pub const NAMES: [&'static str; 10] =
        ["conv3", "conv5", "conv9", "conv13", "conv17", "conv27", "max3", "max5", "skip", "zero"];

    /// Its place in [`Self::ALL`], so also in a row of alpha.
    pub fn index(self) -> usize {
        self as usize
    }

    /// The name in files and on the command line: `conv3` to `zero`.
    pub fn name(self) -> &'static str {
        Self::NAMES[self.index()]
    }

    /// Samples that a convolution or a pooling looks at; `None` for skip and zero.
    pub fn kernel(self) -> Option<usize> {
        match self {
            Self::Conv3 | Self::Max3 => Some(3),
            Self::Conv5 | Self::Max5 => Some(5),
            Self::Conv9 => Some(9),
            Self::Conv13 => Some(13),
            Self::Conv17 => Some(17),
            Self::Conv27 => Some(27),
            Self::Skip | Self::Zero => None,
        }
    }

    /// Whether it is one of the six convolutions.
    pub fn is_convolution(self) -> bool {
        self.index() <= Self::Conv27.index()
    }

    /// Whether it is one of the two max poolings.
    pub fn is_pooling(self) -> bool {
        matches!(self, Self::Max3 | Self::Max5)
    }

    /// The operation that a wrong name most likely means: what other projects call it, the same kind with the nearest
    /// kernel, or the fewest letters away.
    pub fn nearest(name: &str) -> Self {
        let name = name.to_lowercase();
        let digits: String = name.chars().filter(char::is_ascii_digit).collect();
        let kind = |convolution: bool| {
            let wanted: usize = digits.parse().unwrap_or(3);
            let candidates = Self::ALL.into_iter().filter(move |o| o.is_convolution() == convolution);
            candidates.filter_map(|o| Some((o.kernel()?.abs_diff(wanted), o))).min().map(|(_, o)| o)
        };
        let contains = |words: &[&str]| words.iter().any(|word| name.contains(word));
        let by_kind = match () {
            () if contains(&["skip", "ident", "residual", "shortcut"]) => Some(Self::Skip),
            () if contains(&["zero", "none", "null"]) => Some(Self::Zero),
            () if contains(&["conv"]) => kind(true),
            () if contains(&["max", "pool"]) => kind(false),
            () => None,
        };
        by_kind.unwrap_or_else(|| {
            let distance = |operation: &Self| edit_distance(&name, operation.name());
            Self::ALL.into_iter().min_by_key(distance).expect("ten operations")
        })
    }
}

/// Letters to insert, remove or replace to turn one word into the other (Levenshtein 1966).
fn edit_distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A word that is none of the ten operations.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "found operation `{found}`, expected one of {}; the nearest is `{nearest}`",
    Operation::NAMES.join(" ")
)]
pub struct UnknownOperation {
    /// The word.
    pub found: String,
    /// See [`Operation::nearest`].
    pub nearest: Operation,
}

impl FromStr for Operation {
    type Err = UnknownOperation;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let place = Self::NAMES.iter().position(|known| *known == name);
        place.map(|i| Self::ALL[i]).ok_or_else(|| UnknownOperation { found: name.into(), nearest: Self::nearest(name) })
    }
}

impl Serialize for Operation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit_variant("Operation", self.index() as u32, self.name())
    }
}

/// By hand and not derived, so that a wrong name is answered with the nearest right one wherever a genotype is read.
impl<'de> Deserialize<'de> for Operation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Variant;
        impl<'de> Visitor<'de> for Variant {
            type Value = Operation;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an operation's name")
            }
            fn visit_enum<A: EnumAccess<'de>>(self, data: A) -> Result<Operation, A::Error> {
                let (Name(operation), variant) = data.variant()?;
                variant.unit_variant()?;
                Ok(operation)
            }
        }
        struct Name(Operation);
        impl<'de> Deserialize<'de> for Name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_identifier(NameVisitor)
            }
        }
        struct NameVisitor;
        impl Visitor<'_> for NameVisitor {
            type Value = Name;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an operation's name")
            }
            fn visit_str<E: de::Error>(self, name: &str) -> Result<Name, E> {
                name.parse().map(Name).map_err(E::custom)
            }
        }
        deserializer.deserialize_enum("Operation", &Self::NAMES, Variant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_and_carry_the_kernel() {
        for (index, operation) in Operation::ALL.into_iter().enumerate() {
            assert_eq!(operation.index(), index);
            assert_eq!(operation.name().parse(), Ok(operation));
            let digits = operation.name().trim_start_matches(char::is_alphabetic);
            assert_eq!(digits.parse().ok(), operation.kernel());
        }
    }

    #[test]
    fn a_wrong_name_is_answered_with_the_nearest() {
        let cases = [
            ("conv7", "conv5"),
            ("conv25", "conv27"),
            ("Conv9", "conv9"),
            ("max_pool_3", "max3"),
            ("maxpool", "max3"),
            ("skip_connect", "skip"),
            ("identity", "skip"),
            ("none", "zero"),
            ("cnv13", "conv13"),
            ("ski", "skip"),
        ];
        for (wrong, right) in cases {
            assert_eq!(Operation::nearest(wrong).name(), right, "{wrong}");
        }
    }
}
