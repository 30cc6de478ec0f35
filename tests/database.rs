//! Descriptions, and folders of records that the tests write themselves.

use std::fs;
use std::path::Path;

use heart_darts::database::{
    Class, Counts, Database, Error, Inspection, Lead, Origin, Reason, RecordChoice, Warning, Window, open, sample,
    survey,
};
use heart_darts::support::files;
use heart_darts::wfdb::{Annotation, Code, Format, Header, Record, SignalSpec, write_annotations};

/// Writes a record whose R peaks are at the positions given, each with its symbol.
fn record(dir: &Path, name: &str, frequency: f64, leads: &[&str], comments: &[&str], beats: &[(u64, &str)]) {
    let samples = 2000;
    // Twelve leads as INCART has them: format 16.
    let format = if leads.len() == 12 { Format::Format16 } else { Format::Format212 };
    let mut header = Header::new(name, frequency);
    header.comments = comments.iter().map(ToString::to_string).collect();
    header.signals =
        leads.iter().map(|lead| SignalSpec { description: (*lead).into(), format, ..SignalSpec::default() }).collect();
    let signals =
        (0..leads.len()).map(|lead| (0..samples).map(|i| (i * 7 + lead as i32 * 31) % 400).collect()).collect();
    Record { header, signals }.write(dir).unwrap();
    let annotations: Vec<Annotation> =
        beats.iter().map(|(sample, symbol)| Annotation::new(*sample, Code::from_symbol(symbol).unwrap())).collect();
    write_annotations(&dir.join(format!("{name}.atr")), &annotations).unwrap();
}

const BEATS: [(u64, &str); 8] =
    [(5, "+"), (30, "N"), (300, "N"), (600, "V"), (900, "~"), (1200, "A"), (1500, "B"), (1990, "N")];

/// Two records of one patient, one of another.
fn own_records() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    record(dir.path(), "a", 200.0, &["X", "II"], &["Patient 4"], &BEATS);
    record(dir.path(), "b", 200.0, &["II", "X", "Y"], &["patient: 4"], &BEATS);
    record(dir.path(), "c", 200.0, &["II", "X"], &["patient 5 of many"], &BEATS);
    dir
}

