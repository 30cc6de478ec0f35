//! A plain CNN: convolutions without padding, each followed by leaky ReLU and a max pool of 2, then fully connected layers.

use candle_core::{Device, Result, Tensor, Var, bail};

use super::super::Network;
use super::super::evaluator::{Evaluator, Tensors};
use super::super::pass::Pass;
use super::super::spec::InputShape;
use super::super::stem::channels_last;
use super::super::store::{Maker, Store};
use crate::compute;
use crate::support::random::Generator;

/// What a CNN is made of.
#[derive(Debug)]
pub(super) struct Plan {
    name: &'static str,
    /// Taps and filters.
    convolutions: &'static [(usize, usize)],
    /// Units of the fully connected layers before the last, which has one for each class.
    dense: &'static [usize],
}

pub(super) const CNN_9: Plan = Plan { name: "CNN-9", convolutions: &[(3, 5), (4, 10), (4, 20)], dense: &[30, 20] };
pub(super) const CNN_11: Plan =
    Plan { name: "CNN-11", convolutions: &[(27, 3), (14, 10), (3, 10), (4, 10)], dense: &[30, 10] };

/// Of leaky ReLU below 0: the default of the tools of that time.
const SLOPE: f64 = 0.01;
/// Width and stride of the max pools.
const POOL: usize = 2;

/// The sizes of the layers for some input.
struct Sizes {
    /// Taps, inputs and filters.
    convolutions: Vec<[usize; 3]>,
    /// Inputs and outputs.
    dense: Vec<[usize; 2]>,
}

impl Plan {
    /// `None` where the beats are too short.
    fn sizes(&self, input: &InputShape) -> Option<Sizes> {
        let (mut channels, mut samples) = (input.leads, input.samples);
        let mut sizes = Sizes { convolutions: Vec::new(), dense: Vec::new() };
        for &(taps, filters) in self.convolutions {
            sizes.convolutions.push([taps, channels, filters]);
            (channels, samples) = (filters, (samples + 1).saturating_sub(taps) / POOL);
        }
        let mut units = channels * samples;
        for &outputs in self.dense.iter().chain([&input.classes]) {
            sizes.dense.push([units, outputs]);
            units = outputs;
        }
        (samples > 0).then_some(sizes)
    }

    /// Trainable numbers of the network for some input, without building it; 0 where the beats are too short.
    pub fn parameters(&self, input: &InputShape) -> u64 {
        let Some(Sizes { convolutions, dense }) = self.sizes(input) else { return 0 };
        let convolutions = convolutions.iter().map(|[taps, inputs, filters]| (taps * inputs + 1) * filters);
        (convolutions.sum::<usize>() + dense.iter().map(|[inputs, outputs]| (inputs + 1) * outputs).sum::<usize>())
            as u64
    }

    /// Multiply-adds of its convolutions and fully connected layers for one beat.
    pub fn multiply_adds(&self, input: &InputShape) -> u64 {
        let Some(Sizes { convolutions, dense }) = self.sizes(input) else { return 0 };
        let mut samples = input.samples;
        let mut sum = 0;
        for [taps, inputs, filters] in convolutions {
            sum += taps * inputs * filters * (samples + 1 - taps);
            samples = (samples + 1 - taps) / POOL;
        }
        (sum + dense.iter().map(|[inputs, outputs]| inputs * outputs).sum::<usize>()) as u64
    }
}

/// A network of a [`Plan`].
#[derive(Debug)]
pub(super) struct Cnn {
    store: Store,
    input: InputShape,
    /// Filters `[taps, in, out]` and biases.
    convolutions: Vec<(Var, Var)>,
    dense: Vec<(Var, Var)>,
}

impl Cnn {
    pub fn new(plan: &Plan, input: &InputShape, generator: &mut Generator) -> Result<Self> {
        let Some(sizes) = plan.sizes(input) else {
            bail!("{} needs longer beats: of {} samples its pools leave nothing", plan.name, input.samples);
        };
        let mut store = Store::new(&Device::Cpu);
        let mut maker = Maker::new(&mut store, generator);
        let mut convolutions = Vec::new();
        for (i, [taps, inputs, filters]) in sizes.convolutions.into_iter().enumerate() {
            let mut maker = maker.part(format_args!("convolutions.{i}"));
            convolutions.push((maker.convolution(taps, inputs, filters)?, maker.bias(taps * inputs, filters)?));
        }
        let mut dense = Vec::new();
        for (i, [inputs, outputs]) in sizes.dense.into_iter().enumerate() {
            dense.push(maker.part(format_args!("dense.{i}")).linear(inputs, outputs)?);
        }
        Ok(Self { store, input: *input, convolutions, dense })
    }
}

impl Network for Cnn {
    fn logits(&self, beats: &Tensor, pass: &Pass) -> Result<Tensor> {
        let mut x = channels_last(beats, self.input.leads)?;
        if x.dim(1)? != self.input.samples {
            bail!("found beats of {} samples, expected {}", x.dim(1)?, self.input.samples);
        }
        for (filters, bias) in &self.convolutions {
            let bias = pass.weight(bias);
            let y = compute::conv1d(&x, &pass.weight(filters), 1, 0)?;
            let y = compute::scale_shift(&y, &bias.ones_like()?.detach(), &bias, false)?;
            x = compute::max_pool1d_valid(&compute::leaky_relu(&y, SLOPE)?, POOL, POOL)?;
        }
        // The order of PyTorch's flattening, channels first.
        let mut x = compute::leave(&x)?.transpose(1, 2)?.flatten_from(1)?;
        for (i, (weight, bias)) in self.dense.iter().enumerate() {
            x = x.matmul(&pass.weight(weight).t()?)?.broadcast_add(&pass.weight(bias))?;
            if i + 1 < self.dense.len() {
                x = x.maximum(&(&x * SLOPE)?)?;
            }
        }
        Ok(x)
    }

    fn evaluator(&self) -> Result<Box<dyn Evaluator + '_>> {
        Ok(Box::new(Tensors(self)))
    }

    fn store(&self) -> &Store {
        &self.store
    }
}
