//! How bad a layout looks: boxes, labels and curves that meet, and what is bent or out of the middle.

use super::{Curve, Layout, Point, STEPS, Side, WIDTH};

/// Curves closer than this look like one.
const NEAR: Point = (8.0, 6.0);

impl Layout {
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
    pub(super) fn cost_of_entering(&self, target: usize) -> f64 {
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
    pub(super) fn cost_of_label(&self, index: usize) -> f64 {
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