fn description(more: &str) -> Database {
    let text = format!(
        "(name: \"own\", leads: [\"II\", \"X\"], frequency: 200, window: (before: 50, after: 100),
          subjects: (comment: \"patient\"), {more})"
    );
    Database::parse(&text, "own.ron").unwrap()
}

fn refused(text: &str) -> String {
    Database::parse(text, "own.ron").unwrap_err().to_string()
}

#[test]
fn a_folder_of_ones_own() {
    let dir = own_records();
    let folder = open(&description(""), dir.path()).unwrap();
    let leads: Vec<&[usize]> = folder.records.iter().map(|record| record.leads.as_slice()).collect();
    assert_eq!(leads, [[1, 0], [0, 1], [0, 1]], "in the description's order, wherever they lie");
    let subjects: Vec<(&str, usize)> = folder.subjects().iter().map(|(name, records)| (*name, records.len())).collect();
    assert_eq!(subjects, [("patient 4", 2), ("patient 5", 1)]);
    let first = &folder.records[0];
    assert_eq!(first.beats, [(300, Class::N), (600, Class::V), (1200, Class::S)]);
    assert_eq!(first.edges, Counts([2, 0, 0, 0, 0]), "30 is less than 50, 1990 + 100 more than 1999");
    assert_eq!(first.ignored.iter().map(|(s, n)| (s.as_str(), *n)).collect::<Vec<_>>(), [("+", 1), ("B", 1), ("~", 1)]);
    assert_eq!(folder.counts(), Counts([3, 3, 3, 0, 0]));
    assert_eq!((first.samples, first.seconds()), (2000, 10.0));
}

#[test]
fn trimming_counts_entries_of_every_kind() {
    let dir = own_records();
    let folder = open(&description("trim: (first: 3, last: 3)"), dir.path()).unwrap();
    let first = &folder.records[0];
    assert_eq!(first.beats, [(600, Class::V)]);
    assert_eq!(first.trimmed, Counts([3, 1, 0, 0, 0]));
    assert_eq!(first.edges, Counts::default(), "a trimmed beat is not counted again");
    let all = survey(&description("trim: (first: 100, last: 100)"), dir.path()).unwrap();
    assert!(all.unusable.iter().all(|record| record.reason == Reason::NoBeats) && all.unusable.len() == 3);
}

#[test]
fn records_are_chosen_by_name() {
    let dir = own_records();
    let names = |choice: &str| -> Vec<String> {
        let folder = open(&description(&format!("records: {choice}")), dir.path()).unwrap();
        folder.records.into_iter().map(|record| record.name).collect()
    };
    assert_eq!(names("Only([\"c\", \"a\"])"), ["a", "c"]);
    assert_eq!(names("Except([\"b\"])"), ["a", "c"]);
    let error = open(&description("records: Only([\"a\", \"z\"])"), dir.path()).unwrap_err().to_string();
    assert!(error.contains("own names z, which is not there; found 3 records"), "{error}");
}

#[test]
fn what_is_wrong_in_a_description_is_named() {
    let with = |more: &str| {
        format!("(name: \"own\", leads: [\"II\"], frequency: 200, window: (before: 50, after: 100), {more})")
    };
    let error = refused("(name: \"own\",\n leads: [\"II\"],\n lead: 3)");
    assert!(error.starts_with("own.ron:3:") && error.contains("`lead`") && error.contains("`leads`"), "{error}");
    assert!(refused("(name: \"own\", leads: [true])").contains("a name such as \"MLII\", or a position from 0"));
    assert!(refused(&with("trim: (frist: 3)")).contains("`frist`"));
    assert!(refused(&with("annotator: \"../atr\"")).contains("annotator: found \"../atr\""));
    assert!(refused(&with("records: Only([])")).contains("at least one record"));
    assert!(refused(&with("records: Only([\"../../etc/passwd\"])")).contains("../../etc/passwd"));
    assert!(refused(&with("records: Except([\"a\", \"a\"])")).contains("found a twice"));
    assert!(refused(&with("subjects: (together: [[\"a\"], [\"a\"]])")).contains("found a twice"));
    assert!(refused(&with("classes: {N: [\"N\"], Q: [\"P\"]}")).contains("paced beats are \"/\""));
    assert!(
        refused(&with("inter_patient: (training: [\"a\"], test: [\"a\"])")).contains("inter_patient: found a twice")
    );
    let numbers = |frequency: &str, after: &str| {
        refused(&format!("(name: \"own\", leads: [0], frequency: {frequency}, window: (before: 0, after: {after}))"))
    };
    assert!(numbers("0", "9").contains("frequency: found 0"));
    assert!(numbers("inf", "9").contains("frequency: found inf"));
    assert!(numbers("200", "18446744073709551615").contains("window: found 0 samples before R"));
    assert!(refused("(name: \"own\", leads: [0, 0], frequency: 9, window: (before: 9, after: 9))").contains("twice"));
}

#[test]
fn the_sample_and_the_built_in_ones_are_what_they_say() {
    let sample = Database::parse(sample(), "sample.ron").unwrap();
    let aami = Database::builtin("mitdb").unwrap();
    assert_eq!((&sample.classes, &sample.leads, sample.window), (&aami.classes, &aami.leads, aami.window));
    assert_eq!(sample.records, RecordChoice::All);
    let beats = |name| Database::builtin(name).map(|database| (database.window.length(), database.leads.len()));
    assert_eq!(beats("mitdb"), Some((300, 2)));
    assert_eq!(beats("synthetic"), Some((300, 2)));
    assert_eq!(beats("incartdb"), Some((250, 2)));
    assert_eq!(beats("qtdb"), Some((220, 1)));
    assert_eq!(beats("svdb"), Some((107, 2)));
    assert_eq!(Database::builtin("svdb").unwrap().window, Window { before: 35, after: 71 });
    assert_eq!(Database::builtin("nothing"), None);
    for name in heart_darts::database::BUILTIN {
        let database = Database::builtin(name).unwrap();
        assert_eq!(Database::parse(&files::to_ron(&database), name).unwrap(), database, "through RON and back");
    }
}

#[test]
fn known_databases_are_recognised() {
    let dir = tempfile::tempdir().unwrap();
    let twelve = ["I", "II", "III", "AVR", "AVL", "AVF", "V1", "V2", "V3", "V4", "V5", "V6"];
    for (name, patient) in [("I01", "patient 1"), ("I02", "patient 1"), ("I03", "patient 2")] {
        record(dir.path(), name, 257.0, &twelve, &["<age>: 65 <sex>: F <diagnoses> none", patient], &BEATS);
    }
    let database = Database::detect(dir.path()).unwrap().expect("INCART");
    assert_eq!(database.name, "incartdb");
    let folder = open(&Database { trim: Default::default(), ..database }, dir.path()).unwrap();
    assert_eq!(folder.records[0].leads, [1, 6], "II and V1");
    assert_eq!(folder.subjects().len(), 2);

    let detected = |name: &str, frequency: f64, comments: &[&str]| {
        let dir = tempfile::tempdir().unwrap();
        record(dir.path(), name, frequency, &["MLII", "V1"], comments, &BEATS);
        Database::detect(dir.path()).unwrap().map(|database| database.name)
    };
    assert_eq!(detected("105", 360.0, &[]).as_deref(), Some("mitdb"), "one record of it is enough");
    assert_eq!(detected("105", 250.0, &[]), None, "MIT-BIH has 360 Hz");
    assert_eq!(detected("800", 128.0, &[]).as_deref(), Some("svdb"));
    assert_eq!(detected("sele0104", 250.0, &[]).as_deref(), Some("qtdb"));
    assert_eq!(detected("syn01", 360.0, &["synthetic ECG"]).as_deref(), Some("synthetic"));
    assert_eq!(detected("patient-7", 360.0, &[]), None);
}

#[test]
fn an_unknown_folder_gets_a_proposal_and_its_own_description_wins() {
    let dir = own_records();
    let error = Database::choose(dir.path(), None).unwrap_err();
    assert!(matches!(error, Error::Unrecognised { .. }));
    assert!(error.to_string().contains("(record a: 200 Hz, leads X, II)"), "{error}");
    let proposed = Database::propose(dir.path()).unwrap();
    assert_eq!(proposed.leads, [Lead::from("X"), Lead::from("II")]);
    assert_eq!((proposed.frequency, proposed.window), (200.0, Window { before: 55, after: 111 }));
    assert_eq!(proposed.subjects.comment.as_deref(), Some("patient"));
    fs::write(dir.path().join("database.ron"), files::to_ron(&proposed)).unwrap();
    assert_eq!(Database::choose_with_origin(dir.path(), None).unwrap(), (proposed, Origin::Folder));
    let named = Database::choose(dir.path(), Some("qtdb")).unwrap();
    assert_eq!(named.name, "qtdb", "what is named comes first");
    let error = Database::choose(dir.path(), Some("mitbih")).unwrap_err().to_string();
    assert!(error.contains("\"mitbih\"") && error.contains("mitdb, incartdb, qtdb, svdb, synthetic"), "{error}");
}

#[test]
fn records_of_another_kind_are_left_out_with_the_reason() {
    let dir = own_records();
    record(dir.path(), "d", 250.0, &["II", "X"], &[], &BEATS);
    record(dir.path(), "e", 200.0, &["II", "V6"], &[], &BEATS);
    record(dir.path(), "f", 200.0, &["II", "II", "X"], &[], &BEATS);
    fs::remove_file(dir.path().join("a.atr")).unwrap();
    let folder = open(&description(""), dir.path()).unwrap();
    let reason = |name: &str| folder.unusable.iter().find(|record| record.name == name).unwrap().reason.to_string();
    assert_eq!(reason("a"), "no annotation file a.atr");
    assert_eq!(reason("d"), "sampled at 250 Hz, expected 200 Hz");
    assert_eq!(reason("e"), "lead X missing: the record has II, V6");
    assert_eq!(reason("f"), "two signals are called II (II, II, X); choose by position, from 0");
    assert_eq!(folder.records.len(), 2);
    let by_position = Database { leads: vec![Lead::Position(2)], ..description("") };
    let folder = open(&by_position, dir.path()).unwrap();
    assert_eq!(folder.records.iter().map(|record| record.name.as_str()).collect::<Vec<_>>(), ["b", "f"]);
}

#[test]
fn damaged_records_end_it_and_are_named() {
    let damage = |harm: &dyn Fn(&Path)| {
        let dir = own_records();
        harm(dir.path());
        let error = open(&description(""), dir.path()).unwrap_err();
        assert!(matches!(error, Error::Damaged { .. }), "{error}");
        error.to_string()
    };
    let cut = damage(&|dir| {
        let file = fs::File::options().write(true).open(dir.join("b.dat")).unwrap();
        file.set_len(8999).unwrap();
    });
    assert!(cut.contains("b.dat: found 8999 bytes, expected 9000"), "{cut}");
    let gone = damage(&|dir| fs::remove_file(dir.join("c.dat")).unwrap());
    assert!(gone.contains("c: the signal file") && gone.contains("c.dat"), "{gone}");
    let listed = damage(&|dir| fs::write(dir.join("RECORDS"), "a\nb\nmissing\n").unwrap());
    assert!(listed.contains("missing: RECORDS lists it"), "{listed}");
    let header = damage(&|dir| fs::write(dir.join("a.hea"), "a 2 many 2000\n").unwrap());
    assert!(header.contains("a.hea:1:"), "{header}");
    let annotations = damage(&|dir| {
        let bytes = fs::read(dir.join("a.atr")).unwrap();
        fs::write(dir.join("a.atr"), &bytes[..bytes.len() - 3]).unwrap();
    });
    assert!(annotations.contains("a.atr"), "{annotations}");
}

#[test]
fn folders_that_hold_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let error = |dir: &Path| open(&description(""), dir).unwrap_err().to_string();
    assert!(error(dir.path()).contains("neither a RECORDS file nor a header"));
    assert!(error(&dir.path().join("nowhere")).contains("nowhere: cannot be listed"));
    fs::write(dir.path().join("RECORDS"), "../outside\n").unwrap();
    assert!(error(dir.path()).contains("RECORDS: found the record name \"../outside\""));
    let dir = own_records();
    let none = Database { leads: vec!["V9".into()], ..description("") };
    let error = open(&none, dir.path()).unwrap_err().to_string();
    assert!(
        error.contains("none of its 3 records") && error.contains("a: lead V9 missing: the record has X, II"),
        "{error}"
    );
}

