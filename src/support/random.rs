//! The one source of randomness: every initial weight, shuffle, mask and noise sample comes from a [`Generator`].
//!
//! ChaCha with 8 rounds (Bernstein 2008) as `rand_chacha` has it: its stream is the same on every machine, and its whole
//! state is a seed and a position, so a checkpoint holds it in two numbers.

use rand::Rng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};

/// A seeded generator whose state can be saved and restored.
#[derive(Debug, Clone)]
pub struct Generator {
    seed: u64,
    stream: u64,
    chacha: ChaCha8Rng,
}

/// The state of a [`Generator`] at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GeneratorState {
    /// The seed it was made with.
    pub seed: u64,
    /// Which of the seed's independent streams.
    pub stream: u64,
    /// 32-bit words taken from the stream so far, in decimal (JSON numbers end at 2⁵³).
    pub position: String,
}

impl GeneratorState {
    /// What is said of a position that is not a number.
    pub(crate) fn malformed(&self) -> String {
        let position: String = self.position.chars().take(60).collect();
        format!("found the position {position:?}, expected a whole number of words")
    }
}

impl Generator {
    /// A generator at the start of stream 0 of `seed`.
    pub fn new(seed: u64) -> Self {
        Self::with_stream(seed, 0)
    }

    /// A generator at the start of one of the independent streams of `seed`, so that, say, the split of the data does
    /// not change with the number of weights that were drawn before it.
    pub fn with_stream(seed: u64, stream: u64) -> Self {
        let mut chacha = ChaCha8Rng::seed_from_u64(seed);
        chacha.set_stream(stream);
        Self { seed, stream, chacha }
    }

    /// What a checkpoint keeps.
    pub fn state(&self) -> GeneratorState {
        GeneratorState { seed: self.seed, stream: self.stream, position: self.chacha.get_word_pos().to_string() }
    }

    /// The generator that [`Self::state`] was taken from. `None` when the position is not a number.
    pub fn from_state(state: &GeneratorState) -> Option<Self> {
        let mut generator = Self::with_stream(state.seed, state.stream);
        generator.chacha.set_word_pos(state.position.parse().ok()?);
        Some(generator)
    }

    /// Uniform in [0, 1), 24 random bits.
    pub fn uniform(&mut self) -> f32 {
        (self.chacha.next_u32() >> 8) as f32 * (1.0 / (1 << 24) as f32)
    }

    /// Uniform in [`low`, `high`).
    pub fn uniform_in(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.uniform()
    }

    /// Uniform in [0, 1), 53 random bits.
    pub fn uniform_f64(&mut self) -> f64 {
        (self.chacha.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// A standard normal variate by Box and Muller (1958); two uniform draws a call, so the position stays countable.
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform_f64()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform_f64()).cos()
    }

    /// Uniform among 0..n.
    ///
    /// # Panics
    /// If `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        assert!(n > 0, "nothing to choose from");
        // Widening multiplication; its bias is below n / 2⁶⁴.
        ((u128::from(self.chacha.next_u64()) * n as u128) >> 64) as usize
    }

    /// Puts a slice into random order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        items.shuffle(&mut self.chacha);
    }

    /// 0..n in random order.
    pub fn permutation(&mut self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        self.shuffle(&mut order);
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_restores_the_stream() {
        let mut generator = Generator::with_stream(7, 3);
        generator.permutation(100);
        generator.normal();
        let state = generator.state();
        let ahead: Vec<f64> = (0..50).map(|_| generator.normal()).collect();
        let mut restored = Generator::from_state(&state).unwrap();
        let again: Vec<f64> = (0..50).map(|_| restored.normal()).collect();
        assert_eq!(ahead, again);
    }

    #[test]
    fn streams_and_seeds_differ() {
        let first = |seed, stream| Generator::with_stream(seed, stream).uniform_f64();
        assert_ne!(first(1, 0), first(2, 0));
        assert_ne!(first(1, 0), first(1, 1));
    }

    #[test]
    fn moments_are_those_of_the_distributions() {
        let mut generator = Generator::new(1);
        let n = 100_000;
        let normal: Vec<f64> = (0..n).map(|_| generator.normal()).collect();
        let mean = normal.iter().sum::<f64>() / n as f64;
        let variance = normal.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n as f64;
        assert!(mean.abs() < 0.015 && (variance - 1.0).abs() < 0.02, "{mean} {variance}");
        let mut counts = [0usize; 7];
        (0..n).for_each(|_| counts[generator.below(7)] += 1);
        assert!(counts.iter().all(|&c| (c as f64 - n as f64 / 7.0).abs() < 500.0), "{counts:?}");
    }
}
