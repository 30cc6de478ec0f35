//! `heart-darts search`

use std::path::{Path, PathBuf};

use heart_darts::pipeline::{self, SearchRun, Searched};
use miette::{IntoDiagnostic, Result};

use super::{Curves, DataArguments, pictures, print_json};

/// Search cells: a supernet's weights learn from training beats and its architecture from validation beats, in turn. The
/// run folder gets the configuration as resolved, a line an epoch in log.jsonl, a checkpoint, and at the end genotype.ron.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  heart-darts search search-configs/fast.ron --data data/mitdb --out runs/search
  heart-darts search search-configs/fast.ron --data data/mitdb --out runs/search --resume
  heart-darts config sample search > my-search.ron                a commented configuration to start from

Ctrl-C stops at the next batch with a checkpoint; --resume goes on and ends with the same bytes as an unbroken run.")]
pub struct Arguments {
    /// The configuration (RON): which beats, which supernet, how long.
    config: PathBuf,
    #[command(flatten)]
    data: DataArguments,
    /// The folder of the run.
    #[arg(long, value_name = "RUN")]
    out: PathBuf,
    /// Instead of the configuration's.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Go on with the run in RUN.
    #[arg(long)]
    resume: bool,
    /// Print the genotype and the log as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    curves: Curves,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let mut config = SearchRun::read(&arguments.config).into_diagnostic()?;
    config.search.seed = arguments.seed.unwrap_or(config.search.seed);
    let name = stem(&arguments.config);
    let work = arguments.curves.of(arguments.data.work(arguments.resume));
    let database = arguments.data.database();
    let searched = pipeline::search(&config, &name, &arguments.data.data, database, &arguments.out, &work);
    let out = arguments.out.display();
    let searched = searched.into_diagnostic()?;
    if let Searched::Finished { genotype, log, .. } = &searched {
        pictures::search(log, genotype, &arguments.out, "svg")?;
    }
    match searched {
        Searched::Interrupted => {
            eprintln!("stopped with a checkpoint in {out}; the same command with --resume goes on");
        }
        Searched::Finished { genotype, log, digests, .. } if arguments.json => {
            print_json(&serde_json::json!({ "digests": digests, "genotype": genotype, "log": log }));
        }
        Searched::Finished { genotype, path, .. } => {
            print!("{}", genotype.to_ron());
            println!("\nwritten to {}\nnext:", path.display());
            println!("  heart-darts cell show {} --svg cells.svg", path.display());
            println!(
                "  heart-darts train {} --data {} --out runs/model",
                path.display(),
                arguments.data.data.display()
            );
        }
    }
    Ok(())
}

/// A file's name without its suffix.
pub(super) fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}
