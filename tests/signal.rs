//! Denoising, resampling and standardising against PyWavelets, scipy and what theory says.

use std::f64::consts::TAU;

use heart_darts::signal::{
    Decomposition, Denoise, Error, Preprocessing, Resampler, Standardise, Threshold, Wavelet, detect_r_peaks,
    interpolate_invalid, standardise,
};
use heart_darts::support::{files::parse_ron, random::Generator};
use proptest::prelude::*;

/// The input of every golden value (see `fixtures/signal/make.py`).
fn signal(samples: usize) -> Vec<f64> {
    let value = |i: usize| {
        let t = i as f64;
        (0.37 * t).sin() + 0.5 * (0.011 * t + 1.0).sin() + ((i * 7919 + 13) % 101) as f64 / 101.0 - 0.5
    };
    (0..samples).map(value).collect()
}

fn assert_close(found: &[f64], expected: &[f64], tolerance: f64, case: &str) {
    assert_eq!(found.len(), expected.len(), "{case}: length");
    for (i, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!((a - b).abs() <= tolerance, "{case}, {i}: {a} instead of {b}");
    }
}

fn wavelet(name: &str) -> Wavelet {
    name.parse().unwrap()
}

#[test]
fn coefficients_are_those_of_pywavelets() {
    let cases: Vec<(String, usize, usize, Vec<Vec<f64>>)> =
        serde_json::from_str(include_str!("fixtures/signal/wavedec.json")).unwrap();
    for (name, samples, level, expected) in &cases {
        let found = Decomposition::new(&signal(*samples), wavelet(name), *level);
        let case = format!("{name}, {samples} samples, level {level}");
        assert_eq!(found.details.len() + 1, expected.len(), "{case}: bands");
        assert_close(&found.approximation, &expected[0], 1e-8, &case);
        for (band, expected) in found.details.iter().rev().zip(&expected[1..]) {
            assert_close(band, expected, 1e-8, &case);
        }
        assert_close(&found.reconstruct(), &signal(*samples), 1e-8, &case);
    }
    for every in Wavelet::all() {
        assert!(cases.iter().any(|case| case.0 == every.to_string()), "{every} is not covered");
    }
}

#[test]
fn denoising_is_the_same_recipe_in_python() {
    let cases: Vec<(String, usize, usize, bool, String, Vec<f64>)> =
        serde_json::from_str(include_str!("fixtures/signal/denoise.json")).unwrap();
    for (name, samples, level, baseline, mode, expected) in cases {
        let threshold = match mode.as_str() {
            "soft" => Threshold::Soft,
            "hard" => Threshold::Hard,
            _ => Threshold::None,
        };
        let denoise = Denoise { wavelet: wavelet(&name), level: Some(level), baseline, threshold };
        let found: Vec<f64> = denoise.apply(&signal(samples), 360.0).unwrap().into_iter().step_by(23).collect();
        assert_close(&found, &expected, 1e-6, &format!("{name} {level} {mode}"));
    }
}

#[test]
fn filters_are_orthonormal() {
    for every in Wavelet::all() {
        let (low, high) = (every.scaling_filter(), every.wavelet_filter());
        let product =
            |a: &[f64], b: &[f64], shift: usize| -> f64 { a[shift..].iter().zip(b).map(|(x, y)| x * y).sum() };
        assert!((low.iter().sum::<f64>() - 2f64.sqrt()).abs() < 1e-10, "{every}");
        assert!(high.iter().sum::<f64>().abs() < 1e-10, "{every}");
        for shift in (0..every.taps()).step_by(2) {
            let one = if shift == 0 { 1.0 } else { 0.0 };
            assert!((product(low, low, shift) - one).abs() < 1e-10, "{every} {shift}");
            assert!((product(&high, &high, shift) - one).abs() < 1e-10, "{every} {shift}");
            assert!(product(low, &high, shift).abs() < 1e-10, "{every} {shift}");
        }
    }
}

