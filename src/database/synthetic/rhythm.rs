//! When the beats come, and of which class: the RR intervals and where the ectopic beats stand in them.
//!
//! The sinus rhythm varies as in McSharry et al. 2003: a tachogram whose spectrum is the sum of two Gaussians, around the
//! Mayer waves at 0.1 Hz and the breath at about 0.25 Hz. A premature ventricular beat leaves the sinus node alone, so the
//! pause after it is compensatory (the two intervals together last two cycles); a premature supraventricular one resets
//! it, so the pause is about one cycle; a fusion beat comes just before the sinus beat that it meets; a pacemaker is
//! regular.

use std::f64::consts::TAU;

use super::model::FREQUENCY;
use crate::support::random::Generator;

/// What kind of beat, as the morphology and the timing know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// A sinus beat.
    Sinus,
    /// A premature supraventricular beat.
    Supraventricular,
    /// A premature ventricular beat.
    Ventricular,
    /// A fusion of a sinus and a ventricular beat.
    Fusion,
    /// A paced beat.
    Paced,
}

/// The part of a subject's beats that is of each ectopic kind; the rest is sinus rhythm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rates {
    /// Premature supraventricular beats.
    pub supraventricular: f64,
    /// Premature ventricular beats.
    pub ventricular: f64,
    /// Fusion beats.
    pub fusion: f64,
    /// Paced beats, which come in runs.
    pub paced: f64,
}

/// A subject's heart rate and how it varies.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pulse {
    /// Mean RR interval of the sinus rhythm in seconds.
    pub mean: f64,
    /// Standard deviation of the sinus RR intervals as a part of the mean.
    pub deviation: f64,
    /// Breaths a second, Hz.
    pub breath: f64,
    /// Power around 0.1 Hz over power around the breath.
    pub balance: f64,
}

/// One beat's time and kind.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Moment {
    /// Sample of R; the first one is before sample 0, the last one after the end.
    pub sample: i64,
    /// Kind.
    pub kind: Kind,
    /// RR interval before it, in seconds.
    pub interval: f64,
}

/// No interval is shorter, in seconds: the refractory time of the ventricles.
const SHORTEST: f64 = 0.42;
/// Sinus beats at the start and end of a record, so that trimming its first and last annotations takes no rare class.
const QUIET: usize = 4;
/// Beats in a run of paced beats, about.
const PACED_RUN: usize = 12;

/// The variation of the sinus rhythm: a sum of sinusoids with the power spectrum of McSharry et al. and random phases.
#[derive(Debug)]
struct Tachogram {
    /// (Hz, height, phase)
    waves: Vec<(f64, f64, f64)>,
}

impl Tachogram {
    fn new(pulse: &Pulse, generator: &mut Generator) -> Self {
        /// Width of both peaks in Hz, as in the paper.
        const WIDTH: f64 = 0.01;
        /// Sinusoids a peak, from two and a half widths below its middle to as many above.
        const LINES: usize = 15;
        let shares = [pulse.balance / (1.0 + pulse.balance), 1.0 / (1.0 + pulse.balance)];
        let mut waves = Vec::with_capacity(2 * LINES);
        for (centre, share) in [0.1, pulse.breath].into_iter().zip(shares) {
            let offset = |line: usize| 5.0 * (line as f64 / (LINES - 1) as f64 - 0.5);
            let density = |line: usize| (-0.5 * offset(line).powi(2)).exp();
            let total: f64 = (0..LINES).map(density).sum();
            for line in 0..LINES {
                let power = pulse.deviation.powi(2) * share * density(line) / total;
                let phase = TAU * generator.uniform_f64();
                waves.push((centre + WIDTH * offset(line), (2.0 * power).sqrt(), phase));
            }
        }
        Self { waves }
    }

    /// Deviation from the mean interval at `time` seconds, as a part of it.
    fn at(&self, time: f64) -> f64 {
        self.waves.iter().map(|(frequency, height, phase)| height * (TAU * frequency * time + phase).sin()).sum()
    }
}

