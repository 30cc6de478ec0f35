//! `heart-darts data synthesise`: a synthetic database on disk.

use std::path::PathBuf;

use heart_darts::database::Class;
use heart_darts::database::synthetic::{self, Options};
use miette::IntoDiagnostic;

/// Write a synthetic database: WFDB records of people who do not exist, for trying things out
///
/// The records (MLII and V1, 360 Hz) follow the dynamical ECG model of McSharry et al. 2003, with beats of all five classes
/// N S V F Q, ectopic timing, heart-rate variability and noise. The same options give the same bytes. Figures measured on
/// them show that a program works and say nothing about hearts.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    heart-darts data synthesise --to data/synthetic\n  \
    heart-darts data synthesise --to data/large --subjects 40 --minutes 30 --seed 7\n  \
    heart-darts data inspect data/synthetic\n\n\
    The folder must be empty, new, or hold synthetic records, which are replaced.")]
pub struct Arguments {
    /// The folder to write to
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Subjects, with one record each; classes S, V and F are in every record, Q (paced beats) in every fourth
    #[arg(long, value_name = "N", default_value_t = Options::default().subjects)]
    subjects: usize,
    /// Length of each record in minutes; parts of a minute are allowed
    #[arg(long, value_name = "M", default_value_t = Options::default().seconds as f64 / 60.0)]
    minutes: f64,
    /// Where everything random begins
    #[arg(long, value_name = "S", default_value_t = Options::default().seed)]
    seed: u64,
    /// Print what was written as JSON
    #[arg(long)]
    json: bool,
}

/// Writes the database and says what is in it.
pub fn run(arguments: &Arguments) -> miette::Result<()> {
    let Arguments { to, subjects, minutes, seed, json } = arguments;
    // A negative number or NaN becomes 0 here, which the library refuses with the range.
    let options = Options { subjects: *subjects, seconds: (minutes * 60.0).round() as usize, seed: *seed };
    let made = synthetic::write(to, &options).into_diagnostic()?;
    if *json {
        let seconds = options.seconds;
        println!(
            "{}",
            serde_json::json!({
                "synthetic": true, "folder": to, "records": made.records, "seconds": seconds, "seed": seed, "beats": made.beats,
            })
        );
        return Ok(());
    }
    let beats: Vec<String> =
        Class::ALL.iter().map(|class| format!("{} {}", class.symbol(), made.beats[*class])).collect();
    println!("{}: {subjects} synthetic records of {} s, seed {seed}", to.display(), options.seconds);
    println!("beats: {}", beats.join(", "));
    println!("next:  heart-darts data inspect {}", to.display());
    Ok(())
}
