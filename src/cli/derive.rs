//! `heart-darts derive`

use std::path::PathBuf;

use heart_darts::cell::{Genotype, Named, Origin};
use heart_darts::search::{EpochLine, load_alphas};
use heart_darts::support::files;
use heart_darts::train::read_log;
use miette::{IntoDiagnostic, Result, miette};

/// Derive a genotype from a search: on every edge the strongest operation other than zero, for every node its two
/// strongest edges. Works while the search still runs, and for any epoch that is in its log.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  heart-darts derive runs/search --out cells/mine.ron
  heart-darts derive runs/search --epoch 12 --out cells/epoch-12.ron")]
pub struct Arguments {
    /// The folder of the search.
    run: PathBuf,
    /// Alpha after this epoch, from 1. Default: the checkpoint's.
    #[arg(long, value_name = "N")]
    epoch: Option<usize>,
    /// Where the genotype goes. Default: standard output.
    #[arg(long, value_name = "FILE.ron")]
    out: Option<PathBuf>,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let finished = arguments.run.join("genotype.ron");
    let genotype = match arguments.epoch {
        // A finished search wrote its genotype with its whole origin.
        None if finished.exists() => Genotype::read(&finished).into_diagnostic()?,
        epoch => derive(arguments, epoch)?,
    };
    match &arguments.out {
        Some(path) => {
            genotype.write(path).into_diagnostic()?;
            eprintln!("written to {}", path.display());
        }
        None => print!("{}", genotype.to_ron()),
    }
    Ok(())
}

fn derive(arguments: &Arguments, epoch: Option<usize>) -> Result<Genotype> {
    let path = arguments.run.join("log.jsonl");
    let (alphas, epoch) = match epoch {
        None => load_alphas(&arguments.run.join("checkpoint.safetensors")).into_diagnostic()?,
        Some(epoch) => {
            let log: Vec<EpochLine> = read_log(&path).into_diagnostic()?;
            let last = log.len();
            let line = log.into_iter().find(|line| line.epoch == epoch);
            let line = line.ok_or_else(|| {
                miette!("--epoch: found {epoch}, expected 1 to {last}, the epochs in {}", path.display())
            })?;
            (line.alpha, epoch)
        }
    };
    let config = files::read_text(&arguments.run.join("config.ron")).into_diagnostic()?;
    let configuration = Named { name: "config".into(), digest: files::digest(config.as_bytes()) };
    let origin = Origin { configuration: Some(configuration), epochs: Some(epoch as u64), ..Origin::of_this_crate() };
    Genotype::derive(&alphas[0], &alphas[1], origin).into_diagnostic()
}
