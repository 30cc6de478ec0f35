//! A residual network (He et al. 2016) for signals: the preprocessing layer of the paper, stages of blocks of two convolutions,
//! and the head of the derived network.

use candle_core::{Device, Result, Tensor};
use serde::{Deserialize, Serialize};

use super::super::Network;
use super::super::evaluator::{Evaluator, Tensors};
use super::super::layer::{BatchNorm, Conv, ConvBnRelu, Head};
use super::super::pass::Pass;
use super::super::plan::STEM_CHANNELS;
use super::super::spec::InputShape;
use super::super::stem::Stem;
use super::super::store::{Maker, Store};
use crate::compute;
use crate::support::random::Generator;

/// What a residual network is, apart from its input. The default has 31 convolutions: the preprocessing layer's and two in each
/// of 15 blocks; 0.6 to 0.8 of the parameters of the derived networks that ship.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ResidualSpec {
    /// Channels of the first stage; each stage after it halves the samples and doubles the channels. Default 32.
    pub channels: usize,
    /// Stages. Default 3.
    pub stages: usize,
    /// Blocks of a stage. Default 5.
    pub blocks: usize,
    /// Taps of the convolutions, odd. Default 5.
    pub taps: usize,
}

impl Default for ResidualSpec {
    fn default() -> Self {
        Self { channels: 32, stages: 3, blocks: 5, taps: 5 }
    }
}

impl ResidualSpec {
    /// That such a network can be built.
    ///
    /// # Errors
    /// A sentence with what was found and what was expected.
    pub fn check(&self) -> std::result::Result<(), String> {
        let Self { channels, stages, blocks, taps } = self;
        let possible = (1..=1024).contains(channels) && (1..=8).contains(stages) && (1..=100).contains(blocks);
        if possible && taps % 2 == 1 && *taps < 100 {
            return Ok(());
        }
        Err(format!(
            "found {channels} channels, {stages} stages of {blocks} blocks and {taps} taps, expected 1 to 1024 channels, 1 to 8 \
             stages, 1 to 100 blocks and odd taps below 100"
        ))
    }

    /// Inputs, outputs and stride of each block.
    fn blocks(&self) -> impl Iterator<Item = [usize; 3]> {
        let Self { channels, stages, blocks, .. } = *self;
        let width = move |i: usize| channels << (i / blocks);
        (0..stages * blocks).map(move |i| {
            let inputs = if i == 0 { STEM_CHANNELS } else { width(i - 1) };
            [inputs, width(i), if i > 0 && i % blocks == 0 { 2 } else { 1 }]
        })
    }

    /// Trainable numbers of the network for some input, without building it.
    pub(super) fn parameters(&self, input: &InputShape) -> u64 {
        let norm = |channels: usize| 2 * channels;
        let stem = 5 * input.leads * STEM_CHANNELS + norm(STEM_CHANNELS);
        let block = |[inputs, outputs, stride]: [usize; 3]| {
            let shortcut = if shortcut(inputs, outputs, stride) { inputs * outputs + norm(outputs) } else { 0 };
            self.taps * (inputs + outputs) * outputs + 2 * norm(outputs) + shortcut
        };
        let last = self.channels << (self.stages - 1);
        (stem + self.blocks().map(block).sum::<usize>() + (last + 1) * input.classes) as u64
    }
}

impl ResidualSpec {
    /// Multiply-adds of its convolutions and its head for one beat.
    pub(super) fn multiply_adds(&self, input: &InputShape) -> u64 {
        let halved = input.samples.div_ceil(2);
        let mut sum = 5 * input.leads * STEM_CHANNELS * halved;
        let mut samples = halved.div_ceil(2);
        for [inputs, outputs, stride] in self.blocks() {
            samples = samples.div_ceil(stride);
            let beside = if shortcut(inputs, outputs, stride) { inputs * outputs } else { 0 };
            sum += (self.taps * (inputs + outputs) * outputs + beside) * samples;
        }
        let last = self.channels << (self.stages - 1);
        (sum + last * input.classes) as u64
    }
}

/// Whether a block needs more than x beside its convolutions.
fn shortcut(inputs: usize, outputs: usize, stride: usize) -> bool {
    inputs != outputs || stride > 1
}

impl std::fmt::Display for ResidualSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let Self { channels, stages, blocks, taps } = self;
        write!(f, "residual network of {stages} stages of {blocks} blocks, {channels} initial channels, {taps} taps")
    }
}

/// x + BN(conv(ReLU(BN(conv(x))))), then ReLU.
#[derive(Debug)]
struct Block {
    first: ConvBnRelu,
    second: (Conv, BatchNorm),
    /// What brings x to the shape of the sum, where it has another.
    shortcut: Option<(Conv, BatchNorm)>,
}

impl Block {
    fn new(mut maker: Maker, [inputs, outputs, stride]: [usize; 3], taps: usize) -> Result<Self> {
        let first = ConvBnRelu::new(maker.part("first"), inputs, outputs, taps, stride, true)?;
        let mut pair = |name: &str, inputs: usize, taps: usize, stride: usize| {
            let mut maker = maker.part(name);
            let conv = Conv::new(maker.part("conv"), inputs, outputs, taps, stride)?;
            Ok::<_, candle_core::Error>((conv, BatchNorm::new(maker.part("bn"), outputs, true, false)?))
        };
        let second = pair("second", outputs, taps, 1)?;
        let shortcut = shortcut(inputs, outputs, stride).then(|| pair("shortcut", inputs, 1, stride)).transpose()?;
        Ok(Self { first, second, shortcut })
    }

    fn forward(&self, x: &Tensor, pass: &Pass) -> Result<Tensor> {
        let both = |(conv, norm): &(Conv, BatchNorm), x: &Tensor| norm.forward(&conv.forward(x, pass)?, pass);
        let y = both(&self.second, &self.first.forward(x, pass)?)?;
        let x = self.shortcut.as_ref().map_or_else(|| Ok(x.clone()), |shortcut| both(shortcut, x))?;
        compute::relu(&compute::add(&y, &x)?)
    }
}

/// A network of a [`ResidualSpec`].
#[derive(Debug)]
pub(super) struct Residual {
    store: Store,
    stem: Stem,
    blocks: Vec<Block>,
    head: Head,
}

impl Residual {
    pub fn new(spec: &ResidualSpec, input: &InputShape, generator: &mut Generator) -> Result<Self> {
        spec.check().map_err(candle_core::Error::Msg)?;
        let mut store = Store::new(&Device::Cpu);
        let mut maker = Maker::new(&mut store, generator);
        let stem = Stem::new(maker.part("stem"), input.leads)?;
        let blocks = spec.blocks().enumerate();
        let blocks = blocks.map(|(i, sizes)| Block::new(maker.part(format_args!("blocks.{i}")), sizes, spec.taps));
        let blocks = blocks.collect::<Result<Vec<_>>>()?;
        let head = Head::new(maker.part("head"), spec.channels << (spec.stages - 1), input.classes)?;
        Ok(Self { store, stem, blocks, head })
    }
}

impl Network for Residual {
    fn logits(&self, beats: &Tensor, pass: &Pass) -> Result<Tensor> {
        let stem = self.stem.forward(beats, pass)?;
        let x = self.blocks.iter().try_fold(stem, |x, block| block.forward(&x, pass))?;
        self.head.forward(&x, pass)
    }

    fn evaluator(&self) -> Result<Box<dyn Evaluator + '_>> {
        Ok(Box::new(Tensors(self)))
    }

    fn store(&self) -> &Store {
        &self.store
    }
}
