//! Searches cells on synthetic records and prints what was found:
//!
//!     cargo run --release --example search_synthetic
//!
//! A few seconds of a very small supernet; figures on synthetic beats say nothing about hearts.

use std::error::Error;

use heart_darts::beat::{Limits, SplitRule};
use heart_darts::database::synthetic;
use heart_darts::network::SupernetSpec;
use heart_darts::pipeline::{DataConfig, SearchRun, Searched, Work, search};
use heart_darts::search::SearchConfig;
use heart_darts::support::files;
use heart_darts::train::AdamSpec;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::temp_dir().join(format!("heart-darts-search-{}", std::process::id()));
    let records = folder.join("records");
    synthetic::write(&records, &synthetic::Options { subjects: 4, seconds: 120, seed: 1 })?;

    // Every field has the paper's value unless it is given; `heart-darts config sample search` explains each.
    let config = SearchRun {
        data: DataConfig {
            split: SplitRule::Random { test: 0.2, validation: 0.2, stratified: true, seed: 1 },
            limits: Limits { per_class: Some(40), ..Limits::default() },
            ..DataConfig::default()
        },
        search: SearchConfig {
            supernet: SupernetSpec { channels: 4, layers: 3 },
            epochs: 2,
            batch: 40,
            // Few steps: alpha has to move fast to move at all.
            alpha: AdamSpec { learning_rate: 0.03, ..AdamSpec::default() },
            ..SearchConfig::default()
        },
    };
    let found = search(&config, "an example", &records, None, &folder.join("run"), &Work::default())?;
    let Searched::Finished { genotype, log, .. } = found else { return Ok(()) };
    for line in &log {
        println!("epoch {}: {:.1} % of the training beats right", line.epoch, 100.0 * line.training_accuracy);
    }
    // As it stands in a file of `cells/`, to be given to `heart-darts train`.
    println!("{}", files::to_ron(&genotype));
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}
