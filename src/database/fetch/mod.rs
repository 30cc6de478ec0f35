//! Fetching databases from PhysioNet, or from a mirror of it, over HTTPS.
//!
//! [`fetch()`] brings the files that are needed and no others: `SHA256SUMS.txt`, `RECORDS`, `ANNOTATORS`, and of each record
//! the header, the signals and the reference annotations. Every file arrives under a temporary name (`100.dat.part`), is
//! compared with the publisher's SHA-256 digest, and only then gets its own name; so a file that stands there is whole. A
//! download that breaks off goes on from where it was, now (after a pause that doubles each time) or when the same
//! command is given again. Files that are there and right are left alone.
//!
//! What the server says is not trusted: sizes are bounded, the paths of its lists stay inside the folder, and an address
//! that begins with `https:` is never left for one without encryption.
//!
//! ```no_run
//! use heart_darts::database::fetch::{self, Options, Source};
//! let source = Source::of("mitdb").expect("one of Source::ALL");
//! let options = Options { records: Some(vec!["100".into(), "101".into()]), ..Options::default() };
//! let fetched = fetch::fetch(source, "data/mitdb".as_ref(), &options)?;
//! println!("{} files fetched, {} were there", fetched.fetched, fetched.present);
//! # Ok::<(), fetch::Error>(())
//! ```

mod error;
mod http;
mod list;
mod transfer;

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use error::Error;

use crate::support::files;
use crate::support::progress::Progress;
use list::Sums;
use transfer::Transfer;

/// The publisher's list of digests.
const SUMS: &str = "SHA256SUMS.txt";
/// Held while a folder is being written to, so that two commands do not write to the same partial file.
const LOCK: &str = ".fetching";
/// The largest list that is taken; those of PhysioNet are below 100 kB.
const LIST_LIMIT: u64 = 4 << 20;

/// A database that can be fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// Its name here and at PhysioNet.
    pub name: &'static str,
    /// Its title.
    pub title: &'static str,
    /// The version that is fetched.
    pub version: &'static str,
    /// The annotator of the beats: the suffix of the annotation files.
    pub annotator: &'static str,
}

impl Source {
    /// Every database that can be fetched.
    pub const ALL: [Self; 4] = [
        Self::new("mitdb", "MIT-BIH Arrhythmia Database"),
        Self::new("incartdb", "St Petersburg INCART 12-lead Arrhythmia Database"),
        Self::new("qtdb", "QT Database"),
        Self::new("svdb", "MIT-BIH Supraventricular Arrhythmia Database"),
    ];

    const fn new(name: &'static str, title: &'static str) -> Self {
        Self { name, title, version: "1.0.0", annotator: "atr" }
    }

    /// The database of a name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.name == name)
    }

    /// Where its files are: `https://physionet.org/files/NAME/VERSION/`.
    pub fn address(&self) -> String {
        format!("https://physionet.org/files/{}/{}/", self.name, self.version)
    }

    /// The page that says what it is, under which licence, and how to cite it.
    pub fn page(&self) -> String {
        format!("https://physionet.org/content/{}/{}/", self.name, self.version)
    }
}

/// How to fetch.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Where the files are, for mirrors; [`Source::address`] unless said otherwise.
    pub base_url: Option<String>,
    /// The records to fetch, by the names in `RECORDS`; all unless said otherwise.
    pub records: Option<Vec<String>>,
    /// A connection over which nothing comes for so long has stalled; 30 s unless said otherwise.
    pub patience: Duration,
    /// Attempts in a row that may bring (almost) nothing before a file is given up; 6 unless said otherwise.
    pub attempts: u32,
    /// Pause after the first failed attempt; it doubles with each one, up to 30 s. 1 s unless said otherwise.
    pub pause: Duration,
    /// The largest file that is taken, in bytes; 256 MiB unless said otherwise (INCART's signals have 11 MB a record).
    pub largest: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            base_url: None,
            records: None,
            patience: Duration::from_secs(30),
            attempts: 6,
            pause: Duration::from_secs(1),
            largest: 256 << 20,
        }
    }
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The records that are now there, complete.
    pub records: Vec<String>,
    /// Files that were fetched.
    pub fetched: usize,
    /// Of these, files that stood there with another content and were replaced.
    pub replaced: usize,
    /// Files that were there already, with the right digest.
    pub present: usize,
    /// Bytes that came over the network for them.
    pub bytes: u64,
}

