//! Every `unsafe` of the crate is in the table of docs/RELIABILITY.md: a new one is noticed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// All files of Rust below a folder, without what cargo builds.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target" && name != "corpus") {
            sources(&path, found);
        } else if path.extension().is_some_and(|suffix| suffix == "rs") {
            found.push(path);
        }
    }
}

/// How often the keyword stands in code: not in comments, in texts, or within a longer word.
fn count(text: &str) -> usize {
    let code = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    // Every second part lies between quotes; a quoted quote only ever splits a text once more.
    let outside = code.flat_map(|line| line.split('"').step_by(2));
    let words = outside.flat_map(|code| code.split(|c: char| !c.is_alphanumeric() && c != '_'));
    words.filter(|word| *word == "unsafe").count()
}

#[test]
fn every_unsafe_block_is_in_the_table() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    ["src", "tests", "benches"].iter().for_each(|folder| sources(&root.join(folder), &mut files));
    let name = |path: &Path| path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
    let found: BTreeMap<String, usize> = files
        .iter()
        .map(|path| (name(path), count(&fs::read_to_string(path).unwrap())))
        .filter(|(_, count)| *count > 0)
        .collect();

    let page = fs::read_to_string(root.join("docs/RELIABILITY.md")).unwrap();
    let rows = page.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.split('|').map(str::trim);
        let file = cells.next()?.strip_suffix('`')?.to_owned();
        let number = cells.next()?.parse().ok()?;
        (file.ends_with(".rs") && cells.filter(|cell| !cell.is_empty()).count() == 2).then_some((file, number))
    });
    let table: BTreeMap<String, usize> = rows.collect();
    assert!(!table.is_empty(), "the table was found");
    assert_eq!(found, table, "left: what is in the code, right: the table in docs/RELIABILITY.md, file and `unsafe`s");
}

#[test]
fn only_code_is_counted() {
    let text =
        "// unsafe\n#![allow(unsafe_code)]\nlet a = \"unsafe\"; unsafe { f() } // unsafe\nunsafe extern \"C\" {}";
    assert_eq!(count(text), 2);
}
