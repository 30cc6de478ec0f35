//! `heart-darts man`

use std::path::PathBuf;

use clap::CommandFactory;
use miette::{Result, miette};

/// Write the manual as man pages, heart-darts.1 and one for each command.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  heart-darts man ~/.local/share/man/man1
  man heart-darts-search")]
pub struct Arguments {
    /// The folder that they go to.
    dir: PathBuf,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let dir = &arguments.dir;
    let failed = |error| miette!("{}: cannot be written: {error}", dir.display());
    std::fs::create_dir_all(dir).map_err(failed)?;
    clap_mangen::generate_to(super::Arguments::command().disable_help_subcommand(true), dir).map_err(failed)?;
    println!("written to {}", dir.display());
    Ok(())
}
