//! From records to batches: cutting, splits that keep their promises, limits, and the cache.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use heart_darts::beat::{
    Augmentation, Beats, Class, Context, Error, Limits, PublishedSet, RecordInfo, Split, SplitRule, TestPart, prepare,
};
use heart_darts::database::{Database, Trim};
use heart_darts::signal::{Preprocessing, Standardise};
use heart_darts::support::random::Generator;
use heart_darts::wfdb::{Annotation, Code, Header, Record, SignalSpec, write_annotations};
use proptest::prelude::*;

/// Beats of two leads and three samples; each record is its subject and its beats' classes. Value `k` of beat `i` is
/// `10 i + k`.
fn beats(records: &[(&str, Vec<Class>)], published: impl Fn(usize) -> Option<PublishedSet>) -> Arc<Beats> {
    let of = |(r, (subject, _)): (usize, &(&str, Vec<Class>))| RecordInfo {
        name: format!("r{r}"),
        subject: (*subject).into(),
        published: published(r),
    };
    let classes: Vec<Class> = records.iter().flat_map(|(_, classes)| classes.clone()).collect();
    let origins = records.iter().enumerate().flat_map(|(r, (_, classes))| (0..classes.len()).map(move |b| (r, b)));
    let (record, position) = origins.map(|(r, b)| (r as u32, 100 * b as u64)).unzip();
    Arc::new(Beats {
        database: "made".into(),
        frequency: 360.0,
        leads: 2,
        samples: 3,
        values: (0..classes.len()).flat_map(|i| (0..6).map(move |k| (10 * i + k) as f32)).collect(),
        classes,
        record,
        position,
        records: records.iter().enumerate().map(of).collect(),
        context: Context::default(),
    })
}

fn spread(records: usize, beats_each: usize) -> Vec<(String, Vec<Class>)> {
    let mut generator = Generator::new(3);
    let mut class = move || Class::ALL[[0, 0, 0, 0, 1, 2, 2, 3, 4][generator.below(9)]];
    (0..records).map(|r| (format!("s{}", r / 2), (0..beats_each).map(|_| class()).collect())).collect()
}

fn borrowed(records: &[(String, Vec<Class>)]) -> Vec<(&str, Vec<Class>)> {
    records.iter().map(|(subject, classes)| (subject.as_str(), classes.clone())).collect()
}

/// Every beat of a split by part, as (record, position).
fn members(split: &Split) -> [BTreeSet<(String, u64)>; 3] {
    let training = split.training.training();
    let validation = split.training.validation();
    let pair = |origin: heart_darts::beat::BeatOrigin| (origin.record.to_owned(), origin.position);
    [
        (0..training.len()).map(|i| pair(training.origin(i))).collect(),
        (0..validation.len()).map(|i| pair(validation.origin(i))).collect(),
        (0..split.test.len()).map(|i| pair(split.test.origin(i))).collect(),
    ]
}

#[test]
fn random_has_the_papers_sizes_and_says_what_it_is() {
    // As many beats as the paper, whose test set has 18 803.
    let beats = beats(&[("a", vec![Class::N; 50_000]), ("b", vec![Class::V; 44_013])], |_| None);
    let split = SplitRule::random(1).apply(&beats).unwrap();
    let [training, validation, test] = members(&split).map(|part| part.len());
    assert_eq!((training, validation, test), (60_168, 15_042, 18_803));
    assert!(split.describe().contains("Beats of one patient are on both sides (2 of the 2"), "{}", split.describe());

    // What is tested depends on neither the validation share nor whether there is one.
    let none = SplitRule::Random { test: 0.2, validation: 0.0, stratified: false, seed: 1 }.apply(&beats).unwrap();
    assert_eq!(members(&none)[2], members(&split)[2]);
    assert!(none.training.validation().is_empty());
    let other = SplitRule::random(2).apply(&beats).unwrap();
    assert_ne!(other.summary().digest, split.summary().digest);
    assert_eq!(SplitRule::random(1).apply(&beats).unwrap().summary(), split.summary());
}

