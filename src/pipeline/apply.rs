//! A model on a folder of records.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::Work;
use super::error::{Error, Result};
use crate::beat::{Made, Split, TestPart, cut, prepare, window};
use crate::database::{Database, open};
use crate::evaluate::{
    BeatPrediction, Calibration, ConfusionMatrix, Evaluation, Predictions, RecordEvaluation, classify,
};
use crate::model::Model;
use crate::network::Network;
use crate::support::digests::Digests;
use crate::support::interrupt;
use crate::support::progress::Progress;

/// Which beats a model was applied to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beats {
    /// The test part of the split it was trained with.
    TestPart,
    /// Every beat of data that it was not trained on.
    Whole,
}

/// A model's figures on a folder.
#[derive(Debug, Clone)]
pub struct Applied {
    /// The figures.
    pub evaluation: Evaluation,
    /// On which beats.
    pub beats: Beats,
    /// What it said of each.
    pub predictions: Predictions,
}

/// The beats of a folder as a model knows beats.
pub(super) struct ModelBeats {
    /// The description that the folder was read by.
    pub database: Database,
    /// Whether the model was trained on a database of that name.
    pub own: bool,
    /// The beats.
    pub beats: Arc<crate::beat::Beats>,
    /// The split of the model's training, where these are the beats of its training.
    pub split: Option<Split>,
    /// Of the model, and of these beats.
    pub digests: Digests,
}

/// Prepares the beats of a folder for a model.
pub(super) fn model_beats(model: &Model, dir: &Path, database: Option<&str>, work: &Work) -> Result<ModelBeats> {
    let spec = &model.spec;
    let mut database = Database::choose(dir, database)?;
    let own = database.name == spec.origin.data.name;
    if own {
        database.leads.clone_from(&spec.leads);
    }
    if database.leads.len() != spec.leads.len() {
        let names: Vec<String> = spec.leads.iter().map(ToString::to_string).collect();
        return Err(Error::Unfit {
            place: dir.display().to_string(),
            found: format!("{} leads in the description of {}", database.leads.len(), database.name),
            expected: format!(
                "{}, as the model was trained on {}; describe the folder with as many leads (--database FILE.ron)",
                spec.leads.len(),
                names.join(" and ")
            ),
        });
    }
    let rate = spec.preprocessing.frequency(database.frequency);
    let (beats, key) = if rate == spec.frequency && window(&database, &spec.preprocessing) == spec.window {
        let prepared = prepare(&database, dir, &spec.preprocessing, work.cache.as_deref())?;
        (prepared.beats, prepared.key)
    } else {
        let (beats, key) = at_the_models_rate(model, &database, dir)?;
        (Arc::new(beats), key)
    };
    let digests = spec.digests().with("evaluated", key);
    // The digest says which beat of which record is in which part: with the same one, these are the beats of the training.
    let split = if own { spec.origin.split.apply(&beats).ok() } else { None };
    let split = split.filter(|split| split.summary().digest == spec.origin.split_digest);
    Ok(ModelBeats { database, own, beats, split, digests })
}

/// Evaluates a model: on the data that it was trained on, the test part of its split; on other data, every beat, brought
/// to the model's rate.
///
/// # Errors
/// When the leads are not as many as the model's, and as [`super::load`].
pub fn evaluate(model: &Model, dir: &Path, database: Option<&str>, work: &Work) -> Result<Applied> {
    let spec = &model.spec;
    let ModelBeats { database, own, beats, split, digests } = model_beats(model, dir, database, work)?;
    if let Some(split) = split {
        let (mut evaluation, predictions) = evaluation(model.network.as_ref(), &split.test, split.describe(), work)?;
        spec.origin.notes().for_each(|note| evaluation.note(note));
        evaluation.digests = digests;
        return Ok(Applied { evaluation, beats: Beats::TestPart, predictions });
    }
    let test = TestPart::whole(beats)?;
    let mut sentence =
        format!("All {} beats of {}; the model was trained on {}.", test.len(), database.name, spec.origin.data.name);
    if own {
        sentence += " That is a database of the same name with other content: some of these beats may have trained it, so \
                     the figures may be optimistic.";
    }
    let (mut evaluation, predictions) = evaluation(model.network.as_ref(), &test, &sentence, work)?;
    evaluation.digests = digests;
    Ok(Applied { evaluation, beats: Beats::Whole, predictions })
}

/// The beats of a database of another rate or window, as the model knows beats, and the digest of what made them. They are
/// cut for this once, not kept.
fn at_the_models_rate(model: &Model, database: &Database, dir: &Path) -> Result<(crate::beat::Beats, String)> {
    let spec = &model.spec;
    let mut preprocessing = spec.preprocessing.clone();
    if database.frequency != spec.frequency {
        preprocessing.resample = Some(spec.frequency);
    }
    let folder = open(database, dir)?;
    let mut progress = Progress::new(format!("beats of {}", database.name), folder.records.len() as u64, "records");
    let key = Made::of(database, &preprocessing, &folder.fingerprint()?).key();
    Ok((cut(&folder, spec.window, &preprocessing, &mut progress)?, key))
}

/// Classifies a test part and counts by record.
pub(super) fn evaluation(
    network: &dyn Network,
    test: &TestPart,
    sentence: &str,
    work: &Work,
) -> Result<(Evaluation, Predictions)> {
    let mut progress = (!work.quiet).then(|| Progress::new("evaluating", test.len() as u64, "beats"));
    let classified = classify(network, test, progress.as_mut())?;
    if interrupt::requested() {
        return Err(Error::Interrupted);
    }
    let mut matrices = BTreeMap::<(&str, &str), ConfusionMatrix>::new();
    let mut predictions = Predictions::default();
    let rows = classified.probabilities.as_chunks::<5>().0;
    for (i, ((reference, found), row)) in
        classified.reference.iter().zip(classified.predictions()).zip(rows).enumerate()
    {
        let origin = test.origin(i);
        matrices.entry((origin.record, origin.subject)).or_default().record(*reference, found);
        predictions.beats.push(BeatPrediction {
            record: origin.record.into(),
            sample: origin.position,
            reference: *reference,
            predicted: found,
            probabilities: *row,
        });
    }
    let records =
        matrices.into_iter().map(|((record, subject), matrix)| RecordEvaluation::new(record, subject, matrix));
    let calibration = Calibration::of(&classified.probabilities, &classified.reference)?;
    Ok((Evaluation::new(sentence, records.collect(), calibration), predictions))
}
