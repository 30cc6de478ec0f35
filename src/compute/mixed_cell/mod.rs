//! One cell of the supernet, all ten operations on each of its 14 edges, as a single candle operation.
//!
//! States are the two inputs and four nodes. Node i = Σ over states j before it of edge (i, j), where an edge is
//! Σ_k p_k · ReLU(BN(conv_k(x))) + Σ_m p_m · BN(maxpool_m(x)) + p_skip · x, BN is batch normalisation without scale and
//! shift, and 'zero' adds nothing. In a reduction cell the edges from the inputs have stride 2 and no skip term: what
//! replaces it has weights of its own, belongs to the network and is handed in, already weighted, to be added to a node.
//!
//! Convolutions run in the frequency domain ([`super::spectral`]), where the edges from a state share its transform:
//!
//! - forward ([`forward`]): once a state is known it is transformed and pooled; then each (edge, convolution, 16 output
//!   channels) is one task for the whole batch, so that it also knows the moments of its channels. A node adds up the
//!   normalised, rectified and weighted outputs of its edges.
//! - backward ([`backward`]), from the last node to the first: each (edge, convolution, 16 output channels) is one task
//!   from dy over the normalisation to the spectrum of the convolution's gradient and to its filters' gradient; the
//!   gradients of a state are summed as spectra over all its edges, and transformed back once.

mod backward;
mod convolution;
mod forward;
mod gradient;
mod normal;
mod pools;
mod shape;

use std::sync::{Arc, OnceLock};

use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape as Dimensions, Tensor};

use super::arena::Rows;
use super::arguments::{Floats, Signal, dense, floats, shaped, signal, wrong};
use super::norm::check_eps;
use super::plain;
use super::rows::Moments;
use shape::Shape;

/// Taps of the six convolutions, in the order of their rows in w and of their weights in p.
pub const TAPS: [usize; 6] = [3, 5, 9, 13, 17, 27];
/// Kernels of the two max pools, whose weights follow in p; then come skip and zero.
pub const POOLS: [usize; 2] = [3, 5];
/// Taps of all convolutions: rows of w for one edge.
pub const ALL_TAPS: usize = 74;
/// Operations that are normalised: the convolutions and the pools.
pub const NORMALISED: usize = TAPS.len() + POOLS.len();
/// Operations with a weight in p.
pub const OPERATIONS: usize = NORMALISED + 2;
/// Inner nodes of a cell.
pub const NODES: usize = 4;
/// Edges of a cell: the first node reads two states, the next three, and so on.
pub const EDGES: usize = 14;
/// The place of skip in p.
const SKIP: usize = NORMALISED;

/// Where the means and variances of the normalisations come from.
#[derive(Debug, Clone, Copy)]
pub enum Statistics<'a> {
    /// From this batch; the gradient flows through them.
    Training,
    /// These, eight for each edge in the order of p; they are constants.
    Running(&'a [Moments]),
}

/// How [`mixed_cell`] computes.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// 1, or 2 in a reduction cell.
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

/// The nodes of a cell from its two inputs `[batch, samples, channels]`, with filters `w` `[14 · 74, channels, channels]`
/// (edge after edge, of each the taps of conv3, conv5, conv9, conv13, conv17, conv27, each `[in, out]`) and operations
/// mixed by `p` `[14, 10]` (conv3 to conv27, max3, max5, skip, zero; the softmax of alpha). `added` is empty or four
/// signals `[batch, (samples − 1) / stride + 1, channels]` that are added to the nodes.
///
/// Returns the nodes side by side, `[batch, (samples − 1) / stride + 1, 4 · channels]`, and the moments that the
/// normalisations used, eight for each edge. Differentiable in all arguments. On a device other than the CPU this is
/// [`plain::mixed_cell`].
///
/// # Errors
/// When a shape does not fit, the stride is neither 1 nor 2, statistics are not as many as the normalisations, or on the
/// CPU an argument is not f32.
pub fn mixed_cell(
    inputs: [&Tensor; 2],
    added: &[Tensor],
    w: &Tensor,
    p: &Tensor,
    options: &Options<'_>,
) -> Result<(Tensor, Vec<Moments>)> {
    let input = check(inputs, added, w, p, options)?;
    if !w.device().is_cpu() {
        return plain::mixed_cell(inputs, added, w, p, options);
    }
    // A candle operation has three arguments at most: all signals become one.
    let signals: Vec<Tensor> = inputs.into_iter().chain(added).map(Tensor::flatten_all).collect::<Result<_>>()?;
    let signals = Tensor::cat(&signals, 0)?;
    dense(NAME, "the inputs", &signals)?;
    dense(NAME, "w", w)?;
    dense(NAME, "p", p)?;
    let running = match options.statistics {
        Statistics::Training => None,
        Statistics::Running(moments) => Some(moments.to_vec()),
    };
    let saved = Arc::new(OnceLock::new());
    let cell = MixedCell {
        shape: Shape::new(input, options.stride),
        added: !added.is_empty(),
        eps: options.eps,
        weight_gradient: options.weight_gradient,
        running,
        saved: saved.clone(),
    };
    let y = signals.apply_op3(w, p, cell)?;
    let moments = saved.get().map(|s: &Saved| s.moments.clone()).unwrap_or_default();
    Ok((y, moments))
}

