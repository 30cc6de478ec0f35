//! The choice of operations by what the supernet loses without them.
//!
//! Wang, Cheng, Chen, Tang and Hsieh, "Rethinking Architecture Selection in Differentiable NAS", ICLR 2021
//! (arXiv:2108.04392): how large alpha grows says little of how much an operation matters. Instead, edge after edge in random
//! order, each operation is left out in turn, and the one without which the loss on validation beats is highest stays alone
//! on its edge; the weights are tuned for some steps before the next edge. In the end every node keeps the two edges whose loss
//! would cost most (their Algorithm 1; they judge by accuracy, which on a thousand beats moves in steps too large).

use std::collections::BTreeMap;

use candle_core::{Device, Tensor, Var};
use serde::{Deserialize, Serialize};

use super::config::SearchConfig;
use super::monitor::AlphaTable;
use super::searcher::tables;
use crate::beat::{Batch, ClassCounts, TrainingPart};
use crate::cell::{CellKind, INPUTS, Operation, edge, edges};
use crate::network::{Network, Pass, Supernet};
use crate::support::interrupt;
use crate::support::progress::Progress;
use crate::support::random::Generator;
use crate::train::{Error, LossOptions, Result, RunFolder, Sgd, cross_entropy, weight_step};

/// The stream of the seed that draws the judging beats, the order of edges and the tuning batches.
const STREAM: u64 = 2;
/// Alpha of an operation that is left out: its softmax weight is 0 to the bit.
const NEVER: f32 = -1e4;

/// How much is spent on a choice by perturbation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Perturbation {
    /// Validation beats that judge, mixed as the training beats are. Default 600.
    pub beats: usize,
    /// Steps of the weights after each edge. Default 5.
    pub steps: usize,
    /// Their learning rate. Default 0.005.
    pub learning_rate: f64,
}

impl Default for Perturbation {
    fn default() -> Self {
        Self { beats: 600, steps: 5, learning_rate: 0.005 }
    }
}

/// A line of `choice.jsonl`: what was tried in one place and what stayed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Choosing {
    /// The cell.
    pub cell: CellKind,
    /// The node, from 0.
    pub node: usize,
    /// Where the edge comes from, numbered as in a genotype; `None` where the node's edges were chosen.
    pub from: Option<usize>,
    /// The mean loss on the judging beats without each: by the operation, or by where the edge comes from.
    pub loss_without: BTreeMap<String, f64>,
    /// What stayed: one operation, or two edges.
    pub kept: Vec<String>,
}

/// Chooses; leaves alpha of `supernet` so that [`Genotype::derive`](crate::cell::Genotype::derive) gives the choice. False
/// after Ctrl-C: begun again from the same checkpoint it ends the same.
pub(super) fn choose(
    config: &SearchConfig,
    spec: &Perturbation,
    (supernet, part, run): (&Supernet, &TrainingPart, &RunFolder),
    quiet: bool,
) -> Result<bool> {
    let mut generator = Generator::with_stream(config.seed, STREAM);
    let classes: Vec<usize> = part.validation().batches(1).map(|beat| beat.classes[0] as usize).collect();
    let beats = judges(part.training().class_counts(), &classes, spec.beats, &mut generator);
    let batches = beats.chunks(config.batch).filter(|chosen| chosen.len() > 1);
    let judges = batches.map(|chosen| part.validation().batch(chosen)).collect();
    let tables = tables(supernet)?;
    let nodes = (1..).find(|&nodes| edges(nodes) == tables[0].len()).unwrap_or_default();
    let mut chooser =
        Chooser { config, spec, supernet, part, judges, tables, generator, sgd: Sgd::default(), order: Vec::new() };

    let mut places: Vec<(usize, usize, usize)> = (0..2)
        .flat_map(|cell| (0..nodes).flat_map(move |node| (0..INPUTS + node).map(move |from| (cell, node, from))))
        .collect();
    chooser.generator.shuffle(&mut places);
    let total = places.len() * (Operation::ALL.len() - 1) + 2 * (1..nodes).map(|node| INPUTS + node).sum::<usize>();
    let mut progress = (!quiet).then(|| Progress::new("choosing", total as u64, "trials"));
    let mut lines = Vec::new();
    for (cell, node, from) in places {
        if interrupt::requested() {
            return Ok(false);
        }
        lines.push(chooser.operation(cell, node, from, progress.as_mut())?);
    }
    for (cell, node) in (0..2).flat_map(|cell| (1..nodes).map(move |node| (cell, node))) {
        if interrupt::requested() {
            return Ok(false);
        }
        lines.push(chooser.edges(cell, node, progress.as_mut())?);
    }
    run.write_choice(&lines)?;
    Ok(true)
}

/// Of validation beats of these classes at most `most`, as many of each class as its share of the training beats says, in random
/// order: their batches are judged with their own statistics, so each has to be mixed as a training batch is.
fn judges(training: ClassCounts, validation: &[usize], most: usize, generator: &mut Generator) -> Vec<usize> {
    let all: usize = training.iter().sum();
    let mut left = training.map(|beats| (beats as f64 / all as f64 * most as f64).ceil() as usize);
    let order = generator.permutation(validation.len());
    let taken = |&i: &usize| left[validation[i]].checked_sub(1).map(|n| left[validation[i]] = n).is_some();
    let mut judges: Vec<usize> = order.into_iter().filter(taken).collect();
    // Common classes were full early: without this the last batches would hold the rare ones alone.
    generator.shuffle(&mut judges);
    judges
}

struct Chooser<'a> {
    config: &'a SearchConfig,
    spec: &'a Perturbation,
    supernet: &'a Supernet,
    part: &'a TrainingPart,
    judges: Vec<Batch>,
    tables: [AlphaTable; 2],
    generator: Generator,
    sgd: Sgd,
    order: Vec<usize>,
}

