//! Wavelets by name.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::filters::{DAUBECHIES, SYMLETS};
use super::{Error, Result};

/// An orthogonal wavelet: a Daubechies wavelet `db1` to `db20` (db1 is Haar's), or a symlet `sym2` to `sym20`
/// (Daubechies, *Ten Lectures on Wavelets*, 1992), named as in PyWavelets.
///
/// It is read and written by its name, so a wrong name in a configuration is an error at its line and column.
///
/// ```
/// use heart_darts::signal::Wavelet;
/// let wavelet: Wavelet = "sym8".parse()?;
/// assert_eq!(wavelet.taps(), 16);
/// assert!("sym80".parse::<Wavelet>().unwrap_err().to_string().contains("sym20"));
/// # Ok::<(), heart_darts::signal::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Wavelet {
    family: Family,
    order: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Daubechies,
    Symlet,
}

impl Family {
    const ALL: [Self; 2] = [Self::Daubechies, Self::Symlet];

    fn prefix(self) -> &'static str {
        match self {
            Self::Daubechies => "db",
            Self::Symlet => "sym",
        }
    }

    fn first(self) -> usize {
        match self {
            Self::Daubechies => 1,
            Self::Symlet => 2,
        }
    }

    fn last(self) -> usize {
        20
    }
}

impl Wavelet {
    /// The Daubechies wavelet with `order` vanishing moments, 1 to 20.
    ///
    /// # Errors
    /// [`Error::UnknownWavelet`] for another order.
    pub fn daubechies(order: usize) -> Result<Self> {
        format!("db{order}").parse()
    }

    /// The symlet with `order` vanishing moments, 2 to 20.
    ///
    /// # Errors
    /// [`Error::UnknownWavelet`] for another order.
    pub fn symlet(order: usize) -> Result<Self> {
        format!("sym{order}").parse()
    }

    /// The default for denoising: sym8, nearly symmetric and 16 taps long.
    pub(super) const fn sym8() -> Self {
        Self { family: Family::Symlet, order: 8 }
    }

    /// Every wavelet there is, db1 to db20 and then sym2 to sym20.
    pub fn all() -> impl Iterator<Item = Self> {
        Family::ALL
            .into_iter()
            .flat_map(|family| (family.first()..=family.last()).map(move |order| Self { family, order }))
    }

    /// Length of its filters: twice the order.
    pub fn taps(&self) -> usize {
        2 * self.order
    }

    /// The low-pass reconstruction filter (PyWavelets' `rec_lo`); the three others follow from it.
    pub fn scaling_filter(&self) -> &'static [f64] {
        match self.family {
            Family::Daubechies => DAUBECHIES[self.order - 1],
            Family::Symlet => SYMLETS[self.order - 2],
        }
    }

    /// The high-pass reconstruction filter (PyWavelets' `rec_hi`): the quadrature mirror of the other.
    pub fn wavelet_filter(&self) -> Vec<f64> {
        let scaling = self.scaling_filter().iter().rev().enumerate();
        scaling.map(|(i, tap)| if i % 2 == 0 { *tap } else { -tap }).collect()
    }

    /// The deepest level at which at least one coefficient does not feel the ends of a signal of `samples` samples
    /// (PyWavelets' `dwt_max_level`): ⌊log₂(samples / (taps − 1))⌋, or 0.
    pub fn deepest_level(&self, samples: usize) -> usize {
        (samples / (self.taps() - 1)).checked_ilog2().unwrap_or(0) as usize
    }

    /// The existing name that is nearest to a wrong one: same family by its first letter, nearest order.
    fn nearest(name: &str) -> Self {
        let name = name.trim().to_ascii_lowercase();
        if name == "haar" {
            return Self { family: Family::Daubechies, order: 1 };
        }
        let family = if name.starts_with('s') { Family::Symlet } else { Family::Daubechies };
        let digits: String =
            name.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
        // Numbers too long to parse are above every order; no number at all asks for nothing in particular.
        let order = if digits.is_empty() { 8 } else { digits.parse().unwrap_or(usize::MAX) };
        Self { family, order: order.clamp(family.first(), family.last()) }
    }
}

impl fmt::Display for Wavelet {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}{}", self.family.prefix(), self.order)
    }
}

impl FromStr for Wavelet {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let nearest = Self::nearest(name);
        if nearest.to_string() == name {
            return Ok(nearest);
        }
        Err(Error::UnknownWavelet { found: name.into(), nearest: nearest.to_string() })
    }
}

impl TryFrom<String> for Wavelet {
    type Error = Error;

    fn try_from(name: String) -> Result<Self> {
        name.parse()
    }
}

impl From<Wavelet> for String {
    fn from(wavelet: Wavelet) -> Self {
        wavelet.to_string()
    }
}
