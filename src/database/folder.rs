//! A folder of records read by a description: for each record what will be used of it, or why nothing is.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::{fs, io};

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::description::check_record_name;
use super::unusable::{Reason, Unusable, refuse_unusable};
use super::{Class, Counts, Database, Error, RecordChoice, lead_names};
use crate::support::files::{self, FileError};
use crate::wfdb::{self, Annotation, Header};

/// A folder of records as a description sees it. No sample has been read yet.
#[derive(Debug, Clone)]
pub struct Folder {
    /// The description.
    pub database: Database,
    /// The folder.
    pub dir: PathBuf,
    /// The records that beats can be cut from, in the order of `RECORDS`.
    pub records: Vec<RecordPlan>,
    /// The others.
    pub unusable: Vec<Unusable>,
    /// Headers in the folder that `RECORDS` does not list; they are left alone.
    pub unlisted: Vec<String>,
}

/// What will be used of a record.
#[derive(Debug, Clone)]
pub struct RecordPlan {
    /// Path without suffix, as [`wfdb::Record::read`] takes it.
    pub stem: PathBuf,
    /// The record's name, as in `RECORDS`.
    pub name: String,
    /// Whose heart it is; records with the same text are of one subject.
    pub subject: String,
    /// Whether the subject is known from the description or the header; otherwise it is the record's own name.
    pub subject_named: bool,
    /// The header.
    pub header: Header,
    /// Length in samples of one signal.
    pub samples: u64,
    /// The signals of the description's leads, in its order, as positions in the header.
    pub leads: Vec<usize>,
    /// R (in samples from the record's start) and class of every beat, in the order of time; each one's window lies in the
    /// record.
    pub beats: Vec<(u64, Class)>,
    /// Beats left out because their window leaves the record.
    pub edges: Counts,
    /// Beats left out by the description's trimming.
    pub trimmed: Counts,
    /// Annotations that are of no class, by symbol, trimmed ones among them.
    pub ignored: BTreeMap<String, u64>,
}

impl RecordPlan {
    /// The beats by class.
    pub fn counts(&self) -> Counts {
        Counts::of(self.beats.iter().map(|(_, class)| *class))
    }

    /// Length in seconds.
    pub fn seconds(&self) -> f64 {
        self.samples as f64 / self.header.frequency
    }
}

/// Opens a folder for work: every record that the description asks for is sound, or this fails.
///
/// Records of another kind (no annotations, another rate, a lead missing) are left out and listed in
/// [`Folder::unusable`]; damaged ones end it, because working on the rest would be working on other data than was asked
/// for. Headers, annotations and the sizes of signal files are looked at; samples are not.
///
/// # Errors
/// As [`survey`]; [`Error::Damaged`] and [`Error::NothingUsable`].
pub fn open(database: &Database, dir: &Path) -> Result<Folder, Error> {
    let folder = survey(database, dir)?;
    let unusable = folder.unusable.iter().map(|record| (record.name.as_str(), &record.reason));
    refuse_unusable(dir, database, folder.records.len(), unusable)?;
    Ok(folder)
}

/// Looks at a folder and reports damaged records as unusable instead of failing; for inspection.
///
/// # Errors
/// The description is wrong ([`Error::Description`]), the folder has no records ([`Error::NoRecords`]) or not those that
/// the description names ([`Error::Absent`]), or it cannot be listed.
pub fn survey(database: &Database, dir: &Path) -> Result<Folder, Error> {
    database.check_description(&database.name)?;
    let (names, unlisted) = list(dir)?;
    if let RecordChoice::Only(chosen) = &database.records {
        let known: HashSet<&String> = names.iter().collect();
        let absent: Vec<String> = chosen.iter().filter(|name| !known.contains(name)).cloned().collect();
        if !absent.is_empty() {
            let (folder, origin, found) = (dir.into(), database.name.clone(), names.len());
            return Err(Error::Absent { folder, origin, names: absent, found });
        }
    }
    let chosen: HashSet<&String> = database.records.names().iter().collect();
    let includes = |name: &String| match &database.records {
        RecordChoice::All => true,
        RecordChoice::Only(_) => chosen.contains(name),
        RecordChoice::Except(_) => !chosen.contains(name),
    };
    let groups = database.subjects.groups();
    let plan = |name: &String| plan(database, dir, name, includes(name), &groups);
    let planned: Vec<Result<RecordPlan, Box<Unusable>>> = names.par_iter().map(plan).collect();
    let (mut records, mut unusable) = (Vec::new(), Vec::new());
    for record in planned {
        match record {
            Ok(plan) => records.push(plan),
            Err(record) => unusable.push(*record),
        }
    }
    Ok(Folder { database: database.clone(), dir: dir.into(), records, unusable, unlisted })
}

impl Database {
    /// Checks the description against the headers, annotations and file sizes of a folder.
    ///
    /// # Errors
    /// As [`open`].
    pub fn check(&self, dir: &Path) -> Result<(), Error> {
        open(self, dir).map(drop)
    }
}

