//! The supernet: on every edge of a cell all ten operations, mixed by a softmax over alpha (equation 2 of the paper).

use std::sync::Arc;

use candle_core::{Device, Result, Tensor, Var};
use serde::{Deserialize, Serialize};

use super::Network;
use super::evaluator::{Evaluator, Tensors};
use super::layer::{EPSILON, FactorizedReduce, Head, Preprocess, update};
use super::pass::Pass;
use super::plan::{CellPlan, plan};
use super::spec::InputShape;
use super::stem::Stem;
use super::store::{Maker, Statistics, Store};
use crate::cell::Operation;
use crate::compute::{self, Coefficients, EDGES, Moments, NODES, Options, Statistics as NormStatistics, edge};
use crate::support::random::Generator;

/// Standard deviation of alpha before the first step (DARTS).
const ALPHA_SCALE: f64 = 1e-3;

/// What a supernet is, apart from its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SupernetSpec {
    /// Channels of the nodes of the first cell; doubled by each reduction cell. Default 16.
    pub channels: usize,
    /// Cells. Default 8.
    pub layers: usize,
}

impl Default for SupernetSpec {
    fn default() -> Self {
        Self { channels: 16, layers: 8 }
    }
}

/// All operations on all edges of a cell. The convolutions' filters lie one after another in one variable, edge after
/// edge, and the moments of the batch norms in one place, so that one kernel computes the cell.
#[derive(Debug)]
struct SearchCell {
    preprocess: [Preprocess; 2],
    filters: Var,
    statistics: Statistics,
    /// `skip` on the edges from the inputs of a reduction cell, where it has weights; elsewhere it is the identity. Two a
    /// node, or none.
    reduce: Vec<FactorizedReduce>,
    reduction: bool,
}

impl SearchCell {
    fn new(mut maker: Maker, cell: &CellPlan) -> Result<Self> {
        let channels = cell.channels;
        let first =
            Preprocess::new(maker.part("preprocess0"), cell.before_previous, channels, cell.after_reduction, false)?;
        let second = Preprocess::new(maker.part("preprocess1"), cell.previous, channels, false, false)?;
        let on_every_edge = |wanted: fn(&Operation) -> bool, layer: &str| -> Vec<(String, usize)> {
            let operations = Operation::ALL.iter().enumerate().filter(|(_, operation)| wanted(operation));
            let kernels: Vec<_> = operations.map(|(i, operation)| (i, operation.kernel().unwrap_or(1))).collect();
            let name = |edge: usize, i: usize| format!("edges.{edge}.operations.{i}.{layer}");
            (0..EDGES).flat_map(|edge| kernels.iter().map(move |&(i, kernel)| (name(edge, i), kernel))).collect()
        };
        let filters = maker.stacked("filters", &on_every_edge(|o| o.is_convolution(), "conv"), channels)?;
        let norms = on_every_edge(|o| o.kernel().is_some(), "bn").into_iter().map(|(name, _)| name);
        let statistics = maker.statistics(&norms.collect::<Vec<_>>(), channels);
        let mut reduce = Vec::new();
        for node in (0..NODES).filter(|_| cell.reduction) {
            for state in 0..2 {
                let (edge, skip) = (edge(node, state), Operation::Skip.index());
                let part = maker.part(format_args!("edges.{edge}.operations.{skip}"));
                reduce.push(FactorizedReduce::new(part, channels, channels, false)?);
            }
        }
        Ok(Self { preprocess: [first, second], filters, statistics, reduce, reduction: cell.reduction })
    }

