//! Malformed files of every kind, over two hundred of them, each wrong in its own way: an error and no panic, whose text names
//! the file, the place in it, what was found and what was expected.
//!
//! The tables name a sound text, a part of it and what stands there instead; the rest is the same for all.

#[path = "fuzz/entries.rs"]
mod entries;

mod malformed {
    mod annotations;
    mod configurations;
    mod edf;
    mod headers;
    mod models;
    mod records;
    mod runs;
    pub mod tally;

    pub fn all(tally: &mut tally::Tally) {
        headers::run(tally);
        records::run(tally);
        annotations::run(tally);
        edf::run(tally);
        configurations::run(tally);
        models::run(tally);
        runs::run(tally);
    }
}

use malformed::tally::Tally;

/// The least that this promises.
const PROMISED: usize = 200;

#[test]
fn every_malformed_file_is_explained() {
    let mut tally = Tally::default();
    malformed::all(&mut tally);
    let (all, kinds) = tally.finish();
    println!("{all} malformed files: {kinds}");
    assert!(all >= PROMISED, "{all} malformed files, expected at least {PROMISED}: {kinds}");
}
