//! How cells are stacked: which are reduction cells, and how many channels go in and out.

/// Channels that leave the preprocessing layer (section IV-C of the paper).
pub const STEM_CHANNELS: usize = 32;

/// One cell of a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CellPlan {
    /// Channels of the output of the cell before the previous one.
    pub before_previous: usize,
    /// Channels of the output of the previous cell.
    pub previous: usize,
    /// Channels of each node.
    pub channels: usize,
    /// Halves the samples and doubles the channels.
    pub reduction: bool,
    /// The previous cell was a reduction cell, so the first input is twice as long as the second.
    pub after_reduction: bool,
}

/// Plans `layers` cells of `channels` initial channels and `nodes` nodes each; the reduction cells stand at one and two
/// thirds (DARTS, section 3.1.1; for fewer than three cells those places coincide and one reduction is left). Returns the
/// cells and the channels that leave the last one.
pub fn plan(channels: usize, layers: usize, nodes: usize) -> (Vec<CellPlan>, usize) {
    let (mut before_previous, mut previous, mut channels) = (STEM_CHANNELS, STEM_CHANNELS, channels);
    let mut after_reduction = false;
    let cells = (0..layers)
        .map(|layer| {
            let reduction = layer == layers / 3 || layer == 2 * layers / 3;
            if reduction {
                channels *= 2;
            }
            let cell = CellPlan { before_previous, previous, channels, reduction, after_reduction };
            (before_previous, previous, after_reduction) = (previous, nodes * channels, reduction);
            cell
        })
        .collect();
    (cells, previous)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reduction_cells_stand_at_one_and_two_thirds() {
        let places = |layers| {
            let (cells, _) = plan(16, layers, 4);
            (0..layers).filter(|&i| cells[i].reduction).collect::<Vec<_>>()
        };
        assert_eq!(places(8), [2, 5]);
        assert_eq!(places(15), [5, 10]);
        assert_eq!(plan(16, 8, 4).1, 256);
    }
}
