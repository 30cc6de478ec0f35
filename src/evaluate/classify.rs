//! Running a network over beats.

use candle_core::{Device, Result, Tensor};

use super::ConfusionMatrix;
use crate::beat::{Batch, Class, Role, Subset};
use crate::network::{Evaluator, Network};
use crate::support::progress::Progress;

/// Beats a pass; it changes the speed only: with running statistics every beat is computed by itself.
const BATCH: usize = 256;

/// What a network said of some beats, beside the reference.
#[derive(Debug, Clone, PartialEq)]
pub struct Classified {
    /// The reference classes.
    pub reference: Vec<Class>,
    /// `[beats, classes]`, softmax of the logits.
    pub probabilities: Vec<f32>,
}

impl Classified {
    /// The most probable class of each beat.
    pub fn predictions(&self) -> impl Iterator<Item = Class> + '_ {
        self.probabilities.chunks_exact(Class::ALL.len()).map(|p| {
            let best = (1..p.len()).fold(0, |best, i| if p[i] > p[best] { i } else { best });
            Class::ALL[best]
        })
    }

    /// Reference against prediction.
    pub fn matrix(&self) -> ConfusionMatrix {
        let mut matrix = ConfusionMatrix::default();
        self.reference.iter().zip(self.predictions()).for_each(|(reference, found)| matrix.record(*reference, found));
        matrix
    }

    /// Mean over beats of -log of the probability of the reference.
    pub fn mean_cross_entropy(&self) -> f64 {
        let rows = self.probabilities.chunks_exact(Class::ALL.len()).zip(&self.reference);
        let sum: f64 = rows.map(|(p, class)| -f64::from(p[class.index()].max(f32::EPSILON)).ln()).sum();
        sum / self.reference.len().max(1) as f64
    }
}

/// Classifies all beats of a part in evaluation mode, in order.
///
/// # Errors
/// When the beats do not have the network's shape.
pub fn classify<R: Role>(
    network: &dyn Network,
    beats: &Subset<R>,
    mut progress: Option<&mut Progress>,
) -> Result<Classified> {
    let mut classified = Classified { reference: Vec::new(), probabilities: Vec::new() };
    let evaluator = network.evaluator()?;
    for batch in beats.batches(BATCH) {
        let n = batch.len();
        classified.reference.extend(batch.classes.iter().map(|&class| Class::ALL[class as usize]));
        classified.probabilities.extend(probabilities(evaluator.as_ref(), &batch)?);
        if let Some(progress) = &mut progress {
            progress.advance(n as u64);
        }
    }
    Ok(classified)
}

/// Probabilities `[beats, classes]` of one batch.
///
/// # Errors
/// As [`classify`], and when the logits are not finite: every beat would pass for the first class.
pub fn probabilities(evaluator: &dyn Evaluator, batch: &Batch) -> Result<Vec<f32>> {
    let shape = (batch.len(), batch.channels, batch.samples);
    let logits = evaluator.logits(&batch.values, shape.into())?;
    if let Some(odd) = logits.iter().find(|logit| !logit.is_finite()) {
        candle_core::bail!("found {odd} as a logit, expected a finite number; the model's weights are of no use");
    }
    let classes = logits.len() / batch.len().max(1);
    candle_nn::ops::softmax(&Tensor::from_vec(logits, (batch.len(), classes), &Device::Cpu)?, 1)?
        .flatten_all()?
        .to_vec1()
}
