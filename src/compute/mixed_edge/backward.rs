//! The way back through an edge. With g_k = dy where normalisation k's output was positive (dy itself for the pools),
//! N rows, x̂ = (o − mean)·a:
//!
//! - dp_k = Σ g_k·x̂_k, dp_skip = Σ dy·x, dp_zero = 0;
//! - before normalisation, do_k = p_k·a_k·(g_k − Σg_k/N − x̂_k·Σ(g_k·x̂_k)/N), without the sums when the statistics are
//!   constants;
//! - dx = p_skip·dy + Σ of the input gradients of do_k, and dw_k = the weight gradient of do_k, as for any convolution.

use super::super::arena::{self, Buffer};
use super::super::convolution::{Geometry, input_gradient, pack_transposed, pad, weight_gradient};
use super::super::parallel::{for_each_item, map_pieces};
use super::super::pool::PoolBackward;
use super::super::rows::{BackwardPiece, BackwardSums};
use super::super::simd::dispatch;
use super::forward::normalisation;
use super::{ALL_TAPS, MixedEdge, NORMALISED, OPERATIONS, POOLS, SKIP, Saved, TAPS};

/// Taps of a filter in one task of the weight gradient.
const TAPS_IN_TASK: usize = 7;

/// Coefficients of one normalisation's way back, one a channel.
struct Back {
    a: Vec<f32>,
    b: Vec<f32>,
    gain: Vec<f32>,
    e: Vec<f32>,
    d: Vec<f32>,
}

/// The gradient before the normalisation of each convolution, every sample between the margins of zeros that its input
/// gradient needs: `[piece][6][samples of the piece][before + samples + after, channels]`.
struct Before {
    values: Buffer,
    geometry: [Geometry; TAPS.len()],
    margins: [(usize, usize); TAPS.len()],
    /// Floats of one sample of each.
    sample: [usize; TAPS.len()],
}

impl MixedEdge {
    /// (dx, dw unless it is not wanted, dp).
    pub(super) fn backward(
        &self,
        saved: &Saved,
        x: &[f32],
        w: &[f32],
        p: &[f32],
        dy: &[f32],
    ) -> (Vec<f32>, Option<Vec<f32>>, Vec<f32>) {
        let (dp, back) = self.reduce(saved, x, p, dy);
        let edge = &self.edge;
        let geometry: [Geometry; TAPS.len()] = std::array::from_fn(|k| edge.convolution(k));
        let margins = geometry.map(|g| g.margins());
        let sample = margins.map(|(before, after)| (before + edge.output.samples + after) * edge.input.channels);
        let values = arena::take(edge.input.batch * sample.iter().sum::<usize>());
        let mut before = Before { values, geometry, margins, sample };
        let dx = self.input_gradient(saved, &back, &mut before, x, w, p, dy);
        let dw = self.weight_gradient.then(|| self.weight_gradient(&before, x));
        (dx, dw, dp)
    }

    /// dp, and the coefficients that follow from the sums over all rows.
    fn reduce(&self, saved: &Saved, x: &[f32], p: &[f32], dy: &[f32]) -> (Vec<f32>, Vec<Back>) {
        let edge = &self.edge;
        let channels = edge.input.channels;
        let coefficients: Vec<_> = saved.moments.iter().map(|m| normalisation(m, self.eps)).collect();
        let (zero, one) = (vec![0.0; channels], vec![1.0; channels]);
        let piece = edge.piece() * edge.output.samples * channels;
        let parts = map_pieces(edge.pieces(), NORMALISED * edge.output.len(), |i| {
            let dy = &dy[i * piece..dy.len().min((i + 1) * piece)];
            let outputs = &saved.outputs[i * piece * NORMALISED..][..dy.len() * NORMALISED];
            let mut sums: Vec<_> = (outputs.chunks_exact(dy.len()).enumerate())
                .map(|(k, x)| {
                    let (a, b) = &coefficients[k];
                    dispatch(BackwardSums { x, dy, a, b, centre: &saved.moments[k].mean, relu: k < TAPS.len() })
                })
                .collect();
            if edge.stride == 1 {
                let x = &x[i * piece..][..dy.len()];
                sums.push(dispatch(BackwardSums { x, dy, a: &one, b: &zero, centre: &zero, relu: false }));
            }
            sums
        });
        let plain = |k: usize, c: usize| parts.iter().map(|sums| f64::from(sums[k].plain[c])).sum::<f64>();
        let weighted = |k: usize, c: usize| parts.iter().map(|sums| f64::from(sums[k].weighted[c])).sum::<f64>();

        let rows = edge.output.rows() as f64;
        let mut dp = vec![0.0; OPERATIONS];
        let mut back = Vec::with_capacity(NORMALISED);
        for (k, (a, b)) in coefficients.into_iter().enumerate() {
            let gain: Vec<f32> = a.iter().map(|a| p[k] * a).collect();
            let (mut e, mut d, mut sum) = (vec![0.0; channels], vec![0.0; channels], 0.0);
            for c in 0..channels {
                let a = f64::from(a[c]);
                let weighted = a * weighted(k, c);
                sum += weighted;
                if self.running.is_none() {
                    e[c] = (-f64::from(p[k]) * a * a * weighted / rows) as f32;
                    d[c] = (-f64::from(p[k]) * a * plain(k, c) / rows) as f32;
                }
            }
            dp[k] = sum as f32;
            back.push(Back { a, b, gain, e, d });
        }
        if edge.stride == 1 {
            dp[SKIP] = (0..channels).map(|c| weighted(NORMALISED, c)).sum::<f64>() as f32;
        }
        (dp, back)
    }