const NAME: &str = "mixed_cell";

/// Checks shapes and options; gives the inputs' shape.
pub(super) fn check(
    inputs: [&Tensor; 2],
    added: &[Tensor],
    w: &Tensor,
    p: &Tensor,
    options: &Options<'_>,
) -> Result<Signal> {
    let input = signal(NAME, inputs[0])?;
    let Signal { batch, samples, channels } = input;
    shaped(NAME, "the second input", inputs[1], "[batch, samples, channels]", &[batch, samples, channels])?;
    shaped(NAME, "w", w, "[edges · taps, channels, channels]", &[EDGES * ALL_TAPS, channels, channels])?;
    shaped(NAME, "p", p, "[edges, operations]", &[EDGES, OPERATIONS])?;
    check_eps(NAME, options.eps)?;
    if !matches!(options.stride, 1 | 2) {
        return wrong(NAME, format_args!("the stride must be 1 or 2, found {}", options.stride));
    }
    if ![0, NODES].contains(&added.len()) {
        return wrong(
            NAME,
            format_args!("nothing or a signal for each of 4 nodes can be added, found {}", added.len()),
        );
    }
    let outputs = [batch, (samples - 1) / options.stride + 1, channels];
    for added in added {
        shaped(NAME, "what is added", added, "[batch, samples of a node, channels]", &outputs)?;
    }
    if let Statistics::Running(moments) = options.statistics {
        let fits = |m: &Moments| m.mean.len() == channels && m.variance.len() == channels;
        if moments.len() != EDGES * NORMALISED || !moments.iter().all(fits) {
            let found: Vec<_> = moments.iter().map(|m| (m.mean.len(), m.variance.len())).collect();
            let expected = EDGES * NORMALISED;
            return wrong(
                NAME,
                format_args!(
                    "running statistics must be {expected} pairs of {channels} means and variances (conv3 to conv27, \
                     max3, max5 of each edge), found lengths {found:?}"
                ),
            );
        }
    }
    Ok(input)
}

/// What the forward pass leaves for the backward pass.
struct Saved {
    /// The six states, `[groups][batch][samples]`.
    states: Vec<Rows>,
    /// For each state but the last, the outputs of its edges' convolutions, `[edges from it][6][groups][batch][samples]`.
    convolutions: Vec<Rows>,
    /// For each state but the last, its pools, `[2][groups][batch][samples]`.
    pools: Vec<Rows>,
    moments: Vec<Moments>,
}

struct MixedCell {
    shape: Shape,
    added: bool,
    eps: f64,
    weight_gradient: bool,
    running: Option<Vec<Moments>>,
    saved: Arc<OnceLock<Saved>>,
}

impl CustomOp3 for MixedCell {
    fn name(&self) -> &'static str {
        NAME
    }

    fn cpu_fwd(
        &self,
        signals: &CpuStorage,
        ls: &Layout,
        w: &CpuStorage,
        lw: &Layout,
        p: &CpuStorage,
        lp: &Layout,
    ) -> Result<(CpuStorage, Dimensions)> {
        let (y, saved) = self.forward(floats(signals, ls)?, floats(w, lw)?, floats(p, lp)?);
        // A second forward pass through the same operation computes the same.
        let _ = self.saved.set(saved);
        let Shape { batch, samples, channels, .. } = self.shape;
        Ok((CpuStorage::F32(y), (batch, samples[1], NODES * channels).into()))
    }

    fn bwd(
        &self,
        signals: &Tensor,
        w: &Tensor,
        p: &Tensor,
        _: &Tensor,
        dy: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let Some(saved) = self.saved.get() else {
            return wrong(NAME, "backward without forward; this is a mistake in heart-darts, please report it");
        };
        let dy = dy.contiguous()?;
        let (w_floats, p_floats, dy) = (Floats::of(w), Floats::of(p), Floats::of(&dy));
        let gradients = self.backward(saved, w_floats.get()?, p_floats.get()?, dy.get()?, signals.track_op());
        let wrap = |t: &Tensor, v: Option<Vec<f32>>| v.map(|v| Tensor::from_vec(v, t.shape(), t.device())).transpose();
        Ok((wrap(signals, gradients.signals)?, wrap(w, gradients.filters)?, wrap(p, Some(gradients.mix))?))
    }
}