impl Chooser<'_> {
    /// Which operation stays on an edge.
    fn operation(
        &mut self,
        cell: usize,
        node: usize,
        from: usize,
        mut progress: Option<&mut Progress>,
    ) -> Result<Choosing> {
        let row = edge(node, from);
        let before = self.tables[cell][row];
        let mut loss_without = Vec::new();
        for operation in Operation::ALL.into_iter().filter(|operation| *operation != Operation::Zero) {
            let mut without = before;
            without[operation.index()] = NEVER;
            self.set(cell, row, without)?;
            loss_without.push((operation, self.loss()?));
            if let Some(progress) = &mut progress {
                progress.advance(1);
            }
        }
        // The first of equal ones, as everywhere.
        let kept =
            loss_without.iter().fold(loss_without[0], |best, trial| if trial.1 > best.1 { *trial } else { best }).0;
        self.set(cell, row, alone(kept))?;
        self.tune()?;
        let loss_without = loss_without.into_iter().map(|(operation, loss)| (operation.to_string(), loss)).collect();
        let kept = vec![kept.to_string()];
        Ok(Choosing { cell: CellKind::ALL[cell], node, from: Some(from), loss_without, kept })
    }

    /// Which two edges a node keeps.
    fn edges(&mut self, cell: usize, node: usize, mut progress: Option<&mut Progress>) -> Result<Choosing> {
        let mut trials = Vec::new();
        for from in 0..INPUTS + node {
            let row = edge(node, from);
            let before = self.tables[cell][row];
            self.set(cell, row, alone(Operation::Zero))?;
            trials.push((from, self.loss()?));
            self.set(cell, row, before)?;
            if let Some(progress) = &mut progress {
                progress.advance(1);
            }
        }
        let loss_without = trials.iter().map(|(from, loss)| (from.to_string(), *loss)).collect();
        // Stable: of equal ones the first stay.
        trials.sort_by(|a, b| b.1.total_cmp(&a.1));
        for (from, _) in &trials[2..] {
            self.set(cell, edge(node, *from), alone(Operation::Zero))?;
        }
        self.tune()?;
        let mut kept: Vec<usize> = trials[..2].iter().map(|(from, _)| *from).collect();
        kept.sort_unstable();
        let kept = kept.iter().map(usize::to_string).collect();
        Ok(Choosing { cell: CellKind::ALL[cell], node, from: None, loss_without, kept })
    }

    /// Changes a row of alpha.
    fn set(&mut self, cell: usize, row: usize, values: [f32; 10]) -> Result<()> {
        self.tables[cell][row] = values;
        let alpha: &Var = self.supernet.alphas()[cell];
        let flat: Vec<f32> = self.tables[cell].iter().flatten().copied().collect();
        Ok(alpha.set(&Tensor::from_vec(flat, alpha.shape(), &Device::Cpu)?)?)
    }

    /// Mean loss on the judging beats, with the statistics of each batch.
    fn loss(&self) -> Result<f64> {
        let (mut sum, mut beats) = (0.0, 0);
        for batch in &self.judges {
            let Batch { values, classes, channels, samples } = batch;
            let values = Tensor::from_slice(values, (classes.len(), *channels, *samples), &Device::Cpu)?;
            let logits = self.supernet.logits(&values, &Pass::judgement())?;
            let loss = cross_entropy(&logits, classes, None, 0.0)?.to_scalar::<f32>()?;
            if !loss.is_finite() {
                let (field, expected) =
                    ("choice", "a finite loss of the searched supernet; lower `weights.learning_rate`".into());
                return Err(Error::Configuration { field, found: format!("a loss of {loss}"), expected });
            }
            sum += f64::from(loss) * classes.len() as f64;
            beats += classes.len();
        }
        Ok(sum / beats.max(1) as f64)
    }

    /// Some steps of the weights.
    fn tune(&mut self) -> Result<()> {
        for _ in 0..self.spec.steps {
            let batch = self.config.batch;
            if self.order.len() < batch {
                self.order = self.generator.permutation(self.part.training().len());
            }
            let chosen = self.order.split_off(self.order.len() - batch);
            let beats = self.part.training().batch(&chosen);
            let optimiser = (&mut self.sgd, &self.config.weights, self.spec.learning_rate);
            weight_step(self.supernet, beats, &Pass::weights(), LossOptions::default(), optimiser)?;
        }
        Ok(())
    }
}

/// A row of alpha that leaves one operation.
fn alone(operation: Operation) -> [f32; 10] {
    let mut row = [NEVER; 10];
    row[operation.index()] = 0.0;
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_batch_of_judges_is_mixed_as_the_training_beats_are() {
        let training = [500, 125, 225, 50, 100];
        // Mostly N, as validation beats are that no limit thins; too few F.
        let mut validation = [vec![0; 5000], vec![1; 150], vec![2; 300], vec![3; 10], vec![4; 200]].concat();
        let mut generator = Generator::new(3);
        generator.shuffle(&mut validation);
        let judges = judges(training, &validation, 400, &mut generator);
        let count = |beats: &[usize]| {
            let mut counts = [0; 5];
            beats.iter().for_each(|&i| counts[validation[i]] += 1);
            counts
        };
        assert_eq!(count(&judges), [200, 50, 90, 10, 40]);
        for batch in judges.chunks(100) {
            let [n, s, v, _, q] = count(batch);
            // Half of it N to within four deviations of a draw without replacement, and some of the rest.
            assert!((33..=67).contains(&n) && s > 2 && v > 7 && q > 1, "{:?}", count(batch));
        }
    }
}
