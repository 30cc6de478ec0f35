//! One cell of a derived network: two operations a node, as layers or, when it is trained, as one operation.

use std::sync::Arc;

use candle_core::{Result, Tensor};

use super::layer::{Chosen, EPSILON, Preprocess};
use super::pass::Pass;
use super::plan::CellPlan;
use super::store::Maker;
use crate::cell::CellGenotype;
use crate::compute::{self, Coefficients, Kind, Options, Path, Wiring};

/// A cell of a derived network.
#[derive(Debug)]
pub(super) struct DerivedCell {
    pub(super) preprocess: [Preprocess; 2],
    /// Two operations a node, each with the state it reads.
    pub(super) nodes: Vec<[(Chosen, usize); 2]>,
    /// The same as one operation.
    wiring: Arc<Wiring>,
}

impl DerivedCell {
    pub fn new(mut maker: Maker, genotype: &CellGenotype, cell: &CellPlan) -> Result<Self> {
        let first = Preprocess::new(
            maker.part("preprocess0"),
            cell.before_previous,
            cell.channels,
            cell.after_reduction,
            true,
        )?;
        let second = Preprocess::new(maker.part("preprocess1"), cell.previous, cell.channels, false, true)?;
        let mut nodes = Vec::with_capacity(genotype.nodes.len());
        for (i, inputs) in genotype.nodes.iter().enumerate() {
            let mut edge = |j: usize| {
                let input = inputs[j];
                let stride = if cell.reduction && input.from < 2 { 2 } else { 1 };
                let part = maker.part(format_args!("operations.{}", 2 * i + j));
                Ok::<_, candle_core::Error>((Chosen::new(part, input.operation, cell.channels, stride)?, input.from))
            };
            nodes.push([edge(0)?, edge(1)?]);
        }
        let wiring = Arc::new(wiring(&nodes, if cell.reduction { 2 } else { 1 })?);
        Ok(Self { preprocess: [first, second], nodes, wiring })
    }

    pub fn forward(&self, s0: &Tensor, s1: &Tensor, pass: &Pass) -> Result<Tensor> {
        let inputs = [self.preprocess[0].forward(s0, pass)?, self.preprocess[1].forward(s1, pass)?];
        if pass.is_training() && !pass.drops_paths() && self.wiring.taps() > 0 {
            return self.at_once(&inputs, pass);
        }
        let mut states = inputs.to_vec();
        for [(a, from_a), (b, from_b)] in &self.nodes {
            states.push(compute::add(&a.forward(&states[*from_a], pass)?, &b.forward(&states[*from_b], pass)?)?);
        }
        compute::side_by_side(&states[2..])
    }

    /// The same by one kernel; only what halves an input without a filter of its own kind is computed beside it.
    fn at_once(&self, inputs: &[Tensor; 2], pass: &Pass) -> Result<Tensor> {
        let mut added = Vec::with_capacity(self.nodes.len());
        let (mut filters, mut affine, mut norms) = (Vec::new(), Vec::new(), Vec::new());
        for paths in &self.nodes {
            let mut sum: Option<Tensor> = None;
            for (operation, from) in paths {
                let norm = match operation {
                    Chosen::Conv(layer) => {
                        filters.push(pass.weight(&layer.conv.weight));
                        &layer.norm
                    }
                    Chosen::MaxPool(layer) => &layer.norm,
                    Chosen::Identity => continue,
                    Chosen::Reduce(layer) => {
                        let y = layer.forward(&inputs[*from], pass)?;
                        sum = Some(match sum {
                            None => y,
                            Some(sum) => compute::add(&sum, &y)?,
                        });
                        continue;
                    }
                };
                affine.extend(norm.affine().map(|(scale, shift)| [pass.weight(scale), pass.weight(shift)]));
                norms.push(norm);
            }
            added.push(sum);
        }
        let channels = inputs[0].dim(2)?;
        let affine = Tensor::cat(&affine.concat(), 0)?.reshape((norms.len(), 2, channels))?;
        let options = Options { eps: EPSILON, weight_gradient: pass.has_weight_gradients(), ..Options::default() };
        let (states, coefficients) = ([&inputs[0], &inputs[1]], Coefficients::Affine(&affine));
        let (y, moments) =
            compute::cell(&self.wiring, states, &added, &Tensor::cat(&filters, 0)?, coefficients, &options)?;
        let n = y.dim(0)? * y.dim(1)?;
        norms.iter().zip(&moments).for_each(|(norm, moments)| norm.update(moments, n));
        Ok(y)
    }
}

/// The paths of a cell's nodes, as the kernel wants them.
fn wiring(nodes: &[[(Chosen, usize); 2]], stride: usize) -> Result<Wiring> {
    let mut paths = Vec::new();
    for (node, operations) in nodes.iter().enumerate() {
        for (operation, state) in operations {
            let kind = match operation {
                Chosen::Conv(layer) => Kind::Convolution { taps: layer.conv.weight.dim(0)? },
                Chosen::MaxPool(layer) => Kind::MaxPool { kernel: layer.kernel },
                Chosen::Identity => Kind::Identity,
                Chosen::Reduce(_) => continue,
            };
            paths.push(Path { state: *state, node, kind, weight: 0 });
        }
    }
    Wiring::new(nodes.len(), stride, &paths)
}