/// Fetches a database into `dir`, which is made if it is missing.
///
/// # Errors
/// [`Error`]: what was asked of which address, what came, what was expected, and what to do. Files that were complete
/// stay, and so does the part of the one that was not: the same call goes on from there.
pub fn fetch(source: Source, dir: &Path, options: &Options) -> Result<Fetched, Error> {
    let base = http::checked_base(options.base_url.as_deref().unwrap_or(&source.address()))?;
    let client = http::Client::new(&base, options.patience);
    let created = !dir.exists();
    fs::create_dir_all(dir).map_err(|error| Error::write(dir, error))?;
    let lock = lock(dir)?;
    let fetched = fetch_locked(source, dir, options, &base, &client);
    drop(lock);
    let _ = fs::remove_file(dir.join(LOCK));
    if created && fetched.is_err() {
        // Goes only when nothing has come, for a folder with files in it stays.
        let _ = fs::remove_dir(dir);
    }
    fetched
}

fn lock(dir: &Path) -> Result<File, Error> {
    let path = dir.join(LOCK);
    let file = File::create(&path).map_err(|error| Error::write(&path, error))?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(Error::Busy { folder: dir.into() }),
        // Not every file system has locks; without one, the digests still find what two commands did to one file.
        _ => Ok(file),
    }
}

fn fetch_locked(
    source: Source,
    dir: &Path,
    options: &Options,
    base: &str,
    client: &http::Client,
) -> Result<Fetched, Error> {
    let mut done = Fetched { records: Vec::new(), fetched: 0, replaced: 0, present: 0, bytes: 0 };
    let mut progress = Progress::new(format!("{}: lists", source.name), 3, "files");
    let transfer = |path: &str, digest, limit| Transfer {
        client,
        url: format!("{base}{path}"),
        target: dir.join(path),
        digest,
        limit,
        options,
    };
    // The list of digests is the one file that nothing vouches for but the connection; it is always fetched anew.
    transfer(SUMS, None, LIST_LIMIT).run(&progress)?;
    let sums_url = format!("{base}{SUMS}");
    let sums = Sums::parse(&files::read_text(&dir.join(SUMS))?, &sums_url)?;
    progress.advance(1);

    let mut bring = |path: &str, limit: u64, progress: &mut Progress| -> Result<(), Error> {
        let digest = sums.digest(path).ok_or_else(|| Error::NotListed { url: sums_url.clone(), file: path.into() })?;
        let target = dir.join(path);
        let stood = target.exists();
        if stood && transfer::digest(&target)? == digest {
            done.present += 1;
        } else {
            done.bytes += transfer(path, Some(digest), limit).run(progress)?;
            done.fetched += 1;
            done.replaced += usize::from(stood);
        }
        progress.advance(1);
        Ok(())
    };
    for path in ["RECORDS", "ANNOTATORS"] {
        // Without RECORDS nothing is known of the records; ANNOTATORS is for people.
        if path == "RECORDS" || sums.digest(path).is_some() {
            bring(path, LIST_LIMIT.min(options.largest), &mut progress)?;
        }
    }
    drop(progress);

    let all = list::records(&files::read_text(&dir.join("RECORDS"))?, &format!("{base}RECORDS"))?;
    let chosen = list::choose(&all, options.records.as_deref(), &format!("{base}RECORDS"))?;
    let mut paths = Vec::with_capacity(3 * chosen.len());
    for record in &chosen {
        // The header last: a record that has one is whole. Some records (in QT, sel30 to sel52) have no annotations.
        let annotations = format!("{record}.{}", source.annotator);
        paths.extend(sums.digest(&annotations).is_some().then_some(annotations));
        paths.extend([format!("{record}.dat"), format!("{record}.hea")]);
    }
    let mut progress = Progress::new(source.name, paths.len() as u64, "files");
    for path in &paths {
        bring(path, options.largest, &mut progress)?;
    }
    done.records = chosen;
    Ok(done)
}

/// Where a file lies until it is complete.
fn part_of(target: &Path) -> PathBuf {
    let mut name = target.file_name().unwrap_or_default().to_os_string();
    name.push(".part");
    target.with_file_name(name)
}
