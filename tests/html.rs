//! Pages of searches and models: what they show, what they leave out and why, that nothing of a file gets to be markup, and what a
//! real browser makes of them.

mod common {
    pub mod browser;
    pub mod runs;
}

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use common::browser::Browser;
use common::runs::{program, run, workplace};
use heart_darts::evaluate::{Evaluation, Predictions};
use heart_darts::model::Model;
use serde_json::Value;

/// Records, a search, and models: `model` and `again` on the same test beats, `other` on others.
static RUNS: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("html");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    workplace(&folder);
    run(&folder, "search search.ron --data records --out search --quiet");
    let train = "train search/genotype.ron --config train.ron --data records --epochs 2 --quiet";
    run(&folder, &format!("{train} --out model"));
    run(&folder, &format!("{train} --seed 9 --out again"));
    let other = common::runs::TRAINING.replacen("seed: 3", "seed: 8", 1);
    fs::write(folder.join("other.ron"), other).unwrap();
    run(&folder, "train --baseline cnn-9 --config other.ron --data records --epochs 1 --quiet --out other");
    folder
});

fn page(arguments: &str, name: &str) -> String {
    run(&RUNS, &format!("report {arguments} --quiet --html {name}"));
    fs::read_to_string(RUNS.join(name)).unwrap()
}

/// A copy of one of the folders, to be changed.
fn copy(from: &str, to: &str) -> PathBuf {
    fn all(from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
            let target = to.join(entry.file_name());
            if entry.path().is_dir() {
                all(&entry.path(), &target)
            } else {
                fs::copy(entry.path(), target).map(drop).unwrap()
            }
        }
    }
    all(&RUNS.join(from), &RUNS.join(to));
    RUNS.join(to)
}

fn replace(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{}: {from}", path.display());
    fs::write(path, text.replace(from, to)).unwrap();
}

/// Nothing is fetched and nothing runs.
fn assert_alone(page: &str) {
    for load in ["http:", "https:", "src=", "url(", "@import", "<script", "<link", "<img", "<iframe"] {
        assert!(!page.contains(load), "{load}");
    }
    assert!(!page.contains("NaN") && !page.contains(">inf<"));
}

#[test]
fn a_search_is_shown_with_its_cells_alpha_curves_and_signs_of_collapse() {
    let page = page("search", "search.html");
    assert_alone(&page);
    // Both cells in one drawing, 14 edges of each, losses and accuracies, three panels of the monitor.
    assert_eq!(page.matches("<svg ").count(), 1 + 28 + 2 + 3);
    for text in [
        "Normal cell",
        "Reduction cell",
        "Collapse monitor",
        "No sign of collapse",
        "3 cells, 4 channels",
        "config.ron",
    ] {
        assert!(page.contains(text), "{text}");
    }
    assert!(page.contains("Split <code>random</code>, stratified by class, seed 3"));

    // One that was stopped after two epochs, with skips everywhere in the last.
    let stopped = copy("search", "stopped");
    fs::remove_file(stopped.join("genotype.ron")).unwrap();
    let log = fs::read_to_string(stopped.join("log.jsonl")).unwrap();
    let lines: Vec<&str> = log.lines().take(2).collect();
    let mut collapsed: Value = serde_json::from_str(lines[1]).unwrap();
    collapsed["monitor"]["skips"][0] = 5.into();
    fs::write(stopped.join("log.jsonl"), format!("{}\n{collapsed}\n", lines[0])).unwrap();
    let page = self::page("stopped", "stopped.html");
    assert!(page.contains("This search is not finished") && page.contains("5 of 8 edges of the normal cell"));
}

#[test]
fn a_model_is_shown_with_figures_calibration_worst_beats_cost_and_origin() {
    let page = page("model --data records", "model.html");
    assert_alone(&page);
    let evaluation = Evaluation::read(&RUNS.join("model/metrics.json")).unwrap();
    let model = Model::read(&RUNS.join("model")).unwrap();
    for text in [
        "not a medical device",
        "Never tested",
        "beats of the tested patients trained this model",
        "Expected calibration error",
        "multiply-adds a beat",
        "taken for",
        "seconds from R",
        &model.spec.weights,
        "heart-darts report model --data records",
    ] {
        assert!(page.contains(text), "{text}");
    }
    for record in &evaluation.records {
        assert!(page.contains(&format!("<th scope=\"row\">{}</th>", record.record)), "{}", record.record);
    }
    let accuracy = heart_darts::evaluate::text::percent(evaluation.figures.accuracy);
    assert!(page.contains(&format!("<span class=\"value\">{accuracy}</span>")));
    let wrong = evaluation.beats - evaluation.confusion_matrix.correct();
    assert!(wrong > 8, "{wrong}");
    assert_eq!(page.matches("<figure class=\"beat\">").count(), 8);
}

