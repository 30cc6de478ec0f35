//! From a genotype and beats to a model.

use std::path::Path;

use super::apply::evaluation;
use super::config::{DataConfig, TrainRun};
use super::data::load;
use super::error::{Error, Result};
use super::search::{begin, computing};
use super::{Loaded, Work, memory};
use crate::cell::Named;
use crate::database::Class;
use crate::evaluate::Evaluation;
use crate::model::{Model, ModelOrigin, ModelSpec, PREDICTIONS};
use crate::network::NetworkSpec;
use crate::support::lock::Lock;
use crate::support::random::Generator;
use crate::train::{self, EpochLine, Outcome, RunFolder, TrainConfig, Trained};

/// How a training ended.
#[derive(Debug)]
pub enum TrainedModel {
    /// The model, written.
    Finished {
        /// Its figures on the test part.
        evaluation: Box<Evaluation>,
        /// Every epoch.
        log: Vec<EpochLine>,
        /// The chosen epoch.
        epoch: usize,
    },
    /// Ctrl-C; it can be resumed.
    Interrupted,
}

/// The configuration as it is kept: what was asked for.
#[derive(serde::Serialize)]
struct Resolved<'a> {
    data: &'a DataConfig,
    training: &'a TrainConfig,
    network: &'a NetworkSpec,
}

/// Trains a network on a folder of records, evaluates it on the test part, and writes the model to `out`, with the run in
/// `out/run`. ([`TrainRun::network`] is not looked at: `network` says all.)
///
/// # Errors
/// [`super::Error`]
pub fn train(
    config: &TrainRun,
    network: &NetworkSpec,
    dir: &Path,
    database: Option<&str>,
    out: &Path,
    work: &Work,
) -> Result<TrainedModel> {
    config.training.check()?;
    network.check().map_err(|message| Error::Network { message })?;
    Lock::check(&out.join("run")).map_err(train::Error::from)?;
    let loaded = load(dir, database, &config.data, work)?;
    let resolved = Resolved { data: &config.data, training: &config.training, network };
    let finished = out.join("model.ron").exists();
    if finished && !work.resume {
        return Err(train::Error::Exists { path: out.to_path_buf() }.into());
    }
    let batch = config.training.batch.min(loaded.training.training().len());
    memory::of_training(network, &loaded.input(), batch)?;
    let spec = network.clone();
    let network = spec.build(&loaded.input(), &mut Generator::new(config.training.seed))?;
    computing("a network", network.store().parameters());
    let test = config.training.sees_test().then_some(&loaded.split.test);
    train::check_parts(&config.training, &loaded.training, test)?;
    let mut digests = loaded.digests();
    if let NetworkSpec::Derived { genotype, .. } = &spec {
        digests = digests.with("genotype", genotype.digest());
    }
    let run = begin(&out.join("run"), &loaded, &resolved, digests, work)?;
    train::sweep(out);
    if finished {
        return already(out, &run);
    }
    let outcome = train::train(&config.training, network.as_ref(), &loaded.training, test, &run, work.quiet)?;
    let Outcome::Finished(Trained { epoch, log }) = outcome else { return Ok(TrainedModel::Interrupted) };

    let (mut evaluation, predictions) =
        evaluation(network.as_ref(), &loaded.split.test, loaded.split.describe(), work)?;
    let spec = describe(config, spec, &loaded, &run, (epoch, log.len()));
    spec.origin.notes().for_each(|note| evaluation.note(note));
    let mut model = Model { spec, network };
    model.seal()?;
    evaluation.digests = model.spec.digests().with("evaluated", &loaded.prepared.key);
    predictions.write(&out.join(PREDICTIONS))?;
    model.write(out, &evaluation)?;
    // The model is complete: what was kept to resume is not needed any more.
    run.forget_checkpoints()?;
    Ok(TrainedModel::Finished { evaluation: Box::new(evaluation), log, epoch })
}

/// What a resumed run that had finished says again.
fn already(out: &Path, run: &RunFolder) -> Result<TrainedModel> {
    let evaluation = Box::new(Evaluation::read(&out.join("metrics.json"))?);
    let epoch = Model::read(out)?.spec.origin.epoch.0;
    run.forget_checkpoints()?;
    Ok(TrainedModel::Finished { evaluation, log: train::read_log(&run.log())?, epoch })
}

fn describe(
    config: &TrainRun,
    network: NetworkSpec,
    loaded: &Loaded,
    run: &RunFolder,
    epoch: (usize, usize),
) -> ModelSpec {
    let frequency = loaded.training.training().frequency();
    ModelSpec {
        version: ModelSpec::VERSION,
        network,
        input: loaded.input(),
        leads: loaded.database.leads.clone(),
        frequency,
        window: loaded.database.window.at(loaded.database.frequency, frequency),
        preprocessing: config.data.preprocessing.clone(),
        classes: Class::ALL.to_vec(),
        origin: ModelOrigin {
            data: Named { name: loaded.database.name.clone(), digest: loaded.prepared.key.clone() },
            split: config.data.split.clone(),
            split_digest: loaded.split.summary().digest.clone(),
            split_sentence: loaded.split.describe().to_owned(),
            reduction: loaded.reduction,
            configuration: run.digests().get("configuration").unwrap_or_default().to_owned(),
            selection: config.training.selection.describe().to_owned(),
            epoch,
            seed: config.training.seed,
            crate_version: env!("CARGO_PKG_VERSION").to_owned(),
        },
        weights: String::new(),
    }
}