/// The beats of a record of `samples` samples, with one beat before it and one after.
pub(super) fn moments(samples: usize, pulse: &Pulse, rates: &Rates, generator: &mut Generator) -> Vec<Moment> {
    let tachogram = Tachogram::new(pulse, generator);
    let beats = (samples as f64 / FREQUENCY / pulse.mean) as usize;
    let kinds = kinds(beats, rates, generator);
    let first = -(generator.uniform_in(0.1, 0.6) as f64 * pulse.mean * FREQUENCY) as i64;
    let mut moments = vec![Moment { sample: first, kind: Kind::Sinus, interval: pulse.mean }];
    // What the beat before asks of the next interval: the length of the pause as a part of the sinus cycle.
    let mut pause = 1.0;
    let mut last = moments[0];
    while last.sample < samples as i64 {
        let kind = kinds.get(moments.len() - 1).copied().unwrap_or(Kind::Sinus);
        let sinus = pulse.mean * (1.0 + tachogram.at(last.sample as f64 / FREQUENCY));
        let mut uniform = |low, high| f64::from(generator.uniform_in(low, high));
        let part = match kind {
            Kind::Sinus => pause,
            Kind::Supraventricular => pause * uniform(0.60, 0.84),
            Kind::Ventricular => pause * uniform(0.56, 0.84),
            Kind::Fusion => pause * uniform(0.86, 0.98),
            // The first of a run waits a little for a sinus beat that does not come.
            Kind::Paced if last.kind != Kind::Paced => 1.08,
            Kind::Paced => 1.0,
        };
        pause = match kind {
            Kind::Sinus | Kind::Paced => 1.0,
            Kind::Supraventricular => uniform(0.98, 1.12),
            Kind::Ventricular | Kind::Fusion => 2.0 - part + uniform(-0.03, 0.03),
        };
        let cycle = if kind == Kind::Paced { pulse.mean } else { sinus };
        let jitter = if kind == Kind::Paced { 0.002 } else { 0.006 };
        let interval = (cycle * part * (1.0 + jitter * generator.normal())).max(SHORTEST);
        let steps = (interval * FREQUENCY).round();
        last = Moment { sample: last.sample + steps as i64, kind, interval: steps / FREQUENCY };
        moments.push(last);
    }
    moments
}

