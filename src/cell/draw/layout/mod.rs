//! Where everything of a cell is drawn: layers from left to right, rows, curves and their labels.
//!
//! A node stands one layer right of the last node it needs. Rows, bends of the curves and places of the labels are found by
//! trying: from several starts, one thing after another is moved to where the [`Layout::cost`] is least, until nothing
//! improves. Cells are small, so this takes a fraction of a second, and it is the same every time.

mod cost;
mod route;

use crate::cell::{CellGenotype, INPUTS};
use crate::support::random::Generator;

/// x to the right and y downwards, in units of which a drawing is [`WIDTH`] wide.
pub(super) type Point = (f64, f64);

/// Width of a drawing; a paper's column is 250 points wide, so one unit is about 0.4 points there.
pub(super) const WIDTH: f64 = 640.0;
/// Half the width and half the height of the box of an input or output, and of a node.
pub(super) const END: (f64, f64) = (30.0, 16.0);
pub(super) const NODE: (f64, f64) = (16.0, 16.0);
/// Between two rows.
const ROW: f64 = 44.0;
/// Left and right of everything.
const MARGIN: f64 = 12.0;
/// Points of a curve.
const STEPS: usize = 20;

const BENDS: [f64; 13] = [0.0, -20.0, 20.0, -40.0, 40.0, -60.0, 60.0, -80.0, 80.0, -105.0, 105.0, -130.0, 130.0];
const ROWS: [f64; 9] = [0.0, -0.5, 0.5, -1.0, 1.0, -1.5, 1.5, -2.0, 2.0];
const SHARES: [f64; 9] = [0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.2, 0.8];
const SIDES: [Side; 3] = [Side::Above, Side::On, Side::Below];

/// Where a label is, seen from its curve.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Side {
    Above,
    On,
    Below,
}

/// An axis-parallel box by its middle and half its size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Area {
    pub middle: Point,
    pub half: Point,
}

impl Area {
    /// The box without a rim.
    pub(super) fn shrunk(&self, rim: f64) -> Self {
        Self { half: (self.half.0 - rim, self.half.1 - rim), ..*self }
    }

    fn contains(&self, (x, y): Point, margin: f64) -> bool {
        (x - self.middle.0).abs() < self.half.0 + margin && (y - self.middle.1).abs() < self.half.1 + margin
    }

    fn overlap(&self, other: &Self, margin: f64) -> f64 {
        let along = |a: f64, b: f64, half: f64| (half + margin - (a - b).abs()).max(0.0);
        along(self.middle.0, other.middle.0, self.half.0 + other.half.0)
            * along(self.middle.1, other.middle.1, self.half.1 + other.half.1)
    }
}

/// One edge and how it is drawn.
#[derive(Debug, Clone)]
pub(super) struct Curve {
    pub source: usize,
    pub target: usize,
    /// The operation's name; none into the output.
    pub label: Option<&'static str>,
    /// From the source's box to the tip of the arrow.
    pub points: [Point; STEPS + 1],
    /// The label's box.
    pub label_area: Option<Area>,
    label_width: f64,
    bend: f64,
    share: f64,
    side: Side,
}

/// A cell's drawing. Places are in the order of [`crate::cell::CellGraph`]: inputs, nodes, output.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub places: Vec<Area>,
    pub curves: Vec<Curve>,
}

impl Layout {
    /// Lays out a valid cell; `width` measures a label.
    pub(super) fn new(cell: &CellGenotype, width: impl Fn(&str) -> f64) -> Self {
        let start = Self::start(cell, &width);
        let starts = if cell.nodes.len() <= 4 { 12 } else { 4 };
        let best = (0..starts).map(|seed| start.clone().improved(seed)).min_by(|(_, a), (_, b)| a.total_cmp(b));
        best.expect("at least one start").0
    }

