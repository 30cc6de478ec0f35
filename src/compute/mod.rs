//! The arithmetic of the networks: fast CPU kernels on candle's tensors, each beside a plain twin.
//!
//! A signal is `[batch, samples, channels]`, f32, contiguous: the channels of one sample lie side by side, so a vector
//! register holds channels, and what a filter sees of a padded signal is one stretch of memory.
//!
//! | function | mathematics | gradients |
//! |---|---|---|
//! | [`conv1d()`] | y`[b, l, o]` = Σ_{t, i} x`[b, l·stride + t − padding, i]` · w`[t, i, o]` | x, w |
//! | [`relu_conv1d()`] | the same of ReLU(x) | x, w |
//! | [`relu()`], [`leaky_relu`] | 0, or a small multiple of x, where negative | x |
//! | [`batch_norm`] | y = scale · (x − mean) / √(variance + ε) + shift over batch and samples; ReLU if wanted | x, scale, shift |
//! | [`scale_shift`] | y = a·x + b, what batch norm is once its statistics are fixed; ReLU if wanted | x, a, b |
//! | [`max_pool1d`], [`max_pool1d_valid`] | the largest of some neighbours, with and without padding | x |
//! | [`relu_halve`] | two 1×1 convolutions of ReLU(x) side by side, on even samples and on odd ones | x, both w |
//! | [`add`], [`scale`], [`side_by_side`] | a + b; p·x for each beat; concatenation of channels | all |
//! | [`mean()`] | the mean over the samples | x |
//! | [`cell()`] | all paths of a cell: Σ p · ReLU(BN(conv(x))) and so on to each node | x, w, p or scale and shift |
//!
//! Gradients are taken by a tape: what is computed within [`Tape::record`] comes back by [`Tape::backward`], and
//! [`leave`] hands a result over to candle's own operations, such as a loss. Call all this on a thread of rayon's pool
//! (`rayon::scope(|_| ...)`), as the commands do: work that is handed in from outside costs a fifth of a training step.
//!
//! [`plain`] has the same functions out of candle's own operations. They run on devices without kernels, in any float
//! type, and `tests/compute` holds the kernels to them: results and all gradients within 1e-4, the twins' gradients
//! to finite differences.
//!
//! Where things are, from the bottom up:
//!
//! - `simd`: one seam that compiles a kernel for AVX-512, AVX2 and the baseline and picks one when it runs. The kernels
//!   are safe Rust over small arrays; this seam holds the `unsafe` of the kernels, but for `parallel::filled`.
//! - `product`: the two matrix products on register tiles in which all multiplications of convolutions happen.
//! - `convolution`: a convolution and both its gradients as such products, without copying the signal once a tap.
//! - `rows`: passes over rows of channels, for normalisation; `relu`: over values; `pool`: max pooling.
//! - `spectral`: convolutions of long filters in the frequency domain.
//! - `conv1d`, `halve`, `combine`, `norm`, `pool`, `cell`: the functions, checks first.
//! - `tape`: the backward pass over them.
//! - `planes`: what networks that are only evaluated are made of: the forward pass alone, without candle, on planes of
//!   16 channels.
//! - `update`: how an optimiser moves weights where they lie.
//! - `parallel`: work shared out in pieces that depend on shapes alone, so that results have the same bits on any
//!   number of threads; `arena`: scratch memory that is used again; `process`: what a program sets when it starts.
//!
//! Limits: at most 16 pieces a batch are shared out, so more than 16 threads do not help, and a batch of one uses one
//! (`planes` has its own rules).

mod arena;
mod arguments;
mod cell;
mod combine;
mod conv1d;
mod convolution;
mod halve;
mod mean;
mod norm;
mod parallel;
pub mod plain;
pub(crate) mod planes;
mod pool;
mod process;
mod product;
mod relu;
mod rows;
pub(crate) mod simd;
mod spectral;
mod tape;
mod update;

pub use arena::release_memory;
pub use cell::{
    ALL_TAPS, Coefficients, EDGES, Kind, MIXED_NORMALISED, NODES, NORMALISED, OPERATIONS, Options, POOLS, Path,
    Statistics, TAPS, Wiring, cell, edge, mixed_wiring,
};
pub use combine::{add, scale, side_by_side};
pub use conv1d::{conv1d, relu_conv1d};
pub use halve::relu_halve;
pub use mean::mean;
pub use norm::{batch_norm, scale_shift};
pub use pool::{max_pool1d, max_pool1d_valid};
pub use process::prepare;
pub use relu::{leaky_relu, relu};
pub use rows::Moments;
pub use simd::instructions;
pub use tape::{Tape, leave};
pub use update::{sum_of_squares, update};
