//! A model on one record: beats in, annotations and a table out.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::error::{Error, Result};
use crate::beat::{Batch, ProcessedRecord};
use crate::database::{Class, Lead};
use crate::evaluate::probabilities;
use crate::model::{Model, ModelSpec};
use crate::signal::detect_r_peaks;
use crate::support::digests::Digests;
use crate::support::files;
use crate::wfdb::{self, Annotation, Code, Header, Record};

/// Beats a pass.
const BATCH: usize = 256;
/// The suffix of the annotations that are written.
pub(super) const ANNOTATOR: &str = "hda";

/// Where the R peaks come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Peaks {
    /// The beats of the annotation file with this suffix, which must be there.
    Annotated(String),
    /// The same where the file is there, otherwise the detector.
    AnnotatedOrDetected(String),
    /// The detector, on the first of the model's leads.
    Detected,
}

/// The classified beats of a record.
#[derive(Debug, Clone, Serialize)]
pub struct Prediction {
    /// The record's name.
    pub record: String,
    /// Its rate in Hz.
    pub frequency: f64,
    /// `annotations` or `detector`.
    pub peaks: String,
    /// Beats whose window leaves the record.
    pub left_out: usize,
    /// What the model was made of, and its weights.
    pub digests: Digests,
    /// The beats, in time.
    pub beats: Vec<PredictedBeat>,
}

/// One classified beat.
#[derive(Debug, Clone, Serialize)]
pub struct PredictedBeat {
    /// Its R peak, in samples of the record, from 0.
    pub sample: u64,
    /// The same in seconds.
    pub seconds: f64,
    /// The most probable class.
    pub class: Class,
    /// Of N, S, V, F and Q.
    pub probabilities: [f32; 5],
}

/// Classifies the beats of a record, `DIR/100` without a suffix (or an EDF file, with its own). `leads` are taken instead of
/// the model's when there are any: names, or positions from 0.
///
/// # Errors
/// When the record cannot be read, or lacks a lead.
pub fn predict(model: &Model, stem: &Path, peaks: &Peaks, leads: &[String]) -> Result<Prediction> {
    let spec = &model.spec;
    let header = Header::of_record(stem)?;
    let signals = signals(spec, &header, stem, leads)?;
    let record = Record::read_signals(stem, &signals)?;
    let frequency = header.frequency;
    let mut preprocessing = spec.preprocessing.clone();
    preprocessing.resample = (frequency != spec.frequency).then_some(spec.frequency);
    let (places, source) = places(stem, peaks, &record.physical(0), frequency)?;
    let processed = ProcessedRecord::new(&record, spec.window, &preprocessing)?;
    let inside: Vec<u64> = places.iter().copied().filter(|&place| processed.contains(place)).collect();
    let evaluator = model.network.evaluator()?;
    let mut beats = Vec::with_capacity(inside.len());
    for chunk in inside.chunks(BATCH) {
        let mut values = vec![0.0; chunk.len() * processed.beat_size()];
        for (place, beat) in chunk.iter().zip(values.chunks_exact_mut(processed.beat_size())) {
            processed.cut(*place, beat);
        }
        let batch =
            Batch { values, classes: vec![0; chunk.len()], leads: spec.input.leads, samples: spec.input.samples };
        let probabilities = probabilities(evaluator.as_ref(), &batch)?;
        let rows = probabilities.as_chunks::<5>().0;
        beats.extend(chunk.iter().zip(rows).map(|(sample, row)| beat(*sample, frequency, *row)));
    }
    let left_out = places.len() - beats.len();
    let digests = spec.digests();
    Ok(Prediction { record: header.name, frequency, peaks: source.into(), left_out, digests, beats })
}

fn beat(sample: u64, frequency: f64, probabilities: [f32; 5]) -> PredictedBeat {
    let best = (1..5).fold(0, |best, i| if probabilities[i] > probabilities[best] { i } else { best });
    PredictedBeat { sample, seconds: sample as f64 / frequency, class: Class::ALL[best], probabilities }
}

