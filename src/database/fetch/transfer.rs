//! One file: brought under a temporary name, resumed, checked, renamed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use super::http::{Client, Failure};
use super::{Error, Options, part_of};
use crate::support::files::{self, FileError, hexadecimal};
use crate::support::interrupt;
use crate::support::progress::Progress;

/// An attempt that brings so many bytes counts as a success, even if it breaks off: a long file on a bad line may take
/// many of them.
const STEP: u64 = 64 << 10;
/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A file to be fetched.
pub(super) struct Transfer<'a> {
    /// Who asks.
    pub client: &'a Client,
    /// Where it is.
    pub url: String,
    /// Where it goes.
    pub target: PathBuf,
    /// Its digest in lower-case hexadecimal; without one, it is fetched from the start and taken as it comes.
    pub digest: Option<&'a str>,
    /// The most bytes it may have.
    pub limit: u64,
    /// Patience, attempts, pauses.
    pub options: &'a Options,
}

/// How one attempt ended, when it did not fail for good.
enum Attempt {
    /// All that the server has is there.
    Complete,
    /// It broke off.
    Broken(String),
}

impl Transfer<'_> {
    /// Fetches the file and gives the bytes that came over the network.
    pub(super) fn run(&self, progress: &Progress) -> Result<u64, Error> {
        let part = part_of(&self.target);
        if let Some(folder) = self.target.parent() {
            fs::create_dir_all(folder).map_err(|error| Error::write(folder, error))?;
        }
        if self.digest.is_none() {
            remove(&part)?;
        }
        let mut bytes = 0;
        let mut is_second = false;
        loop {
            self.bring(&part, &mut bytes, progress).inspect_err(|_| {
                // An empty part is nothing to go on from.
                if fs::metadata(&part).is_ok_and(|found| found.is_file() && found.len() == 0) {
                    let _ = fs::remove_file(&part);
                }
            })?;
            let Some(expected) = self.digest else { break };
            let found = digest(&part)?;
            if found == expected {
                break;
            }
            // Nothing says which of its bytes are wrong, so none is kept; and once more, since a part from an earlier
            // day or a bad connection may be to blame. Not twice, or a damaged mirror would be asked for ever.
            remove(&part)?;
            if is_second {
                return Err(Error::Digest { url: self.url.clone(), found, expected: expected.into() });
            }
            is_second = true;
            progress.say(&format!(
                "{}: what came is not what the publisher's list says; once more from the start",
                self.url
            ));
        }
        let finished =
            File::open(&part).and_then(|file| file.sync_all()).and_then(|()| fs::rename(&part, &self.target));
        finished.map_err(|error| Error::write(&self.target, error))?;
        Ok(bytes)
    }

    /// Attempts until the part is complete, with growing pauses; gives up when nothing comes any more.
    fn bring(&self, part: &Path, bytes: &mut u64, progress: &Progress) -> Result<(), Error> {
        let mut file =
            OpenOptions::new().create(true).append(true).open(part).map_err(|error| Error::write(part, error))?;
        let mut most = length(&file, part)?;
        let mut failures = 0;
        loop {
            let reason = match self.attempt(&mut file, part, bytes)? {
                Attempt::Complete => return Ok(()),
                Attempt::Broken(reason) => reason,
            };
            let have = length(&file, part)?;
            failures = if have >= most + STEP { 0 } else { failures + 1 };
            most = most.max(have);
            if failures >= self.options.attempts {
                let (url, attempts) = (self.url.clone(), self.options.attempts);
                return Err(Error::GaveUp { url, attempts, reason, have, part: part.into() });
            }
            let factor = 1u32 << failures.saturating_sub(1).min(16);
            let pause = self.options.pause.saturating_mul(factor).min(LONGEST_PAUSE);
            progress.say(&format!("{}: {reason}; again in {:.0} s", self.url, pause.as_secs_f64().ceil()));
            wait(pause)?;
        }
    }

    /// One request, from the end of what is there.
    fn attempt(&self, file: &mut File, part: &Path, bytes: &mut u64) -> Result<Attempt, Error> {
        if interrupt::requested() {
            return Err(Error::Interrupted);
        }
        let have = length(file, part)?;
        let mut answer = match self.client.get(&self.url, have) {
            Ok(answer) => answer,
            Err(Failure::Passing(reason)) => return Ok(Attempt::Broken(reason)),
            Err(Failure::Lasting(reason)) => return Err(Error::Request { url: self.url.clone(), reason }),
        };
        let mut position = match answer.status {
            200 => {
                // Asked for a part or not, the whole file comes.
                empty(file, part)?;
                0
            }
            206 if have > 0 && answer.start == Some(have) => have,
            206 => {
                empty(file, part)?;
                return Ok(Attempt::Broken("the server sent another range than it was asked for".into()));
            }
            // There is nothing after what is there: it is complete, or wrong, and the digest tells.
            416 if have > 0 => return Ok(Attempt::Complete),
            408 | 429 | 500..=599 => {
                let (status, reason) = (answer.status, answer.reason);
                return Ok(Attempt::Broken(format!("found HTTP status {status}{reason}, expected 200")));
            }
            status => return Err(Error::Status { url: self.url.clone(), status, reason: answer.reason }),
        };
        let end = answer.length.map(|length| position.saturating_add(length));
        if let Some(end) = end.filter(|end| *end > self.limit) {
            return self.too_large(end, part);
        }
        let mut buffer = vec![0; 64 << 10];
        loop {
            if interrupt::requested() {
                return Err(Error::Interrupted);
            }
            let count = match answer.body.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Ok(Attempt::Broken(broken(position, end, &format!(": {error}")))),
            };
            position += count as u64;
            *bytes += count as u64;
            if position > self.limit {
                return self.too_large(position, part);
            }
            file.write_all(&buffer[..count]).map_err(|error| Error::write(part, error))?;
        }
        match end {
            Some(length) if position < length => Ok(Attempt::Broken(broken(position, end, ""))),
            _ => Ok(Attempt::Complete),
        }
    }

    fn too_large(&self, found: u64, part: &Path) -> Result<Attempt, Error> {
        remove(part)?;
        Err(Error::TooLarge { url: self.url.clone(), found, limit: self.limit })
    }
}

