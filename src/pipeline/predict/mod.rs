//! A model on one record: beats in, annotations and tables out.

mod input;
mod prediction;

use std::path::{Path, PathBuf};
use std::time::Instant;

use rayon::prelude::*;

pub use self::input::Input;
pub use self::prediction::{PredictedBeat, Prediction};
use super::Work;
use super::error::{Error, Result};
use crate::beat::{Batch, Context, ProcessedRecord};
use crate::database::{Class, Lead};
use crate::evaluate::probabilities;
use crate::model::{Model, ModelSpec};
use crate::network::InputShape;
use crate::signal::detect_r_peaks;
use crate::support::interrupt;
use crate::support::progress::Progress;
use crate::wfdb::{AnnotationFile, Code, Header};

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

/// Classifies the beats of a record. `leads` are taken instead of the model's when there are any: names, or positions from 0. A
/// record of another rate is brought to the model's.
///
/// # Errors
/// When the record cannot be read, or lacks a lead; [`Error::Interrupted`].
pub fn predict(model: &Model, input: &Input, peaks: &Peaks, leads: &[String], work: &Work) -> Result<Prediction> {
    let spec = &model.spec;
    let header = input.header()?;
    let signals = signals(spec, &header, input.path(), leads)?;
    let start = Instant::now();
    let record = input.read(&signals)?;
    tracing::info!("{}: {} samples read at {:.1} s", input.path().display(), record.samples(), seconds(start));
    let frequency = header.frequency;
    let mut preprocessing = spec.preprocessing.clone();
    preprocessing.resample = (frequency != spec.frequency).then_some(spec.frequency);
    // The two readings of a record that take long, beside each other.
    let (places, processed) = rayon::join(
        || places(input, peaks, || record.physical(0), frequency),
        || ProcessedRecord::new(&record, spec.window, &preprocessing),
    );
    let ((places, source), processed) = (places?, processed?);
    tracing::info!("{} R peaks of the {source}, leads prepared at {:.1} s", places.len(), seconds(start));
    let inside: Vec<u64> = places.iter().copied().filter(|&place| processed.contains(place)).collect();
    let InputShape { leads: channels, samples, .. } = spec.input;
    let mut context = Context::new(&spec.preprocessing, signals.len(), samples);
    if context.channels() > 0 {
        let mut leads = vec![0.0; inside.len() * processed.beat_size()];
        cut(&processed, &inside, processed.beat_size(), &mut leads);
        context.add_record(&inside, &leads);
    }
    let name = input.name();
    let mut progress =
        (!work.quiet).then(|| Progress::new(format!("classifying {name}"), inside.len() as u64, "beats"));
    let evaluator = model.network.evaluator()?;
    let mut beats = Vec::with_capacity(inside.len());
    for (chunk, first) in inside.chunks(BATCH).zip((0..).step_by(BATCH)) {
        if interrupt::requested() {
            return Err(Error::Interrupted);
        }
        let mut values = vec![0.0; chunk.len() * channels * samples];
        cut(&processed, chunk, channels * samples, &mut values);
        for (beat, values) in (first..).zip(values.chunks_exact_mut(channels * samples)) {
            let (leads, rest) = values.split_at_mut(processed.beat_size());
            context.write(beat, leads, rest);
        }
        let batch = Batch { values, classes: vec![0; chunk.len()], channels, samples };
        let probabilities = probabilities(evaluator.as_ref(), &batch)?;
        let rows = probabilities.as_chunks::<5>().0;
        beats.extend(chunk.iter().zip(rows).map(|(sample, row)| beat(*sample, frequency, *row)));
        if let Some(progress) = &mut progress {
            progress.advance(chunk.len() as u64);
        }
    }
    tracing::info!("classified at {:.1} s", seconds(start));
    let (seconds, left_out) = (record.samples() as f64 / frequency, places.len() - beats.len());
    let digests = spec.digests();
    Ok(Prediction { record: name, frequency, seconds, peaks: source.into(), left_out, digests, beats })
}

/// Writes the leads of each beat to the beginning of its `stride` values.
fn cut(record: &ProcessedRecord, peaks: &[u64], stride: usize, values: &mut [f32]) {
    let size = record.beat_size();
    values.par_chunks_exact_mut(stride).zip(peaks).for_each(|(beat, peak)| record.cut(*peak, &mut beat[..size]));
}

fn seconds(start: Instant) -> f64 {
    start.elapsed().as_secs_f64()
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
    if chosen.len() != spec.leads.len() {
        let names: Vec<String> = spec.leads.iter().map(ToString::to_string).collect();
        let expected = format!("{}, as the model was trained on {}", spec.leads.len(), names.join(" and "));
        return Err(unfit(format!("{} leads", chosen.len()), expected));
    }
    let found = chosen.iter().map(|lead| lead.find(header));
    found
        .collect::<std::result::Result<Vec<_>, _>>()
        .map_err(|found| unfit(found, "the leads of the model, or others named by --leads in the model's order".into()))
}

/// R peaks in samples of the record, and where they come from.
fn places(
    input: &Input,
    peaks: &Peaks,
    lead: impl Fn() -> Vec<f32>,
    frequency: f64,
) -> Result<(Vec<u64>, &'static str)> {
    if let Peaks::Annotated(annotator) | Peaks::AnnotatedOrDetected(annotator) = peaks {
        let path = input.annotations(annotator);
        if matches!(peaks, Peaks::Annotated(_)) || path.exists() {
            // Flutter waves count as beats in WFDB, but have no class.
            let is_beat = |code: Code| code.is_beat() && code != Code::FLWAV;
            let annotations = AnnotationFile::read(&path)?.in_samples(frequency);
            let beats = annotations.into_iter().filter(|annotation| is_beat(annotation.code));
            return Ok((beats.map(|annotation| annotation.sample).collect(), "annotations"));
        }
    }
    Ok((detect_r_peaks(&lead(), frequency).into_iter().map(|place| place as u64).collect(), "detector"))
}

/// `DIR/100` and `hea` make `DIR/100.hea`.
pub(super) fn suffixed(stem: &Path, suffix: &str) -> PathBuf {
    let mut path = stem.as_os_str().to_owned();
    path.push(".");
    path.push(suffix);
    path.into()
}
