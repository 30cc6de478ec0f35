//! The supernet: on every edge of a cell all ten operations, mixed by a softmax over alpha (equation 2 of the paper).

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
use crate::compute::{self, Moments, Options, Statistics as NormStatistics};
use crate::support::random::Generator;

/// Inner nodes of a cell.
const NODES: usize = 4;
/// Edges of a cell: the first node reads 2 states, the next 3, and so on.
const EDGES: usize = NODES * (NODES + 3) / 2;
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

/// All operations of one edge. The six convolutions' filters lie one after another in one variable, and the moments of
/// the eight batch norms in one place, so that one kernel computes the edge.
#[derive(Debug)]
struct MixedEdge {
    filters: Var,
    statistics: Statistics,
    /// `skip` where the samples are halved; elsewhere it is the identity.
    reduce: Option<FactorizedReduce>,
    stride: usize,
}

impl MixedEdge {
    fn new(mut maker: Maker, channels: usize, stride: usize) -> Result<Self> {
        let operations = Operation::ALL.iter().enumerate();
        let parts: Vec<(String, usize)> = operations
            .clone()
            .filter(|(_, operation)| operation.is_convolution())
            .map(|(i, operation)| (format!("operations.{i}.conv"), operation.kernel().unwrap_or(1)))
            .collect();
        let norms: Vec<String> = operations
            .filter(|(_, operation)| operation.kernel().is_some())
            .map(|(i, _)| format!("operations.{i}.bn"))
            .collect();
        let filters = maker.stacked("filters", &parts, channels)?;
        let statistics = maker.statistics(&norms, channels);
        let skip = maker.part(format_args!("operations.{}", Operation::Skip.index()));
        let reduce = (stride == 2).then(|| FactorizedReduce::new(skip, channels, channels, false)).transpose()?;
        Ok(Self { filters, statistics, reduce, stride })
    }

    /// `p` `[10]` are the edge's softmax weights.
    fn forward(&self, x: &Tensor, p: &Tensor, pass: &Pass) -> Result<Tensor> {
        let channels = x.dim(2)?;
        let running: Vec<Moments> = {
            let running = self.statistics.lock();
            let parts = running.mean.chunks(channels).zip(running.variance.chunks(channels));
            parts.map(|(mean, variance)| Moments { mean: mean.to_vec(), variance: variance.to_vec() }).collect()
        };
        let options = Options {
            stride: self.stride,
            eps: EPSILON,
            weight_gradient: pass.has_weight_gradients(),
            statistics: if pass.is_training() { NormStatistics::Training } else { NormStatistics::Running(&running) },
        };
        let (mut y, moments) = compute::mixed_edge(x, &pass.weight(&self.filters), p, &options)?;
        if pass.is_training() {
            let n = y.dim(0)? * y.dim(1)?;
            let mut running = self.statistics.lock();
            moments.iter().enumerate().for_each(|(i, m)| update(&mut running, i * channels, m, n));
        }
        if let Some(reduce) = &self.reduce {
            let weight = p.narrow(0, Operation::Skip.index(), 1)?.reshape((1, 1, 1))?;
            y = (y + reduce.forward(x, pass)?.broadcast_mul(&weight)?)?;
        }
        Ok(y)
    }
}

#[derive(Debug)]
struct SearchCell {
    preprocess: [Preprocess; 2],
    edges: Vec<MixedEdge>,
    reduction: bool,
}

impl SearchCell {
    fn new(mut maker: Maker, cell: &CellPlan) -> Result<Self> {
        let first = Preprocess::new(
            maker.part("preprocess0"),
            cell.before_previous,
            cell.channels,
            cell.after_reduction,
            false,
        )?;
        let second = Preprocess::new(maker.part("preprocess1"), cell.previous, cell.channels, false, false)?;
        let mut edges = Vec::with_capacity(EDGES);
        for node in 0..NODES {
            for from in 0..2 + node {
                let stride = if cell.reduction && from < 2 { 2 } else { 1 };
                edges.push(MixedEdge::new(maker.part(format_args!("edges.{}", edges.len())), cell.channels, stride)?);
            }
        }
        Ok(Self { preprocess: [first, second], edges, reduction: cell.reduction })
    }

    /// `p` `[14, 10]` are the softmax weights of the cell's edges.
    fn forward(&self, s0: &Tensor, s1: &Tensor, p: &Tensor, pass: &Pass) -> Result<Tensor> {
        let mut states = vec![self.preprocess[0].forward(s0, pass)?, self.preprocess[1].forward(s1, pass)?];
        let mut edges = self.edges.iter().enumerate();
        for _ in 0..NODES {
            let mut node: Option<Tensor> = None;
            for (state, (i, edge)) in states.iter().zip(edges.by_ref()) {
                let y = edge.forward(state, &p.get(i)?, pass)?;
                node = Some(match node {
                    Some(sum) => (sum + y)?,
                    None => y,
                });
            }
            states.extend(node);
        }
        Tensor::cat(&states[2..], 2)
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
        // Alpha is learnt when the weights are not, and constant otherwise.
        let constant = pass.has_weight_gradients() || !pass.is_training();
        let weights = |alpha: &Var| {
            let alpha = if constant { alpha.as_detached_tensor() } else { alpha.as_tensor().clone() };
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
