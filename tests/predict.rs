//! `predict`: the same recording in every form, folders, and what cannot be classified.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use heart_darts::database::synthetic;
use heart_darts::model::Model;
use heart_darts::pipeline::{Input, Peaks, Prediction, Work, predict};
use heart_darts::wfdb::{AnnotationFile, CsvFormat, CsvUnits, Record, read_annotations};

const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/derived-models/mitdb-new-patients");

/// Two synthetic subjects of a minute in `records`.
fn records(folder: &Path) -> PathBuf {
    let to = folder.join("records");
    synthetic::write(&to, &synthetic::Options { subjects: 2, seconds: 60, seed: 5 }).unwrap();
    to
}

/// The program in a folder: exit code, standard output, standard error.
fn run(folder: &Path, arguments: &str) -> (i32, String, String) {
    let output =
        Command::cargo_bin("heart-darts").unwrap().current_dir(folder).args(arguments.split(' ')).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

fn csv(record: &Record, scale: f64) -> String {
    let leads: Vec<Vec<f64>> = (0..record.signals.len()).map(|lead| record.physical_values(lead).collect()).collect();
    let mut text = String::from("time,MLII,V1\n");
    for (i, (a, b)) in leads[0].iter().zip(&leads[1]).enumerate() {
        let _ = writeln!(text, "{i},{},{}", a * scale, b * scale);
    }
    text
}

/// European Data Format, a second a data record.
fn edf(record: &Record) -> Vec<u8> {
    let field = |text: &str, width: usize| format!("{text:<width$}");
    let seconds = record.samples() / 360;
    let mut header = field("0", 8) + &field("X", 80) + &field("X", 80) + "01.01.01" + "00.00.00" + &field("768", 8);
    header += &(field("", 44) + &field(&seconds.to_string(), 8) + &field("1", 8) + &field("2", 4));
    let both = |text: &str, width: usize| field(text, width).repeat(2);
    header += &(field("MLII", 16) + &field("V1", 16) + &both("", 80) + &both("uV", 8));
    header += &(both("-32000", 8) + &both("32000", 8) + &both("-32000", 8) + &both("32000", 8));
    header += &(both("", 80) + &both("360", 8) + &both("", 32));
    let mut bytes = header.into_bytes();
    for second in 0..seconds {
        for lead in 0..2 {
            let values = record.physical(lead)[360 * second..360 * (second + 1)].to_vec();
            bytes.extend(values.iter().flat_map(|value| ((value * 1000.0).round() as i16).to_le_bytes()));
        }
    }
    bytes
}

fn largest_difference(a: &Prediction, b: &Prediction) -> f32 {
    assert_eq!(a.beats.len(), b.beats.len());
    assert!(a.beats.len() > 50, "{}", a.beats.len());
    let pairs = a.beats.iter().zip(&b.beats);
    pairs.clone().for_each(|(a, b)| assert_eq!(a.sample, b.sample));
    let differences = pairs.flat_map(|(a, b)| a.probabilities.iter().zip(&b.probabilities).map(|(a, b)| (a - b).abs()));
    differences.fold(0.0, f32::max)
}

#[test]
fn a_recording_is_classified_alike_in_every_form() {
    let folder = tempfile::tempdir().unwrap();
    let stem = records(folder.path()).join("syn01");
    let record = Record::read(&stem).unwrap();
    let model = Model::read(MODEL.as_ref()).unwrap();
    let classify = |input: &Input, leads: &[&str]| {
        let leads: Vec<String> = leads.iter().map(ToString::to_string).collect();
        predict(&model, input, &Peaks::Detected, &leads, &Work { quiet: true, ..Work::default() }).unwrap()
    };
    let wfdb = classify(&Input::Wfdb(stem), &[]);
    assert_eq!((wfdb.record.as_str(), wfdb.seconds, wfdb.peaks.as_str()), ("syn01", 60.0, "detector"));

    let path = folder.path().join("night.csv");
    fs::write(&path, csv(&record, 1.0)).unwrap();
    let as_csv = Input::Csv(path.clone(), CsvFormat { frequency: 360.0, units: CsvUnits::Millivolts });
    let found = classify(&as_csv, &[]);
    assert_eq!(found.record, "night");
    assert!(largest_difference(&wfdb, &found) < 1e-5);
    assert!(largest_difference(&wfdb, &classify(&as_csv, &["1", "2"])) < 1e-5, "leads by their columns");

    fs::write(&path, csv(&record, 1000.0)).unwrap();
    let as_csv = Input::Csv(path, CsvFormat { frequency: 360.0, units: CsvUnits::Microvolts });
    assert!(largest_difference(&wfdb, &classify(&as_csv, &[])) < 1e-5);

    let path = folder.path().join("night.edf");
    fs::write(&path, edf(&record)).unwrap();
    // Rounded to whole microvolts, which synthetic samples (5 µV) are already.
    assert!(largest_difference(&wfdb, &classify(&Input::Edf(path), &[])) < 1e-3);
}

#[test]
fn another_rate_gives_the_same_beats_and_mostly_the_same_classes() {
    let folder = tempfile::tempdir().unwrap();
    let stem = records(folder.path()).join("syn01");
    let record = Record::read(&stem).unwrap();
    let model = Model::read(MODEL.as_ref()).unwrap();
    let work = Work { quiet: true, ..Work::default() };
    let at_360 = predict(&model, &Input::Wfdb(stem), &Peaks::Detected, &[], &work).unwrap();
    let resampler = heart_darts::signal::Resampler::new(360.0, 250.0).unwrap();
    let leads: Vec<Vec<f64>> =
        (0..2).map(|lead| resampler.apply(&record.physical_values(lead).collect::<Vec<_>>())).collect();
    let mut text = String::new();
    leads[0].iter().zip(&leads[1]).for_each(|(a, b)| text += &format!("{a};{b}\n"));
    let path = folder.path().join("slow.csv");
    fs::write(&path, text).unwrap();
    let slow = Input::Csv(path, CsvFormat { frequency: 250.0, units: CsvUnits::Millivolts });
    let leads = ["0".to_owned(), "1".to_owned()];
    let at_250 = predict(&model, &slow, &Peaks::Detected, &leads, &work).unwrap();
    assert_eq!(at_250.frequency, 250.0);
    assert!(at_360.beats.len().abs_diff(at_250.beats.len()) <= 1);
    let alike = at_360
        .beats
        .iter()
        .filter(|a| at_250.beats.iter().any(|b| (a.seconds - b.seconds).abs() < 0.02 && a.class == b.class));
    assert!(alike.count() * 10 >= at_360.beats.len() * 9);
}

/// Some programs count time in ticks of their own, and say so in the file.
#[test]
fn annotations_in_ticks_are_brought_to_samples() {
    let folder = tempfile::tempdir().unwrap();
    let stem = records(folder.path()).join("syn01");
    let model = Model::read(MODEL.as_ref()).unwrap();
    let classify = || {
        let (peaks, work) = (Peaks::Annotated("atr".into()), Work { quiet: true, ..Work::default() });
        predict(&model, &Input::Wfdb(stem.clone()), &peaks, &[], &work).unwrap()
    };
    let samples = classify();
    let path = stem.with_extension("atr");
    let mut file = AnnotationFile::read(&path).unwrap();
    file.frequency = Some(720.0);
    file.annotations.iter_mut().for_each(|annotation| annotation.sample *= 2);
    file.write(&path).unwrap();
    assert_eq!(largest_difference(&samples, &classify()), 0.0);
}

#[test]
fn a_folder_is_classified_and_what_cannot_be_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let (folder, records) = (folder.path(), records(folder.path()));
    let record = Record::read(&records.join("syn01")).unwrap();
    fs::write(records.join("walk.csv"), csv(&record, 1.0)).unwrap();
    fs::write(records.join("sleep.edf"), edf(&record)).unwrap();

    let (code, said, warned) = run(folder, &format!("predict {MODEL} records --out found --quiet"));
    assert_eq!(code, 0, "{warned}");
    assert!(warned.contains("1 CSV files are left alone, because --fs and --units are not given"), "{warned}");
    let summaries: Vec<&str> = said.lines().filter(|line| line.contains(" beats at R peaks of the ")).collect();
    assert_eq!(summaries.len(), 3, "{said}");
    assert!(summaries[0].starts_with("sleep: ") && summaries[0].contains("R peaks of the detector"), "{said}");
    assert!(summaries[1].starts_with("syn01: ") && summaries[1].contains("R peaks of the annotations"), "{said}");
    assert!(said.contains("1.0 minutes in "), "{said}");

    fs::write(records.join("torn.csv"), "MLII,V1\n1,2\n1,?\n").unwrap();
    let arguments = format!("predict {MODEL} records --out all --quiet --json --fs 360 --units mV");
    let (code, said, warned) = run(folder, &arguments);
    assert_eq!(code, 1, "{warned}");
    assert!(warned.contains("torn.csv: line 3, column 2 (V1): found `?`"), "{warned}");
    assert!(warned.contains("1 of 5 recordings could not be classified"), "{warned}");
    let found: serde_json::Value = serde_json::from_str(&said).unwrap();
    let names: Vec<&str> = found.as_array().unwrap().iter().map(|one| one["record"].as_str().unwrap()).collect();
    assert_eq!(names, ["sleep", "syn01", "syn02", "walk"]);
    // The files say the same as what was printed.
    for one in found.as_array().unwrap() {
        let name = one["record"].as_str().unwrap();
        let written: serde_json::Value =
            serde_json::from_slice(&fs::read(folder.join(format!("all/{name}.beats.json"))).unwrap()).unwrap();
        assert_eq!(&written, one);
        let beats = one["beats"].as_array().unwrap();
        let annotations = read_annotations(&folder.join(format!("all/{name}.hda"))).unwrap();
        let table = fs::read_to_string(folder.join(format!("all/{name}.beats.csv"))).unwrap();
        assert_eq!((annotations.len(), table.lines().count()), (beats.len(), beats.len() + 1));
        assert_eq!(annotations[3].sample, beats[3]["sample"].as_u64().unwrap());
        assert!(table.lines().nth(4).unwrap().starts_with(&format!("{},", beats[3]["sample"])));
    }
    assert!(records.join("walk.csv").exists() && !records.join("walk.beats.csv").exists());
}

