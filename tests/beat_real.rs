//! Beats of the real MIT-BIH records, where they are there.

mod common;

use heart_darts::beat::{SplitRule, prepare};
use heart_darts::database::Database;
use heart_darts::signal::Preprocessing;

#[test]
fn beats_of_mit_bih_are_the_papers_and_those_of_python_wfdb() {
    let Some(dir) = common::real_data("mitdb", "beats of MIT-BIH against Table II and Python's wfdb") else { return };
    let database = Database::builtin("mitdb").unwrap();
    let beats = prepare(&database, &dir, &Preprocessing::none(), None).unwrap().beats;
    assert_eq!((beats.len(), beats.leads, beats.samples), (94_013, 2, 300));
    assert_eq!(beats.class_counts(), [79_508, 2696, 7129, 793, 3887]);

    let random = SplitRule::random(0).apply(&beats).unwrap();
    assert_eq!(random.test.len(), 18_803, "as in the paper");
    let by_patient = SplitRule::inter_patient().apply(&beats).unwrap();
    let summary = by_patient.summary();
    println!("{}\n{}", random.describe(), by_patient.describe());
    assert!(summary.shared_subjects.is_empty());
    assert_eq!(summary.left_out, ["107", "201", "217"], "paced, and the subject of 202");
    assert_eq!(summary.test.records.len(), 18);
    assert_eq!(summary.training.records.len() + summary.validation.records.len(), 19);

    // Made by tests/fixtures/beat/make.py; the second is of a record with the leads asked for the other way round.
    let text = include_str!("fixtures/beat/windows.txt");
    let lines: Vec<&str> = text.lines().collect();
    for window in lines.chunks(3) {
        let title: Vec<&str> = window[0].split(' ').collect();
        let mut database = database.clone();
        database.leads = title[3..].iter().map(|lead| (*lead).into()).collect();
        let beats = prepare(&database, &dir, &Preprocessing::none(), None).unwrap().beats;
        let r: u64 = title[1].parse().unwrap();
        let is_it =
            |beat: &usize| beats.position[*beat] == r && beats.records[beats.record[*beat] as usize].name == title[0];
        let beat = (0..beats.len()).find(is_it).expect("the beat is there");
        let expected: Vec<f32> =
            window[1..].iter().flat_map(|line| line.split(' ')).map(|v| v.parse().unwrap()).collect();
        assert_eq!(expected.len(), 600);
        for (i, (found, expected)) in beats.beat(beat).iter().zip(&expected).enumerate() {
            assert!((found - expected).abs() < 1e-6, "{}: value {i}: found {found}, expected {expected}", window[0]);
        }
    }
}

#[test]
fn the_cache_holds_the_beats_of_mit_bih() {
    let Some(dir) = common::real_data("mitdb", "the cache of prepared MIT-BIH beats") else { return };
    let database = Database::builtin("mitdb").unwrap();
    let cache = tempfile::tempdir().unwrap();
    let cut = prepare(&database, &dir, &Preprocessing::default(), Some(cache.path())).unwrap();
    let read = prepare(&database, &dir, &Preprocessing::default(), Some(cache.path())).unwrap();
    assert!(read.cached.is_some() && read.beats == cut.beats);
    assert!(cut.beats.values.iter().all(|value| value.is_finite()));
}
