//! The patient's usual beat, and how a beat differs from it: what is normal for one heart is not for another.
//!
//! Nothing but the record itself is asked, no label and no other record, so it can be done for a patient never seen before.

use rayon::prelude::*;

/// At most so many beats share a template, about half an hour: over a day electrodes and posture change what is usual.
const BLOCK: usize = 3000;

/// The usual beats of a record.
#[derive(Debug, Clone, PartialEq)]
pub struct Templates {
    values: Vec<f32>,
    beat: usize,
    block: usize,
}

impl Templates {
    /// Of beats in order of time, `values` being `[beats, beat]`: the median of every sample, over blocks of equally many beats.
    pub fn of(values: &[f32], beat: usize) -> Self {
        let beats = values.len() / beat.max(1);
        let block = beats.div_ceil(beats.div_ceil(BLOCK).max(1)).max(1);
        let values = values.par_chunks(block * beat.max(1)).flat_map_iter(|values| median(values, beat)).collect();
        Self { values, beat, block }
    }

    /// The template of the `index`th beat.
    ///
    /// # Panics
    /// If there is no such beat.
    pub fn template(&self, index: usize) -> &[f32] {
        &self.values[index / self.block * self.beat..][..self.beat]
    }
}

/// The middle value of each sample, of an even number the higher.
fn median(values: &[f32], beat: usize) -> Vec<f32> {
    let beats = values.len() / beat;
    let mut column = vec![0.0; beats];
    let one = |sample| {
        column.iter_mut().zip(values.iter().skip(sample).step_by(beat)).for_each(|(into, value)| *into = *value);
        *column.select_nth_unstable_by(beats / 2, f32::total_cmp).1
    };
    (0..beat).map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_beat_is_the_median_of_each_sample() {
        // Two ordinary beats and one that is not.
        let values = [1.0, 2.0, 3.0, 90.0, -90.0, 90.0, 1.5, 2.5, 2.5];
        let templates = Templates::of(&values, 3);
        assert_eq!(templates.template(0), [1.5, 2.0, 3.0]);
        assert_eq!(templates.template(2), [1.5, 2.0, 3.0]);
    }

    #[test]
    fn a_long_record_has_several() {
        let values: Vec<f32> = (0..2 * BLOCK + 1).map(|beat| (beat / 2001) as f32).collect();
        let templates = Templates::of(&values, 1);
        assert_eq!(
            [0, 2000, 2001, 4001, 4002, 6000].map(|beat| templates.template(beat)[0]),
            [0.0, 0.0, 1.0, 1.0, 2.0, 2.0]
        );
    }
}
