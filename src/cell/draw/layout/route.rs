//! The curves of a layout and the places of their labels.

use super::{Area, Layout, Point, STEPS, Side};
use crate::cell::INPUTS;

/// Height of a label's box.
const LABEL_HEIGHT: f64 = 18.0;

impl Layout {
    /// Computes all curves and labels from rows, bends and sides.
    pub(super) fn route(&mut self) {
        (INPUTS..self.places.len()).for_each(|target| self.route_into(target));
    }

    pub(super) fn route_into(&mut self, target: usize) {
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

    pub(super) fn place_label(&mut self, index: usize) {
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
}
