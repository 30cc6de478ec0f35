//! `heart-darts evaluate`

use std::path::PathBuf;

use heart_darts::evaluate::text;
use heart_darts::model::Model;
use heart_darts::pipeline;
use heart_darts::report;
use miette::{IntoDiagnostic, Result};

use super::{DataArguments, ec57, print_json};

/// Evaluate a model on a folder of records. On the data it was trained on, the test part of its split is evaluated; on
/// any other, every beat. With --ec57, score annotations against annotations instead.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("tested").args(["model", "test"]).required(true))]
#[command(after_help = "\
Examples:
  heart-darts evaluate derived-models/mitdb-new-patients --data data/mitdb
  heart-darts evaluate derived-models/mitdb-new-patients --data data/svdb --json > svdb.json
  heart-darts evaluate runs/model --data data/mitdb --picture confusion.svg
  heart-darts evaluate --ec57 --data data/mitdb --test qrs --test-dir my-annotations
  heart-darts evaluate --ec57 runs/by-patient --data data/mitdb --out predictions

Records at another rate are resampled to the model's. Keys of --json: docs/JSON.md")]
pub struct Arguments {
    /// The folder of the model.
    pub(super) model: Option<PathBuf>,
    #[command(flatten)]
    pub(super) data: DataArguments,
    /// Draw the confusion matrix (.svg or .png).
    #[arg(long, value_name = "FILE", conflicts_with = "ec57")]
    picture: Option<PathBuf>,
    /// Print the figures as JSON.
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    ec57: ec57::Arguments,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    if arguments.ec57.asked_for() {
        return ec57::run(&arguments.ec57, arguments);
    }
    let Some(model) = &arguments.model else { unreachable!("clap asks for it") };
    let model = Model::read(model).into_diagnostic()?;
    let work = arguments.data.work(false);
    let applied = pipeline::evaluate(&model, &arguments.data.data, arguments.data.database(), &work);
    let evaluation = applied.into_diagnostic()?.evaluation;
    if let Some(path) = &arguments.picture {
        report::confusion(&evaluation.confusion_matrix, "Confusion matrix", path).into_diagnostic()?;
    }
    if arguments.json {
        print_json(&evaluation)
    } else {
        print!("{}", text::evaluation(&evaluation))
    }
    Ok(())
}
