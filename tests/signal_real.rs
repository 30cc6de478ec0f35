//! The R-peak detector on the real MIT-BIH records, where they are.

mod common;

use std::path::Path;

use heart_darts::signal::detect_r_peaks;
use heart_darts::wfdb::{Record, read_annotations};
use rayon::prelude::*;

/// Counts over one record.
#[derive(Default)]
struct Counts {
    found: usize,
    missed: usize,
    wrong: usize,
    /// Found within 14 ms.
    close: usize,
}

/// Peaks against the annotated beats, within 150 ms. Ventricular flutter, `[` to `]`, has no beats and is left out.
fn compare(stem: &Path) -> Counts {
    let record = Record::read_signals(stem, &[0]).unwrap();
    let frequency = record.header.frequency;
    let annotations = read_annotations(&stem.with_extension("atr")).unwrap();
    let at = |symbol: &str| {
        annotations.iter().filter(|a| a.code.symbol() == symbol).map(|a| a.sample as f64).collect::<Vec<f64>>()
    };
    let (mut ends, starts) = (at("]"), at("["));
    ends.resize(starts.len(), f64::INFINITY);
    let flutter = |sample: f64| starts.iter().zip(&ends).any(|(start, end)| (*start..=*end).contains(&sample));
    // WFDB counts flutter waves among the beats.
    let beats = annotations.iter().filter(|a| a.code.is_beat() && a.code.symbol() != "!");
    let beats: Vec<f64> = beats.map(|a| a.sample as f64).collect();
    let peaks: Vec<f64> = detect_r_peaks(&record.physical(0), frequency).into_iter().map(|p| p as f64).collect();

    let (mut counts, mut beat, mut peak) = (Counts::default(), 0, 0);
    while beat < beats.len() || peak < peaks.len() {
        let distance = match (beats.get(beat), peaks.get(peak)) {
            (Some(beat), Some(peak)) => (peak - beat) / frequency,
            (Some(_), None) => f64::INFINITY,
            _ => f64::NEG_INFINITY,
        };
        if distance > 0.15 {
            counts.missed += 1;
            beat += 1;
        } else if distance < -0.15 {
            counts.wrong += usize::from(!flutter(peaks[peak]));
            peak += 1;
        } else {
            counts.found += 1;
            counts.close += usize::from(distance.abs() <= 0.014);
            (beat, peak) = (beat + 1, peak + 1);
        }
    }
    counts
}

#[test]
fn r_peaks_of_mit_bih_are_found() {
    let Some(folder) = common::real_data("mitdb", "the R-peak detector on real records") else { return };
    let entries = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let headers: Vec<_> = entries.filter(|path| path.extension().is_some_and(|e| e == "hea")).collect();
    assert_eq!(headers.len(), 48);
    let counts: Vec<Counts> = headers.par_iter().map(|header| compare(&header.with_extension(""))).collect();
    let sum = |part: fn(&Counts) -> usize| counts.iter().map(part).sum::<usize>();
    let (found, missed, wrong, close) = (sum(|c| c.found), sum(|c| c.missed), sum(|c| c.wrong), sum(|c| c.close));
    assert_eq!(found + missed, 109_494, "beats of all records");
    let percent = |part: usize, whole: usize| 100.0 * part as f64 / whole as f64;
    let (sensitivity, predictivity) = (percent(found, found + missed), percent(found, found + wrong));
    println!("Se {sensitivity:.3} % ({missed} missed), +P {predictivity:.3} % ({wrong} wrong)");
    println!("{:.1} % within 14 ms", percent(close, found));
    assert!(sensitivity > 99.8 && predictivity > 99.6 && percent(close, found) > 95.0);
}