fn broken(position: u64, end: Option<u64>, reason: &str) -> String {
    let of = end.map(|end| format!(" of {end}")).unwrap_or_default();
    format!("broke off after {position}{of} bytes{reason}")
}

fn length(file: &File, part: &Path) -> Result<u64, Error> {
    Ok(file.metadata().map_err(|source| FileError::Read { path: part.into(), source })?.len())
}

fn empty(file: &mut File, part: &Path) -> Result<(), Error> {
    // A device cannot be cut short and need not be.
    if length(file, part)? > 0 {
        file.set_len(0).map_err(|error| Error::write(part, error))?;
    }
    file.seek(SeekFrom::Start(0)).map_err(|error| Error::write(part, error))?;
    Ok(())
}

fn remove(part: &Path) -> Result<(), Error> {
    match fs::remove_file(part) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::write(part, error)),
        _ => Ok(()),
    }
}

/// The digest of a file of any size, in lower-case hexadecimal.
pub(super) fn digest(path: &Path) -> Result<String, Error> {
    let failed = |source| FileError::Read { path: path.into(), source };
    let mut file = files::open(path).map_err(failed)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 256 << 10];
    loop {
        match file.read(&mut buffer).map_err(failed)? {
            0 => return Ok(hexadecimal(&hash.finalize())),
            count => hash.update(&buffer[..count]),
        }
    }
}

/// Sleeps, but not through a Ctrl-C.
fn wait(pause: Duration) -> Result<(), Error> {
    let start = Instant::now();
    while let Some(left) = pause.checked_sub(start.elapsed()).filter(|left| !left.is_zero()) {
        if interrupt::requested() {
            return Err(Error::Interrupted);
        }
        thread::sleep(left.min(Duration::from_millis(100)));
    }
    Ok(())
}
