//! `heart-darts study`

use std::path::PathBuf;

use heart_darts::pipeline::{Study, StudyResult, markdown, table};
use heart_darts::support::{files, progress};
use heart_darts::train;
use miette::{IntoDiagnostic, Result, miette};

use super::{Curves, Preparation, pictures, print_json};

/// Train several networks on the same beats from several seeds, and put what they reached side by side: searched cells, random
/// cells, networks designed by hand. Figures are means and deviations over seeds, never the best of several.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  heart-darts study paper-repro/heart-darts/studies/table-6-2-lead.ron --data data/mitdb --out runs/table-6
  heart-darts study paper-repro/heart-darts/studies/table-6-2-lead.ron --data data/mitdb --out runs/table-6 --row CNN-9
  heart-darts study paper-repro/heart-darts/studies/table-6-2-lead.ron --out runs/table-6 --table     what is done so far

Each training is a model folder of its own, OUT/ROW/seed-N (with `every_fold: true`, which tests every patient once, OUT/ROW/\
seed-N/fold-K). Ctrl-C stops with a checkpoint; the same command goes on where it
stopped, and does nothing again that is done. The table goes to OUT/table.md and OUT/table.json.")]
pub struct Arguments {
    /// The study (RON): which networks, which beats, which seeds.
    study: PathBuf,
    /// The folder of the records.
    #[arg(long, value_name = "DIR", required_unless_present = "table")]
    data: Option<PathBuf>,
    #[command(flatten)]
    preparation: Preparation,
    /// The folder of the models and the table.
    #[arg(long, value_name = "OUT")]
    out: PathBuf,
    /// Only this row; may be given again.
    #[arg(long = "row", value_name = "NAME")]
    rows: Vec<String>,
    /// Instead of the study's.
    #[arg(long, value_name = "N")]
    epochs: Option<usize>,
    /// Instead of the study's, such as 0,1,2.
    #[arg(long, value_name = "N", value_delimiter = ',')]
    seeds: Vec<u64>,
    /// Train nothing: the table of what is done.
    #[arg(long)]
    table: bool,
    /// Print the table as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    curves: Curves,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let mut study = Study::read(&arguments.study).into_diagnostic()?;
    for training in study.trainings_mut() {
        training.epochs = arguments.epochs.unwrap_or(training.epochs);
        training.check().map_err(|error| miette!("{}: training.{error}", arguments.study.display()))?;
    }
    if !arguments.seeds.is_empty() {
        study.seeds.clone_from(&arguments.seeds);
        study.rows.iter_mut().for_each(|row| row.seeds = None);
    }
    if let Some(data) = arguments.data.as_deref().filter(|_| !arguments.table) {
        let work = arguments.curves.of(arguments.preparation.work(false));
        let source = (data, arguments.preparation.database.as_deref());
        let done = |result: &StudyResult| say(result);
        let finished =
            study.run(&arguments.study, &arguments.rows, source, &arguments.out, &work, done).into_diagnostic()?;
        for training in finished.iter().flatten().flat_map(|result| &result.trainings) {
            let log: Vec<train::EpochLine> =
                train::read_log(&training.model.join("run").join("log.jsonl")).into_diagnostic()?;
            pictures::training(&log, training.epoch.0, &training.evaluation, &training.model, "svg")?;
        }
        if finished.is_none() {
            eprintln!("stopped with a checkpoint; the same command goes on");
        }
    }
    let results = study.results(&arguments.out).into_diagnostic()?;
    let rows = table(&study, &results);
    let text = markdown(&study, &rows);
    files::write_atomic(&arguments.out.join("table.md"), text.as_bytes()).into_diagnostic()?;
    let json = heart_darts::evaluate::json::to_text(&rows);
    files::write_atomic(&arguments.out.join("table.json"), json.as_bytes()).into_diagnostic()?;
    if arguments.json {
        print_json(&rows);
    } else {
        print!("{text}");
    }
    Ok(())
}

fn say(result: &StudyResult) {
    if progress::is_silent() {
        return;
    }
    let percent = |value: Option<f64>| value.map_or("-".into(), |value| format!("{:.2} %", 100.0 * value));
    let (StudyResult { row, seed, trainings, .. }, figures) = (result, result.figures());
    let (accuracy, f1) = (percent(figures.accuracy), percent(figures.f1_of_macro_means));
    let trained = match &trainings[..] {
        [one] => format!("epoch {} of {}", one.epoch.0, one.epoch.1),
        folds => format!("{} folds", folds.len()),
    };
    eprintln!("{row}, seed {seed}: accuracy {accuracy}, F1 {f1}, {trained}");
}