#[test]
fn the_fingerprint_is_that_of_the_bytes() {
    let dir = own_records();
    let fingerprint = |dir: &Path| open(&description(""), dir).unwrap().fingerprint().unwrap();
    let before = fingerprint(dir.path());
    let elsewhere = own_records();
    assert_eq!(fingerprint(elsewhere.path()), before);
    for file in ["a.hea", "b.dat", "c.atr"] {
        let path = elsewhere.path().join(file);
        let original = fs::read(&path).unwrap();
        let mut changed = original.clone();
        // The last comment's last character, a sample, the place of the first annotation.
        let at = if file == "c.atr" { 0 } else { changed.len() - 2 };
        changed[at] ^= 1;
        fs::write(&path, changed).unwrap();
        assert_ne!(fingerprint(elsewhere.path()), before, "{file}");
        fs::write(&path, original).unwrap();
    }
    assert_eq!(fingerprint(elsewhere.path()), before);
    fs::remove_file(elsewhere.path().join("c.hea")).unwrap();
    assert_ne!(fingerprint(elsewhere.path()), before);
}

/// A record in two segments is one record, and its fingerprint that of all its files.
#[test]
fn a_record_in_segments_is_one() {
    let dir = own_records();
    for part in ["c1", "c2"] {
        record(dir.path(), part, 200.0, &["II", "X"], &[], &BEATS);
    }
    fs::write(dir.path().join("c.hea"), "c/2 2 200 4000\nc1 2000\nc2 2000\n# patient 5 of many\n").unwrap();
    fs::write(dir.path().join("RECORDS"), "a\nb\nc\n").unwrap();
    let folder = open(&description(""), dir.path()).unwrap();
    let joined = folder.records.iter().find(|record| record.name == "c").unwrap();
    // The beat at 1990 is now far enough from the end.
    assert_eq!((joined.samples, joined.beats.len()), (4000, 4));
    let before = folder.fingerprint().unwrap();
    let path = dir.path().join("c2.dat");
    let mut changed = fs::read(&path).unwrap();
    *changed.last_mut().unwrap() ^= 1;
    fs::write(&path, changed).unwrap();
    assert_ne!(folder.fingerprint().unwrap(), before);
    fs::remove_file(&path).unwrap();
    let error = open(&description(""), dir.path()).unwrap_err().to_string();
    assert!(error.contains("c: the signal file") && error.contains("c2.dat"), "{error}");
}

