//! A picture as a list of shapes, and its way into a file.

use std::fs;
use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::{
    BitMapBackend, Circle, DrawingArea, DrawingAreaErrorKind, DrawingBackend, IntoDrawingArea, PathElement, Polygon,
    Rectangle, SVGBackend, Text,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{
    Color, FontDesc, FontFamily, FontStyle, FontTransform, RGBAColor, RGBColor, ShapeStyle, TextStyle,
};

use super::Error;
use super::style::{Colour, INK, PAPER};
use crate::support::files::{self, FileError};
use crate::support::font;
use crate::support::picture::{OVERSAMPLING, average};

/// A point, x to the right and y downwards.
pub(super) type Point = (f64, f64);

#[derive(Debug, Clone)]
enum Shape {
    Line { points: Vec<Point>, colour: Colour, opacity: f64, width: f64 },
    Area { points: Vec<Point>, colour: Colour, opacity: f64 },
    Box { from: Point, to: Point, colour: Colour },
    Dot { at: Point, radius: f64, colour: Colour },
    Letters(Letters),
}

/// Where a text lies from its point: horizontally.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Align {
    /// It starts there.
    Left,
    /// It is in the middle.
    Centre,
    /// It ends there.
    Right,
}

/// A text, vertically centred on its point.
#[derive(Debug, Clone)]
pub(super) struct Letters {
    pub text: String,
    pub at: Point,
    pub size: f64,
    pub align: Align,
    pub colour: Colour,
    pub bold: bool,
    /// Written upwards.
    pub upwards: bool,
}

impl Letters {
    pub(super) fn new(text: impl Into<String>, at: Point, size: f64) -> Self {
        Self { text: text.into(), at, size, align: Align::Left, colour: INK, bold: false, upwards: false }
    }

    pub(super) fn align(self, align: Align) -> Self {
        Self { align, ..self }
    }

    pub(super) fn colour(self, colour: Colour) -> Self {
        Self { colour, ..self }
    }

    pub(super) fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    pub(super) fn upwards(self) -> Self {
        Self { upwards: true, ..self }
    }

    /// Left, top, right and bottom of the ink, roughly.
    #[cfg(test)]
    pub(super) fn bounds(&self) -> [f64; 4] {
        let (length, thickness) = (text_width(&self.text, self.size), 0.72 * self.size);
        let before = match self.align {
            Align::Left => 0.0,
            Align::Centre => length / 2.0,
            Align::Right => length,
        };
        let (x, y) = self.at;
        if self.upwards {
            [x - thickness / 2.0, y - length + before, x + thickness / 2.0, y + before]
        } else {
            [x - before, y - thickness / 2.0, x - before + length, y + thickness / 2.0]
        }
    }
}

/// How wide a text is in letters of a size.
pub(super) fn text_width(text: &str, size: f64) -> f64 {
    font::register();
    // Asked at a large size: the answer is in whole pixels.
    let font = FontDesc::new(FontFamily::Name(font::SANS), 100.0, FontStyle::Normal);
    font.box_size(text).map_or(0.0, |(width, _)| f64::from(width) * size / 100.0)
}

/// A picture that is being drawn.
#[derive(Debug, Clone)]
pub(super) struct Sheet {
    width: f64,
    height: f64,
    shapes: Vec<Shape>,
}

impl Sheet {
    pub(super) fn new(width: f64, height: f64) -> Self {
        Self { width: width.ceil(), height: height.ceil(), shapes: Vec::new() }
    }

    pub(super) fn line(&mut self, points: impl IntoIterator<Item = Point>, colour: Colour, width: f64) {
        self.faint_line(points, colour, 1.0, width);
    }

    pub(super) fn faint_line(
        &mut self,
        points: impl IntoIterator<Item = Point>,
        colour: Colour,
        opacity: f64,
        width: f64,
    ) {
        let points: Vec<Point> = points.into_iter().collect();
        if points.len() > 1 {
            self.shapes.push(Shape::Line { points, colour, opacity, width });
        }
    }

    /// A dashed line between two points.
    pub(super) fn dashes(&mut self, from: Point, to: Point, colour: Colour, width: f64) {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let count = (dx.hypot(dy) / 14.0).max(1.0);
        for i in 0..count as usize {
            let at = |place: f64| (from.0 + dx * place / count, from.1 + dy * place / count);
            self.line([at(i as f64), at(i as f64 + 0.55)], colour, width);
        }
    }

    pub(super) fn area(&mut self, points: Vec<Point>, colour: Colour, opacity: f64) {
        self.shapes.push(Shape::Area { points, colour, opacity });
    }

