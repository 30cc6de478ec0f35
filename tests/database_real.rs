//! The real MIT-BIH and QT databases beside the checkout, where they are there.

mod common;

use common::real_data as real;
use heart_darts::database::{Class, Counts, Database, Inspection, Origin, open};

fn table_2(name: &str, records: usize, subjects: usize, unusable: usize, expected: [u64; 5]) {
    let Some(dir) = real(name, "the paper's Table II") else { return };
    let (database, origin) = Database::choose_with_origin(&dir, None).unwrap();
    assert_eq!((database.name.as_str(), origin), (name, Origin::Recognised));
    let folder = open(&database, &dir).unwrap();
    assert_eq!(folder.counts(), Counts(expected));
    assert_eq!((folder.records.len(), folder.subjects().len(), folder.unusable.len()), (records, subjects, unusable));
    // Not one of these beats is too near an end, so that the counts are also those of beats that can be cut.
    assert!(folder.records.iter().all(|record| record.edges == Counts::default()));
    let inspection = Inspection::new(&database, origin, &dir, true).unwrap();
    inspection.usable().unwrap();
    assert_eq!(inspection.beats.published, Some(inspection.beats.used));
    assert!(!inspection.warnings.iter().any(|warning| warning.kind() == "counts_differ"));
    assert!(inspection.to_string().contains("Heart-Darts, Table II: equal"), "{inspection}");
}

#[test]
fn table_2_of_mit_bih() {
    table_2("mitdb", 40, 39, 8, [79508, 2696, 7129, 793, 3887]);
}

#[test]
fn table_2_of_qt() {
    table_2("qtdb", 82, 82, 23, [81022, 1485, 1691, 251, 2146]);
}

#[test]
fn without_trimming_every_mapped_beat() {
    let untrimmed = |name| {
        let dir = real(name, "counts without trimming")?;
        let database = Database { trim: Default::default(), ..Database::builtin(name).unwrap() };
        let folder = open(&database, &dir).unwrap();
        let mut counts = folder.counts();
        folder.records.iter().for_each(|record| counts += record.edges);
        Some(counts)
    };
    // Counted with wfdb-python: Counter(map[s] for s in wfdb.rdann(record, "atr").symbol if s in map)
    assert!(untrimmed("mitdb").is_none_or(|counts| counts == Counts([79643, 2702, 7136, 794, 3895])));
    assert!(untrimmed("qtdb").is_none_or(|counts| counts == Counts([81396, 1494, 1698, 251, 2156])));
}

#[test]
fn leads_by_name_and_by_position_in_record_114() {
    let Some(dir) = real("mitdb", "the leads of record 114") else { return };
    let leads = |list: &str| {
        let text = format!(
            "(name: \"one\", leads: {list}, frequency: 360, window: (before: 99, after: 200), records: Only([\"114\"]))"
        );
        open(&Database::parse(&text, "one.ron").unwrap(), &dir).map(|folder| folder.records[0].leads.clone())
    };
    assert_eq!(leads("[\"MLII\", \"V5\"]").unwrap(), [1, 0], "114 has V5 first");
    assert_eq!(leads("[\"V5\", \"MLII\"]").unwrap(), [0, 1]);
    assert_eq!(leads("[0, 1]").unwrap(), [0, 1]);
    let error = leads("[\"MLII\", \"V1\"]").unwrap_err().to_string();
    assert!(error.contains("114: lead V1 missing: the record has V5, MLII"), "{error}");
}

#[test]
fn the_published_sets_hold_the_records_they_should() {
    let sets = Database::builtin("mitdb").unwrap().inter_patient.unwrap();
    assert_eq!((sets.training.len(), sets.test.len(), sets.left_out.len()), (22, 22, 4));
    let Some(dir) = real("mitdb", "DS1 and DS2 together with the paced records being all of MIT-BIH") else { return };
    let mut listed: Vec<&str> =
        [&sets.training, &sets.test, &sets.left_out].into_iter().flatten().map(String::as_str).collect();
    listed.sort_unstable();
    let records = std::fs::read_to_string(dir.join("RECORDS")).unwrap();
    assert_eq!(listed, records.lines().collect::<Vec<_>>());
}

#[test]
fn subjects_of_mit_bih() {
    let Some(dir) = real("mitdb", "201 and 202 being of one subject") else { return };
    let folder = open(&Database::builtin("mitdb").unwrap(), &dir).unwrap();
    let together: Vec<Vec<&str>> = folder
        .subjects()
        .into_iter()
        .filter(|(_, records)| records.len() > 1)
        .map(|(_, records)| records.iter().map(|record| record.name.as_str()).collect())
        .collect();
    assert_eq!(together, [["201", "202"]]);
    let of_232 = folder.records.iter().find(|record| record.name == "232").unwrap().counts();
    assert_eq!(of_232[Class::S], 1379);
}
