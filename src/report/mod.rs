//! Pictures of results, as SVG or PNG by the file's extension.
//!
//! Each picture is a function of plain data onto a `Sheet`, a list of shapes in a coordinate system 1600
//! wide; one place turns sheets into files through plotters. All share the colours and letter sizes of `style`: chosen to
//! be told apart by colour-blind readers (Okabe and Ito 2008) and read at half size.
//!
//! | picture | shows |
//! |---|---|
//! | [`confusion()`] | a confusion matrix, counts and shares of each row |
//! | [`class_bars()`] | sensitivity and positive predictivity of each class, with intervals |
//! | [`reliability()`] | how often a model is right that is so sure |
//! | [`strip()`] | a beat with its neighbours, as the record has them, with the reference and what a model said |
//! | [`curves()`] | losses and accuracies over epochs |
//! | [`alpha()`] | the softmax weights of a cell's edges over the epochs of a search |
//! | [`beats()`] | the mean and single beats of each class and lead |
//!
//! [`html`] puts them on a page that needs nothing else, with the figures in words and tables.

mod alpha;
mod axes;
mod beats;
mod class_bars;
mod class_points;
mod confusion;
mod curves;
mod error;
pub mod html;
mod logs;
mod reliability;
mod sheet;
mod strip;
mod style;

pub use alpha::{EdgeHistory, alpha};
pub use beats::{BeatPanel, BeatScale, beats};
pub use class_bars::class_bars;
pub use confusion::confusion;
pub use curves::{CurvePanel, Series, curves};
pub use error::Error;
pub use logs::{edge_histories, monitor_panels, search_panels, training_panels};
pub use reliability::reliability;
pub use strip::{Strip, StripBeat, StripLead, strip};
