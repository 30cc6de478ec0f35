//! Cells: the ten operations, genotypes and their files, derivation from a search, counts and drawings.
//!
//! A cell is a directed acyclic graph with two inputs (the outputs of the two cells before it), four nodes and one output. In
//! a [`Genotype`] every node has exactly two edges with one [`Operation`] each; [`Genotype::read`] takes one from a file and
//! names the line of every mistake, [`derive_cell`] makes a cell from the alpha of a search.

mod count;
mod derive;
pub mod draw;
mod error;
mod genotype;
mod graph;
mod operation;
mod origin;
mod random;
mod read;

pub use count::{CellCount, Count, Counts, Shape, counts, supernet_counts};
pub use derive::{derive_cell, edge, edges};
pub use error::{CellProblem, Error};
pub use genotype::{CellGenotype, CellKind, Genotype, INPUTS, Input, MAX_NODES, NODES};
pub use graph::{CellGraph, Place};
pub use operation::{Operation, UnknownOperation};
pub use origin::{Named, Origin};
