//! The calls that change what a disk holds, all in one place, so that a test can make each of them fail.
//!
//! Everything that runs, models and caches keep goes through here. Each call asks [`faults`] first: without a plan for its
//! thread, as always outside tests, that is one look at a thread-local flag.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A file that is being written.
#[derive(Debug)]
pub struct File {
    file: fs::File,
    path: PathBuf,
}

impl File {
    /// Makes the file, or empties it.
    ///
    /// # Errors
    /// The system's.
    pub fn create(path: &Path) -> io::Result<Self> {
        faults::ask(faults::Call::Other)?;
        Ok(Self { file: fs::File::create(path)?, path: path.into() })
    }

    /// Opens the file, or makes it, to write behind what it holds.
    ///
    /// # Errors
    /// The system's.
    pub fn append(path: &Path) -> io::Result<Self> {
        faults::ask(faults::Call::Other)?;
        Ok(Self { file: OpenOptions::new().create(true).append(true).open(path)?, path: path.into() })
    }

    /// Waits until the disk has all of it.
    ///
    /// # Errors
    /// The system's.
    pub fn sync(&self) -> io::Result<()> {
        faults::ask(faults::Call::Other)?;
        self.file.sync_all()?;
        faults::synced(&self.path);
        Ok(())
    }
}

impl Write for File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Err(refused) = faults::ask(faults::Call::Write) {
            if refused.begun {
                let _ = self.file.write_all(&bytes[..bytes.len() / 2]);
            }
            return Err(refused.into());
        }
        faults::writing(&self.file, &self.path);
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Gives a file another name, in the place of one that has it.
///
/// # Errors
/// The system's.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    faults::ask(faults::Call::Other)?;
    fs::rename(from, to)?;
    faults::renamed(from, to);
    Ok(())
}

/// Removes a file.
///
/// # Errors
/// The system's.
pub fn remove(path: &Path) -> io::Result<()> {
    faults::ask(faults::Call::Other)?;
    fs::remove_file(path)
}

/// Makes a folder and those above it, as far as they are not there.
///
/// # Errors
/// The system's.
pub fn make_folder(path: &Path) -> io::Result<()> {
    faults::ask(faults::Call::Other)?;
    fs::create_dir_all(path)
}

/// Waits until the disk has the names of a folder: only then does a rename survive a power cut. Not every system can.
///
/// # Errors
/// None from the system.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    faults::ask(faults::Call::Other)?;
    if let Ok(folder) = fs::File::open(path) {
        let _ = folder.sync_all();
    }
    Ok(())
}

/// Faults on purpose, for tests.
///
/// A plan belongs to the thread that makes it, so tests beside each other do not meet each other's faults, nothing has to
/// be handed through to where files are written, and tests of the whole crate use the code that ships.
#[doc(hidden)]
pub mod faults {
    use std::cell::RefCell;
    use std::io;
    use std::path::{Path, PathBuf};

    /// What goes wrong.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Fault {
        /// One call fails, and the next one works again.
        Once,
        /// From then on every write puts half of its bytes and fails for want of space; names still change.
        FullDisk,
        /// From then on nothing can be changed.
        ReadOnly,
        /// As if killed there: a write puts half of its bytes, and no later call does anything.
        Killed,
        /// As [`Self::Killed`], and of what was written to a file and not synced, the second half is lost.
        PowerCut,
    }

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(super) enum Call {
        Write,
        Other,
    }

    struct Plan {
        fault: Fault,
        /// Calls that still work.
        left: usize,
        met: bool,
        /// Files with bytes that are not synced, and how many bytes of each are.
        unsynced: Vec<(PathBuf, u64)>,
    }

    thread_local! {
        static PLAN: RefCell<Option<Plan>> = const { RefCell::new(None) };
    }

    /// Does `work` with `fault` at the call after the first `calls`; also says whether it came to that.
    pub fn at<T>(fault: Fault, calls: usize, work: impl FnOnce() -> T) -> (T, bool) {
        /// Takes the plan away even when the work panics.
        struct End;
        impl Drop for End {
            fn drop(&mut self) {
                PLAN.take();
            }
        }
        PLAN.set(Some(Plan { fault, left: calls, met: false, unsynced: Vec::new() }));
        let end = End;
        let done = work();
        let met = PLAN.with_borrow(|plan| plan.as_ref().is_some_and(|plan| plan.met));
        drop(end);
        (done, met)
    }

    /// A call that fails.
    pub(super) struct Refused {
        error: io::Error,
        /// Whether a write puts half of its bytes before it fails.
        pub begun: bool,
    }

    impl From<Refused> for io::Error {
        fn from(refused: Refused) -> Self {
            refused.error
        }
    }

    pub(super) fn ask(call: Call) -> Result<(), Refused> {
        PLAN.with_borrow_mut(|plan| plan.as_mut().map_or(Ok(()), |plan| plan.ask(call)))
    }

    impl Plan {
        fn ask(&mut self, call: Call) -> Result<(), Refused> {
            if self.left > 0 {
                self.left -= 1;
                return Ok(());
            }
            let first = !std::mem::replace(&mut self.met, true);
            let refused = |error, begun| Err(Refused { error, begun });
            match self.fault {
                Fault::Once if first => refused(io::Error::other("this call fails on purpose"), true),
                Fault::FullDisk if call == Call::Write => refused(io::ErrorKind::StorageFull.into(), true),
                Fault::Once | Fault::FullDisk => Ok(()),
                Fault::ReadOnly => refused(io::ErrorKind::ReadOnlyFilesystem.into(), false),
                Fault::Killed | Fault::PowerCut => {
                    if self.fault == Fault::PowerCut && first {
                        self.unsynced.iter().for_each(|(path, synced)| lose_half(path, *synced));
                    }
                    refused(io::Error::other("killed on purpose"), first)
                }
            }
        }
    }

    fn lose_half(path: &Path, synced: u64) {
        if let Ok(file) = std::fs::OpenOptions::new().write(true).open(path) {
            let length = file.metadata().map_or(0, |metadata| metadata.len());
            let _ = file.set_len(synced + length.saturating_sub(synced) / 2);
        }
    }

    fn with(change: impl FnOnce(&mut Plan)) {
        PLAN.with_borrow_mut(|plan| plan.as_mut().map(change));
    }

    pub(super) fn writing(file: &std::fs::File, path: &Path) {
        with(|plan| {
            if !plan.unsynced.iter().any(|(unsynced, _)| unsynced == path) {
                plan.unsynced.push((path.into(), file.metadata().map_or(0, |metadata| metadata.len())));
            }
        });
    }

    pub(super) fn synced(path: &Path) {
        with(|plan| plan.unsynced.retain(|(unsynced, _)| unsynced != path));
    }

    pub(super) fn renamed(from: &Path, to: &Path) {
        with(|plan| {
            plan.unsynced.retain(|(unsynced, _)| unsynced != to);
            let moved = plan.unsynced.iter_mut().filter(|(unsynced, _)| unsynced == from);
            moved.for_each(|(unsynced, _)| *unsynced = to.into());
        });
    }
}