    fn start(cell: &CellGenotype, width: &impl Fn(&str) -> f64) -> Self {
        let nodes = cell.nodes.len();
        let output = INPUTS + nodes;
        let mut layers = vec![0usize; output + 1];
        for (node, inputs) in cell.nodes.iter().enumerate() {
            layers[INPUTS + node] = 1 + inputs.iter().map(|input| layers[input.from]).max().unwrap_or_default();
        }
        let last = 1 + layers.iter().copied().max().unwrap_or_default();
        layers[output] = last;
        let step = (WIDTH - 2.0 * (MARGIN + END.0)) / last as f64;
        let places = layers.iter().enumerate().map(|(place, layer)| {
            let y = match place {
                0 => -0.75 * ROW,
                1 => 0.75 * ROW,
                _ => 0.0,
            };
            let half = if place < INPUTS || place == output { END } else { NODE };
            Area { middle: (MARGIN + END.0 + step * *layer as f64, y), half }
        });
        let curve = |source, target, label: Option<&'static str>| Curve {
            source,
            target,
            label_width: label.map_or(0.0, width),
            label,
            points: [(0.0, 0.0); STEPS + 1],
            label_area: None,
            bend: 0.0,
            share: 0.5,
            side: Side::Above,
        };
        let inner = cell.edges().map(|(node, i)| curve(i.from, INPUTS + node, Some(i.operation.name())));
        let outer = (0..nodes).map(|node| curve(INPUTS + node, output, None));
        Self { places: places.collect(), curves: inner.chain(outer).collect() }
    }

    /// The best that is found from one start, with its cost.
    fn improved(mut self, seed: u64) -> (Self, f64) {
        let movable = INPUTS..self.places.len();
        if seed > 0 {
            let mut generator = Generator::new(seed);
            for place in INPUTS..self.places.len() - 1 {
                self.places[place].middle.1 = ROWS[generator.below(ROWS.len())] * ROW;
            }
        }
        self.route();
        let mut best = self.cost();
        for _ in 0..8 {
            let before = best;
            for place in movable.clone() {
                for row in ROWS {
                    // With the bends as they are, and without those of its own edges.
                    for straight in [false, true] {
                        let mut other = self.clone();
                        other.places[place].middle.1 = row * ROW;
                        let own =
                            other.curves.iter_mut().filter(|c| straight && (c.source == place || c.target == place));
                        own.for_each(|curve| curve.bend = 0.0);
                        other.route();
                        self.take_if_better(other, &mut best);
                    }
                }
            }
            for index in 0..self.curves.len() {
                let target = self.curves[index].target;
                for bend in BENDS {
                    // Only the curves into the same box can change, because of the order in which they enter.
                    let (old, cost) = (self.clone(), self.cost_of_entering(target));
                    self.curves[index].bend = bend;
                    self.route_into(target);
                    if self.cost_of_entering(target) > cost - 1e-9 {
                        self = old;
                    }
                }
            }
            for index in 0..self.curves.len() {
                if self.curves[index].label.is_none() {
                    continue;
                }
                let mut least = self.cost_of_label(index);
                for (share, side) in SHARES.into_iter().flat_map(|share| SIDES.map(|side| (share, side))) {
                    let curve = &mut self.curves[index];
                    let old = (curve.share, curve.side);
                    (curve.share, curve.side) = (share, side);
                    self.place_label(index);
                    let cost = self.cost_of_label(index);
                    if cost < least - 1e-9 {
                        least = cost;
                    } else {
                        (self.curves[index].share, self.curves[index].side) = old;
                        self.place_label(index);
                    }
                }
            }
            best = self.cost();
            if best >= before - 1e-6 {
                break;
            }
        }
        (self, best)
    }

    fn take_if_better(&mut self, other: Self, best: &mut f64) {
        let cost = other.cost();
        if cost < *best - 1e-9 {
            (*self, *best) = (other, cost);
        }
    }

    /// Top and bottom of everything.
    pub(super) fn extent(&self) -> (f64, f64) {
        let areas = self.places.iter().chain(self.curves.iter().filter_map(|curve| curve.label_area.as_ref()));
        let areas = areas.flat_map(|area| [area.middle.1 - area.half.1, area.middle.1 + area.half.1]);
        let points = self.curves.iter().flat_map(|curve| curve.points.iter().map(|point| point.1));
        areas.chain(points).fold((f64::MAX, f64::MIN), |(low, high), y| (low.min(y), high.max(y)))
    }

    /// Pairs of labels, and of labels and boxes, that overlap.
    #[cfg(test)]
    pub(super) fn overlaps(&self) -> usize {
        let labels: Vec<&Area> = self.curves.iter().filter_map(|curve| curve.label_area.as_ref()).collect();
        let among = (0..labels.len()).flat_map(|i| (0..i).map(move |j| (i, j)));
        let among = among.filter(|&(i, j)| labels[i].overlap(labels[j], 0.0) > 0.0).count();
        let boxes = labels.iter().map(|label| self.places.iter().filter(|p| label.overlap(p, 0.0) > 0.0).count());
        among + boxes.sum::<usize>()
    }

    /// Curves that pass through a box that is not theirs.
    #[cfg(test)]
    pub(super) fn piercings(&self) -> usize {
        let through = |curve: &Curve| {
            let others = self.places.iter().enumerate().filter(|(i, _)| *i != curve.source && *i != curve.target);
            others.filter(|(_, place)| curve.points.iter().any(|point| place.contains(*point, 0.0))).count()
        };
        self.curves.iter().map(through).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cell::{Operation, derive_cell, edges};

    fn random_cell(generator: &mut Generator, nodes: usize) -> CellGenotype {
        let row = |generator: &mut Generator| std::array::from_fn(|_| generator.normal() as f32);
        let alpha: Vec<[f32; 10]> = (0..edges(nodes)).map(|_| row(generator)).collect();
        derive_cell(&alpha).unwrap()
    }

    /// The width of DejaVu Sans, wide enough for any sans serif.
    fn width(text: &str) -> f64 {
        10.5 * text.len() as f64
    }

    #[test]
    fn labels_and_boxes_keep_clear_of_each_other_in_random_cells() {
        let mut generator = Generator::new(4);
        for trial in 0..12 {
            let cell = random_cell(&mut generator, 4);
            let layout = Layout::new(&cell, width);
            assert_eq!((layout.overlaps(), layout.piercings()), (0, 0), "trial {trial}: {cell:?}");
        }
    }

    #[test]
    fn a_chain_and_a_bush_are_clear_too() {
        let input = |from| crate::cell::Input { operation: Operation::Conv13, from };
        let chain = CellGenotype { nodes: (0..4).map(|node| [input(node), input(node + 1)]).collect() };
        let bush = CellGenotype { nodes: (0..4).map(|_| [input(0), input(1)]).collect() };
        for cell in [chain, bush] {
            let layout = Layout::new(&cell, width);
            assert_eq!((layout.overlaps(), layout.piercings()), (0, 0), "{cell:?}");
        }
    }

    #[test]
    fn the_same_cell_is_drawn_the_same() {
        let cell = random_cell(&mut Generator::new(1), 4);
        assert_eq!(Layout::new(&cell, width).curves[3].points, Layout::new(&cell, width).curves[3].points);
    }
}
