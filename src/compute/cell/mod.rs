//! A whole cell as one operation: any convolutions, max pools and identities from its states to its nodes.
//!
//! States are the two inputs and the nodes. A node is the sum of its paths and, if wanted, of something that is handed
//! in; a path is f·ReLU(BN(conv(x))) + shift, f·BN(maxpool(x)) + shift or f·x, see [`Coefficients`] for f. In a reduction
//! cell the paths from the inputs have stride 2.
//!
//! Convolutions run in the frequency domain ([`super::spectral`]), where the paths from a state share its transform:
//!
//! - forward ([`forward`]): once a state is known it is transformed and pooled; then each (convolution, 16 output channels,
//!   run of beats) is one task, which also takes the sums for the moments. A node adds up the normalised, rectified and
//!   weighted outputs of its paths.
//! - backward ([`backward`]), from the last node to the first: each (convolution, 16 output channels, run of beats) is one
//!   task from dy over the normalisation to the spectrum of the convolution's gradient and to its filters' gradient; the
//!   gradients of a state are summed as spectra over all its paths, and transformed back once.
//!
//! The supernet's cell ([`mixed`]) has all ten operations on each edge, a derived cell two paths a node.

mod backward;
mod convolution;
mod forward;
mod gradient;
mod layout;
mod mixed;
mod normal;
mod pools;
mod shape;
mod wiring;

use std::sync::Arc;

use candle_core::{Result, Tensor};

use super::arena::{Buffer, Rows};
use super::arguments::{Signal, dense, shaped, signal, wrong};
use super::norm::check_eps;
use super::plain;
use super::rows::Moments;
use super::simd::WIDTH;
use super::tape::{self, AllFloats};
pub use mixed::{ALL_TAPS, EDGES, MIXED_NORMALISED, NODES, NORMALISED, OPERATIONS, POOLS, TAPS, edge, mixed_wiring};
use normal::{Back, Normal, Values};
use shape::Shape;
pub use wiring::{Kind, Path, Wiring};

/// Where the means and variances of the normalisations come from.
#[derive(Debug, Clone, Copy)]
pub enum Statistics<'a> {
    /// From this batch; the gradient flows through them.
    Training,
    /// These, one for each normalisation in the order of the paths; they are constants.
    Running(&'a [Moments]),
}

/// What the paths are multiplied with.
#[derive(Debug, Clone, Copy)]
pub enum Coefficients<'a> {
    /// One weight a path, `[weights]` or any shape of as many; a path's place among them is [`Path::weight`].
    Mix(&'a Tensor),
    /// Batch norm's scale and shift, `[normalisations, 2, channels]`; identities are not multiplied.
    Affine(&'a Tensor),
}

/// How [`cell`] computes.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// Added to the variances, 1e-5 in PyTorch.
    pub eps: f64,
    /// Whether a backward pass computes the gradient of `w`; the pass for alpha does without, at two thirds of the cost.
    pub weight_gradient: bool,
    /// Where means and variances come from.
    pub statistics: Statistics<'a>,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self { eps: 1e-5, weight_gradient: true, statistics: Statistics::Training }
    }
}

/// The nodes of a cell from its two inputs `[batch, samples, channels]`, with the filters of its convolutions
/// `[taps of all, channels, channels]` one after another in the order of the paths, each `[in, out]`. `added` is empty or
/// holds for each node nothing or a signal `[batch, (samples − 1) / stride + 1, channels]` that is added to it.
///
/// Returns the nodes side by side, `[batch, (samples − 1) / stride + 1, nodes · channels]`, and the moments that the
/// normalisations used, in the order of the paths. Differentiable in all arguments. On a device other than the CPU this is
/// [`plain::cell`].
///
/// # Errors
/// When a shape does not fit, statistics are not as many as the normalisations, or on the CPU an argument is not f32.
pub fn cell(
    wiring: &Arc<Wiring>,
    inputs: [&Tensor; 2],
    added: &[Option<Tensor>],
    filters: &Tensor,
    coefficients: Coefficients<'_>,
    options: &Options<'_>,
) -> Result<(Tensor, Vec<Moments>)> {
    let input = check(wiring, inputs, added, filters, coefficients, options)?;
    if !filters.device().is_cpu() {
        return plain::cell(wiring, inputs, added, filters, coefficients, options);
    }
    let (values, affine) = match coefficients {
        Coefficients::Mix(values) => (values, false),
        Coefficients::Affine(values) => (values, true),
    };
    let signals = inputs.into_iter().chain(added.iter().flatten());
    let arguments: Vec<&Tensor> = [filters, values].into_iter().chain(signals).collect();
    dense(NAME, "filters", filters)?;
    dense(NAME, "coefficients", values)?;
    arguments[2..].iter().try_for_each(|signal| dense(NAME, "every input", signal))?;
    let running = match options.statistics {
        Statistics::Training => None,
        Statistics::Running(moments) => Some(moments.to_vec()),
    };
    let pass = CellPass {
        shape: Shape::new(input, wiring),
        wiring: wiring.clone(),
        added: (0..wiring.nodes()).map(|node| added.get(node).is_some_and(Option::is_some)).collect(),
        affine,
        eps: options.eps,
        weight_gradient: options.weight_gradient,
        running,
    };
    let (y, saved) = {
        let floats = AllFloats::of(arguments.iter().copied());
        let floats = floats.get()?;
        pass.forward(&floats[2..], floats[0], floats[1])
    };
    let moments = saved.moments.clone();
    let shape = (input.batch, pass.shape.samples[1], wiring.nodes() * input.channels);
    // What the signals were is in `saved`.
    let weights = [filters.clone(), values.clone()];
    let backward = move |dy: Buffer, wanted: &[bool]| {
        let floats = AllFloats::of(&weights);
        let floats = floats.get()?;
        let signals_wanted = wanted[2..].contains(&true);
        let gradients = pass.backward(&saved, floats[0], floats[1], dy, signals_wanted);
        let signals = gradients.signals.into_iter().flatten().map(Some);
        let mut all: Vec<_> = [gradients.filters, Some(gradients.coefficients)].into_iter().chain(signals).collect();
        all.resize_with(wanted.len(), || None);
        Ok(all)
    };
    Ok((tape::result(NAME, shape, y, &arguments, backward)?, moments))
}

