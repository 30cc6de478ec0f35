//! What one forward pass is for.

use std::cell::RefCell;

use candle_core::{Result, Tensor, Var};

use crate::compute;
use crate::support::random::Generator;

/// A forward pass: which statistics batch norm uses, whether weights get gradients, and the drop-path masks.
#[derive(Debug, Default)]
pub struct Pass {
    training: bool,
    weight_gradients: bool,
    /// Whether alpha gets gradients when the weights do not.
    alpha_gradients: bool,
    drop_path: f32,
    generator: RefCell<Option<Generator>>,
    auxiliary: RefCell<Vec<Tensor>>,
}

impl Pass {
    /// Evaluation: running statistics, no gradients.
    pub fn evaluation() -> Self {
        Self::default()
    }

    /// Training of the weights: statistics of the batch.
    pub fn weights() -> Self {
        Self { training: true, weight_gradients: true, ..Self::default() }
    }

    /// Training of alpha: statistics of the batch, and the weights held constant, which spares their gradients.
    pub fn alpha() -> Self {
        Self { training: true, alpha_gradients: true, ..Self::default() }
    }

    /// A look at how good a supernet is: statistics of the batch, no gradients.
    pub fn judgement() -> Self {
        Self { training: true, ..Self::default() }
    }

    /// Training of the weights where each path of a cell is dropped with a probability (Larsson et al. 2017,
    /// FractalNet), a beat at a time, with masks from `generator`. Take it back with [`Self::into_generator`].
    pub fn weights_with_drop_path(probability: f32, generator: Generator) -> Self {
        Self { drop_path: probability, generator: RefCell::new(Some(generator)), ..Self::weights() }
    }

    /// The generator after the masks were drawn.
    pub fn into_generator(self) -> Option<Generator> {
        self.generator.into_inner()
    }

    /// Logits of classifiers beside the network's own, whose losses are to be added; they are taken away.
    pub fn take_auxiliary(&self) -> Vec<Tensor> {
        self.auxiliary.take()
    }

    /// Adds to [`Self::take_auxiliary`].
    pub(crate) fn add_auxiliary(&self, logits: Tensor) {
        self.auxiliary.borrow_mut().push(logits);
    }

    /// Whether batch norm uses the batch's statistics.
    pub fn is_training(&self) -> bool {
        self.training
    }

    /// Whether gradients flow into the weights.
    pub fn has_weight_gradients(&self) -> bool {
        self.weight_gradients
    }

    /// Whether gradients flow into alpha.
    pub(crate) fn has_alpha_gradients(&self) -> bool {
        self.alpha_gradients
    }

    /// Whether paths may be dropped.
    pub(crate) fn drops_paths(&self) -> bool {
        self.drop_path > 0.0
    }

    /// The tensor of a variable, cut from the graph when it needs no gradient.
    pub fn weight(&self, variable: &Var) -> Tensor {
        if self.weight_gradients { variable.as_tensor().clone() } else { variable.as_detached_tensor() }
    }

    /// Drops the path of each beat of `x` `[batch, samples, channels]` with the pass's probability and scales the others
    /// up, so that the expectation stays.
    pub(crate) fn drop_path(&self, x: Tensor) -> Result<Tensor> {
        let mut generator = self.generator.borrow_mut();
        let Some(generator) = generator.as_mut().filter(|_| self.drop_path > 0.0) else { return Ok(x) };
        let keep = 1.0 - self.drop_path;
        let batch = x.dim(0)?;
        let mask: Vec<f32> = (0..batch).map(|_| if generator.uniform() < keep { 1.0 / keep } else { 0.0 }).collect();
        compute::scale(&x, &Tensor::from_vec(mask, batch, x.device())?)
    }
}
