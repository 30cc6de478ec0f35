//! A convolution and its two gradients as matrix products over padded samples, without ever building the big matrix.
//!
//! A sample is padded with zero rows to x̄ `[samples + 2·padding, in]`. What the filter w `[taps, in, out]` sees from
//! output position l is the stretch of taps·in floats that starts at l·stride·in, so
//!
//! - y`[l, o]`  = Σ_k x̄`[l·stride·in + k]` · w`[k, o]`, k = (tap, in): rows that overlap in memory, times w as it lies;
//! - dw`[k, o]` = Σ_b Σ_l x̄`[l·stride·in + k]` · dy`[l, o]`;
//! - dx̄`[q]`   = Σ over taps t with q = l·stride + t of dy`[l]` · w`[t]`ᵀ. The positions q = stride·u + r of one
//!   remainder r meet only the taps t = stride·v + r: dx̄`[stride·u + r]` = Σ_v dy`[u − v]` · w`[stride·v + r]`ᵀ. So each
//!   remainder is a convolution of stride 1 of dy, padded with zeros, by every stride-th tap, reversed and transposed.

use candle_core::Result;

use super::arguments::{Signal, wrong};
use super::product::{COLUMNS, Multiply, SumOfOuter, packed_len};

/// The sizes of one convolution.
#[derive(Debug, Clone, Copy)]
pub(super) struct Geometry {
    pub input: Signal,
    pub taps: usize,
    pub outputs: usize,
    pub stride: usize,
    pub padding: usize,
}

impl Geometry {
    /// Checks that the filter fits into the padded signal.
    pub(super) fn new(
        function: &str,
        input: Signal,
        [taps, inputs, outputs]: [usize; 3],
        stride: usize,
        padding: usize,
    ) -> Result<Self> {
        if taps * inputs * outputs == 0 || inputs != input.channels {
            let (found, c) = ([taps, inputs, outputs], input.channels);
            return wrong(function, format_args!("w must be [taps, in = {c}, out] without zeros, found {found:?}"));
        }
        if stride == 0 || taps > input.samples + 2 * padding {
            let samples = input.samples;
            return wrong(
                function,
                format_args!(
                    "{taps} taps with stride {stride} do not fit {samples} samples padded by {padding} at both ends; \
                     the stride must be at least 1 and the taps at most samples + 2·padding"
                ),
            );
        }
        Ok(Self { input, taps, outputs, stride, padding })
    }

    pub(super) fn output(&self) -> Signal {
        let samples = (self.input.samples + 2 * self.padding - self.taps) / self.stride + 1;
        Signal { batch: self.input.batch, samples, channels: self.outputs }
    }

    /// Rows of the filter as a matrix.
    pub(super) fn depth(&self) -> usize {
        self.taps * self.input.channels
    }

    /// Multiplications of one of the three products.
    pub(super) fn work(&self) -> usize {
        self.output().len() * self.depth()
    }

    /// Floats of a padded sample.
    pub(super) fn padded(&self) -> usize {
        (self.input.samples + 2 * self.padding) * self.input.channels
    }

    /// The stride-1 convolutions of dy that make up dx, one for each remainder that occurs.
    pub(super) fn phases(&self) -> Vec<Phase> {
        let (stride, padding) = (self.stride, self.padding);
        let phase = |r: usize| {
            let first = (stride * padding + r - padding) % stride;
            let u = (first + padding - r) / stride;
            let rows = self.input.samples.saturating_sub(first).div_ceil(stride);
            Phase { remainder: r, taps: self.taps.saturating_sub(r).div_ceil(stride), first, u, rows }
        };
        (0..stride).map(phase).filter(|p| p.rows > 0).collect()
    }

    /// Zero rows that dy needs before and after itself so that every phase stays inside.
    pub(super) fn margins(&self) -> (usize, usize) {
        let (phases, samples) = (self.phases(), self.output().samples);
        let before = phases.iter().map(|p| p.taps.saturating_sub(1 + p.u)).max();
        let after = phases.iter().map(|p| (p.u + p.rows).saturating_sub(samples)).max();
        (before.unwrap_or(0), after.unwrap_or(0))
    }

    /// Length of [`pack_transposed`]'s result.
    pub(super) fn transposed_len(&self) -> usize {
        packed_len(self.taps * self.outputs, self.input.channels)
    }
}

