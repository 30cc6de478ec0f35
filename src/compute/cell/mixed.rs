//! The supernet's cell: all ten operations on each of its 14 edges, mixed by the softmax of alpha.

use std::sync::{Arc, OnceLock};

use candle_core::Result;

use super::wiring::{Kind, Path, Wiring};

/// Taps of the six convolutions of an edge, in the order of their filters and of their weights.
pub const TAPS: [usize; 6] = [3, 5, 9, 13, 17, 27];
/// Kernels of the two max pools, whose weights follow; then come skip and zero.
pub const POOLS: [usize; 2] = [3, 5];
/// Taps of all convolutions of an edge.
pub const ALL_TAPS: usize = 74;
/// Operations of an edge that are normalised: the convolutions and the pools.
pub const NORMALISED: usize = TAPS.len() + POOLS.len();
/// Operations of an edge.
pub const OPERATIONS: usize = NORMALISED + 2;
/// Inner nodes of a cell.
pub const NODES: usize = 4;
/// Edges of a cell: the first node reads two states, the next three, and so on.
pub const EDGES: usize = 14;
/// Normalisations of a cell.
pub const MIXED_NORMALISED: usize = EDGES * NORMALISED;

/// The place of the edge from a state to a node, in the order of a genotype.
pub fn edge(node: usize, state: usize) -> usize {
    node * (node + 3) / 2 + state
}

/// The wiring of a supernet's cell: weights are `[14, 10]` (edge after edge: conv3, conv5, conv9, conv13, conv17, conv27,
/// max3, max5, skip, zero), filters `[14 · 74, channels, channels]`, eight normalisations an edge.
///
/// 'zero' adds nothing. In stride 2 the edges from the inputs have no skip: what replaces it has weights of its own and is
/// handed in to be added to the nodes.
///
/// # Errors
/// When the stride is neither 1 nor 2.
pub fn mixed_wiring(stride: usize) -> Result<Arc<Wiring>> {
    static KNOWN: [OnceLock<Arc<Wiring>>; 2] = [const { OnceLock::new() }; 2];
    if let Some(known) = KNOWN.get(stride.wrapping_sub(1)).and_then(OnceLock::get) {
        return Ok(known.clone());
    }
    let mut paths = Vec::with_capacity(EDGES * OPERATIONS);
    for node in 0..NODES {
        for state in 0..node + 2 {
            let first = edge(node, state) * OPERATIONS;
            let convolutions = TAPS.into_iter().map(|taps| Kind::Convolution { taps });
            let pools = POOLS.into_iter().map(|kernel| Kind::MaxPool { kernel });
            let identity = (stride == 1 || state >= 2).then_some(Kind::Identity);
            let kinds = convolutions.chain(pools).chain(identity).enumerate();
            paths.extend(kinds.map(|(i, kind)| Path { state, node, kind, weight: first + i }));
        }
    }
    let mut wiring = Wiring::new(NODES, stride, &paths)?;
    // 'zero' has no path, but a weight.
    wiring.weights = EDGES * OPERATIONS;
    let wiring = Arc::new(wiring);
    Ok(KNOWN[stride - 1].get_or_init(|| wiring).clone())
}

const _: () = assert!(EDGES == NODES * (NODES + 3) / 2);
