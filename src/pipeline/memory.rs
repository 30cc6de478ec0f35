//! Whether a network can be trained in the memory of this machine, asked before any is taken.

use super::error::{Error, Result};
use crate::cell::{NODES, Shape, supernet_counts};
use crate::network::{InputShape, NetworkSpec, SupernetSpec};
use crate::support::memory;

/// Bytes of a parameter that is trained: its value, its gradient and its momentum, four each.
const PER_PARAMETER: u64 = 12;
/// Bytes of a number that a step keeps for the way back.
const PER_VALUE: u64 = 4;

/// What training takes at least, in bytes: `parameters`, and for each beat of a step `values` numbers.
fn estimate(parameters: u64, values: u64, batch: usize) -> u64 {
    let kept = values.saturating_mul(batch as u64).saturating_mul(PER_VALUE);
    parameters.saturating_mul(PER_PARAMETER).saturating_add(kept)
}

/// Refuses a training that needs more than the machine has.
pub(super) fn of_training(network: &NetworkSpec, input: &InputShape, batch: usize) -> Result<()> {
    let parameters = network.parameters(input).map_err(|message| Error::Network { message })?;
    let values = network.values(input).map_err(|message| Error::Network { message })?;
    check("network", &network.to_string(), parameters, values, batch, memory::installed())
}

/// Refuses a search that needs more than the machine has.
pub(super) fn of_search(supernet: &SupernetSpec, input: &InputShape, batch: usize) -> Result<()> {
    let InputShape { leads, samples, classes } = *input;
    let SupernetSpec { channels, layers } = *supernet;
    let counts = supernet_counts(NODES, &Shape { leads, samples, channels, layers, classes })?;
    let name = format!("a supernet of {layers} cells and {channels} initial channels");
    check("search.supernet", &name, counts.parameters, counts.values(NODES), batch, memory::installed())
}

fn check(place: &str, name: &str, parameters: u64, values: u64, batch: usize, limit: u64) -> Result<()> {
    let bytes = estimate(parameters, values, batch);
    if bytes <= limit {
        return Ok(());
    }
    let gigabytes = |bytes: u64| format!("{:.1} GB", bytes as f64 / 1e9);
    Err(Error::Unfit {
        place: place.into(),
        found: format!(
            "{name}: {parameters} parameters, which with batches of {batch} beats take {} or more while they learn",
            gigabytes(bytes)
        ),
        expected: format!(
            "at most {}, which is the memory of this machine: fewer channels, fewer layers or smaller batches",
            gigabytes(limit)
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cell::Genotype;
    use crate::network::DerivedSpec;

    const INPUT: InputShape = InputShape { leads: 2, samples: 300, classes: 5 };

    fn derived(channels: usize, layers: usize) -> NetworkSpec {
        let shape = DerivedSpec { channels, layers, ..DerivedSpec::default() };
        NetworkSpec::Derived { shape, genotype: Genotype::random(1) }
    }

    #[test]
    fn what_the_papers_networks_take_fits_and_the_largest_do_not() {
        let bytes = |network: &NetworkSpec, batch| {
            estimate(network.parameters(&INPUT).unwrap(), network.values(&INPUT).unwrap(), batch)
        };
        // The paper's network with its batch: well below a gigabyte by this lower bound.
        assert!(bytes(&derived(16, 15), 256) < 1 << 30);
        assert!(bytes(&derived(1024, 200), 2) > 1 << 38);
        assert!(bytes(&derived(16, 15), usize::MAX) == u64::MAX, "no overflow");
    }

    #[test]
    fn a_refusal_says_how_much() {
        let error = check("network", "a network", 10_000_000_000, 1, 2, 24_000_000_000).unwrap_err().to_string();
        for word in ["network:", "10000000000 parameters", "120.0 GB or more", "at most 24.0 GB", "fewer channels"] {
            assert!(error.contains(word), "{error}");
        }
        let largest = SupernetSpec { channels: 256, layers: 60 };
        assert!(of_search(&largest, &INPUT, 100).is_err() || memory::installed() > 300_000_000_000);
        of_search(&SupernetSpec::default(), &INPUT, 100).unwrap();
        of_training(&derived(16, 15), &INPUT, 256).unwrap();
    }
}
