//! What a subject's beats look like: the extrema of a sinus beat, and how the other kinds differ from it.
//!
//! The numbers below are of the size that textbooks give for MLII and V1; every subject draws its own around them, and every
//! beat a little variation around the subject's.

use super::model::{Extremum, LEADS};
use super::rhythm::Kind;
use crate::support::random::Generator;

/// The shapes of one subject's beats, for an RR interval of [`Morphology::REFERENCE`] seconds.
#[derive(Debug, Clone)]
pub(super) struct Morphology {
    /// P.
    atrial: Extremum,
    /// P of a premature supraventricular beat, which comes from elsewhere in the atria.
    ectopic_atrial: Extremum,
    /// Q R S, and in a bundle branch block the late wave of the other ventricle.
    complex: Vec<Extremum>,
    /// T.
    recovery: Extremum,
    /// Wide QRS and T of a ventricular beat.
    ventricular: Vec<Extremum>,
    /// Spike, wide QRS and T of a paced beat.
    paced: Vec<Extremum>,
}

fn extremum(time: f64, width: f64, height: [f64; LEADS]) -> Extremum {
    Extremum { time, width, height }
}

/// Draws a factor around 1 that is rarely farther away than twice `spread`.
fn around_one(spread: f64, generator: &mut Generator) -> f64 {
    (spread * generator.normal()).clamp(-2.5 * spread, 2.5 * spread).exp()
}

impl Morphology {
    /// The RR interval, in seconds, at which T stands where the tables say; it moves with the root of RR (Bazett 1920).
    const REFERENCE: f64 = 0.8;

    /// Draws a subject. `block` gives it a right bundle branch block, whose beats belong to class N all the same.
    pub(super) fn draw(block: bool, generator: &mut Generator) -> Self {
        let mut vary = |wave: Extremum, heights: f64| Extremum {
            time: wave.time * around_one(0.06, generator),
            width: wave.width * around_one(0.10, generator),
            height: wave.height.map(|height| height * around_one(heights, generator)),
        };
        let atrial = vary(extremum(-0.165, 0.021, [0.13, 0.06]), 0.25);
        let mut complex = vec![
            vary(extremum(-0.027, 0.008, [-0.09, 0.0]), 0.4),
            vary(extremum(0.0, 0.0105, [1.15, 0.22]), 0.25),
            vary(extremum(0.027, 0.010, [-0.22, -0.75]), 0.3),
        ];
        let mut recovery = vary(extremum(0.290, 0.046, [0.27, 0.12]), 0.3);
        if block {
            // Slurred S in MLII, rsR' and inverted T in V1.
            complex[2].height = [0.6 * complex[2].height[0], 0.45 * complex[2].height[1]];
            complex.push(vary(extremum(0.062, 0.017, [-0.20, 0.55]), 0.2));
            recovery.height[1] = -recovery.height[1].abs();
        }
        let mut ectopic_atrial = vary(extremum(-0.120, 0.018, [-0.10, 0.05]), 0.3);
        let mut ventricular = vec![
            vary(extremum(-0.068, 0.018, [-0.12, 0.16]), 0.4),
            vary(extremum(0.0, 0.029, [1.45, -0.95]), 0.2),
            vary(extremum(0.062, 0.024, [0.35, -0.45]), 0.4),
            vary(extremum(0.285, 0.062, [-0.48, 0.32]), 0.2),
        ];
        let mut paced = vec![
            vary(extremum(-0.075, 0.0020, [0.45, 0.30]), 0.3),
            vary(extremum(-0.040, 0.014, [0.12, -0.05]), 0.3),
            vary(extremum(0.0, 0.026, [-1.15, -0.90]), 0.2),
            vary(extremum(0.055, 0.025, [-0.35, -0.50]), 0.3),
            vary(extremum(0.295, 0.058, [0.42, 0.38]), 0.2),
        ];
        // The focus of a ventricular beat lies in either ventricle: half of the subjects have the other polarity in V1, a
        // third in MLII. A focus low in the atria inverts P, one near the sinus node hardly changes it.
        if generator.uniform() < 0.5 {
            ventricular.iter_mut().for_each(|wave| wave.height[1] *= -1.0);
        }
        if generator.uniform() < 0.33 {
            ventricular.iter_mut().for_each(|wave| wave.height[0] *= -0.85);
        }
        if generator.uniform() < 0.35 {
            ectopic_atrial.height[0] *= -0.5;
        }
        // A spike is as strong as the pacemaker makes it, and of either sign.
        if generator.uniform() < 0.4 {
            paced[0].height = paced[0].height.map(|height| -height);
        }
        Self { atrial, ectopic_atrial, complex, recovery, ventricular, paced }
    }