#[test]
fn stratified_takes_the_share_of_every_class() {
    let classes = [vec![Class::N; 1000], vec![Class::S; 50], vec![Class::F; 10]].concat();
    let beats = beats(&[("a", classes)], |_| None);
    let rule = SplitRule::Random { test: 0.2, validation: 0.25, stratified: true, seed: 5 };
    let split = rule.apply(&beats).unwrap();
    assert_eq!(split.summary().test.classes, [200, 10, 0, 2, 0]);
    assert_eq!(split.training.validation().class_counts(), [200, 10, 0, 2, 0]);
    assert_eq!(split.training.training().class_counts(), [600, 30, 0, 6, 0]);
    let absent = split.training.require_all_classes().unwrap_err().to_string();
    assert!(absent.contains("no beat of class V, Q"), "{absent}");
}

#[test]
fn inter_patient_follows_the_published_sets() {
    let records = spread(12, 40);
    // Records 0 to 6 train, 7 to 10 test, 11 is in neither; 6 and 7 are of one subject, as 201 and 202 of MIT-BIH are.
    let published = |r| match r {
        0..=6 => Some(PublishedSet::Training),
        7..=10 => Some(PublishedSet::Test),
        _ => None,
    };
    let beats = beats(&borrowed(&records), published);
    let split = SplitRule::inter_patient().apply(&beats).unwrap();
    let summary = split.summary();
    assert_eq!(summary.test.records, ["r7", "r8", "r9", "r10"]);
    assert_eq!(summary.left_out, ["r6", "r11"]);
    assert!(summary.shared_subjects.is_empty());
    assert!(split.describe().contains("No patient is on two sides. Records in no part: r6, r11."), "{summary:?}");
    assert!(split.training.validation().class_counts().iter().all(|count| *count > 0));

    let kept = SplitRule::InterPatient { validation: 0.2, seed: 0, keep_shared: true }.apply(&beats).unwrap();
    assert_eq!(kept.summary().shared_subjects, ["s3"]);
    assert!(kept.describe().contains("beats of one patient are: s3, as published"), "{}", kept.describe());
    assert_eq!(members(&kept)[2], members(&split)[2]);
}

#[test]
fn what_a_split_cannot_do_is_refused_with_advice() {
    let records = spread(4, 10);
    let beats = beats(&borrowed(&records), |_| None);
    let refused = |rule: SplitRule| rule.apply(&beats).unwrap_err().to_string();
    assert!(refused(SplitRule::inter_patient()).contains("`made` has no published"));
    let few = refused(SplitRule::patient_folds(3, 0));
    assert!(few.contains("found 2 subject(s)") && few.contains("at least 3"), "{few}");
    let lone = refused(SplitRule::patient_folds(2, 0));
    assert!(lone.contains("set `validation: 0`"), "{lone}");
    assert!(refused(SplitRule::patient_folds(3, 3)).contains("0 to 2"));
    assert!(refused(SplitRule::patient_folds(1, 0)).contains("2 to 10000"));
    let share = SplitRule::Random { test: 1.0, validation: 0.2, stratified: false, seed: 0 };
    assert!(refused(share).contains("split: test: found 1"));
    let share = SplitRule::Random { test: 0.2, validation: f64::NAN, stratified: false, seed: 0 };
    assert!(refused(share).contains("split: validation"));
    let small = SplitRule::Random { test: 0.001, validation: 0.2, stratified: false, seed: 0 };
    assert!(refused(small).contains("its test part would hold none of the 40 beats"));
    let unknown = heart_darts::support::files::parse_ron::<SplitRule>("Random(sed: 1)", "x.ron").unwrap_err();
    assert!(unknown.to_string().contains("sed"), "{unknown}");
}

#[test]
fn folds_hold_about_the_same_of_every_class() {
    let records = spread(40, 90);
    let beats = beats(&borrowed(&records), |_| None);
    let total = beats.class_counts();
    for fold in 0..5 {
        let split = SplitRule::patient_folds(5, fold).apply(&beats).unwrap();
        for (tested, total) in split.summary().test.classes.iter().zip(total) {
            let share = *tested as f64 / total as f64;
            assert!((0.12..0.28).contains(&share), "fold {fold}: {tested} of {total}");
        }
    }
}

