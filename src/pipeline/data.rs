//! From a folder of records to split beats.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::Work;
use super::config::DataConfig;
use super::error::{Error, Result};
use crate::beat::{self, Prepared, Reduction, Split, TrainingPart, prepare};
use crate::database::{Database, Reason};
use crate::support::digests::Digests;

/// Beats, ready for a run.
#[derive(Debug)]
pub struct Loaded {
    /// The description that the folder was read by.
    pub database: Database,
    /// The beats and their digest.
    pub prepared: Prepared,
    /// The split, before limits.
    pub split: Split,
    /// What training is given: the split's training part within the limits.
    pub training: TrainingPart,
    /// What the limits did.
    pub reduction: Option<Reduction>,
}

/// What a run folder keeps of its data: `data.json`. A run is resumed only with the same.
#[derive(Debug, Clone, Serialize)]
pub struct DataRecord<'a> {
    database: &'a Database,
    beats_digest: &'a str,
    split: &'a crate::beat::SplitSummary,
    limits: Option<Reduction>,
}

/// Prepares the beats of a folder and splits them.
///
/// # Errors
/// [`super::Error`], before anything long starts where that is possible.
pub fn load(dir: &Path, database: Option<&str>, config: &DataConfig, work: &Work) -> Result<Loaded> {
    config.split.check()?;
    config.limits.check()?;
    let mut database = Database::choose(dir, database)?;
    if let Some(leads) = &config.leads {
        if leads.is_empty() {
            let (place, found) = ("data.leads".into(), "no lead".into());
            return Err(Error::Unfit { place, found, expected: "one or more, or None for the database's".into() });
        }
        database.leads.clone_from(leads);
    }
    let prepared = prepare(&database, dir, &config.preprocessing, work.cache.as_deref())?;
    // What the description leaves out on purpose is no news; `data inspect` lists it.
    let unused = prepared.folder.unusable.iter().filter(|record| !matches!(record.reason, Reason::LeftOut { .. }));
    let unused: Vec<_> = unused.collect();
    if let Some(first) = unused.first() {
        let (n, name, reason) = (unused.len(), &first.name, &first.reason);
        tracing::warn!("{n} records are not used, such as {name}: {reason}; `data inspect` says why for each");
    }
    let split = config.split.apply(&prepared.beats)?;
    let mut absent = split.training.absent_classes();
    absent.retain(|class| database.classes.classes().any(|described| described == *class));
    if !absent.is_empty() && !config.allow_absent_classes {
        return Err(beat::Error::AbsentClasses { classes: absent }.into());
    }
    let (training, reduction) = split.training.limited(&config.limits)?;
    if !work.quiet {
        eprintln!("{}", split.describe());
        if let Some(reduction) = &reduction {
            eprintln!("{reduction}");
        }
    }
    Ok(Loaded { database, prepared, split, training, reduction })
}

impl Loaded {
    /// Digests of the beats and of which of them are in which part.
    pub fn digests(&self) -> Digests {
        Digests::default().with("data", &self.prepared.key).with("split", &self.split.summary().digest)
    }

    /// What a run folder keeps of it.
    pub fn record(&self) -> DataRecord<'_> {
        DataRecord {
            database: &self.database,
            beats_digest: &self.prepared.key,
            split: self.split.summary(),
            limits: self.reduction,
        }
    }
}

/// Where prepared beats are kept unless told otherwise: `heart-darts` in the user's cache folder.
pub fn default_cache() -> Option<PathBuf> {
    let folder = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = folder("XDG_CACHE_HOME").or_else(|| folder("LOCALAPPDATA"));
    cache.or_else(|| Some(folder("HOME")?.join(".cache"))).map(|cache| cache.join("heart-darts"))
}
