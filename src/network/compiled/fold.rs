//! Layers as filters with their batch norm folded in: x∗w·a + b for w·a and b.

use candle_core::Result;

use super::channels::Channels;
use super::convolution::Filter;
use crate::network::layer::{BatchNorm, Conv, ConvBnRelu, FactorizedReduce, Preprocess};

/// The weights `[taps, in, out]` of a convolution.
fn weights(conv: &Conv) -> Result<(Vec<f32>, [usize; 3])> {
    let weight = conv.weight.as_detached_tensor();
    Ok((weight.flatten_all()?.to_vec1()?, weight.dims3()?.into()))
}

/// Multiplies the filters by the scale of their batch norm; its shift becomes the bias.
fn fold(mut filter: Filter, norm: &BatchNorm) -> Result<Filter> {
    let (scale, shift) = norm.fixed()?;
    for row in filter.weights.chunks_exact_mut(scale.len()) {
        row.iter_mut().zip(&scale).for_each(|(weight, scale)| *weight *= scale);
    }
    Ok(Filter { bias: shift, ..filter })
}

fn filter(conv: &Conv, inputs: Channels) -> Result<Filter> {
    let (weights, [taps, _, outputs]) = weights(conv)?;
    let outputs = Channels::one(outputs);
    let (stride, padding) = (conv.stride, conv.padding);
    Ok(Filter { weights, taps, inputs, outputs, stride, padding, bias: Vec::new(), rectified: false, relu: false })
}

pub(super) fn conv_bn_relu(layer: &ConvBnRelu, inputs: Channels) -> Result<Filter> {
    fold(Filter { relu: true, ..filter(&layer.conv, inputs)? }, &layer.norm)
}

pub(super) fn preprocess(layer: &Preprocess, inputs: Channels) -> Result<Filter> {
    match layer {
        Preprocess::Same(layer) => fold(Filter { rectified: true, ..filter(&layer.conv, inputs)? }, &layer.norm),
        Preprocess::Halve(layer) => factorized_reduce(layer, inputs),
    }
}

/// The convolution of the even samples and that of the odd ones are the two taps of one filter of stride 2: each has
/// zeros where the other has its outputs. The last odd sample may be missing; it counts as 0 here as there.
pub(super) fn factorized_reduce(layer: &FactorizedReduce, inputs: Channels) -> Result<Filter> {
    let (even, [_, rows, evens]) = weights(&layer.even)?;
    let (odd, [_, _, odds]) = weights(&layer.odd)?;
    let outputs = evens + odds;
    let mut both = vec![0.0; 2 * rows * outputs];
    let (first, second) = both.split_at_mut(rows * outputs);
    let spread = |to: &mut [f32], from: &[f32], place: usize, width: usize| {
        // One initial channel can be halved into none and one.
        for (to, from) in to.chunks_exact_mut(outputs).zip(from.chunks_exact(width.max(1))) {
            to[place..place + width].copy_from_slice(from);
        }
    };
    spread(first, &even, 0, evens);
    spread(second, &odd, evens, odds);
    let filter = Filter {
        weights: both,
        taps: 2,
        inputs,
        outputs: Channels::one(outputs),
        stride: 2,
        padding: 0,
        bias: Vec::new(),
        rectified: true,
        relu: false,
    };
    fold(filter, &layer.norm)
}
