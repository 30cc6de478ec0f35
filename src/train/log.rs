//! Logs of JSON lines, whose last line a kill may tear.

use std::path::Path;

use serde::Serialize;

use super::error::{Error, Result};
use crate::support::{files, wording};

/// The largest log that is read.
const LIMIT: u64 = 256 << 20;

/// All of a log; nothing of one that is not there.
pub(super) fn read_whole(path: &Path) -> Result<Vec<u8>> {
    Ok(if path.exists() { files::read(path, LIMIT)? } else { Vec::new() })
}

/// The lines of a log that are whole; a torn last one is left out.
///
/// # Errors
/// When the file cannot be read or a line is not JSON of the expected kind.
pub fn read_log<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    let text = files::read(path, LIMIT)?;
    let whole = text.iter().rposition(|b| *b == b'\n').map_or(0, |end| end + 1);
    let lines = text[..whole].split(|b| *b == b'\n').filter(|line| !line.is_empty()).enumerate();
    let parsed = lines.map(|(i, line)| {
        serde_json::from_slice(line).map_err(|error| Error::Malformed {
            path: path.to_path_buf(),
            place: format!("line {}", i + 1),
            message: wording::of_json_line(&error, &String::from_utf8_lossy(line)),
        })
    });
    parsed.collect()
}

pub(super) fn append(path: &Path, line: &impl Serialize) -> Result<()> {
    // Plain data of ours: its serialisation cannot fail.
    let mut bytes = serde_json::to_vec(line).unwrap_or_default();
    bytes.push(b'\n');
    Ok(files::append(path, &bytes)?)
}

/// Cuts off the part of a line that a write which was killed left at the end.
pub(super) fn cut_torn(path: &Path) -> Result<()> {
    let text = read_whole(path)?;
    let whole = text.iter().rposition(|b| *b == b'\n').map_or(0, |end| end + 1);
    if whole < text.len() {
        files::write_atomic(path, &text[..whole])?;
    }
    Ok(())
}