    /// dx; fills `before` on the way.
    #[allow(clippy::too_many_arguments)]
    fn input_gradient(
        &self,
        saved: &Saved,
        back: &[Back],
        before: &mut Before,
        x: &[f32],
        w: &[f32],
        p: &[f32],
        dy: &[f32],
    ) -> Vec<f32> {
        let edge = &self.edge;
        let channels = edge.input.channels;
        let (in_sample, out_sample) = (edge.input.samples * channels, edge.output.samples * channels);
        let Before { values, geometry, margins, sample } = before;

        let mut filters = w;
        let packed = geometry.map(|g| {
            let (these, rest) = filters.split_at(g.depth() * channels);
            filters = rest;
            let mut packed = arena::take(g.transposed_len());
            pack_transposed(&mut packed, &g, these);
            packed
        });

        let mut dx = vec![0.0; edge.input.len()];
        let (samples, all) = (edge.piece(), sample.iter().sum::<usize>());
        let pieces = dx.chunks_mut(samples * in_sample).zip(values.chunks_mut(samples * all)).enumerate();
        for_each_item(pieces.collect(), edge.work(), |(i, (dx, before))| {
            let samples_here = dx.len() / in_sample;
            let x = &x[i * samples * in_sample..][..dx.len()];
            let dy = &dy[i * samples * out_sample..][..samples_here * out_sample];
            let outputs = &saved.outputs[i * samples * NORMALISED * out_sample..][..NORMALISED * dy.len()];
            let mut outputs = outputs.chunks_exact(dy.len());
            let undo = |k: usize, relu: bool, x: &[f32], dy: &[f32], dx: &mut [f32]| {
                let Back { a, b, gain, e, d } = &back[k];
                let centre = &saved.moments[k].mean;
                dispatch(BackwardPiece { a, b, centre, gain, e, d, relu, x, dy, dx });
            };
            if edge.stride == 1 {
                dx.iter_mut().zip(dy).for_each(|(dx, dy)| *dx = p[SKIP] * dy);
            }
            let mut rest = before;
            for (k, output) in outputs.by_ref().take(TAPS.len()).enumerate() {
                let (these, others) = rest.split_at_mut(samples_here * sample[k]);
                rest = others;
                let (front, back) = (margins[k].0 * channels, margins[k].1 * channels);
                let samples = output.chunks_exact(out_sample).zip(dy.chunks_exact(out_sample));
                for (to, (output, dy)) in these.chunks_exact_mut(sample[k]).zip(samples) {
                    to[..front].fill(0.0);
                    undo(k, true, output, dy, &mut to[front..front + out_sample]);
                    to[sample[k] - back..].fill(0.0);
                }
                input_gradient(&geometry[k], &packed[k], these, sample[k], dx, true);
            }
            let mut scratch = arena::take(dy.len());
            for (m, output) in (0..POOLS.len()).zip(outputs) {
                undo(TAPS.len() + m, false, output, dy, &mut scratch);
                let samples = x.chunks_exact(in_sample).zip(scratch.chunks_exact(out_sample));
                for (dx, (x, dy)) in dx.chunks_exact_mut(in_sample).zip(samples) {
                    dispatch(PoolBackward { window: edge.pool(m), channels, x, dy, dx });
                }
            }
        });
        dx
    }

    /// dw, shared out by rows of the filters: each row is one sum over the whole batch.
    fn weight_gradient(&self, before: &Before, x: &[f32]) -> Vec<f32> {
        let edge = &self.edge;
        let channels = edge.input.channels;
        let in_sample = edge.input.samples * channels;
        let halo = TAPS[TAPS.len() - 1] / 2;
        let padded_sample = in_sample + 2 * halo * channels;
        let mut padded = arena::take(edge.input.batch * padded_sample);
        pad(&mut padded, x, in_sample, channels, halo, halo);

        let mut dw = vec![0.0; ALL_TAPS * channels * channels];
        let mut tasks = Vec::new();
        let mut rest = &mut dw[..];
        for (k, taps) in TAPS.into_iter().enumerate() {
            let (these, others) = std::mem::take(&mut rest).split_at_mut(taps * channels * channels);
            rest = others;
            let tasks_here = these.chunks_mut(TAPS_IN_TASK * channels * channels).enumerate();
            tasks.extend(tasks_here.map(|(i, rows)| (k, i * TAPS_IN_TASK * channels, rows)));
        }
        let (samples, all) = (edge.piece(), before.sample.iter().sum::<usize>());
        for_each_item(tasks, edge.work(), |(k, first, dw)| {
            let inner = (halo - TAPS[k] / 2) * channels + first;
            for (i, piece) in before.values.chunks(samples * all).enumerate() {
                let samples_here = piece.len() / all;
                let start = before.sample[..k].iter().sum::<usize>() * samples_here + before.margins[k].0 * channels;
                let padded = &padded[i * samples * padded_sample + inner..];
                let g = &before.geometry[k];
                weight_gradient(g, samples_here, padded, padded_sample, &piece[start..], before.sample[k], dw, i > 0);
            }
        });
        dw
    }
}
