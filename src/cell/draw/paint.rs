//! A layout on a plotters backend.

use std::fs;
use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::{
    BitMapBackend, DrawingArea, DrawingAreaErrorKind, DrawingBackend, IntoDrawingArea, PathElement, Polygon,
    SVGBackend, Text,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontDesc, FontFamily, FontStyle, RGBColor, ShapeStyle, TextStyle, WHITE};

use super::layout::{Area, Curve, Layout, Point, WIDTH};
use crate::cell::{CellKind, Error, Genotype, INPUTS, Place};
use crate::support::files::{self, FileError};
use crate::support::font;
use crate::support::picture::{OVERSAMPLING, average};

const INK: RGBColor = RGBColor(0x22, 0x22, 0x22);
const LINE: RGBColor = RGBColor(0x3d, 0x4a, 0x57);
const FAINT: RGBColor = RGBColor(0xa8, 0xae, 0xb4);
const INPUT: RGBColor = RGBColor(0xe3, 0xec, 0xd8);
const NODE: RGBColor = RGBColor(0xd6, 0xe4, 0xf2);
const OUTPUT: RGBColor = RGBColor(0xf6, 0xe7, 0xb8);

/// Heights of letters: of titles, labels, and what stands in boxes.
const TITLE: f64 = 21.0;
const LABEL: f64 = 20.0;
const IN_BOX: f64 = 22.0;
/// Length of an arrow's head.
const HEAD: f64 = 10.0;
/// Above a cell for its title, and below it.
const HEADROOM: f64 = 40.0;
const FOOTROOM: f64 = 14.0;

/// Pixels of a bitmap a unit; 1920 pixels are 560 a printed inch in a column.
const PIXELS: u32 = 3;
/// plotters writes whole numbers into SVG: units are this much finer there.
const SVG_FINENESS: u32 = 10;

/// Both cells, laid out.
pub(super) struct Drawing {
    panels: Vec<(CellKind, Layout)>,
}

/// How wide a label is.
fn label_width(text: &str) -> f64 {
    let font = FontDesc::new(FontFamily::Name(font::SANS), 100.0, FontStyle::Normal);
    // Asked at a large size: the answer is in whole pixels.
    font.box_size(text).map_or(0.0, |(width, _)| f64::from(width) * LABEL / 100.0) + 4.0
}

impl Drawing {
    pub(super) fn new(genotype: &Genotype) -> Result<Self, Error> {
        genotype.check()?;
        font::register();
        let panel = |kind| (kind, Layout::new(genotype.cell(kind), label_width));
        Ok(Self { panels: CellKind::ALL.map(panel).into() })
    }

    fn height(&self) -> f64 {
        let panel = |layout: &Layout| layout.extent().1 - layout.extent().0 + HEADROOM + FOOTROOM;
        self.panels.iter().map(|(_, layout)| panel(layout)).sum::<f64>().ceil()
    }

    pub(super) fn svg(&self) -> Result<String, String> {
        let (width, height) = (WIDTH as u32, self.height() as u32);
        let (large_width, large_height) = (width * SVG_FINENESS, height * SVG_FINENESS);
        let mut text = String::new();
        {
            let area = SVGBackend::with_string(&mut text, (large_width, large_height)).into_drawing_area();
            self.paint(&area, f64::from(SVG_FINENESS)).map_err(|error| error.to_string())?;
        }
        let large = format!("<svg width=\"{large_width}\" height=\"{large_height}\"");
        Ok(text.replacen(&large, &format!("<svg width=\"{width}\" height=\"{height}\""), 1))
    }

