//! The folder of a run: its configuration as resolved, the fingerprint of its data, a line an epoch, a checkpoint.
//!
//! What a run computes is in `log.jsonl` and is the same bytes each time; how long it took is in `timing.jsonl` and is not.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::error::{Error, Result};
use super::tensors::TensorFile;
use crate::support::files::{self, FileError};

/// The largest log that is read.
const LOG_LIMIT: u64 = 256 << 20;

/// A run's folder.
#[derive(Debug, Clone)]
pub struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    /// Makes the folder of a new run.
    ///
    /// # Errors
    /// [`Error::Exists`] when a run is there already.
    pub fn create(path: &Path, config: &str, data: &impl Serialize) -> Result<Self> {
        let run = Self { path: path.to_path_buf() };
        if [run.config(), run.checkpoint(), run.log()].iter().any(|path| path.exists()) {
            return Err(Error::Exists { path: run.path });
        }
        sweep(path);
        // The configuration last: a folder with it is a run.
        files::write_atomic(&run.path.join("data.json"), &json(data))?;
        files::write_atomic(&run.config(), config.as_bytes())?;
        Ok(run)
    }

    /// The folder of a run that was begun, with the configuration and the data that it must have.
    ///
    /// # Errors
    /// [`Error::NothingToResume`]; [`Error::Mismatch`] when it was begun with others.
    pub fn resume(path: &Path, config: &str, data: &impl Serialize) -> Result<Self> {
        let run = Self { path: path.to_path_buf() };
        if !run.config().exists() {
            return Err(Error::NothingToResume { path: run.config() });
        }
        sweep(path);
        let mismatch = |path: PathBuf, field, found: &[u8], expected: &[u8]| Error::Mismatch {
            path,
            field,
            found: files::digest(found),
            expected: files::digest(expected),
        };
        let found = files::read_text(&run.config())?;
        if found != config {
            return Err(mismatch(run.config(), "configuration", found.as_bytes(), config.as_bytes()));
        }
        let (path, expected) = (run.path.join("data.json"), json(data));
        let found = files::read(&path, LOG_LIMIT)?;
        if found != expected {
            return Err(mismatch(path, "data", &found, &expected));
        }
        Ok(run)
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// `config.ron`: the configuration as resolved.
    pub fn config(&self) -> PathBuf {
        self.path.join("config.ron")
    }

    /// `checkpoint.safetensors`.
    pub fn checkpoint(&self) -> PathBuf {
        self.path.join("checkpoint.safetensors")
    }

    /// `log.jsonl`: a line an epoch.
    pub fn log(&self) -> PathBuf {
        self.path.join("log.jsonl")
    }

    /// The checkpoint, when there is one.
    ///
    /// # Errors
    /// When it cannot be read or is damaged.
    pub fn read_checkpoint(&self) -> Result<Option<TensorFile>> {
        let path = self.checkpoint();
        path.exists().then(|| TensorFile::read(&path)).transpose()
    }

    /// Appends a line to the log and waits until the disk has it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn append(&self, line: &impl Serialize) -> Result<()> {
        append(&self.log(), line)
    }

    /// Appends how long an epoch took: not part of what is reproducible.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn append_timing(&self, epoch: usize, beats: u64, seconds: f64) -> Result<()> {
        let line = serde_json::json!({
            "epoch": epoch, "beats": beats, "seconds": seconds, "beats_per_second": beats as f64 / seconds.max(1e-9),
        });
        append(&self.path.join("timing.jsonl"), &line)
    }

    /// Cuts the log to its first `epochs` lines: what came after the checkpoint, torn or whole, is computed again.
    ///
    /// # Errors
    /// [`Error::Malformed`] when it has fewer.
    pub fn truncate_log(&self, epochs: usize) -> Result<()> {
        let path = self.log();
        let text = if path.exists() { files::read(&path, LOG_LIMIT)? } else { Vec::new() };
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

/// The lines of a log that are whole; a torn last one is left out.
///
/// # Errors
/// When the file cannot be read or a line is not JSON of the expected kind.
pub fn read_log<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    let text = files::read(path, LOG_LIMIT)?;
    let whole = text.iter().rposition(|b| *b == b'\n').map_or(0, |end| end + 1);
    let lines = text[..whole].split(|b| *b == b'\n').filter(|line| !line.is_empty()).enumerate();
    let parsed = lines.map(|(i, line)| {
        serde_json::from_slice(line).map_err(|error| Error::Malformed {
            path: path.to_path_buf(),
            place: format!("line {}", i + 1),
            message: error.to_string(),
        })
    });
    parsed.collect()
}

fn append(path: &Path, line: &impl Serialize) -> Result<()> {
    let failed = |source| Error::File(FileError::Write { path: path.to_path_buf(), source });
    let mut bytes = serde_json::to_vec(line).map_err(|error| failed(error.into()))?;
    bytes.push(b'\n');
    let mut file = OpenOptions::new().create(true).append(true).open(path).map_err(failed)?;
    file.write_all(&bytes).and_then(|()| file.sync_all()).map_err(failed)
}

fn json(value: &impl Serialize) -> Vec<u8> {
    // Plain data of ours: its serialisation cannot fail.
    let mut bytes = serde_json::to_vec_pretty(value).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

/// Removes what writes that were killed left behind. Whoever cannot remove it is not kept from working.
pub(crate) fn sweep(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if is_temporary(&entry.file_name().to_string_lossy()) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// `NAME.PID.tmp`, as `write_atomic` names what it has not renamed yet.
fn is_temporary(name: &str) -> bool {
    let process = name.strip_suffix(".tmp").and_then(|name| name.rsplit_once('.')).map_or("", |(_, process)| process);
    !process.is_empty() && process.bytes().all(|byte| byte.is_ascii_digit())
}

/// Removes a file that may not be there.
pub(crate) fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::File(FileError::Write { path: path.to_path_buf(), source }))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_line_is_cut_and_a_missing_one_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let run = RunFolder::create(folder.path(), "()", &1).unwrap();
        (1..=3).for_each(|epoch| run.append(&epoch).unwrap());
        let mut text = fs::read(run.log()).unwrap();
        text.extend(b"{\"ep");
        fs::write(run.log(), text).unwrap();
        assert_eq!(read_log::<u32>(&run.log()).unwrap(), [1, 2, 3]);
        run.truncate_log(2).unwrap();
        assert_eq!(fs::read(run.log()).unwrap(), b"1\n2\n");
        assert!(run.truncate_log(3).unwrap_err().to_string().contains("line 3"));
    }

    #[test]
    fn a_run_goes_on_only_with_its_own_configuration_and_data() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        assert!(matches!(RunFolder::resume(path, "(a)", &1), Err(Error::NothingToResume { .. })));
        RunFolder::create(path, "(a)", &1).unwrap();
        assert!(matches!(RunFolder::create(path, "(a)", &1), Err(Error::Exists { .. })));
        assert!(matches!(RunFolder::resume(path, "(b)", &1), Err(Error::Mismatch { field: "configuration", .. })));
        assert!(matches!(RunFolder::resume(path, "(a)", &2), Err(Error::Mismatch { field: "data", .. })));
        RunFolder::resume(path, "(a)", &1).unwrap();
    }
}
