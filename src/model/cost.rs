//! What a model costs: counted, and measured on this machine.

use std::hint::black_box;
use std::time::{Duration, Instant};

use super::Model;
use crate::network::Evaluator;
use crate::support::random::Generator;

/// Beats of a batch whose speed is measured.
const BATCH: usize = 256;
/// How long each of the two measurements goes on, and how often at least and at most.
const TIME: Duration = Duration::from_millis(300);
const TURNS: (usize, usize) = (5, 500);

/// What a model costs.
#[derive(Debug, Clone, PartialEq)]
pub struct Cost {
    /// Numbers that training changed.
    pub parameters: u64,
    /// Multiply-adds for one beat, as [`crate::network::NetworkSpec::multiply_adds`] has them.
    pub multiply_adds: u64,
    /// How long one beat alone takes, s: the median of many.
    pub beat_seconds: f64,
    /// Beats a second in batches of 256: from the median batch.
    pub beats_per_second: f64,
    /// Threads that computed.
    pub threads: usize,
    /// The processor, where the system says.
    pub processor: Option<String>,
}

impl Model {
    /// Counts, and measures for about a second how fast beats are classified as `evaluate` and `predict` do it, from samples in
    /// memory to logits.
    ///
    /// # Errors
    /// When candle fails.
    pub fn cost(&self) -> candle_core::Result<Cost> {
        let multiply_adds = self.spec.network.multiply_adds(&self.spec.input).map_err(candle_core::Error::Msg)?;
        let evaluator = self.network.evaluator()?;
        Ok(Cost {
            parameters: self.network.store().parameters() as u64,
            multiply_adds,
            beat_seconds: self.time(evaluator.as_ref(), 1)?,
            beats_per_second: BATCH as f64 / self.time(evaluator.as_ref(), BATCH)?,
            threads: rayon::current_num_threads(),
            processor: processor(),
        })
    }

    /// Seconds a batch.
    fn time(&self, evaluator: &dyn Evaluator, batch: usize) -> candle_core::Result<f64> {
        let shape = [batch, self.spec.input.leads, self.spec.input.samples];
        let mut generator = Generator::new(0);
        let beats: Vec<f32> = (0..shape.iter().product()).map(|_| generator.normal() as f32).collect();
        let mut seconds = Vec::new();
        let begun = Instant::now();
        // The first turn makes what later ones use again.
        for turn in 0..=TURNS.1 {
            let start = Instant::now();
            black_box(evaluator.logits(black_box(&beats), shape)?);
            if turn > 0 {
                seconds.push(start.elapsed().as_secs_f64());
            }
            if turn >= TURNS.0 && begun.elapsed() > TIME {
                break;
            }
        }
        seconds.sort_by(f64::total_cmp);
        Ok((seconds[(seconds.len() - 1) / 2] + seconds[seconds.len() / 2]) / 2.0)
    }
}

/// What Linux calls the processor.
fn processor() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}