    /// Writes the PNG beside its target and renames it: plotters encodes into files only.
    pub(super) fn write_png(&self, path: &Path) -> Result<(), Error> {
        let failed = |reason: String| Error::Drawing { path: path.to_path_buf(), reason };
        let scale = PIXELS * OVERSAMPLING;
        let (width, height) = (WIDTH as u32 * scale, self.height() as u32 * scale);
        let mut large = vec![0; 3 * width as usize * height as usize];
        {
            let area = BitMapBackend::with_buffer(&mut large, (width, height)).into_drawing_area();
            self.paint(&area, f64::from(scale)).map_err(|error| failed(error.to_string()))?;
        }
        let (small, size) = average(&large, (width as usize, height as usize));
        let cannot_write = |source| FileError::Write { path: path.to_path_buf(), source };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(cannot_write)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let temporary = folder.join(format!(".{name}.{}.png", std::process::id()));
        let written = (|| {
            let mut backend = BitMapBackend::new(&temporary, size);
            backend.blit_bitmap((0, 0), size, &small).map_err(|error| failed(error.to_string()))?;
            backend.present().map_err(|error| failed(error.to_string()))?;
            Ok(fs::rename(&temporary, path).map_err(cannot_write)?)
        })();
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        written
    }

    pub(super) fn write_svg(&self, path: &Path) -> Result<(), Error> {
        let text = self.svg().map_err(|reason| Error::Drawing { path: path.to_path_buf(), reason })?;
        Ok(files::write_atomic(path, text.as_bytes())?)
    }

    fn paint<B: DrawingBackend>(
        &self,
        area: &DrawingArea<B, Shift>,
        scale: f64,
    ) -> Result<(), DrawingAreaErrorKind<B::ErrorType>> {
        area.fill(&WHITE)?;
        let mut top = 0.0;
        for (kind, layout) in &self.panels {
            let (low, high) = layout.extent();
            let canvas = Canvas { area, scale, down: top + HEADROOM - low };
            let title = match kind {
                CellKind::Normal => "Normal cell",
                CellKind::Reduction => "Reduction cell",
            };
            canvas.text(title, (12.0, low - HEADROOM + 18.0), TITLE, HPos::Left, FontStyle::Bold)?;
            canvas.cell(layout)?;
            top += high - low + HEADROOM + FOOTROOM;
        }
        area.present()
    }
}

struct Canvas<'a, B: DrawingBackend> {
    area: &'a DrawingArea<B, Shift>,
    scale: f64,
    /// Where y = 0 of a layout is.
    down: f64,
}

type Painted<B> = Result<(), DrawingAreaErrorKind<<B as DrawingBackend>::ErrorType>>;

