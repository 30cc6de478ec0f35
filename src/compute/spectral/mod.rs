//! Convolutions of long filters in the frequency domain, where the number of taps disappears.
//!
//! With Y(f) = Σ_c X_c(f) · W_c(f), W(f) = Σ_s w(s) e^{2πi f s/N} for taps at offsets s, each of the N/2 + 1 bins is one
//! complex matrix product [batch × in] · [in × out], whatever the number of taps. Backwards, with bars for conjugates,
//! dX(f) = Σ_o dY_o(f) · W̄_o(f) and dW(f) = Σ_batch X̄(f) · dY(f).
//!
//! A complex product takes three real ones (Gauss): with left factors (r, s, d) = (re, re + im, re − im) and right
//! factors (s, −i, −r) = (re + im, −im, −re), T = Σ r·s, re = T + Σ s·(−i), im = T + Σ d·(−r). Both kinds are called a
//! triple; conjugating the left factor swaps s and d. Filters and signals are stored as triples, one plane each.
//!
//! Everything is in groups of [`WIDTH`] channels, zero-filled: a [`Row`] is one position of such a group, one or two
//! vector registers. Shapes are written in rows, so `[samples]` means samples · 16 floats.
//!
//! - [`plan`]: lengths and constants; [`transform`]: signals to spectra and back;
//! - [`triple`]: where bins go; [`filter`]: filters to triples, and the gradient back to taps;
//! - [`product`]: the products themselves.

mod filter;
mod plan;
mod product;
mod transform;
mod triple;

#[cfg(test)]
mod tests;

pub(super) use super::simd::{Row, WIDTH};
pub(super) use filter::{FilterGradient, Filters, Taps};
pub(super) use plan::Plan;
pub(super) use product::{Contract, Multiply};
pub(super) use transform::{Analyse, Synthesise};
pub(super) use triple::{Both, Left};

/// Groups of 16 that `channels` need.
pub(super) fn groups(channels: usize) -> usize {
    channels.div_ceil(WIDTH)
}