    pub(super) fn rectangle(&mut self, from: Point, to: Point, colour: Colour) {
        self.shapes.push(Shape::Box { from, to, colour });
    }

    pub(super) fn dot(&mut self, at: Point, radius: f64, colour: Colour) {
        self.shapes.push(Shape::Dot { at, radius, colour });
    }

    pub(super) fn letters(&mut self, letters: Letters) {
        self.shapes.push(Shape::Letters(letters));
    }

    /// All texts.
    #[cfg(test)]
    pub(super) fn texts(&self) -> impl Iterator<Item = &Letters> {
        self.shapes.iter().filter_map(|shape| match shape {
            Shape::Letters(letters) => Some(letters),
            _ => None,
        })
    }

    /// Width and height.
    #[cfg(test)]
    pub(super) fn size(&self) -> (f64, f64) {
        (self.width, self.height)
    }

    /// Writes the picture, whole or not at all; the extension says as what.
    pub(super) fn save(&self, path: &Path) -> Result<(), Error> {
        font::register();
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
        match extension.as_deref() {
            Some("svg") => self.save_svg(path),
            Some("png") => self.save_png(path),
            _ => Err(Error::Extension {
                path: path.to_path_buf(),
                found: extension.map_or_else(|| "none".into(), |extension| format!("`.{extension}`")),
            }),
        }
    }

    fn large_size(&self) -> (u32, u32) {
        (self.width as u32 * OVERSAMPLING, self.height as u32 * OVERSAMPLING)
    }

    fn save_svg(&self, path: &Path) -> Result<(), Error> {
        let (width, height) = self.large_size();
        let mut text = String::new();
        {
            let area = SVGBackend::with_string(&mut text, (width, height)).into_drawing_area();
            self.paint(&area, false).map_err(|error| draw_error(path, &error))?;
        }
        // Shown at half of the bitmap's size, so that letters are as large as those of the text around it.
        let shown = format!("<svg width=\"{}\" height=\"{}\"", self.width / 2.0, self.height / 2.0);
        let text = text.replacen(&format!("<svg width=\"{width}\" height=\"{height}\""), &shown, 1);
        Ok(files::write_atomic(path, text.as_bytes())?)
    }

    /// The picture as an element of an HTML page, which gives it its width: no ground of its own, and colours that the page's
    /// style maps by their value ([`super::style::THEME`]). `label` is read out to whoever cannot see it.
    pub(super) fn inline(&self, label: &str) -> Result<String, Error> {
        font::register();
        let size = self.large_size();
        let mut text = String::new();
        {
            let area = SVGBackend::with_string(&mut text, size).into_drawing_area();
            self.shapes(&area, false).map_err(|error| draw_error(Path::new(label), &error))?;
        }
        Ok(as_element(&text, label))
    }

    fn save_png(&self, path: &Path) -> Result<(), Error> {
        let (width, height) = self.large_size();
        let mut large = vec![0; 3 * width as usize * height as usize];
        {
            let area = BitMapBackend::with_buffer(&mut large, (width, height)).into_drawing_area();
            self.paint(&area, true).map_err(|error| draw_error(path, &error))?;
        }
        let (small, size) = average(&large, (width as usize, height as usize));
        // plotters encodes into files only: into one beside the target, which then takes its place.
        let write_failed = |source| FileError::Write { path: path.to_path_buf(), source };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(write_failed)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let temporary = folder.join(format!(".{name}.{}.png", std::process::id()));
        let written = (|| {
            let mut backend = BitMapBackend::new(&temporary, size);
            backend.blit_bitmap((0, 0), size, &small).map_err(|error| draw_error(path, &error))?;
            backend.present().map_err(|error| draw_error(path, &error))?;
            Ok(fs::rename(&temporary, path).map_err(write_failed)?)
        })();
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        written
    }

    fn paint<B: DrawingBackend>(
        &self,
        area: &DrawingArea<B, Shift>,
        bitmap: bool,
    ) -> Result<(), DrawingAreaErrorKind<B::ErrorType>> {
        area.fill(&RGBColor(PAPER.0, PAPER.1, PAPER.2))?;
        self.shapes(area, bitmap)
    }

