//! A derived network for evaluation alone: its weights and running statistics of one moment, without candle.
//!
//! Batch norm is folded into filters, which are packed once. A block of beats passes through the whole network on one
//! thread, in memory that stays in its cache; blocks share nothing. A single beat passes alone, and several threads
//! share its direct convolutions if they are large. By which algorithm a convolution runs depends on its shapes and on
//! the [`Purpose`], so a beat's logits have the same bits in every block, on any number of threads; they differ from
//! those of [`Derived`], and from those for the other purpose, by rounding.
//!
//! | file | holds |
//! |---|---|
//! | `fold` | layers as filters with their batch norm in them |
//! | `convolution` | a filter made ready: the one place that knows by which algorithm |
//! | `cell` | a cell, which writes its nodes side by side into its output |
//! | `channels`, `scratch` | how channels lie in planes of 16, and the memory of a block |

mod cell;
mod channels;
mod convolution;
mod fold;
mod scratch;

use std::sync::{Mutex, PoisonError};

use candle_core::Result;

use self::cell::{Cell, Shape};
use self::channels::Channels;
use self::convolution::{Convolution, Filter};
use self::scratch::{Block, Memory};
use super::derived::{Derived, joins, keeps};
use super::evaluator::Evaluator;
use super::spec::InputShape;
use crate::compute::planes::{
    self, Affine, MaxPool, Row, WIDTH, ZERO, add_rectified, fit, for_each_item, tile_rows, total,
};

/// What a network is compiled for. The logits differ by rounding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Most beats a second, where many come together: long filters are multiplied in the frequency domain.
    Throughput,
    /// A beat that comes alone, as soon as possible: all filters are as they are, and threads share them.
    Latency,
}

/// A [`Derived`] network for evaluation alone, with the weights and running statistics of one moment. A beat's logits have
/// the same bits in any batch and on any number of threads, and differ from those of [`Derived`] by rounding.
#[derive(Debug)]
pub struct Compiled {
    input: InputShape,
    stem: Convolution,
    pool: Affine,
    stem_output: Shape,
    cells: Vec<Cell>,
    shortcuts: bool,
    /// `[classes, channels]` in the lanes of the last cell's output, and a bias for each class.
    weight: Vec<f32>,
    bias: Vec<f32>,
    memory: Mutex<Vec<Memory>>,
}

/// Beats of a block: what passes from cell to cell stays in the second-level cache.
const BEATS: usize = 12;

impl Compiled {
    /// Takes over what `network` holds now.
    ///
    /// # Errors
    /// When candle fails, or the network is of no possible shape.
    pub fn new(network: &Derived, purpose: Purpose) -> Result<Self> {
        let InputShape { leads, samples, classes } = network.input;
        // The stem's filter over stretches of the beat that lie side by side: one tap of 5·leads channels.
        let filter = fold::conv_bn_relu(&network.stem.layer, Channels::one(leads))?;
        let seen = Channels::one(filter.taps * leads);
        let halved = samples.div_ceil(filter.stride);
        let stem_channels = filter.outputs;
        let filter = Filter { taps: 1, inputs: seen, stride: 1, padding: 0, ..filter };
        let stem = Convolution::new(&filter, halved, purpose);
        let ones = vec![[1.0; WIDTH]; stem_channels.planes()];
        let pool = Affine { scale: ones, shift: vec![ZERO; stem_channels.planes()] };
        let stem_output = Shape { channels: stem_channels, samples: halved.div_ceil(2) };
        let (mut s0, mut s1) = (stem_output, stem_output);
        let mut cells = Vec::with_capacity(network.cells.len());
        for cell in &network.cells {
            let cell = Cell::new(cell, [s0, s1], purpose)?;
            (s0, s1) = (s1, cell.output);
            cells.push(cell);
        }
        let (from, bias) = network.head.values()?;
        let lanes = s1.channels.planes() * WIDTH;
        let mut weight = vec![0.0; classes * lanes];
        for (to, from) in weight.chunks_exact_mut(lanes).zip(from.chunks_exact(s1.channels.count())) {
            from.iter().enumerate().for_each(|(channel, value)| to[s1.channels.lane(channel)] = *value);
        }
        let (input, shortcuts, memory) = (network.input, network.shortcuts, Mutex::default());
        Ok(Self { input, stem, pool, stem_output, cells, shortcuts, weight, bias, memory })
    }

