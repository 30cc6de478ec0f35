//! One edge of the supernet: all ten operations of a node's signal, mixed by weights, as a single candle operation.
//!
//! y = Σ_k p_k · ReLU(BN(conv_k(x))) + Σ_m p_m · BN(maxpool_m(x)) + p_skip · x, where BN is batch normalisation without
//! scale and shift, and 'zero' adds nothing. In stride 2 there is no skip term: what replaces it has weights of its own
//! and belongs to the network.
//!
//! Forward ([`forward`]), over pieces of the batch: the six convolutions and two pools of a piece are written into one
//! saved buffer `[piece][8][rows, channels]` while their sums are taken; then one pass normalises, rectifies, weights
//! and adds all eight. Backward ([`backward`]): one pass takes the sums that the normalisations need and dp; one turns
//! dy into the gradient before each normalisation and from it dx; one, by rows of the filters, takes dw.

mod backward;
mod forward;

use std::sync::{Arc, OnceLock};

use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor};

use super::arena::Buffer;
use super::arguments::{Floats, Signal, dense, floats, shaped, signal, wrong};
use super::convolution::Geometry;
use super::norm::check_eps;
use super::pool::Window;
use super::rows::Moments;
use super::{parallel, plain};

/// Taps of the six convolutions, in the order of their rows in w and of their weights in p.
pub const TAPS: [usize; 6] = [3, 5, 9, 13, 17, 27];
/// Kernels of the two max pools, whose weights follow in p; then come skip and zero.
pub const POOLS: [usize; 2] = [3, 5];
/// Taps of all convolutions: rows of w.
pub const ALL_TAPS: usize = 74;
/// Operations that are normalised: the convolutions and the pools.
pub const NORMALISED: usize = TAPS.len() + POOLS.len();
/// Operations with a weight in p.
pub const OPERATIONS: usize = NORMALISED + 2;
/// The place of skip in p.
const SKIP: usize = NORMALISED;

/// Where the means and variances of the eight normalisations come from.
#[derive(Debug, Clone, Copy)]
pub enum Statistics<'a> {
    /// From this batch; the gradient flows through them.
    Training,
    /// These, eight in the order of p; they are constants.
    Running(&'a [Moments]),
}

/// How [`mixed_edge`] computes.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// 1, or 2 in a reduction cell's edges from its inputs.
    pub stride: usize,
    /// Added to the variances, 1e-5 in PyTorch.
    pub eps: f64,
    /// Whether a backward pass computes the gradient of `w`; the pass for alpha does without, at two thirds of the cost.
    pub weight_gradient: bool,
    /// Where means and variances come from.
    pub statistics: Statistics<'a>,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self { stride: 1, eps: 1e-5, weight_gradient: true, statistics: Statistics::Training }
    }
}

/// All ten operations on `x` `[batch, samples, channels]` with filters `w` `[74, channels, channels]` (the taps of
/// conv3, conv5, conv9, conv13, conv17, conv27 one after another, each `[in, out]`), mixed by `p` `[10]` (conv3 to
/// conv27, max3, max5, skip, zero; the softmax of an edge's alpha).
///
/// Returns y `[batch, (samples − 1) / stride + 1, channels]` and the moments that the eight normalisations used, in the
/// order of p. Differentiable in all three. On a device other than the CPU this is [`plain::mixed_edge`].
///
/// # Errors
/// When a shape does not fit, the stride is neither 1 nor 2, statistics are not eight of the right length, or on the
/// CPU an argument is not contiguous f32.
pub fn mixed_edge(x: &Tensor, w: &Tensor, p: &Tensor, options: &Options<'_>) -> Result<(Tensor, Vec<Moments>)> {
    let edge = check(x, w, p, options)?;
    if !x.device().is_cpu() {
        return plain::mixed_edge(x, w, p, options);
    }
    dense(NAME, "x", x)?;
    dense(NAME, "w", w)?;
    dense(NAME, "p", p)?;
    let running = match options.statistics {
        Statistics::Training => None,
        Statistics::Running(moments) => Some(moments.to_vec()),
    };
    let saved = Arc::new(OnceLock::new());
    let (eps, weight_gradient) = (options.eps, options.weight_gradient);
    let y = x.apply_op3(w, p, MixedEdge { edge, eps, weight_gradient, running, saved: saved.clone() })?;
    let moments = saved.get().map(|s: &Saved| s.moments.clone()).unwrap_or_default();
    Ok((y, moments))
}

