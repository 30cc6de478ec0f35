//! What `paper-repro` says: its tables are those of the figures that were measured.

use std::fs;
use std::path::{Path, PathBuf};

use heart_darts::pipeline::{Study, StudyRow, markdown};

fn paper(of: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("paper-repro/heart-darts").join(of)
}

/// `results/NAME.md` is the study `NAME` with the figures of `results/NAME.json`.
#[test]
fn results_are_printed_from_their_figures() {
    let mut seen = 0;
    for path in fs::read_dir(paper("results")).unwrap().map(|entry| entry.unwrap().path()) {
        if path.extension().is_some_and(|extension| extension == "json") {
            let name = path.file_stem().unwrap().to_str().unwrap();
            let study = Study::read(&paper(&format!("studies/{name}.ron"))).unwrap();
            let rows: Vec<StudyRow> = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
            let printed = fs::read_to_string(path.with_extension("md")).unwrap();
            assert_eq!(markdown(&study, &rows), printed, "{name}");
            seen += 1;
        }
    }
    assert!(seen >= 7, "{seen} results");
}

/// A table of the page after `<!-- results/NAME.md -->` has lines of that file, in its order; it may leave rows out.
#[test]
fn the_page_shows_what_was_measured() {
    let page = fs::read_to_string(paper("README.md")).unwrap();
    let mut shown = 0;
    for block in page.split("<!-- ").skip(1) {
        let (source, rest) = block.split_once(" -->\n").expect("a comment that names a file");
        let figures = fs::read_to_string(paper(source)).unwrap();
        let mut lines = figures.lines();
        for line in rest.lines().take_while(|line| line.starts_with('|')) {
            assert!(lines.any(|other| other == line), "not in {source}, or not in this order:\n{line}");
            shown += 1;
        }
    }
    assert!(shown >= 40, "{shown} lines of tables");
}
