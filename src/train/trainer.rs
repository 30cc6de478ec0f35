//! The training loop.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use candle_core::Tensor;
use serde::{Deserialize, Serialize};

use super::config::{Selection, TrainConfig};
use super::error::{Error, Result};
use super::finite;
use super::optimiser::Sgd;
use super::restore::place;
use super::run::RunFolder;
use super::score::{Score, Sums};
use super::step::{LossOptions, weight_step};
use super::tensors::{Array, TensorFile};
use crate::beat::{Role, Subset, TestPart, TrainingPart};
use crate::evaluate::classify;
use crate::network::{Network, Pass};
use crate::support::interrupt;
use crate::support::progress::Progress;
use crate::support::random::{Generator, GeneratorState};
use crate::support::wording;

/// The stream of the seed that orders beats and draws masks; the initial weights come from stream 0.
const STREAM: u64 = 1;

/// One line of a training's log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochLine {
    /// From 1.
    pub epoch: usize,
    /// Learning rate.
    pub learning_rate: f64,
    /// Mean loss of the training batches, each before its step.
    pub training_loss: f64,
    /// Accuracy on the same.
    pub training_accuracy: f64,
    /// On validation beats, after the epoch. `None` where there are none.
    pub validation: Option<Score>,
    /// On test beats; only where [`TrainConfig::sees_test`].
    pub test: Option<Score>,
    /// Whether it is the best so far.
    pub best: bool,
}

/// How a training ended.
#[derive(Debug)]
pub enum Outcome {
    /// All epochs done, or stopped early; the network has the chosen epoch's weights.
    Finished(Trained),
    /// Somebody pressed Ctrl-C; the checkpoint holds everything.
    Interrupted,
}

/// A finished training.
#[derive(Debug, Clone)]
pub struct Trained {
    /// The chosen epoch, from 1.
    pub epoch: usize,
    /// Every epoch.
    pub log: Vec<EpochLine>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    epoch: usize,
    batch: usize,
    generator: GeneratorState,
    sums: Sums,
    best: Option<(usize, f64)>,
    stopped: bool,
}

/// Trains `network` on the training beats of `part` and leaves it with the weights of the epoch that
/// [`TrainConfig::selection`] chose. `test` is looked at only for [`Selection::BestOnTest`], which needs it, and for
/// [`TrainConfig::test_curve`].
///
/// # Errors
/// When the configuration cannot run or a file cannot be written; [`Error::Diverged`] at the first loss, gradient or weight
/// that is not finite.
pub fn train(
    config: &TrainConfig,
    network: &dyn Network,
    part: &TrainingPart,
    test: Option<&TestPart>,
    run: &RunFolder,
    quiet: bool,
) -> Result<Outcome> {
    config.check()?;
    let test = test.filter(|_| config.sees_test());
    check_parts(config, part, test)?;
    let mut trainer = Trainer::start(config, network, part, run)?;
    let total = (config.epochs * part.training().len()) as u64;
    let mut progress = (!quiet).then(|| Progress::new("training", total, "beats"));
    if let Some(progress) = &mut progress {
        progress.resume_at((trainer.state.epoch * part.training().len() + trainer.state.batch * config.batch) as u64);
    }
    while trainer.state.epoch < config.epochs && !trainer.state.stopped {
        if !trainer.epoch(progress.as_mut())? {
            return Ok(Outcome::Interrupted);
        }
        let line = trainer.finish_epoch(test)?;
        if let Some(progress) = &progress {
            progress.say(&describe(&line, config.epochs));
        }
    }
    trainer.choose()
}

/// That the parts are what the configuration needs.
///
/// # Errors
/// [`Error::Configuration`]; for augmentation [`Error::Beat`].
pub fn check_parts(config: &TrainConfig, part: &TrainingPart, test: Option<&TestPart>) -> Result<()> {
    if let Some(augmentation) = &config.augmentation {
        augmentation.check(part.training().samples())?;
    }
    let needed = match config.selection {
        Selection::Last => None,
        Selection::BestOnTest if test.is_some_and(|test| !test.is_empty()) => None,
        Selection::BestOnTest => Some("test"),
        _ if part.validation().is_empty() => Some("validation"),
        _ => None,
    };
    if part.training().len() < 2 {
        let found = format!("{} training beats", part.training().len());
        return Err(Error::Configuration { field: "data", found, expected: "at least 2".into() });
    }
    let Some(name) = needed else { return Ok(()) };
    let expected = format!("{name} beats to choose the epoch by, or `selection: Last`");
    Err(Error::Configuration { field: "selection", found: format!("{:?}", config.selection), expected })
}