const NAME: &str = "cell";

/// Checks shapes and options; gives the inputs' shape.
pub(super) fn check(
    wiring: &Wiring,
    inputs: [&Tensor; 2],
    added: &[Option<Tensor>],
    filters: &Tensor,
    coefficients: Coefficients<'_>,
    options: &Options<'_>,
) -> Result<Signal> {
    let input = signal(NAME, inputs[0])?;
    let Signal { batch, samples, channels } = input;
    shaped(NAME, "the second input", inputs[1], "[batch, samples, channels]", &[batch, samples, channels])?;
    shaped(NAME, "filters", filters, "[taps of all, channels, channels]", &[wiring.taps(), channels, channels])?;
    let normalised = wiring.normalised();
    match coefficients {
        Coefficients::Mix(weights) if weights.elem_count() == wiring.weights() => {}
        Coefficients::Mix(weights) => {
            let (expected, found) = (wiring.weights(), weights.dims());
            return wrong(NAME, format_args!("there must be {expected} mixing weights, found {found:?}"));
        }
        Coefficients::Affine(values) => {
            shaped(NAME, "scale and shift", values, "[normalisations, 2, channels]", &[normalised, 2, channels])?;
        }
    }
    check_eps(NAME, options.eps)?;
    if ![0, wiring.nodes()].contains(&added.len()) {
        let (expected, found) = (wiring.nodes(), added.len());
        return wrong(
            NAME,
            format_args!("`added` must be empty or have a place for each of {expected} nodes, found {found}"),
        );
    }
    let outputs = [batch, (samples - 1) / wiring.stride() + 1, channels];
    for added in added.iter().flatten() {
        shaped(NAME, "what is added", added, "[batch, samples of a node, channels]", &outputs)?;
    }
    if let Statistics::Running(moments) = options.statistics {
        let fits = |m: &Moments| m.mean.len() == channels && m.variance.len() == channels;
        if moments.len() != normalised || !moments.iter().all(fits) {
            let found: Vec<_> = moments.iter().map(|m| (m.mean.len(), m.variance.len())).collect();
            return wrong(
                NAME,
                format_args!(
                    "running statistics must be {normalised} pairs of {channels} means and variances, found lengths {found:?}"
                ),
            );
        }
    }
    Ok(input)
}

/// What the forward pass leaves for the backward pass.
struct Saved {
    /// The states, `[groups][batch][samples]`.
    states: Vec<Rows>,
    /// For each state the outputs of its convolutions, `[convolutions][groups][batch][samples]`.
    convolutions: Vec<Rows>,
    /// For each state its pools, `[kernels][groups][batch][samples]`.
    pools: Vec<Rows>,
    moments: Vec<Moments>,
}

struct CellPass {
    wiring: Arc<Wiring>,
    shape: Shape,
    /// Which nodes something is added to.
    added: Vec<bool>,
    affine: bool,
    eps: f64,
    weight_gradient: bool,
    running: Option<Vec<Moments>>,
}

impl CellPass {
    /// The normalisation `normal` of a path for one group of channels.
    fn normal(&self, saved: &Saved, normal: usize, weight: usize, group: usize, coefficients: &[f32]) -> Normal {
        let channels = self.shape.channels;
        let values = if self.affine {
            let (scale, shift) = coefficients[2 * normal * channels..][..2 * channels].split_at(channels);
            Values::Affine(scale, shift)
        } else {
            Values::Mix(coefficients[weight])
        };
        Normal::new(&saved.moments[normal], self.eps, group, values)
    }

    /// What an identity is multiplied with.
    fn weight(&self, weight: usize, coefficients: &[f32]) -> f32 {
        if self.affine { 1.0 } else { coefficients[weight] }
    }

    /// Adds what came back through one group of a normalisation to the gradient of the coefficients.
    fn add_gradient(&self, gradient: &mut [f64], normal: usize, weight: usize, group: usize, back: &Back) {
        if !self.affine {
            return self.add_weight_gradient(gradient, weight, back);
        }
        let channels = self.shape.channels;
        let (scale, shift) = gradient[2 * normal * channels..][..2 * channels].split_at_mut(channels);
        let first = group * WIDTH;
        scale[first..].iter_mut().zip(&back.weighted).for_each(|(sum, value)| *sum += value);
        shift[first..].iter_mut().zip(&back.plain).for_each(|(sum, value)| *sum += value);
    }

    /// The same for an identity.
    fn add_weight_gradient(&self, gradient: &mut [f64], weight: usize, back: &Back) {
        if !self.affine {
            gradient[weight] += back.weighted.iter().sum::<f64>();
        }
    }
}
