//! Filters to right triples, W(f) = Σ_s w(s) e^{2πi f s/N}, and dW back to taps.
//!
//! Taps at s and −s share their cosines and, but for the sign, their sines: with E = w(s) + w(−s) and
//! O = w(s) − w(−s), re W = Σ E cos, im W = Σ O sin, half the multiplications.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::super::simd::{Arithmetic, Kernel};
use super::plan::{Plan, wave};
use super::transform::dense;
use super::{Row, WIDTH};

/// A tap, and the one on the other side of the middle if there is one.
#[derive(Debug, Clone, Copy)]
struct Term {
    tap: usize,
    mirror: Option<usize>,
    offset: isize,
}

/// The taps of a filter that read one residue of the positions, and the constants of their transform.
#[derive(Debug)]
pub(in crate::compute) struct Taps {
    terms: Vec<Term>,
    /// `[bins][terms]` and `[bins − 2][terms]`.
    cosines: Vec<f32>,
    sines: Vec<f32>,
    /// The way back, `[terms][bins]` and `[terms][bins − 2]`.
    back_cosines: Vec<f32>,
    back_sines: Vec<f32>,
}

impl Taps {
    /// The taps of an odd filter centred on position stride · l that read positions stride · m + phase.
    pub fn new(plan: &Plan, taps: usize, stride: usize, phase: usize) -> Arc<Self> {
        type Key = [usize; 4];
        static KNOWN: Mutex<Option<HashMap<Key, Arc<Taps>>>> = Mutex::new(None);
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.get_or_insert_default();
        let key = [plan.length, taps, stride, phase];
        known.entry(key).or_insert_with(|| Arc::new(Self::make(plan, taps, stride, phase))).clone()
    }

    /// How far such a filter reaches, in positions of a residue.
    pub fn reach(taps: usize, stride: usize) -> usize {
        (taps / 2).div_ceil(stride)
    }

    fn make(plan: &Plan, taps: usize, stride: usize, phase: usize) -> Self {
        let (half, stride, phase) = ((taps / 2) as isize, stride as isize, phase as isize);
        let tap = |offset: isize| {
            let tap = offset * stride + phase + half;
            (0..taps as isize).contains(&tap).then_some(tap as usize)
        };
        let mut terms = Vec::new();
        for offset in -half..=half {
            let mirror = tap(-offset).filter(|_| offset != 0);
            if let Some(tap) = tap(offset).filter(|_| offset >= 0 || mirror.is_none()) {
                terms.push(Term { tap, mirror, offset });
            }
        }
        let (length, bins) = (plan.length, plan.bins());
        let turns = |bin: usize, term: &Term| (bin as isize * term.offset).rem_euclid(length as isize) as usize;
        let pair = |bin: usize| if plan.is_real(bin) { 1.0 } else { 2.0 };
        let (mut cosines, mut sines, mut back_cosines, mut back_sines) = (vec![], vec![], vec![], vec![]);
        for bin in 0..bins {
            cosines.extend(terms.iter().map(|term| wave(turns(bin, term), length, false, 1.0) as f32));
        }
        for bin in 1..bins - 1 {
            sines.extend(terms.iter().map(|term| wave(turns(bin, term), length, true, 1.0) as f32));
        }
        for term in &terms {
            let scale = |bin: usize| pair(bin) / length as f64;
            back_cosines.extend((0..bins).map(|bin| (scale(bin) * wave(turns(bin, term), length, false, 1.0)) as f32));
            back_sines.extend((1..bins - 1).map(|bin| (scale(bin) * wave(turns(bin, term), length, true, 1.0)) as f32));
        }
        Self { terms, cosines, sines, back_cosines, back_sines }
    }

