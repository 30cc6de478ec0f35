//! Annotations of a folder of records, or those that a model makes, against reference annotations, by the rules of EC57.

use std::path::{Path, PathBuf};

use super::Work;
use super::apply::{ModelBeats, model_beats};
use super::error::{Error, Result};
use super::predict::{Input, Peaks, predict, suffixed};
use crate::database::{Lead, record_names};
use crate::evaluate;
use crate::evaluate::ec57::{Options, Period, RecordReport, Report, compare};
use crate::model::Model;
use crate::support::interrupt;
use crate::support::progress::Progress;
use crate::wfdb::{self, Annotation, Header};

/// Whose annotations are tested.
#[derive(Debug)]
pub enum Tested<'a> {
    /// Those of files that are there: `FOLDER/RECORD.ANNOTATOR`.
    Annotations {
        /// The folder.
        folder: PathBuf,
        /// The suffix.
        annotator: String,
    },
    /// Those that a model makes.
    Model {
        /// The model.
        model: &'a Model,
        /// Where its R peaks come from.
        peaks: Peaks,
        /// What the records are, if it is known.
        database: Option<&'a str>,
        /// Where the annotations are written, if they are kept.
        out: Option<&'a Path>,
    },
}

/// Compares the test annotations of records of a folder with reference annotations, `DIR/RECORD.REFERENCE`.
///
/// Without `records`, these are: for files, every record of the folder; for a model on the data that it was trained on, the
/// records of the test part of its split; for a model on other data, every record.
///
/// # Errors
/// A file that is not there or cannot be read, for whichever record; a record shorter than what is left out at its
/// beginning; a model whose split divides the beats of a record, without `records`; and as [`super::evaluate`].
pub fn ec57(
    dir: &Path,
    records: Option<&[String]>,
    reference: &str,
    tested: &Tested<'_>,
    options: Options,
    work: &Work,
) -> Result<Report> {
    let (leads, chosen) = match tested {
        Tested::Annotations { .. } => (Vec::new(), Chosen::all(dir, records)?),
        Tested::Model { model, database, .. } => {
            let beats = model_beats(model, dir, *database, work)?;
            let leads = if beats.own { Vec::new() } else { beats.database.leads.iter().map(as_argument).collect() };
            (leads, Chosen::of_model(model, &beats, dir, records)?)
        }
    };
    let mut progress =
        (!work.quiet).then(|| Progress::new("comparing annotations", chosen.records.len() as u64, "records"));
    // One bar is enough.
    let alone = Work { quiet: true, ..Work::default() };
    let mut reports = Vec::with_capacity(chosen.records.len());
    for name in &chosen.records {
        if interrupt::requested() {
            return Err(Error::Interrupted);
        }
        let stem = dir.join(name);
        let header_file = suffixed(&stem, "hea");
        let header = Header::read(&header_file)?;
        let period = Period::new(header.frequency, header.samples, options).map_err(|error| match error {
            evaluate::Error::Period { what, found, expected } => Error::Unfit {
                place: format!("{}: {what}", header_file.display()),
                found,
                expected: format!("{expected}; leave the record out with --records"),
            },
            other => other.into(),
        })?;
        let truth = annotations(&suffixed(&stem, reference), header.frequency)?;
        let test = match tested {
            Tested::Annotations { folder, annotator } => {
                annotations(&suffixed(&folder.join(name), annotator), header.frequency)?
            }
            Tested::Model { model, peaks, out, .. } => {
                let prediction = predict(model, &Input::Wfdb(stem), peaks, &leads, &alone)?;
                if let Some(out) = out {
                    prediction.write(out)?;
                }
                prediction.annotations()
            }
        };
        reports.push(RecordReport::new(name, compare(&truth, &test, &period)));
        if let Some(progress) = &mut progress {
            progress.advance(1);
        }
    }
    let test = match tested {
        Tested::Annotations { folder, annotator } => suffixed(&folder.join("*"), annotator).display().to_string(),
        Tested::Model { model, peaks, .. } => format!(
            "a model trained on {}, R peaks of {}",
            model.spec.origin.data.name,
            if matches!(peaks, Peaks::Detected) { "the detector" } else { "the annotations" }
        ),
    };
    let mut report = Report::new(suffixed(&dir.join("*"), reference).display().to_string(), test, options, reports);
    if matches!(tested, Tested::Model { peaks: Peaks::Annotated(_), .. }) {
        report.note("the R peaks are the reference's: the figures of QRS say nothing of a detector");
    }
    chosen.notes.iter().for_each(|note| report.note(note));
    Ok(report)
}

/// A lead as [`predict`] takes it.
fn as_argument(lead: &Lead) -> String {
    match lead {
        Lead::Name(name) => name.clone(),
        Lead::Position(position) => position.to_string(),
    }
}

/// Which records are compared, and what is to be said of that.
struct Chosen {
    records: Vec<String>,
    notes: Vec<String>,
}

impl Chosen {
    fn all(dir: &Path, records: Option<&[String]>) -> Result<Self> {
        let records = records.map_or_else(|| record_names(dir), |records| Ok(records.to_vec()))?;
        Ok(Self { records, notes: Vec::new() })
    }

    fn of_model(model: &Model, beats: &ModelBeats, dir: &Path, records: Option<&[String]>) -> Result<Self> {
        let mut chosen = match (&beats.split, records) {
            (Some(split), None) => {
                Self { records: split.summary().test.records.clone(), notes: vec![split.describe().into()] }
            }
            _ => Self::all(dir, records)?,
        };
        match &beats.split {
            Some(split) => {
                let summary = split.summary();
                let seen = |record: &&String| {
                    summary.training.records.contains(record) || summary.validation.records.contains(record)
                };
                let seen: Vec<&str> = chosen.records.iter().filter(seen).map(String::as_str).collect();
                match (seen.first(), records) {
                    (Some(first), None) => {
                        return Err(Error::Unfit {
                            place: format!("a model trained on {}", model.spec.origin.data.name),
                            found: format!("a split in which record {first} both trains and tests"),
                            expected: "whole records that it never saw: take a model that was trained by patient \
                                       (InterPatient, PatientFolds), or name the records with --records"
                                .into(),
                        });
                    }
                    (Some(_), Some(_)) => {
                        let seen = seen.join(", ");
                        chosen.notes.push(format!("beats of {seen} trained the model: the figures are optimistic"));
                    }
                    (None, _) => {}
                }
            }
            None if beats.own => chosen.notes.push(
                "the model was trained on a database of the same name with other content: some of these records may have \
                 trained it, so the figures may be optimistic"
                    .into(),
            ),
            None => {}
        }
        Ok(chosen)
    }
}

/// The annotations of a file, in samples of the record.
fn annotations(path: &Path, frequency: f64) -> Result<Vec<Annotation>> {
    if !path.exists() {
        let expected = "an annotation file for each record that is compared; name the others with --records";
        return Err(Error::Unfit {
            place: path.display().to_string(),
            found: "no such file".into(),
            expected: expected.into(),
        });
    }
    Ok(wfdb::AnnotationFile::read(path)?.in_samples(frequency))
}
