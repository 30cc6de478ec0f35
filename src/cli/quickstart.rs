//! `heart-darts quickstart`

use std::path::PathBuf;
use std::time::Instant;

use heart_darts::database::Class;
use heart_darts::database::synthetic::{self, Options};
use heart_darts::evaluate::text;
use heart_darts::model::Model;
use heart_darts::pipeline::{self, Input, Peaks, Records, SearchRun, Searched, TrainRun, TrainedModel, Work};
use heart_darts::support::{files, progress};
use miette::{IntoDiagnostic, Result, bail};

use super::{page, pictures, print_json};

const SEARCH: &str = include_str!("../../search-configs/quickstart.ron");
const TRAINING: &str = include_str!("quickstart-training.ron");

/// The whole line on built-in synthetic data: make records, search cells, derive, train, evaluate, predict, draw.
///
/// The records are synthetic: the figures show that the program works and say nothing about hearts.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  heart-darts quickstart --out try-it")]
pub struct Arguments {
    /// The folder that everything goes to; it must be new or empty.
    #[arg(long, value_name = "DIR", default_value = "heart-darts-quickstart")]
    out: PathBuf,
    /// Print the figures of the model as JSON.
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let start = Instant::now();
    let out = &arguments.out;
    if out.read_dir().is_ok_and(|mut entries| entries.next().is_some()) {
        bail!("{}: found a folder that is not empty, expected a new one; name another by --out", out.display());
    }
    let say = |line: String| {
        if !progress::is_silent() {
            eprintln!("{line}")
        }
    };
    let work = Work { quiet: progress::is_silent(), ..Work::default() };
    let path = |name: &str| out.join(name);

    say("1/5  synthetic records".into());
    let made = synthetic::write(&path("records"), &Options::default()).into_diagnostic()?;
    let beats: Vec<String> =
        Class::ALL.iter().map(|&class| format!("{} {}", class.symbol(), made.beats[class])).collect();
    say(format!("     {} records in {}: beats {}", made.records.len(), path("records").display(), beats.join(", ")));

    say("2/5  search".into());
    let config: SearchRun = files::parse_ron(SEARCH, "search-configs/quickstart.ron").into_diagnostic()?;
    let searched = pipeline::search(&config, "quickstart", &path("records"), None, &path("search"), &work);
    let Searched::Finished { genotype, path: cell, log, .. } = searched.into_diagnostic()? else { return Ok(()) };
    let mut drawn = pictures::search(&log, &genotype, &path("search"), "svg")?;

    say("3/5  train the derived network, evaluate it on its test beats".into());
    let config: TrainRun = files::parse_ron(TRAINING, "quickstart-training.ron").into_diagnostic()?;
    let trained =
        pipeline::train(&config, &config.derived(genotype.clone()), &path("records"), None, &path("model"), &work);
    let TrainedModel::Finished { evaluation, log, epoch } = trained.into_diagnostic()? else { return Ok(()) };

    say("4/5  load the model, classify a record".into());
    let model = Model::read(&path("model")).into_diagnostic()?;
    let record = path("records").join(&made.records[0]);
    let peaks = Peaks::Annotated("atr".into());
    let prediction = pipeline::predict(&model, &Input::Wfdb(record), &peaks, &[], &work).into_diagnostic()?;
    prediction.write(&path("predictions")).into_diagnostic()?;
    say(format!("     {}", prediction.summary()));

    say("5/5  pictures, and a page of it all".into());
    drawn.extend(pictures::training(&log, epoch, &evaluation, &path("model"), "svg")?);
    let records = Records { dir: &path("records"), database: None, work: &work };
    let parts = page::parts([(path("search"), "search"), (path("model"), "model")], Some(&records))?;
    page::write(&parts, &path("report.html"))?;
    drawn.insert(0, path("report.html"));
    if arguments.json {
        print_json(&evaluation);
        return Ok(());
    }
    print!("{}", text::evaluation(&evaluation));
    println!("\nThese beats are synthetic: the figures show that the program works and say nothing about hearts.");
    println!("\ndone in {:.0} s; look at:", start.elapsed().as_secs_f64());
    drawn.iter().for_each(|picture| println!("  {}", picture.display()));
    println!("next, with your own records:");
    println!("  heart-darts data inspect DIR");
    println!("  heart-darts cell show {}", cell.display());
    println!("  heart-darts evaluate {} --data DIR", path("model").display());
    Ok(())
}
