//! One cell of a compiled network.

use candle_core::Result;

use super::Purpose;
use super::channels::Channels;
use super::convolution::{Convolution, rows_of};
use super::fold;
use super::scratch::{Block, Scratch};
use crate::compute::planes::{Affine, MaxPool, Row, add, fit};
use crate::network::derived_cell::DerivedCell;
use crate::network::layer::Chosen;

/// The channels and the samples of a signal of a beat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    pub channels: Channels,
    pub samples: usize,
}

impl Shape {
    /// Rows of a block.
    pub fn rows(self, beats: usize) -> usize {
        self.channels.planes() * beats * self.samples
    }
}

/// What is done on an edge.
#[derive(Debug)]
enum Edge {
    Convolution(Convolution),
    MaxPool { kernel: usize, stride: usize, affine: Affine },
    Identity,
}

/// A cell whose nodes are written, one after another, where they lie in its output.
#[derive(Debug)]
pub(super) struct Cell {
    preprocess: [Convolution; 2],
    /// Each edge with the state that it reads and that state's samples.
    nodes: Vec<[(Edge, usize, usize); 2]>,
    /// What goes from node to node.
    inner: Channels,
    pub output: Shape,
}

impl Cell {
    /// For inputs of these shapes.
    pub fn new(cell: &DerivedCell, [s0, s1]: [Shape; 2], purpose: Purpose) -> Result<Self> {
        let filters =
            [fold::preprocess(&cell.preprocess[0], s0.channels)?, fold::preprocess(&cell.preprocess[1], s1.channels)?];
        let inner = filters[0].outputs;
        let convolution = |filter, samples| Convolution::new(filter, samples, purpose);
        let preprocess = [convolution(&filters[0], s0.samples), convolution(&filters[1], s1.samples)];
        let mut samples: Vec<usize> = preprocess.iter().map(Convolution::positions).collect();
        let mut nodes = Vec::with_capacity(cell.nodes.len());
        for [(a, from_a), (b, from_b)] in &cell.nodes {
            let (a, after_a) = Edge::new(a, inner, samples[*from_a], purpose)?;
            let (b, after_b) = Edge::new(b, inner, samples[*from_b], purpose)?;
            if after_a != after_b {
                candle_core::bail!("a node cannot add {after_a} samples to {after_b}");
            }
            nodes.push([(a, *from_a, samples[*from_a]), (b, *from_b, samples[*from_b])]);
            samples.push(after_a);
        }
        let output = Channels { parts: nodes.len(), each: inner.count() };
        Ok(Self { preprocess, nodes, inner, output: Shape { channels: output, samples: samples[samples.len() - 1] } })
    }

    /// `output` is all nodes side by side; `inputs` is scratch.
    pub fn run(
        &self,
        states: [&[Row]; 2],
        output: &mut [Row],
        inputs: &mut [Vec<Row>; 2],
        block: Block,
        scratch: &mut Scratch,
    ) {
        let planes = self.inner.planes() * block.beats;
        for ((layer, state), input) in self.preprocess.iter().zip(states).zip(inputs.iter_mut()) {
            layer.run(state, fit(input, planes * layer.positions()), false, block, scratch);
        }
        let node = planes * self.output.samples;
        for (i, edges) in self.nodes.iter().enumerate() {
            let (before, rest) = output.split_at_mut(i * node);
            for (j, (edge, from, samples)) in edges.iter().enumerate() {
                let x = match inputs.get(*from) {
                    Some(input) => &input[..planes * samples],
                    None => &before[(from - 2) * node..][..node],
                };
                edge.run(x, *samples, &mut rest[..node], j > 0, block, scratch);
            }
        }
    }
}

impl Edge {
    /// The edge, and the samples that leave it.
    fn new(chosen: &Chosen, channels: Channels, samples: usize, purpose: Purpose) -> Result<(Self, usize)> {
        let convolution = |filter| {
            let convolution = Convolution::new(&filter, samples, purpose);
            let after = convolution.positions();
            (Self::Convolution(convolution), after)
        };
        Ok(match chosen {
            Chosen::Identity => (Self::Identity, samples),
            Chosen::Conv(layer) => convolution(fold::conv_bn_relu(layer, channels)?),
            Chosen::Reduce(layer) => convolution(fold::factorized_reduce(layer, channels)?),
            Chosen::MaxPool(layer) => {
                let (scale, shift) = layer.norm.fixed()?;
                let affine = Affine { scale: rows_of(&scale, channels), shift: rows_of(&shift, channels) };
                let (kernel, stride) = (layer.kernel, layer.stride);
                (Self::MaxPool { kernel, stride, affine }, (samples - 1) / stride + 1)
            }
        })
    }

    fn run(&self, x: &[Row], samples: usize, y: &mut [Row], plus: bool, block: Block, scratch: &mut Scratch) {
        match self {
            Self::Convolution(convolution) => convolution.run(x, y, plus, block, scratch),
            Self::MaxPool { kernel, stride, affine } => {
                let (kernel, stride, beats) = (*kernel, *stride, block.beats);
                MaxPool { kernel, stride, affine, samples, beats, x, y, add: plus }.run();
            }
            Self::Identity if plus => add(y, x),
            Self::Identity => y.copy_from_slice(x),
        }
    }
}
