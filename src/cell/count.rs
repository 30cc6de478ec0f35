//! Parameters and multiply-adds of a network, from its shape alone.
//!
//! Parameters are what training changes: weights of convolutions (without bias), scales and shifts of batch normalisation
//! where it has them, and the head; running statistics are none, and alpha is counted apart. Multiply-adds are those of
//! convolutions and of the head for one beat in a forward pass, as papers count them; normalisation, pooling, activations and
//! sums are left out.

use serde::Serialize;

use super::{CellGenotype, CellKind, Error, Genotype, INPUTS, MAX_NODES, Operation, edges};

/// Channels that leave the preprocessing layer (section IV-C of the paper).
const STEM_CHANNELS: u64 = 32;
/// Samples that a kernel of the preprocessing layer looks at.
const STEM_KERNEL: u64 = 5;

/// What a network takes in, how large it is, and what it gives out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Shape {
    /// Leads of a beat.
    pub leads: usize,
    /// Samples of a beat.
    pub samples: usize,
    /// Channels of a node in the first cell; each reduction cell doubles them.
    pub channels: usize,
    /// Cells; the reduction cells stand at one and two thirds.
    pub layers: usize,
    /// Classes.
    pub classes: usize,
}

impl Shape {
    /// The paper's derived network for two leads of MIT-BIH: 300 samples, 16 channels, 15 cells, five classes.
    pub const DERIVED: Self = Self { leads: 2, samples: 300, channels: 16, layers: 15, classes: 5 };

    /// The paper's supernet for the same beats: 8 cells.
    pub const SUPERNET: Self = Self { layers: 8, ..Self::DERIVED };

    /// Bounds that keep every count inside 64 bits, generous for any network that could be trained.
    fn check(&self) -> Result<(), Error> {
        let bounds = [
            ("leads", self.leads, 10_000, "1 to 10 000"),
            ("samples", self.samples, 1_000_000, "1 to 1 000 000"),
            ("channels", self.channels, 2_048, "1 to 2 048"),
            ("layers", self.layers, 200, "1 to 200"),
            ("classes", self.classes, 10_000, "1 to 10 000"),
        ];
        match bounds.into_iter().find(|(_, found, most, _)| *found == 0 || found > most) {
            Some((what, found, _, expected)) => Err(Error::Shape { what, found, expected }),
            None => Ok(()),
        }
    }
}

/// Parameters and multiply-adds of a part of a network.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Parameters.
    pub parameters: u64,
    /// Multiply-adds for one beat.
    pub multiply_adds: u64,
}

impl std::ops::AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.parameters += other.parameters;
        self.multiply_adds += other.multiply_adds;
    }
}

/// One cell of the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct CellCount {
    /// Normal or reduction.
    pub kind: CellKind,
    /// Channels of each of its nodes.
    pub channels: u64,
    /// Samples that leave it.
    pub samples: u64,
    /// Its counts.
    #[serde(flatten)]
    pub count: Count,
}

/// What a network costs, in all and part by part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// All parameters without alpha.
    pub parameters: u64,
    /// All multiply-adds for one beat.
    pub multiply_adds: u64,
    /// Entries of alpha of both kinds of cell; 0 in a derived network.
    pub alpha: u64,
    /// The preprocessing layer.
    pub stem: Count,
    /// Cell by cell.
    pub cells: Vec<CellCount>,
    /// The linear layer that gives the logits.
    pub head: Count,
}

impl Counts {
    /// Numbers that leave the cells for one beat, which a training step keeps at least; `nodes` is how many a cell has.
    pub fn values(&self, nodes: usize) -> u64 {
        self.cells.iter().map(|cell| nodes as u64 * cell.channels * cell.samples).sum()
    }
}

/// Counts the derived network of a genotype. Its shortcuts have no parameters and no multiply-adds.
///
/// # Errors
/// [`Error::Cell`] and [`Error::Nodes`] when the genotype is not valid; [`Error::Shape`] for a number out of bounds.
pub fn counts(genotype: &Genotype, shape: &Shape) -> Result<Counts, Error> {
    genotype.check()?;
    shape.check()?;
    let cell = |place: CellPlace| derived_cell(genotype.cell(place.kind), place);
    Ok(network(shape, genotype.normal.nodes.len() as u64, 0, true, cell))
}