proptest! {
    /// Whatever the records: no subject is on two sides, no beat is in two parts, and over all folds each beat tests once.
    #[test]
    fn patients_are_never_divided(
        records in prop::collection::vec((0u8..9, prop::collection::vec(0usize..5, 1..12)), 3..25),
        folds in 2usize..5,
        validation in prop_oneof![Just(0.0), 0.05f64..0.9],
        seed in any::<u64>(),
    ) {
        let records: Vec<(String, Vec<Class>)> = records
            .into_iter()
            .map(|(s, classes)| (format!("s{s}"), classes.into_iter().map(|c| Class::ALL[c]).collect()))
            .collect();
        let sets = |r: usize| [Some(PublishedSet::Training), Some(PublishedSet::Test), None][r % 3];
        let beats = beats(&borrowed(&records), sets);
        let rules = (0..folds)
            .map(|fold| SplitRule::PatientFolds { folds, fold, validation, seed })
            .chain([SplitRule::InterPatient { validation, seed, keep_shared: false }]);
        let mut tested = 0;
        for rule in rules {
            let split = match rule.apply(&beats) {
                Ok(split) => split,
                Err(Error::TooFewSubjects { .. } | Error::EmptyPart { .. }) => continue,
                Err(error) => panic!("{error}"),
            };
            let [training, validation, test] = members(&split);
            let subject = |(record, _): &(String, u64)| beats.records[record[1..].parse::<usize>().unwrap()].subject.clone();
            let subjects = [&training, &validation, &test].map(|part| part.iter().map(subject).collect::<BTreeSet<_>>());
            for (a, b) in [(0, 1), (0, 2), (1, 2)] {
                prop_assert!(subjects[a].is_disjoint(&subjects[b]), "{:?}", rule);
            }
            prop_assert!(split.summary().shared_subjects.is_empty());
            if matches!(rule, SplitRule::PatientFolds { .. }) {
                prop_assert_eq!(training.len() + validation.len() + test.len(), beats.len());
                tested += test.len();
            }
        }
        prop_assert!(tested == 0 || tested == beats.len() || validation > 0.0);
    }

    /// The three parts of a random split are all beats, each once.
    #[test]
    fn random_uses_every_beat_once(n in 20usize..300, test in 0.1f64..0.8, stratified: bool, seed: u64) {
        let classes = (0..n).map(|i| Class::ALL[i % 3]).collect();
        let beats = beats(&[("a", classes)], |_| None);
        let split = SplitRule::Random { test, validation: 0.3, stratified, seed }.apply(&beats);
        prop_assume!(split.is_ok());
        let parts = members(&split.unwrap());
        prop_assert_eq!(parts.iter().map(BTreeSet::len).sum::<usize>(), n);
        prop_assert_eq!(parts.iter().flatten().collect::<BTreeSet<_>>().len(), n);
    }
}

#[test]
fn batches_hold_the_beats_they_say() {
    let beats = beats(&[("a", vec![Class::N, Class::V, Class::Q, Class::S, Class::F])], |_| None);
    let whole = TestPart::whole(beats.clone()).unwrap();
    let batch = whole.batch(&[3, 1]);
    assert_eq!(batch.values, [30., 31., 32., 33., 34., 35., 10., 11., 12., 13., 14., 15.]);
    assert_eq!(batch.classes, [1, 2]);
    let (values, classes) = batch.into_tensors(&candle_core::Device::Cpu).unwrap();
    assert_eq!((values.dims(), classes.dims()), ([2, 2, 3].as_slice(), [2].as_slice()));
    let batches: Vec<_> = whole.batches(2).collect();
    assert_eq!(batches.iter().map(|batch| batch.len()).collect::<Vec<_>>(), [2, 2, 1]);
    assert_eq!(batches.iter().flat_map(|batch| batch.values.clone()).collect::<Vec<_>>(), beats.values);
}

