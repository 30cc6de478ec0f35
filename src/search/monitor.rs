//! What can be seen of alpha while it is learnt.

use serde::{Deserialize, Serialize};

use crate::cell::{Genotype, Operation};

/// Alpha of one cell: a row an edge, a column an operation.
pub type AlphaTable = Vec<[f32; 10]>;

/// Chosen edges of a normal cell from which on skips have taken over: DARTS+ (Liang et al. 2019) stops at two.
const MANY_SKIPS: usize = 3;
/// Share of edges on which zero is strongest from which on the cell fades.
const MANY_ZEROS: f64 = 0.5;

/// Figures of alpha after an epoch; pairs are of the normal and of the reduction cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Monitor {
    /// Mean over edges of the entropy of the softmax weights, in nats; ln 10 = 2.303 at the start.
    pub entropy: [f64; 2],
    /// Chosen edges, of eight, that would be `skip`.
    pub skips: [usize; 2],
    /// Edges, of fourteen, on which `zero` is the strongest.
    pub zeros: [usize; 2],
}

/// A sign that a search goes astray, with advice.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Warning {
    /// Skips crowd out operations with weights: the known collapse of DARTS.
    #[error(
        "{0} of 8 edges of the normal cell would be skip connections: the search may be collapsing (Zela et al. 2020). \
         Derive from an earlier epoch (`derive --epoch`), search fewer epochs, or regularise the weights more"
    )]
    Skips(usize),
    /// Most edges would rather not be.
    #[error(
        "zero is the strongest operation on {0} of {1} edges: alpha says little about what to choose. More epochs or a \
         higher learning rate of alpha help"
    )]
    Zeros(usize, usize),
}

impl Monitor {
    /// Looks at alpha and at the genotype it would give.
    pub fn of(alphas: &[AlphaTable; 2], genotype: &Genotype) -> Self {
        let zeros = |alpha: &AlphaTable| {
            alpha.iter().filter(|row| (0..10).all(|i| row[i] <= row[Operation::Zero.index()])).count()
        };
        Self {
            entropy: [entropy(&alphas[0]), entropy(&alphas[1])],
            skips: [genotype.normal.count(Operation::Skip), genotype.reduction.count(Operation::Skip)],
            zeros: [zeros(&alphas[0]), zeros(&alphas[1])],
        }
    }

    /// What is worth saying about it.
    pub fn warnings(&self, edges: usize) -> Vec<Warning> {
        let mut warnings = Vec::new();
        if self.skips[0] >= MANY_SKIPS {
            warnings.push(Warning::Skips(self.skips[0]));
        }
        let zeros = self.zeros[0] + self.zeros[1];
        if zeros as f64 >= MANY_ZEROS * 2.0 * edges as f64 {
            warnings.push(Warning::Zeros(zeros, 2 * edges));
        }
        warnings
    }
}

/// Mean over edges of -Σ p log p with p the softmax of the row.
fn entropy(alpha: &AlphaTable) -> f64 {
    let of_row = |row: &[f32; 10]| {
        let largest = row.iter().fold(f32::NEG_INFINITY, |a, &b| a.max(b));
        let weights: Vec<f64> = row.iter().map(|&a| f64::from(a - largest).exp()).collect();
        let sum: f64 = weights.iter().sum();
        -weights.iter().map(|w| w / sum * (w / sum).max(f64::MIN_POSITIVE).ln()).sum::<f64>()
    };
    alpha.iter().map(of_row).sum::<f64>() / alpha.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cell::Origin;

    fn table(strong: Operation) -> AlphaTable {
        let mut row = [0.0; 10];
        row[strong.index()] = 8.0;
        vec![row; 14]
    }

    #[test]
    fn even_weights_have_the_entropy_of_ten_choices() {
        assert!((entropy(&vec![[0.3; 10]; 14]) - 10f64.ln()).abs() < 1e-6);
        assert!(entropy(&table(Operation::Conv9)) < 0.1);
    }

    #[test]
    fn skips_and_zeros_are_counted_and_warned_of() {
        let alphas = [table(Operation::Skip), table(Operation::Zero)];
        let genotype = Genotype::derive(&alphas[0], &alphas[1], Origin::default()).unwrap();
        let monitor = Monitor::of(&alphas, &genotype);
        assert_eq!((monitor.skips[0], monitor.zeros), (8, [0, 14]));
        assert_eq!(monitor.warnings(14), [Warning::Skips(8), Warning::Zeros(14, 28)]);
    }
}