/// Counts the supernet whose cells have `nodes` nodes; batch normalisation inside its cells has no scale and shift.
///
/// # Errors
/// [`Error::Shape`] for a number out of bounds.
pub fn supernet_counts(nodes: usize, shape: &Shape) -> Result<Counts, Error> {
    shape.check()?;
    if nodes == 0 || nodes > MAX_NODES {
        return Err(Error::Shape { what: "nodes", found: nodes, expected: "1 to 8" });
    }
    let alpha = 2 * edges(nodes) * Operation::ALL.len();
    Ok(network(shape, nodes as u64, alpha as u64, false, |place| search_cell(nodes, place)))
}

/// Where a cell stands: what its operations see.
#[derive(Clone, Copy)]
struct CellPlace {
    kind: CellKind,
    /// Channels of a node.
    channels: u64,
    /// Samples of both inputs, once they are preprocessed.
    input: u64,
    /// Samples that leave it.
    output: u64,
}

fn network(shape: &Shape, nodes: u64, alpha: u64, affine: bool, cell: impl Fn(CellPlace) -> Count) -> Counts {
    let (leads, classes, layers) = (shape.leads as u64, shape.classes as u64, shape.layers);
    let halved = (shape.samples as u64).div_ceil(2);
    let mut stem = convolution(leads, STEM_CHANNELS, STEM_KERNEL, halved);
    stem += batch_norm(STEM_CHANNELS, true);
    let mut samples = halved.div_ceil(2);

    let (mut before_previous, mut previous, mut channels) = (STEM_CHANNELS, STEM_CHANNELS, shape.channels as u64);
    let mut cells = Vec::with_capacity(layers);
    for layer in 0..layers {
        let reduction = layer == layers / 3 || layer == 2 * layers / 3;
        let kind = if reduction { CellKind::Reduction } else { CellKind::Normal };
        channels *= if reduction { 2 } else { 1 };
        let output = if reduction { samples.div_ceil(2) } else { samples };
        // A factorised reduction has as many weights and multiply-adds as the plain 1x1 convolution, for half the samples.
        let mut count = convolution(before_previous, channels, 1, samples);
        count += convolution(previous, channels, 1, samples);
        count += batch_norm(channels, affine);
        count += batch_norm(channels, affine);
        count += cell(CellPlace { kind, channels, input: samples, output });
        cells.push(CellCount { kind, channels, samples: output, count });
        (before_previous, previous, samples) = (previous, nodes * channels, output);
    }
    let head = Count { parameters: previous * classes + classes, multiply_adds: previous * classes };

    let mut total = stem;
    cells.iter().for_each(|cell| total += cell.count);
    total += head;
    Counts { parameters: total.parameters, multiply_adds: total.multiply_adds, alpha, stem, cells, head }
}

fn derived_cell(cell: &CellGenotype, place: CellPlace) -> Count {
    let mut count = Count::default();
    cell.edges().for_each(|(_, input)| count += operation(input.operation, input.from, place, true));
    count
}

fn search_cell(nodes: usize, place: CellPlace) -> Count {
    let mut count = Count::default();
    for node in 0..nodes {
        for from in 0..INPUTS + node {
            Operation::ALL.into_iter().for_each(|candidate| count += operation(candidate, from, place, false));
        }
    }
    count
}

fn operation(operation: Operation, from: usize, place: CellPlace, affine: bool) -> Count {
    let channels = place.channels;
    let stride_two = place.kind == CellKind::Reduction && from < INPUTS;
    debug_assert!(stride_two || place.kind == CellKind::Reduction || place.input == place.output);
    let mut count = match operation.kernel() {
        Some(kernel) if operation.is_convolution() => convolution(channels, channels, kernel as u64, place.output),
        None if operation == Operation::Skip && stride_two => convolution(channels, channels, 1, place.output),
        Some(_) => Count::default(),
        None => return Count::default(),
    };
    count += batch_norm(channels, affine);
    count
}

/// A convolution without bias that gives `samples` samples.
fn convolution(channels_in: u64, channels_out: u64, kernel: u64, samples: u64) -> Count {
    let weights = channels_in * channels_out * kernel;
    Count { parameters: weights, multiply_adds: weights * samples }
}

fn batch_norm(channels: u64, affine: bool) -> Count {
    Count { parameters: if affine { 2 * channels } else { 0 }, multiply_adds: 0 }
}
