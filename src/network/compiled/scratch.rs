//! The memory of one block on its way through the network.

use crate::compute::planes::Row;

/// What passes through the network together.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block {
    pub beats: usize,
    /// Threads that may share one operation; only for a block of one beat.
    pub threads: usize,
}

/// What one convolution needs.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// The input after a ReLU.
    pub rectified: Vec<Row>,
    /// The input of one beat with its padding.
    pub padded: Vec<Row>,
    /// Sums that are not finished.
    pub partial: Vec<Row>,
}

/// Everything a thread needs for its blocks, kept for the next call.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pub scratch: Scratch,
    /// The beats as the stem's filter sees them, and what leaves it before it is pooled.
    pub stem: [Vec<Row>; 2],
    /// The outputs of the cell before the previous one, of the previous one, and of the present one.
    pub signals: [Vec<Row>; 3],
    /// What the shortcuts add.
    pub shortcut: Vec<Row>,
    /// The two inputs of a cell after their preprocessing.
    pub inputs: [Vec<Row>; 2],
}