impl<B: DrawingBackend> Canvas<'_, B> {
    fn at(&self, (x, y): Point) -> (i32, i32) {
        ((x * self.scale).round() as i32, ((y + self.down) * self.scale).round() as i32)
    }

    fn text(&self, text: &str, at: Point, size: f64, align: HPos, weight: FontStyle) -> Painted<B> {
        let font = FontDesc::new(FontFamily::Name(font::SANS), size * self.scale, weight);
        let style = TextStyle::from(font).color(&INK).pos(Pos::new(align, VPos::Center));
        self.area.draw(&Text::new(text, self.at(at), style))
    }

    fn line(&self, points: &[Point], colour: RGBColor, width: f64) -> Painted<B> {
        let stroke_width = (width * self.scale).round().max(1.0) as u32;
        let style = ShapeStyle { color: colour.to_rgba(), filled: false, stroke_width };
        self.area.draw(&PathElement::new(points.iter().map(|point| self.at(*point)).collect::<Vec<_>>(), style))
    }

    fn fill(&self, points: &[Point], colour: RGBColor) -> Painted<B> {
        let points: Vec<_> = points.iter().map(|point| self.at(*point)).collect();
        self.area.draw(&Polygon::new(points, colour.filled()))
    }

    fn cell(&self, layout: &Layout) -> Painted<B> {
        // What is labelled lies over what is not; labels lie over all lines, boxes over all.
        for curve in layout.curves.iter().filter(|curve| curve.label.is_none()) {
            self.curve(curve, FAINT)?;
        }
        for curve in layout.curves.iter().filter(|curve| curve.label.is_some()) {
            self.curve(curve, LINE)?;
        }
        for curve in &layout.curves {
            if let (Some(label), Some(area)) = (curve.label, &curve.label_area) {
                // Only a label on its line needs a ground; the rim must not cut a line that the label stands beside.
                self.fill(&corners(&area.shrunk(3.0)), WHITE)?;
                self.text(label, area.middle, LABEL, HPos::Center, FontStyle::Normal)?;
            }
        }
        let output = layout.places.len() - 1;
        for (index, area) in layout.places.iter().enumerate() {
            let (place, colour) = match index {
                _ if index == output => (Place::Output, OUTPUT),
                _ if index < INPUTS => (Place::Input(index), INPUT),
                _ => (Place::Node(index - INPUTS), NODE),
            };
            let outline = rounded(area, 6.0);
            self.fill(&outline, colour)?;
            self.line(&outline, LINE, 1.2)?;
            let (x, y) = area.middle;
            match place {
                Place::Node(node) => {
                    self.text(&node.to_string(), (x, y + 2.0), IN_BOX, HPos::Center, FontStyle::Normal)?
                }
                Place::Input(_) | Place::Output => {
                    let index = if let Place::Input(input) = place {
                        format!("k\u{2212}{}", INPUTS - input)
                    } else {
                        "k".into()
                    };
                    // The letter ends where the index begins, whatever font an SVG is shown with.
                    let middle = if matches!(place, Place::Output) { x + 2.0 } else { x - 9.0 };
                    self.text("c", (middle, y + 1.0), IN_BOX, HPos::Right, FontStyle::Normal)?;
                    self.text(&index, (middle + 1.0, y + 6.5), 0.72 * IN_BOX, HPos::Left, FontStyle::Normal)?;
                }
            }
        }
        Ok(())
    }

    fn curve(&self, curve: &Curve, colour: RGBColor) -> Painted<B> {
        let Some((&tip, line)) = curve.points.split_last() else { return Ok(()) };
        // The head lies along the last piece of the curve that is as long as it.
        let far = |point: &Point| (tip.0 - point.0).hypot(tip.1 - point.1) >= HEAD;
        let kept = line.iter().rposition(far).unwrap_or_default();
        let (dx, dy) = (tip.0 - line[kept].0, tip.1 - line[kept].1);
        let length = dx.hypot(dy).max(1e-9);
        let (ux, uy) = (dx / length, dy / length);
        let back = (tip.0 - HEAD * ux, tip.1 - HEAD * uy);
        let line: Vec<Point> = line[..=kept].iter().copied().chain([back]).collect();
        self.line(&line, colour, 1.7)?;
        let wing = |side: f64| (back.0 - side * 3.6 * uy, back.1 + side * 3.6 * ux);
        self.fill(&[tip, wing(1.0), wing(-1.0)], colour)
    }
}

fn corners(area: &Area) -> [Point; 4] {
    let ((x, y), (w, h)) = (area.middle, area.half);
    [(x - w, y - h), (x + w, y - h), (x + w, y + h), (x - w, y + h)]
}

/// The closed outline of a box with round corners.
fn rounded(area: &Area, radius: f64) -> Vec<Point> {
    let ((x, y), (w, h)) = (area.middle, (area.half.0 - radius, area.half.1 - radius));
    let centres = [(x + w, y + h), (x - w, y + h), (x - w, y - h), (x + w, y - h)];
    let mut points = Vec::new();
    for (quarter, centre) in centres.into_iter().enumerate() {
        for step in 0..=6 {
            let angle = std::f64::consts::FRAC_PI_2 * (quarter as f64 + f64::from(step) / 6.0);
            points.push((centre.0 + radius * angle.cos(), centre.1 + radius * angle.sin()));
        }
    }
    points.push(points[0]);
    points
}