    /// Logits `[batch, classes]` of a block.
    fn block(&self, beats: &[f32], logits: &mut [f32], threads: usize) {
        let mut memory = self.lock().pop().unwrap_or_default();
        let block = Block { beats: logits.len() / self.input.classes, threads };
        self.stem(beats, &mut memory, block);
        let Memory { scratch, signals, shortcut, inputs, .. } = &mut memory;
        let (mut shapes, mut kept) = ([self.stem_output; 2], None);
        for (i, cell) in self.cells.iter().enumerate() {
            let [s0, s1, next] = signals;
            let states = [&s0[..shapes[0].rows(block.beats)], &s1[..shapes[1].rows(block.beats)]];
            cell.run(states, fit(next, cell.output.rows(block.beats)), inputs, block, scratch);
            signals.rotate_left(1);
            shapes = [shapes[1], cell.output];
            if !self.shortcuts {
                continue;
            }
            if keeps(i, self.cells.len()) {
                let len = shapes[1].rows(block.beats);
                fit(shortcut, len).copy_from_slice(&signals[1][..len]);
                kept = Some(shapes[1]);
            }
            if let (true, Some(t)) = (joins(i, self.cells.len()), kept) {
                for (signal, shape) in signals.iter_mut().zip(shapes) {
                    join(
                        &mut signal[..shape.rows(block.beats)],
                        shape,
                        &shortcut[..t.rows(block.beats)],
                        t,
                        block.beats,
                    );
                }
            }
        }
        self.head(&signals[1], shapes[1], logits);
        self.lock().push(memory);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Memory>> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Beats `[beats, leads, samples]` to the first two signals.
    fn stem(&self, beats: &[f32], memory: &mut Memory, block: Block) {
        let InputShape { leads, samples, .. } = self.input;
        let Memory { scratch, stem: [seen, before], signals: [s0, s1, _], .. } = memory;
        let halved = self.stem.positions();
        let planes = self.stem.inputs();
        let seen = fit(seen, planes * block.beats * halved);
        seen.fill(ZERO);
        for (b, beat) in beats.chunks_exact(leads * samples).enumerate() {
            for (lead, values) in beat.chunks_exact(samples).enumerate() {
                for tap in 0..5 {
                    let (plane, lane) = ((tap * leads + lead) / WIDTH, (tap * leads + lead) % WIDTH);
                    let rows = &mut seen[(plane * block.beats + b) * halved..][..halved];
                    for (l, row) in rows.iter_mut().enumerate() {
                        if let Some(value) = (2 * l + tap).checked_sub(2).and_then(|place| values.get(place)) {
                            row[lane] = *value;
                        }
                    }
                }
            }
        }
        let before = fit(before, self.stem_output.channels.planes() * block.beats * halved);
        self.stem.run(seen, before, false, block, scratch);
        let y = fit(s0, self.stem_output.rows(block.beats));
        let (affine, beats) = (&self.pool, block.beats);
        MaxPool { kernel: 3, stride: 2, affine, samples: halved, beats, x: before, y, add: false }.run();
        fit(s1, y.len()).copy_from_slice(y);
    }

    /// Mean over the samples, then the linear layer.
    fn head(&self, signal: &[Row], shape: Shape, logits: &mut [f32]) {
        let classes = self.input.classes;
        let beats = logits.len() / classes;
        let planes = shape.channels.planes();
        let mut mean = vec![ZERO; planes];
        for (b, logits) in logits.chunks_exact_mut(classes).enumerate() {
            for (plane, mean) in mean.iter_mut().enumerate() {
                let sum = total(&signal[(plane * beats + b) * shape.samples..][..shape.samples]);
                *mean = sum.map(|value| value / shape.samples as f32);
            }
            let mean = mean.as_flattened();
            for (class, logit) in logits.iter_mut().enumerate() {
                let weight = &self.weight[class * mean.len()..][..mean.len()];
                let product: f32 = weight.iter().zip(mean).map(|(weight, mean)| weight * mean).sum();
                *logit = product + self.bias[class];
            }
        }
    }
}

/// s = ReLU(s + t) where the shapes are equal; otherwise there is nothing to add.
fn join(s: &mut [Row], shape: Shape, t: &[Row], other: Shape, beats: usize) {
    if shape == other {
        return add_rectified(s, t);
    }
    if (shape.samples, shape.channels.count()) != (other.samples, other.channels.count()) {
        return;
    }
    // As many channels in other lanes: those of the stem beside those of a cell with lanes to spare.
    let stretch = beats * shape.samples;
    for channel in 0..shape.channels.count() {
        let ((plane, lane), (from, from_lane)) = (shape.channels.place(channel), other.channels.place(channel));
        for (s, t) in s[plane * stretch..][..stretch].iter_mut().zip(&t[from * stretch..]) {
            s[lane] = planes::rectify(s[lane] + t[from_lane]);
        }
    }
}

impl Evaluator for Compiled {
    fn logits(&self, beats: &[f32], shape: [usize; 3]) -> Result<Vec<f32>> {
        let InputShape { leads, samples, classes } = self.input;
        let batch = shape[0];
        if shape != [batch, leads, samples] || beats.len() != batch * leads * samples {
            let n = beats.len();
            candle_core::bail!(
                "found beats of the shape {shape:?} and {n} values, expected [batch, {leads}, {samples}]"
            );
        }
        let threads = rayon::current_num_threads();
        let mut logits = vec![0.0; batch * classes];
        if batch == 1 {
            // All of it on a thread of the pool, which asks another for help far sooner than a thread from outside.
            rayon::scope(|_| self.block(beats, &mut logits, threads));
            return Ok(logits);
        }
        let (mut blocks, mut beats, mut rest) = (Vec::new(), beats, &mut logits[..]);
        for len in blocks_of(batch, threads) {
            let (these, others) = beats.split_at(len * leads * samples);
            let (to, after) = rest.split_at_mut(len * classes);
            blocks.push((these, to));
            (beats, rest) = (others, after);
        }
        for_each_item(blocks, |(beats, logits)| self.block(beats, logits, 1));
        Ok(logits)
    }
}

/// Cuts a batch into blocks of beats: large ones fill the register tiles, and there is something for every thread. Too
/// few for half a tile pass one by one.
fn blocks_of(batch: usize, threads: usize) -> Vec<usize> {
    let len = BEATS.min(batch.div_ceil(threads));
    let (mut blocks, mut left) = (Vec::new(), batch);
    while left > 0 {
        let next = len.min(left);
        blocks.push(if 2 * next < tile_rows() { 1 } else { next });
        left -= blocks[blocks.len() - 1];
    }
    blocks
}
