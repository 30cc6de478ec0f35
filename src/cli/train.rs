//! `heart-darts train`

use std::path::PathBuf;

use heart_darts::cell::Genotype;
use heart_darts::evaluate::text;
use heart_darts::network::{Baseline, NetworkSpec};
use heart_darts::pipeline::{self, TrainRun, TrainedModel};
use miette::{IntoDiagnostic, Result, miette};

use super::{Curves, DataArguments, pictures, print_json};

/// Train a network whose cells are a genotype's, or one designed by hand, from random weights, and evaluate it on the test
/// part of the split. The genotype may have been searched on another database, with another rate, other leads, another window.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  heart-darts train cells/mitdb-perturbation-0.ron --data data/mitdb --out runs/model
  heart-darts train --baseline cnn-9 --data data/mitdb --out runs/cnn-9
  heart-darts train cells/mitdb-perturbation-0.ron --data data/qtdb --out runs/qt --epochs 20
  heart-darts train cells/mitdb-perturbation-0.ron --data my-records --database my-records.ron --out runs/mine
  heart-darts config sample train > my-training.ron               a commented configuration for --config

The epoch is chosen on validation beats; test beats are looked at once, at the end. Ctrl-C stops at the next batch with a
checkpoint; --resume goes on and ends with the same bytes as an unbroken run.")]
pub struct Arguments {
    /// The genotype (RON).
    #[arg(required_unless_present = "baseline")]
    cell: Option<PathBuf>,
    /// Instead of a genotype a network designed by hand.
    #[arg(long, value_name = "NAME", conflicts_with = "cell", value_parser = Baseline::NAMES)]
    baseline: Option<String>,
    #[command(flatten)]
    data: DataArguments,
    /// The folder of the model.
    #[arg(long, value_name = "MODEL")]
    out: PathBuf,
    /// The configuration (RON). Default: the paper's.
    #[arg(long, value_name = "FILE.ron")]
    config: Option<PathBuf>,
    /// Instead of the configuration's.
    #[arg(long, value_name = "N")]
    epochs: Option<usize>,
    /// Instead of the configuration's.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Go on with the run in MODEL.
    #[arg(long)]
    resume: bool,
    /// Print the figures as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    curves: Curves,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let mut config: TrainRun = match &arguments.config {
        Some(path) => TrainRun::read(path).into_diagnostic()?,
        None => TrainRun::default(),
    };
    let origin =
        arguments.config.as_ref().map_or("the paper's configuration".into(), |path| path.display().to_string());
    config.training.epochs = arguments.epochs.unwrap_or(config.training.epochs);
    config.training.seed = arguments.seed.unwrap_or(config.training.seed);
    config.training.check().map_err(|error| miette!("{origin}: training.{error}"))?;
    let network = match (&arguments.cell, arguments.baseline.as_deref().and_then(Baseline::named)) {
        (_, Some(baseline)) => NetworkSpec::Baseline(baseline),
        (Some(cell), None) => config.derived(Genotype::read(cell).into_diagnostic()?),
        (None, None) => return Err(miette!("expected a genotype or --baseline")),
    };
    let work = arguments.curves.of(arguments.data.work(arguments.resume));
    let (data, database) = (&arguments.data.data, arguments.data.database());
    let trained = pipeline::train(&config, &network, data, database, &arguments.out, &work).into_diagnostic()?;
    let out = arguments.out.display();
    if let TrainedModel::Finished { evaluation, log, epoch } = &trained {
        pictures::training(log, *epoch, evaluation, &arguments.out, "svg")?;
    }
    match trained {
        TrainedModel::Interrupted => {
            eprintln!("stopped with a checkpoint in {out}; the same command with --resume goes on");
        }
        TrainedModel::Finished { evaluation, .. } if arguments.json => print_json(&evaluation),
        TrainedModel::Finished { evaluation, .. } => {
            print!("{}", text::evaluation(&evaluation));
            println!("\nwritten to {out}\nnext:");
            println!("  heart-darts evaluate {out} --data {}", data.display());
            println!("  heart-darts predict {out} {}/RECORD --out predictions", data.display());
        }
    }
    Ok(())
}
