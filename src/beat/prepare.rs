//! From a folder to beats in one call.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use crate::beat::cache::{CACHE_VERSION, Miss, load, store};
use crate::beat::{Beats, Result, cut, window};
use crate::database::{self, Database, Folder};
use crate::signal::Preprocessing;
use crate::support::{digests::Digests, files, progress::Progress};

/// The beats of a folder, and what made them.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// The beats.
    pub beats: Arc<Beats>,
    /// The folder: its description, its records and those that could not be used.
    pub folder: Folder,
    /// SHA-256 over the files of the records that were used.
    pub fingerprint: String,
    /// SHA-256 over all that made the beats: description, preprocessing, fingerprint, versions.
    pub key: String,
    /// The cache file that they were read from; `None` when they were cut just now.
    pub cached: Option<PathBuf>,
}

/// Opens a folder and cuts its beats, or reads them from `cache`, a directory that is made when it is not there. `None`
/// goes without.
///
/// A cache file that is damaged, or was made by something else, is made again, with a warning; one that cannot be written
/// is a warning too. A file takes 4 bytes a sample (226 MB for two leads of MIT-BIH) and may be deleted at any time.
///
/// # Errors
/// As [`database::open`] and [`cut`].
pub fn prepare(
    database: &Database,
    dir: &Path,
    preprocessing: &Preprocessing,
    cache: Option<&Path>,
) -> Result<Prepared> {
    let start = Instant::now();
    let folder = database::open(database, dir)?;
    let fingerprint = folder.fingerprint()?;
    let records = folder.records.len();
    tracing::info!("{}: {records} records of {}, fingerprint {}", dir.display(), database.name, &fingerprint[..16]);
    let said = |how: &str, beats: &Beats| {
        tracing::info!("{} beats {how} in {:.1} s", beats.classes.len(), start.elapsed().as_secs_f64());
    };
    let made = Made::of(database, preprocessing, &fingerprint);
    let key = made.key();
    let file = cache.map(|cache| cache.join(format!("{}-{}.safetensors", database.name, &key[..16])));
    if let Some(file) = &file {
        match load(file, &made) {
            Ok(beats) => {
                said(&format!("read from {}", file.display()), &beats);
                let (beats, cached) = (Arc::new(beats.with_context(preprocessing)), Some(file.clone()));
                return Ok(Prepared { beats, folder, fingerprint, key, cached });
            }
            Err(Miss::Absent) => {}
            Err(why) => tracing::warn!("{}: the prepared beats are made again: {why}", file.display()),
        }
    }
    let mut progress = Progress::new(format!("beats of {}", database.name), folder.records.len() as u64, "records");
    let beats = cut(&folder, window(database, preprocessing), preprocessing, &mut progress)?;
    said("cut", &beats);
    if let Some(Err(error)) = file.map(|file| store(&file, &made, &beats)) {
        tracing::warn!("{error}; the beats are used without a cache and will be cut again next time");
    }
    Ok(Prepared { beats: Arc::new(beats), folder, fingerprint, key, cached: None })
}

/// What beats are made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    database: String,
    preprocessing: String,
    fingerprint: String,
}

impl Made {
    /// Beats of a described database, preprocessed, whose records have this fingerprint ([`Folder::fingerprint`]).
    pub fn of(database: &Database, preprocessing: &Preprocessing, fingerprint: &str) -> Self {
        let (database, preprocessing) = (files::to_ron(database), files::to_ron(preprocessing));
        Self { database, preprocessing, fingerprint: fingerprint.to_owned() }
    }

    /// SHA-256 over all of it and the versions of this crate and of how beats are cut.
    pub fn key(&self) -> String {
        let Self { database, preprocessing, fingerprint } = self;
        let version = env!("CARGO_PKG_VERSION");
        files::digest(format!("{CACHE_VERSION} {version} {fingerprint}\n{database}{preprocessing}").as_bytes())
    }

    /// A digest of each.
    pub fn digests(&self) -> Digests {
        Digests::default()
            .with("records", &self.fingerprint)
            .with("description", files::digest(self.database.as_bytes()))
            .with("preprocessing", files::digest(self.preprocessing.as_bytes()))
            .with("version", files::digest(format!("{CACHE_VERSION} {}", env!("CARGO_PKG_VERSION")).as_bytes()))
    }
}
