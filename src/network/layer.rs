//! The layers that cells are made of. Tensors are `[batch, samples, channels]`.

use candle_core::{Result, Tensor, Var};

use super::pass::Pass;
use super::store::{Maker, RunningMoments, Statistics};
use crate::cell::Operation;
use crate::compute::{self, Moments};

/// Added to variances, as in PyTorch.
pub(crate) const EPSILON: f64 = 1e-5;
/// Weight of a new batch in the running statistics, as in PyTorch.
const MOMENTUM: f32 = 0.1;

/// Takes a batch's moments into the running ones; `n` is the number of values a channel they were taken over. The running
/// variance is the unbiased one, as in PyTorch.
pub(crate) fn update(running: &mut RunningMoments, offset: usize, batch: &Moments, n: usize) {
    let unbiased = n as f32 / (n.max(2) - 1) as f32;
    let channels = batch.mean.len();
    let means = running.mean[offset..offset + channels].iter_mut().zip(&batch.mean);
    means.for_each(|(old, new)| *old += MOMENTUM * (new - *old));
    let variances = running.variance[offset..offset + channels].iter_mut().zip(&batch.variance);
    variances.for_each(|(old, new)| *old += MOMENTUM * (new * unbiased - *old));
}

/// A convolution without bias.
#[derive(Debug)]
pub(crate) struct Conv {
    pub(super) weight: Var,
    pub(super) stride: usize,
    pub(super) padding: usize,
}

impl Conv {
    pub fn new(mut maker: Maker, inputs: usize, outputs: usize, taps: usize, stride: usize) -> Result<Self> {
        Ok(Self { weight: maker.convolution(taps, inputs, outputs)?, stride, padding: taps / 2 })
    }

    pub fn forward(&self, x: &Tensor, pass: &Pass) -> Result<Tensor> {
        compute::conv1d(x, &pass.weight(&self.weight), self.stride, self.padding)
    }

    /// Of ReLU(x).
    pub fn rectified(&self, x: &Tensor, pass: &Pass) -> Result<Tensor> {
        compute::relu_conv1d(x, &pass.weight(&self.weight), self.stride, self.padding)
    }
}

/// Batch norm (Ioffe & Szegedy 2015) with scale and shift or without, and a ReLU after it or none.
#[derive(Debug)]
pub(crate) struct BatchNorm {
    affine: Option<(Var, Var)>,
    statistics: Statistics,
    relu: bool,
}

impl BatchNorm {
    pub fn new(mut maker: Maker, channels: usize, affine: bool, relu: bool) -> Result<Self> {
        let statistics = maker.statistics(&[String::new()], channels);
        let affine = affine.then(|| maker.affine(channels)).transpose()?;
        Ok(Self { affine, statistics, relu })
    }

    pub fn forward(&self, x: &Tensor, pass: &Pass) -> Result<Tensor> {
        if pass.is_training() {
            let affine = self.affine.as_ref().map(|(scale, shift)| (pass.weight(scale), pass.weight(shift)));
            let affine = affine.as_ref().map(|(scale, shift)| (scale, shift));
            let (y, moments) = compute::batch_norm(x, affine, EPSILON, self.relu)?;
            self.update(&moments, x.dim(0)? * x.dim(1)?);
            return Ok(y);
        }
        let (scale, shift) = self.fixed()?;
        let (scale, shift) = (Tensor::new(scale, x.device())?, Tensor::new(shift, x.device())?);
        compute::scale_shift(x, &scale, &shift, self.relu)
    }

    /// Scale and shift, if it has them.
    pub fn affine(&self) -> Option<(&Var, &Var)> {
        self.affine.as_ref().map(|(scale, shift)| (scale, shift))
    }

    /// Takes a batch's moments over `n` values a channel into the running ones.
    pub fn update(&self, batch: &Moments, n: usize) {
        update(&mut self.statistics.lock(), 0, batch, n);
    }

    /// What it is with its running statistics: a scale and a shift for each channel.
    pub fn fixed(&self) -> Result<(Vec<f32>, Vec<f32>)> {
        let running = self.statistics.lock();
        let channels = running.mean.len();
        let (mut scale, mut shift) = match &self.affine {
            Some((scale, shift)) => (scale.to_vec1::<f32>()?, shift.to_vec1::<f32>()?),
            None => (vec![1.0; channels], vec![0.0; channels]),
        };
        for c in 0..channels {
            scale[c] /= (running.variance[c] + EPSILON as f32).sqrt();
            shift[c] -= running.mean[c] * scale[c];
        }
        Ok((scale, shift))
    }
}

/// Convolution, batch norm, ReLU: a convolution among the operations (section IV-C of the paper).
#[derive(Debug)]
pub(crate) struct ConvBnRelu {
    pub(super) conv: Conv,
    pub(super) norm: BatchNorm,
}

impl ConvBnRelu {
    pub fn new(
        mut maker: Maker,
        inputs: usize,
        outputs: usize,
        taps: usize,
        stride: usize,
        affine: bool,
    ) -> Result<Self> {
        let conv = Conv::new(maker.part("conv"), inputs, outputs, taps, stride)?;
        Ok(Self { conv, norm: BatchNorm::new(maker.part("bn"), outputs, affine, true)? })
    }

    pub fn forward(&self, x: &Tensor, pass: &Pass) -> Result<Tensor> {
        self.norm.forward(&self.conv.forward(x, pass)?, pass)
    }
}

/// ReLU, 1×1 convolution, batch norm: what brings a cell's input to its channels.
#[derive(Debug)]
pub(crate) struct ReluConvBn {
    pub(super) conv: Conv,
    pub(super) norm: BatchNorm,
}