#[test]
fn limits_touch_training_beats_only() {
    let beats = beats(&[("a", vec![Class::N; 900]), ("b", vec![Class::V; 100])], |_| None);
    let split = SplitRule::random(0).apply(&beats).unwrap();
    let limits = Limits { classes: [(Class::N, 50)].into(), ..Limits::default() };
    let (limited, reduction) = split.training.limited(&limits).unwrap();
    let reduction = reduction.unwrap();
    assert_eq!(reduction.before, split.training.training().class_counts());
    assert_eq!(limited.training().class_counts(), [50, 0, reduction.before[2], 0, 0]);
    assert_eq!(limited.validation().class_counts(), split.training.validation().class_counts());
    let chosen = |seed| {
        let (part, _) = split.training.limited(&Limits { per_class: Some(20), seed, ..Limits::default() }).unwrap();
        (0..part.training().len()).map(|i| part.training().origin(i).position).collect::<Vec<_>>()
    };
    assert_eq!(chosen(1), chosen(1));
    assert_ne!(chosen(1), chosen(2));
    assert!(split.training.limited(&Limits::default()).unwrap().1.is_none());
    let none = Limits { per_class: Some(0), ..Limits::default() };
    assert!(split.training.limited(&none).unwrap_err().to_string().contains("limits: found 0"));
}

#[test]
fn augmentation_is_seeded_and_leaves_the_beats_as_they_are() {
    let beats = beats(&[("a", vec![Class::N; 50])], |_| None);
    let split = SplitRule::random(0).apply(&beats).unwrap();
    let training = split.training.training();
    let augmentation = Augmentation { noise: 0.5, scale: 0.1, shift: 1, ..Augmentation::default() };
    let augmented = |seed| training.augmented(&[0, 1, 2], &augmentation, &mut Generator::new(seed));
    assert_eq!(augmented(1), augmented(1));
    assert_ne!(augmented(1), augmented(2));
    assert_ne!(augmented(1), training.batch(&[0, 1, 2]));
    let off = training.augmented(&[0, 1, 2], &Augmentation::default(), &mut Generator::new(1));
    assert_eq!(off, training.batch(&[0, 1, 2]));
}

/// A folder of one record of two leads at 100 Hz, a ramp of 0.01 mV a sample in mV and its negative in uV.
fn folder() -> (tempfile::TempDir, Database) {
    let dir = tempfile::tempdir().unwrap();
    let mut header = Header::new("ramp", 100.0);
    let up = SignalSpec { gain: 100.0, description: "I".into(), ..SignalSpec::default() };
    let down = SignalSpec { gain: 0.1, units: "uV".into(), description: "II".into(), ..SignalSpec::default() };
    header.signals = vec![up, down];
    let signals = vec![(0..1000).collect(), (0..1000).map(|i| -i).collect()];
    Record { header, signals }.write(dir.path()).unwrap();
    let code = |symbol| Code::from_symbol(symbol).unwrap();
    let annotations =
        [(5, "N"), (100, "N"), (300, "V"), (990, "N")].map(|(r, symbol)| Annotation::new(r, code(symbol)));
    write_annotations(&dir.path().join("ramp.atr"), &annotations).unwrap();
    let text = r#"Database(name: "ramp", leads: ["II", "I"], frequency: 100, window: (before: 10, after: 9))"#;
    let database = Database::parse(&text.replacen("Database", "", 1), "ramp.ron").unwrap();
    assert_eq!(database.trim, Trim::default());
    (dir, database)
}

#[test]
fn beats_are_cut_around_r_in_the_order_of_the_leads() {
    let (dir, database) = folder();
    let beats = prepare(&database, dir.path(), &Preprocessing::none(), None).unwrap().beats;
    // The first window would begin before the record; 990 + 9 is its last sample.
    assert_eq!(beats.position, [100, 300, 990]);
    assert_eq!(beats.classes, [Class::N, Class::V, Class::N]);
    assert_eq!((beats.leads, beats.samples, beats.frequency), (2, 20, 100.0));
    for (beat, r) in [100, 300, 990].into_iter().enumerate() {
        for i in 0..20 {
            let expected = (r - 10 + i) as f32 * 0.01;
            assert!((beats.beat(beat)[i as usize] + expected).abs() < 1e-5, "lead II first, from uV");
            assert!((beats.beat(beat)[20 + i as usize] - expected).abs() < 1e-5);
        }
    }
}

