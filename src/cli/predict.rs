//! `heart-darts predict`

use std::path::PathBuf;
use std::time::{Duration, Instant};

use heart_darts::model::Model;
use heart_darts::pipeline::{self, Input, Peaks, Prediction, Work};
use heart_darts::support::{interrupt, progress};
use heart_darts::wfdb::{CsvFormat, CsvUnits};
use miette::{IntoDiagnostic, Result, miette};

use super::print_json;

/// Classify the beats of recordings. R peaks are those of a record's annotations, or, without them, of a detector. Writes the
/// beats as WFDB annotations, CSV and JSON with the probability of each class.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  heart-darts predict derived-models/mitdb-new-patients data/mitdb/100 --out predictions
  heart-darts predict derived-models/mitdb-new-patients my-records --detect --out predictions
  heart-darts predict derived-models/mitdb-new-patients night.edf --leads 'ECG II,ECG V1' --out predictions
  heart-darts predict derived-models/mitdb-new-patients night.csv --fs 250 --units uV --leads 1,2 --out predictions

The annotation file is predictions/RECORD.hda: symbols N S V F Q, the probability in percent in the NUM field. Not a
medical device.")]
pub struct Arguments {
    /// The folder of the model.
    model: PathBuf,
    /// WFDB records (their path without a suffix), EDF or CSV files, or folders of them.
    #[arg(required = true, value_name = "RECORD|FILE|DIR")]
    records: Vec<PathBuf>,
    /// The folder that the results go to.
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
    /// The suffix of the annotations whose R peaks are used. Default: atr where there is such a file, otherwise the detector.
    #[arg(long, value_name = "SUFFIX")]
    annotator: Option<String>,
    /// Find R peaks by the detector even if there are annotations.
    #[arg(long, conflicts_with = "annotator")]
    detect: bool,
    /// The leads to use instead of the model's, by name or position (of a CSV file, the column), from 0, in the model's order.
    #[arg(long, value_name = "LEAD,LEAD", value_delimiter = ',')]
    leads: Vec<String>,
    /// Samples a second of CSV files.
    #[arg(long, value_name = "HZ", requires = "units")]
    fs: Option<f64>,
    /// The unit of CSV files: V, mV, uV, or the converter's numbers to a millivolt, such as 200/mV.
    #[arg(long, value_name = "UNIT", requires = "fs")]
    units: Option<CsvUnits>,
    /// Print the beats as JSON: of one record an object, of a folder or several records an array.
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let csv = arguments.fs.zip(arguments.units).map(|(frequency, units)| CsvFormat { frequency, units });
    let inputs = Input::all(&arguments.records, csv).into_diagnostic()?;
    let model = Model::read(&arguments.model).into_diagnostic()?;
    let alone = inputs.len() == 1 && arguments.records.iter().all(|path| !path.is_dir());
    let (mut predictions, mut failed) = (Vec::new(), 0);
    for input in &inputs {
        match one(arguments, &model, input) {
            Ok(prediction) => predictions.extend(arguments.json.then_some(prediction)),
            Err(error) if alone || interrupt::requested() => return Err(error),
            // What can be classified is; what cannot be is said where it happens and counted at the end.
            Err(error) => {
                eprintln!("{error:?}");
                failed += 1;
            }
        }
    }
    match predictions.as_slice() {
        _ if !arguments.json => {}
        [prediction] if alone => print_json(prediction),
        predictions => print_json(&predictions),
    }
    if failed > 0 {
        return Err(miette!("{failed} of {} recordings could not be classified, as said above", inputs.len()));
    }
    Ok(())
}

fn one(arguments: &Arguments, model: &Model, input: &Input) -> Result<Prediction> {
    let start = Instant::now();
    let peaks = match &arguments.annotator {
        Some(annotator) => Peaks::Annotated(annotator.clone()),
        None if arguments.detect => Peaks::Detected,
        None => Peaks::AnnotatedOrDetected("atr".into()),
    };
    let work = Work { quiet: progress::is_silent(), ..Work::default() };
    let prediction = pipeline::predict(model, input, &peaks, &arguments.leads, &work).into_diagnostic()?;
    let files = prediction.write(&arguments.out).into_diagnostic()?;
    if !arguments.json {
        println!("{}", prediction.summary());
        println!("{} in {}", length(prediction.seconds), took(start.elapsed()));
        let files = files.map(|file| file.display().to_string());
        println!("written to {}", files.join(", "));
    }
    Ok(prediction)
}

/// Seconds, minutes or hours, with one digit.
fn length(seconds: f64) -> String {
    match seconds {
        s if s < 60.0 => format!("{s:.1} s"),
        s if s < 3600.0 => format!("{:.1} minutes", s / 60.0),
        s => format!("{:.1} hours", s / 3600.0),
    }
}

fn took(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}
