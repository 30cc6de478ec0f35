//! A description made up from headers, for a folder of which nothing is known: something to correct.

use std::collections::BTreeMap;
use std::path::Path;

use super::folder::{list, with_suffix};
use super::{ClassMap, Database, Error, Lead, RecordChoice, Subjects, Trim, Window, lead_names};
use crate::wfdb::{self, Header};

/// At most so many records are looked at.
const LOOK_AT: usize = 200;

impl Database {
    /// A description to start from: the commonest rate, at most two leads that all records have (by name, otherwise by
    /// position), the window of MIT-BIH in seconds, and the annotation files that hold beats.
    ///
    /// # Errors
    /// [`Error::Folder`] and [`Error::NoRecords`]; the error of the first header when none can be read.
    pub fn propose(dir: &Path) -> Result<Self, Error> {
        let (names, _) = list(dir)?;
        let (mut headers, mut first_failure) = (Vec::new(), None);
        for name in names.iter().take(LOOK_AT) {
            match Header::read(&with_suffix(&dir.join(name), "hea")) {
                Ok(header) if !header.signals.is_empty() => headers.push((name, header)),
                Ok(_) => {}
                Err(error) => first_failure = first_failure.or(Some(error.to_string())),
            }
        }
        if headers.is_empty() {
            let reason = first_failure.unwrap_or_else(|| "its headers name no signals".into());
            return Err(Error::Unrecognised { folder: dir.into(), advice: format!("no header can be used: {reason}") });
        }
        let frequency = commonest(headers.iter().map(|(_, header)| header.frequency.to_string()))
            .and_then(|text| text.parse().ok())
            .unwrap_or(360.0);
        let has_patient = headers.iter().any(|(_, header)| {
            let by_comment = Subjects { comment: Some("patient".into()), ..Subjects::default() };
            by_comment.named(None, &header.comments).is_some()
        });
        let mitdb = Window { before: 99, after: 200 };
        Ok(Self {
            name: folder_name(dir),
            title: "described from its headers; check it".into(),
            leads: common_leads(&headers),
            frequency,
            window: mitdb.at(360.0, frequency),
            classes: ClassMap::aami(),
            trim: Trim::default(),
            annotator: annotator(dir, &headers),
            records: RecordChoice::All,
            subjects: Subjects { comment: has_patient.then(|| "patient".into()), ..Subjects::default() },
            inter_patient: None,
            published: None,
        })
    }
}

fn commonest(texts: impl Iterator<Item = String>) -> Option<String> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    texts.for_each(|text| *counts.entry(text).or_default() += 1);
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(text, _)| text)
}

fn folder_name(dir: &Path) -> String {
    let name = dir.canonicalize().ok().and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
    let safe = |c: char| if c.is_ascii_alphanumeric() || "_-".contains(c) { c } else { '-' };
    name.filter(|name| !name.is_empty()).unwrap_or_else(|| "records".into()).chars().map(safe).collect()
}

fn common_leads(headers: &[(&String, Header)]) -> Vec<Lead> {
    let usable = |name: &&String| headers.iter().all(|(_, header)| Lead::Name((*name).clone()).find(header).is_ok());
    let first = lead_names(&headers[0].1);
    let by_name: Vec<Lead> = first.iter().filter(usable).take(2).cloned().map(Lead::Name).collect();
    if !by_name.is_empty() {
        return by_name;
    }
    let fewest = headers.iter().map(|(_, header)| header.signals.len()).min().unwrap_or(1);
    (0..fewest.min(2)).map(Lead::Position).collect()
}

/// The suffix beside most records whose files hold beats of a class; `atr` where it is one of them or there is none.
fn annotator(dir: &Path, headers: &[(&String, Header)]) -> String {
    let classes = ClassMap::aami();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let Ok(entries) = std::fs::read_dir(dir) else { return "atr".into() };
    for path in entries.flatten().map(|entry| entry.path()) {
        let suffix = path.extension().and_then(|suffix| suffix.to_str()).unwrap_or_default().to_owned();
        let signals =
            |header: &Header| header.signals.iter().any(|s| path.file_name().is_some_and(|n| n == s.file.as_str()));
        let is_beside = path
            .file_stem()
            .is_some_and(|stem| headers.iter().any(|(name, header)| stem == name.as_str() && !signals(header)));
        if suffix.is_empty() || suffix == "hea" || !is_beside {
            continue;
        }
        let annotations = wfdb::read_annotations(&path).unwrap_or_default();
        if annotations.iter().any(|a| classes.class(a.code).is_some()) {
            *counts.entry(suffix).or_default() += 1;
        }
    }
    if counts.contains_key("atr") {
        return "atr".into();
    }
    counts.into_iter().max_by_key(|(_, count)| *count).map_or_else(|| "atr".into(), |(suffix, _)| suffix)
}
