//! The equations of motion and their integration.
//!
//! McSharry, Clifford, Tarassenko, Smith: A dynamical model for generating synthetic electrocardiogram signals, IEEE
//! Transactions on Biomedical Engineering 50(3):289, 2003, equation (1):
//!
//! ```text
//! x' = a x - w y        a = 1 - sqrt(x^2 + y^2)
//! y' = a y + w x        w = 2 pi / RR, the angular speed of the present cycle
//! z' = - sum_i a_i D_i exp(-D_i^2 / (2 b_i^2)) - (z - z0(t)),   D_i = theta - theta_i, theta = atan2(y, x)
//! ```
//!
//! (x, y) is drawn to the unit circle and goes round it once a beat; z is the voltage, pushed up and down as it passes the
//! extrema P Q R S T at the angles theta_i; z0 is the baseline, which follows the breath. R is at theta = 0.
//!
//! Two things are added, as in Sameni, Shamsollahi, Jutten, Clifford, IEEE TBME 54(12):2172, 2007: several leads, each
//! with its own z and its own heights of the same extrema (the projections of one dipole), and extrema that are given by
//! what a person can measure, a height A in mV, a time t after R and a width s, both in seconds. They become
//! theta_i = w t, b_i = w s and a_i = A w / b_i^2, so a QRS complex is as wide in a short cycle as in a long one.

use std::f64::consts::TAU;

/// Signals of a synthetic record.
pub(super) const LEADS: usize = 2;

/// Samples a second of a synthetic record, in Hz.
pub(super) const FREQUENCY: f64 = 360.0;

/// An extremum farther away than so many of its widths is left out: its push is below 1e-6 of its greatest.
const REACH: f64 = 6.0;

/// One Gaussian extremum of a beat.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Extremum {
    /// Seconds after R; negative before it.
    pub time: f64,
    /// Standard deviation in seconds.
    pub width: f64,
    /// Height in mV in each lead.
    pub height: [f64; LEADS],
}

/// A beat as the model sees it.
#[derive(Debug, Clone)]
pub(super) struct Complex {
    /// Sample of R; negative for the beat before the record's first sample.
    pub sample: i64,
    /// Its extrema in any order.
    pub extrema: Vec<Extremum>,
}

/// The breath, which moves the baseline: z0(t) = depth sin(2 pi frequency t + phase).
#[derive(Debug, Clone, Copy)]
pub(super) struct Breath {
    /// mV in each lead.
    pub depth: [f64; LEADS],
    /// Hz.
    pub frequency: f64,
    /// Radians.
    pub phase: f64,
}

impl Breath {
    /// Sine of the breath at `time` seconds, in -1..=1.
    pub(super) fn at(&self, time: f64) -> f64 {
        (TAU * self.frequency * time + self.phase).sin()
    }
}

/// x, y and a z for each lead.
type State = [f64; 2 + LEADS];

/// The cycle from one R to the next: both beats' extrema reach into it (a T wave under a premature P wave adds to it).
struct Cycle<'a> {
    before: &'a [Extremum],
    after: &'a [Extremum],
    /// Radians a second.
    speed: f64,
}

impl Cycle<'_> {
    /// The right-hand sides at `state`; `expected` is the phase since the last R by the clock, which tells 0 from 2 pi.
    fn slope(&self, state: &State, expected: f64, baseline: [f64; LEADS]) -> State {
        let [x, y, ..] = *state;
        let pull = 1.0 - x.hypot(y);
        let angle = y.atan2(x);
        let phase = angle + TAU * ((expected - angle) / TAU).round();
        let mut slope = [0.0; 2 + LEADS];
        slope[0] = pull * x - self.speed * y;
        slope[1] = pull * y + self.speed * x;
        for lead in 0..LEADS {
            slope[2 + lead] = baseline[lead] - state[2 + lead];
        }
        for (extrema, phase) in [(self.before, phase), (self.after, phase - TAU)] {
            for extremum in extrema {
                let breadth = self.speed * extremum.width;
                let distance = phase - self.speed * extremum.time;
                if distance.abs() > REACH * breadth {
                    continue;
                }
                let scale = self.speed / (breadth * breadth);
                let push = scale * distance * (-distance * distance / (2.0 * breadth * breadth)).exp();
                for lead in 0..LEADS {
                    slope[2 + lead] -= extremum.height[lead] * push;
                }
            }
        }
        slope
    }
}

