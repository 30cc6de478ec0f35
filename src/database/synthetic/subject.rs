//! A synthetic subject: everything that is drawn once for a person, and the record that comes of it.

use super::model::{self, Breath, Complex, FREQUENCY, LEADS};
use super::morphology::Morphology;
use super::noise::Noise;
use super::rhythm::{self, Kind, Pulse, Rates};
use crate::support::random::Generator;

/// A record before it is put into WFDB form.
#[derive(Debug)]
pub(super) struct Recording {
    /// mV, `[lead][sample]`.
    pub leads: [Vec<f64>; LEADS],
    /// Sample of R and kind of every beat inside the record, in order.
    pub beats: Vec<(u64, Kind)>,
    /// Whether the subject has a right bundle branch block.
    pub block: bool,
}

/// Plays one subject for `samples` samples. The subject depends on the seed and its number only, not on how many there are.
pub(super) fn record(seed: u64, number: usize, samples: usize) -> Recording {
    // Independent streams for what the person is and what happens in the record: a longer record is of the same person.
    let mut person = Generator::with_stream(seed, 2 * number as u64);
    let mut events = Generator::with_stream(seed, 2 * number as u64 + 1);
    // One subject in four has a bundle branch block, another one in four a pacemaker.
    let (block, pacemaker) = (number % 4 == 1, number % 4 == 3);
    let mut uniform = |low, high| f64::from(person.uniform_in(low, high));
    let breath_frequency = uniform(0.20, 0.32);
    let pulse = Pulse {
        mean: 60.0 / uniform(58.0, 88.0),
        deviation: uniform(0.025, 0.055),
        breath: breath_frequency,
        balance: uniform(0.4, 1.5),
    };
    let rates = Rates {
        supraventricular: 0.07 * uniform(0.5, 1.5),
        ventricular: 0.10 * uniform(0.6, 1.4),
        fusion: 0.04 * uniform(0.6, 1.4),
        paced: if pacemaker { uniform(0.14, 0.20) } else { 0.0 },
    };
    let noise = Noise { drift: uniform(0.03, 0.10), mains: uniform(0.002, 0.012), muscle: uniform(0.008, 0.025) };
    let depth = uniform(0.08, 0.20);
    let breath = Breath {
        depth: [depth, depth * uniform(0.3, 0.9)],
        frequency: breath_frequency,
        phase: std::f64::consts::TAU * uniform(0.0, 1.0),
    };
    // The axis of the heart turns with the breath, and R grows and shrinks with it.
    let modulation = uniform(0.02, 0.06);
    let morphology = Morphology::draw(block, &mut person);

    let moments = rhythm::moments(samples, &pulse, &rates, &mut events);
    let complexes: Vec<Complex> = moments
        .iter()
        .map(|moment| {
            let mut extrema = morphology.beat(moment.kind, moment.interval, &mut events);
            let factor = 1.0 + modulation * breath.at(moment.sample as f64 / FREQUENCY);
            extrema.iter_mut().for_each(|wave| wave.height = wave.height.map(|height| height * factor));
            Complex { sample: moment.sample, extrema }
        })
        .collect();
    let mut leads = model::integrate(&complexes, samples, &breath);
    noise.add(&mut leads, &mut events);
    let inside = moments.iter().filter(|moment| (0..samples as i64).contains(&moment.sample));
    let beats = inside.map(|moment| (moment.sample as u64, moment.kind)).collect();
    Recording { leads, beats, block }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R is where the lead is farthest from its level just before and after the QRS complex.
    #[test]
    fn beats_stand_at_the_extremum_of_their_complex() {
        let (mut beats, mut near, mut worst) = (0usize, 0usize, 0);
        for number in 0..8 {
            let recording = record(1, number, 360 * 60);
            let lead = &recording.leads[0];
            for &(r, kind) in &recording.beats {
                let r = r as usize;
                if r < 40 || r + 40 > lead.len() {
                    continue;
                }
                let level = 0.5 * (lead[r - 36] + lead[r + 39]);
                let away = |at: &usize| (lead[*at] - level).abs();
                let found = (r - 12..=r + 12).max_by(|a, b| away(a).total_cmp(&away(b))).unwrap();
                let distance = found.abs_diff(r);
                beats += 1;
                near += usize::from(distance <= 4);
                worst = worst.max(if kind == Kind::Sinus { distance } else { 0 });
            }
        }
        assert!(beats > 500);
        assert!(near as f64 > 0.97 * beats as f64, "{near} of {beats} within 4 samples");
        assert!(worst <= 3, "a sinus beat is {worst} samples from its R");
    }

    #[test]
    fn a_longer_record_is_of_the_same_person_and_another_number_is_not() {
        let [short, long, other] = [(2, 7200), (2, 14400), (3, 7200)].map(|(n, samples)| record(9, n, samples));
        let (short_beats, long_beats) = (short.beats.len() as f64, long.beats.len() as f64);
        assert!((long_beats / short_beats - 2.0).abs() < 0.2, "the same pulse");
        assert_ne!(short.leads, other.leads);
    }

    #[test]
    fn voltages_fit_the_range_of_the_converter() {
        for number in 0..12 {
            let recording = record(4, number, 360 * 60);
            for value in recording.leads.iter().flatten() {
                assert!(value.abs() < 5.0, "{value} mV");
            }
        }
    }
}
