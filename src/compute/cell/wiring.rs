//! Which operation leads from which state to which node.

use candle_core::Result;

use super::super::arguments::wrong;
use super::NAME;

/// What lies on a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A convolution of an odd number of taps, 'same' padded, normalised and rectified.
    Convolution {
        /// Taps of the filter.
        taps: usize,
    },
    /// A max pool of an odd kernel, normalised.
    MaxPool {
        /// Samples under the pool.
        kernel: usize,
    },
    /// The state as it is; only in stride 1.
    Identity,
}

/// An operation from a state (0 and 1 are the cell's inputs, 2 its first node) to a node (from 0).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Path {
    /// Where it comes from.
    pub state: usize,
    /// Where it leads to.
    pub node: usize,
    /// What it does.
    pub kind: Kind,
    /// Its place among the mixing weights, see [`Coefficients`](super::Coefficients).
    pub weight: usize,
}

/// All paths of a cell, in the order of their nodes.
#[derive(Debug, Clone)]
pub struct Wiring {
    paths: Vec<Path>,
    nodes: usize,
    stride: usize,
    convolutions: Vec<Vec<Convolution>>,
    pools: Vec<Pools>,
    identities: Vec<Vec<Path>>,
    normalised: usize,
    pub(super) weights: usize,
    taps: usize,
}

/// A convolution from a state.
#[derive(Debug, Clone, Copy)]
pub(super) struct Convolution {
    pub node: usize,
    pub taps: usize,
    pub weight: usize,
    /// Its place among the normalisations.
    pub normal: usize,
    /// Taps of the filters before it.
    pub first_tap: usize,
}

/// The pools of a state: each kernel once, and the paths that use it.
#[derive(Debug, Clone, Default)]
pub(super) struct Pools {
    pub kernels: Vec<usize>,
    pub paths: Vec<PoolPath>,
}

/// A path through a pool.
#[derive(Debug, Clone, Copy)]
pub(super) struct PoolPath {
    pub node: usize,
    /// Which of the state's kernels.
    pub pool: usize,
    pub weight: usize,
    pub normal: usize,
}

impl Wiring {
    /// The wiring of `nodes` nodes by `paths`. In a cell of stride 2 the paths from the inputs halve the samples.
    ///
    /// # Errors
    /// When a path comes from a later state, leads nowhere or is out of the order of nodes, a kernel is even, the stride
    /// is neither 1 nor 2, or an identity should halve the samples.
    pub fn new(nodes: usize, stride: usize, paths: &[Path]) -> Result<Self> {
        if !matches!(stride, 1 | 2) {
            return wrong(NAME, format_args!("the stride must be 1 or 2, found {stride}"));
        }
        let states = nodes + 2;
        let mut wiring = Self {
            paths: paths.to_vec(),
            nodes,
            stride,
            convolutions: vec![Vec::new(); states],
            pools: vec![Pools::default(); states],
            identities: vec![Vec::new(); states],
            normalised: 0,
            weights: paths.iter().map(|path| path.weight + 1).max().unwrap_or_default(),
            taps: 0,
        };
        let mut before = 0;
        for path in paths {
            let &Path { state, node, kind, weight } = path;
            if node >= nodes || state > node + 1 || node < before {
                let expected = format_args!("nodes below {nodes} in order, each from states before it");
                return wrong(NAME, format_args!("a path from state {state} to node {node}; expected {expected}"));
            }
            before = node;
            let normal = wiring.normalised;
            match kind {
                Kind::Convolution { taps: kernel } | Kind::MaxPool { kernel } if kernel % 2 == 0 => {
                    return wrong(NAME, format_args!("kernels must be odd, found {kernel}"));
                }
                Kind::Convolution { taps } => {
                    let first_tap = wiring.taps;
                    wiring.convolutions[state].push(Convolution { node, taps, weight, normal, first_tap });
                    wiring.taps += taps;
                    wiring.normalised += 1;
                }
                Kind::MaxPool { kernel } => {
                    let Pools { kernels, paths } = &mut wiring.pools[state];
                    let known = kernels.iter().position(|&known| known == kernel);
                    let pool = known.unwrap_or_else(|| {
                        kernels.push(kernel);
                        kernels.len() - 1
                    });
                    paths.push(PoolPath { node, pool, weight, normal });
                    wiring.normalised += 1;
                }
                Kind::Identity if stride == 2 && state < 2 => {
                    return wrong(NAME, format_args!("an identity from input {state} cannot halve the samples"));
                }
                Kind::Identity => wiring.identities[state].push(*path),
            }
        }
        Ok(wiring)
    }

    /// The same without the paths whose place among the mixing weights is `dead`: they are neither computed nor have they moments
    /// or gradients. The places of the others, among weights, normalisations and filters, stay what they were.
    ///
    /// It is for [`cell`](super::cell) on the CPU; the plain one knows no places but those of the paths.
    #[must_use]
    pub fn without(&self, dead: impl Fn(usize) -> bool) -> Self {
        let mut rest = self.clone();
        rest.paths.retain(|path| !dead(path.weight));
        rest.convolutions.iter_mut().for_each(|all| all.retain(|convolution| !dead(convolution.weight)));
        rest.identities.iter_mut().for_each(|all| all.retain(|path| !dead(path.weight)));
        for Pools { kernels, paths } in &mut rest.pools {
            paths.retain(|path| !dead(path.weight));
            let used: Vec<usize> = (0..kernels.len()).filter(|at| paths.iter().any(|path| path.pool == *at)).collect();
            paths.iter_mut().for_each(|path| path.pool = used.partition_point(|at| *at < path.pool));
            *kernels = used.iter().map(|at| kernels[*at]).collect();
        }
        rest
    }

    /// All of them, in the order of their nodes.
    pub fn paths(&self) -> &[Path] {
        &self.paths
    }

    /// Taps of the filters before those of normalisation `normal`.
    pub fn first_tap(&self, normal: usize) -> usize {
        let normalised = self.paths.iter().filter(|path| path.kind != Kind::Identity);
        let taps = |path: &Path| if let Kind::Convolution { taps } = path.kind { taps } else { 0 };
        normalised.take(normal).map(taps).sum()
    }

    /// Inner nodes.
    pub fn nodes(&self) -> usize {
        self.nodes
    }

    /// Of the paths from the inputs.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// Batch normalisations: one a convolution and one a pool, in the order of the paths.
    pub fn normalised(&self) -> usize {
        self.normalised
    }

    /// Taps of all convolutions, in the order of the paths.
    pub fn taps(&self) -> usize {
        self.taps
    }

    /// Mixing weights: one more than the largest place.
    pub fn weights(&self) -> usize {
        self.weights
    }

    pub(super) fn states(&self) -> usize {
        self.nodes + 2
    }

    /// Convolutions from a state, in the order of their nodes.
    pub(super) fn convolutions(&self, state: usize) -> &[Convolution] {
        &self.convolutions[state]
    }

    /// Those of them that lead to a node, as a range.
    pub(super) fn convolutions_to(&self, state: usize, node: usize) -> std::ops::Range<usize> {
        let all = &self.convolutions[state];
        all.partition_point(|c| c.node < node)..all.partition_point(|c| c.node <= node)
    }

    pub(super) fn pools(&self, state: usize) -> &Pools {
        &self.pools[state]
    }

    pub(super) fn identities(&self, state: usize) -> &[Path] {
        &self.identities[state]
    }
}
