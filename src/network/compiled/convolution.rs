//! One convolution with what follows it, prepared once for one length of signal.

use super::Purpose;
use super::channels::Channels;
use super::scratch::{Block, Scratch};
use crate::compute::planes::{
    Direct, Epilogue, Geometry, Padded, Row, Spectral, WIDTH, ZERO, fit, for_each_item, rectified,
};

/// Below this many multiplications (3 µs) another thread's help costs more than it gives.
const WORTH_SHARING: usize = 1 << 17;

/// A filter `[taps, in, out]` with batch norm folded in, and where it looks.
#[derive(Debug)]
pub(super) struct Filter {
    pub weights: Vec<f32>,
    pub taps: usize,
    pub inputs: Channels,
    pub outputs: Channels,
    pub stride: usize,
    pub padding: usize,
    /// A number for each output.
    pub bias: Vec<f32>,
    /// Negative inputs count as 0.
    pub rectified: bool,
    /// Negative outputs become 0.
    pub relu: bool,
}

/// A [`Filter`] that is ready to run.
#[derive(Debug)]
pub(super) struct Convolution {
    geometry: Geometry,
    bias: Vec<Row>,
    rectified: bool,
    relu: bool,
    algorithm: Algorithm,
}

/// How the sums of products are computed. Each algorithm takes a [`Geometry`] and a filter `[taps, 16·planes in,
/// 16·planes out]` once, then blocks `[planes, beats, samples, 16]`, and finishes its sums by an [`Epilogue`].
#[derive(Debug)]
enum Algorithm {
    Direct(Direct),
    Spectral(Spectral),
}

impl Convolution {
    /// The algorithm depends on nothing but the shapes and the purpose: a beat's bits are the same in every block.
    pub fn new(filter: &Filter, samples: usize, purpose: Purpose) -> Self {
        let Filter { taps, inputs, outputs, stride, padding, rectified, relu, .. } = *filter;
        let geometry = Geometry { inputs: inputs.planes(), outputs: outputs.planes(), samples, taps, stride, padding };
        let (rows, columns) = (geometry.inputs * WIDTH, geometry.outputs * WIDTH);
        let mut spread = vec![0.0; taps * rows * columns];
        let weights = filter.weights.chunks_exact(outputs.count()).enumerate();
        for (row, weights) in weights {
            let (tap, input) = (row / inputs.count(), row % inputs.count());
            let to = &mut spread[(tap * rows + inputs.lane(input)) * columns..][..columns];
            weights.iter().enumerate().for_each(|(output, weight)| to[outputs.lane(output)] = *weight);
        }
        let algorithm = if purpose == Purpose::Throughput && Spectral::gains(&geometry) {
            Algorithm::Spectral(Spectral::new(geometry, &spread))
        } else {
            Algorithm::Direct(Direct::new(geometry, &spread))
        };
        Self { geometry, bias: rows_of(&filter.bias, outputs), rectified, relu, algorithm }
    }

    /// Planes in.
    pub fn inputs(&self) -> usize {
        self.geometry.inputs
    }

    /// Samples out.
    pub fn positions(&self) -> usize {
        self.geometry.positions()
    }

    /// y = what comes of x `[planes, beats, samples, 16]`, or y plus that.
    pub fn run(&self, x: &[Row], y: &mut [Row], add: bool, block: Block, scratch: &mut Scratch) {
        let Scratch { rectified: rows, padded, partial } = scratch;
        let x = if self.rectified {
            let rows = fit(rows, x.len());
            rectified(rows, x);
            rows
        } else {
            x
        };
        let epilogue = Epilogue { bias: &self.bias, relu: self.relu, add };
        let direct = match &self.algorithm {
            Algorithm::Direct(direct) => direct,
            Algorithm::Spectral(spectral) => return spectral.run(x, block.beats, y, epilogue),
        };
        let (g, positions) = (&self.geometry, self.positions());
        if block.beats > 1 {
            return direct.run(Padded::Beats(x, block.beats), 0..g.outputs, 0..positions, y, epilogue, partial);
        }
        let x = direct.pad(x, padded);
        let threads = if g.multiplications() < WORTH_SHARING { 1 } else { block.threads };
        if threads == 1 {
            return direct.run(x, 0..g.outputs, 0..positions, y, epilogue, partial);
        }
        // Whole planes for each thread, or several threads for each plane.
        let planes = g.outputs.div_ceil(threads);
        let len = positions.div_ceil(threads.div_ceil(g.outputs));
        let parts = y.chunks_mut(planes * positions).enumerate().flat_map(|(i, y)| {
            let len = if planes > 1 { y.len() } else { len };
            y.chunks_mut(len).enumerate().map(move |(j, y)| (i * planes, j * len, y))
        });
        for_each_item(parts.collect(), |(plane, first, y)| {
            let outputs = plane..plane + y.len().div_ceil(positions);
            let positions = first..first + y.len() / outputs.len();
            direct.run(x, outputs, positions, y, epilogue, &mut Vec::new());
        });
    }
}

/// A number a channel in lanes; the others are 0.
pub(super) fn rows_of(values: &[f32], channels: Channels) -> Vec<Row> {
    let mut rows = vec![ZERO; channels.planes()];
    for (channel, value) in values.iter().enumerate() {
        let (plane, lane) = channels.place(channel);
        rows[plane][lane] = *value;
    }
    rows
}