/// `DIR/100` and `hea` make `DIR/100.hea`; a dot inside the name stays.
pub(super) fn with_suffix(stem: &Path, suffix: &str) -> PathBuf {
    let mut path = stem.as_os_str().to_owned();
    path.push(".");
    path.push(suffix);
    path.into()
}

/// The names of the records of a folder: those of `RECORDS`, or without that file of every header.
///
/// # Errors
/// [`Error::NoRecords`], and when the folder cannot be listed.
pub fn record_names(dir: &Path) -> Result<Vec<String>, Error> {
    Ok(list(dir)?.0)
}

/// The records of a folder: those of `RECORDS`, or without that file every header. Second, headers beside `RECORDS`.
pub(super) fn list(dir: &Path) -> Result<(Vec<String>, Vec<String>), Error> {
    let failed = |source| Error::Folder { path: dir.into(), source };
    let mut headers = Vec::new();
    for entry in fs::read_dir(dir).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|suffix| suffix == "hea") {
            headers.extend(path.file_stem().and_then(|stem| stem.to_str()).map(String::from));
        }
    }
    headers.sort();
    let path = dir.join("RECORDS");
    let (names, unlisted) = if path.exists() {
        let text = files::read_text(&path)?;
        let (mut names, mut seen): (Vec<String>, _) = (Vec::new(), HashSet::new());
        for name in text.lines().map(str::trim).filter(|name| !name.is_empty()) {
            check_record_name(name, &path.display().to_string())?;
            if seen.insert(name) {
                names.push(name.into());
            }
        }
        headers.retain(|header| !seen.contains(header.as_str()));
        (names, headers)
    } else {
        (headers, Vec::new())
    };
    if names.is_empty() { Err(Error::NoRecords { path: dir.into() }) } else { Ok((names, unlisted)) }
}

fn plan(
    database: &Database,
    dir: &Path,
    name: &str,
    included: bool,
    groups: &HashMap<&str, &[String]>,
) -> Result<RecordPlan, Box<Unusable>> {
    let stem = dir.join(name);
    let refuse = |reason, header| Err(Box::new(Unusable { name: name.into(), reason, header }));
    let file = with_suffix(&stem, "hea");
    let header = if file.exists() { Some(Header::read(&file)) } else { None };
    if !included {
        let header = header.and_then(Result::ok);
        return refuse(Reason::LeftOut { leads: header.as_ref().map(lead_names).unwrap_or_default() }, header);
    }
    let header = match header {
        None => return refuse(Reason::NoHeader, None),
        Some(Err(error @ wfdb::Error::Unsupported { .. })) => {
            return refuse(Reason::Unsupported(error.to_string()), None);
        }
        Some(Err(error)) => return refuse(Reason::Header(error.to_string()), None),
        Some(Ok(header)) => header,
    };
    match plan_signals(database, &stem, &header)
        .and_then(|(leads, samples)| Ok((leads, samples, annotations(database, &stem, header.frequency)?)))
    {
        Err(reason) => refuse(reason, Some(header)),
        Ok((leads, samples, annotations)) => {
            let plan = plan_beats(database, groups, stem, name, header, (leads, samples), &annotations);
            if plan.beats.is_empty() { refuse(Reason::NoBeats, Some(plan.header)) } else { Ok(plan) }
        }
    }
}

/// The signals of the leads and the record's length, after a look at the header and the sizes of the signal files.
fn plan_signals(database: &Database, stem: &Path, header: &Header) -> Result<(Vec<usize>, u64), Reason> {
    // Rates in headers are decimal text: equal numbers are equal bits.
    if header.frequency != database.frequency {
        return Err(Reason::Rate { found: header.frequency, expected: database.frequency });
    }
    let find = |lead: &super::Lead| lead.find(header).map_err(Reason::Lead);
    let leads = database.leads.iter().map(find).collect::<Result<Vec<_>, _>>()?;
    let Some(samples) = header.samples.filter(|samples| *samples > 0) else {
        // Only the signal file knows the length, so it is read.
        let record = wfdb::Record::read_signals(stem, &leads[..1]).map_err(|e| Reason::Signals(e.to_string()))?;
        return Ok((leads, record.signals.first().map_or(0, Vec::len) as u64));
    };
    for file in header.files(&with_suffix(stem, "hea")).map_err(|error| Reason::Signals(error.to_string()))? {
        let found = fs::metadata(&file).map_err(|source| {
            let advice = "restore or fetch it";
            Reason::Signals(format!("the signal file {} cannot be read: {source}; {advice}", file.display()))
        })?;
        let expected = least_bytes(header, &file, samples);
        if u128::from(found.len()) < expected {
            return Err(Reason::Signals(format!(
                "{}: found {} bytes, expected {expected} or more for {samples} samples a signal; the file is cut off: restore \
                 or fetch it",
                file.display(),
                found.len()
            )));
        }
    }
    Ok((leads, samples))
}

