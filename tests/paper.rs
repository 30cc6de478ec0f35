//! What `paper-repro` says: its tables are those of the figures that were measured, and these those of the logs.

use std::fs;
use std::path::{Path, PathBuf};

use heart_darts::database::Class;
use heart_darts::evaluate::Evaluation;
use heart_darts::pipeline::{Spread, Study, StudyResult, StudyRow, markdown, table};
use heart_darts::train::{EpochLine, read_log};

fn project(of: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(of)
}

fn paper(of: &str) -> PathBuf {
    project("paper-repro/heart-darts").join(of)
}

/// The studies of which something was measured: name, study, rows.
fn measured() -> Vec<(String, Study, Vec<StudyRow>)> {
    let tables = fs::read_dir(paper("results")).unwrap().map(|entry| entry.unwrap().path());
    let mut tables: Vec<PathBuf> = tables.filter(|path| path.extension().is_some_and(|end| end == "md")).collect();
    tables.sort();
    assert!(tables.len() >= 8);
    let read = |path: PathBuf| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let rows = serde_json::from_str(&fs::read_to_string(path.with_extension("json")).unwrap()).unwrap();
        (name.clone(), Study::read(&paper(&format!("studies/{name}.ron"))).unwrap(), rows)
    };
    tables.into_iter().map(read).collect()
}

/// `results/NAME.md` is the study `NAME` with the figures of `results/NAME.json`, row by row. With `HEART_DARTS_PRINT` set it is
/// printed anew (by itself: other tests read it).
#[test]
fn results_are_printed_from_their_figures() {
    for (name, study, rows) in measured() {
        let of_study: Vec<_> = study.rows.iter().map(|row| (&row.name, row.published)).collect();
        assert_eq!(rows.iter().map(|row| (&row.name, row.published)).collect::<Vec<_>>(), of_study, "{name}");
        let path = paper(&format!("results/{name}.md"));
        if std::env::var_os("HEART_DARTS_PRINT").is_some() {
            fs::write(&path, markdown(&study, &rows)).unwrap();
        }
        assert_eq!(markdown(&study, &rows), fs::read_to_string(path).unwrap(), "{name}");
    }
}

/// The line of the chosen epoch, and the best test accuracy of any.
type Chosen = (EpochLine, Option<f64>);

/// The figures are those of the epochs that the logs say were chosen.
#[test]
fn figures_are_those_of_the_logs() {
    let (mut trainings, mut tested) = (0, 0);
    for (name, study, rows) in measured().into_iter().filter(|(_, study, _)| !study.every_fold) {
        for (row, of_study) in rows.iter().zip(&study.rows).filter(|(row, _)| !row.seeds.is_empty()) {
            let chosen = row.seeds.iter().map(|seed| {
                let path = paper(&format!("results/{name}/{}/seed-{seed}.jsonl", of_study.folder()));
                let log: Vec<EpochLine> = read_log(&path).unwrap();
                let best_on_test = log.iter().filter_map(|line| Some(line.test?.accuracy)).reduce(f64::max);
                (log.into_iter().rfind(|line| line.best).unwrap(), best_on_test)
            });
            let chosen: Vec<Chosen> = chosen.collect();
            let same = |figure: Option<Spread>, of: &dyn Fn(&Chosen) -> Option<f64>| {
                let values: Vec<f64> = chosen.iter().filter_map(of).collect();
                let mean = values.iter().sum::<f64>() / values.len() as f64;
                let figure = figure.unwrap().mean;
                assert_eq!(values.len(), row.seeds.len());
                assert!((figure - mean).abs() < 1e-9, "{name}, {}: {figure} and {mean}", row.name);
            };
            // Where no beat validates, there is no such figure.
            if chosen.iter().all(|(line, _)| line.validation.is_none()) {
                assert_eq!(row.validation_f1, None);
            } else {
                same(row.validation_f1, &|(line, _)| line.validation?.f1);
            }
            if study.training.test_curve {
                same(row.accuracy, &|(line, _)| Some(line.test?.accuracy));
                same(row.sensitivity, &|(line, _)| line.test?.sensitivity);
                same(row.positive_predictivity, &|(line, _)| line.test?.positive_predictivity);
                same(row.f1, &|(line, _)| line.test?.f1);
                same(row.best_on_test, &|(_, best)| *best);
                tested += chosen.len();
            }
            trainings += chosen.len();
        }
    }
    assert!(trainings >= 60 && tested >= 20, "{trainings} trainings, {tested} with figures on test beats");
}

/// A rule by which a log's epoch is chosen.
type Rule = fn(&[EpochLine]) -> &EpochLine;

