//! The convolution of planes in the frequency domain, where a filter's length hardly counts.
//!
//! The filters are transformed once. A block of beats is transformed, multiplied bin by bin, its beats as the rows of the
//! tiles, and transformed back; see [`spectral`](super::super::spectral).

use std::sync::Arc;

use super::direct::Finish;
use super::{Epilogue, Geometry, Row, WIDTH, ZERO};
use crate::compute::arena::{self, Rows};
use crate::compute::simd::dispatch;
use crate::compute::spectral::{Analyse, Filters, Left, Multiply, Plan, Synthesise, Taps};

/// Time of a multiplication of [`spectral_cost`] and of one of [`direct_cost`]: 0.44 to 0.55 ns and 0.33 to 0.37 ns on
/// Zen 3 at 3 to 27 taps, 16 channels of 75 samples to 64 of 19, stride 1 and 2.
const SPECTRAL_WEIGHT: usize = 3;
const DIRECT_WEIGHT: usize = 2;

/// Filters in the frequency domain.
#[derive(Debug)]
pub(crate) struct Spectral {
    geometry: Geometry,
    plan: Arc<Plan>,
    /// For each plane of output right triples `[triple planes][stride · in planes · 16]`.
    right: Vec<Rows>,
}

impl Spectral {
    /// Takes a filter `[taps, 16·inputs, 16·outputs]` of a possible [`Geometry`].
    pub fn new(geometry: Geometry, filter: &[f32]) -> Self {
        let plan = plan(&geometry);
        let (depth, columns) = (geometry.inputs * WIDTH, geometry.outputs * WIDTH);
        let all = geometry.stride * depth;
        let mut filters = vec![ZERO; geometry.taps * depth];
        let right = (0..geometry.outputs).map(|output| {
            for (to, from) in filters.iter_mut().zip(filter.chunks_exact(columns)) {
                to.copy_from_slice(&from[output * WIDTH..][..WIDTH]);
            }
            let mut right = arena::take_rows(plan.planes() * all);
            for phase in 0..geometry.stride {
                let taps = &*Taps::new(&plan, geometry.taps, geometry.stride, phase);
                let (plan, filters, right, first) = (&*plan, &filters[..], &mut right[..], phase * depth);
                let scratch = &mut vec![ZERO; taps.scratch(plan)][..];
                dispatch(Filters { plan, taps, filters, depth, conjugate: false, right, all, first, scratch });
            }
            right
        });
        let right = right.collect();
        Self { geometry, plan, right }
    }

    /// Whether it takes less time than [`Direct`](super::Direct) for a block of many beats.
    pub fn gains(geometry: &Geometry) -> bool {
        let centred = geometry.taps % 2 == 1 && geometry.taps > 1 && geometry.padding == geometry.taps / 2;
        centred && SPECTRAL_WEIGHT * spectral_cost(geometry) < DIRECT_WEIGHT * direct_cost(geometry)
    }

    /// What comes of x `[planes, beats, samples, 16]`.
    pub fn run(&self, x: &[Row], beats: usize, y: &mut [Row], epilogue: Epilogue<'_>) {
        let (g, plan) = (&self.geometry, &*self.plan);
        let inputs = g.stride * g.inputs;
        let mut left = arena::take_rows(plan.planes() * inputs * beats);
        let mut scratch = arena::take_rows(4 * plan.parts() + plan.samples);
        let (parts, signal) = scratch.split_at_mut(4 * plan.parts());
        let stride = inputs * beats;
        for (i, x) in x.chunks_exact(g.samples).enumerate() {
            for phase in 0..g.stride {
                let planes = &mut left[..];
                let bins = Left { plan, conjugate: false, planes, stride, signal: phase * g.inputs * beats + i };
                let input = if g.stride == 1 {
                    x
                } else {
                    gather(x, g.stride, phase, signal);
                    &*signal
                };
                dispatch(Analyse { plan, input, scratch: &mut *parts, bins });
            }
        }
        let mut spectra = arena::take_rows(beats * plan.length);
        for ((right, bias), y) in self.right.iter().zip(epilogue.bias).zip(y.chunks_exact_mut(beats * plan.samples)) {
            let (right, out) = (&[&right[..]], &mut spectra[..]);
            dispatch(Multiply { plan, used: beats, left: &left, plane: stride, group: beats, right, out, add: false });
            for (y, spectrum) in y.chunks_exact_mut(plan.samples).zip(spectra.chunks_exact(plan.length)) {
                dispatch(Synthesise { plan, spectrum, scratch: &mut *parts, output: &mut *signal });
                dispatch(Finish { sums: signal, epilogue: &epilogue, bias, y, step: 1 });
            }
        }
    }
}

fn plan(geometry: &Geometry) -> Arc<Plan> {
    Plan::new(geometry.positions(), Taps::reach(geometry.taps, geometry.stride))
}

/// Every `stride`-th row from `phase` on, the rest of `to` filled with zeros.
fn gather(x: &[Row], stride: usize, phase: usize, to: &mut [Row]) {
    let mut rows = x.iter().skip(phase).step_by(stride);
    to.iter_mut().for_each(|to| *to = rows.next().copied().unwrap_or(ZERO));
}

/// Multiplications of rows for a beat.
fn direct_cost(geometry: &Geometry) -> usize {
    let taps: usize = (0..geometry.positions()).map(|position| geometry.taps_at(position).len()).sum();
    geometry.outputs * geometry.inputs * WIDTH * taps
}

/// The same.
fn spectral_cost(geometry: &Geometry) -> usize {
    let plan = plan(geometry);
    let inputs = geometry.stride * geometry.inputs;
    let transforms = (inputs + geometry.outputs) * plan.parts() * plan.samples;
    geometry.outputs * plan.planes() * inputs * WIDTH + transforms
}
