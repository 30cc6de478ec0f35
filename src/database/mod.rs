//! What is known of each database, and what a folder of its records holds.
//!
//! A [`Database`] is a description: leads, rate, window, classes, trimming, subjects. Five are built in
//! ([`Database::builtin`]); any other folder of WFDB records gets one in RON ([`Database::read`], [`sample`]).
//! [`Database::choose`] finds the one for a folder, [`open`] checks it against headers, annotations and file sizes and
//! makes a [`Folder`]: for every usable record where its beats are ([`RecordPlan`]), for every other why not
//! ([`Reason`]). No sample is read for that. [`Inspection`] is the same for people, with [`Warning`]s and advice.
//!
//! ```no_run
//! use heart_darts::database::{Class, Database, open};
//! let dir = std::path::Path::new("data/mitdb");
//! let folder = open(&Database::choose(dir, None)?, dir)?;
//! println!("{} ventricular beats of {} subjects", folder.counts()[Class::V], folder.subjects().len());
//! # Ok::<(), heart_darts::database::Error>(())
//! ```

pub mod fetch;
pub mod synthetic;

mod builtin;
mod class;
mod description;
mod detect;
mod error;
mod folder;
mod inspection;
mod inspection_text;
mod lead;
mod propose;
mod unusable;
mod warning;

pub use builtin::BUILTIN;
pub use class::{Class, ClassMap, Counts};
pub use description::{Database, InterPatient, Published, RecordChoice, Subjects, Trim, sample};
pub use detect::{DESCRIPTION_FILE, Origin};
pub use error::Error;
pub use folder::{Folder, RecordPlan, open, record_names, survey};
pub use inspection::{BeatTable, Ignored, Inspection, LeadUse, RecordRow, UnusableRow};
pub use lead::{Lead, Window, lead_names};
pub use unusable::{Reason, Unusable};
pub use warning::Warning;
