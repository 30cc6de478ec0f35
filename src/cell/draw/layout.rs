//! Where everything of a cell is drawn: layers from left to right, rows, curves and their labels.
//!
//! A node stands one layer right of the last node it needs. Rows, bends of the curves and places of the labels are found by
//! trying: from several starts, one thing after another is moved to where the [`Layout::cost`] is least, until nothing
//! improves. Cells are small, so this takes a fraction of a second, and it is the same every time.

use crate::cell::{CellGenotype, INPUTS};
use crate::support::random::Generator;

/// x to the right and y downwards, in units of which a drawing is [`WIDTH`] wide.
pub(super) type Point = (f64, f64);

/// Width of a drawing; a paper's column is 250 points wide, so one unit is about 0.4 points there.
pub(super) const WIDTH: f64 = 640.0;
/// Half the width and half the height of the box of an input or output, and of a node.
pub(super) const END: (f64, f64) = (30.0, 16.0);
pub(super) const NODE: (f64, f64) = (16.0, 16.0);
/// Height of a label's box.
const LABEL_HEIGHT: f64 = 18.0;
/// Between two rows.
const ROW: f64 = 44.0;
/// Left and right of everything.
const MARGIN: f64 = 12.0;
/// Points of a curve.
const STEPS: usize = 20;
/// Curves closer than this look like one.
const NEAR: Point = (8.0, 6.0);

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

    /// Computes all curves and labels from rows, bends and sides.
    fn route(&mut self) {
        (INPUTS..self.places.len()).for_each(|target| self.route_into(target));
    }

    fn route_into(&mut self, target: usize) {
        // Edges enter a box one above the other in the order in which they arrive, so that they do not cross there.
        let mut entering: Vec<usize> =
            (0..self.curves.len()).filter(|&curve| self.curves[curve].target == target).collect();
        let height = |curve: usize| {
            let curve = &self.curves[curve];
            let (from, to) = (self.places[curve.source].middle, self.places[target].middle);
            (from.1 - to.1) / (to.0 - from.0).max(1.0) + 4.0 * curve.bend / (to.0 - from.0).max(1.0)
        };
        entering.sort_by(|&a, &b| height(a).total_cmp(&height(b)));
        let count = entering.len();
        for (order, index) in entering.into_iter().enumerate() {
            let spread = 2.0 * 8.0;
            let offset = if count > 1 { spread * (order as f64 / (count - 1) as f64 - 0.5) } else { 0.0 };
            self.curves[index].points = self.curve(index, offset);
            self.place_label(index);
        }
    }

    /// A cubic Bezier curve from box to box.
    fn curve(&self, index: usize, offset: f64) -> [Point; STEPS + 1] {
        let curve = &self.curves[index];
        let (source, target) = (self.places[curve.source], self.places[curve.target]);
        let start = (source.middle.0 + source.half.0, source.middle.1);
        let tip = (target.middle.0 - target.half.0, target.middle.1 + offset);
        let (dx, dy) = (tip.0 - start.0, tip.1 - start.1);
        let first = (start.0 + 0.3 * dx, start.1 + 0.15 * dy + curve.bend);
        let second = (tip.0 - 0.3 * dx, tip.1 - 0.15 * dy + curve.bend);
        std::array::from_fn(|step| {
            let t = step as f64 / STEPS as f64;
            let u = 1.0 - t;
            let mix = |a: f64, b: f64, c: f64, d: f64| {
                u * u * u * a + 3.0 * u * u * t * b + 3.0 * u * t * t * c + t * t * t * d
            };
            (mix(start.0, first.0, second.0, tip.0), mix(start.1, first.1, second.1, tip.1))
        })
    }

    fn place_label(&mut self, index: usize) {
        let curve = &mut self.curves[index];
        if curve.label.is_none() {
            return;
        }
        let place = ((curve.points.len() - 1) as f64 * curve.share) as usize;
        let ((ax, ay), (bx, by)) = (curve.points[place], curve.points[place + 1]);
        let half = (curve.label_width / 2.0, LABEL_HEIGHT / 2.0);
        // As far along the normal as the box needs to leave the line.
        let length = (bx - ax).hypot(by - ay).max(1e-9);
        let normal = ((by - ay) / length, -(bx - ax) / length);
        let distance = normal.0.abs() * half.0 + normal.1.abs() * half.1 + 1.0;
        let distance = match curve.side {
            Side::Above => distance,
            Side::On => 0.0,
            Side::Below => -distance,
        };
        curve.label_area = Some(Area { middle: (ax + normal.0 * distance, ay + normal.1 * distance), half });
    }

    /// How bad it looks.
    pub(super) fn cost(&self) -> f64 {
        let mut cost = 0.0;
        for (index, place) in self.places.iter().enumerate() {
            cost += 0.03 * place.middle.1.abs();
            let others = self.places[..index].iter();
            cost += others.map(|other| if place.overlap(other, 18.0) > 0.0 { 500.0 } else { 0.0 }).sum::<f64>();
        }
        for (index, curve) in self.curves.iter().enumerate() {
            cost += self.cost_alone(curve);
            cost += self.curves[..index]
                .iter()
                .map(|other| cost_of_labels(curve, other) + cost_of_lines(curve, other))
                .sum::<f64>();
        }
        cost
    }

    /// The part of the cost that changes with the curves into one box.
    fn cost_of_entering(&self, target: usize) -> f64 {
        let mut cost = 0.0;
        for (index, curve) in self.curves.iter().enumerate().filter(|(_, curve)| curve.target == target) {
            cost += self.cost_alone(curve);
            // Pairs inside the box's own curves count once.
            let others = self.curves.iter().enumerate().filter(|(i, other)| other.target != target || *i < index);
            cost += others.map(|(_, other)| cost_of_labels(curve, other) + cost_of_lines(curve, other)).sum::<f64>();
        }
        cost
    }

    /// The part of the cost that changes with the label of one curve.
    fn cost_of_label(&self, index: usize) -> f64 {
        let curve = &self.curves[index];
        let others = self.curves.iter().enumerate().filter(|(other, _)| *other != index);
        self.cost_alone(curve) + others.map(|(_, other)| cost_of_labels(curve, other)).sum::<f64>()
    }

    fn cost_alone(&self, curve: &Curve) -> f64 {
        let length: f64 = curve.points.windows(2).map(|p| (p[1].0 - p[0].0).hypot(p[1].1 - p[0].1)).sum();
        let span = (curve.points[STEPS].0 - curve.points[0].0).max(1.0);
        let mut cost = 0.08 * curve.bend.abs() + 0.03 * length + 20.0 * (curve.bend / span).powi(2);
        for (index, place) in self.places.iter().enumerate() {
            if index != curve.source && index != curve.target {
                let inside = curve.points.iter().filter(|point| place.contains(**point, 7.0)).count();
                cost += 60.0 * inside as f64;
            }
            if let Some(label) = &curve.label_area {
                cost += if label.overlap(place, 3.0) > 0.0 { 250.0 } else { 0.0 };
            }
        }
        if let Some(label) = &curve.label_area {
            cost += 12.0 * (curve.share - 0.5).abs();
            let hidden = curve.points.windows(2).filter(|p| label.contains(p[0], 1.0)).count() as f64;
            // A label on its line leaves it to be guessed behind; on steep lines this is little.
            cost += if curve.side == Side::On { 3.0 + 1.2 * hidden } else { 4.0 * hidden };
            let (x, half) = (label.middle.0, label.half.0);
            cost += if x - half < 2.0 || x + half > WIDTH - 2.0 { 250.0 } else { 0.0 };
        }
        cost
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

/// What labels cost two curves.
fn cost_of_labels(a: &Curve, b: &Curve) -> f64 {
    let mut cost = 0.0;
    if let (Some(one), Some(other)) = (&a.label_area, &b.label_area) {
        let overlap = one.overlap(other, 4.0);
        cost += if overlap > 0.0 { 250.0 + overlap } else { 0.0 };
    }
    for (label, curve) in [(&a.label_area, b), (&b.label_area, a)] {
        if let Some(label) = label {
            cost += 18.0 * curve.points.iter().filter(|point| label.contains(**point, 8.0)).count() as f64;
        }
    }
    cost
}

/// What crossing and running side by side cost two curves.
fn cost_of_lines(a: &Curve, b: &Curve) -> f64 {
    let mut cost = 0.0;
    // Both run from left to right, so a segment can only meet those of the other that have its x.
    let mut first = 0;
    for (i, p) in a.points.windows(2).enumerate() {
        while first + 1 < b.points.len() && b.points[first + 1].0 < p[0].0 - NEAR.0 {
            first += 1;
        }
        for (j, q) in b.points.windows(2).enumerate().skip(first).take_while(|(_, q)| q[0].0 <= p[1].0 + NEAR.0) {
            if cross(p, q) {
                cost += 14.0;
            }
            // Curves that run side by side look like one, but those of one box have to begin or end together.
            let (near_start, near_end) = (i + j < 2 * STEPS / 5, i + j > 3 * STEPS / 2);
            let shared = (a.source == b.source && near_start) || (a.target == b.target && near_end);
            if !shared && (p[0].0 - q[0].0).abs() < NEAR.0 && (p[0].1 - q[0].1).abs() < NEAR.1 {
                cost += 3.0;
            }
        }
    }
    cost
}

/// Whether two segments cross, ends excluded.
fn cross(p: &[Point], q: &[Point]) -> bool {
    let apart = |a: f64, b: f64, c: f64, d: f64| a.max(b) < c.min(d) || c.max(d) < a.min(b);
    if apart(p[0].0, p[1].0, q[0].0, q[1].0) || apart(p[0].1, p[1].1, q[0].1, q[1].1) {
        return false;
    }
    let turn = |a: Point, b: Point, c: Point| (b.0 - a.0) * (c.1 - a.1) - (b.1 - a.1) * (c.0 - a.0);
    turn(p[0], p[1], q[0]) * turn(p[0], p[1], q[1]) < -1e-9 && turn(q[0], q[1], p[0]) * turn(q[0], q[1], p[1]) < -1e-9
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
