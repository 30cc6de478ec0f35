//! A cell as a directed graph.

use std::fmt;

use petgraph::graph::{DiGraph, NodeIndex};

use super::{CellGenotype, INPUTS, Operation};

/// A place in a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// An input of the cell: 0 is the output of the cell before the previous one, 1 of the previous cell.
    Input(usize),
    /// A node, from 0.
    Node(usize),
    /// The output: all nodes side by side.
    Output,
}

impl Place {
    /// The place that `from` of an [`super::Input`] means.
    pub fn from_index(from: usize) -> Self {
        if from < INPUTS { Self::Input(from) } else { Self::Node(from - INPUTS) }
    }
}

/// As in the figures of DARTS: `c_{k-2}`, `c_{k-1}`, `0` and up, `c_{k}`.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input(input) => f.pad(&format!("c_{{k-{}}}", INPUTS.saturating_sub(*input))),
            Self::Node(node) => f.pad(&node.to_string()),
            Self::Output => f.pad("c_{k}"),
        }
    }
}

/// Vertices are the inputs, the nodes and the output, in this order; an edge carries its operation, and `None` into the
/// output, which only puts the nodes side by side.
pub type CellGraph = DiGraph<Place, Option<Operation>>;

/// The graph of a cell whose `from` are all in range; it may still have cycles.
pub(super) fn build(cell: &CellGenotype) -> CellGraph {
    let nodes = cell.nodes.len();
    let mut graph = CellGraph::with_capacity(INPUTS + nodes + 1, 3 * nodes);
    for index in 0..INPUTS + nodes {
        graph.add_node(Place::from_index(index));
    }
    let output = graph.add_node(Place::Output);
    for (node, input) in cell.edges() {
        graph.add_edge(NodeIndex::new(input.from), NodeIndex::new(INPUTS + node), Some(input.operation));
    }
    for node in 0..nodes {
        graph.add_edge(NodeIndex::new(INPUTS + node), output, None);
    }
    graph
}
