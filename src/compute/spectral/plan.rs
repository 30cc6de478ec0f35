//! The sizes and constants of one transform length.

use std::collections::HashMap;
use std::f64::consts::TAU;
use std::sync::{Arc, Mutex, PoisonError};

/// Residues of a position modulo 4: the transform is taken apart by them.
pub(super) const RESIDUES: usize = 4;

/// A real discrete Fourier transform of length N = 4·B over signals of which only the first `samples` are not zero or
/// are wanted.
///
/// With l = 4n + r and f = k + B·q, X(f) = Σ_r (−i)^{r·q} T_r(k), T_r(k) = Σ_n x(4n + r) e^{−2πi(4n + r)k/N}. The inner
/// sums are small dense products, the outer ones butterflies without multiplications. Since x is real, k = 0 … B/2 give
/// every bin: k, B + k, and, conjugated, 2B − k and B − k.
#[derive(Debug)]
pub(in crate::compute) struct Plan {
    /// Positions of a signal.
    pub samples: usize,
    /// N.
    pub length: usize,
    /// B.
    pub quarter: usize,
    /// For each residue r, `[parts][positions of r]`: what makes T_r of x.
    pub analysis: [Vec<f32>; RESIDUES],
    /// For each residue r, `[positions of r][parts]`: what makes x of T_r.
    pub synthesis: [Vec<f32>; RESIDUES],
}

impl Plan {
    /// The plan for signals of `samples` positions where a filter reaches up to `reach` positions to either side: N is
    /// long enough that what goes around one end does not come in at the other.
    pub fn new(samples: usize, reach: usize) -> Arc<Self> {
        type Known = HashMap<(usize, usize), Arc<Plan>>;
        static KNOWN: Mutex<Option<Known>> = Mutex::new(None);
        let length = (samples + reach).next_multiple_of(RESIDUES);
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.get_or_insert_default();
        known.entry((samples, length)).or_insert_with(|| Arc::new(Self::make(samples, length))).clone()
    }

    fn make(samples: usize, length: usize) -> Self {
        let quarter = length / RESIDUES;
        let parts = parts(quarter);
        let analysis = std::array::from_fn(|r| {
            let positions: Vec<usize> = (r..samples).step_by(RESIDUES).collect();
            let row = |part: usize| {
                let (k, imaginary) = frequency(part);
                positions.iter().map(move |&l| wave(l * k, length, imaginary, -1.0) as f32).collect::<Vec<_>>()
            };
            (0..parts).flat_map(row).collect()
        });
        let synthesis = std::array::from_fn(|r| {
            let row = |l: usize| {
                (0..parts).map(move |part| {
                    let (k, imaginary) = frequency(part);
                    // Pairs of conjugate bins count twice; k = 0 and k = B/2 are their own conjugates.
                    let pair = if k == 0 || 2 * k == quarter { 1.0 } else { 2.0 };
                    (pair / length as f64 * wave(l * k, length, imaginary, -1.0)) as f32
                })
            };
            (r..samples).step_by(RESIDUES).flat_map(row).collect()
        });
        Self { samples, length, quarter, analysis, synthesis }
    }

    /// Rows of T_r: the real part of k = 0, then real and imaginary part of k = 1 … B/2.
    pub fn parts(&self) -> usize {
        parts(self.quarter)
    }

    /// Bins f = 0 … N/2.
    pub fn bins(&self) -> usize {
        self.length / 2 + 1
    }

    /// Planes of a [triple](super): one for each of the real bins 0 and N/2, three for each other.
    pub fn planes(&self) -> usize {
        3 * self.length / 2 - 1
    }

    /// The first plane of a bin.
    #[inline(always)]
    pub fn plane(bin: usize) -> usize {
        (3 * bin).saturating_sub(2)
    }

    /// The first slot of a bin in a spectrum of N numbers: re(0), re(1), im(1), …, re(N/2).
    #[inline(always)]
    pub fn slot(bin: usize) -> usize {
        (2 * bin).saturating_sub(1)
    }

    /// Whether a bin's spectrum is real.
    #[inline(always)]
    pub fn is_real(&self, bin: usize) -> bool {
        bin == 0 || 2 * bin == self.length
    }
}

fn parts(quarter: usize) -> usize {
    2 * (quarter / 2) + 1
}

/// k of a part, and whether it is the imaginary one.
fn frequency(part: usize) -> (usize, bool) {
    (part.div_ceil(2), part > 0 && part.is_multiple_of(2))
}

/// cos(2π·turns/length), or `sign`·sin of it.
pub(super) fn wave(turns: usize, length: usize, imaginary: bool, sign: f64) -> f64 {
    let angle = TAU * (turns % length) as f64 / length as f64;
    if imaginary { sign * angle.sin() } else { angle.cos() }
}
