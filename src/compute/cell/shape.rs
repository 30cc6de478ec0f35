//! The sizes of a cell, and where things lie.
//!
//! Signals are in groups of 16 channels, `[groups][batch][samples]` rows; for the frequency domain the batch is cut into
//! blocks of nearly equal size, small enough that what is made of a block stays in the second-level cache.

use std::sync::Arc;

use super::super::arguments::Signal;
use super::super::spectral::{Plan, Taps, WIDTH, groups};
use super::wiring::Wiring;

/// Beats in a block, at most: three register tiles of AVX2.
const BLOCK: usize = 18;
/// Tasks that a fork should have at least, so that they even out over a few threads.
const TASKS: usize = 8;

/// The sizes of a cell.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    pub batch: usize,
    /// Samples of the two inputs and of the nodes.
    pub samples: [usize; 2],
    pub channels: usize,
    /// Groups of channels.
    pub groups: usize,
    /// Of the paths from the inputs; all others have stride 1.
    pub stride: usize,
    /// Beats in a block; the last block may have fewer.
    pub block: usize,
    /// The transform of each state.
    plans: Vec<Arc<Plan>>,
}

impl Shape {
    pub fn new(input: Signal, wiring: &Wiring) -> Self {
        let stride = wiring.stride();
        let outputs = (input.samples - 1) / stride + 1;
        let plan = |state| {
            let stride = if state < 2 { stride } else { 1 };
            let reach = wiring.convolutions(state).iter().map(|c| Taps::reach(c.taps, stride)).max();
            Plan::new(outputs, reach.unwrap_or_default())
        };
        Self {
            batch: input.batch,
            samples: [input.samples, outputs],
            channels: input.channels,
            groups: groups(input.channels),
            stride,
            block: input.batch.div_ceil(input.batch.div_ceil(BLOCK)),
            plans: (0..wiring.states()).map(plan).collect(),
        }
    }

    /// Samples of a state: 0 and 1 are the inputs, the others nodes.
    pub fn state_samples(&self, state: usize) -> usize {
        self.samples[usize::from(state >= 2)]
    }

    /// Rows of a state.
    pub fn state_rows(&self, state: usize) -> usize {
        self.groups * self.batch * self.state_samples(state)
    }

    /// Rows of one group of a node.
    pub fn node_group(&self) -> usize {
        self.batch * self.samples[1]
    }

    /// Stride of the paths from a state.
    pub fn stride(&self, state: usize) -> usize {
        if state < 2 { self.stride } else { 1 }
    }

    /// The transform of a state.
    pub fn plan(&self, state: usize) -> &Plan {
        &self.plans[state]
    }

    /// The taps of a convolution from a state that read the positions of a phase.
    pub fn taps(&self, state: usize, taps: usize, phase: usize) -> Arc<Taps> {
        Taps::new(self.plan(state), taps, self.stride(state), phase)
    }

    /// Groups of channels that a transformed state has: in stride 2, even and odd positions are channels of their own.
    pub fn inputs(&self, state: usize) -> usize {
        self.stride(state) * self.groups
    }

    pub fn blocks(&self) -> usize {
        self.batch.div_ceil(self.block)
    }

    /// The beats of a block.
    pub fn beats(&self, block: usize) -> std::ops::Range<usize> {
        block * self.block..((block + 1) * self.block).min(self.batch)
    }

    /// Blocks that one task takes, when otherwise there were `tasks`.
    pub fn run(&self, tasks: usize) -> usize {
        self.blocks().div_ceil(TASKS.div_ceil(tasks.max(1)))
    }

    /// Rows of the triples of one group of one block.
    pub fn triple(&self, state: usize) -> usize {
        self.plan(state).planes() * self.block
    }

    /// Multiplications of one convolution from a state, about: what decides whether threads are worth it.
    pub fn work(&self, state: usize) -> usize {
        self.node_group() * self.groups * self.inputs(state) * WIDTH * WIDTH
    }
}
