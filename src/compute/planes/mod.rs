//! Signals in planes of 16 channels, and what networks that only evaluate do with them: no candle, no gradients.
//!
//! A block of beats is `[planes, beats, samples, 16]`: one [`Row`] holds 16 channels of a sample, two vector registers of
//! AVX2. Signals side by side are planes one after another, so nothing is copied to concatenate them, and all a filter
//! sees of one plane of a beat is one stretch of memory. Channels beyond the last are lanes of zeros.
//!
//! Convolutions are [`Direct`] or [`Spectral`]; [`Spectral::gains`] says which takes less time.
//!
//! What is computed of a beat is the same sums in the same order whatever the block, the tiles and the threads: a beat's
//! bits depend on nothing but the beat.

mod direct;
mod pointwise;
mod spectral;

pub(crate) use crate::compute::rows::rectify;
pub(crate) use crate::compute::simd::{Row, WIDTH};
pub(crate) use direct::{Direct, Padded, tile_rows};
pub(crate) use pointwise::{Affine, MaxPool, add, add_rectified, rectified, total};
pub(crate) use spectral::Spectral;

/// A row of zeros.
pub(crate) const ZERO: Row = [0.0; WIDTH];

/// The sizes of a convolution of planes. There are as many positions as strides begin within the samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Geometry {
    /// Planes in and out.
    pub inputs: usize,
    pub outputs: usize,
    /// Samples in.
    pub samples: usize,
    pub taps: usize,
    pub stride: usize,
    /// Zeros before the first sample; after the last there are as many as are looked at.
    pub padding: usize,
}

impl Geometry {
    /// Samples out.
    pub fn positions(&self) -> usize {
        self.samples.div_ceil(self.stride)
    }

    /// Multiplications for a beat, those by padding included.
    pub fn multiplications(&self) -> usize {
        self.inputs * self.outputs * self.taps * self.positions() * WIDTH * WIDTH
    }

    /// The taps that meet a sample at this position.
    pub fn taps_at(&self, position: usize) -> std::ops::Range<usize> {
        let start = position * self.stride;
        let first = self.padding.saturating_sub(start).min(self.taps);
        first..(self.samples + self.padding).saturating_sub(start).min(self.taps).max(first)
    }
}

/// What happens to a sum of products before it is stored.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Epilogue<'a> {
    /// Added first, a row for each plane.
    pub bias: &'a [Row],
    /// Then negative values become 0.
    pub relu: bool,
    /// Then what is there already is added.
    pub add: bool,
}

/// Calls `each` for every item, on several threads.
pub(crate) fn for_each_item<T: Send>(items: Vec<T>, each: impl Fn(T) + Send + Sync) {
    super::parallel::for_each_item(items, usize::MAX, each);
}

/// At least `len` rows; **what they hold is what their last user left**.
pub(crate) fn fit(rows: &mut Vec<Row>, len: usize) -> &mut [Row] {
    if rows.len() < len {
        rows.resize(len, ZERO);
    }
    &mut rows[..len]
}
