//! What can be wrong with cells.

use std::path::PathBuf;

use super::{CellKind, INPUTS, MAX_NODES, Place};
use crate::support::files::FileError;

/// What can go wrong in this room.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be read or written, or its text is not a genotype; the message has line and column.
    #[error(transparent)]
    File(#[from] FileError),
    /// A cell that was put together in memory is not one.
    #[error("the {kind} cell: {problem}")]
    Cell {
        /// Which cell.
        kind: CellKind,
        /// What is wrong with it.
        problem: CellProblem,
    },
    /// The two cells do not fit together.
    #[error(
        "nodes: found {normal} in the normal cell and {reduction} in the reduction cell, expected as many in both, because what \
         leaves one enters the other"
    )]
    Nodes {
        /// Nodes of the normal cell.
        normal: usize,
        /// Nodes of the reduction cell.
        reduction: usize,
    },
    /// There are not as many rows of alpha as edges of a cell.
    #[error(
        "found {found} rows of alpha, expected one for each edge of a cell: 14 for 4 nodes (2, 5, 9, 14, 20, 27, 35 or 44 \
         for 1 to 8 nodes)"
    )]
    AlphaRows {
        /// Rows given.
        found: usize,
    },
    /// Alpha holds a value that is no number.
    #[error(
        "alpha of operation {operation} on the edge from {from} to node {node} is {value}, expected a finite number; the \
         search diverged: take an earlier epoch, or search again with a smaller learning rate"
    )]
    Alpha {
        /// The node the edge goes to.
        node: usize,
        /// Where it comes from.
        from: Place,
        /// The operation.
        operation: super::Operation,
        /// What was found.
        value: f32,
    },
    /// A network of this shape cannot be built.
    #[error("{what} is {found}, expected {expected}")]
    Shape {
        /// Which number.
        what: &'static str,
        /// What was given.
        found: usize,
        /// What would be right.
        expected: &'static str,
    },
    /// The drawing could not be made.
    #[error("{}: the drawing failed: {reason}", path.display())]
    Drawing {
        /// The file.
        path: PathBuf,
        /// The drawing library's reason.
        reason: String,
    },
}

/// What makes nodes and edges no cell.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CellProblem {
    /// No node, or too many.
    #[error("found {found} nodes, expected 1 to {MAX_NODES} (the paper's search space has 4)")]
    Nodes {
        /// Nodes found.
        found: usize,
    },
    /// A node without exactly two inputs.
    #[error("found {found} of node {node}, expected exactly 2 inputs")]
    Inputs {
        /// The node, from 0.
        node: usize,
        /// How many inputs it has.
        found: &'static str,
    },
    /// Zero was chosen.
    #[error(
        "node {node} takes from {from} by zero, expected one of the nine others: zero only competes during a search and \
         never is part of a genotype"
    )]
    Zero {
        /// The node, from 0.
        node: usize,
        /// Where the edge comes from.
        from: usize,
    },
    /// Both edges of a node come from one place.
    #[error("node {node} takes from {from} twice, expected two different places (choose another of {})", places(*.node))]
    Twice {
        /// The node, from 0.
        node: usize,
        /// Where both edges come from.
        from: usize,
    },
    /// An edge comes from nowhere, or from a node that is not computed yet.
    #[error("node {node} takes from {from}, which is {}; expected one of {}", place(*.node, *.from), places(*.node))]
    From {
        /// The node, from 0.
        node: usize,
        /// Where the edge comes from.
        from: usize,
    },
    /// The nodes need each other.
    #[error("the edges into node {node} are part of a cycle, expected every node to take from {}", places(*.node))]
    Cycle {
        /// A node of the cycle, from 0.
        node: usize,
    },
}

fn place(node: usize, from: usize) -> String {
    match from.checked_sub(INPUTS) {
        Some(itself) if itself == node => "the node itself, a cycle".into(),
        Some(later) if later < MAX_NODES => {
            format!("node {later}: a later one, so a cycle, or one that does not exist")
        }
        _ => "no place in a cell".into(),
    }
}

/// What node `node` may take from.
fn places(node: usize) -> String {
    let nodes = (0..node).map(|earlier| format!(", {} (node {earlier})", INPUTS + earlier));
    format!("0, 1 (the inputs of the cell){}", nodes.collect::<String>())
}
