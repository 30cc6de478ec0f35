//! What a person should know of a folder before spending compute on it, with advice.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::{Class, Counts, Folder};
use crate::wfdb::Code;

/// The share of the beats that the paper tests on.
const TEST_SHARE: f64 = 0.2;
/// Half-widths of a sensitivity's interval from here on are worth a word.
const UNCERTAIN: f64 = 0.1;
/// Fewer subjects than this make a split by patient a matter of luck.
const FEW_SUBJECTS: usize = 5;

/// Something to know; its text says what to do.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Warning {
    /// Files are damaged or missing.
    Damaged {
        /// How many records.
        records: usize,
    },
    /// A class of the description has no beat.
    ClassAbsent {
        /// The class.
        class: Class,
    },
    /// A class has so few beats that its figures will be uncertain.
    FewBeats {
        /// The class.
        class: Class,
        /// Its beats.
        beats: u64,
    },
    /// Half or more of a class's beats are one subject's.
    OneSubject {
        /// The class.
        class: Class,
        /// The subject.
        subject: String,
        /// Its share of the class's beats, 0 to 1.
        share: f64,
    },
    /// Few subjects in all.
    FewSubjects {
        /// How many.
        subjects: usize,
    },
    /// The description names a header comment for subjects that some records lack.
    SubjectsUnknown {
        /// How many records.
        records: usize,
        /// The comment's first word.
        comment: String,
    },
    /// What the description says of its subjects.
    SubjectsNote {
        /// The description's words.
        note: String,
    },
    /// One subject is on both sides of the fixed division by patient.
    SubjectOnBothSides {
        /// The subject.
        subject: String,
    },
    /// The counts are not the published ones.
    CountsDiffer {
        /// Where they were published.
        source: String,
    },
    /// Annotations that WFDB counts as beats are of no class.
    UnmappedBeats {
        /// The symbol.
        symbol: String,
        /// How many.
        beats: u64,
    },
    /// More than one beat in a hundred lies too near the ends of its record.
    EdgeLoss {
        /// How many beats.
        beats: u64,
        /// Their share, 0 to 1.
        share: f64,
    },
    /// Samples that the format marks as missing.
    MissingSamples {
        /// The records that have some.
        records: Vec<String>,
        /// Their share of all samples of the leads, 0 to 1.
        share: f64,
    },
    /// Headers that `RECORDS` does not list.
    Unlisted {
        /// Their names.
        names: Vec<String>,
    },
}

/// Half the width of a sensitivity's 95 % interval on `beats` beats where it is widest, at a sensitivity of one half:
/// 1.96 √(0.25 / n).
fn half_width(beats: f64) -> f64 {
    (0.98 / beats.max(1.0).sqrt()).min(0.5)
}

impl Warning {
    /// One word for programs.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Damaged { .. } => "damaged",
            Self::ClassAbsent { .. } => "class_absent",
            Self::FewBeats { .. } => "few_beats",
            Self::OneSubject { .. } => "one_subject",
            Self::FewSubjects { .. } => "few_subjects",
            Self::SubjectsUnknown { .. } => "subjects_unknown",
            Self::SubjectsNote { .. } => "subjects_note",
            Self::SubjectOnBothSides { .. } => "subject_on_both_sides",
            Self::CountsDiffer { .. } => "counts_differ",
            Self::UnmappedBeats { .. } => "unmapped_beats",
            Self::EdgeLoss { .. } => "edge_loss",
            Self::MissingSamples { .. } => "missing_samples",
            Self::Unlisted { .. } => "unlisted",
        }
    }

    /// Everything that headers and annotations tell.
    pub(super) fn about(folder: &Folder) -> Vec<Self> {
        let mut warnings = Vec::new();
        let damaged = folder.unusable.iter().filter(|record| record.reason.is_damage()).count();
        if damaged > 0 {
            warnings.push(Self::Damaged { records: damaged });
        }
        if !folder.records.is_empty() {
            about_classes(folder, &mut warnings);
            about_subjects(folder, &mut warnings);
        }
        let ignored = total_ignored(folder);
        // WFDB's list of beats has flutter waves and the learning phase; neither is a beat that a class could have.
        let is_beat = |code: Code| code.is_beat() && code != Code::FLWAV && code != Code::LEARN;
        warnings.extend(
            ignored
                .into_iter()
                .filter(|(symbol, _)| Code::from_symbol(symbol).is_some_and(is_beat))
                .map(|(symbol, beats)| Self::UnmappedBeats { symbol, beats }),
        );
        if !folder.unlisted.is_empty() {
            warnings.push(Self::Unlisted { names: folder.unlisted.clone() });
        }
        warnings
    }
}

/// Annotations of no class over all usable records, by symbol.
pub(super) fn total_ignored(folder: &Folder) -> BTreeMap<String, u64> {
    let mut total = BTreeMap::new();
    for (symbol, count) in folder.records.iter().flat_map(|record| &record.ignored) {
        *total.entry(symbol.clone()).or_default() += count;
    }
    total
}

