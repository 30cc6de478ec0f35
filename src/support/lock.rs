//! A folder for one process at a time.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::files::{self, FileError};

/// The file that is locked. It stays, empty, when nobody works in the folder: a file that goes while another process opens
/// it would let two of them in.
const NAME: &str = "lock";

/// The right to change a folder, for as long as this value lives. It is a lock of the operating system: it goes with the
/// process, however that ends.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

/// Why a folder cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// Another process has it.
    #[error(
        "{}: found {holder} at work in this folder, expected nobody; wait until it ends, stop it, or choose another folder",
        path.display()
    )]
    Busy {
        /// The folder.
        path: PathBuf,
        /// The other process, as far as it is known.
        holder: String,
    },
    /// The lock's file cannot be made.
    #[error(transparent)]
    File(#[from] FileError),
}

impl Lock {
    /// Takes a folder, which is made if it is not there.
    ///
    /// # Errors
    /// [`LockError::Busy`] while another process, or another part of this one, has it; [`LockError::File`].
    pub fn take(folder: &Path) -> Result<Self, LockError> {
        let path = folder.join(NAME);
        let failed = |source| FileError::Write { path: path.clone(), source };
        fs::create_dir_all(folder).map_err(failed)?;
        // Opening a pipe would wait for somebody to read it.
        if path.exists() {
            files::open(&path).map_err(failed)?;
        }
        let mut file = OpenOptions::new().create(true).write(true).truncate(false).open(&path).map_err(failed)?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => return Err(busy(folder)),
            Err(TryLockError::Error(error)) => {
                tracing::warn!("{}: this disk has no locks ({error}); start no second process here", folder.display());
            }
            Ok(()) => {}
        }
        // For the message of whoever comes second; the lock holds without.
        let _ = file.set_len(0).and_then(|()| write!(file, "{}", std::process::id()));
        Ok(Self { file })
    }

    /// That nobody has a folder at the moment; nothing is made or changed.
    ///
    /// # Errors
    /// [`LockError::Busy`].
    pub fn check(folder: &Path) -> Result<(), LockError> {
        let taken = files::open(&folder.join(NAME)).map(|file| file.try_lock_shared());
        if matches!(taken, Ok(Err(TryLockError::WouldBlock))) { Err(busy(folder)) } else { Ok(()) }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = self.file.set_len(0);
    }
}

fn busy(folder: &Path) -> LockError {
    let path = folder.join(NAME);
    let process = fs::read_to_string(&path).ok().filter(|text| !text.is_empty());
    let since = fs::metadata(&path).and_then(|metadata| metadata.modified()).ok().and_then(|time| time.elapsed().ok());
    let mut holder = process.map_or("another process".to_owned(), |process| format!("process {process}"));
    if let Some(since) = since {
        let seconds = since.as_secs();
        holder += &match (seconds / 3600, seconds / 60 % 60) {
            (0, 0) => format!(" (for {seconds} s)"),
            (0, minutes) => format!(" (for {minutes} min)"),
            (hours, minutes) => format!(" (for {hours} h {minutes} min)"),
        };
    }
    LockError::Busy { path: folder.to_path_buf(), holder }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_refused_and_told_who_is_first() {
        let folder = tempfile::tempdir().unwrap();
        Lock::check(folder.path()).unwrap();
        let lock = Lock::take(folder.path()).unwrap();
        let process = format!("process {} (for 0 s)", std::process::id());
        for refused in [Lock::take(folder.path()).map(|_| ()), Lock::check(folder.path())] {
            let text = refused.unwrap_err().to_string();
            assert!(text.contains(&process), "{text}");
        }
        drop(lock);
        Lock::check(folder.path()).unwrap();
        assert_eq!(fs::read(folder.path().join(NAME)).unwrap(), b"");
        Lock::take(folder.path()).unwrap();
    }

    #[test]
    fn what_a_killed_process_left_is_in_nobodys_way() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(NAME), "4242").unwrap();
        Lock::take(folder.path()).unwrap();
    }
}
