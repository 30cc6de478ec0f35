//! What a checkpoint must be for a run to go on from it, beyond its digest: the digest says that nobody changed it by
//! accident, not that it is of this run.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::{Error, Result};
use super::optimiser::Sgd;
use crate::network::Store;

fn wrong(path: &Path, place: &str, message: String) -> Error {
    Error::Malformed { path: path.to_path_buf(), place: place.into(), message }
}

/// A count of a checkpoint's state, which cannot be above `most`.
///
/// # Errors
/// [`Error::Malformed`]
pub(crate) fn place(path: &Path, name: &str, found: u64, most: u64) -> Result<()> {
    if found <= most {
        return Ok(());
    }
    Err(wrong(path, &format!("state: {name}"), format!("found {found}, expected at most {most} in this run")))
}

/// The momenta of a checkpoint: each of a variable of the network, and as long.
///
/// # Errors
/// [`Error::Malformed`]
pub(crate) fn momenta(path: &Path, momenta: BTreeMap<String, Vec<f32>>, store: &Store) -> Result<Sgd> {
    let lengths: BTreeMap<&str, usize> =
        store.variables().map(|(name, variable)| (name, variable.elem_count())).collect();
    for (name, values) in &momenta {
        let place = format!("momentum.{name}");
        match lengths.get(name.as_str()) {
            Some(expected) if *expected == values.len() => {}
            Some(expected) => {
                let found = values.len();
                return Err(wrong(path, &place, format!("found {found} values, expected {expected}")));
            }
            None => {
                let message = format!("found {} values, expected none: the network has no such variable", values.len());
                return Err(wrong(path, &place, message));
            }
        }
    }
    Ok(Sgd { momenta })
}
