//! Another rate: interpolation by a windowed sinc, which is also the filter against aliasing.
//!
//! Every new sample is a weighted sum of the old ones around it. The weights are a sinc that passes what both rates can
//! hold, under a Kaiser window (Kaiser, Proc. IEEE ISCAS 1974), and sum to 1 (Smith & Gossett, ICASSP 1984, "A flexible
//! sampling-rate conversion method"). For two rates in the ratio up / down in lowest terms there are only `up` different
//! sets of weights, the phases of a polyphase filter, which are computed once.

use super::{Error, Result};

/// Reach of the weights to either side, in samples of the slower rate.
const REACH: f64 = 32.0;
/// Where the sinc cuts, as a fraction of the slower rate's half: the transition ends there, at 1.
const CUTOFF: f64 = 0.92;
/// Shape of the window: side lobes 80 dB down.
const BETA: f64 = 8.0;
/// Rates further apart are a mistake in one of them.
const LARGEST_RATIO: f64 = 256.0;
/// Rates are told apart to a millionth of a hertz.
const RESOLUTION: f64 = 1e6;
/// Weights that are kept, in numbers; ratios with more of them compute them anew for each sample.
const TABLE: u64 = 1 << 20;

/// Brings leads from one rate to another.
///
/// New sample k lies at the time of old sample k · from / to, so the first samples coincide. Sinusoids below 0.8 of half
/// the slower rate keep their amplitude within 0.1 %; those above half the slower rate are suppressed by 70 dB. The signal
/// is mirrored at its ends.
///
/// ```
/// let resampler = heart_darts::signal::Resampler::new(257.0, 360.0)?;
/// assert_eq!(resampler.length(257), 360);
/// assert_eq!(resampler.position(514), 720);
/// # Ok::<(), heart_darts::signal::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Resampler {
    /// New samples per `down` old ones, in lowest terms.
    up: u64,
    down: u64,
}

impl Resampler {
    /// From a rate to a rate, both in Hz and possibly fractional.
    ///
    /// # Errors
    /// [`Error::Frequency`] for a rate that is none, [`Error::Ratio`] for two that are a factor above 256 apart.
    pub fn new(from: f64, to: f64) -> Result<Self> {
        check_frequency("the record's rate", from)?;
        check_frequency("`resample`", to)?;
        if from / to > LARGEST_RATIO || to / from > LARGEST_RATIO {
            return Err(Error::Ratio { from, to, limit: LARGEST_RATIO });
        }
        let (up, down) = ((to * RESOLUTION).round() as u64, (from * RESOLUTION).round() as u64);
        let shared = greatest_common_divisor(up, down);
        Ok(Self { up: up / shared, down: down / shared })
    }

    /// How many samples `samples` become: as many as lie before the old end, rounded up.
    pub fn length(&self, samples: usize) -> usize {
        (samples as u128 * u128::from(self.up)).div_ceil(u128::from(self.down)) as usize
    }

    /// The new sample nearest to an old one, such as an R peak; within the length except for old samples less than half a
    /// new one before the end.
    pub fn position(&self, sample: u64) -> u64 {
        let (up, down) = (u128::from(self.up), u128::from(self.down));
        ((2 * u128::from(sample) * up + down) / (2 * down)) as u64
    }

    /// One lead at the new rate, `[samples]` to `[length(samples)]`.
    pub fn apply(&self, samples: &[f64]) -> Vec<f64> {
        if self.up == self.down || samples.is_empty() {
            return samples.to_vec();
        }
        let half = self.half();
        let n = samples.len();
        let mirrored = |i: usize| {
            let place = (i as i64 - half as i64).rem_euclid(2 * n as i64) as usize;
            samples[if place < n { place } else { 2 * n - 1 - place }]
        };
        let mut extended = Vec::with_capacity(n + 2 * half);
        extended.extend((0..half).map(mirrored));
        extended.extend_from_slice(samples);
        extended.extend((half + n..n + 2 * half).map(mirrored));

        let kept = self.up.saturating_mul(2 * half as u64) <= TABLE;
        let table: Vec<Vec<f64>> =
            if kept { (0..self.up).map(|phase| self.weights(phase)).collect() } else { Vec::new() };
        let (mut whole, mut phase) = (0, 0);
        let mut result = Vec::with_capacity(self.length(n));
        for _ in 0..self.length(n) {
            // Weights reach from half - 1 samples before `whole` to half after it.
            let around = &extended[whole + 1..][..2 * half];
            result.push(match table.get(phase as usize) {
                Some(weights) => dot(around, weights),
                None => dot(around, &self.weights(phase)),
            });
            phase += self.down;
            whole += (phase / self.up) as usize;
            phase %= self.up;
        }
        result
    }

    /// Old samples per sample of the slower rate.
    fn stretch(&self) -> f64 {
        (self.down as f64 / self.up as f64).max(1.0)
    }

    /// Reach of the weights in old samples.
    fn half(&self) -> usize {
        (REACH * self.stretch()).ceil() as usize
    }

    /// Weights of the old samples around a new one that lies phase / up after an old one.
    fn weights(&self, phase: u64) -> Vec<f64> {
        let half = self.half();
        let fraction = phase as f64 / self.up as f64;
        let mut weights: Vec<f64> = (0..2 * half)
            .map(|i| {
                let distance = (i as f64 - (half as f64 - 1.0) - fraction) / self.stretch();
                sinc(CUTOFF * distance) * kaiser(distance / REACH)
            })
            .collect();
        let sum: f64 = weights.iter().sum();
        weights.iter_mut().for_each(|weight| *weight /= sum);
        weights
    }
}

/// Refuses a rate that no record has.
pub(super) fn check_frequency(what: &'static str, found: f64) -> Result<()> {
    if (1e-3..=1e6).contains(&found) { Ok(()) } else { Err(Error::Frequency { what, found }) }
}

/// Four sums side by side, so that additions need not wait for each other.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 4];
    let (a, b) = (a.chunks_exact(4), b.chunks_exact(4));
    let rest: f64 = a.remainder().iter().zip(b.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in a.zip(b) {
        for lane in 0..4 {
            sums[lane] += x[lane] * y[lane];
        }
    }
    sums.iter().sum::<f64>() + rest
}

fn sinc(x: f64) -> f64 {
    let angle = std::f64::consts::PI * x;
    if angle.abs() < 1e-9 { 1.0 } else { angle.sin() / angle }
}

/// The Kaiser window at `x` of its half width, but for a factor; 0 at its very ends, so that it is the same on both.
fn kaiser(x: f64) -> f64 {
    if x.abs() >= 1.0 { 0.0 } else { bessel_i0(BETA * (1.0 - x * x).sqrt()) }
}

/// The modified Bessel function I₀, by its power series.
fn bessel_i0(x: f64) -> f64 {
    let (mut term, mut sum, mut k) = (1.0, 1.0, 1.0);
    while term > 1e-17 * sum {
        term *= (x / (2.0 * k)).powi(2);
        sum += term;
        k += 1.0;
    }
    sum
}

fn greatest_common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}
