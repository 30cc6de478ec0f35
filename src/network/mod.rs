//! The networks: the supernet that is searched, the derived network that is trained, and those designed by hand that it has
//! to beat.
//!
//! Outside, a batch of beats is `[batch, leads, samples]`; inside, everything is `[batch, samples, channels]`, the layout
//! that the kernels of [`crate::compute`] want. A network owns its [`Store`]: every variable and running statistic by its
//! name, in the order of names. Names and layouts in files are those of a PyTorch module built from the same parts
//! (`cells.3.preprocess0.conv.weight`, `[out, in, taps]`), so that weights pass from one to the other; see
//! [`Store::export`].
//!
//! [`Pass`] says what a forward pass is for: training or evaluating, with gradients for the weights or without. Whoever
//! only wants logits asks for [`Network::evaluator`]: of a derived network that is [`Compiled`], a forward pass without
//! candle and without gradients, whose plain twin is [`Network::logits`] with [`Pass::evaluation`].

mod baseline;
mod compiled;
mod derived;
mod derived_cell;
mod evaluator;
mod layer;
mod pass;
mod plan;
mod spec;
mod stem;
mod store;
mod supernet;

pub use baseline::{Baseline, ResidualSpec};
pub use compiled::{Compiled, Purpose};
pub use derived::{Derived, DerivedSpec};
pub use evaluator::Evaluator;
pub use pass::Pass;
pub use plan::{CellPlan, STEM_CHANNELS, plan};
pub use spec::{InputShape, NetworkSpec};
pub use store::{Store, StoreError};
pub use supernet::{Supernet, SupernetSpec};

use candle_core::{Result, Tensor};

/// Anything that turns beats into logits and can be trained.
pub trait Network {
    /// Logits `[batch, classes]` of beats `[batch, leads, samples]`. Where the pass wants gradients it is to be called within
    /// [`Tape::record`](crate::compute::Tape::record), whose tape takes them.
    ///
    /// # Errors
    /// When the shape of the beats is not the network's, or gradients are wanted and nothing records.
    fn logits(&self, beats: &Tensor, pass: &Pass) -> Result<Tensor>;

    /// What computes logits fastest, with the weights and running statistics of this moment.
    ///
    /// # Errors
    /// When candle fails.
    fn evaluator(&self) -> Result<Box<dyn Evaluator + '_>>;

    /// Its variables and running statistics.
    fn store(&self) -> &Store;
}