/// `epochs.md`: what other ways to choose the epoch would have given on test beats, from the logs that have both validation and test
/// beats. With `HEART_DARTS_PRINT` set it is printed anew, by itself as well.
#[test]
fn the_epochs_that_other_rules_choose_are_those_of_the_logs() {
    fn best(log: &[EpochLine], value: impl Fn(&EpochLine) -> f64) -> &EpochLine {
        // The first of equal ones, as a training has it.
        log.iter().rev().max_by(|a, b| value(a).total_cmp(&value(b))).unwrap()
    }
    let rules: [(&str, Rule); 4] = [
        ("the last epoch", |log| log.last().unwrap()),
        ("accuracy on validation beats", |log| best(log, |line| line.validation.unwrap().accuracy)),
        ("loss on validation beats", |log| best(log, |line| -line.validation.unwrap().loss)),
        ("accuracy on TEST beats, as nobody may", |log| best(log, |line| line.test.unwrap().accuracy)),
    ];
    let spread = |values: Vec<f64>| Spread::of(&values).unwrap();
    let (mut logs, mut last) = (Vec::new(), String::new());
    for (name, study, rows) in measured().into_iter().filter(|(name, ..)| name.starts_with("table-")) {
        for (row, of_study) in rows.iter().zip(&study.rows) {
            let read =
                |seed| read_log(&paper(&format!("results/{name}/{}/seed-{seed}.jsonl", of_study.folder()))).unwrap();
            let of_row: Vec<Vec<EpochLine>> = row.seeds.iter().map(read).collect();
            let of_row =
                of_row.into_iter().filter(|log| log.iter().all(|l| l.validation.is_some() && l.test.is_some()));
            let of_row: Vec<_> = of_row.collect();
            if of_row.len() > 1 && row.name.starts_with("Heart-DARTS") {
                let figure = |of: fn(&EpochLine) -> f64| {
                    let Spread { mean, deviation } = spread(of_row.iter().map(|log| of(log.last().unwrap())).collect());
                    format!("{:.2} ± {:.2}", 100.0 * mean, 100.0 * deviation.unwrap())
                };
                let figures = [
                    figure(|line| line.test.unwrap().accuracy),
                    figure(|line| line.test.unwrap().sensitivity.unwrap()),
                    figure(|line| line.test.unwrap().positive_predictivity.unwrap()),
                    figure(|line| line.test.unwrap().f1.unwrap()),
                ];
                let title = study.title.split(':').next().unwrap();
                last += &format!("| {title}: {} | {} | {} |\n", row.name, of_row.len(), figures.join(" | "));
            }
            logs.extend(of_row);
        }
    }
    let trainings = logs.len();
    let mut text = format!("| over {trainings} trainings | F1 | accuracy | better, worse in F1 |\n|---|---|---|---|\n");
    for (name, rule) in rules {
        let differences = |of: fn(&EpochLine) -> f64| -> Vec<f64> {
            let chosen = |log: &[EpochLine]| of(log.iter().rfind(|line| line.best).unwrap());
            logs.iter().map(|log| 100.0 * (of(rule(log)) - chosen(log))).collect()
        };
        let f1 = differences(|line| line.test.unwrap().f1.unwrap());
        let counts = [f1.iter().filter(|x| **x > 0.0).count(), f1.iter().filter(|x| **x < 0.0).count()];
        let error = |values: Vec<f64>| {
            let Spread { mean, deviation } = spread(values);
            format!("{mean:+.2} ± {:.2}", deviation.unwrap() / (trainings as f64).sqrt())
        };
        let accuracy = error(differences(|line| line.test.unwrap().accuracy));
        text += &format!("| {name} | {} | {accuracy} | {}, {} |\n", error(f1), counts[0], counts[1]);
    }
    text += &format!("\n| the last epoch | seeds | Acc % | Se % | +P % | F1 % |\n|---|---|---|---|---|---|\n{last}");
    let path = paper("epochs.md");
    if std::env::var_os("HEART_DARTS_PRINT").is_some() {
        fs::write(&path, &text).unwrap();
    }
    assert_eq!(fs::read_to_string(path).unwrap(), text);
    // Both tables are on the page, and its summary says by how much the last epoch is better.
    let page = fs::read_to_string(paper("README.md")).unwrap();
    assert!(text.split("\n\n").all(|table| page.contains(table.trim_end())));
    let (_, last) = text.split_once("| the last epoch | ").unwrap();
    let gain = last.split(" |").next().unwrap();
    assert!(page.contains(&format!("the last one has {gain} points of F1")), "{gain}");
}

