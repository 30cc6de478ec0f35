//! Numbers that are none any more: a run ends at the first, and says where it is.

use candle_core::Tensor;

use super::error::{Error, Result};
use super::tensors::{Array, TensorFile};
use crate::network::Store;

/// What is not a finite number.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NotFinite {
    /// The loss of a batch; no weight was moved by it.
    #[error("the loss is {loss}; {weights}")]
    Loss {
        /// The loss.
        loss: f32,
        /// What the weights look like: which tensor is not finite either, or which has the largest weight.
        weights: String,
    },
    /// A gradient; no weight was moved by it.
    #[error(
        "the gradient of tensor {tensor} is not finite{}",
        if *others > 0 { format!(", and those of {others} others") } else { String::new() }
    )]
    Gradient {
        /// The first such tensor, in the order of names.
        tensor: String,
        /// How many others there are.
        others: usize,
    },
    /// A weight, or what an optimiser or a batch norm keeps.
    #[error("tensor {tensor} holds {value}")]
    Value {
        /// The tensor, as checkpoints name it.
        tensor: String,
        /// The first such value.
        value: f32,
    },
}

impl NotFinite {
    /// The tensor that it names; none for a loss.
    pub(crate) fn tensor(&self) -> &str {
        match self {
            Self::Loss { .. } => "",
            Self::Gradient { tensor, .. } | Self::Value { tensor, .. } => tensor,
        }
    }

    /// What there is to say of weights that gave such a loss.
    pub(super) fn loss(loss: f32, store: &Store) -> Result<Self> {
        let mut largest = (0.0, "");
        for (name, variable) in store.variables() {
            for value in variable.flatten_all()?.to_vec1::<f32>()? {
                if !value.is_finite() {
                    let weights = format!("tensor {name} holds {value}");
                    return Ok(Self::Loss { loss, weights });
                }
                if value.abs() > largest.0 {
                    largest = (value.abs(), name);
                }
            }
        }
        let weights = format!("the largest weight is {:e}, in tensor {}", largest.0, largest.1);
        Ok(Self::Loss { loss, weights })
    }
}

/// That all values of tensors are finite.
///
/// # Errors
/// [`Error::NotFinite`].
pub(crate) fn check<'a>(tensors: impl IntoIterator<Item = (&'a str, &'a Tensor)>) -> Result<()> {
    for (name, tensor) in tensors {
        check_values(name, &tensor.flatten_all()?.to_vec1()?)?;
    }
    Ok(())
}

/// That all values of a checkpoint are finite.
pub(super) fn check_file(file: &TensorFile) -> Result<()> {
    file.arrays.iter().try_for_each(|(name, array)| match array {
        Array::F32(_, values) => check_values(name, values),
        Array::U32(_) => Ok(()),
    })
}

fn check_values(name: &str, values: &[f32]) -> Result<()> {
    match values.iter().find(|value| !value.is_finite()) {
        Some(&value) => Err(Error::NotFinite(NotFinite::Value { tensor: name.to_owned(), value })),
        None => Ok(()),
    }
}
