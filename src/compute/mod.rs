//! The fast CPU kernels as candle operations, each beside a plain twin (being documented).
mod arena;
mod arguments;
mod conv1d;
mod convolution;
mod mixed_edge;
mod norm;
mod parallel;
pub mod plain;
mod pool;
mod product;
mod rows;
mod simd;

pub use arena::release_memory;
pub use conv1d::conv1d;
pub use mixed_edge::{ALL_TAPS, NORMALISED, OPERATIONS, Options, POOLS, Statistics, TAPS, mixed_edge};
pub use norm::{batch_norm, scale_shift};
pub use pool::max_pool1d;
pub use rows::Moments;
