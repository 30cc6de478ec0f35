//! Changes to training beats that leave their class as it is. Off by default.

use std::f64::consts::TAU;

use serde::{Deserialize, Serialize};

use crate::beat::{Error, Result};
use crate::support::random::Generator;

/// Slowest and fastest baseline wander, Hz: the band of breathing and of moving electrodes.
const WANDER_BAND: (f64, f64) = (0.05, 0.5);

/// How training beats are changed at random; every part is off at 0. Units are those of the beats: mV, or deviations
/// where beats are standardised.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Augmentation {
    /// The share of beats that is changed at all, 0 to 1. Default 1.
    pub probability: f32,
    /// All leads of a beat are multiplied by one factor from [1 - scale, 1 + scale], 0 ≤ scale < 1. Default 0.
    pub scale: f32,
    /// All leads move by up to this many samples either way; the edge is repeated. Default 0.
    pub shift: usize,
    /// Standard deviation of white Gaussian noise. Default 0.
    pub noise: f32,
    /// Largest amplitude of a slow sine (0.05 to 0.5 Hz, one rate a beat, one phase a lead). Default 0.
    pub wander: f32,
}

impl Default for Augmentation {
    fn default() -> Self {
        Self { probability: 1.0, scale: 0.0, shift: 0, noise: 0.0, wander: 0.0 }
    }
}

impl Augmentation {
    /// Whether any beat would change.
    pub fn is_off(&self) -> bool {
        let Self { probability, scale, shift, noise, wander } = *self;
        probability == 0.0 || (scale == 0.0 && shift == 0 && noise == 0.0 && wander == 0.0)
    }

    /// That every number is in its range for beats of `samples` samples.
    ///
    /// # Errors
    /// [`Error::Setting`], naming the field.
    pub fn check(&self, samples: usize) -> Result<()> {
        let fraction = |value: f32, one: bool| (0.0..1.0).contains(&value) || (one && value == 1.0);
        let amplitude = |value: f32| value.is_finite() && value >= 0.0;
        let wrong = |what, found: String, expected: String| Err(Error::Setting { what, found, expected });
        if !fraction(self.probability, true) {
            wrong("augmentation.probability", self.probability.to_string(), "a share from 0 to 1".into())
        } else if !fraction(self.scale, false) {
            wrong("augmentation.scale", self.scale.to_string(), "0 or more and below 1".into())
        } else if self.shift > 0 && self.shift >= samples {
            wrong("augmentation.shift", self.shift.to_string(), format!("fewer than the {samples} samples of a beat"))
        } else if !amplitude(self.noise) {
            wrong("augmentation.noise", self.noise.to_string(), "a finite deviation of 0 or more".into())
        } else if !amplitude(self.wander) {
            wrong("augmentation.wander", self.wander.to_string(), "a finite amplitude of 0 or more".into())
        } else {
            Ok(())
        }
    }

    /// Changes one beat `[leads, samples]` at `frequency` Hz. Nothing is drawn when it is off, so that turning it on is
    /// the only thing that changes a run.
    pub(super) fn apply(&self, beat: &mut [f32], samples: usize, frequency: f64, generator: &mut Generator) {
        if self.is_off() || (self.probability < 1.0 && generator.uniform() >= self.probability) {
            return;
        }
        if self.scale > 0.0 {
            let factor = generator.uniform_in(1.0 - self.scale, 1.0 + self.scale);
            beat.iter_mut().for_each(|value| *value *= factor);
        }
        if self.shift > 0 {
            let by = generator.below(2 * self.shift + 1);
            beat.chunks_exact_mut(samples).for_each(|lead| move_lead(lead, by, self.shift));
        }
        if self.wander > 0.0 {
            let amplitude = f64::from(self.wander) * generator.uniform_f64();
            let rate = WANDER_BAND.0 + (WANDER_BAND.1 - WANDER_BAND.0) * generator.uniform_f64();
            for lead in beat.chunks_exact_mut(samples) {
                let phase = TAU * generator.uniform_f64();
                for (i, value) in lead.iter_mut().enumerate() {
                    *value += (amplitude * (TAU * rate * i as f64 / frequency + phase).sin()) as f32;
                }
            }
        }
        if self.noise > 0.0 {
            beat.iter_mut().for_each(|value| *value += self.noise * generator.normal() as f32);
        }
    }
}

