//! How early a beat comes: what the samples of one beat cannot show, and what tells most supraventricular beats from normal ones.
//!
//! Ratios of RR intervals, as in de Chazal et al. 2004 (doi:10.1109/TBME.2004.827359) and Llamedo and Martínez 2011
//! (doi:10.1109/TBME.2010.2068048), by their logarithms and relative to the patient's own rhythm, so that a heart that is fast
//! or slow throughout looks like any other.

/// Rhythm channels of a beat. Each has one value over all samples:
///
/// 0. the RR interval before the one that ends at this beat, to the local rhythm;
/// 1. the RR interval that ends at this beat, to the local rhythm;
/// 2. the RR interval that begins at this beat, to the local rhythm;
/// 3. the RR interval that ends at this beat, to the record's rhythm;
/// 4. the irregularity: by how much the intervals near the beat deviate from the local rhythm, root mean square.
pub const RHYTHM_CHANNELS: usize = 5;

/// RR intervals on each side of a beat whose mean is the local rhythm.
const NEAR: usize = 10;
/// The largest logarithm of a ratio, either way: beyond lie pauses in the annotations, not in the heart. For the same reason an
/// interval counts in means as at most so many times the median.
const LIMIT: f32 = 1.5;

/// The rhythm channels of every beat of a record: natural logarithms of ratios, within ±1.5; 0 where there is no such interval.
/// `peaks` are its R peaks in order of time, in any unit.
///
/// The rhythm is a mean and not a median, so that where most beats are early, the pauses still tell that they are.
pub fn rhythm(peaks: &[u64]) -> Vec<[f32; RHYTHM_CHANNELS]> {
    let intervals: Vec<f32> = peaks.windows(2).map(|pair| pair[1].saturating_sub(pair[0]) as f32).collect();
    let longest = median(&intervals) * LIMIT.exp();
    let mean = |intervals: &[f32]| {
        intervals.iter().map(|interval| f64::from(interval.min(longest))).sum::<f64>() as f32 / intervals.len() as f32
    };
    let record = mean(&intervals);
    let ratio = |interval: Option<&f32>, usual: f32| match interval {
        Some(interval) if usual > 0.0 => (interval / usual).ln().clamp(-LIMIT, LIMIT),
        _ => 0.0,
    };
    let of_beat = |beat: usize| {
        let near = &intervals[beat.saturating_sub(NEAR)..(beat + NEAR).min(intervals.len())];
        let local = mean(near);
        let squares = near.iter().map(|interval| ratio(Some(interval), local).powi(2));
        let irregularity = (squares.sum::<f32>() / near.len().max(1) as f32).sqrt();
        let [previous, before] = [2, 1].map(|back| beat.checked_sub(back).and_then(|at| intervals.get(at)));
        let after = intervals.get(beat);
        [ratio(previous, local), ratio(before, local), ratio(after, local), ratio(before, record), irregularity]
    };
    (0..peaks.len()).map(of_beat).collect()
}

/// The middle one, of an even number the higher; 0 of none.
fn median(intervals: &[f32]) -> f32 {
    let mut sorted = intervals.to_vec();
    sorted.sort_unstable_by(f32::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A beat that comes at half the usual interval, with the pause after it that makes up for it: the mean stays.
    #[test]
    fn an_early_beat_shows() {
        let mut peaks: Vec<u64> = (1..=41).map(|beat| beat * 300).collect();
        peaks[20] -= 150;
        let rhythm = rhythm(&peaks);
        let (half, longer) = (0.5f32.ln(), 1.5f32.ln());
        let irregular = ((half * half + longer * longer) / 20.0).sqrt();
        assert_eq!(rhythm[20], [0.0, half, longer, half, irregular]);
        assert_eq!(rhythm[21], [half, longer, 0.0, longer, irregular]);
        assert_eq!(rhythm[8], [0.0; 5]);
    }

    /// Where most beats are early, as in record 232 of MIT-BIH, they are early still.
    #[test]
    fn many_early_beats_are_early() {
        let mut peaks = vec![0];
        for _ in 0..30 {
            for interval in [600, 200, 200, 200] {
                peaks.push(peaks[peaks.len() - 1] + interval);
            }
        }
        let rhythm = rhythm(&peaks);
        assert_eq!((rhythm[49][3] > 0.6, rhythm[50][3] < -0.4), (true, true), "{rhythm:?}");
    }

    /// Another heart rate, or another sampling rate, is the same rhythm.
    #[test]
    fn only_ratios_count() {
        let peaks = [100, 350, 600, 700, 1000, 1250, 1400, 1700];
        let (slow, fast) = (rhythm(&peaks), rhythm(&peaks.map(|peak| peak * 2)));
        assert_eq!(slow, fast);
        assert_ne!(slow[3], slow[4]);
    }

    #[test]
    fn ends_pauses_and_repeated_peaks_are_finite() {
        assert_eq!(rhythm(&[]), Vec::<[f32; 5]>::new());
        assert_eq!(rhythm(&[5]), [[0.0; 5]]);
        let all = rhythm(&[0, 0, 300, 600, 900, 1_000_000, 1_000_300]);
        assert_eq!((all[1][1], all[5][1]), (-LIMIT, LIMIT));
        assert!(all.iter().flatten().all(|value| value.is_finite()));
        // No interval is longer than 0.
        assert_eq!(rhythm(&[7, 7, 7]), [[0.0; 5]; 3]);
    }
}
