//! From the continuous alpha of a search to a discrete cell.
//!
//! Liu, Simonyan and Yang, "DARTS: Differentiable Architecture Search", ICLR 2019 (arXiv:1806.09055), sections 2.3 and 2.4:
//! the strength of an operation on an edge is its weight in the softmax over all operations of the edge, zero among them; a
//! node keeps the strongest operation that is not zero of each of its two strongest edges.

use super::{CellGenotype, Error, Genotype, INPUTS, Input, MAX_NODES, Operation, Origin, Place};

/// Edges of a cell of `nodes` nodes before derivation: 2 + 3 + ... , 14 for 4 nodes.
pub const fn edges(nodes: usize) -> usize {
    edge(nodes, 0)
}

/// The row of alpha of the edge into `node` from `from`: rows are node 0 from 0, 1; node 1 from 0, 1, 2; and so on.
pub const fn edge(node: usize, from: usize) -> usize {
    node * (node + 2 * INPUTS - 1) / 2 + from
}

impl Genotype {
    /// Derives both cells, see [`derive_cell`].
    ///
    /// # Errors
    /// As [`derive_cell`].
    pub fn derive(normal: &[[f32; 10]], reduction: &[[f32; 10]], origin: Origin) -> Result<Self, Error> {
        Self::new(derive_cell(normal)?, derive_cell(reduction)?, origin)
    }
}

/// Derives a cell from alpha, `[edges, operations]`: rows in the order of [`edge`], columns in that of [`Operation::ALL`].
///
/// Among operations or edges of the same strength the one of the lowest index is taken, and the two inputs of a node stand in
/// the order of where they come from, so the same alpha always gives the same cell.
///
/// # Errors
/// [`Error::AlphaRows`] when no cell of 1 to 8 nodes has as many edges; [`Error::Alpha`] when a value is not finite.
pub fn derive_cell(alpha: &[[f32; 10]]) -> Result<CellGenotype, Error> {
    let count = (1..=MAX_NODES).find(|&nodes| edges(nodes) == alpha.len());
    let count = count.ok_or(Error::AlphaRows { found: alpha.len() })?;
    let mut nodes = Vec::with_capacity(count);
    for node in 0..count {
        let mut candidates = Vec::with_capacity(INPUTS + node);
        for from in 0..INPUTS + node {
            let row = &alpha[edge(node, from)];
            if let Some((value, operation)) = row.iter().zip(Operation::ALL).find(|(value, _)| !value.is_finite()) {
                return Err(Error::Alpha { node, from: Place::from_index(from), operation, value: *value });
            }
            let (operation, strength) = strongest(row);
            candidates.push((strength, Input { operation, from }));
        }
        // The sort is stable: equal strengths stay in the order of `from`.
        candidates.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        let (mut first, mut second) = (candidates[0].1, candidates[1].1);
        if first.from > second.from {
            std::mem::swap(&mut first, &mut second);
        }
        nodes.push([first, second]);
    }
    Ok(CellGenotype { nodes })
}

/// The operation of the largest softmax weight that is not zero, and that weight.
fn strongest(row: &[f32; 10]) -> (Operation, f64) {
    let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weights = row.map(|value| (f64::from(value) - f64::from(largest)).exp());
    let sum: f64 = weights.iter().sum();
    // By alpha and not by weight: far below the largest, different values have the same weight 0.
    let mut best = Operation::Conv3;
    for operation in Operation::ALL {
        if operation != Operation::Zero && row[operation.index()] > row[best.index()] {
            best = operation;
        }
    }
    (best, weights[best.index()] / sum)
}