/// What can be seen of a training before its model is there, and of a log that was kept by itself.
#[test]
fn a_training_is_shown_by_its_log() {
    let unfinished = copy("model", "unfinished");
    fs::remove_file(unfinished.join("model.ron")).unwrap();
    let page = page("unfinished", "unfinished.html");
    assert_alone(&page);
    for text in ["This training is not finished", "so far", "validation F1 %", "config.ron", "Data and split"] {
        assert!(page.contains(text), "{text}");
    }
    assert!(!page.contains("test accuracy"), "its log has no test beats");
    // Its folder `run` is the same training.
    assert!(self::page("unfinished/run", "unfinished-run.html").contains("This training is not finished"));

    // Logs alone, one with test beats.
    let log = fs::read_to_string(RUNS.join("model/run/log.jsonl")).unwrap();
    for (name, tested) in [("one", false), ("two", true)] {
        fs::create_dir_all(RUNS.join(name)).unwrap();
        let mut lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        lines.iter_mut().filter(|_| tested).for_each(|line| line["test"] = line["validation"].clone());
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        fs::write(RUNS.join(name).join("seed-0.jsonl"), text).unwrap();
    }
    let said = run(&RUNS, "report one/seed-0.jsonl two/seed-0.jsonl model --out logs --quiet").stdout;
    let said = String::from_utf8(said).unwrap();
    for picture in ["one-seed-0/curves.svg", "two-seed-0/curves.svg", "accuracy.svg", "report.html"] {
        assert!(RUNS.join("logs").join(picture).exists() && said.contains(picture), "{picture}: {said}");
    }
    let drawn = |name: &str| fs::read_to_string(RUNS.join("logs").join(name)).unwrap();
    assert!(drawn("two-seed-0/curves.svg").contains("test") && !drawn("one-seed-0/curves.svg").contains("test"));
    assert!(drawn("accuracy.svg").contains("test accuracy") && drawn("report.html").contains("test accuracy"));
    assert_eq!(drawn("report.html").matches("This is the log of a training alone").count(), 2);

    fs::write(RUNS.join("empty.jsonl"), "").unwrap();
    for (what, error) in
        [("empty.jsonl", "no finished epoch"), ("search/log.jsonl", "line 1"), ("records", "run/log.jsonl")]
    {
        let refused = program(&RUNS, &format!("report {what} --html refused.html")).output().unwrap();
        let said = String::from_utf8_lossy(&refused.stderr);
        assert!(refused.status.code() == Some(1) && said.contains(error), "{what}: {said}");
        assert!(!RUNS.join("refused.html").exists());
    }
}

#[test]
fn what_needs_records_says_which_command_puts_it_in() {
    let bare = copy("model", "bare");
    fs::remove_file(bare.join("predictions.csv")).unwrap();
    let page = page("bare model", "bare.html");
    assert!(
        page.contains("Left out: to draw beats takes the records. <code>heart-darts report MODEL --data DIR</code>")
    );
    assert!(page.contains("there is no predictions.csv"), "McNemar's test is left out");
    // The same splits: patients can be compared all the same.
    assert!(page.contains("only it right") && !page.contains("is not compared with"));
    assert!(!page.contains("<figure class=\"beat\">"));
    let with = self::page("bare model --data records", "bare-with.html");
    assert!(!with.contains("Left out"));
}

#[test]
fn several_models_are_compared_only_on_the_same_beats() {
    let page = page("search model again other --data records", "several.html");
    assert_alone(&page);
    assert!(page.contains("Differences from model"));
    assert!(page.contains("other is not compared with model: not tested on the same beats"));
    assert!(!page.contains("again is not compared"));
    let [first, second] =
        ["model", "again"].map(|name| Predictions::read(&RUNS.join(name).join("predictions.csv")).unwrap());
    let only = |a: &Predictions, b: &Predictions| {
        a.beats.iter().zip(&b.beats).filter(|(a, b)| a.is_right() && !b.is_right()).count()
    };
    let row = format!("<td>{}</td><td>{}</td>", only(&second, &first), only(&first, &second));
    assert!(page.contains(&row), "{row}");
}

#[test]
fn predictions_of_a_model_are_those_of_its_figures() {
    let evaluation = Evaluation::read(&RUNS.join("model/metrics.json")).unwrap();
    let path = RUNS.join("model/predictions.csv");
    let predictions = Predictions::read(&path).unwrap();
    predictions.check(&evaluation, "").unwrap();
    assert_eq!(predictions.beats.len() as u64, evaluation.beats);

    let mixed = copy("model", "mixed");
    fs::copy(RUNS.join("again/predictions.csv"), mixed.join("predictions.csv")).unwrap();
    let refused = program(&RUNS, "report mixed --html mixed.html").output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    let error = String::from_utf8_lossy(&refused.stderr);
    assert!(error.contains("predictions.csv") && error.contains("metrics.json has"), "{error}");
    assert!(!RUNS.join("mixed.html").exists());
}

#[test]
fn pictures_are_files_on_request() {
    run(&RUNS, "report model search --data records --out pictures --png --quiet");
    let png =
        ["model/curves", "model/confusion", "model/classes", "model/calibration", "model/worst-1", "search/cells"];
    for name in png.iter().chain(&["search/curves", "search/alpha-normal", "search/alpha-reduction"]) {
        let bytes = fs::read(RUNS.join("pictures").join(format!("{name}.png"))).unwrap();
        assert_eq!(&bytes[..4], b"\x89PNG", "{name}");
    }
    assert!(RUNS.join("pictures/report.html").exists());
}

