//! One scale for all records.

use serde::{Deserialize, Serialize};

/// Over what the mean and the standard deviation are taken that a lead is standardised by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Standardise {
    /// Nothing is done: samples stay in mV.
    None,
    /// Over the lead's whole record: how large a beat is beside the others of its record is kept.
    #[default]
    Record,
    /// Over the lead in each beat's window: only the shape is kept.
    Beat,
}

/// Subtracts the mean and divides by the standard deviation (of the population: divided by n), both plain and not robust.
/// Samples that are all equal become 0; an empty slice stays.
pub fn standardise(values: &mut [f32]) {
    if values.is_empty() {
        return;
    }
    let n = values.len() as f64;
    let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / n;
    let variance = values.iter().map(|v| (f64::from(*v) - mean).powi(2)).sum::<f64>() / n;
    // Rounding leaves about 1e-16 of the mean in a flat lead: that is not a deviation to divide by.
    let deviation = variance.sqrt();
    let scale = if deviation > 1e-9 * mean.abs().max(1e-12) { 1.0 / deviation } else { 0.0 };
    values.iter_mut().for_each(|v| *v = ((f64::from(*v) - mean) * scale) as f32);
}
