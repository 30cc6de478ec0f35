//! Trains the network of a given genotype on beats of your own, here ones that are made up in memory:
//!
//!     cargo run --release --example train_genotype -- cells/mitdb-perturbation-0.ron
//!
//! Beats that lie in WFDB records need none of this: `heart-darts train` reads them.

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;

use heart_darts::beat::{Beats, Class, Context, RecordInfo, SplitRule};
use heart_darts::cell::Genotype;
use heart_darts::evaluate::{Figures, classify};
use heart_darts::network::{DerivedSpec, InputShape, NetworkSpec};
use heart_darts::support::digests::Digests;
use heart_darts::support::files;
use heart_darts::support::random::Generator;
use heart_darts::train::{Outcome, RunFolder, RunInput, TrainConfig, train};

/// Leads and samples of a beat.
const SHAPE: (usize, usize) = (1, 128);

fn main() -> Result<(), Box<dyn Error>> {
    let cell = std::env::args_os().nth(1).map_or_else(|| "cells/mitdb-perturbation-0.ron".into(), PathBuf::from);
    let beats = Arc::new(beats());
    // Subjects are kept whole, so that the test says something about people who were not learnt from.
    let split = SplitRule::PatientFolds { folds: 4, fold: 0, validation: 0.25, seed: 1 }.apply(&beats)?;
    println!("{}", split.describe());

    let network = NetworkSpec::Derived {
        shape: DerivedSpec { channels: 4, layers: 3, ..DerivedSpec::default() },
        genotype: Genotype::read(&cell)?,
    };
    let input = InputShape { leads: SHAPE.0, samples: SHAPE.1, classes: 5 };
    let config = TrainConfig { epochs: 10, batch: 32, ..TrainConfig::default() };

    // A run's folder holds its log and checkpoints; `RunFolder::resume` goes on with one that was stopped.
    let folder = std::env::temp_dir().join(format!("heart-darts-train-{}", std::process::id()));
    let run = RunFolder::create(
        &folder,
        &RunInput::new(
            files::to_ron(&config),
            &split.summary(),
            Digests::default().with("network", files::to_ron(&network)),
        ),
    )?;
    let network = network.build(&input, &mut Generator::new(config.seed))?;
    let Outcome::Finished(trained) = train(&config, network.as_ref(), &split.training, None, &run, false)? else {
        return Ok(());
    };

    // Test beats are looked at once, with the weights of the epoch that was chosen on validation beats.
    let classified = classify(network.as_ref(), &split.test, None)?;
    let figures = Figures::of(&classified.matrix());
    println!(
        "epoch {}: {:.1} % of {} test beats right",
        trained.epoch,
        100.0 * figures.accuracy.unwrap_or(0.0),
        split.test.len()
    );
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

/// Eight subjects with narrow beats, N, and wide ones, V; of mean 0 and deviation 1, `[beats, leads, samples]`.
fn beats() -> Beats {
    let mut generator = Generator::new(7);
    let mut beats = Beats {
        database: "made up".into(),
        frequency: 128.0,
        leads: SHAPE.0,
        samples: SHAPE.1,
        values: Vec::new(),
        classes: Vec::new(),
        record: Vec::new(),
        position: Vec::new(),
        records: Vec::new(),
        context: Context::default(),
    };
    for subject in 0..8 {
        let name = format!("subject{subject}");
        beats.records.push(RecordInfo { name: name.clone(), subject: name, published: None });
        for beat in 0..50 {
            let (class, width) = if beat % 5 == 0 { (Class::V, 9.0) } else { (Class::N, 3.0) };
            let mut values: Vec<f32> = (0..SHAPE.1)
                .map(|i| (-((i as f32 - 42.0) / width).powi(2)).exp() + 0.05 * generator.normal() as f32)
                .collect();
            heart_darts::signal::standardise(&mut values);
            beats.values.extend(values);
            beats.classes.push(class);
            beats.record.push(subject);
            beats.position.push(100 * beat);
        }
    }
    beats
}
