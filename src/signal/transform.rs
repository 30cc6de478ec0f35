//! The discrete wavelet transform over several levels, with PyWavelets' `symmetric` extension at the ends.
//!
//! One level of Mallat's algorithm (IEEE Trans. PAMI 11(7):674, 1989) filters with a low and a high pass and keeps every
//! second sample: the approximation and the details. The next level does the same to the approximation. The signal is
//! mirrored at its ends, with the end sample repeated (… b a | a b … y z | z y …), as in PyWavelets' default mode, so
//! coefficients are PyWavelets' own: `pywt.wavedec(x, name, level=level)`.

use super::Wavelet;

/// A signal as coefficients of a wavelet basis.
#[derive(Debug, Clone, PartialEq)]
pub struct Decomposition {
    /// What remains below the coarsest details (PyWavelets' `cA_n`).
    pub approximation: Vec<f64>,
    /// Details, the finest first (PyWavelets' `cD_1`, then `cD_2`, …).
    pub details: Vec<Vec<f64>>,
    samples: usize,
    wavelet: Wavelet,
}

impl Decomposition {
    /// Decomposes `samples` to `level` levels; fewer when the samples run out (only for an empty signal).
    ///
    /// Any level is possible, also one deeper than [`Wavelet::deepest_level`]: the mirrored signal is then seen more than
    /// once. Level 0 and an empty signal leave everything in the approximation. Samples must be finite: one NaN spreads.
    pub fn new(samples: &[f64], wavelet: Wavelet, level: usize) -> Self {
        let mut approximation = samples.to_vec();
        let mut details = Vec::new();
        // An empty signal has nothing to mirror.
        let level = if samples.is_empty() { 0 } else { level };
        for _ in 0..level {
            let (low, high) = analyse(&approximation, wavelet);
            details.push(high);
            approximation = low;
        }
        Self { approximation, details, samples: samples.len(), wavelet }
    }

    /// The signal that these coefficients stand for, as long as the one that was decomposed.
    ///
    /// # Panics
    /// If coefficients were added or removed since [`Self::new`].
    pub fn reconstruct(self) -> Vec<f64> {
        let mut approximation = self.approximation;
        for (level, high) in self.details.iter().enumerate().rev() {
            let samples = if level == 0 { self.samples } else { self.details[level - 1].len() };
            approximation = synthesise(&approximation, high, self.wavelet, samples);
        }
        approximation
    }
}

/// One level down: approximation and details of ⌊(samples + taps − 1) / 2⌋ coefficients each.
fn analyse(samples: &[f64], wavelet: Wavelet) -> (Vec<f64>, Vec<f64>) {
    let taps = wavelet.taps();
    let n = samples.len();
    let mirrored = |i: usize| {
        // `i` counts from the start of the left margin, which is taps - 2 long.
        let place = (i as i64 - (taps as i64 - 2)).rem_euclid(2 * n as i64) as usize;
        samples[if place < n { place } else { 2 * n - 1 - place }]
    };
    let mut extended = Vec::with_capacity(n + 2 * taps);
    extended.extend((0..taps - 2).map(mirrored));
    extended.extend_from_slice(samples);
    extended.extend((extended.len()..n + 2 * taps - 3).map(mirrored));

    // Decomposition filters are the reversed reconstruction filters, and convolution reverses once more.
    let filters = interleaved(wavelet.scaling_filter(), &wavelet.wavelet_filter());
    let windows = extended.windows(taps).step_by(2);
    let (mut low, mut high) = (Vec::with_capacity(windows.len()), Vec::with_capacity(windows.len()));
    for window in windows {
        // Both filters at once: two lanes of one vector register.
        let mut sums = [0.0; 2];
        for (sample, pair) in window.iter().zip(&filters) {
            sums[0] += sample * pair[0];
            sums[1] += sample * pair[1];
        }
        low.push(sums[0]);
        high.push(sums[1]);
    }
    (low, high)
}

/// One level up: the first `samples` samples of the signal with this approximation and these details.
fn synthesise(low: &[f64], high: &[f64], wavelet: Wavelet, samples: usize) -> Vec<f64> {
    let taps = wavelet.taps();
    let reversed = |filter: &[f64]| filter.iter().rev().copied().collect::<Vec<f64>>();
    let (scaling, wavelets) = (reversed(wavelet.scaling_filter()), reversed(&wavelet.wavelet_filter()));
    // Even samples meet every second tap, odd samples the others; side by side, they are two lanes again.
    let pairs = |filter: &[f64]| filter.chunks_exact(2).map(|pair| [pair[1], pair[0]]).collect::<Vec<[f64; 2]>>();
    let (scaling, wavelets) = (pairs(&scaling), pairs(&wavelets));
    let mut result = Vec::with_capacity(samples + 1);
    for (low, high) in low.windows(taps / 2).zip(high.windows(taps / 2)) {
        let mut sums = [0.0; 2];
        for (((a, d), s), w) in low.iter().zip(high).zip(&scaling).zip(&wavelets) {
            sums[0] += a * s[0] + d * w[0];
            sums[1] += a * s[1] + d * w[1];
        }
        result.extend_from_slice(&sums);
    }
    assert!(result.len() >= samples, "coefficients are missing: {} samples of {samples}", result.len());
    result.truncate(samples);
    result
}

fn interleaved(first: &[f64], second: &[f64]) -> Vec<[f64; 2]> {
    first.iter().zip(second).map(|(a, b)| [*a, *b]).collect()
}
