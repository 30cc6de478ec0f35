//! Drawings of both cells for papers and screens: SVG and PNG through plotters, and text for Graphviz.

mod dot;
mod layout;
mod paint;

use std::path::Path;

pub use dot::dot;

use super::{Error, Genotype};

/// Both cells as SVG text.
///
/// # Errors
/// [`Error::Cell`] and [`Error::Nodes`] when the genotype is not valid; [`Error::Drawing`].
pub fn svg(genotype: &Genotype) -> Result<String, Error> {
    let drawing = paint::Drawing::new(genotype)?;
    drawing.svg().map_err(|reason| Error::Drawing { path: "SVG".into(), reason })
}

/// Writes both cells as an SVG file, whole or not at all.
///
/// # Errors
/// As [`svg`]; [`Error::File`] when it cannot be written.
pub fn write_svg(genotype: &Genotype, path: &Path) -> Result<(), Error> {
    paint::Drawing::new(genotype)?.write_svg(path)
}

/// Writes both cells as a PNG file, 1920 pixels wide, whole or not at all.
///
/// # Errors
/// As [`write_svg`].
pub fn write_png(genotype: &Genotype, path: &Path) -> Result<(), Error> {
    paint::Drawing::new(genotype)?.write_png(path)
}