proptest! {
    #[test]
    fn reconstruction_is_perfect(
        samples in prop::collection::vec(-5.0f64..5.0, 0..300), which in 0usize..39, level in 0usize..10,
    ) {
        let wavelet = Wavelet::all().nth(which).unwrap();
        let again = Decomposition::new(&samples, wavelet, level).reconstruct();
        prop_assert_eq!(again.len(), samples.len());
        for (a, b) in again.iter().zip(&samples) {
            prop_assert!((a - b).abs() < 1e-8, "{} {}", a, b);
        }
    }

    /// What is zero near the ends is an orthonormal transform's: energy stays.
    #[test]
    fn energy_is_kept(middle in prop::collection::vec(-5.0f64..5.0, 1..200), which in 0usize..39, level in 1usize..4) {
        let wavelet = Wavelet::all().nth(which).unwrap();
        let margin = vec![0.0; 512];
        let samples = [margin.clone(), middle, margin].concat();
        let coefficients = Decomposition::new(&samples, wavelet, level);
        let bands = coefficients.details.iter().flatten().chain(&coefficients.approximation);
        let (energy, expected) = (bands.map(|c| c * c).sum::<f64>(), samples.iter().map(|s| s * s).sum::<f64>());
        prop_assert!((energy - expected).abs() < 1e-8 * expected.max(1.0), "{} {}", energy, expected);
    }

    #[test]
    fn standardised_values_have_mean_0_and_deviation_1(mut values in prop::collection::vec(-9.0f32..9.0, 2..400)) {
        let flat = values.iter().all(|v| (v - values[0]).abs() < 1e-3);
        standardise(&mut values);
        let n = values.len() as f64;
        let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / n;
        let variance = values.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>() / n;
        prop_assert!(flat || (mean.abs() < 1e-5 && (variance - 1.0).abs() < 1e-4), "{} {}", mean, variance);
    }

    #[test]
    fn nothing_is_left_invalid(mask in prop::collection::vec(any::<bool>(), 1..50)) {
        let mut values: Vec<f64> =
            mask.iter().enumerate().map(|(i, valid)| if *valid { 2.0 * i as f64 } else { f64::NAN }).collect();
        let (first, last) = (mask.iter().position(|m| *m), mask.iter().rposition(|m| *m));
        match interpolate_invalid(&mut values) {
            Ok(replaced) => {
                prop_assert_eq!(replaced, mask.iter().filter(|valid| !**valid).count());
                // A straight line is restored, and held at its ends.
                for (i, value) in values.iter().enumerate() {
                    prop_assert!((value - 2.0 * i.clamp(first.unwrap(), last.unwrap()) as f64).abs() < 1e-9);
                }
            }
            Err(error) => {
                prop_assert!(first.is_none());
                prop_assert_eq!(error, Error::NoValidSample { samples: mask.len() });
            }
        }
    }
}

#[test]
fn the_baseline_goes_and_the_heartbeat_stays() {
    let frequency = 360.0;
    let wave = |hertz: f64| (0..20_000).map(|i| (TAU * hertz * i as f64 / frequency).sin()).collect::<Vec<f64>>();
    let largest = |values: &[f64]| values[3000..17_000].iter().fold(0.0f64, |a, v| a.max(v.abs()));
    let after = |hertz| largest(&Denoise::default().apply(&wave(hertz), frequency).unwrap());
    assert!(after(0.1) < 0.01, "wander is left: {}", after(0.1));
    assert!((after(2.0) - 1.0).abs() < 0.01, "the T wave's frequencies: {}", after(2.0));
    assert!((after(15.0) - 1.0).abs() < 0.01, "the QRS complex's frequencies: {}", after(15.0));
}

#[test]
fn the_threshold_removes_noise() {
    let mut generator = Generator::new(3);
    let clean: Vec<f64> = (0..8192).map(|i| (TAU * i as f64 / 400.0).sin()).collect();
    let noisy: Vec<f64> = clean.iter().map(|c| c + 0.1 * generator.normal()).collect();
    let error = |values: &[f64]| values.iter().zip(&clean).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
    for threshold in [Threshold::Soft, Threshold::Hard] {
        let denoise = Denoise { baseline: false, level: Some(5), threshold, ..Denoise::default() };
        let quiet = denoise.apply(&noisy, 360.0).unwrap();
        assert!(error(&quiet) < 0.2 * error(&noisy), "{threshold:?}: {} of {}", error(&quiet), error(&noisy));
    }
}

#[test]
fn the_level_follows_the_rate() {
    let levels = [(1000.0, 10), (360.0, 9), (257.0, 8), (250.0, 8), (128.0, 7), (0.5, 1)];
    for (frequency, level) in levels {
        assert_eq!(Denoise::default().level_at(frequency), level, "{frequency} Hz");
    }
}

