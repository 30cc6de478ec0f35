//! y = p_skip · x + Σ_k p_k · ReLU(o_k·a_k + b_k) + Σ_m p_m · (o_m·a_m + b_m), where o are the outputs of convolutions
//! and pools, a = 1 / √(variance + ε) and b = −mean·a.

use super::super::arena;
use super::super::convolution::pad;
use super::super::norm::inverse_deviation;
use super::super::parallel::{for_each_piece, map_pieces_mut};
use super::super::pool::Pool;
use super::super::product::{Multiply, pack, packed_len};
use super::super::rows::{Moments, Sums, by_columns, combine, lanes, rectify, sums};
use super::super::simd::{Arithmetic, Kernel, dispatch};
use super::{ALL_TAPS, MixedEdge, NORMALISED, POOLS, SKIP, Saved, TAPS};

/// Zero rows at both ends of a sample: what the longest filter needs.
const HALO: usize = TAPS[TAPS.len() - 1] / 2;

/// a and b of one normalisation.
pub(super) fn normalisation(moments: &Moments, eps: f64) -> (Vec<f32>, Vec<f32>) {
    let a = inverse_deviation(moments, eps);
    let b = moments.mean.iter().zip(&a).map(|(m, a)| -m * a).collect();
    (a, b)
}

impl MixedEdge {
    pub(super) fn forward(&self, x: &[f32], w: &[f32], p: &[f32]) -> (Vec<f32>, Saved) {
        let edge = &self.edge;
        let channels = edge.input.channels;
        let (in_sample, out_sample) = (edge.input.samples * channels, edge.output.samples * channels);
        let samples = edge.piece();

        let packed = self.pack(w);
        let mut outputs = arena::take(NORMALISED * edge.output.len());
        let parts = map_pieces_mut(&mut outputs, samples * NORMALISED * out_sample, edge.work(), |i, outputs| {
            let len = outputs.len() / NORMALISED;
            let x = &x[i * samples * in_sample..][..len / out_sample * in_sample];
            self.operations(x, &packed, outputs);
            outputs.chunks_exact(len).map(|o| sums(o, channels)).collect::<Vec<Sums>>()
        });
        let moments = match &self.running {
            Some(moments) => moments.clone(),
            None => (0..NORMALISED).map(|k| combine(&parts.iter().map(|p| &p[k]).collect::<Vec<_>>())).collect(),
        };

        let coefficients: Vec<_> = moments.iter().map(|m| normalisation(m, self.eps)).collect();
        let mut y = vec![0.0; edge.output.len()];
        for_each_piece(&mut y, samples * out_sample, NORMALISED * edge.output.len(), |i, y| {
            let outputs = &outputs[i * samples * NORMALISED * out_sample..][..NORMALISED * y.len()];
            let skip = (edge.stride == 1).then(|| &x[i * samples * in_sample..][..y.len()]);
            let outputs = std::array::from_fn(|k| &outputs[k * y.len()..][..y.len()]);
            dispatch(Mix { channels, outputs, skip, coefficients: &coefficients, p, y });
        });
        (y, Saved { outputs, moments })
    }

    /// The filters in panels, one convolution after another.
    fn pack(&self, w: &[f32]) -> arena::Buffer {
        let channels = self.edge.input.channels;
        let mut packed = arena::take(packed_len(ALL_TAPS * channels, channels));
        let (mut to, mut from) = (&mut packed[..], w);
        for taps in TAPS {
            let depth = taps * channels;
            let (these, rest) = to.split_at_mut(packed_len(depth, channels));
            pack(these, depth, channels, &from[..depth * channels]);
            (to, from) = (rest, &from[depth * channels..]);
        }
        packed
    }

    /// The convolutions and pools of some samples, before normalisation: `[8][rows, channels]`.
    fn operations(&self, x: &[f32], packed: &[f32], outputs: &mut [f32]) {
        let edge = &self.edge;
        let channels = edge.input.channels;
        let (in_sample, out_sample) = (edge.input.samples * channels, edge.output.samples * channels);
        let samples = x.len() / in_sample;
        let padded_sample = in_sample + 2 * HALO * channels;
        let mut padded = arena::take(samples * padded_sample);
        pad(&mut padded, x, in_sample, channels, HALO, HALO);
        let mut packed = packed;
        let mut outputs = outputs.chunks_exact_mut(samples * out_sample);
        for (taps, out) in TAPS.into_iter().zip(outputs.by_ref()) {
            let depth = taps * channels;
            let (right, rest) = packed.split_at(packed_len(depth, channels));
            packed = rest;
            Multiply {
                samples,
                rows: edge.output.samples,
                depth,
                columns: channels,
                left: &padded[(HALO - taps / 2) * channels..],
                left_sample: padded_sample,
                left_row: edge.stride * channels,
                right,
                out,
                out_sample,
                out_row: channels,
                add: false,
            }
            .run();
        }
        for (m, out) in (0..POOLS.len()).zip(outputs) {
            for (x, y) in x.chunks_exact(in_sample).zip(out.chunks_exact_mut(out_sample)) {
                dispatch(Pool { window: edge.pool(m), channels, x, y });
            }
        }
    }
}

/// The weighted sum of the normalised outputs, in one pass.
struct Mix<'a> {
    channels: usize,
    outputs: [&'a [f32]; NORMALISED],
    skip: Option<&'a [f32]>,
    coefficients: &'a [(Vec<f32>, Vec<f32>)],
    p: &'a [f32],
    y: &'a mut [f32],
}

impl Kernel for Mix<'_> {
    type Output = ();

    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let Self { channels, outputs, skip, coefficients, p, y } = self;
        by_columns!(channels, j, W => {
            let a: [[f32; W]; NORMALISED] = std::array::from_fn(|k| lanes(&coefficients[k].0, j));
            let b: [[f32; W]; NORMALISED] = std::array::from_fn(|k| lanes(&coefficients[k].1, j));
            for (row, y) in y.chunks_exact_mut(channels).enumerate() {
                let at = row * channels + j;
                let mut sum = [0.0; W];
                if let Some(x) = skip {
                    let x = lanes::<W>(x, at);
                    (0..W).for_each(|n| sum[n] = p[SKIP] * x[n]);
                }
                for k in 0..NORMALISED {
                    let o = lanes::<W>(outputs[k], at);
                    for n in 0..W {
                        let z = A::multiply_add(o[n], a[k][n], b[k][n]);
                        let z = if k < TAPS.len() { rectify(z) } else { z };
                        sum[n] = A::multiply_add(p[k], z, sum[n]);
                    }
                }
                y[j..j + W].copy_from_slice(&sum);
            }
        });
    }
}
