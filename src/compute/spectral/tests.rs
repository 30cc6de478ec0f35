//! The whole way of a convolution through the frequency domain, there and back, by the arithmetic of several machines.

use super::super::simd::{Arithmetic, Fused, Kernel, dispatch};
use super::*;
use crate::support::random::Generator;

const SAMPLES: usize = 11;
const SIGNALS: usize = 7;
const TAPS: usize = 9;

/// y = the convolution of some signals of 16 channels with a filter; then, with y as the gradient, dx and dw.
struct ThereAndBack {
    x: Vec<Row>,
    w: Vec<Row>,
}

impl ThereAndBack {
    fn new() -> Self {
        let mut generator = Generator::new(3);
        let mut rows =
            |n: usize| (0..n).map(|_| std::array::from_fn(|_| generator.normal() as f32)).collect::<Vec<Row>>();
        Self { x: rows(SIGNALS * SAMPLES), w: rows(TAPS * WIDTH) }
    }
}

impl Kernel for &ThereAndBack {
    type Output = [Vec<Row>; 3];

    #[inline(always)]
    fn run<A: Arithmetic>(self) -> Self::Output {
        let plan = &*Plan::new(SAMPLES, super::Taps::reach(TAPS, 1));
        let taps = &*super::Taps::new(plan, TAPS, 1, 0);
        let zeros = |rows: usize| vec![[0.0; WIDTH]; rows];
        let triple = plan.planes() * SIGNALS;
        let (mut left, mut conjugate, mut gradient, mut right) =
            (zeros(triple), zeros(triple), zeros(triple), zeros(triple));
        let mut scratch = zeros(4 * plan.parts() + taps.scratch(plan));
        for signal in 0..SIGNALS {
            for (conjugate, planes) in [(false, &mut left), (true, &mut conjugate)] {
                let bins = Left { plan, conjugate, planes, stride: SIGNALS, signal };
                let (input, scratch) = (&self.x[signal * SAMPLES..][..SAMPLES], &mut scratch[..]);
                Kernel::run::<A>(Analyse { plan, input, scratch, bins });
            }
        }
        // One filter as it is, and the same with inputs and outputs exchanged for the way back.
        let transposed: Vec<Row> =
            (0..TAPS * WIDTH).map(|i| std::array::from_fn(|n| self.w[i / WIDTH * WIDTH + n][i % WIDTH])).collect();
        let mut factors = [zeros(plan.planes() * WIDTH), zeros(plan.planes() * WIDTH)];
        let [there, back] = &mut factors;
        for (filters, conjugate, right) in [(&self.w, false, there), (&transposed, true, back)] {
            let (depth, scratch) = (WIDTH, &mut scratch[..]);
            Kernel::run::<A>(Filters { plan, taps, filters, depth, conjugate, right, all: WIDTH, first: 0, scratch });
        }
        let mut signals = |left: &[Row], right: &[Row]| {
            let mut spectra = zeros(SIGNALS * plan.length);
            let (used, plane, group, right) = (SIGNALS, SIGNALS, SIGNALS, &[right]);
            Kernel::run::<A>(Multiply { plan, used, left, plane, group, right, out: &mut spectra, add: false });
            let mut y = zeros(SIGNALS * SAMPLES);
            for (output, spectrum) in y.chunks_exact_mut(SAMPLES).zip(spectra.chunks_exact(plan.length)) {
                Kernel::run::<A>(Synthesise { plan, spectrum, scratch: &mut scratch, output });
            }
            y
        };
        let y = signals(&left, &factors[0]);
        let mut scratch_of_y = zeros(4 * plan.parts());
        for signal in 0..SIGNALS {
            let left = Left { plan, conjugate: false, planes: &mut gradient, stride: SIGNALS, signal };
            let bins = Both { left, right: &mut right };
            let (input, scratch) = (&y[signal * SAMPLES..][..SAMPLES], &mut scratch_of_y[..]);
            Kernel::run::<A>(Analyse { plan, input, scratch, bins });
        }
        let dx = signals(&gradient, &factors[1]);
        let (mut spectra, mut dw) = (zeros(plan.length * WIDTH), zeros(TAPS * WIDTH));
        let (used, left, left_plane, right_plane) = (SIGNALS, &conjugate[..], SIGNALS, SIGNALS);
        let out = &mut spectra[..];
        Kernel::run::<A>(Contract { plan, used, left, left_plane, right: &right, right_plane, out, add: false });
        let (gradient, scratch) = (&mut dw[..], &mut scratch[..]);
        Kernel::run::<A>(FilterGradient { plan, taps, spectra: &spectra, gradient, depth: WIDTH, first: 0, scratch });
        [y, dx, dw]
    }
}

/// Σ of x·w over positions as f64, by the definition.
fn by_definition(there: &ThereAndBack) -> [Vec<[f64; WIDTH]>; 3] {
    let zeros = |rows: usize| vec![[0.0f64; WIDTH]; rows];
    let (mut y, mut dx, mut dw) = (zeros(SIGNALS * SAMPLES), zeros(SIGNALS * SAMPLES), zeros(TAPS * WIDTH));
    let positions = |b: usize| {
        let pairs = (0..SAMPLES).flat_map(|l| (0..TAPS).map(move |t| (l, t, l + t)));
        let inside = pairs.filter(|(_, _, at)| (TAPS / 2..SAMPLES + TAPS / 2).contains(at));
        inside.map(move |(l, t, at)| (b * SAMPLES + l, t, b * SAMPLES + at - TAPS / 2))
    };
    for (l, t, at) in (0..SIGNALS).flat_map(positions) {
        for i in 0..WIDTH {
            (0..WIDTH).for_each(|o| y[l][o] += f64::from(there.x[at][i]) * f64::from(there.w[t * WIDTH + i][o]));
        }
    }
    for (l, t, at) in (0..SIGNALS).flat_map(positions) {
        for i in 0..WIDTH {
            for o in 0..WIDTH {
                dx[at][i] += y[l][o] * f64::from(there.w[t * WIDTH + i][o]);
                dw[t * WIDTH + i][o] += y[l][o] * f64::from(there.x[at][i]);
            }
        }
    }
    [y, dx, dw]
}

#[test]
fn there_and_back_is_the_definition_by_tiles_of_any_height() {
    let both = ThereAndBack::new();
    let expected = by_definition(&both);
    let found = dispatch(&both);
    for (found, expected) in found.iter().zip(&expected) {
        let largest = expected.as_flattened().iter().fold(0f64, |a, b| a.max(b.abs()));
        for (f, e) in found.as_flattened().iter().zip(expected.as_flattened()) {
            assert!((f64::from(*f) - e).abs() < 1e-5 * largest, "{f} {e} of {largest}");
        }
    }
    // What this machine's registers give, arrays give bit for bit, in tiles of other heights too.
    let fused = Kernel::run::<Fused<6>>(&both);
    assert_eq!(Kernel::run::<Fused<12>>(&both), fused);
    assert_eq!(Kernel::run::<Fused<1>>(&both), fused);
    if super::super::simd::instructions() != "baseline" {
        assert_eq!(found, fused);
    }
}
