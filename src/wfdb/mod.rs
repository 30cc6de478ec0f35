//! ECG records on disk in WFDB form: headers, signals, annotations; reading and writing.
//!
//! A record is a header `100.hea` (text: rate, length, one line a signal), one or more signal files such as `100.dat`
//! (samples of all its signals interleaved), and any number of annotation files (`100.atr`, `100.q1c`), each a list of
//! labelled positions. Formats as in the WFDB Applications Guide (Moody, *header(5)*, *signal(5)*, *annot(5)*):
//! <https://physionet.org/physiotools/wag/>. What is read equals what the Python package `wfdb` 4.3.1 reads; the tests
//! compare every record of MIT-BIH and QT, records in every format, and the package's own samples with it.
//!
//! - [`Record::read`] reads a record, [`Record::read_signals`] chosen signals of one, at the frame rate: a signal of several
//!   samples a frame is averaged. [`Expanded`] keeps every signal at its own rate. Lengths, initial values and checksums are
//!   verified. [`Header::read`] reads a header alone.
//! - Records in segments, of fixed and of variable layout, are joined into one: gaps are [`INVALID`], and each segment's gain
//!   holds for its own samples ([`SignalSpec::changes`]).
//! - [`read_annotations`] and [`write_annotations`] do what they say; [`AnnotationFile`] also has the time resolution and
//!   the labels that a file defines for itself.
//! - [`Record::write`] and [`Expanded::write`] write header and signal files, with checksums and initial values filled in.
//! - [`Format`] is the one place that knows how samples lie in bytes: every signal format of signal(5), the FLAC ones decoded
//!   by symphonia and not written.
//! - A path that ends in `.edf` is read as European Data Format (EDF, or EDF+ without interruptions).
//! - [`Record::read_csv`] reads a table of samples as text, whose rate and unit have to be said.
//!
//! Where this differs from the Python package: a frame with an invalid sample has no average (there, the number that stands
//! for it is averaged along); a late signal of several samples a frame ends in as many invalid ones as are missing; segments
//! that differ in a signal's unit are refused.
//!
//! Nothing is trusted: sizes are checked before memory is taken, what no file holds (null signals, gaps, constant FLAC) is
//! bounded, segments are never followed into segments, and every [`Error`] names the file, the place in it, what was found
//! and what was expected.

mod annotation;
mod annotation_bytes;
mod code;
mod csv;
mod edf;
mod error;
mod expanded;
mod format;
mod header;
mod header_parse;
mod header_write;
mod limit;
mod record;
mod segments;
mod signal_file;
mod track;
mod write;

pub use annotation::{Annotation, AnnotationFile, Label, read_annotations, write_annotations};
pub use code::Code;
pub use csv::{CsvFormat, CsvUnits};
pub use error::{Error, Result};
pub use expanded::Expanded;
pub use format::{Format, INVALID};
pub use header::{BaseDate, BaseTime, Calibration, Header, Segment, SignalSpec};
pub use record::Record;