#[test]
fn resampling_is_scipys_with_the_same_filter() {
    let cases: Vec<(usize, u32, u32, usize, Vec<f64>)> =
        serde_json::from_str(include_str!("fixtures/signal/resample.json")).unwrap();
    for (samples, from, to, length, expected) in cases {
        let found = Resampler::new(from.into(), to.into()).unwrap().apply(&signal(samples));
        assert_eq!(found.len(), length, "{from} to {to} Hz");
        let found: Vec<f64> = found.into_iter().step_by(11).collect();
        assert_close(&found, &expected, 1e-7, &format!("{from} to {to} Hz"));
    }
}

#[test]
fn sinusoids_are_kept_below_and_suppressed_above_half_the_slower_rate() {
    for (from, to) in
        [(257.0, 360.0), (360.0, 257.0), (1000.0, 360.0), (250.0, 128.0), (173.61, 360.0), (360.0, 127.318_273)]
    {
        let resampler = Resampler::new(from, to).unwrap();
        let slower = f64::min(from, to);
        let n = 3000;
        let largest_error = |hertz: f64, kept: f64| {
            let wave: Vec<f64> = (0..n).map(|i| (TAU * hertz * f64::from(i) / from).sin()).collect();
            let new = resampler.apply(&wave);
            let margin = (40.0 * to / slower) as usize;
            let inner = margin..new.len() - margin;
            inner.map(|k| (new[k] - kept * (TAU * hertz * k as f64 / to).sin()).abs()).fold(0.0, f64::max)
        };
        for part in [0.02, 0.2, 0.5, 0.8] {
            let error = largest_error(part * slower / 2.0, 1.0);
            assert!(error < 1e-3, "{from} to {to} Hz at {part} of half the slower rate: {error}");
        }
        if from > to {
            let left = largest_error(1.005 * slower / 2.0, 0.0);
            assert!(left < 2e-4, "{from} to {to} Hz: {left} comes through");
        }
        let flat = resampler.apply(&vec![0.7; 100]);
        assert!(flat.iter().all(|v| (v - 0.7).abs() < 1e-12), "a constant stays one up to its ends");
    }
}

#[test]
fn resampled_peaks_stay_where_they_were() {
    let resampler = Resampler::new(257.0, 360.0).unwrap();
    for peak in [500u64, 1234, 1990] {
        let pulse: Vec<f64> = (0..2000).map(|i| (-((i as f64 - peak as f64) / 3.0).powi(2)).exp()).collect();
        let new = resampler.apply(&pulse);
        let highest = (0..new.len()).max_by(|a, b| new[*a].total_cmp(&new[*b])).unwrap() as u64;
        assert_eq!(highest, resampler.position(peak));
    }
    assert_eq!(Resampler::new(360.0, 360.0).unwrap().apply(&[1.0, 2.0]), [1.0, 2.0]);
    assert_eq!(Resampler::new(360.0, 250.0).unwrap().length(0), 0);
    for samples in 1..50 {
        let resampler = Resampler::new(360.0, 250.0).unwrap();
        assert_eq!(resampler.apply(&vec![0.0; samples]).len(), resampler.length(samples));
    }
}

#[test]
fn every_step_can_be_off() {
    let samples = vec![0.1, -0.4, 2.0, 0.3];
    assert_eq!(Preprocessing::none().apply_record(samples.clone(), 360.0).unwrap(), samples);
    let mut beat = samples.clone();
    Preprocessing::none().standardise_beat(&mut beat);
    let by_record = Preprocessing { standardise: Standardise::Record, ..Preprocessing::none() };
    by_record.standardise_beat(&mut beat);
    assert_eq!(beat, samples, "only Standardise::Beat touches beats");
    Preprocessing { standardise: Standardise::Beat, ..Preprocessing::none() }.standardise_beat(&mut beat);
    assert!(beat.iter().sum::<f32>().abs() < 1e-6);
    let mut flat = [3.3f32; 7];
    standardise(&mut flat);
    assert_eq!(flat, [0.0; 7]);
    standardise(&mut []);
}

#[test]
fn invalid_samples_do_not_spread() {
    let mut samples: Vec<f32> = signal(5000).into_iter().map(|v| v as f32).collect();
    let whole = Preprocessing { standardise: Standardise::None, ..Preprocessing::default() };
    let expected = whole.apply_record(samples.clone(), 360.0).unwrap();
    samples[2000] = f32::NAN;
    samples[2001] = f32::INFINITY;
    let found = whole.apply_record(samples, 360.0).unwrap();
    assert!(found.iter().all(|v| v.is_finite()));
    assert!(found.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1.0));
    assert_eq!(found.len(), 5000);
    let nothing = whole.apply_record(vec![f32::NAN; 10], 360.0).unwrap_err().to_string();
    assert!(nothing.contains("10 of the lead"), "{nothing}");
    assert_eq!(whole.apply_record(Vec::new(), 360.0).unwrap(), [0.0f32; 0]);
}

