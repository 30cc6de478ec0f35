//! Annotations against annotations: every cell and figure as WFDB's `bxb` and `sumstats` print them.
//! `tests/fixtures/evaluate/make_bxb.py` says how their output was made.

mod common;
#[path = "common/runs.rs"]
mod runs;

use std::collections::BTreeMap;
use std::path::Path;

use heart_darts::beat::Class;
use heart_darts::evaluate::ec57::{Figures, Options, Period, Report, SCHEMA, Tally, Test, Truth, class_of, compare};
use heart_darts::pipeline::{self, Tested, Work};
use heart_darts::support::random::Generator;
use heart_darts::wfdb::{Annotation, Code, read_annotations, write_annotations};
use serde::Deserialize;
use sha2::{Digest, Sha256};

/// With flutter (207), unreadable stretches, paced and every kind of ectopic beats.
const RECORDS: [&str; 14] =
    ["100", "104", "105", "106", "119", "200", "201", "203", "207", "208", "213", "217", "222", "233"];

#[derive(Deserialize)]
struct Fixture {
    records: BTreeMap<String, Expected>,
    gross: BTreeMap<String, String>,
    average: BTreeMap<String, String>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Expected {
    #[serde(default)]
    sha256: String,
    cells: BTreeMap<String, u64>,
    counts: BTreeMap<String, [u64; 2]>,
    shutdown: u64,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    frequency: f64,
    samples: Option<u64>,
    from: Option<f64>,
    window: Option<f64>,
    reference: String,
    test: String,
    #[serde(flatten)]
    expected: Expected,
}

fn fixture() -> Fixture {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/evaluate/ec57.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The figures by the names of their columns.
fn named(figures: &Figures) -> [(&'static str, Option<f64>); 7] {
    let Figures { qrs, veb, sveb } = figures;
    [
        ("Q Se", qrs.sensitivity),
        ("Q +P", qrs.positive_predictivity),
        ("V Se", veb.sensitivity),
        ("V +P", veb.positive_predictivity),
        ("V FPR", veb.false_positive_rate),
        ("S Se", sveb.sensitivity),
        ("S +P", sveb.positive_predictivity),
    ]
}

fn check(name: &str, tally: &Tally, shutdown: f64, expected: &Expected) {
    for (truth, row) in Truth::ALL.into_iter().zip(tally.rows()) {
        for (test, found) in Test::ALL.into_iter().zip(row) {
            let cell = format!("{}{}", truth.symbol(), test.symbol());
            assert_eq!(*found, expected.cells.get(&cell).copied().unwrap_or(0), "{name}: {cell}");
        }
    }
    for (figure, found) in named(&Figures::of(tally)) {
        let [part, whole] = expected.counts.get(figure).copied().unwrap_or_default();
        let fraction = (whole > 0).then(|| part as f64 / whole as f64);
        assert_eq!(found, fraction, "{name}: {figure} {part}/{whole}");
    }
    assert_eq!((shutdown + 0.5).floor(), expected.shutdown as f64, "{name}: shutdown time");
}

// ---- against bxb -----------------------------------------------------------------------------------------------------

/// What a poor detector and classifier might make of a record: beats missed, invented, shifted within the window and beyond, taken
/// for others; stretches without analysis, marked as such in both ways; flutter marked late, not at all, or where there is none.
fn prediction(record: &str, reference: &[Annotation]) -> Vec<Annotation> {
    let seed: u64 = record.parse().unwrap();
    let mut random = Generator::new(seed);
    let mut draw = |below: usize| random.below(below) as u64;
    let mut made: Vec<Annotation> = Vec::new();
    let marked = seed % 2 == 1;
    // No beats are written before this sample.
    let mut silent = 0;
    for annotation in reference {
        let at = annotation.sample;
        match annotation.code {
            Code::VFON | Code::VFOFF if marked => {
                made.push(Annotation { sample: at + draw(200), ..annotation.clone() });
            }
            // Unreadable, and yet beats are found.
            Code::NOISE if annotation.subtype & 0x30 == 0x30 => {
                made.extend([40, 120, 260].map(|after| Annotation::new(at + after, Code::NORMAL)));
            }
            Code::NOISE if draw(3) > 0 => made.push(annotation.clone()),
            Code::FLWAV if draw(2) == 0 => made.push(Annotation::new(at, Code::PVC)),
            code if class_of(code).is_some() && at >= silent => {
                let (way, distance) = (draw(1000), draw(54));
                let moved = |by: i64| at.saturating_add_signed(by).max(1);
                let (sample, code) = match way {
                    0..30 => continue,
                    30..60 => (moved(distance as i64), code),
                    60..90 => (moved(-(distance as i64)), code),
                    90..110 => (moved(55 + distance as i64), code),
                    110..150 => {
                        (at, [Code::NORMAL, Code::APC, Code::PVC, Code::FUSION, Code::UNKNOWN][(way % 5) as usize])
                    }
                    150..170 => {
                        made.push(Annotation::new(at + 1 + 4 * distance, Code::PVC));
                        (at, code)
                    }
                    170..173 => {
                        // Analysis suspended for a while.
                        silent = at + 2000;
                        made.push(Annotation { subtype: -1, ..Annotation::new(at + 20, Code::NOISE) });
                        made.push(Annotation::new(silent - 1, Code::NOISE));
                        (at, code)
                    }
                    173..175 => {
                        // The same with one mark in the middle.
                        silent = at + 1500;
                        made.push(Annotation { subtype: 0x30, ..Annotation::new(at + 700, Code::NOISE) });
                        (at, code)
                    }
                    175..176 => {
                        made.push(Annotation::new(at + 10, Code::VFON));
                        made.push(Annotation::new(at + 1500, Code::VFOFF));
                        (at, code)
                    }
                    _ => (moved(distance as i64 / 6 - 4), code),
                };
                made.push(Annotation::new(sample, code));
            }
            _ => {}
        }
    }
    made.sort_by_key(|annotation| annotation.sample);
    made
}

#[test]
fn records_score_as_bxb_and_sumstats_say() {
    let Some(mitdb) = common::real_data("mitdb", "EC57 figures of MIT-BIH") else { return };
    let temporary = tempfile::tempdir().unwrap();
    // For make_bxb.py.
    let keep = std::env::var_os("HEART_DARTS_EC57_WRITE").map(std::path::PathBuf::from);
    let folder = keep.as_deref().unwrap_or(temporary.path());
    std::fs::create_dir_all(folder).unwrap();
    for record in RECORDS {
        let reference = read_annotations(&mitdb.join(format!("{record}.atr"))).unwrap();
        write_annotations(&folder.join(format!("{record}.tst")), &prediction(record, &reference)).unwrap();
    }
    if keep.is_some() {
        return;
    }
    let fixture = fixture();
    for (record, expected) in &fixture.records {
        let bytes = std::fs::read(folder.join(format!("{record}.tst"))).unwrap();
        let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(digest, expected.sha256, "{record}: not the predictions that bxb saw");
    }
    let records = RECORDS.map(String::from);
    let tested = Tested::Annotations { folder: folder.into(), annotator: "tst".into() };
    let work = Work { quiet: true, ..Work::default() };
    let report = pipeline::ec57(&mitdb, Some(&records), "atr", &tested, Options::default(), &work).unwrap();
    assert_eq!((report.schema, report.records.len(), fixture.records.len()), (SCHEMA, RECORDS.len(), RECORDS.len()));
    for record in &report.records {
        check(&record.record, &record.matrix, record.shutdown, &fixture.records[&record.record]);
        assert_eq!(record.figures, Figures::of(&record.matrix));
    }
    for (which, figures, expected) in
        [("gross", &report.gross, &fixture.gross), ("average", &report.average, &fixture.average)]
    {
        for (figure, found) in named(figures) {
            let digits = if figure == "V FPR" { 3 } else { 2 };
            let found = found.map_or("-".into(), |found| format!("{:.digits$}", 100.0 * found));
            assert_eq!(found, expected[figure], "{which} {figure}");
        }
    }
    // What the records were made for is in them.
    let summed = |rows: &[usize], columns: &[usize]| -> u64 {
        rows.iter()
            .flat_map(|&row| columns.iter().map(move |&column| (row, column)))
            .map(|(r, c)| report.matrix.rows()[r][c])
            .sum()
    };
    assert!(summed(&[0, 1, 2, 3, 4], &[5]) > 500 && summed(&[5], &[0, 1, 2, 3, 4]) > 500);
    assert!(summed(&[0, 1, 2, 3, 4], &[6]) > 50 && summed(&[6], &[0, 1, 2, 3, 4]) > 0);
}

fn list(text: &str) -> Vec<Annotation> {
    let annotation = |word: &str| {
        let (sample, rest) = word.split_once(',').unwrap();
        let (symbol, subtype) = match rest.split_once(',') {
            Some((symbol, subtype)) => (symbol, subtype.parse().unwrap()),
            None => (rest, 0),
        };
        Annotation { subtype, ..Annotation::new(sample.parse().unwrap(), Code::from_symbol(symbol).unwrap()) }
    };
    text.split_whitespace().map(annotation).collect()
}

#[test]
fn corner_cases_score_as_bxb_says() {
    let cases = fixture().cases;
    assert!(cases.len() > 400, "{}", cases.len());
    for case in cases {
        let default = Options::default();
        let options =
            Options { from: case.from.unwrap_or(default.from), window: case.window.unwrap_or(default.window) };
        let period = Period::new(case.frequency, case.samples, options).unwrap();
        let comparison = compare(&list(&case.reference), &list(&case.test), &period);
        check(&case.name, &comparison.tally, comparison.shutdown, &case.expected);
    }
}

// ---- what must hold of any lists -------------------------------------------------------------------------------------

/// A list in time with beats, flutter and shutdowns.
fn random_list(random: &mut Generator, length: usize) -> Vec<Annotation> {
    let codes = [Code::NORMAL, Code::NORMAL, Code::APC, Code::PVC, Code::FUSION, Code::PACE, Code::VFON, Code::VFOFF];
    let mut at = 100_000;
    (0..length)
        .map(|_| {
            at += random.below(200) as u64;
            match random.below(10) {
                8 => Annotation { subtype: -1, ..Annotation::new(at, Code::NOISE) },
                9 => Annotation::new(at, Code::NOISE),
                code => Annotation::new(at, codes[code]),
            }
        })
        .collect()
}

fn beats_only(list: &[Annotation]) -> Vec<Annotation> {
    list.iter().filter(|annotation| class_of(annotation.code).is_some()).cloned().collect()
}

fn whole() -> Period {
    Period::new(360.0, Some(650_000), Options { from: 0.0, ..Options::default() }).unwrap()
}

#[test]
fn a_list_against_itself_is_perfect() {
    let mut random = Generator::new(1);
    for length in [0, 1, 7, 300] {
        let list = random_list(&mut random, length);
        let tally = compare(&list, &list, &whole()).tally;
        let diagonal: u64 = Class::ALL.iter().map(|&class| tally.count(Truth::Beat(class), Test::Beat(class))).sum();
        assert_eq!(diagonal, tally.rows().iter().flatten().sum::<u64>());
        assert!(named(&Figures::of(&tally)).iter().all(|(name, figure)| match (*name, figure) {
            (_, None) => true,
            ("V FPR", Some(rate)) => *rate == 0.0,
            (_, Some(share)) => *share == 1.0,
        }));
        if length == 300 {
            assert!(diagonal > 50 && Figures::of(&tally).sveb.sensitivity == Some(1.0));
        }
    }
}

#[test]
fn every_beat_is_counted_once() {
    let mut random = Generator::new(2);
    for _ in 0..300 {
        let (reference, test) = (random_list(&mut random, 60), random_list(&mut random, 60));
        let (reference, test) = (beats_only(&reference), beats_only(&test));
        let tally = compare(&reference, &test, &whole()).tally;
        for class in Class::ALL {
            let of = |list: &[Annotation]| list.iter().filter(|a| class_of(a.code) == Some(class)).count() as u64;
            assert_eq!(tally.support(class), of(&reference));
            let column: u64 = Truth::ALL.iter().map(|&truth| tally.count(truth, Test::Beat(class))).sum();
            assert_eq!(column, of(&test));
        }
    }
}

#[test]
fn moving_both_lists_changes_nothing() {
    let mut random = Generator::new(3);
    for _ in 0..100 {
        let (reference, test) = (random_list(&mut random, 60), random_list(&mut random, 60));
        let moved = |list: &[Annotation]| -> Vec<Annotation> {
            list.iter().map(|a| Annotation { sample: a.sample + 12_345, ..a.clone() }).collect()
        };
        // A shutdown at the very beginning or end is measured against the record's ends.
        let bounded = |mut list: Vec<Annotation>| {
            list.insert(0, Annotation::new(50_000, Code::NORMAL));
            list.push(Annotation::new(400_000, Code::NORMAL));
            list
        };
        let (reference, test) = (bounded(reference), bounded(test));
        assert_eq!(compare(&reference, &test, &whole()), compare(&moved(&reference), &moved(&test), &whole()));
    }
}

#[test]
fn swapping_the_lists_turns_the_matrix() {
    // With beats alone, spread so that no two pairs compete for one; ties aside, missed becomes invented.
    let mut random = Generator::new(4);
    for _ in 0..100 {
        let reference: Vec<Annotation> = beats_only(&random_list(&mut random, 200))
            .into_iter()
            .enumerate()
            .map(|(i, a)| Annotation { sample: 1000 + 300 * i as u64, ..a })
            .collect();
        let mut test = reference.clone();
        for annotation in &mut test {
            annotation.sample += random.below(80) as u64;
            annotation.code = [Code::NORMAL, Code::PVC, Code::APC][random.below(3)];
        }
        test.retain(|_| random.below(10) > 0);
        let (one, other) = (compare(&reference, &test, &whole()).tally, compare(&test, &reference, &whole()).tally);
        for (row, counts) in one.rows().iter().enumerate() {
            for (column, count) in counts.iter().enumerate() {
                assert_eq!(*count, other.rows()[column][row]);
            }
        }
    }
}

// ---- through the program ---------------------------------------------------------------------------------------------

mod program {
    use super::*;
    use crate::runs::{program, run, workplace};

    #[test]
    fn files_are_scored() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        workplace(folder);
        let reference = read_annotations(&folder.join("records/syn02.atr")).unwrap();
        let beats = beats_only(&reference).iter().filter(|beat| beat.sample >= 3600).count() as u64;
        std::fs::create_dir(folder.join("mine")).unwrap();
        write_annotations(&folder.join("mine/syn02.qrs"), &beats_only(&reference)[..20]).unwrap();
        let arguments = "evaluate --ec57 --data records --test qrs --test-dir mine --records syn02 --from 0:10";
        let output = run(folder, &format!("{arguments} --json"));
        let report: Report = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((report.beats, report.from, report.records.len()), (beats, 10.0, 1));
        assert_eq!(report.gross.qrs.positive_predictivity, Some(1.0));
        assert!(report.gross.qrs.sensitivity.is_some_and(|share| share < 1.0));
        assert!(report.notes[0].contains("EC57"), "{:?}", report.notes);
        let text = String::from_utf8(run(folder, arguments).stdout).unwrap();
        for expected in ["reference", "record", "gross", "average", "V FPR", "not a comparison that EC57 permits"] {
            assert!(text.contains(expected), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_scored_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        workplace(folder);
        for (arguments, code, expected) in [
            ("evaluate --ec57 --data records", 2, "MODEL|--test <SUFFIX>"),
            ("evaluate --ec57 model --data records --test qrs", 2, "cannot be used with"),
            ("evaluate --data records --test qrs", 2, "--ec57"),
            ("evaluate model --data records --records syn01", 2, "--ec57"),
            ("evaluate --ec57 --data records --test qrs --reference-peaks", 2, "cannot be used with"),
            ("evaluate --ec57 --data records --test qrs --picture x.svg", 2, "cannot be used with"),
            ("evaluate --ec57 --data records --test qrs --from 5:99", 2, "M:SS"),
            ("evaluate --ec57 --data records --test qrs --window=-1 --from 0", 2, "expected seconds"),
            ("evaluate --ec57 --data records --test atr", 1, "which are left out at the beginning"),
            ("evaluate --ec57 --data records --test qrs --from 0", 1, "no such file"),
            ("evaluate --ec57 --data records --test atr --reference gold --from 0", 1, "syn01.gold"),
            ("evaluate --ec57 --data nowhere --test atr", 1, "nowhere"),
        ] {
            let output = program(folder, arguments).output().unwrap();
            // miette breaks lines where they please it.
            let error: String =
                String::from_utf8_lossy(&output.stderr).split_whitespace().collect::<Vec<_>>().join(" ");
            let error = error.replace("│ ", "");
            assert_eq!(output.status.code(), Some(code), "{arguments}: {error}");
            assert!(error.contains(expected), "{arguments}: {error}");
        }
    }
}
