//! What is done to the samples of a lead before beats are cut: denoising, resampling, standardising; and where the R peaks
//! are when nobody annotated them.
//!
//! | file | holds |
//! |---|---|
//! | `preprocessing` | [`Preprocessing`], the configuration of all of it, in the order in which it is applied |
//! | `denoise` | [`Denoise`]: baseline and noise removed in the wavelet domain |
//! | `transform` | [`Decomposition`]: the multilevel discrete wavelet transform and its inverse |
//! | `wavelet`, `filters` | [`Wavelet`]: db1 to db20 and sym2 to sym20 |
//! | `resample` | [`Resampler`]: another rate, by a windowed sinc |
//! | `standardise` | mean 0 and standard deviation 1, per record or per beat |
//! | `invalid` | samples that the file marks as invalid (NaN) are interpolated over |
//! | `r_peaks` | [`detect_r_peaks`], after Pan and Tompkins |
//!
//! Samples are in mV and rates in Hz. Inside, everything is computed in 64 bits.

mod denoise;
mod error;
mod filters;
mod invalid;
mod preprocessing;
mod r_peaks;
mod resample;
mod standardise;
mod transform;
mod wavelet;

pub use denoise::{Denoise, Threshold};
pub use error::{Error, Result};
pub use invalid::interpolate_invalid;
pub use preprocessing::Preprocessing;
pub use r_peaks::detect_r_peaks;
pub use resample::Resampler;
pub use standardise::{Standardise, standardise};
pub use transform::Decomposition;
pub use wavelet::Wavelet;