#[test]
fn any_length_and_rate_is_processed() {
    for samples in [1usize, 2, 3, 15, 16, 100] {
        for frequency in [1.0, 100.0, 360.0, 257.3] {
            let all = Preprocessing {
                denoise: Some(Denoise { threshold: Threshold::Soft, ..Denoise::default() }),
                resample: Some(180.0),
                ..Preprocessing::default()
            };
            let new = all.apply_record(vec![0.25; samples], frequency).unwrap();
            assert_eq!(new.len(), all.resampler(frequency).unwrap().unwrap().length(samples));
            assert!(new.iter().all(|v| v.is_finite()), "{samples} {frequency}");
        }
    }
}

#[test]
fn impossible_choices_are_refused_with_what_is_possible() {
    let level = |level| Preprocessing {
        denoise: Some(Denoise { level: Some(level), ..Denoise::default() }),
        ..Preprocessing::default()
    };
    assert!(level(5).check(360.0, 500).is_ok());
    let error = level(6).check(360.0, 500).unwrap_err().to_string();
    assert!(error.contains("sym8") && error.contains("at most level 5") && error.contains("500 samples"), "{error}");
    assert_eq!(level(0).check(360.0, 500), Err(Error::LevelZero));
    let rate = |to| Preprocessing { resample: Some(to), ..Preprocessing::default() };
    for wrong in [0.0, -3.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(rate(wrong).check(360.0, 500), Err(Error::Frequency { .. })), "{wrong}");
        assert!(matches!(Preprocessing::default().check(wrong, 500), Err(Error::Frequency { .. })), "{wrong}");
    }
    assert!(matches!(rate(1.0).check(360.0, 500), Err(Error::Ratio { .. })));
}

#[test]
fn a_wrong_configuration_names_its_place_and_what_is_right() {
    let read = |text: &str| parse_ron::<Preprocessing>(text, "search.ron").map_err(|error| error.to_string());
    assert_eq!(read("()").unwrap(), Preprocessing::default());
    let full =
        "(denoise: (wavelet: \"db6\", level: 8, baseline: false, threshold: Soft), resample: 250, standardise: Beat)";
    let expected = Preprocessing {
        denoise: Some(Denoise { wavelet: wavelet("db6"), level: Some(8), baseline: false, threshold: Threshold::Soft }),
        resample: Some(250.0),
        standardise: Standardise::Beat,
        rhythm: false,
        template: false,
    };
    assert_eq!(read(full).unwrap(), expected);
    assert_eq!(read(&heart_darts::support::files::to_ron(&expected)).unwrap(), expected);
    let error = read("(\n  denoise: (wavelet: \"sym80\"),\n)").unwrap_err();
    assert!(error.starts_with("search.ron:2:") && error.contains("the nearest is \"sym20\""), "{error}");
    let error = read("(\n  denoice: None,\n)").unwrap_err();
    assert!(error.starts_with("search.ron:2:") && error.contains("`denoise`"), "{error}");
    for (wrong, nearest) in
        [("haar", "db1"), ("db0", "db1"), ("sym1", "sym2"), ("Sym8", "sym8"), ("", "db8"), ("db08", "db8")]
    {
        let error = wrong.parse::<Wavelet>().unwrap_err();
        assert_eq!(error, Error::UnknownWavelet { found: wrong.into(), nearest: nearest.into() });
    }
}

/// A lead with a QRS complex (20 ms wide, `height` mV) and a T wave (0.3 of it) at each of `beats`, in seconds.
fn heart(beats: &[(f64, f64)], seconds: f64, frequency: f64, noise: f64) -> Vec<f32> {
    let mut generator = Generator::new(11);
    let bump = |distance: f64, width: f64| (-(distance / width).powi(2) / 2.0).exp();
    let value = |i: usize| {
        let time = i as f64 / frequency;
        let wander = 0.3 * (TAU * 0.2 * time).sin();
        let near = beats.iter().filter(|(beat, _)| (beat - time).abs() < 1.0);
        let heart: f64 =
            near.map(|(beat, h)| h * (bump(time - beat, 0.01) + 0.3 * bump(time - beat - 0.3, 0.05))).sum();
        (heart + wander + noise * generator.normal()) as f32
    };
    (0..(seconds * frequency) as usize).map(value).collect()
}

