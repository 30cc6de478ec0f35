//! Models on disk: a network's description, its weights, its figures and a card, in a folder.
//!
//! | file | holds |
//! |---|---|
//! | `model.ron` | [`ModelSpec`]: network, leads, rate, window, preprocessing, classes, origin, digest of the weights |
//! | `weights.safetensors` | every tensor by its name, as [`crate::network::Store::export`] documents them |
//! | `metrics.json` | the [`crate::evaluate::Evaluation`] on the test part |
//! | `predictions.csv` | what it said of each beat of the test part, [`crate::evaluate::Predictions`]; may be missing |
//! | `CARD.md` | the same figures for people, with what it is for and not for |
//!
//! `model.ron` is written last: a folder with it is complete. Weights whose digest is not the one in `model.ron` are
//! refused, and so is a `model.ron` whose digest is not the one in the weights (that of its text but for the digest of the
//! weights), so a model never loads into a network that it was not trained as.

mod card;
mod cost;
mod folder;
mod spec;

pub use card::Card;
pub use cost::Cost;
pub use folder::{Error, Model, PREDICTIONS};
pub use spec::{ModelOrigin, ModelSpec};
