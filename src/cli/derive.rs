//! `heart-darts derive`

use std::path::{Path, PathBuf};

use heart_darts::cell::Genotype;
use heart_darts::pipeline;
use miette::{IntoDiagnostic, Result};

/// Derive a genotype from a search: on every edge the strongest operation other than zero, for every node its two
/// strongest edges. Works while the search still runs, and for any epoch after the warm-up that is in its log; a search that chooses
/// by perturbation, as `search-configs/fast.ron`, writes its genotype itself when it has chosen.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  heart-darts derive runs/search --out cells/mine.ron
  heart-darts derive runs/search --epoch 12 --out cells/epoch-12.ron")]
pub struct Arguments {
    /// The folder of the search.
    run: PathBuf,
    /// Alpha after this epoch, from 1. Default: the last one that is finished.
    #[arg(long, value_name = "N")]
    epoch: Option<usize>,
    /// Where the genotype goes. Default: standard output.
    #[arg(long, value_name = "FILE.ron")]
    out: Option<PathBuf>,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let finished = arguments.run.join("genotype.ron");
    let genotype = match arguments.epoch {
        // A finished search wrote its genotype, with the name of its configuration.
        None if finished.exists() => Genotype::read(&finished).into_diagnostic()?,
        epoch => pipeline::derive(&arguments.run, epoch).into_diagnostic()?,
    };
    write(&genotype, arguments.out.as_deref())
}

/// Writes a genotype to a file, or else to standard output.
pub fn write(genotype: &Genotype, out: Option<&Path>) -> Result<()> {
    match out {
        Some(path) => {
            genotype.write(path).into_diagnostic()?;
            eprintln!("written to {}", path.display());
        }
        None => print!("{}", genotype.to_ron()),
    }
    Ok(())
}
