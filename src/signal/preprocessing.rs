//! The configuration of the room, and its one path through a record.

use serde::{Deserialize, Serialize};

use super::resample::check_frequency;
use super::{Denoise, Resampler, Result, Standardise, interpolate_invalid, standardise};

/// What is done to every lead of every record before, and to every beat after, beats are cut. Any step can be off; off and
/// `Standardise::None` everywhere leaves mV as they were recorded, but for invalid samples, which are always interpolated
/// over because a network cannot read NaN.
///
/// In RON, with everything off:
///
/// ```
/// # use heart_darts::{signal::{Preprocessing, Standardise}, support::files::parse_ron};
/// let off: Preprocessing = parse_ron("(denoise: None, resample: None, standardise: None)", "example.ron")?;
/// assert_eq!(off.apply_record(vec![0.5, f32::NAN, 1.5], 360.0)?, [0.5, 1.0, 1.5]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Preprocessing {
    /// Removes baseline and noise. Default: `Some(Denoise::default())`, sym8 without the approximation below about 0.5 Hz.
    pub denoise: Option<Denoise>,
    /// The rate to bring every record to, in Hz. Default: None, each record's own.
    pub resample: Option<f64>,
    /// Scales the samples to mean 0 and standard deviation 1. Default: `Beat`, over the lead within the beat: the best of
    /// what was compared on validation beats of MIT-BIH (`paper-repro/heart-darts/README.md`).
    pub standardise: Standardise,
    /// Gives every beat channels that say how early it comes (`beat::rhythm`), after its leads. Default: false, as in the paper.
    #[serde(skip_serializing_if = "is_off")]
    pub rhythm: bool,
    /// Gives every beat channels with its difference from the patient's usual beat (`beat::Templates`). Default: false.
    #[serde(skip_serializing_if = "is_off")]
    pub template: bool,
}

/// A default that is not written keeps the digests of what was made before there was the field.
fn is_off(on: &bool) -> bool {
    !on
}

impl Default for Preprocessing {
    fn default() -> Self {
        Self {
            denoise: Some(Denoise::default()),
            resample: None,
            standardise: Standardise::Beat,
            rhythm: false,
            template: false,
        }
    }
}

impl Preprocessing {
    /// Everything off: samples stay what the record says.
    pub fn none() -> Self {
        Self { denoise: None, resample: None, standardise: Standardise::None, rhythm: false, template: false }
    }

    /// Whether leads of `samples` samples at `frequency` Hz can be processed so; cheap, so that it is asked before anything
    /// long starts. (A wrong wavelet cannot get here: reading its name fails.)
    ///
    /// # Errors
    /// [`Error::Frequency`](super::Error::Frequency), [`Error::Ratio`](super::Error::Ratio),
    /// [`Error::LevelZero`](super::Error::LevelZero) and [`Error::LevelTooDeep`](super::Error::LevelTooDeep).
    pub fn check(&self, frequency: f64, samples: usize) -> Result<()> {
        check_frequency("the record's rate", frequency)?;
        if let Some(denoise) = &self.denoise {
            denoise.check(samples)?;
        }
        self.resampler(frequency).map(drop)
    }

    /// What brings samples, and with [`Resampler::position`] R peaks, from `frequency` Hz to the rate of the processed
    /// record; None when the rate stays.
    ///
    /// # Errors
    /// [`Error::Frequency`](super::Error::Frequency) and [`Error::Ratio`](super::Error::Ratio).
    pub fn resampler(&self, frequency: f64) -> Result<Option<Resampler>> {
        self.resample.map(|to| Resampler::new(frequency, to)).transpose()
    }

    /// The rate of a processed record, in Hz.
    pub fn frequency(&self, frequency: f64) -> f64 {
        self.resample.unwrap_or(frequency)
    }

    /// One lead of a whole record, in mV with NaN where invalid, at `frequency` Hz: invalid samples interpolated over,
    /// denoised, resampled, and standardised if that is per record. An empty lead stays empty.
    ///
    /// # Errors
    /// As [`Self::check`], and [`Error::NoValidSample`](super::Error::NoValidSample).
    pub fn apply_record(&self, samples: Vec<f32>, frequency: f64) -> Result<Vec<f32>> {
        self.check(frequency, samples.len())?;
        let mut values: Vec<f64> = samples.into_iter().map(f64::from).collect();
        interpolate_invalid(&mut values)?;
        if let Some(denoise) = &self.denoise {
            values = denoise.apply(&values, frequency)?;
        }
        if let Some(resampler) = self.resampler(frequency)? {
            values = resampler.apply(&values);
        }
        let mut samples: Vec<f32> = values.into_iter().map(|v| v as f32).collect();
        if self.standardise == Standardise::Record {
            standardise(&mut samples);
        }
        Ok(samples)
    }

    /// One lead of one beat, cut from a record that [`Self::apply_record`] processed, `[samples]`: standardised if that is
    /// per beat, otherwise as it is.
    pub fn standardise_beat(&self, values: &mut [f32]) {
        if self.standardise == Standardise::Beat {
            standardise(values);
        }
    }
}
