//! What an electrode picks up besides the heart: drift of the baseline, mains and muscle.

use std::f64::consts::TAU;

use super::model::{FREQUENCY, LEADS};
use crate::support::random::Generator;

/// Mains frequency in Hz (60 in Boston, where MIT-BIH was recorded).
const MAINS: f64 = 60.0;

/// How strong each kind of noise is in one record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Noise {
    /// Standard deviation of the baseline's drift in mV.
    pub drift: f64,
    /// Amplitude of the mains in mV.
    pub mains: f64,
    /// Standard deviation of the muscle noise at rest in mV; in bursts it is a few times that.
    pub muscle: f64,
}

impl Noise {
    /// Adds the noise to both leads, in mV.
    pub(super) fn add(&self, leads: &mut [Vec<f64>; LEADS], generator: &mut Generator) {
        for values in leads.iter_mut() {
            self.add_drift(values, generator);
            self.add_mains(values, generator);
            self.add_muscle(values, generator);
        }
    }

    /// A first-order autoregressive process with a memory of 1.5 s, smoothed by another of 0.3 s: slow, without steps.
    fn add_drift(&self, values: &mut [f64], generator: &mut Generator) {
        let (memory, smoothing) = ((-1.0 / (1.5 * FREQUENCY)).exp(), (-1.0 / (0.3 * FREQUENCY)).exp());
        let push = self.drift * (1.0 - memory * memory).sqrt();
        let (mut rough, mut smooth) = (0.0, 0.0);
        for value in values {
            rough = memory * rough + push * generator.normal();
            smooth = smoothing * smooth + (1.0 - smoothing) * rough;
            *value += smooth;
        }
    }

    /// A sine whose strength comes and goes over about ten seconds.
    fn add_mains(&self, values: &mut [f64], generator: &mut Generator) {
        let mut phase = || TAU * generator.uniform_f64();
        let (phase, slow) = (phase(), phase());
        for (sample, value) in values.iter_mut().enumerate() {
            let time = sample as f64 / FREQUENCY;
            let strength = self.mains * (1.0 + 0.5 * (TAU * 0.1 * time + slow).sin());
            *value += strength * (TAU * MAINS * time + phase).sin();
        }
    }

    /// White noise without its lowest part, three times as strong in bursts of about a second, one every twenty.
    fn add_muscle(&self, values: &mut [f64], generator: &mut Generator) {
        let (mut before, mut strength, mut target) = (0.0, 1.0, 1.0);
        for value in values {
            let white = generator.normal();
            let rate = if target > 1.0 { 1.0 / FREQUENCY } else { 1.0 / (20.0 * FREQUENCY) };
            if generator.uniform_f64() < rate {
                target = if target > 1.0 { 1.0 } else { 3.0 };
            }
            strength += (target - strength) / (0.2 * FREQUENCY);
            // white - before / 2 has the variance 1.25.
            *value += self.muscle * strength * (white - 0.5 * before) / 1.25f64.sqrt();
            before = white;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deviation(noise: Noise) -> f64 {
        let mut leads = [vec![0.0; 360 * 600], vec![0.0; 360 * 600]];
        noise.add(&mut leads, &mut Generator::new(5));
        let n = leads[0].len() as f64;
        let mean = leads[0].iter().sum::<f64>() / n;
        (leads[0].iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n).sqrt()
    }

    #[test]
    fn each_part_is_as_strong_as_asked() {
        let none = Noise { drift: 0.0, mains: 0.0, muscle: 0.0 };
        assert_eq!(deviation(none), 0.0);
        let drift = deviation(Noise { drift: 0.1, ..none });
        assert!((0.07..0.11).contains(&drift), "{drift}");
        let mains = deviation(Noise { mains: 0.1, ..none });
        assert!((0.070..0.080).contains(&mains), "{mains}");
        let muscle = deviation(Noise { muscle: 0.1, ..none });
        assert!((0.10..0.15).contains(&muscle), "{muscle}");
    }
}