    fn shapes<B: DrawingBackend>(
        &self,
        area: &DrawingArea<B, Shift>,
        bitmap: bool,
    ) -> Result<(), DrawingAreaErrorKind<B::ErrorType>> {
        let scale = f64::from(OVERSAMPLING);
        let place = |(x, y): Point| ((x * scale).round() as i32, (y * scale).round() as i32);
        let ink = |(r, g, b): Colour, opacity: f64| -> RGBAColor { RGBColor(r, g, b).mix(opacity) };
        for shape in &self.shapes {
            match shape {
                Shape::Line { points, colour, opacity, width } => {
                    let style = ShapeStyle {
                        color: ink(*colour, *opacity),
                        filled: false,
                        stroke_width: (width * scale).round().max(1.0) as u32,
                    };
                    let points: Vec<_> = points.iter().copied().map(place).collect();
                    // Bitmaps fill the outline of a thick line, which leaves holes where it turns sharply: opaque ones
                    // are drawn piece by piece, with round joints.
                    if bitmap && *opacity == 1.0 && points.len() > 2 && style.stroke_width > 2 {
                        for pair in points.windows(2) {
                            area.draw(&PathElement::new(pair.to_vec(), style))?;
                        }
                        for point in &points[1..points.len() - 1] {
                            let radius = (style.stroke_width as i32 - 1) / 2;
                            area.draw(&Circle::new(*point, radius, style.color.filled()))?;
                        }
                    } else {
                        area.draw(&PathElement::new(points, style))?;
                    }
                }
                Shape::Area { points, colour, opacity } => {
                    let points: Vec<_> = points.iter().copied().map(place).collect();
                    area.draw(&Polygon::new(points, ink(*colour, *opacity).filled()))?;
                }
                Shape::Box { from, to, colour } => {
                    area.draw(&Rectangle::new([place(*from), place(*to)], ink(*colour, 1.0).filled()))?;
                }
                Shape::Dot { at, radius, colour } => {
                    area.draw(&Circle::new(place(*at), (radius * scale).round() as i32, ink(*colour, 1.0).filled()))?;
                }
                Shape::Letters(letters) => {
                    let weight = if letters.bold { FontStyle::Bold } else { FontStyle::Normal };
                    let mut font = FontDesc::new(FontFamily::Name(font::SANS), letters.size * scale, weight);
                    if letters.upwards {
                        font = font.transform(FontTransform::Rotate270);
                    }
                    let horizontal = match letters.align {
                        Align::Left => HPos::Left,
                        Align::Centre => HPos::Center,
                        Align::Right => HPos::Right,
                    };
                    let colour = ink(letters.colour, 1.0);
                    let style = TextStyle::from(font).color(&colour).pos(Pos::new(horizontal, VPos::Center));
                    // In bitmaps plotters centres the line's whole height, whose middle is above that of the digits.
                    let drop = if bitmap { 0.12 * letters.size } else { 0.0 };
                    let (x, y) = letters.at;
                    let at = if letters.upwards { (x + drop, y) } else { (x, y + drop) };
                    area.draw(&Text::new(letters.text.as_str(), place(at), style))?;
                }
            }
        }
        area.present()
    }
}

/// An SVG file as an element of an HTML page: without the size and the name space that only a file needs.
pub(super) fn as_element(file: &str, label: &str) -> String {
    let view = file.find("viewBox=").map_or("", |at| &file[at..]);
    let view = view.split('"').nth(1).unwrap_or_default();
    let shapes = file.find('>').map_or("", |end| &file[end + 1..]);
    let label = label.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    format!("<svg viewBox=\"{view}\" role=\"img\" aria-label=\"{label}\">{shapes}")
}

fn draw_error(path: &Path, error: &dyn std::error::Error) -> Error {
    Error::Draw { path: path.to_path_buf(), message: error.to_string() }
}

/// Every text lies on the sheet and apart from all others.
#[cfg(test)]
pub(super) fn assert_legible(sheet: &Sheet) {
    let (width, height) = sheet.size();
    let texts: Vec<&Letters> = sheet.texts().filter(|letters| !letters.text.is_empty()).collect();
    for (i, letters) in texts.iter().enumerate() {
        let [left, top, right, bottom] = letters.bounds();
        let inside = left >= 0.0 && top >= 0.0 && right <= width && bottom <= height;
        assert!(inside, "{:?} at {:?} leaves the sheet of {width} x {height}", letters.text, letters.bounds());
        for other in &texts[..i] {
            let [l, t, r, b] = other.bounds();
            let apart = right <= l || r <= left || bottom <= t || b <= top;
            assert!(
                apart,
                "{:?} at {:?} lies on {:?} at {:?}",
                letters.text,
                letters.bounds(),
                other.text,
                other.bounds()
            );
        }
    }
}