    /// Scratch for E and O of all terms, and for real and imaginary parts of all bins.
    #[inline(always)]
    fn cut<'a>(&self, plan: &Plan, scratch: &'a mut [Row]) -> [&'a mut [Row]; 4] {
        let (terms, bins) = (self.terms.len(), plan.bins());
        let (even, scratch) = scratch.split_at_mut(terms);
        let (odd, scratch) = scratch.split_at_mut(terms);
        let (re, im) = scratch.split_at_mut(bins);
        [even, odd, re, &mut im[..bins - 2]]
    }

    /// Rows of scratch that [`Filters`] and [`FilterGradient`] need.
    pub fn scratch(&self, plan: &Plan) -> usize {
        2 * self.terms.len() + 2 * plan.bins()
    }
}

/// Right triples of filters, `depth` of them.
pub(in crate::compute) struct Filters<'a> {
    pub plan: &'a Plan,
    pub taps: &'a Taps,
    /// `[taps][depth]`.
    pub filters: &'a [Row],
    pub depth: usize,
    /// Of the conjugate instead.
    pub conjugate: bool,
    /// `[planes][all]`, where `all` may be more than `depth`; the rows from `first` on are written.
    pub right: &'a mut [Row],
    pub all: usize,
    pub first: usize,
    pub scratch: &'a mut [Row],
}

impl Kernel for Filters<'_> {
    type Output = ();

    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let Self { plan, taps, filters, depth, conjugate, right, all, first, scratch } = self;
        let [even, odd, re, im] = taps.cut(plan, scratch);
        for i in 0..depth {
            for (t, term) in taps.terms.iter().enumerate() {
                let w = A::load(&filters[term.tap * depth + i]);
                let (sum, difference) = match term.mirror {
                    Some(mirror) => {
                        let mirror = A::load(&filters[mirror * depth + i]);
                        (A::add(w, mirror), A::sub(w, mirror))
                    }
                    None => (w, w),
                };
                A::store(sum, &mut even[t]);
                A::store(difference, &mut odd[t]);
            }
            dense::<A>(&taps.cosines, even, 1, re, 1);
            dense::<A>(&taps.sines, odd, 1, im, 1);
            let (mut at, zero) = (first + i, A::splat(0.0));
            right[at] = re[0];
            for (re, im) in re[1..].iter().zip(im.iter()) {
                let (re, im) = (A::load(re), A::load(im));
                let minus = A::sub(zero, im);
                let (im, minus) = if conjugate { (minus, im) } else { (im, minus) };
                A::store(A::add(re, im), &mut right[at + all]);
                A::store(minus, &mut right[at + 2 * all]);
                A::store(A::sub(zero, re), &mut right[at + 3 * all]);
                at += 3 * all;
            }
            right[at + all] = re[plan.bins() - 1];
        }
    }
}

/// The gradient of taps from that of their spectra.
pub(in crate::compute) struct FilterGradient<'a> {
    pub plan: &'a Plan,
    pub taps: &'a Taps,
    /// `[N][16]`, as [`Contract`](super::Contract) leaves it for one group of input channels.
    pub spectra: &'a [Row],
    /// `[taps][depth]`; the 16 rows from `first` on of each tap are written.
    pub gradient: &'a mut [Row],
    pub depth: usize,
    pub first: usize,
    pub scratch: &'a mut [Row],
}

impl Kernel for FilterGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let Self { plan, taps, spectra, gradient, depth, first, scratch } = self;
        let [even, odd, re, im] = taps.cut(plan, scratch);
        for i in 0..WIDTH {
            for (bin, re) in re.iter_mut().enumerate() {
                *re = spectra[Plan::slot(bin) * WIDTH + i];
            }
            for (bin, im) in im.iter_mut().enumerate() {
                *im = spectra[(Plan::slot(bin + 1) + 1) * WIDTH + i];
            }
            dense::<A>(&taps.back_cosines, re, 1, even, 1);
            dense::<A>(&taps.back_sines, im, 1, odd, 1);
            for (t, term) in taps.terms.iter().enumerate() {
                let (even, odd) = (A::load(&even[t]), A::load(&odd[t]));
                A::store(A::add(even, odd), &mut gradient[term.tap * depth + first + i]);
                if let Some(mirror) = term.mirror {
                    A::store(A::sub(even, odd), &mut gradient[mirror * depth + first + i]);
                }
            }
        }
    }
}
