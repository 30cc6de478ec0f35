//! Reading with limits, writing without halves, RON with its place in the text, and digests.

use std::fs;
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

use super::disk::{self, File};
use super::{place, wording};

/// The largest RON or JSON file that is read; ours are a few kilobytes.
const TEXT_LIMIT: u64 = 16 << 20;

/// What can go wrong with a file, always with its path.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The file could not be opened or read.
    #[error("{}: cannot be read: {source}{}", path.display(), advice_to_reader(source))]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The file could not be written; what stood there before is untouched.
    #[error("{}: cannot be written: {source}; what was there before is unchanged{}", path.display(), advice(source))]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The file is larger than anything this program writes or expects.
    #[error("{}: found {found} bytes, expected at most {limit}", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size in bytes.
        found: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The text is not what it should be.
    #[error("{}", place::show(origin, *line, *column, message, excerpt))]
    Text {
        /// The file's path, or what else the text came from.
        origin: String,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What was found and what was expected.
        message: String,
        /// The line itself.
        excerpt: String,
    },
}

/// What to do about a write that failed.
fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            ". The disk, or your share of it, is full: free some space and run the command again (a run with --resume)"
        }
        ErrorKind::ReadOnlyFilesystem => ". The disk can only be read: choose a folder on another one",
        ErrorKind::PermissionDenied => {
            ". You may not write there: choose another folder, or have its permissions changed"
        }
        ErrorKind::FileTooLarge => {
            ". The file would be larger than the system allows (see `ulimit -f`): raise the limit and run the command \
             again (a run with --resume)"
        }
        _ => "",
    }
}

/// What to do about a file or folder that may not be read.
pub(crate) fn advice_to_reader(error: &io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::PermissionDenied => ". You may not read it: have its permissions changed, or those of its folder",
        _ => "",
    }
}

/// Opens a file for reading. Anything else under its name is refused before it is opened: a pipe would never end, or never
/// begin.
///
/// # Errors
/// The system's, or one that says what stands there.
pub fn open(path: &Path) -> io::Result<fs::File> {
    let kind = fs::metadata(path)?.file_type();
    if kind.is_file() {
        return fs::File::open(path);
    }
    let found = if kind.is_dir() { "a folder" } else { "a pipe or a device" };
    Err(io::Error::other(format!("found {found}, expected a file")))
}

/// Reads a whole file of at most `limit` bytes; its size is checked before memory is taken.
///
/// # Errors
/// [`FileError::Read`] and [`FileError::TooLarge`].
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>, FileError> {
    let failed = |source| FileError::Read { path: path.to_path_buf(), source };
    let file = open(path).map_err(failed)?;
    let found = file.metadata().map_err(failed)?.len();
    if found > limit {
        return Err(FileError::TooLarge { path: path.to_path_buf(), found, limit });
    }
    let mut bytes = Vec::with_capacity(found as usize);
    file.take(limit).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// Reads a text file in UTF-8.
///
/// # Errors
/// As [`read`]; text that is not UTF-8 is a [`FileError::Text`] at the first bad byte.
pub fn read_text(path: &Path) -> Result<String, FileError> {
    String::from_utf8(read(path, TEXT_LIMIT)?).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = valid.iter().filter(|byte| **byte == b'\n').count() + 1;
        let column = valid.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
        FileError::Text {
            origin: path.display().to_string(),
            line,
            column,
            message: "found bytes that are not UTF-8, expected a text file".into(),
            excerpt: String::new(),
        }
    })
}

/// Reads a RON file.
///
/// # Errors
/// As [`read_text`]; text that does not parse names its line and column.
pub fn read_ron<T: DeserializeOwned>(path: &Path) -> Result<T, FileError> {
    parse_ron(&read_text(path)?, &path.display().to_string())
}

/// Parses RON; `origin` names it in errors. `Some(x)` may be written as plain `x`.
///
/// # Errors
/// [`FileError::Text`] with line and column.
pub fn parse_ron<T: DeserializeOwned>(text: &str, origin: &str) -> Result<T, FileError> {
    ron_options().from_str(text).map_err(|error| {
        let (line, column, message) = place::of_ron(&error, text);
        FileError::Text { origin: origin.into(), line, column, message, excerpt: wording::line(text, line).into() }
    })
}

/// Writes a value as RON for people to read, with a newline at the end.
///
/// # Panics
/// Never for the types of this crate: their `Serialize` cannot fail.
pub fn to_ron<T: Serialize>(value: &T) -> String {
    let pretty = ron::ser::PrettyConfig::new().struct_names(true).indentor("    ").depth_limit(5);
    let mut text = ron_options().to_string_pretty(value, pretty).expect("plain data serialises");
    text.push('\n');
    text
}

fn ron_options() -> ron::Options {
    ron::Options::default().with_default_extension(ron::extensions::Extensions::IMPLICIT_SOME)
}

/// Replaces `path` with `bytes`: a temporary file beside it is written, synced and renamed, so that a reader sees the old
/// file or the new one and never a half. Missing parent folders are made.
///
/// # Errors
/// [`FileError::Write`]; the temporary file is removed then.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    write_atomic_with(path, |file| file.write_all(bytes))
}

/// As [`write_atomic`]; what stood at `path` is kept as `previous`, in the place of an older one.
///
/// Between two renames there may be no file at `path`; then the one at `previous` is the newest.
///
/// # Errors
/// [`FileError::Write`]; the temporary file is removed then.
pub fn write_atomic_keeping(path: &Path, previous: &Path, bytes: &[u8]) -> Result<(), FileError> {
    replace(path, Some(previous), |file| file.write_all(bytes))
}