    /// The extrema of one beat that comes `interval` seconds after the one before it.
    pub(super) fn beat(&self, kind: Kind, interval: f64, generator: &mut Generator) -> Vec<Extremum> {
        let mut extrema = match kind {
            Kind::Sinus => self.sinus(),
            Kind::Supraventricular => self.supraventricular(generator),
            Kind::Ventricular => self.ventricular.clone(),
            Kind::Fusion => self.fusion(generator),
            Kind::Paced => self.paced.clone(),
        };
        let stretch = (interval / Self::REFERENCE).clamp(0.7, 1.5).sqrt();
        let strength = around_one(0.04, generator);
        // No two ventricular beats travel quite the same way.
        let spread = if kind == Kind::Ventricular { 0.10 } else { 0.05 };
        for wave in &mut extrema {
            wave.width *= around_one(0.03, generator);
            wave.height = wave.height.map(|height| height * strength * around_one(spread, generator));
            if wave.time > 0.2 {
                wave.time = wave.time * stretch + 0.005 * generator.normal();
                wave.width *= stretch;
            } else if wave.time < -0.1 {
                wave.time += 0.004 * generator.normal();
            }
        }
        extrema
    }

    fn sinus(&self) -> Vec<Extremum> {
        let mut extrema = vec![self.atrial];
        extrema.extend(&self.complex);
        extrema.push(self.recovery);
        extrema
    }

    /// A P wave between the subject's own and the ectopic one; the ventricles, not quite recovered, conduct a little
    /// otherwise.
    fn supraventricular(&self, generator: &mut Generator) -> Vec<Extremum> {
        let mut extrema = self.sinus();
        let share = f64::from(generator.uniform_in(0.35, 1.0));
        let mix = |own: f64, ectopic: f64| (1.0 - share) * own + share * ectopic;
        extrema[0] = Extremum {
            time: mix(self.atrial.time, self.ectopic_atrial.time),
            width: mix(self.atrial.width, self.ectopic_atrial.width),
            height: std::array::from_fn(|lead| mix(self.atrial.height[lead], self.ectopic_atrial.height[lead])),
        };
        let aberrant = 1.0 + f64::from(generator.uniform_in(0.0, 0.2));
        for wave in &mut extrema[2..=3] {
            wave.width *= aberrant;
        }
        extrema
    }

    /// Part of the heart is excited by the sinus beat and the rest by a ventricular one: both, in some proportion.
    fn fusion(&self, generator: &mut Generator) -> Vec<Extremum> {
        let share = f64::from(generator.uniform_in(0.28, 0.72));
        let scaled = |wave: &Extremum, by: f64| Extremum { height: wave.height.map(|height| height * by), ..*wave };
        let sinus = self.sinus();
        let own = sinus.iter().map(|wave| scaled(wave, 1.0 - share));
        own.chain(self.ventricular.iter().map(|wave| scaled(wave, share))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Time over which a lead's waves around R are above half of their greatest absolute sum, in seconds.
    fn breadth(extrema: &[Extremum], lead: usize) -> f64 {
        let at = |time: f64| -> f64 {
            extrema
                .iter()
                .map(|wave| wave.height[lead] * (-0.5 * ((time - wave.time) / wave.width).powi(2)).exp())
                .sum::<f64>()
                .abs()
        };
        let values: Vec<f64> = (-150..150).map(|ms| at(f64::from(ms) * 1e-3)).collect();
        let top = values.iter().copied().fold(0.0, f64::max);
        values.iter().filter(|value| **value > 0.5 * top).count() as f64 * 1e-3
    }

    #[test]
    fn ventricular_and_paced_beats_are_wide_and_have_no_p_wave() {
        for seed in 0..20 {
            let mut generator = Generator::new(seed);
            let morphology = Morphology::draw(false, &mut generator);
            let mut of = |kind| morphology.beat(kind, 0.8, &mut generator);
            let sinus = breadth(&of(Kind::Sinus), 0);
            for kind in [Kind::Ventricular, Kind::Paced] {
                let beat = of(kind);
                assert!(breadth(&beat, 0) > 1.7 * sinus, "{kind:?} {} against {sinus}", breadth(&beat, 0));
                assert!(beat.iter().all(|wave| wave.time > -0.1), "{kind:?} has no wave before the QRS complex");
                let (r, t) = (beat.iter().find(|wave| wave.time == 0.0).unwrap(), beat.last().unwrap());
                assert!(r.height[0] * t.height[0] < 0.0, "T of a {kind:?} beat is opposite to its QRS");
            }
        }
    }

    #[test]
    fn a_fusion_beat_lies_between_its_parents() {
        let mut generator = Generator::new(1);
        let morphology = Morphology::draw(false, &mut generator);
        let mean = |kind, generator: &mut Generator| -> f64 {
            (0..50).map(|_| breadth(&morphology.beat(kind, 0.8, generator), 0)).sum::<f64>() / 50.0
        };
        let [sinus, fusion, ventricular] =
            [Kind::Sinus, Kind::Fusion, Kind::Ventricular].map(|kind| mean(kind, &mut generator));
        assert!(sinus < fusion && fusion < ventricular, "{sinus} {fusion} {ventricular}");
    }

    #[test]
    fn t_comes_later_after_a_longer_interval() {
        let mut generator = Generator::new(1);
        let morphology = Morphology::draw(true, &mut generator);
        let mut t = |interval| morphology.beat(Kind::Sinus, interval, &mut generator).last().unwrap().time;
        assert!(t(1.1) > t(0.8) + 0.02 && t(0.8) > t(0.5) + 0.02);
    }
}