/// Every beat is found within 20 ms and nothing else.
fn assert_found(beats: &[(f64, f64)], lead: &[f32], frequency: f64, case: &str) {
    let found: Vec<f64> = detect_r_peaks(lead, frequency).into_iter().map(|p| p as f64 / frequency).collect();
    assert_eq!(found.len(), beats.len(), "{case}: {found:?}");
    for (peak, (beat, _)) in found.iter().zip(beats) {
        assert!((peak - beat).abs() <= 0.02, "{case}: {peak} s instead of {beat} s");
    }
}

fn regular(height: f64) -> Vec<(f64, f64)> {
    (0..35).map(|k| (0.5 + 0.8 * f64::from(k), height)).collect()
}

#[test]
fn beats_are_found_at_any_rate_and_polarity_through_noise() {
    for frequency in [100.0, 128.0, 250.0, 257.0, 360.0, 1000.0] {
        for height in [1.0, -1.0, 0.2, 1000.0] {
            let lead = heart(&regular(height), 29.0, frequency, 0.02 * height.abs());
            assert_found(&regular(height), &lead, frequency, &format!("{frequency} Hz, {height} mV"));
        }
    }
}

#[test]
fn small_late_and_early_beats_are_found() {
    let mut small = regular(1.0);
    small[20].1 = 0.2; // below the threshold: found by searching back
    assert_found(&small, &heart(&small, 29.0, 360.0, 0.005), 360.0, "a small beat");
    let mut early = regular(1.0);
    early[20].0 -= 0.35;
    early[20].1 = 2.0;
    assert_found(&early, &heart(&early, 29.0, 360.0, 0.005), 360.0, "an early large beat");
    let mut late = regular(1.0);
    late.iter_mut().skip(20).for_each(|beat| beat.0 += 3.0);
    assert_found(&late, &heart(&late, 33.0, 360.0, 0.005), 360.0, "a pause");
}

#[test]
fn the_detector_recovers() {
    // The electrode slips: beats are a tenth as high from 14 s on. What passes before the levels have sunk is lost.
    let mut slipped = regular(1.0);
    slipped.iter_mut().skip(17).for_each(|beat| beat.1 = 0.1);
    let found = detect_r_peaks(&heart(&slipped, 29.0, 360.0, 0.001), 360.0);
    assert!(found.len() >= 26, "{} of 35 beats", found.len());
    // One artefact of 50 mV costs the beats it covers and at most a few behind it.
    let mut lead = heart(&regular(1.0), 29.0, 360.0, 0.005);
    lead[3700..3710].fill(50.0);
    let found = detect_r_peaks(&lead, 360.0);
    assert!((33..=36).contains(&found.len()), "{} of 35 beats", found.len());
    // A gap of invalid samples costs only what it covers.
    let mut lead = heart(&regular(1.0), 29.0, 360.0, 0.005);
    lead[3600..4400].fill(f32::NAN);
    let found = detect_r_peaks(&lead, 360.0);
    assert!((31..=34).contains(&found.len()), "{} of 35 beats", found.len());
}

#[test]
fn what_has_no_beats_has_no_peaks() {
    for frequency in [0.001, 1.0, 20.0, 360.0, 51_200.0] {
        for lead in [vec![], vec![1.5f32; 1], vec![-0.7; 4000], vec![f32::NAN; 100], vec![f32::INFINITY; 3]] {
            assert!(detect_r_peaks(&lead, frequency).is_empty(), "{} samples at {frequency} Hz", lead.len());
        }
    }
    for frequency in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(detect_r_peaks(&heart(&regular(1.0), 29.0, 360.0, 0.0), frequency).is_empty());
    }
}

proptest! {
    #[test]
    fn peaks_ascend_within_the_lead(
        lead in prop::collection::vec(prop_oneof![8 => -3.0f32..3.0, 1 => Just(f32::NAN)], 0..600), frequency in 1.0f64..900.0,
    ) {
        let peaks = detect_r_peaks(&lead, frequency);
        prop_assert!(peaks.windows(2).all(|pair| pair[0] < pair[1]), "{:?}", peaks);
        prop_assert!(peaks.iter().all(|peak| *peak < lead.len()));
    }
}
