//! ECG records on disk in WFDB form: headers, signals, annotations; reading and writing.
//!
//! A record is a header `100.hea` (text: rate, length, one line a signal), one or more signal files such as `100.dat`
//! (samples of all its signals interleaved), and any number of annotation files (`100.atr`, `100.q1c`), each a list of
//! labelled positions. Formats as in the WFDB Applications Guide (Moody, *header(5)*, *signal(5)*, *annot(5)*):
//! <https://physionet.org/physiotools/wag/>. What is read equals what the Python package `wfdb` 4.3.1 reads; the tests
//! compare every record of MIT-BIH and QT with it.
//!
//! - [`Header::read`] reads a header alone, [`Record::read`] a record with its samples, [`Record::read_signals`] chosen
//!   signals of one; lengths, initial values and checksums are verified.
//! - [`read_annotations`] and [`write_annotations`] do what they say; [`AnnotationFile`] also has the time resolution and
//!   the labels that a file defines for itself.
//! - [`Record::write`] writes header and signal files, with checksums and initial values filled in.
//! - [`Format`] is the one place that knows how samples lie in bytes; signal formats 212 and 16 so far.
//!
//! Nothing is trusted: sizes are checked before memory is taken, and every [`Error`] names the file, the place in it, what
//! was found and what was expected. Multi-segment records and several samples a frame are refused, by name.

mod annotation;
mod annotation_bytes;
mod code;
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
pub use error::{Error, Result};
pub use expanded::Expanded;
pub use format::{Format, INVALID};
pub use header::{BaseDate, BaseTime, Calibration, Header, Segment, SignalSpec};
pub use record::Record;
