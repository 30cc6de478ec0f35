//! Random genotypes of the search space: what a search has to beat (Li and Talwalkar 2019, *Random search and reproducibility for
//! neural architecture search*, arXiv:1902.07638).

use super::{CellGenotype, Genotype, INPUTS, Input, NODES, Operation, Origin};
use crate::support::random::Generator;

impl Genotype {
    /// Draws both cells from the genotypes that [`super::derive_cell`] can give: each node takes from two different earlier
    /// places, any two as likely, and on each edge any operation but zero is as likely.
    pub fn random(seed: u64) -> Self {
        let mut generator = Generator::new(seed);
        let (normal, reduction) = (cell(&mut generator), cell(&mut generator));
        let origin = Origin { note: Some("drawn at random".into()), seed: Some(seed), ..Origin::of_this_crate() };
        Self { version: Self::VERSION, normal, reduction, origin }
    }
}

fn cell(generator: &mut Generator) -> CellGenotype {
    let choices = &Operation::ALL[..Operation::Zero.index()];
    let nodes = (0..NODES).map(|node| {
        let places = INPUTS + node;
        let first = generator.below(places);
        // The second from the others.
        let second = (first + 1 + generator.below(places - 1)) % places;
        let mut input = |from| Input { operation: choices[generator.below(choices.len())], from };
        [input(first.min(second)), input(first.max(second))]
    });
    CellGenotype { nodes: nodes.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_cells_are_sound_reproducible_and_reach_everything() {
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..300 {
            let genotype = Genotype::random(seed);
            genotype.check().unwrap();
            assert_eq!(genotype, Genotype::random(seed));
            seen.extend(genotype.normal.edges().map(|(node, input)| (node, input.from, input.operation)));
        }
        // 14 edges with 9 operations each.
        assert_eq!(seen.len(), 14 * 9);
    }
}
