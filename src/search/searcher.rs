//! The search loop.

use std::collections::HashMap;
use std::time::Instant;

use candle_core::{Device, Tensor, Var};
use serde::{Deserialize, Serialize};

use super::config::SearchConfig;
use super::log::{EpochLine, describe, read_log};
use super::monitor::{AlphaTable, Monitor};
use super::perturbation;
use super::step::{ALPHA_NAMES, alpha_step};
use crate::beat::TrainingPart;
use crate::cell::{Genotype, Origin};
use crate::network::{Network, Pass, Supernet};
use crate::support::interrupt;
use crate::support::progress::Progress;
use crate::support::random::{Generator, GeneratorState};
use crate::support::wording;
use crate::train::{
    self, Adam, Array, Error, LossOptions, Result, RunFolder, Schedule, Sgd, Sums, TensorFile, check_finite,
    weight_step,
};

/// The stream of the seed that orders beats; weights and alpha come from stream 0.
const STREAM: u64 = 1;

/// How a search ended.
#[derive(Debug)]
pub enum Outcome {
    /// All epochs done.
    Finished(Found),
    /// Somebody pressed Ctrl-C; the checkpoint holds everything.
    Interrupted,
}

/// A finished search.
#[derive(Debug, Clone)]
pub struct Found {
    /// Alpha at the end; after a choice by perturbation what was chosen has all the weight.
    pub alphas: [AlphaTable; 2],
    /// Every epoch.
    pub log: Vec<EpochLine>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    epoch: usize,
    step: usize,
    /// Place in the order of the validation beats.
    place: usize,
    generator: GeneratorState,
    training: Sums,
    validation: Sums,
    adam_steps: u64,
}

/// Searches cells with `supernet` on the training part of a split: on each step alpha moves by the loss of a batch of
/// validation beats, then the weights by the loss of a batch of training beats.
///
/// # Errors
/// When the configuration cannot run or a file cannot be written; [`Error::Diverged`] at the first loss, gradient, weight or
/// value of alpha that is not finite.
pub fn search(
    config: &SearchConfig,
    supernet: &Supernet,
    part: &TrainingPart,
    run: &RunFolder,
    quiet: bool,
) -> Result<Outcome> {
    config.check()?;
    check_beats(config, part)?;
    let mut searcher = Searcher::start(config, supernet, part, run)?;
    let steps = searcher.steps();
    let mut progress =
        (!quiet).then(|| Progress::new("searching", (config.epochs * steps * config.batch) as u64, "beats"));
    if let Some(progress) = &mut progress {
        progress.resume_at(((searcher.state.epoch * steps + searcher.state.step) * config.batch) as u64);
    }
    while searcher.state.epoch < config.epochs {
        if !searcher.epoch(progress.as_mut())? {
            return Ok(Outcome::Interrupted);
        }
        let line = searcher.finish_epoch()?;
        if let Some(progress) = &progress {
            progress.say(&describe(&line, config.epochs));
        }
        for warning in line.monitor.warnings(line.alpha[0].len()) {
            match &progress {
                Some(progress) => progress.say(&format!("warning: {warning}")),
                None => tracing::warn!("epoch {}: {warning}", line.epoch),
            }
        }
    }
    // Not kept in the checkpoint: a choice that was stopped is made again from the last epoch, and comes out the same.
    if let Some(spec) = &config.perturbation
        && !perturbation::choose(config, spec, (supernet, part, run), quiet)?
    {
        return Ok(Outcome::Interrupted);
    }
    Ok(Outcome::Finished(Found { alphas: tables(supernet)?, log: read_log(&run.log())? }))
}

/// That there are enough beats for a step.
///
/// # Errors
/// [`Error::Configuration`].
pub fn check_beats(config: &SearchConfig, part: &TrainingPart) -> Result<()> {
    for (name, beats) in [("training", part.training().len()), ("validation", part.validation().len())] {
        if beats < config.batch {
            let found = format!("{beats} {name} beats");
            let expected = format!("at least one batch of {}; lower `batch` or give more data", config.batch);
            return Err(Error::Configuration { field: "data", found, expected });
        }
    }
    Ok(())
}

struct Searcher<'a> {
    config: &'a SearchConfig,
    supernet: &'a Supernet,
    part: &'a TrainingPart,
    run: &'a RunFolder,
    state: State,
    generator: Generator,
    training_order: Vec<usize>,
    validation_order: Vec<usize>,
    sgd: Sgd,
    adam: Adam,
}

impl<'a> Searcher<'a> {
    fn start(
        config: &'a SearchConfig,
        supernet: &'a Supernet,
        part: &'a TrainingPart,
        run: &'a RunFolder,
    ) -> Result<Self> {
        let generator = Generator::with_stream(config.seed, STREAM);
        let state = State {
            epoch: 0,
            step: 0,
            place: 0,
            generator: generator.state(),
            training: Sums::default(),
            validation: Sums::default(),
            adam_steps: 0,
        };
        let (training_order, validation_order, sgd, adam) = Default::default();
        let mut searcher =
            Self { config, supernet, part, run, state, generator, training_order, validation_order, sgd, adam };
        if let Some(file) = run.read_checkpoint()? {
            searcher.restore(&file)?;
        }
        run.truncate_log(searcher.state.epoch)?;
        Ok(searcher)
    }

