//! The beats that a model is most sure of and wrong about, as their records have them.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::Result;
use crate::database::{Class, Database, RecordPlan, open};
use crate::evaluate::{BeatPrediction, Predictions};
use crate::model::ModelSpec;
use crate::report::{Strip, StripBeat, StripLead};
use crate::wfdb::Record;

/// Seconds before and after R that are shown: the neighbours at any but a very slow pulse.
const AROUND: f64 = 2.0;
/// At most so many leads are shown.
const LEADS: usize = 3;
/// Of one record at most so many beats, so that one hard record does not fill the list.
const OF_A_RECORD: usize = 2;

/// The `most` wrongly classified beats whose class was given the least probability, at most two of a record, the worst first.
pub fn worst(predictions: &Predictions, most: usize) -> Vec<&BeatPrediction> {
    let of_reference = |beat: &BeatPrediction| beat.probabilities[beat.reference.index()];
    let of_predicted = |beat: &BeatPrediction| beat.probabilities[beat.predicted.index()];
    let mut wrong: Vec<&BeatPrediction> = predictions.beats.iter().filter(|beat| !beat.is_right()).collect();
    wrong.sort_by(|a, b| of_reference(a).total_cmp(&of_reference(b)).then(of_predicted(b).total_cmp(&of_predicted(a))));
    let mut shown = BTreeMap::<&str, usize>::new();
    wrong.retain(|beat| {
        let of_record = shown.entry(&beat.record).or_default();
        *of_record += 1;
        *of_record <= OF_A_RECORD
    });
    wrong.truncate(most);
    wrong
}

/// The stretches of the records in `dir` around some beats: the model's leads, and another of the record's where it has one alone.
///
/// # Errors
/// When the folder or a record cannot be read, or lacks one of the beats.
pub fn strips(
    spec: &ModelSpec,
    dir: &Path,
    database: Option<&str>,
    predictions: &Predictions,
    beats: &[&BeatPrediction],
) -> Result<Vec<Strip>> {
    let mut database = Database::choose(dir, database)?;
    if database.name == spec.origin.data.name {
        database.leads.clone_from(&spec.leads);
    }
    let folder = open(&database, dir)?;
    let said: BTreeMap<(&str, u64), Class> =
        predictions.beats.iter().map(|beat| ((&*beat.record, beat.sample), beat.predicted)).collect();
    let mut strips = Vec::with_capacity(beats.len());
    for beat in beats {
        let plan = folder.records.iter().find(|plan| plan.name == beat.record);
        let found = plan.filter(|plan| plan.beats.iter().any(|(sample, _)| *sample == beat.sample));
        let Some(plan) = found else {
            return Err(super::Error::Unfit {
                place: dir.display().to_string(),
                found: format!("no beat at sample {} of record {}", beat.sample, beat.record),
                expected: "the records that the model was tested on".into(),
            });
        };
        strips.push(strip(spec, plan, beat, &said)?);
    }
    Ok(strips)
}

fn strip(
    spec: &ModelSpec,
    plan: &RecordPlan,
    beat: &BeatPrediction,
    said: &BTreeMap<(&str, u64), Class>,
) -> Result<Strip> {
    let mut signals: Vec<usize> = plan.leads.iter().copied().take(LEADS).collect();
    let used = signals.len();
    if used == 1 {
        signals.extend((0..plan.header.signals.len()).find(|signal| *signal != signals[0]));
    }
    let record = Record::read_signals(&plan.stem, &signals)?;
    let frequency = record.header.frequency;
    let around = (AROUND * frequency).round() as u64;
    let first = beat.sample.saturating_sub(around);
    let last = (beat.sample + around).min((record.samples() as u64).saturating_sub(1));
    let lead = |signal: usize| {
        let header = &record.header.signals[signal];
        let unit = if header.units.trim().is_empty() { "mV".into() } else { header.units.clone() };
        let samples = record.physical_values(signal).skip(first as usize).take((last + 1 - first) as usize).collect();
        StripLead { name: header.description.clone(), unit, used: signal < used, samples }
    };
    let seconds = |sample: u64| (sample as f64 - beat.sample as f64) / frequency;
    let inside = plan.beats.iter().filter(|(sample, _)| (first..=last).contains(sample));
    let of_plan = |(sample, reference): &(u64, Class)| StripBeat {
        at: seconds(*sample),
        reference: *reference,
        predicted: said.get(&(&*beat.record, *sample)).copied(),
    };
    Ok(Strip {
        record: beat.record.clone(),
        seconds: beat.sample as f64 / frequency,
        reference: beat.reference,
        predicted: beat.predicted,
        probabilities: beat.probabilities,
        window: (spec.window.before as f64 / spec.frequency, spec.window.after as f64 / spec.frequency),
        start: seconds(first),
        frequency,
        leads: (0..signals.len()).map(lead).collect(),
        beats: inside.map(of_plan).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_surest_errors_come_first_and_two_of_a_record() {
        let beat = |record: &str, sample, of_reference: f32, predicted| BeatPrediction {
            record: record.into(),
            sample,
            reference: Class::V,
            predicted,
            probabilities: [1.0 - of_reference, 0.0, of_reference, 0.0, 0.0],
        };
        let beats = vec![
            beat("a", 1, 0.3, Class::N),
            beat("a", 2, 0.1, Class::N),
            beat("a", 3, 0.2, Class::N),
            beat("b", 4, 0.4, Class::N),
            beat("b", 5, 0.9, Class::V),
        ];
        let predictions = Predictions { beats };
        let samples = |most| worst(&predictions, most).iter().map(|beat| beat.sample).collect::<Vec<_>>();
        assert_eq!(samples(9), [2, 3, 4]);
        assert_eq!(samples(1), [2]);
    }
}
