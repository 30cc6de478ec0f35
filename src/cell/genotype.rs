//! A normal and a reduction cell, discrete.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::graph::{self, CellGraph};
use super::{CellProblem, Error, Operation, Origin};
use crate::support::files;

/// Nodes of a cell in the search space of the paper; genotypes with others can be read and drawn.
pub const NODES: usize = 4;

/// The most nodes that a cell may have: a bound on what a file can ask for.
pub const MAX_NODES: usize = 8;

/// Inputs of a cell: 0 is the output of the cell before the previous one, 1 of the previous cell.
pub const INPUTS: usize = 2;

/// The two kinds of cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CellKind {
    /// Keeps samples and channels.
    Normal,
    /// Halves the samples and doubles the channels: the operations on its two inputs have stride 2.
    Reduction,
}

impl CellKind {
    /// Both, in the order of a genotype file.
    pub const ALL: [Self; 2] = [Self::Normal, Self::Reduction];

    /// `normal` or `reduction`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Reduction => "reduction",
        }
    }
}

impl fmt::Display for CellKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One edge into a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// What is done on the edge; never [`Operation::Zero`] in a valid genotype.
    pub operation: Operation,
    /// Where it comes from: 0 and 1 are the inputs of the cell, 2 is node 0, 3 is node 1, and so on.
    pub from: usize,
}

/// One cell: what the two edges into each node are. A node is the sum of its edges; the output of the cell is all nodes side
/// by side, so `nodes.len()` times the channels of one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CellGenotype {
    /// The nodes in the order in which they are computed.
    #[serde(with = "super::read::nodes")]
    pub nodes: Vec<[Input; 2]>,
}

impl CellGenotype {
    /// Checks what reading a file checks: each node takes from two different places that exist, none by zero, and petgraph
    /// finds no cycle.
    ///
    /// # Errors
    /// The first [`CellProblem`].
    pub fn check(&self) -> Result<(), CellProblem> {
        let nodes = self.nodes.len();
        if nodes == 0 || nodes > MAX_NODES {
            return Err(CellProblem::Nodes { found: nodes });
        }
        for (node, inputs) in self.nodes.iter().enumerate() {
            check_inputs(node, inputs)?;
            if let Some(input) = inputs.iter().find(|input| input.from >= INPUTS + nodes) {
                return Err(CellProblem::From { node, from: input.from });
            }
        }
        let graph = graph::build(self);
        if let Err(cycle) = petgraph::algo::toposort(&graph, None) {
            let node = cycle.node_id().index().saturating_sub(INPUTS);
            return Err(CellProblem::Cycle { node });
        }
        // Without a cycle some order exists; the networks compute the nodes in the order written.
        for (node, inputs) in self.nodes.iter().enumerate() {
            if let Some(input) = inputs.iter().find(|input| input.from >= INPUTS + node) {
                return Err(CellProblem::From { node, from: input.from });
            }
        }
        Ok(())
    }

    /// The edges, as (node, input), node by node.
    pub fn edges(&self) -> impl Iterator<Item = (usize, Input)> + '_ {
        self.nodes.iter().enumerate().flat_map(|(node, inputs)| inputs.iter().map(move |input| (node, *input)))
    }

    /// How many edges do this operation.
    pub fn count(&self, operation: Operation) -> usize {
        self.edges().filter(|(_, input)| input.operation == operation).count()
    }
}

/// What can be said of the inputs of a node without the rest of the cell: none is zero, none comes twice.
pub(super) fn check_inputs(node: usize, inputs: &[Input]) -> Result<(), CellProblem> {
    if let Some(input) = inputs.iter().find(|input| input.operation == Operation::Zero) {
        return Err(CellProblem::Zero { node, from: input.from });
    }
    for (place, input) in inputs.iter().enumerate() {
        if inputs[..place].iter().any(|other| other.from == input.from) {
            return Err(CellProblem::Twice { node, from: input.from });
        }
    }
    Ok(())
}

/// A normal and a reduction cell with where they came from: what a file of `cells/` holds.
///
/// ```
/// use heart_darts::cell::{CellKind, Genotype, Operation};
/// let text = "(
///     version: 1,
///     normal: (nodes: [[(operation: conv9, from: 0), (operation: skip, from: 1)]]),
///     reduction: (nodes: [[(operation: max3, from: 0), (operation: conv5, from: 1)]]),
/// )";
/// let genotype = Genotype::parse(text, "example.ron").unwrap();
/// assert_eq!(genotype.cell(CellKind::Normal).nodes[0][0].operation, Operation::Conv9);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Genotype {
    /// Version of the format: [`Genotype::VERSION`].
    #[serde(deserialize_with = "super::read::version")]
    pub version: u32,
    /// The cell that keeps samples and channels.
    pub normal: CellGenotype,
    /// The cell that halves the samples and doubles the channels.
    pub reduction: CellGenotype,
    /// Where the cells came from; all of it may be missing in a file written by hand.
    #[serde(default)]
    pub origin: Origin,
}

impl Genotype {
    /// The version of the format that this crate writes and reads.
    pub const VERSION: u32 = 1;

    /// A checked genotype.
    ///
    /// # Errors
    /// [`Error::Cell`], and [`Error::Nodes`] when the cells have different numbers of nodes.
    pub fn new(normal: CellGenotype, reduction: CellGenotype, origin: Origin) -> Result<Self, Error> {
        let genotype = Self { version: Self::VERSION, normal, reduction, origin };
        genotype.check()?;
        Ok(genotype)
    }

    /// Checks both cells, see [`CellGenotype::check`], and that they have as many nodes: what leaves one enters the other.
    ///
    /// # Errors
    /// [`Error::Cell`] and [`Error::Nodes`].
    pub fn check(&self) -> Result<(), Error> {
        for kind in CellKind::ALL {
            self.cell(kind).check().map_err(|problem| Error::Cell { kind, problem })?;
        }
        let (normal, reduction) = (self.normal.nodes.len(), self.reduction.nodes.len());
        if normal != reduction {
            return Err(Error::Nodes { normal, reduction });
        }
        Ok(())
    }

    /// SHA-256 of the two cells, wherever they came from.
    pub fn digest(&self) -> String {
        files::digest(files::to_ron(&[&self.normal, &self.reduction]).as_bytes())
    }

    /// One of the two cells.
    pub fn cell(&self, kind: CellKind) -> &CellGenotype {
        match kind {
            CellKind::Normal => &self.normal,
            CellKind::Reduction => &self.reduction,
        }
    }

    /// One of the two cells as a directed graph from its inputs to its output.
    ///
    /// # Errors
    /// [`Error::Cell`] when the cell was put together by hand and is not one, see [`CellGenotype::check`].
    pub fn graph(&self, kind: CellKind) -> Result<CellGraph, Error> {
        let cell = self.cell(kind);
        cell.check().map_err(|problem| Error::Cell { kind, problem })?;
        Ok(graph::build(cell))
    }
}