fn signals(spec: &ModelSpec, header: &Header, stem: &Path, leads: &[String]) -> Result<Vec<usize>> {
    let chosen: Vec<Lead> =
        leads.iter().map(|lead| lead.parse().map_or_else(|_| Lead::Name(lead.clone()), Lead::Position)).collect();
    let chosen = if chosen.is_empty() { &spec.leads } else { &chosen };
    let unfit = |found: String, expected: String| Error::Unfit { place: stem.display().to_string(), found, expected };
    if chosen.len() != spec.input.leads {
        let names: Vec<String> = spec.leads.iter().map(ToString::to_string).collect();
        let expected = format!("{}, as the model was trained on {}", spec.input.leads, names.join(" and "));
        return Err(unfit(format!("{} leads", chosen.len()), expected));
    }
    let found = chosen.iter().map(|lead| lead.find(header));
    found
        .collect::<std::result::Result<Vec<_>, _>>()
        .map_err(|found| unfit(found, "the leads of the model, or others named by --leads in the model's order".into()))
}

/// R peaks in samples of the record, and where they come from.
fn places(stem: &Path, peaks: &Peaks, lead: &[f32], frequency: f64) -> Result<(Vec<u64>, &'static str)> {
    if let Peaks::Annotated(annotator) | Peaks::AnnotatedOrDetected(annotator) = peaks {
        let path = suffixed(stem, annotator);
        if matches!(peaks, Peaks::Annotated(_)) || path.exists() {
            // Flutter waves count as beats in WFDB, but have no class.
            let is_beat = |code: Code| code.is_beat() && code != Code::FLWAV;
            let beats = wfdb::read_annotations(&path)?.into_iter().filter(|annotation| is_beat(annotation.code));
            return Ok((beats.map(|annotation| annotation.sample).collect(), "annotations"));
        }
    }
    Ok((detect_r_peaks(lead, frequency).into_iter().map(|place| place as u64).collect(), "detector"))
}

/// `DIR/100` and `hea` make `DIR/100.hea`.
pub(super) fn suffixed(stem: &Path, suffix: &str) -> PathBuf {
    let mut path = stem.as_os_str().to_owned();
    path.push(".");
    path.push(suffix);
    path.into()
}

impl Prediction {
    /// Writes `RECORD.hda` (WFDB annotations) and `RECORD.csv` into a folder, and says where they are.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write(&self, folder: &Path) -> Result<[PathBuf; 2]> {
        let stem = folder.join(&self.record);
        let (annotations, table) = (suffixed(&stem, ANNOTATOR), suffixed(&stem, "csv"));
        files::write_atomic(&table, self.table().as_bytes())?;
        wfdb::write_annotations(&annotations, &self.annotations())?;
        Ok([annotations, table])
    }

    /// The beats as annotations: symbols N S V F Q, the probability in percent as number.
    pub fn annotations(&self) -> Vec<Annotation> {
        let annotation = |beat: &PredictedBeat| {
            let percent = (100.0 * beat.probabilities[beat.class.index()]).round() as i8;
            let code = Code::from_symbol(beat.class.symbol()).unwrap_or(Code::NORMAL);
            Annotation { number: percent, ..Annotation::new(beat.sample, code) }
        };
        self.beats.iter().map(annotation).collect()
    }

    fn table(&self) -> String {
        let mut text = String::from("sample,seconds,class,p_n,p_s,p_v,p_f,p_q\n");
        for PredictedBeat { sample, seconds, class, probabilities } in &self.beats {
            let p: Vec<String> = probabilities.iter().map(|p| format!("{p:.4}")).collect();
            let _ = writeln!(text, "{sample},{seconds:.3},{},{}", class.symbol(), p.join(","));
        }
        text
    }

    /// A sentence for the terminal.
    pub fn summary(&self) -> String {
        let count = |class| self.beats.iter().filter(|beat| beat.class == class).count();
        let classes: Vec<String> =
            Class::ALL.iter().map(|&class| format!("{} {}", class.symbol(), count(class))).collect();
        format!(
            "{}: {} beats at R peaks of the {} ({} left out at the ends): {}",
            self.record,
            self.beats.len(),
            self.peaks,
            self.left_out,
            classes.join(", ")
        )
    }
}