const NAME: &str = "mixed_edge";

/// The sizes of an edge.
#[derive(Debug, Clone, Copy)]
pub(super) struct Edge {
    pub input: Signal,
    pub output: Signal,
    pub stride: usize,
}

impl Edge {
    /// The geometry of convolution `k`.
    fn convolution(&self, k: usize) -> Geometry {
        let (input, outputs) = (self.input, self.input.channels);
        Geometry { input, taps: TAPS[k], outputs, stride: self.stride, padding: TAPS[k] / 2 }
    }

    /// The window of pool `m`.
    fn pool(&self, m: usize) -> Window {
        Window { kernel: POOLS[m], stride: self.stride }
    }

    /// Samples of a beat batch in a piece of work.
    fn piece(&self) -> usize {
        parallel::piece(self.input.batch)
    }

    fn pieces(&self) -> usize {
        self.input.batch.div_ceil(self.piece())
    }

    /// Multiplications of all convolutions in one direction.
    fn work(&self) -> usize {
        self.output.len() * ALL_TAPS * self.input.channels
    }
}

/// Checks the shapes and options.
pub(super) fn check(x: &Tensor, w: &Tensor, p: &Tensor, options: &Options<'_>) -> Result<Edge> {
    let input = signal(NAME, x)?;
    let channels = input.channels;
    shaped(NAME, "w", w, "[taps, channels, channels]", &[ALL_TAPS, channels, channels])?;
    shaped(NAME, "p", p, "[operations]", &[OPERATIONS])?;
    check_eps(NAME, options.eps)?;
    if !matches!(options.stride, 1 | 2) {
        return wrong(NAME, format_args!("the stride must be 1 or 2, found {}", options.stride));
    }
    if let Statistics::Running(moments) = options.statistics {
        let fits = |m: &Moments| m.mean.len() == channels && m.variance.len() == channels;
        if moments.len() != NORMALISED || !moments.iter().all(fits) {
            let found: Vec<_> = moments.iter().map(|m| (m.mean.len(), m.variance.len())).collect();
            return wrong(
                NAME,
                format_args!(
                    "running statistics must be {NORMALISED} pairs of {channels} means and variances (conv3 to conv27, \
                     max3, max5), found lengths {found:?}"
                ),
            );
        }
    }
    Ok(Edge { input, output: input.with_samples((input.samples - 1) / options.stride + 1), stride: options.stride })
}

/// What the forward pass leaves for the backward pass.
struct Saved {
    /// Outputs of the eight operations before normalisation, `[piece][8][rows of the piece, channels]`.
    outputs: Buffer,
    moments: Vec<Moments>,
}

struct MixedEdge {
    edge: Edge,
    eps: f64,
    weight_gradient: bool,
    running: Option<Vec<Moments>>,
    saved: Arc<OnceLock<Saved>>,
}

impl CustomOp3 for MixedEdge {
    fn name(&self) -> &'static str {
        NAME
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        lx: &Layout,
        w: &CpuStorage,
        lw: &Layout,
        p: &CpuStorage,
        lp: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (y, saved) = self.forward(floats(x, lx)?, floats(w, lw)?, floats(p, lp)?);
        // A second forward pass through the same operation computes the same.
        let _ = self.saved.set(saved);
        let Signal { batch, samples, channels } = self.edge.output;
        Ok((CpuStorage::F32(y), (batch, samples, channels).into()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        w: &Tensor,
        p: &Tensor,
        _: &Tensor,
        dy: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let Some(saved) = self.saved.get() else {
            return wrong(NAME, "backward without forward; this is a mistake in heart-darts, please report it");
        };
        let dy = dy.contiguous()?;
        let (xf, wf, pf, dyf) = (Floats::of(x), Floats::of(w), Floats::of(p), Floats::of(&dy));
        let (dx, dw, dp) = self.backward(saved, xf.get()?, wf.get()?, pf.get()?, dyf.get()?);
        let wrap = |t: &Tensor, v: Vec<f32>| Tensor::from_vec(v, t.shape(), t.device());
        Ok((Some(wrap(x, dx)?), dw.map(|dw| wrap(w, dw)).transpose()?, Some(wrap(p, dp)?)))
    }
}