/// Integrates the equations by the classical Runge-Kutta method of fourth order, one step a sample; gives z in mV as
/// `[lead][sample]`.
///
/// The first complex is at or before sample 0 and the last one at or after `samples`; their R are in rising order.
pub(super) fn integrate(complexes: &[Complex], samples: usize, breath: &Breath) -> [Vec<f64>; LEADS] {
    let step = 1.0 / FREQUENCY;
    let mut leads: [Vec<f64>; LEADS] = std::array::from_fn(|_| Vec::with_capacity(samples));
    let baseline = |time: f64| breath.depth.map(|depth| depth * breath.at(time));
    let mut state = State::default();
    state[2..].copy_from_slice(&baseline(0.0));
    for pair in complexes.windows(2) {
        let length = (pair[1].sample - pair[0].sample) as f64;
        let cycle = Cycle { before: &pair[0].extrema, after: &pair[1].extrema, speed: TAU * FREQUENCY / length };
        for sample in pair[0].sample.max(0)..pair[1].sample.min(samples as i64) {
            let phase = TAU * (sample - pair[0].sample) as f64 / length;
            if sample == 0 {
                (state[1], state[0]) = phase.sin_cos();
            }
            for (lead, values) in leads.iter_mut().enumerate() {
                values.push(state[2 + lead]);
            }
            let (half, whole) = (phase + 0.5 * step * cycle.speed, phase + step * cycle.speed);
            let time = sample as f64 * step;
            let middle = baseline(time + 0.5 * step);
            let moved = |slope: &State, by: f64| -> State { std::array::from_fn(|i| state[i] + by * slope[i]) };
            let k1 = cycle.slope(&state, phase, baseline(time));
            let k2 = cycle.slope(&moved(&k1, 0.5 * step), half, middle);
            let k3 = cycle.slope(&moved(&k2, 0.5 * step), half, middle);
            let k4 = cycle.slope(&moved(&k3, step), whole, baseline(time + step));
            state = std::array::from_fn(|i| state[i] + step / 6.0 * (k1[i] + 2.0 * (k2[i] + k3[i]) + k4[i]));
        }
    }
    leads
}

#[cfg(test)]
mod tests {
    use super::*;

    fn still() -> Breath {
        Breath { depth: [0.0; LEADS], frequency: 0.25, phase: 0.0 }
    }

    fn wave(time: f64, width: f64, height: [f64; LEADS]) -> Extremum {
        Extremum { time, width, height }
    }

    /// The pull to the baseline (time constant 1 s) takes a little from broad waves; otherwise heights, times and widths
    /// come out as they were asked for, whatever the length of the cycle.
    #[test]
    fn extrema_have_the_asked_height_and_place_at_any_heart_rate() {
        for length in [180, 300, 420] {
            let extrema = vec![wave(0.0, 0.010, [1.2, -0.8]), wave(0.25, 0.040, [0.3, 0.1])];
            let complexes: Vec<Complex> =
                (-1..6).map(|beat| Complex { sample: beat * length + 100, extrema: extrema.clone() }).collect();
            let [first, second] = integrate(&complexes, 4 * length as usize, &still());
            for beat in 1..3 {
                let r = (beat * length + 100) as usize;
                let local = &first[r - 40..r + 40];
                let top = (0..80).max_by(|a, b| local[*a].total_cmp(&local[*b])).unwrap();
                assert!(top.abs_diff(40) <= 1, "R at {top} of 40, cycle of {length}");
                let level = first[r - 36];
                assert!((first[r] - level - 1.2).abs() < 0.05, "{} over {level}", first[r]);
                assert!((second[r] - second[r - 36] + 0.8).abs() < 0.05);
                // One width (10 ms, 3.6 samples) from the top a Gaussian has exp(-1/2) of its height.
                let flank = 0.4 * (first[r + 3] - level) + 0.6 * (first[r + 4] - level);
                assert!((flank / 1.2 - (-0.5f64).exp()).abs() < 0.06, "{flank}");
                assert!(first[r + 90] > first[r + 50] + 0.15, "no T wave at 250 ms");
            }
        }
    }

    #[test]
    fn without_extrema_the_voltage_follows_the_baseline() {
        let complexes: Vec<Complex> = (0..20).map(|beat| Complex { sample: beat * 300, extrema: Vec::new() }).collect();
        let breath = Breath { depth: [0.2, 0.0], frequency: 0.25, phase: 0.0 };
        let [first, second] = integrate(&complexes, 3600, &breath);
        // z' = -(z - z0) passes a sine of frequency f with gain 1 / sqrt(1 + (2 pi f)^2).
        let top = first[1800..].iter().fold(0.0f64, |top, z| top.max(z.abs()));
        let gain = 1.0 / (1.0 + (TAU * 0.25f64).powi(2)).sqrt();
        assert!((top - 0.2 * gain).abs() < 0.002, "{top}");
        assert!(second.iter().all(|z| *z == 0.0));
    }
}