impl ReluConvBn {
    pub fn new(mut maker: Maker, inputs: usize, outputs: usize, affine: bool) -> Result<Self> {
        let conv = Conv::new(maker.part("conv"), inputs, outputs, 1, 1)?;
        Ok(Self { conv, norm: BatchNorm::new(maker.part("bn"), outputs, affine, false)? })
    }

    pub fn forward(&self, x: &Tensor, pass: &Pass) -> Result<Tensor> {
        self.norm.forward(&self.conv.rectified(x, pass)?, pass)
    }
}

/// Halves the samples: two 1×1 convolutions of stride 2, one of them a sample later, side by side (DARTS).
#[derive(Debug)]
pub(crate) struct FactorizedReduce {
    pub(super) even: Conv,
    pub(super) odd: Conv,
    pub(super) norm: BatchNorm,
}

impl FactorizedReduce {
    pub fn new(mut maker: Maker, inputs: usize, outputs: usize, affine: bool) -> Result<Self> {
        let even = Conv::new(maker.part("even"), inputs, outputs / 2, 1, 2)?;
        let odd = Conv::new(maker.part("odd"), inputs, outputs - outputs / 2, 1, 2)?;
        Ok(Self { even, odd, norm: BatchNorm::new(maker.part("bn"), outputs, affine, false)? })
    }

    pub fn forward(&self, x: &Tensor, pass: &Pass) -> Result<Tensor> {
        let (even, odd) = (pass.weight(&self.even.weight), pass.weight(&self.odd.weight));
        self.norm.forward(&compute::relu_halve(x, &even, &odd)?, pass)
    }
}

/// Max pooling and batch norm.
#[derive(Debug)]
pub(crate) struct MaxPoolBn {
    pub(super) kernel: usize,
    pub(super) stride: usize,
    pub(super) norm: BatchNorm,
}

impl MaxPoolBn {
    pub fn new(mut maker: Maker, channels: usize, kernel: usize, stride: usize, affine: bool) -> Result<Self> {
        Ok(Self { kernel, stride, norm: BatchNorm::new(maker.part("bn"), channels, affine, false)? })
    }

    pub fn forward(&self, x: &Tensor, pass: &Pass) -> Result<Tensor> {
        self.norm.forward(&compute::max_pool1d(x, self.kernel, self.stride)?, pass)
    }
}

/// One chosen operation on an edge of a derived cell.
#[derive(Debug)]
pub(crate) enum Chosen {
    Conv(ConvBnRelu),
    MaxPool(MaxPoolBn),
    Identity,
    Reduce(FactorizedReduce),
}

impl Chosen {
    /// # Errors
    /// For `zero`, which is never chosen.
    pub fn new(maker: Maker, operation: Operation, channels: usize, stride: usize) -> Result<Self> {
        let kernel = operation.kernel().unwrap_or(1);
        Ok(match operation {
            Operation::Max3 | Operation::Max5 => Self::MaxPool(MaxPoolBn::new(maker, channels, kernel, stride, true)?),
            Operation::Skip if stride == 1 => Self::Identity,
            Operation::Skip => Self::Reduce(FactorizedReduce::new(maker, channels, channels, true)?),
            Operation::Zero => candle_core::bail!("a derived cell cannot hold the operation zero"),
            _ => Self::Conv(ConvBnRelu::new(maker, channels, channels, kernel, stride, true)?),
        })
    }

    /// The operation's output; a path other than the identity may be dropped.
    pub fn forward(&self, x: &Tensor, pass: &Pass) -> Result<Tensor> {
        let y = match self {
            Self::Identity => return Ok(x.clone()),
            Self::Conv(layer) => layer.forward(x, pass),
            Self::MaxPool(layer) => layer.forward(x, pass),
            Self::Reduce(layer) => layer.forward(x, pass),
        }?;
        pass.drop_path(y)
    }
}

/// What brings the two inputs of a cell to its channels and its length.
#[derive(Debug)]
pub(crate) enum Preprocess {
    Same(ReluConvBn),
    Halve(FactorizedReduce),
}

impl Preprocess {
    pub fn new(maker: Maker, inputs: usize, outputs: usize, halve: bool, affine: bool) -> Result<Self> {
        Ok(if halve {
            Self::Halve(FactorizedReduce::new(maker, inputs, outputs, affine)?)
        } else {
            Self::Same(ReluConvBn::new(maker, inputs, outputs, affine)?)
        })
    }

    pub fn forward(&self, x: &Tensor, pass: &Pass) -> Result<Tensor> {
        match self {
            Self::Same(layer) => layer.forward(x, pass),
            Self::Halve(layer) => layer.forward(x, pass),
        }
    }
}

/// Mean over the samples, then a linear layer to the classes.
#[derive(Debug)]
pub(crate) struct Head {
    weight: Var,
    bias: Var,
}

impl Head {
    pub fn new(mut maker: Maker, inputs: usize, classes: usize) -> Result<Self> {
        let (weight, bias) = maker.linear(inputs, classes)?;
        Ok(Self { weight, bias })
    }

    pub fn forward(&self, x: &Tensor, pass: &Pass) -> Result<Tensor> {
        compute::leave(&compute::mean(x)?)?
            .matmul(&pass.weight(&self.weight).t()?)?
            .broadcast_add(&pass.weight(&self.bias))
    }

    /// The weight `[classes, inputs]` and the bias.
    pub fn values(&self) -> Result<(Vec<f32>, Vec<f32>)> {
        Ok((self.weight.flatten_all()?.to_vec1()?, self.bias.to_vec1()?))
    }
}