/// Where what each seed said of its test beats is kept, `results/NAME/ROW/seed-N.json`, the whole row comes from it, class by class.
#[test]
fn figures_are_those_of_the_evaluations() {
    let mut rows_seen = 0;
    for (name, study, rows) in measured() {
        for (row, of_study) in rows.iter().zip(&study.rows).filter(|(row, _)| !row.seeds.is_empty()) {
            let folder = paper(&format!("results/{name}/{}", of_study.folder()));
            let files: Vec<PathBuf> = row.seeds.iter().map(|seed| folder.join(format!("seed-{seed}.json"))).collect();
            if !files.iter().all(|file| file.exists()) {
                continue;
            }
            let result = |(seed, file): (&u64, PathBuf)| StudyResult {
                row: row.name.clone(),
                seed: *seed,
                trainings: Vec::new(),
                evaluation: Box::new(Evaluation::read(&file).unwrap()),
                validation_f1: None,
                best_on_test: None,
            };
            let results: Vec<StudyResult> = row.seeds.iter().zip(files).map(result).collect();
            let alone = Study { rows: vec![of_study.clone()], ..study.clone() };
            let of_evaluations = &table(&alone, &results)[0];
            let figures = |row: &StudyRow| {
                let overall = [row.accuracy, row.sensitivity, row.positive_predictivity, row.f1];
                overall.into_iter().chain(row.four_classes).chain(row.classes.iter().flatten().copied()).collect()
            };
            let (kept, expected): (Vec<_>, Vec<_>) = (figures(row), figures(of_evaluations));
            assert_eq!(kept, expected, "{name}, {}", row.name);
            rows_seen += 1;
        }
    }
    assert!(rows_seen >= 8, "{rows_seen} rows");
}

/// A table of the page after `<!-- results/NAME.md -->` is one of that file, whole, and every study has one.
#[test]
fn the_page_shows_what_was_measured() {
    let page = fs::read_to_string(paper("README.md")).unwrap();
    let blocks: Vec<(&str, &str)> =
        page.split("<!-- ").skip(1).map(|block| block.split_once(" -->\n").unwrap()).collect();
    for (source, rest) in &blocks {
        let table: String = rest.split_inclusive('\n').take_while(|line| line.starts_with('|')).collect();
        let figures = fs::read_to_string(paper(source)).unwrap();
        let whole = figures.split("\n\n").any(|part| part.trim_end() == table.trim_end());
        assert!(whole, "no table of {source}:\n{table}");
    }
    for (name, ..) in measured() {
        let source = format!("results/{name}.md");
        assert!(blocks.iter().any(|(other, _)| **other == source), "{source} is not on the page");
    }
}

/// The summary at the head of the page, line by line: what is published and what the tables have, accuracy / Se / F1 and of how many
/// seeds.
#[test]
fn the_summary_is_of_the_tables() {
    const TWO: &str = "Heart-DARTS + shortcut";
    let lines = [
        ("MIT-BIH, two leads", "table-6-2-lead", TWO, ["", ", context"]),
        ("MIT-BIH, MLII alone", "table-6-1-lead", TWO, [", MLII", ", MLII, context"]),
        ("MIT-BIH, V1 alone", "table-6-1-lead", TWO, ["", ", context"]),
        ("QT, first lead", "table-7-qt", "Heart-DARTS", ["", ", context, N not thinned"]),
    ];
    let page = fs::read_to_string(paper("README.md")).unwrap();
    let (_, rest) = page.split_once("\n## In short\n").unwrap();
    let (summary, _) = rest.split_once("\n## ").unwrap();
    let percent = |spread: Option<Spread>| {
        let Spread { mean, deviation } = spread.unwrap();
        let deviation = deviation.map_or(String::new(), |deviation| format!(" ± {:.2}", 100.0 * deviation));
        format!("{:.2}{deviation}", 100.0 * mean)
    };
    let measured = measured();
    for (line, name, row, variants) in lines {
        let (.., rows) = measured.iter().find(|(of, ..)| of == name).unwrap();
        let find = |name: String| rows.iter().find(|row| row.name == name).unwrap();
        let published = find(row.into()).published.unwrap();
        let to_beat = [published.accuracy, published.sensitivity, published.f1].map(|x| format!("{x:.2}")).join(" / ");
        let cells = variants.map(|variant| {
            let row = find(format!("{row}{variant}"));
            let figures = [row.accuracy, row.sensitivity, row.f1].map(percent).join(" / ");
            format!("{figures} ({})", row.seeds.len())
        });
        let line = format!("| {line} | {to_beat} | {} |", cells.join(" | "));
        assert!(summary.contains(&line), "{line}\nis not in\n{summary}");
    }
}

/// Rows of the confusion matrices of models that ship.
#[test]
fn the_page_has_the_confusion_matrices_of_the_models() {
    let page = fs::read_to_string(paper("README.md")).unwrap();
    for model in
        ["mitdb", "mitdb-context", "mitdb-mlii-context", "mitdb-v1-context", "qtdb-context", "mitdb-mlii-new-patients"]
    {
        let evaluation = Evaluation::read(&project(&format!("derived-models/{model}/metrics.json"))).unwrap();
        for (class, counts) in Class::ALL.into_iter().zip(evaluation.confusion_matrix.rows()) {
            let counts = counts.map(|count| count.to_string()).join(" | ");
            let row = format!("| {class} | {counts} |");
            assert!(page.contains(&row), "{model}: {row}");
        }
    }
}