/// What a signal file holds at least. Formats other than 16 and 212, and segments, are left to the reader.
fn least_bytes(header: &Header, file: &Path, samples: u64) -> u128 {
    if !header.segments.is_empty() {
        return 0;
    }
    let mine = header.signals.iter().filter(|signal| file.file_name().is_some_and(|name| name == signal.file.as_str()));
    let bits: u128 = mine
        .clone()
        .map(|signal| match signal.format.number() {
            16 => 16,
            212 => 12,
            _ => 0,
        })
        .sum();
    let offset = mine.map(|signal| signal.byte_offset).max().unwrap_or(0);
    u128::from(offset) + (bits * u128::from(samples)).div_ceil(8)
}

fn annotations(database: &Database, stem: &Path, frequency: f64) -> Result<Vec<Annotation>, Reason> {
    let file = with_suffix(stem, &database.annotator);
    if !file.exists() {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        return Err(Reason::NoAnnotations { file: name.into() });
    }
    let read = wfdb::AnnotationFile::read(&file).map_err(|error| Reason::Annotations(error.to_string()))?;
    Ok(read.in_samples(frequency))
}

/// Sorts the annotations into beats that stay, beats that are trimmed or too near the edges, and what is no beat.
fn plan_beats(
    database: &Database,
    groups: &HashMap<&str, &[String]>,
    stem: PathBuf,
    name: &str,
    header: Header,
    (leads, samples): (Vec<usize>, u64),
    annotations: &[Annotation],
) -> RecordPlan {
    let named = database.subjects.named(groups.get(name).copied(), &header.comments);
    let mut plan = RecordPlan {
        stem,
        name: name.into(),
        subject_named: named.is_some(),
        subject: named.unwrap_or_else(|| name.into()),
        header,
        samples,
        leads,
        beats: Vec::with_capacity(annotations.len()),
        edges: Counts::default(),
        trimmed: Counts::default(),
        ignored: BTreeMap::new(),
    };
    let kept = database.trim.kept(annotations.len());
    for (entry, annotation) in annotations.iter().enumerate() {
        let Some(class) = database.classes.class(annotation.code) else {
            *plan.ignored.entry(annotation.code.symbol().to_owned()).or_default() += 1;
            continue;
        };
        if !kept.contains(&entry) {
            plan.trimmed[class] += 1;
        } else if database.window.around(annotation.sample, samples).is_none() {
            plan.edges[class] += 1;
        } else {
            plan.beats.push((annotation.sample, class));
        }
    }
    plan
}

impl Folder {
    /// The beats by class over all records.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        self.records.iter().for_each(|record| counts += record.counts());
        counts
    }

    /// The subjects of the usable records, in the order of their first record, each with its records.
    pub fn subjects(&self) -> Vec<(&str, Vec<&RecordPlan>)> {
        let mut subjects: Vec<(&str, Vec<&RecordPlan>)> = Vec::new();
        let mut places: HashMap<&str, usize> = HashMap::new();
        for record in &self.records {
            let place = *places.entry(&record.subject).or_insert(subjects.len());
            if place == subjects.len() {
                subjects.push((&record.subject, Vec::new()));
            }
            subjects[place].1.push(record);
        }
        subjects
    }

    /// SHA-256, in hexadecimal, of what the usable records are made of: for each, in order, its name and the SHA-256 of its
    /// header, its annotation file and its signal files (and segments), whole. It changes when any byte of these does, and with neither
    /// the folder's place nor the description (which [`crate::support::files::to_ron`] can add to a key).
    ///
    /// Every file is read: about half a second for MIT-BIH.
    ///
    /// # Errors
    /// [`Error::File`], [`Error::Record`].
    pub fn fingerprint(&self) -> Result<String, Error> {
        let lines: Result<Vec<String>, Error> = self.records.par_iter().map(|record| self.describe(record)).collect();
        Ok(files::digest(lines?.concat().as_bytes()))
    }

    fn describe(&self, record: &RecordPlan) -> Result<String, Error> {
        let mut text = format!("record {}\n", record.name);
        let texts = ["hea", self.database.annotator.as_str()].map(|suffix| with_suffix(&record.stem, suffix));
        let rest = record.header.files(&with_suffix(&record.stem, "hea"))?;
        for file in texts.into_iter().chain(rest) {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            text.push_str(&format!("{} {name}\n", file_digest(&file)?));
        }
        Ok(text)
    }
}

fn file_digest(path: &Path) -> Result<String, Error> {
    let failed = |source| FileError::Read { path: path.into(), source };
    let mut hasher = Sha256::new();
    let mut file = files::open(path).map_err(failed)?;
    let mut buffer = vec![0; 1 << 16];
    loop {
        match io::Read::read(&mut file, &mut buffer) {
            Ok(0) => return Ok(files::hexadecimal(&hasher.finalize())),
            Ok(read) => hasher.update(&buffer[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(failed(error).into()),
        }
    }
}
