//! Samples that are no measurement.

use super::{Error, Result};

/// Replaces every sample that is not a finite number by the straight line between its valid neighbours; before the first
/// and after the last valid sample, that one's value is held. One NaN would otherwise spread over the whole record, since
/// the wavelet filters and the mean see every sample. Returns how many were replaced.
///
/// # Errors
/// [`Error::NoValidSample`] when there is none to interpolate from; an empty slice is fine.
pub fn interpolate_invalid(samples: &mut [f64]) -> Result<usize> {
    let Some(first) = samples.iter().position(|s| s.is_finite()) else {
        return if samples.is_empty() { Ok(0) } else { Err(Error::NoValidSample { samples: samples.len() }) };
    };
    let mut replaced = first;
    let held = samples[first];
    samples[..first].fill(held);
    let mut last = first;
    for i in first + 1..samples.len() {
        if !samples[i].is_finite() {
            continue;
        }
        let step = (samples[i] - samples[last]) / (i - last) as f64;
        for between in last + 1..i {
            samples[between] = samples[last] + step * (between - last) as f64;
            replaced += 1;
        }
        last = i;
    }
    replaced += samples.len() - 1 - last;
    let held = samples[last];
    samples[last + 1..].fill(held);
    Ok(replaced)
}