struct Trainer<'a> {
    config: &'a TrainConfig,
    network: &'a dyn Network,
    part: &'a TrainingPart,
    run: &'a RunFolder,
    state: State,
    generator: Generator,
    order: Vec<usize>,
    sgd: Sgd,
    best: BTreeMap<String, Tensor>,
    weights: Option<Vec<f32>>,
}

impl<'a> Trainer<'a> {
    /// At the checkpoint, or at the start.
    fn start(
        config: &'a TrainConfig,
        network: &'a dyn Network,
        part: &'a TrainingPart,
        run: &'a RunFolder,
    ) -> Result<Self> {
        let generator = Generator::with_stream(config.seed, STREAM);
        let state = State {
            epoch: 0,
            batch: 0,
            generator: generator.state(),
            sums: Sums::default(),
            best: None,
            stopped: false,
        };
        let weights = config.class_weights.weights(&part.training().class_counts());
        let (order, sgd, best) = Default::default();
        let mut trainer = Self { config, network, part, run, state, generator, order, sgd, best, weights };
        if let Some(file) = run.read_checkpoint()? {
            trainer.restore(&file)?;
        }
        run.truncate_log(trainer.state.epoch)?;
        Ok(trainer)
    }

    fn restore(&mut self, file: &TensorFile) -> Result<()> {
        let path = self.run.checkpoint();
        let wrong =
            |place: &str, message: String| Error::Malformed { path: path.clone(), place: place.into(), message };
        self.state = serde_json::from_str(&file.state)
            .map_err(|error| wrong("state", wording::of_json_line(&error, &file.state)))?;
        self.generator = Generator::from_state(&self.state.generator)
            .ok_or_else(|| wrong("generator", self.state.generator.malformed()))?;
        let tensors: HashMap<_, _> = file.tensors("network.")?.into_iter().collect();
        self.network.store().import(&tensors).map_err(|source| Error::Weights { path: path.clone(), source })?;
        self.sgd = super::momenta(&path, file.values("momentum."), self.network.store())?;
        self.best = file.tensors("best.")?;
        self.order = file.indices("order").unwrap_or_default();
        let beats = self.part.training().len();
        let State { epoch, batch, sums, best, .. } = &self.state;
        place(&path, "epoch", *epoch as u64, self.config.epochs as u64)?;
        place(&path, "batch", *batch as u64, beats.div_ceil(self.config.batch) as u64)?;
        place(&path, "sums: beats", sums.beats, beats as u64)?;
        place(&path, "sums: correct", sums.correct, sums.beats)?;
        place(&path, "best", best.map_or(0, |(epoch, _)| epoch as u64), *epoch as u64)?;
        if self.state.batch > 0 && (self.order.len() != beats || self.order.iter().any(|&i| i >= beats)) {
            return Err(wrong("order", format!("found {} beats, expected {beats}", self.order.len())));
        }
        Ok(())
    }

    fn save(&mut self) -> Result<()> {
        self.state.generator = self.generator.state();
        // Plain data of ours: its serialisation cannot fail.
        let state = serde_json::to_string(&self.state).unwrap_or_default();
        let mut file = TensorFile { state, ..TensorFile::default() };
        file.insert_all("network.", &self.network.store().export()?)?;
        file.insert_all("best.", &self.best)?;
        for (name, momentum) in &self.sgd.momenta {
            let array = Array::F32(vec![momentum.len()], momentum.clone());
            file.arrays.insert(format!("momentum.{name}"), array);
        }
        if self.state.batch > 0 {
            file.insert_indices("order", &self.order);
        }
        self.run.write_checkpoint(file)
    }

    /// An error with its place, after `batch` batches of the epoch or in that one.
    fn placed(&self, error: Error, batch: usize) -> Error {
        error.in_run(self.run, self.state.epoch + 1, batch, self.rate())
    }

    /// The learning rate of the epoch.
    fn rate(&self) -> f64 {
        self.config.schedule.rate(&self.config.optimiser, self.state.epoch, self.config.epochs)
    }

    /// The rest of the epoch; false when somebody asked to stop.
    fn epoch(&mut self, mut progress: Option<&mut Progress>) -> Result<bool> {
        let (start, seen) = (Instant::now(), self.state.sums.beats);
        let mut saved = Instant::now();
        if self.state.batch == 0 {
            self.order = self.generator.permutation(self.part.training().len());
        }
        let order = std::mem::take(&mut self.order);
        // A last batch of one beat has no variance for batch norm: it is left out of this epoch.
        let batches: Vec<&[usize]> = order.chunks(self.config.batch).filter(|chosen| chosen.len() > 1).collect();
        let mut stopped = false;
        for chosen in &batches[self.state.batch.min(batches.len())..] {
            stopped = interrupt::requested();
            // Before the epoch's first step the last checkpoint is still the truth: the order is drawn again from it.
            if self.state.batch > 0 && (stopped || self.run.checkpoint_is_due(saved)) {
                self.order = order.clone();
                self.save().map_err(|error| self.placed(error, self.state.batch))?;
                saved = Instant::now();
            }
            if stopped {
                break;
            }
            self.step(chosen).map_err(|error| self.placed(error, self.state.batch + 1))?;
            self.state.batch += 1;
            if let Some(progress) = &mut progress {
                progress.advance(chosen.len() as u64);
            }
        }
        let beats = self.state.sums.beats - seen;
        self.run.append_timing(self.state.epoch + 1, beats, start.elapsed().as_secs_f64())?;
        Ok(!stopped)
    }

