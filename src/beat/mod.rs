//! From records to batches: beats are cut, split into what trains, validates and tests, and handed out by batch.
//!
//! [`prepare`] does the first part in one call: it opens the folder, cuts every beat ([`cut`]) and keeps the result in a
//! [cache](CACHE_VERSION). A [`SplitRule`] then makes a [`Split`] of the [`Beats`]: a [`TrainingPart`], which is all that
//! training code is given, and a [`TestPart`], from which nothing can be learned but the figures of a finished model.
//!
//! What a network is given of a beat are its leads and, where the preprocessing asks for it, its [`Context`].
//!
//! ```no_run
//! use std::{path::Path, sync::Arc};
//! use heart_darts::{beat::{SplitRule, prepare}, database::Database, signal::Preprocessing};
//! let dir = Path::new("data/mitdb");
//! let database = Database::choose(dir, None)?;
//! let prepared = prepare(&database, dir, &Preprocessing::default(), Some(Path::new("cache")))?;
//! let split = SplitRule::inter_patient().apply(&prepared.beats)?;
//! println!("{}", split.describe());
//! println!("{:?} beats to train on", split.training.training().class_counts());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod augmentation;
mod beats;
mod cache;
mod context;
mod cut;
mod error;
mod limits;
mod prepare;
mod rule;
mod split;
mod subjects;
mod subset;

pub use crate::database::Class;
pub use augmentation::Augmentation;
pub use beats::{Beats, ClassCounts, PublishedSet, RecordInfo};
pub use cache::CACHE_VERSION;
pub use context::{Context, RHYTHM_CHANNELS, Templates, rhythm};
pub use cut::{ProcessedRecord, cut, window};
pub use error::{Error, Result};
pub use limits::{Limits, Reduction};
pub use prepare::{Made, Prepared, prepare};
pub use rule::SplitRule;
pub use split::{PartSummary, Split, SplitSummary};
pub use subset::{Batch, BeatOrigin, Role, Subset, Test, TestPart, Training, TrainingPart, Validation};