/// The kinds of `beats` beats in order: as many of each as its rate says (at least one where the rate is not 0 and there
/// is room), at random places, no two ectopic beats next to each other.
fn kinds(beats: usize, rates: &Rates, generator: &mut Generator) -> Vec<Kind> {
    let mut kinds = vec![Kind::Sinus; beats];
    let room = beats.saturating_sub(2 * QUIET);
    let count = |rate: f64| if rate > 0.0 { ((rate * beats as f64).round() as usize).max(1) } else { 0 };
    let mut paced = count(rates.paced).min(room / 2);
    // Runs stand in equal stretches of the record, each somewhere in its own.
    let runs = paced.div_ceil(PACED_RUN);
    for run in 0..runs {
        let (start, end) = (QUIET + run * room / runs, QUIET + (run + 1) * room / runs);
        let length = paced.div_ceil(runs - run).min(end - start);
        let at = start + generator.below(end - start - length + 1);
        kinds[at..at + length].fill(Kind::Paced);
        paced -= length;
    }
    let mut wanted: Vec<Kind> = Vec::new();
    for (kind, rate) in [
        (Kind::Fusion, rates.fusion),
        (Kind::Supraventricular, rates.supraventricular),
        (Kind::Ventricular, rates.ventricular),
    ] {
        wanted.extend(std::iter::repeat_n(kind, count(rate)));
    }
    // In random order of the kinds, but one of each first: a short record has every class that it has room for.
    generator.shuffle(&mut wanted);
    for (front, kind) in [Kind::Fusion, Kind::Supraventricular, Kind::Ventricular].into_iter().enumerate() {
        if let Some(found) = wanted.iter().skip(front).position(|k| *k == kind) {
            wanted.swap(front, front + found);
        }
    }
    let mut wanted = wanted.into_iter().peekable();
    for place in generator.permutation(room) {
        let Some(kind) = wanted.peek() else { break };
        let at = QUIET + place;
        if kinds[at - 1..=at + 1].iter().all(|k| *k == Kind::Sinus) {
            kinds[at] = *kind;
            wanted.next();
        }
    }
    kinds
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATES: Rates = Rates { supraventricular: 0.07, ventricular: 0.10, fusion: 0.04, paced: 0.15 };
    const PULSE: Pulse = Pulse { mean: 0.8, deviation: 0.04, breath: 0.25, balance: 0.5 };

    fn intervals(moments: &[Moment], of: impl Fn(Kind, Kind) -> bool) -> Vec<f64> {
        moments.windows(2).filter(|w| of(w[0].kind, w[1].kind)).map(|w| w[1].interval).collect()
    }

    fn mean(values: &[f64]) -> f64 {
        values.iter().sum::<f64>() / values.len() as f64
    }

    #[test]
    fn intervals_have_the_asked_mean_and_spread() {
        let none = Rates { supraventricular: 0.0, ventricular: 0.0, fusion: 0.0, paced: 0.0 };
        let moments = moments(360 * 1800, &PULSE, &none, &mut Generator::new(1));
        let sinus = intervals(&moments, |_, _| true);
        let (middle, n) = (mean(&sinus), sinus.len() as f64);
        let spread = (sinus.iter().map(|rr| (rr - middle).powi(2)).sum::<f64>() / n).sqrt();
        assert!((middle - 0.8).abs() < 0.01, "{middle}");
        assert!((spread / 0.8 - 0.04).abs() < 0.008, "{spread}");
        assert!(moments[0].sample < 0 && moments.last().unwrap().sample >= 360 * 1800);
    }

    #[test]
    fn ectopic_beats_come_early_and_pause_as_they_should() {
        let moments = moments(360 * 1800, &PULSE, &RATES, &mut Generator::new(2));
        let sinus = mean(&intervals(&moments, |a, b| a == Kind::Sinus && b == Kind::Sinus));
        let before = |kind| mean(&intervals(&moments, |_, b| b == kind)) / sinus;
        let after = |kind| mean(&intervals(&moments, |a, b| a == kind && b == Kind::Sinus)) / sinus;
        assert!((0.68..0.76).contains(&before(Kind::Supraventricular)), "{}", before(Kind::Supraventricular));
        assert!((0.98..1.12).contains(&after(Kind::Supraventricular)));
        assert!((0.66..0.74).contains(&before(Kind::Ventricular)));
        let both = before(Kind::Ventricular) + after(Kind::Ventricular);
        assert!((both - 2.0).abs() < 0.03, "a compensatory pause ends two cycles after the beat before: {both}");
        let paced = intervals(&moments, |a, b| a == Kind::Paced && b == Kind::Paced);
        assert!(paced.iter().all(|rr| (rr - 0.8).abs() < 0.01), "a pacemaker is regular");
    }

    #[test]
    fn every_kind_is_there_as_often_as_asked() {
        let kinds = kinds(1000, &RATES, &mut Generator::new(3));
        let count = |kind| kinds.iter().filter(|k| **k == kind).count();
        assert_eq!(count(Kind::Supraventricular), 70);
        assert_eq!(count(Kind::Ventricular), 100);
        assert_eq!(count(Kind::Fusion), 40);
        assert_eq!(count(Kind::Paced), 150);
        assert!(kinds[..QUIET].iter().chain(&kinds[1000 - QUIET..]).all(|k| *k == Kind::Sinus));
    }

    #[test]
    fn short_records_have_what_they_have_room_for() {
        for beats in 0..60 {
            let kinds = kinds(beats, &RATES, &mut Generator::new(beats as u64));
            assert_eq!(kinds.len(), beats);
            if beats >= 30 {
                for kind in [Kind::Supraventricular, Kind::Ventricular, Kind::Fusion, Kind::Paced] {
                    assert!(kinds.contains(&kind), "no {kind:?} in {beats} beats");
                }
            }
        }
    }
}