#[test]
fn nothing_of_a_file_gets_to_be_markup() {
    const NASTY: &str = "<script>alert('x')</script>&\\\"<b title='";
    let model = copy("model", "<b>model");
    let text = fs::read_to_string(model.join("metrics.json")).unwrap();
    let name = "syn<u>01";
    let changed = text.replace("\"syn01\"", &format!("\"{name}\"")).replacen(
        "\"notes\": [",
        &format!("\"notes\": [\"{NASTY}\","),
        1,
    );
    assert_ne!(text, changed);
    fs::write(model.join("metrics.json"), changed).unwrap();
    replace(&model.join("predictions.csv"), "syn01,", &format!("{name},"));
    replace(&model.join("run/data.json"), "\"title\": \"", &format!("\"title\": \"{NASTY}"));
    replace(&model.join("run/config.ron"), "data:", "/* </code></pre><script> */ data:");
    let search = copy("search", "<i>search");
    replace(&search.join("genotype.ron"), "origin: Origin(", "origin: Origin(note: \"</td><script>\",");
    replace(&search.join("config.ron"), "data:", "/* </code><script> */ data:");
    let page = page("<b>model <i>search", "nasty.html");
    assert_alone(&page);
    for raw in ["<b>", "<u>", "<i>search", "<b title", "alert('x')</script>"] {
        assert!(!page.contains(raw), "{raw}");
    }
    for escaped in ["&lt;b&gt;model", "syn&lt;u&gt;01", "&lt;script&gt;alert('x')", "&lt;/td&gt;&lt;script&gt;"] {
        assert!(page.contains(escaped), "{escaped}");
    }
}

/// Every page at the width of a telephone and of a desk, light and dark. To look at them:
/// `HEART_DARTS_PICTURES=folder cargo test --release --test html`.
#[test]
fn a_browser_finds_nothing_to_complain_of() {
    let Some(mut browser) = Browser::start("what a browser makes of the pages") else { return };
    let pictures = std::env::var_os("HEART_DARTS_PICTURES").map(PathBuf::from);
    page("search", "b-search.html");
    page("model --data records", "b-model.html");
    page("model again other search --data records", "b-several.html");
    page("model/run/log.jsonl again/run/log.jsonl search", "b-logs.html");
    for name in ["search", "model", "several", "logs"] {
        let path = RUNS.join(format!("b-{name}.html"));
        let mut grounds = Vec::new();
        for (width, dark) in [(390, false), (390, true), (1280, false), (1280, true)] {
            let shot = format!("{name}-{width}-{}.png", if dark { "dark" } else { "light" });
            let shot = pictures.as_ref().map(|folder| folder.join(shot));
            let seen = browser.look(&path, width, dark, shot.as_deref());
            let at = format!("{name}, {width} pixels, dark: {dark}");
            assert_eq!(seen.complaints, [""; 0], "{at}");
            assert_eq!(seen.requests, [""; 0], "{at}");
            assert!(seen.width <= u64::from(width), "{at}: the content is {} wide", seen.width);
            assert_eq!(seen.wide, [""; 0], "{at}");
            assert_eq!(seen.collisions, [""; 0], "{at}");
            assert!(seen.pictures > 6, "{at}: {}", seen.pictures);
            grounds.push(seen.colours);
        }
        assert_eq!((&grounds[0], &grounds[1]), (&grounds[2], &grounds[3]), "the width changes no colour");
        assert_ne!(grounds[0], grounds[1], "dark is not light");
    }
}

/// What the test above relies on: a page with each of these faults is seen to have it.
#[test]
fn a_browser_sees_what_is_wrong_with_a_page() {
    let Some(mut browser) = Browser::start("that the browser sees faults") else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bad.html");
    let text = "<text x='10' y='20'>one</text><text x='14' y='20'>two</text><text x='95' y='60'>beyond</text>";
    let body = format!(
        "<meta name='viewport' content='width=device-width'><body><p style='width:700px'>wide</p><img src='missing.png'>
         <svg viewBox='0 0 100 100' width='100' aria-label='picture'>{text}</svg><script>console.error('oh'); no()</script>"
    );
    fs::write(&path, body).unwrap();
    let seen = browser.look(&path, 390, false, None);
    assert!(seen.complaints.iter().any(|complaint| complaint.contains("oh")), "{seen:?}");
    assert!(seen.complaints.iter().any(|complaint| complaint.contains("no is not defined")), "{seen:?}");
    assert!(seen.requests.iter().any(|request| request.contains("missing.png")), "{seen:?}");
    assert!(seen.width > 390 && seen.wide.iter().any(|element| element.contains("wide")), "{seen:?}");
    assert!(seen.collisions.iter().any(|words| words == "two on one in picture"), "{seen:?}");
    assert!(seen.collisions.iter().any(|words| words.contains("beyond leaves picture")), "{seen:?}");
}