    /// `p` `[14, 10]` are the softmax weights of the cell's edges.
    fn forward(&self, s0: &Tensor, s1: &Tensor, p: &Tensor, pass: &Pass) -> Result<Tensor> {
        let inputs = [self.preprocess[0].forward(s0, pass)?, self.preprocess[1].forward(s1, pass)?];
        let channels = inputs[0].dim(2)?;
        let mut added = Vec::new();
        for (node, reduce) in self.reduce.chunks_exact(2).enumerate() {
            let mut weighted = (0..2).map(|state| {
                let p = p.get(edge(node, state))?.narrow(0, Operation::Skip.index(), 1)?.contiguous()?;
                compute::scale(&reduce[state].forward(&inputs[state], pass)?, &p)
            });
            let (Some(first), Some(second)) = (weighted.next(), weighted.next()) else { continue };
            added.push(Some(compute::add(&first?, &second?)?));
        }
        let running: Vec<Moments> = if pass.is_training() {
            Vec::new()
        } else {
            let running = self.statistics.lock();
            let parts = running.mean.chunks(channels).zip(running.variance.chunks(channels));
            parts.map(|(mean, variance)| Moments { mean: mean.to_vec(), variance: variance.to_vec() }).collect()
        };
        let options = Options {
            eps: EPSILON,
            weight_gradient: pass.has_weight_gradients(),
            statistics: if pass.is_training() { NormStatistics::Training } else { NormStatistics::Running(&running) },
        };
        let filters = pass.weight(&self.filters);
        let mut wiring = compute::mixed_wiring(if self.reduction { 2 } else { 1 })?;
        // Operations that a choice has left out weigh nothing to the bit, and need not be computed.
        let weights = p.flatten_all()?.to_vec1::<f32>()?;
        if p.device().is_cpu() && weights.contains(&0.0) {
            wiring = Arc::new(wiring.without(|weight| weights[weight] == 0.0));
        }
        let (inputs, p) = ([&inputs[0], &inputs[1]], Coefficients::Mix(p));
        let (y, moments) = compute::cell(&wiring, inputs, &added, &filters, p, &options)?;
        if pass.is_training() {
            let n = y.dim(0)? * y.dim(1)?;
            let mut running = self.statistics.lock();
            let computed = moments.iter().enumerate().filter(|(_, moments)| !moments.mean.is_empty());
            computed.for_each(|(i, moments)| update(&mut running, i * channels, moments, n));
        }
        Ok(y)
    }
}

/// The network that is searched.
#[derive(Debug)]
pub struct Supernet {
    store: Store,
    stem: Stem,
    cells: Vec<SearchCell>,
    head: Head,
    alpha_normal: Var,
    alpha_reduction: Var,
}

impl Supernet {
    /// Builds it with weights and alpha drawn from `generator`.
    ///
    /// # Errors
    /// When candle fails.
    pub fn new(spec: &SupernetSpec, input: &InputShape, generator: &mut Generator) -> Result<Self> {
        let mut store = Store::new(&Device::Cpu);
        let mut maker = Maker::new(&mut store, generator);
        let (cells, channels) = plan(spec.channels, spec.layers, NODES);
        let stem = Stem::new(maker.part("stem"), input.leads)?;
        let cells =
            cells.iter().enumerate().map(|(i, cell)| SearchCell::new(maker.part(format_args!("cells.{i}")), cell));
        let cells = cells.collect::<Result<_>>()?;
        let head = Head::new(maker.part("head"), channels, input.classes)?;
        let mut alpha = || {
            let values = (0..EDGES * Operation::ALL.len()).map(|_| (ALPHA_SCALE * generator.normal()) as f32);
            Var::from_vec(values.collect(), (EDGES, Operation::ALL.len()), &Device::Cpu)
        };
        let (alpha_normal, alpha_reduction) = (alpha()?, alpha()?);
        Ok(Self { store, stem, cells, head, alpha_normal, alpha_reduction })
    }

    /// The architecture parameters, `[14, 10]` each: of the normal and of the reduction cell.
    pub fn alphas(&self) -> [&Var; 2] {
        [&self.alpha_normal, &self.alpha_reduction]
    }
}

impl Network for Supernet {
    fn logits(&self, beats: &Tensor, pass: &Pass) -> Result<Tensor> {
        let weights = |alpha: &Var| {
            let learns = pass.has_alpha_gradients();
            let alpha = if learns { alpha.as_tensor().clone() } else { alpha.as_detached_tensor() };
            candle_nn::ops::softmax(&alpha, 1)
        };
        let (normal, reduction) = (weights(&self.alpha_normal)?, weights(&self.alpha_reduction)?);
        let mut s0 = self.stem.forward(beats, pass)?;
        let mut s1 = s0.clone();
        for cell in &self.cells {
            let next = cell.forward(&s0, &s1, if cell.reduction { &reduction } else { &normal }, pass)?;
            (s0, s1) = (s1, next);
        }
        self.head.forward(&s1, pass)
    }

    fn evaluator(&self) -> Result<Box<dyn Evaluator + '_>> {
        Ok(Box::new(Tensors(self)))
    }

    fn store(&self) -> &Store {
        &self.store
    }
}