    /// Whole batches of an epoch; the beats that are left over come in other epochs' orders.
    fn steps(&self) -> usize {
        self.part.training().len() / self.config.batch
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
        self.supernet.store().import(&tensors).map_err(|source| Error::Weights { path: path.clone(), source })?;
        for (name, alpha) in ALPHA_NAMES.iter().zip(self.supernet.alphas()) {
            match file.arrays.get(*name) {
                Some(Array::F32(shape, values)) if shape == alpha.dims() => {
                    alpha.set(&Tensor::from_slice(values, shape.as_slice(), &Device::Cpu)?)?;
                }
                other => {
                    let found = other.map_or("none".into(), Array::describe);
                    return Err(wrong(name, format!("found {found}, expected floats of shape {:?}", alpha.dims())));
                }
            }
        }
        self.sgd = train::momenta(&path, file.values("momentum."), self.supernet.store())?;
        let moments = file.values("adam.");
        self.adam.steps = self.state.adam_steps;
        self.adam.moments = (0..2)
            .filter_map(|i| {
                Some([moments.get(&format!("{i}.first"))?.clone(), moments.get(&format!("{i}.second"))?.clone()])
            })
            .collect();
        let alphas = self.supernet.alphas();
        let fits = |(i, moments): (usize, &[Vec<f32>; 2])| moments.iter().all(|m| m.len() == alphas[i].elem_count());
        let pairs = self.adam.moments.len();
        if (pairs != 0 && pairs != alphas.len()) || !self.adam.moments.iter().enumerate().all(fits) {
            let found: Vec<_> = self.adam.moments.iter().map(|[first, second]| [first.len(), second.len()]).collect();
            let lengths = alphas.map(|alpha| alpha.elem_count());
            let message =
                format!("found pairs of moments of lengths {found:?}, expected one for each alpha of {lengths:?}");
            return Err(wrong("adam", message));
        }
        let (training, validation) = (self.part.training().len() as u64, self.part.validation().len() as u64);
        let (steps, epochs) = (self.steps() as u64, self.config.epochs as u64);
        let most = steps * self.config.batch as u64;
        let State { epoch, step, place, training: learned, validation: judged, adam_steps, .. } = &self.state;
        train::place(&path, "epoch", *epoch as u64, epochs)?;
        train::place(&path, "step", *step as u64, steps)?;
        train::place(&path, "place", *place as u64, validation)?;
        train::place(&path, "adam_steps", *adam_steps, epochs * steps)?;
        train::place(&path, "training: beats", learned.beats, training)?;
        train::place(&path, "training: correct", learned.correct, learned.beats)?;
        train::place(&path, "validation: beats", judged.beats, most)?;
        train::place(&path, "validation: correct", judged.correct, judged.beats)?;
        let order = |name: &str, beats: usize, needed: bool| match file.indices(name) {
            Some(order) if order.len() == beats && order.iter().all(|&i| i < beats) => Ok(order),
            None if !needed => Ok(Vec::new()),
            found => {
                let found = found.map_or("none".into(), |order| {
                    format!("{} with the largest {}", order.len(), order.iter().max().unwrap_or(&0))
                });
                Err(wrong(name, format!("found {found}, expected an order of the {beats} beats, numbered from 0")))
            }
        };
        self.training_order = order("order.training", self.part.training().len(), self.state.step > 0)?;
        self.validation_order = order("order.validation", self.part.validation().len(), self.state.place > 0)?;
        Ok(())
    }

    fn save(&mut self) -> Result<()> {
        self.state.generator = self.generator.state();
        self.state.adam_steps = self.adam.steps;
        // Plain data of ours: its serialisation cannot fail.
        let state = serde_json::to_string(&self.state).unwrap_or_default();
        let mut file = TensorFile { state, ..TensorFile::default() };
        file.insert_all("network.", &self.supernet.store().export()?)?;
        for (name, alpha) in ALPHA_NAMES.iter().zip(self.supernet.alphas()) {
            file.arrays.insert((*name).to_owned(), Array::of(alpha)?);
        }
        let flat = |values: &Vec<f32>| Array::F32(vec![values.len()], values.clone());
        for (name, momentum) in &self.sgd.momenta {
            file.arrays.insert(format!("momentum.{name}"), flat(momentum));
        }
        for (i, [first, second]) in self.adam.moments.iter().enumerate() {
            file.arrays.insert(format!("adam.{i}.first"), flat(first));
            file.arrays.insert(format!("adam.{i}.second"), flat(second));
        }
        if self.state.step > 0 {
            file.insert_indices("order.training", &self.training_order);
        }
        if self.state.place > 0 {
            file.insert_indices("order.validation", &self.validation_order);
        }
        self.run.write_checkpoint(file)
    }

