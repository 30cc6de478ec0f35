//! The derived network: cells of a genotype in a row, with the paper's two shortcuts.

use candle_core::{Device, Result, Tensor};
use serde::{Deserialize, Serialize};

use super::compiled::{Compiled, Purpose};
use super::derived_cell::DerivedCell;
use super::layer::Head;
use super::pass::Pass;
use super::plan::plan;
use super::spec::InputShape;
use super::stem::Stem;
use super::store::{Maker, Store};
use super::{Evaluator, Network};
use crate::cell::Genotype;
use crate::compute;
use crate::support::random::Generator;

/// What a derived network is, apart from its genotype and its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DerivedSpec {
    /// Channels of the nodes of the first cell; doubled by each reduction cell. Default 16.
    pub channels: usize,
    /// Cells. Default 15.
    pub layers: usize,
    /// The two shortcuts of Algorithm 1, steps 8 to 19. Default true.
    pub shortcuts: bool,
    /// A second classifier after the second reduction cell, whose loss is added in training (DARTS, section A.2.1; here it is
    /// the mean over samples and a linear layer). It takes no part in classifying. Default false.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub auxiliary: bool,
}

impl DerivedSpec {
    /// That such a network can be built: 1 to 1024 channels, 3 to 200 layers.
    ///
    /// # Errors
    /// A sentence with what was found and what was expected.
    pub fn check(&self) -> std::result::Result<(), String> {
        let Self { channels, layers, .. } = self;
        if (1..=1024).contains(channels) && (3..=200).contains(layers) {
            return Ok(());
        }
        Err(format!("found {channels} channels and {layers} layers, expected 1 to 1024 channels and 3 to 200 layers"))
    }

    /// Trainable numbers of the auxiliary classifier, which [`counts`](crate::cell::counts) leaves out.
    pub(super) fn auxiliary_parameters(&self, genotype: &Genotype, classes: usize) -> u64 {
        // Twice doubled by then.
        let channels = genotype.normal.nodes.len() * self.channels * 4;
        if self.auxiliary { ((channels + 1) * classes) as u64 } else { 0 }
    }
}

impl Default for DerivedSpec {
    fn default() -> Self {
        Self { channels: 16, layers: 15, shortcuts: true, auxiliary: false }
    }
}

/// The network that is trained and used.
#[derive(Debug)]
pub struct Derived {
    store: Store,
    pub(super) input: InputShape,
    pub(super) stem: Stem,
    pub(super) cells: Vec<DerivedCell>,
    pub(super) head: Head,
    pub(super) shortcuts: bool,
    /// The second classifier, and the cell whose output it reads.
    auxiliary: Option<(usize, Head)>,
}

/// Whether what leaves cell `i` is kept for the shortcuts (Algorithm 1).
pub(super) fn keeps(i: usize, cells: usize) -> bool {
    let third = cells / 3;
    i == 0 || i == third || i == 2 * third
}

/// Whether what was kept is added after cell `i` (Algorithm 1, steps 15 to 18).
pub(super) fn joins(i: usize, cells: usize) -> bool {
    let third = cells / 3;
    i + 1 == third || i + 1 == 2 * third
}

impl Derived {
    /// Builds it with weights drawn from `generator`.
    ///
    /// # Errors
    /// When candle fails, or the genotype holds `zero`.
    pub fn new(genotype: &Genotype, spec: &DerivedSpec, input: &InputShape, generator: &mut Generator) -> Result<Self> {
        let mut store = Store::new(&Device::Cpu);
        let mut maker = Maker::new(&mut store, generator);
        let nodes = genotype.normal.nodes.len();
        let (plans, channels) = plan(spec.channels, spec.layers, nodes);
        let stem = Stem::new(maker.part("stem"), input.leads)?;
        let cells = plans.iter().enumerate().map(|(i, cell)| {
            let genotype = if cell.reduction { &genotype.reduction } else { &genotype.normal };
            DerivedCell::new(maker.part(format_args!("cells.{i}")), genotype, cell)
        });
        let cells = cells.collect::<Result<_>>()?;
        let head = Head::new(maker.part("head"), channels, input.classes)?;
        // Last, so that the other weights are the same with and without it.
        let auxiliary = plans.iter().rposition(|cell| cell.reduction).filter(|_| spec.auxiliary);
        let auxiliary = match auxiliary {
            Some(i) => Some((i, Head::new(maker.part("auxiliary"), nodes * plans[i].channels, input.classes)?)),
            None => None,
        };
        Ok(Self { store, input: *input, stem, cells, head, shortcuts: spec.shortcuts, auxiliary })
    }
}

impl Network for Derived {
    fn logits(&self, beats: &Tensor, pass: &Pass) -> Result<Tensor> {
        let mut s0 = self.stem.forward(beats, pass)?;
        let mut s1 = s0.clone();
        let mut t = None;
        for (i, cell) in self.cells.iter().enumerate() {
            let next = cell.forward(&s0, &s1, pass)?;
            (s0, s1) = (s1, next);
            if let Some((at, head)) = &self.auxiliary
                && *at == i
                && pass.has_weight_gradients()
            {
                pass.add_auxiliary(head.forward(&s1, pass)?);
            }
            if !self.shortcuts {
                continue;
            }
            if keeps(i, self.cells.len()) {
                t = Some(s1.clone());
            }
            if joins(i, self.cells.len()) {
                // Where a shape differs there is nothing to add (right after a reduction).
                let Some(t) = &t else { continue };
                let join = |s: Tensor| if s.dims() == t.dims() { compute::relu(&compute::add(&s, t)?) } else { Ok(s) };
                (s0, s1) = (join(s0)?, join(s1)?);
            }
        }
        self.head.forward(&s1, pass)
    }

    fn evaluator(&self) -> Result<Box<dyn Evaluator + '_>> {
        Ok(Box::new(Compiled::new(self, Purpose::Throughput)?))
    }

    fn store(&self) -> &Store {
        &self.store
    }
}
