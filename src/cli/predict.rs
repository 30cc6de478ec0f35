//! `heart-darts predict`

use std::path::PathBuf;

use heart_darts::model::Model;
use heart_darts::pipeline::{self, Peaks};
use miette::{IntoDiagnostic, Result};

use super::print_json;

/// Classify the beats of one WFDB record. R peaks are those of the record's annotations, or, without them, of a detector.
/// Writes the beats as WFDB annotations and as CSV with the probability of each class.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  heart-darts predict derived-models/mitdb-fast data/mitdb/100 --out predictions
  heart-darts predict derived-models/mitdb-fast my-records/night1 --detect --out predictions

The annotation file is predictions/RECORD.hda: symbols N S V F Q, the probability in percent in the NUM field. Not a
medical device.")]
pub struct Arguments {
    /// The folder of the model.
    model: PathBuf,
    /// The record: its path without a suffix.
    record: PathBuf,
    /// The folder that the results go to.
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
    /// The suffix of the annotations whose R peaks are used. Default: atr where there is such a file, otherwise the detector.
    #[arg(long, value_name = "SUFFIX")]
    annotator: Option<String>,
    /// Find R peaks by the detector even if there are annotations.
    #[arg(long, conflicts_with = "annotator")]
    detect: bool,
    /// The leads to use instead of the model's, by name or position, in the model's order.
    #[arg(long, value_name = "LEAD,LEAD", value_delimiter = ',')]
    leads: Vec<String>,
    /// Print the beats as JSON.
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let model = Model::read(&arguments.model).into_diagnostic()?;
    let peaks = match &arguments.annotator {
        Some(annotator) => Peaks::Annotated(annotator.clone()),
        None if arguments.detect => Peaks::Detected,
        None => Peaks::AnnotatedOrDetected("atr".into()),
    };
    let prediction = pipeline::predict(&model, &arguments.record, &peaks, &arguments.leads).into_diagnostic()?;
    let [annotations, table] = prediction.write(&arguments.out).into_diagnostic()?;
    if arguments.json {
        print_json(&prediction);
        return Ok(());
    }
    println!("{}", prediction.summary());
    println!("written to {} and {}", annotations.display(), table.display());
    Ok(())
}