/// The input positions whose place in the padded signal leaves one remainder by the stride.
#[derive(Debug, Clone, Copy)]
pub(super) struct Phase {
    remainder: usize,
    /// Taps v of this phase; 0 if the filter is shorter than the stride.
    pub taps: usize,
    /// The first input position, and its u.
    first: usize,
    u: usize,
    /// Input positions.
    rows: usize,
}

/// Copies samples into scratch with `before` zero rows before and `after` behind each; `row` floats a row.
pub(super) fn pad(padded: &mut [f32], values: &[f32], sample: usize, row: usize, before: usize, after: usize) {
    let (before, after) = (before * row, after * row);
    for (to, from) in padded.chunks_exact_mut(before + sample + after).zip(values.chunks_exact(sample)) {
        to[..before].fill(0.0);
        to[before..before + sample].copy_from_slice(from);
        to[before + sample..].fill(0.0);
    }
}

/// The filter in panels for [`input_gradient`]: phase after phase, rows (v reversed, out), columns in.
pub(super) fn pack_transposed(packed: &mut [f32], g: &Geometry, w: &[f32]) {
    let (inputs, outputs) = (g.input.channels, g.outputs);
    let mut rest = packed;
    for phase in g.phases() {
        let depth = phase.taps * outputs;
        let (these, others) = rest.split_at_mut(packed_len(depth, inputs));
        rest = others;
        if depth == 0 {
            continue;
        }
        for (panel, to) in these.chunks_exact_mut(depth * COLUMNS).enumerate() {
            let first = panel * COLUMNS;
            let width = COLUMNS.min(inputs - first);
            for (reversed, to) in to.chunks_exact_mut(outputs * COLUMNS).enumerate() {
                let tap = g.stride * (phase.taps - 1 - reversed) + phase.remainder;
                let from = &w[(tap * inputs + first) * outputs..][..width * outputs];
                for (o, to) in to.chunks_exact_mut(COLUMNS).enumerate() {
                    to[width..].fill(0.0);
                    to.iter_mut().zip(from[o..].iter().step_by(outputs)).for_each(|(to, from)| *to = *from);
                }
            }
        }
    }
}

/// dx (or dx plus what is there, when `add`) of some samples from their dy with its [`Geometry::margins`].
pub(super) fn input_gradient(g: &Geometry, packed: &[f32], dy: &[f32], dy_sample: usize, dx: &mut [f32], add: bool) {
    let (inputs, outputs) = (g.input.channels, g.outputs);
    let (before, _) = g.margins();
    let sample = g.input.samples * inputs;
    let samples = dx.len() / sample;
    let mut packed = packed;
    for phase in g.phases() {
        let depth = phase.taps * outputs;
        let (right, others) = packed.split_at(packed_len(depth, inputs));
        packed = others;
        if depth == 0 {
            // No tap ever reaches these positions.
            if !add {
                dx.chunks_exact_mut(inputs).enumerate().for_each(|(row, to)| {
                    if row % g.input.samples % g.stride == phase.first {
                        to.fill(0.0);
                    }
                });
            }
            continue;
        }
        Multiply {
            samples,
            rows: phase.rows,
            depth,
            columns: inputs,
            left: &dy[(before + phase.u + 1 - phase.taps) * outputs..],
            left_sample: dy_sample,
            left_row: outputs,
            right,
            out: &mut dx[phase.first * inputs..],
            out_sample: sample,
            out_row: g.stride * inputs,
            add,
        }
        .run();
    }
}

/// Rows of dw, as many as `dw` holds, from some padded samples and their dy; adds to what is there when `add`. `padded`
/// starts where the first sample's first window has the first of these rows, `dy` at its first position.
#[allow(clippy::too_many_arguments)]
pub(super) fn weight_gradient(
    g: &Geometry,
    samples: usize,
    padded: &[f32],
    padded_sample: usize,
    dy: &[f32],
    dy_sample: usize,
    dw: &mut [f32],
    add: bool,
) {
    SumOfOuter {
        samples,
        positions: g.output().samples,
        rows: dw.len() / g.outputs,
        columns: g.outputs,
        left: padded,
        left_sample: padded_sample,
        left_row: g.stride * g.input.channels,
        right: dy,
        right_sample: dy_sample,
        out: dw,
        add,
    }
    .run();
}