/// Moves a lead right by `by - centre` samples (left when negative), repeating the edge that comes in.
fn move_lead(lead: &mut [f32], by: usize, centre: usize) {
    if by >= centre {
        let right = (by - centre).min(lead.len() - 1);
        let edge = lead[0];
        lead.rotate_right(right);
        lead[..right].fill(edge);
    } else {
        let left = (centre - by).min(lead.len() - 1);
        let edge = lead[lead.len() - 1];
        lead.rotate_left(left);
        let end = lead.len() - left;
        lead[end..].fill(edge);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moving_repeats_the_edge() {
        let moved = |by| {
            let mut lead = [1.0, 2.0, 3.0, 4.0];
            move_lead(&mut lead, by, 2);
            lead
        };
        assert_eq!(moved(0), [3.0, 4.0, 4.0, 4.0]);
        assert_eq!(moved(2), [1.0, 2.0, 3.0, 4.0]);
        assert_eq!(moved(3), [1.0, 1.0, 2.0, 3.0]);
    }

    #[test]
    fn off_draws_nothing() {
        let mut generator = Generator::new(1);
        let before = generator.state();
        let mut beat = [1.0, 2.0];
        Augmentation::default().apply(&mut beat, 2, 360.0, &mut generator);
        assert_eq!((beat, generator.state()), ([1.0, 2.0], before));
    }

    #[test]
    fn each_part_does_what_it_says() {
        let apply = |augmentation: Augmentation, seed| {
            let mut beat: Vec<f32> = (0..600).map(|i| ((i % 300) as f32 * 0.1).sin() + 2.0).collect();
            augmentation.check(300).unwrap();
            augmentation.apply(&mut beat, 300, 360.0, &mut Generator::new(seed));
            beat
        };
        let plain = apply(Augmentation::default(), 0);
        let off = Augmentation::default;
        for seed in 0..20 {
            let scaled = apply(Augmentation { scale: 0.2, ..off() }, seed);
            let factor = scaled[0] / plain[0];
            assert!((0.8..=1.2).contains(&factor) && factor != 1.0, "{factor}");
            assert!(scaled.iter().zip(&plain).all(|(a, b)| (a - b * factor).abs() < 1e-5));

            let moved = apply(Augmentation { shift: 4, ..off() }, seed);
            let same = |by: i64| (10..290).all(|i| moved[i] == plain[(i as i64 - by) as usize]);
            assert!((-4..=4).any(same), "moved by more than 4 samples");

            let wandering = apply(Augmentation { wander: 0.3, ..off() }, seed);
            assert!(wandering.iter().zip(&plain).all(|(a, b)| (a - b).abs() <= 0.3 + 1e-6) && wandering != plain);
            // Slow: between two samples it moves by at most amplitude * 2 pi * 0.5 Hz / 360 Hz.
            let wander: Vec<f32> = wandering.iter().zip(&plain).map(|(a, b)| a - b).collect();
            assert!(wander[..300].windows(2).all(|pair| (pair[1] - pair[0]).abs() < 0.3 * 0.0088));
        }
        let noisy = apply(Augmentation { noise: 0.1, ..off() }, 1);
        let deviation = (noisy.iter().zip(&plain).map(|(a, b)| (a - b).powi(2)).sum::<f32>() / 600.0).sqrt();
        assert!((deviation - 0.1).abs() < 0.01, "{deviation}");
        let half = Augmentation { noise: 0.1, probability: 0.5, ..off() };
        let changed = (0..400).filter(|seed| apply(half.clone(), *seed) != plain).count();
        assert!((150..250).contains(&changed), "{changed} of 400 changed");
    }

    #[test]
    fn numbers_out_of_range_are_named() {
        let off = Augmentation::default;
        let wrong = [
            (Augmentation { probability: 1.5, ..off() }, "probability"),
            (Augmentation { scale: 1.0, ..off() }, "scale"),
            (Augmentation { shift: 300, ..off() }, "shift"),
            (Augmentation { noise: f32::NAN, ..off() }, "noise"),
            (Augmentation { wander: -1.0, ..off() }, "wander"),
        ];
        for (augmentation, field) in wrong {
            let message = augmentation.check(300).unwrap_err().to_string();
            assert!(message.contains(field), "{message}");
        }
    }
}