    fn step(&mut self, chosen: &[usize]) -> Result<()> {
        let training = self.part.training();
        let batch = match &self.config.augmentation {
            Some(augmentation) => training.augmented(chosen, augmentation, &mut self.generator),
            None => training.batch(chosen),
        };
        let epoch = self.state.epoch;
        let drop_path = self.config.drop_path * epoch as f32 / self.config.epochs as f32;
        let pass = if drop_path > 0.0 {
            Pass::weights_with_drop_path(drop_path, self.generator.clone())
        } else {
            Pass::weights()
        };
        let options = LossOptions { weights: self.weights.as_deref(), smoothing: self.config.label_smoothing };
        let rate = self.rate();
        let optimiser = (&mut self.sgd, &self.config.optimiser, rate);
        let seen = weight_step(self.network, batch, &pass, options, optimiser)?;
        if let Some(generator) = pass.into_generator() {
            self.generator = generator;
        }
        self.state.sums.add(seen);
        Ok(())
    }

    /// Looks at validation beats, keeps the best weights, writes the line and the checkpoint.
    fn finish_epoch(&mut self, test: Option<&TestPart>) -> Result<EpochLine> {
        let epoch = self.state.epoch + 1;
        let weights = self.network.store().export()?;
        let finite = finite::check(weights.iter().map(|(name, tensor)| (name.as_str(), tensor)));
        finite.map_err(|error| self.placed(error, self.state.batch))?;
        let rate = self.rate();
        let validation = score(self.network, self.part.validation())?;
        let test = test.map(|test| score(self.network, test)).transpose()?.flatten();
        let judged = if self.config.selection == Selection::BestOnTest { test } else { validation };
        let value = judged.map_or(epoch as f64, |score| self.config.selection.value(&score, epoch));
        let best = self.state.best.is_none_or(|(_, best)| value > best);
        if best {
            self.state.best = Some((epoch, value));
            self.best = weights;
        }
        let patience = self.config.early_stopping.unwrap_or(usize::MAX);
        self.state.stopped = self.state.best.is_some_and(|(at, _)| epoch - at >= patience);
        let line = EpochLine {
            epoch,
            learning_rate: rate,
            training_loss: self.state.sums.mean_loss(),
            training_accuracy: self.state.sums.accuracy(),
            validation,
            test,
            best,
        };
        // The line first: a checkpoint of epoch n promises n lines.
        self.run.append(&line)?;
        self.state.sums = Sums::default();
        (self.state.epoch, self.state.batch) = (epoch, 0);
        self.save()?;
        Ok(line)
    }

    /// Gives the network the best weights.
    fn choose(self) -> Result<Outcome> {
        let best: HashMap<_, _> = self.best.into_iter().collect();
        let path = self.run.checkpoint();
        self.network.store().import(&best).map_err(|source| Error::Weights { path, source })?;
        let log = super::log::read_log(&self.run.log())?;
        let epoch = self.state.best.map_or(self.state.epoch, |(epoch, _)| epoch);
        Ok(Outcome::Finished(Trained { epoch, log }))
    }
}

fn score<R: Role>(network: &dyn Network, beats: &Subset<R>) -> Result<Option<Score>> {
    if beats.is_empty() {
        return Ok(None);
    }
    let classified = classify(network, beats, None)?;
    Ok(Some(Score::of(&classified.matrix(), classified.mean_cross_entropy())))
}

fn describe(line: &EpochLine, epochs: usize) -> String {
    let percent = |x: f64| 100.0 * x;
    let mut text = format!(
        "epoch {}/{epochs}  training loss {:.4}, accuracy {:.2} %",
        line.epoch,
        line.training_loss,
        percent(line.training_accuracy)
    );
    if let Some(score) = &line.validation {
        let f1 = score.f1.map_or("undefined".into(), |f1| format!("{:.2} %", percent(f1)));
        text += &format!("  validation loss {:.4}, accuracy {:.2} %, F1 {f1}", score.loss, percent(score.accuracy));
    }
    if let Some(score) = &line.test {
        text += &format!("  TEST accuracy {:.2} %", percent(score.accuracy));
    }
    if line.best { text + "  best" } else { text }
}
