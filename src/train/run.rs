//! The folder of a run: its configuration as resolved, the fingerprint of its data, a line an epoch, two checkpoints.
//!
//! What a run computes is in `log.jsonl` and is the same bytes each time; how long it took is in `timing.jsonl` and is not.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::difference::difference;
use super::error::{Error, Result};
use super::events::{self, Events};
use super::finite;
use super::log::{self, read_whole};
use super::tensors::TensorFile;
use crate::support::digests::Digests;
use crate::support::lock::Lock;
use crate::support::{disk, files};

/// What a run is of. Its folder and its checkpoints are taken up again only with the same.
#[derive(Debug, Clone)]
pub struct RunInput {
    config: String,
    data: String,
    digests: Digests,
}

impl RunInput {
    /// A configuration as it stands in `config.ron`, what `data.json` is to hold, and the digests of what else decides the
    /// result; that of the configuration is added.
    pub fn new(config: String, data: &impl Serialize, digests: Digests) -> Self {
        // Plain data of ours: its serialisation cannot fail.
        let data = serde_json::to_string_pretty(data).unwrap_or_default() + "\n";
        let digests = digests.with("configuration", files::digest(config.as_bytes()));
        Self { config, data, digests }
    }
}

/// A run's folder. While this value lives, no other process works in it.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    digests: Digests,
    interval: Duration,
    /// Whether event files are written, and this process's, when it has written to it.
    tensorboard: bool,
    events: OnceLock<Events>,
    _lock: Lock,
}

impl RunFolder {
    /// Makes the folder of a new run.
    ///
    /// # Errors
    /// [`Error::Exists`] when a run is there already, [`Error::Lock`] when another process works there.
    pub fn create(path: &Path, input: &RunInput) -> Result<Self> {
        let run = Self::open(path, input)?;
        if [run.config(), run.checkpoint(), run.log()].iter().any(|path| path.exists()) {
            return Err(Error::Exists { path: run.path });
        }
        sweep(path);
        // The configuration last: a folder with it is a run.
        files::write_atomic(&run.data(), input.data.as_bytes())?;
        files::write_atomic(&run.config(), input.config.as_bytes())?;
        Ok(run)
    }

    /// The folder of a run that was begun, with the configuration and the data that it must have.
    ///
    /// # Errors
    /// [`Error::NothingToResume`]; [`Error::Mismatch`] when it was begun with others; [`Error::Lock`] when another process
    /// works there.
    pub fn resume(path: &Path, input: &RunInput) -> Result<Self> {
        let config = path.join("config.ron");
        if !config.exists() {
            return Err(Error::NothingToResume { path: config });
        }
        let run = Self::open(path, input)?;
        for (path, expected) in [(run.config(), &input.config), (run.data(), &input.data)] {
            if let Some((field, found, expected)) = difference(&files::read_text(&path)?, expected) {
                return Err(Error::Mismatch { path, field, found, expected });
            }
        }
        sweep(path);
        log::cut_torn(&run.timing())?;
        Ok(run)
    }

    fn open(path: &Path, input: &RunInput) -> Result<Self> {
        let lock = Lock::take(path)?;
        let seconds = std::env::var("HEART_DARTS_CHECKPOINT_SECONDS").ok().and_then(|text| text.parse().ok());
        let interval = Duration::from_secs(seconds.unwrap_or(120));
        Ok(Self {
            path: path.to_path_buf(),
            digests: input.digests.clone(),
            interval,
            tensorboard: false,
            events: OnceLock::new(),
            _lock: lock,
        })
    }

    /// Within an epoch a checkpoint is written at most this often: `HEART_DARTS_CHECKPOINT_SECONDS`, or two minutes. When it
    /// is written changes no result.
    #[must_use]
    pub fn with_checkpoint_interval(self, interval: Duration) -> Self {
        Self { interval, ..self }
    }

    /// With it, the figures of each epoch also go to TensorBoard event files in the folder. They hold times, so unlike all
    /// else they are not the same bytes each time.
    #[must_use]
    pub fn with_tensorboard(self, tensorboard: bool) -> Self {
        Self { tensorboard, ..self }
    }

