//! Annotations: labelled positions in a record.

use std::borrow::Cow;
use std::path::Path;

use super::{Code, Result, annotation_bytes};
use crate::support::files;

/// The largest annotation file that is read: some eight million annotations.
const LIMIT: u64 = 16 << 20;

/// A label on a position of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation {
    /// The position, in samples (frames) from 0.
    pub sample: u64,
    /// What is there.
    pub code: Code,
    /// `SUB`: a finer distinction, whose meaning depends on the code (noise in each lead, for `~`).
    pub subtype: i8,
    /// `CHN`: the signal that it is about.
    pub channel: u8,
    /// `NUM`: a number that the annotator chose.
    pub number: i8,
    /// `AUX`: at most 255 bytes, such as the rhythm `(AFIB` for `+`; often with a NUL at the end. See [`note`](Self::note).
    pub aux: Vec<u8>,
}

impl Annotation {
    /// An annotation with nothing but a place and a code.
    pub const fn new(sample: u64, code: Code) -> Self {
        Self { sample, code, subtype: 0, channel: 0, number: 0, aux: Vec::new() }
    }

    /// The auxiliary text without the NULs at its end; bytes are taken as Latin-1.
    pub fn note(&self) -> String {
        self.aux.iter().map(|byte| char::from(*byte)).collect::<String>().trim_end_matches('\0').to_owned()
    }
}

/// A label that an annotation file defines for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Its code, 1 to 49.
    pub code: Code,
    /// Its symbol: one word.
    pub symbol: String,
    /// Its meaning.
    pub description: String,
}

/// All of an annotation file: the annotations, and what the file says of itself in notes at sample 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AnnotationFile {
    /// The annotations, in the order of the file.
    pub annotations: Vec<Annotation>,
    /// `## time resolution`: ticks a second in which samples are counted, where it is not the record's frequency.
    pub frequency: Option<f64>,
    /// `## annotation type definitions`.
    pub labels: Vec<Label>,
}

impl AnnotationFile {
    /// Reads an annotation file (`DIR/100.atr`).
    ///
    /// # Errors
    /// [`Error::File`](super::Error::File), and as [`parse`](Self::parse).
    pub fn read(path: &Path) -> Result<Self> {
        Self::parse(&files::read(path, LIMIT)?, &path.display().to_string())
    }

    /// Parses the bytes of an annotation file in MIT format (annot(5)); `origin` names it in errors.
    ///
    /// # Errors
    /// [`Error::Annotation`](super::Error::Annotation) with the byte where the file is not what it should be.
    pub fn parse(bytes: &[u8], origin: &str) -> Result<Self> {
        annotation_bytes::parse(bytes, origin)
    }

    /// Writes the file, atomically.
    ///
    /// # Errors
    /// [`Error::File`](super::Error::File), and as [`bytes`](Self::bytes).
    pub fn write(&self, path: &Path) -> Result<()> {
        Ok(files::write_atomic(path, &annotation_bytes::write(self, &path.display().to_string())?)?)
    }

    /// The bytes of the file.
    ///
    /// # Errors
    /// [`Error::Unwritable`](super::Error::Unwritable) for a code outside 1 to 49, an auxiliary text above 255 bytes, or a
    /// label that would not read back.
    pub fn bytes(&self) -> Result<Vec<u8>> {
        annotation_bytes::write(self, "annotations")
    }

    /// The annotations with places in samples of a record of `frequency` Hz: some programs count time in ticks of their
    /// own, and say so in the file.
    pub fn in_samples(self, frequency: f64) -> Vec<Annotation> {
        let mut annotations = self.annotations;
        if let Some(ticks) = self.frequency.filter(|ticks| *ticks > 0.0 && *ticks != frequency) {
            let scaled = |sample: u64| (sample as f64 * frequency / ticks).round() as u64;
            annotations.iter_mut().for_each(|annotation| annotation.sample = scaled(annotation.sample));
        }
        annotations
    }

    /// The symbol of a code: the file's own, if it defines one, else WFDB's.
    pub fn symbol(&self, code: Code) -> Cow<'_, str> {
        let own = self.labels.iter().find(|label| label.code == code);
        own.map_or(Cow::Borrowed(code.symbol()), |label| Cow::Borrowed(&label.symbol))
    }
}

/// Reads the annotations of a file (`DIR/100.atr`).
///
/// # Errors
/// As [`AnnotationFile::read`].
pub fn read_annotations(path: &Path) -> Result<Vec<Annotation>> {
    Ok(AnnotationFile::read(path)?.annotations)
}

/// Writes annotations, in the order given, atomically.
///
/// # Errors
/// As [`AnnotationFile::write`].
pub fn write_annotations(path: &Path, annotations: &[Annotation]) -> Result<()> {
    AnnotationFile { annotations: annotations.to_vec(), ..AnnotationFile::default() }.write(path)
}
