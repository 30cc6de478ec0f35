//! Baseline and noise, removed in the wavelet domain.

use serde::{Deserialize, Serialize};

use super::transform::Decomposition;
use super::{Error, Result, Wavelet};

/// Hz. Wander of the baseline, by breathing and electrodes, lies below; the ST segment needs what is above.
const BASELINE: f64 = 0.5;

/// What is done to the wavelet coefficients of a lead.
///
/// At level j of a record at f Hz the approximation holds what is below f / 2^(j+1): with `baseline` it is dropped, and
/// the wander of the baseline with it. `threshold` shrinks the details by the universal threshold of Donoho and Johnstone
/// (Biometrika 81(3):425, 1994), σ √(2 ln n) with n the samples of the lead and σ = median(|finest details|) / 0.6745.
///
/// ```ron
/// Denoise(wavelet: "sym8", level: None, baseline: true, threshold: None)
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Denoise {
    /// The wavelet, db1 to db20 or sym2 to sym20. Default: sym8.
    pub wavelet: Wavelet,
    /// How many levels. Default: None, the first at which the approximation ends below about 0.5 Hz (9 at 360 Hz, 8 at
    /// 250 Hz).
    pub level: Option<usize>,
    /// Whether the approximation is set to zero, which removes the baseline. Default: true.
    pub baseline: bool,
    /// What happens to details that are no larger than noise. Default: None.
    pub threshold: Threshold,
}

/// What happens to details that are no larger than noise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Threshold {
    /// Nothing: they are kept.
    #[default]
    None,
    /// Every detail moves towards zero by the threshold, the smaller ones to zero.
    Soft,
    /// Details below the threshold become zero, others stay.
    Hard,
}

impl Default for Denoise {
    fn default() -> Self {
        Self { wavelet: Wavelet::sym8(), level: None, baseline: true, threshold: Threshold::None }
    }
}

impl Denoise {
    /// The level that is used at `frequency` Hz: the chosen one, or the first whose approximation ends below about
    /// 0.5 Hz (up to 0.518 Hz, so that 257 Hz is treated as 250 Hz is).
    pub fn level_at(&self, frequency: f64) -> usize {
        let needed = (frequency / (2.0 * BASELINE)).log2() - 0.05;
        self.level.unwrap_or(needed.ceil().max(1.0) as usize)
    }

    /// Whether a lead of this rate (Hz) and length can be denoised so.
    ///
    /// A level of one's own must leave coefficients that do not feel the ends. A level chosen from the rate may be deeper
    /// than that in a short record: the frequency at which the baseline ends matters more than the ends.
    ///
    /// # Errors
    /// [`Error::LevelZero`] and [`Error::LevelTooDeep`].
    pub fn check(&self, samples: usize) -> Result<()> {
        let Some(level) = self.level else { return Ok(()) };
        let deepest = self.wavelet.deepest_level(samples);
        match level {
            0 => Err(Error::LevelZero),
            _ if level > deepest => {
                Err(Error::LevelTooDeep { wavelet: self.wavelet.to_string(), found: level, samples, deepest })
            }
            _ => Ok(()),
        }
    }

    /// One lead without baseline and noise; samples in, samples out, in the same unit. They must be finite.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub fn apply(&self, samples: &[f64], frequency: f64) -> Result<Vec<f64>> {
        self.check(samples.len())?;
        if samples.is_empty() || (!self.baseline && self.threshold == Threshold::None) {
            return Ok(samples.to_vec());
        }
        let mut coefficients = Decomposition::new(samples, self.wavelet, self.level_at(frequency));
        if self.baseline {
            coefficients.approximation.fill(0.0);
        }
        if self.threshold != Threshold::None {
            let noise = median_magnitude(&coefficients.details[0]) / 0.6745;
            let limit = noise * (2.0 * (samples.len() as f64).ln()).sqrt();
            coefficients
                .details
                .iter_mut()
                .flatten()
                .for_each(|detail| *detail = self.threshold.shrink(*detail, limit));
        }
        Ok(coefficients.reconstruct())
    }
}

impl Threshold {
    /// One detail after the threshold (`pywt.threshold(detail, limit, mode)`).
    pub fn shrink(self, detail: f64, limit: f64) -> f64 {
        match self {
            Self::None => detail,
            Self::Soft => detail.signum() * (detail.abs() - limit).max(0.0),
            Self::Hard if detail.abs() < limit => 0.0,
            Self::Hard => detail,
        }
    }
}

/// The median of the absolute values; 0 of nothing.
fn median_magnitude(values: &[f64]) -> f64 {
    let mut magnitudes: Vec<f64> = values.iter().map(|v| v.abs()).collect();
    let middle = magnitudes.len() / 2;
    if magnitudes.is_empty() {
        return 0.0;
    }
    let even = magnitudes.len().is_multiple_of(2);
    let (below, upper, _) = magnitudes.select_nth_unstable_by(middle, f64::total_cmp);
    let upper = *upper;
    if even { (below.iter().copied().fold(0.0, f64::max) + upper) / 2.0 } else { upper }
}