    /// Whether the next checkpoint is due when the last was written at `saved`.
    pub fn checkpoint_is_due(&self, saved: Instant) -> bool {
        saved.elapsed() >= self.interval
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the run is of.
    pub fn digests(&self) -> &Digests {
        &self.digests
    }

    /// `config.ron`: the configuration as resolved.
    pub fn config(&self) -> PathBuf {
        self.path.join("config.ron")
    }

    fn data(&self) -> PathBuf {
        self.path.join("data.json")
    }

    fn timing(&self) -> PathBuf {
        self.path.join("timing.jsonl")
    }

    /// `checkpoint.safetensors`.
    pub fn checkpoint(&self) -> PathBuf {
        self.path.join("checkpoint.safetensors")
    }

    /// `checkpoint.previous.safetensors`: the one before, for when the other is damaged.
    pub fn previous_checkpoint(&self) -> PathBuf {
        self.path.join("checkpoint.previous.safetensors")
    }

    /// `log.jsonl`: a line an epoch.
    pub fn log(&self) -> PathBuf {
        self.path.join("log.jsonl")
    }

    /// The newest checkpoint that is whole, when there is one. When that is the one before the last, it takes the last one's
    /// place, and a warning says why.
    ///
    /// # Errors
    /// [`Error::NoCheckpoint`] when both are damaged, [`Error::Mismatch`] for one of another run, and when none can be read.
    pub fn read_checkpoint(&self) -> Result<Option<TensorFile>> {
        let (newest, previous) = (self.checkpoint(), self.previous_checkpoint());
        let read = |path: &Path| path.exists().then(|| self.read_own(path)).transpose();
        let damage = match read(&newest) {
            Ok(Some(file)) => return Ok(Some(file)),
            // Killed between two renames.
            Ok(None) => None,
            Err(error @ Error::Malformed { .. }) => Some(error),
            Err(error) => return Err(error),
        };
        let file = match (read(&previous), damage) {
            (Ok(None), None) => return Ok(None),
            (Ok(Some(file)), damage) => {
                if let Some(damage) = damage {
                    tracing::warn!("{damage}; the run goes on from the checkpoint before it");
                }
                file
            }
            (Ok(None), Some(current)) => {
                let previous = format!("there is no {}", previous.display());
                return Err(Error::NoCheckpoint { current: Box::new(current), previous });
            }
            (Err(error), Some(current)) => {
                return Err(Error::NoCheckpoint { current: Box::new(current), previous: error.to_string() });
            }
            (Err(error), None) => return Err(error),
        };
        // The next one to be written keeps what is at this path.
        disk::rename(&previous, &newest).map_err(|source| files::FileError::Write { path: newest, source })?;
        Ok(Some(file))
    }

    fn read_own(&self, path: &Path) -> Result<TensorFile> {
        let file = TensorFile::read(path)?;
        // Checkpoints of before there were digests hold none; their run is known by `config.ron` and `data.json`.
        match file.digests.difference(&self.digests).filter(|_| !file.digests.is_empty()) {
            None => Ok(file),
            Some(other) => {
                let path = path.to_path_buf();
                Err(Error::Mismatch { path, field: other.field, found: other.found, expected: other.expected })
            }
        }
    }

    /// Writes a checkpoint and keeps the one before it.
    ///
    /// # Errors
    /// [`Error::NotFinite`] for values that no run should go on from; when it cannot be written.
    pub fn write_checkpoint(&self, mut file: TensorFile) -> Result<()> {
        finite::check_file(&file)?;
        file.digests = self.digests.clone();
        tracing::debug!("{} is written", self.checkpoint().display());
        file.write_keeping(&self.checkpoint(), &self.previous_checkpoint())
    }

    /// Removes the checkpoint before the last: what the run was for is written.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn forget_previous(&self) -> Result<()> {
        Ok(files::remove(&self.previous_checkpoint())?)
    }

    /// Removes both checkpoints: what the run was for is written, and needs neither.
    ///
    /// # Errors
    /// When they cannot be removed.
    pub fn forget_checkpoints(&self) -> Result<()> {
        self.forget_previous()?;
        Ok(files::remove(&self.checkpoint())?)
    }

    /// Appends a line to the log and waits until the disk has it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn append(&self, line: &impl Serialize) -> Result<()> {
        log::append(&self.log(), line)?;
        if !self.tensorboard {
            return Ok(());
        }
        let line = serde_json::to_value(line).unwrap_or_default();
        let events = match self.events.get() {
            Some(events) => events,
            None => {
                let begun = Events::begin(&self.path, &self.log(), events::step(&line))?;
                self.events.get_or_init(|| begun)
            }
        };
        events.append(&line)
    }

    /// Writes what a search tried for its choice: `choice.jsonl`, a line a trial.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_choice(&self, lines: &[impl Serialize]) -> Result<()> {
        // Plain data of ours: its serialisation cannot fail.
        let lines = lines.iter().map(|line| serde_json::to_string(line).unwrap_or_default() + "\n");
        Ok(files::write_atomic(&self.path.join("choice.jsonl"), lines.collect::<String>().as_bytes())?)
    }

    /// Appends how long an epoch took: not part of what is reproducible.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn append_timing(&self, epoch: usize, beats: u64, seconds: f64) -> Result<()> {
        let line = serde_json::json!({
            "epoch": epoch, "beats": beats, "seconds": seconds, "beats_per_second": beats as f64 / seconds.max(1e-9),
        });
        log::append(&self.timing(), &line)
    }

    /// Cuts the log to its first `epochs` lines: what came after the checkpoint, torn or whole, is computed again.
    ///
    /// # Errors
    /// [`Error::Malformed`] when it has fewer.
    pub fn truncate_log(&self, epochs: usize) -> Result<()> {
        let path = self.log();
        let text = read_whole(&path)?;
        let length: usize = text.split_inclusive(|b| *b == b'\n').take(epochs).map(<[u8]>::len).sum();
        let lines = text[..length].iter().filter(|b| **b == b'\n').count();
        if lines < epochs {
            let message =
                format!("found {lines} lines, expected one for each of the {epochs} epochs of the checkpoint");
            return Err(Error::Malformed { path, place: format!("line {}", lines + 1), message });
        }
        if length < text.len() {
            files::write_atomic(&path, &text[..length])?;
        }
        Ok(())
    }
}

/// Removes what writes that were killed left behind. Whoever cannot remove it is not kept from working.
pub(crate) fn sweep(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if is_temporary(&entry.file_name().to_string_lossy()) {
            let _ = disk::remove(&entry.path());
        }
    }
}

/// `NAME.PID.tmp`, as `write_atomic` names what it has not renamed yet.
fn is_temporary(name: &str) -> bool {
    let process = name.strip_suffix(".tmp").and_then(|name| name.rsplit_once('.')).map_or("", |(_, process)| process);
    !process.is_empty() && process.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests;