    /// An error with its place, after `step` steps of the epoch or in that one.
    fn placed(&self, error: Error, step: usize) -> Error {
        let of_alpha = matches!(&error, Error::NotFinite(what) if what.tensor().starts_with("alpha."));
        let rate = if of_alpha { self.config.alpha.learning_rate } else { self.rate() };
        error.in_run(self.run, self.state.epoch + 1, step, rate)
    }

    /// The learning rate of the epoch's weights.
    fn rate(&self) -> f64 {
        Schedule::Cosine.rate(&self.config.weights, self.state.epoch, self.config.epochs)
    }

    /// That weights, running statistics and alpha are numbers.
    fn check_finite(&self) -> Result<()> {
        let alphas = self.supernet.alphas().map(Var::as_tensor);
        check_finite(ALPHA_NAMES.into_iter().zip(alphas))?;
        let weights = self.supernet.store().export()?;
        check_finite(weights.iter().map(|(name, tensor)| (name.as_str(), tensor)))
    }

    /// The rest of the epoch; false when somebody asked to stop.
    fn epoch(&mut self, mut progress: Option<&mut Progress>) -> Result<bool> {
        let (start, first) = (Instant::now(), self.state.step);
        let mut saved = Instant::now();
        let mut stopped = false;
        while self.state.step < self.steps() {
            stopped = interrupt::requested();
            // Before the epoch's first step the last checkpoint is still the truth: the order is drawn again from it.
            if self.state.step > 0 && (stopped || self.run.checkpoint_is_due(saved)) {
                self.save().map_err(|error| self.placed(error, self.state.step))?;
                saved = Instant::now();
            }
            if stopped {
                break;
            }
            if self.state.step == 0 {
                self.training_order = self.generator.permutation(self.part.training().len());
            }
            self.step().map_err(|error| self.placed(error, self.state.step + 1))?;
            self.state.step += 1;
            if let Some(progress) = &mut progress {
                progress.advance(self.config.batch as u64);
            }
        }
        let beats = ((self.state.step - first) * self.config.batch) as u64;
        self.run.append_timing(self.state.epoch + 1, beats, start.elapsed().as_secs_f64())?;
        Ok(!stopped)
    }

    fn step(&mut self) -> Result<()> {
        let batch = self.config.batch;
        if self.state.epoch >= self.config.warm_up {
            let chosen = self.next_validation();
            let beats = self.part.validation().batch(&chosen);
            let seen = alpha_step(self.supernet, beats, &mut self.adam, &self.config.alpha)?;
            self.state.validation.add(seen);
        }
        let rate = self.rate();
        let beats = self.part.training().batch(&self.training_order[self.state.step * batch..][..batch]);
        let optimiser = (&mut self.sgd, &self.config.weights, rate);
        let seen = weight_step(self.supernet, beats, &Pass::weights(), LossOptions::default(), optimiser)?;
        self.state.training.add(seen);
        Ok(())
    }

    /// The next batch of validation beats, in an order that is drawn anew whenever it is used up.
    fn next_validation(&mut self) -> Vec<usize> {
        let (batch, beats) = (self.config.batch, self.part.validation().len());
        if self.state.place + batch > beats || self.validation_order.is_empty() {
            self.validation_order = self.generator.permutation(beats);
            self.state.place = 0;
        }
        let chosen = self.validation_order[self.state.place..][..batch].to_vec();
        self.state.place += batch;
        chosen
    }

    fn finish_epoch(&mut self) -> Result<EpochLine> {
        let epoch = self.state.epoch + 1;
        self.check_finite().map_err(|error| self.placed(error, self.state.step))?;
        let rate = self.rate();
        let alpha = tables(self.supernet)?;
        let genotype = Genotype::derive(&alpha[0], &alpha[1], Origin::of_this_crate())?;
        let validated = self.state.validation.beats > 0;
        let line = EpochLine {
            epoch,
            learning_rate: rate,
            training_loss: self.state.training.mean_loss(),
            training_accuracy: self.state.training.accuracy(),
            validation_loss: validated.then(|| self.state.validation.mean_loss()),
            validation_accuracy: validated.then(|| self.state.validation.accuracy()),
            monitor: Monitor::of(&alpha, &genotype),
            alpha,
            genotype,
        };
        // The line first: a checkpoint of epoch n promises n lines.
        self.run.append(&line)?;
        (self.state.training, self.state.validation) = (Sums::default(), Sums::default());
        (self.state.epoch, self.state.step) = (epoch, 0);
        self.save()?;
        Ok(line)
    }
}

/// Alpha of the normal and of the reduction cell.
pub(super) fn tables(supernet: &Supernet) -> Result<[AlphaTable; 2]> {
    let table = |alpha: &Var| Ok::<_, Error>(rows(&alpha.flatten_all()?.to_vec1()?));
    let [normal, reduction] = supernet.alphas();
    Ok([table(normal)?, table(reduction)?])
}

fn rows(values: &[f32]) -> AlphaTable {
    values.as_chunks().0.to_vec()
}