/// As [`write_atomic`], for what is too large to lie in memory twice: `fill` writes the temporary file.
///
/// # Errors
/// [`FileError::Write`], also when `fill` fails; the temporary file is removed then.
pub fn write_atomic_with(path: &Path, fill: impl FnOnce(&mut File) -> io::Result<()>) -> Result<(), FileError> {
    replace(path, None, fill)
}

fn replace(
    path: &Path,
    previous: Option<&Path>,
    fill: impl FnOnce(&mut File) -> io::Result<()>,
) -> Result<(), FileError> {
    let failed = |source| FileError::Write { path: path.to_path_buf(), source };
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    disk::make_folder(folder).map_err(failed)?;
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = folder.join(name);
    let written = (|| {
        let mut file = File::create(&temporary)?;
        fill(&mut file)?;
        file.sync()?;
        let kept = previous.filter(|_| path.exists());
        if let Some(previous) = kept {
            disk::rename(path, previous)?;
        }
        if let Err(error) = disk::rename(&temporary, path) {
            if let Some(previous) = kept {
                let _ = disk::rename(previous, path);
            }
            return Err(error);
        }
        disk::sync_folder(folder)
    })();
    written.map_err(|source| {
        let _ = disk::remove(&temporary);
        failed(source)
    })
}

/// Writes behind what a file holds, and waits until the disk has it. A call that fails or is killed may leave a part.
///
/// # Errors
/// [`FileError::Write`].
pub fn append(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let written = File::append(path).and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync()));
    written.map_err(|source| FileError::Write { path: path.to_path_buf(), source })
}

/// Removes a file that may not be there.
///
/// # Errors
/// [`FileError::Write`].
pub fn remove(path: &Path) -> Result<(), FileError> {
    match disk::remove(path) {
        Err(source) if source.kind() != ErrorKind::NotFound => {
            Err(FileError::Write { path: path.to_path_buf(), source })
        }
        _ => Ok(()),
    }
}

/// SHA-256 of some bytes, in lower-case hexadecimal.
pub fn digest(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

/// Lower-case hexadecimal.
pub fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize, Serialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Example {
        epochs: usize,
        seed: Option<u64>,
    }

    #[test]
    fn ron_errors_name_line_and_column() {
        let error = parse_ron::<Example>("(\n  epochs: 3,\n  epoch: 4,\n)", "example.ron").unwrap_err().to_string();
        assert!(error.starts_with("example.ron:3:"), "{error}");
        assert!(error.contains("`epoch`") && error.contains("`epochs`"), "{error}");
    }

    #[test]
    fn ron_round_trips() {
        let example = Example { epochs: 3, seed: Some(7) };
        assert_eq!(parse_ron::<Example>(&to_ron(&example), "").unwrap(), example);
    }

    #[test]
    fn a_failed_write_leaves_the_old_file_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("folder");
        fs::create_dir(&target).unwrap();
        assert!(write_atomic(&target, b"new").is_err(), "a folder stands where the file should go");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let file = folder.path().join("new/file");
        write_atomic(&file, b"1").unwrap();
        write_atomic(&file, b"2").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"2");
    }

    #[test]
    fn a_large_file_is_refused_before_it_is_read() {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(1 << 40).unwrap();
        assert!(matches!(read(file.path(), 1 << 20), Err(FileError::TooLarge { .. })));
    }

    #[test]
    fn every_fault_leaves_the_old_file_or_the_new_one() {
        use disk::faults::{Fault, at};
        for fault in [Fault::Once, Fault::FullDisk, Fault::ReadOnly, Fault::Killed, Fault::PowerCut] {
            let mut points = 0;
            loop {
                let folder = tempfile::tempdir().unwrap();
                let [file, previous] = ["file", "previous"].map(|name| folder.path().join(name));
                write_atomic_keeping(&file, &previous, b"older").unwrap();
                write_atomic_keeping(&file, &previous, b"the old one").unwrap();
                let (written, met) = at(fault, points, || write_atomic_keeping(&file, &previous, b"the new one"));
                let at = format!("{fault:?} at call {points}: {written:?}");
                let newest = if file.exists() { &file } else { &previous };
                let text = fs::read(newest).unwrap();
                assert!(text == b"the old one" || text == b"the new one", "{at}");
                if written.is_ok() {
                    assert_eq!(
                        (text.as_slice(), fs::read(&previous).unwrap().as_slice()),
                        (&b"the new one"[..], &b"the old one"[..])
                    );
                }
                if matches!(fault, Fault::Once | Fault::FullDisk) {
                    assert!(file.exists(), "{at}");
                    let names = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
                    assert!(names.into_iter().all(|name| name == "file" || name == "previous"), "{at}");
                }
                let said = written.as_ref().err().map(ToString::to_string).unwrap_or_default();
                match fault {
                    Fault::FullDisk if !said.is_empty() => assert!(said.contains("is full: free some space"), "{said}"),
                    Fault::ReadOnly if met => assert!(said.contains("can only be read: choose a folder"), "{said}"),
                    _ => {}
                }
                if !met {
                    assert!(written.is_ok(), "{at}");
                    break;
                }
                points += 1;
            }
            // Folder, file, bytes, sync, two names, the folder's sync.
            assert_eq!(points, 7, "calls that {fault:?} can meet");
        }
    }
}
