//! Whether a model's probabilities can be taken at their word.

use serde::{Deserialize, Serialize};

use super::Error;
use crate::beat::Class;

/// How many bins of equal width the confidences are put into.
const BINS: usize = 15;
/// Probabilities are taken as at least this much in the cross-entropy, so that one certain error is not infinite.
const LEAST: f64 = f32::EPSILON as f64;

/// How well the probabilities of the five classes describe how often the model is right.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// The mean of −ln of the probability of the reference class, in nats; 0 at best, ln 5 = 1.609 for knowing nothing.
    /// Probabilities are taken as at least 2⁻²³.
    pub mean_cross_entropy: f64,
    /// The mean, weighted by beats, of |accuracy − confidence| over the bins (Guo et al. 2017), as a fraction.
    pub expected_calibration_error: f64,
    /// The bins that have beats, by rising confidence.
    pub reliability: Vec<Reliability>,
}

/// The beats whose most probable class has a probability in (`above`, `up_to`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Reliability {
    /// The bin's lower end, not included.
    pub above: f64,
    /// The bin's upper end, included.
    pub up_to: f64,
    /// How many beats.
    pub beats: u64,
    /// The mean probability of their most probable class.
    pub confidence: f64,
    /// The share of them whose most probable class is the reference.
    pub accuracy: f64,
}

impl Calibration {
    /// From probabilities `[beats, 5]`, row after row in the order N S V F Q, and the reference classes. `None` without
    /// beats. Of equal probabilities the first class counts as the most probable.
    ///
    /// # Errors
    /// [`Error::Probabilities`] when there are not five of them a beat, or when a row is not one of probabilities: each
    /// within 0 to 1, their sum 1 within 0.001.
    pub fn of(probabilities: &[f32], reference: &[Class]) -> Result<Option<Self>, Error> {
        if probabilities.len() != 5 * reference.len() {
            return Err(Error::Probabilities {
                beat: reference.len().min(probabilities.len() / 5),
                found: format!("{} values for {} beats", probabilities.len(), reference.len()),
                expected: "five values a beat",
            });
        }
        if reference.is_empty() {
            return Ok(None);
        }
        let mut cross_entropy = 0.0;
        let mut bins = [Bin::default(); BINS];
        for (beat, (row, class)) in probabilities.chunks_exact(5).zip(reference).enumerate() {
            check(row, beat)?;
            cross_entropy -= f64::from(row[class.index()]).max(LEAST).ln();
            let best = (1..5).fold(0, |best, i| if row[i] > row[best] { i } else { best });
            let confidence = f64::from(row[best]);
            // (above, up_to]: the bin below a boundary holds the boundary.
            let bin = &mut bins[((confidence * BINS as f64).ceil() as usize).clamp(1, BINS) - 1];
            bin.beats += 1;
            bin.confidence += confidence;
            bin.correct += u64::from(best == class.index());
        }
        let beats = reference.len() as f64;
        let reliability: Vec<Reliability> =
            bins.iter().enumerate().filter(|(_, bin)| bin.beats > 0).map(|(i, bin)| bin.reliability(i)).collect();
        let gap = |bin: &Reliability| bin.beats as f64 * (bin.accuracy - bin.confidence).abs();
        Ok(Some(Self {
            mean_cross_entropy: cross_entropy / beats,
            expected_calibration_error: reliability.iter().map(gap).sum::<f64>() / beats,
            reliability,
        }))
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Bin {
    beats: u64,
    confidence: f64,
    correct: u64,
}

impl Bin {
    fn reliability(&self, index: usize) -> Reliability {
        let beats = self.beats as f64;
        Reliability {
            above: index as f64 / BINS as f64,
            up_to: (index + 1) as f64 / BINS as f64,
            beats: self.beats,
            confidence: self.confidence / beats,
            accuracy: self.correct as f64 / beats,
        }
    }
}

fn check(row: &[f32], beat: usize) -> Result<(), Error> {
    // Softmax in f32 may overshoot 1 by a rounding error.
    let bad = row.iter().find(|p| !(0.0..=1.0 + 1e-5).contains(*p));
    if let Some(value) = bad {
        return Err(Error::Probabilities { beat, found: value.to_string(), expected: "values from 0 to 1" });
    }
    let sum: f32 = row.iter().sum();
    if (sum - 1.0).abs() > 1e-3 {
        let found = format!("a sum of {sum}");
        return Err(Error::Probabilities { beat, found, expected: "a sum of 1 (softmax, not logits)" });
    }
    Ok(())
}