fn about_classes(folder: &Folder, warnings: &mut Vec<Warning>) {
    let counts = folder.counts();
    if let Some(published) = &folder.database.published
        && published.counts() != counts
    {
        warnings.push(Warning::CountsDiffer { source: published.source.clone() });
    }
    let subjects: Vec<(&str, Counts)> = folder
        .subjects()
        .into_iter()
        .map(|(name, records)| {
            let mut counts = Counts::default();
            records.iter().for_each(|record| counts += record.counts());
            (name, counts)
        })
        .collect();
    for class in folder.database.classes.classes() {
        let beats = counts[class];
        if beats == 0 {
            warnings.push(Warning::ClassAbsent { class });
            continue;
        }
        if half_width(beats as f64 * TEST_SHARE) > UNCERTAIN {
            warnings.push(Warning::FewBeats { class, beats });
        }
        if let Some((subject, most)) = subjects.iter().max_by_key(|(_, counts)| counts[class]) {
            let share = most[class] as f64 / beats as f64;
            if subjects.len() > 1 && share >= 0.5 {
                warnings.push(Warning::OneSubject { class, subject: (*subject).into(), share });
            }
        }
    }
    let edges: u64 = folder.records.iter().map(|record| record.edges.total()).sum();
    let share = edges as f64 / (edges + counts.total()).max(1) as f64;
    if share > 0.01 {
        warnings.push(Warning::EdgeLoss { beats: edges, share });
    }
}

fn about_subjects(folder: &Folder, warnings: &mut Vec<Warning>) {
    let subjects = folder.subjects();
    if subjects.len() < FEW_SUBJECTS {
        warnings.push(Warning::FewSubjects { subjects: subjects.len() });
    }
    let described = &folder.database.subjects;
    if let Some(comment) = &described.comment {
        let records = folder.records.iter().filter(|record| !record.subject_named).count();
        if records > 0 {
            warnings.push(Warning::SubjectsUnknown { records, comment: comment.clone() });
        }
    }
    if !described.note.is_empty() {
        warnings.push(Warning::SubjectsNote { note: described.note.clone() });
    }
    if let Some(sets) = &folder.database.inter_patient {
        let (training, test): (HashSet<&String>, HashSet<&String>) =
            (sets.training.iter().collect(), sets.test.iter().collect());
        for (subject, records) in subjects {
            let on = |side: &HashSet<&String>| records.iter().any(|record| side.contains(&record.name));
            if on(&training) && on(&test) {
                warnings.push(Warning::SubjectOnBothSides { subject: subject.into() });
            }
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged { records } => write!(
                f,
                "{records} of the records {} damaged or incomplete: every other command refuses the folder until they are \
                 restored, or left out by name in a description (`records: Except([…])`)",
                if *records == 1 { "is" } else { "are" }
            ),
            Self::ClassAbsent { class } => write!(
                f,
                "{class} ({}) has no beat: it cannot be learned and its figures will be missing; take it out of `classes` in \
                 a description if that is meant",
                class.title()
            ),
            Self::FewBeats { class, beats } => {
                let tested = *beats as f64 * TEST_SHARE;
                write!(
                    f,
                    "{class} has {beats} beats, about {tested:.0} in a test part of a fifth: its sensitivity is uncertain by \
                     up to ±{:.0} points; read it with its interval",
                    100.0 * half_width(tested)
                )
            }
            Self::OneSubject { class, subject, share } => write!(
                f,
                "{class}: {:.0} % of the beats are of subject {subject}: figures of {class} say little about other people, \
                 and a split by patient puts most of it on one side",
                100.0 * share
            ),
            Self::FewSubjects { subjects } => write!(
                f,
                "{subjects} subject{} in all: figures say little about other people; splits by patient need more, at least \
                 {FEW_SUBJECTS}",
                if *subjects == 1 { "" } else { "s" }
            ),
            Self::SubjectsUnknown { records, comment } => write!(
                f,
                "{records} records have no header comment `{comment} …`: each counts as a subject of its own; say which belong \
                 together in a description (`subjects: (together: […])`)"
            ),
            Self::SubjectsNote { note } => write!(f, "each record counts as a subject of its own: {note}"),
            Self::SubjectOnBothSides { subject } => write!(
                f,
                "subject {subject} is on both sides of the `InterPatient` division, as published; `PatientFolds` keeps subjects \
                 whole"
            ),
            Self::CountsDiffer { source } => write!(
                f,
                "the counts are not those of {source}: records are missing, or the files are another version; figures cannot be \
                 compared one to one"
            ),
            Self::UnmappedBeats { symbol, beats } => {
                let meaning = Code::from_symbol(symbol).map_or("", Code::description);
                write!(
                    f,
                    "{beats} beats {symbol:?} ({meaning}) are in no class and left out; a description can add the symbol to \
                     `classes`"
                )
            }
            Self::EdgeLoss { beats, share } => write!(
                f,
                "{beats} beats ({:.1} %) are lost because their window leaves the record: the records are short for this \
                 window",
                100.0 * share
            ),
            Self::MissingSamples { records, share } => write!(
                f,
                "{:.2} % of the samples are marked as missing, in {}; their beats are affected",
                100.0 * share,
                records.join(", ")
            ),
            Self::Unlisted { names } => write!(
                f,
                "RECORDS does not list {}, so {} left alone; add or delete",
                names.join(", "),
                if names.len() == 1 { "it is" } else { "they are" }
            ),
        }
    }
}

impl Serialize for Warning {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Warning", 2)?;
        object.serialize_field("kind", self.kind())?;
        object.serialize_field("text", &self.to_string())?;
        object.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_uncertainty_of_a_sensitivity() {
        // 1.96 * sqrt(0.25 / 8) = 0.346
        let text = Warning::FewBeats { class: Class::S, beats: 40 }.to_string();
        assert!(text.starts_with("S has 40 beats, about 8 in a test part") && text.contains("±35 points"), "{text}");
    }
}