#[test]
fn rate_and_unit_are_never_guessed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("a.csv"), "MLII,V1\n1,2\n").unwrap();
    fs::create_dir(folder.join("empty")).unwrap();
    fs::create_dir(folder.join("other")).unwrap();
    fs::write(folder.join("other/a.csv"), "MLII,V1\n1,2\n").unwrap();
    for (arguments, code, expected) in [
        ("a.csv", 1, "a.csv: found samples as text, expected their rate and unit as well"),
        ("a.csv --fs 360", 2, "--units"),
        ("a.csv --units mV", 2, "--fs"),
        ("a.csv --fs 360 --units mA", 2, "found `mA`, expected V, mV, uV"),
        ("a.csv --fs 0 --units mV", 1, "found 0 samples a second"),
        ("100 --fs 360 --units mV", 1, "100: found a record that says its own rate and units"),
        ("a.csv --fs 360 --units mV --leads II,V1", 1, "lead II missing: the record has MLII, V1"),
        ("a.csv other/a.csv --fs 360 --units mV", 1, "other/a.csv: found a recording of the same name as a.csv"),
        ("empty", 1, "empty: found no record, expected WFDB headers (.hea), .edf or .csv files"),
        ("other", 1, "other: found 1 CSV files, expected their rate and unit as well"),
        ("absent.edf", 1, "absent.edf: cannot be read"),
    ] {
        let (found, _, said) = run(folder, &format!("predict {MODEL} {arguments} --out found"));
        let said = said.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ");
        assert_eq!(found, code, "{arguments}: {said}");
        assert!(said.contains(expected), "{arguments}: {said}\n  {expected}");
        assert!(!folder.join("found").exists());
    }
}