#[test]
fn at_another_rate_the_window_is_the_same_in_seconds() {
    let (dir, database) = folder();
    let preprocessing = Preprocessing { resample: Some(50.0), ..Preprocessing::none() };
    let beats = prepare(&database, dir.path(), &preprocessing, None).unwrap().beats;
    assert_eq!((beats.samples, beats.frequency), (5 + 1 + 5, 50.0));
    // R of the second beat is at 3 s, 3 mV.
    assert!((beats.beat(1)[11 + 5] - 3.0).abs() < 0.02, "{:?}", beats.beat(1));
    assert!((beats.beat(1)[11] - 2.9).abs() < 0.02);
    assert_eq!(beats.position[1], 300, "positions stay those of the record");

    let preprocessing = Preprocessing { standardise: Standardise::Beat, ..Preprocessing::none() };
    let beats = prepare(&database, dir.path(), &preprocessing, None).unwrap().beats;
    let lead = &beats.beat(0)[20..];
    assert!(
        lead.iter().sum::<f32>().abs() < 1e-4 && (lead.iter().map(|v| v * v).sum::<f32>() / 20.0 - 1.0).abs() < 1e-4
    );
}

#[test]
fn a_lead_that_is_no_voltage_is_refused() {
    let (dir, database) = folder();
    let header = dir.path().join("ramp.hea");
    fs::write(&header, fs::read_to_string(&header).unwrap().replace("/uV", "/mmHg")).unwrap();
    let error = prepare(&database, dir.path(), &Preprocessing::none(), None).unwrap_err().to_string();
    assert!(error.contains("ramp.hea") && error.contains("lead II") && error.contains("mmHg"), "{error}");
}

fn cache_files(cache: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(cache).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn the_cache_gives_the_same_beats_and_is_made_again_when_anything_is_wrong() {
    let (dir, database) = folder();
    let cache = tempfile::tempdir().unwrap();
    let get =
        |preprocessing: &Preprocessing| prepare(&database, dir.path(), preprocessing, Some(cache.path())).unwrap();
    let plain = Preprocessing::none();
    let cut = get(&plain);
    assert!(cut.cached.is_none());
    let again = get(&plain);
    assert_eq!((&again.beats, &again.key), (&cut.beats, &cut.key));
    let file = again.cached.unwrap();
    assert_eq!(cache_files(cache.path()), [file.as_path()]);
    let good = fs::read(&file).unwrap();
    let tensors = safetensors::SafeTensors::deserialize(&good).unwrap();
    assert_eq!(tensors.tensor("values").unwrap().shape(), [3, 2, 20]);

    // Any byte that is another, any cut and any addition is noticed.
    for at in (0..good.len()).step_by(7) {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        fs::write(&file, bad).unwrap();
        let made = get(&plain);
        assert!(made.cached.is_none() && made.beats == cut.beats, "byte {at} was changed");
        assert_eq!(fs::read(&file).unwrap(), good, "and repaired");
    }
    for wrong in [&good[..0], &good[..7], &good[..good.len() - 1], &[good.as_slice(), b"x"].concat()] {
        fs::write(&file, wrong).unwrap();
        assert!(get(&plain).cached.is_none());
    }

    // Other preprocessing has another file, whose place this one cannot take.
    let other = get(&Preprocessing { resample: Some(50.0), ..plain.clone() });
    assert_ne!(other.key, cut.key);
    let files = cache_files(cache.path());
    let other_file = files.iter().find(|path| **path != file).unwrap();
    fs::copy(other_file, &file).unwrap();
    let made = get(&plain);
    assert!(made.cached.is_none() && made.beats == cut.beats);

    // So has other data.
    write_annotations(&dir.path().join("ramp.atr"), &[Annotation::new(200, Code::from_symbol("V").unwrap())]).unwrap();
    let changed = get(&plain);
    assert!(changed.cached.is_none() && changed.fingerprint != cut.fingerprint);
    assert_eq!(changed.beats.position, [200]);
}

#[test]
fn a_cache_that_cannot_be_written_is_done_without() {
    let (dir, database) = folder();
    let file = tempfile::NamedTempFile::new().unwrap();
    let prepared = prepare(&database, dir.path(), &Preprocessing::none(), Some(file.path())).unwrap();
    assert_eq!(prepared.beats.len(), 3);
}