#[test]
fn an_inspection_reads_every_sample_and_warns() {
    let dir = own_records();
    let look = |verify| Inspection::new(&description(""), Origin::Named, dir.path(), verify).unwrap();
    let inspection = look(true);
    inspection.usable().unwrap();
    let kinds: Vec<&str> = inspection.warnings.iter().map(Warning::kind).collect();
    for kind in ["class_absent", "few_beats", "few_subjects", "unmapped_beats", "edge_loss", "one_subject"] {
        assert!(kinds.contains(&kind), "{kind} in {kinds:?}");
    }
    let text = inspection.to_string();
    assert!(text.contains("3 of 3 can be used; 2 subjects") && text.contains("3 beats \"B\""), "{text}");
    let json: serde_json::Value = serde_json::to_value(&inspection).unwrap();
    assert_eq!(json["beats"]["used"]["V"], 3);
    assert_eq!(json["database"]["leads"], serde_json::json!(["II", "X"]));
    assert_eq!(json["records"][0]["subject"], "patient 4");
    assert_eq!(json["origin"], "named");

    let path = dir.path().join("b.dat");
    let mut bytes = fs::read(&path).unwrap();
    // Sample 2668 of three interleaved signals: one of X.
    bytes[4002] ^= 4;
    fs::write(&path, bytes).unwrap();
    look(false).usable().unwrap();
    let error = look(true).usable().unwrap_err().to_string();
    assert!(error.contains("b.dat") && error.contains("checksum"), "{error}");
}

proptest::proptest! {
    #[test]
    fn no_text_makes_parsing_panic(text in "[\\x00-\\x7f]{0,200}", cut in 0usize..2000) {
        let _ = Database::parse(&text, "noise.ron");
        let _ = Database::parse(&sample()[..cut.min(sample().len())], "cut.ron");
    }
}
