//! `heart-darts config`

use clap::{Subcommand, ValueEnum};
use miette::Result;

/// Print configurations to start from.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print a commented configuration; every value in it is explained.
    #[command(after_help = "\
Examples:
  heart-darts config sample search > my-search.ron
  heart-darts config sample train > my-training.ron
  heart-darts config sample --for fit
  heart-darts config sample database > my-records/database.ron")]
    Sample {
        /// What it configures.
        #[arg(value_enum, default_value_t = Sample::Search)]
        kind: Sample,
        /// The same, said otherwise.
        #[arg(long = "for", value_enum, value_name = "KIND", conflicts_with = "kind")]
        purpose: Option<Sample>,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Sample {
    /// The paper's search, for `search`.
    #[value(alias = "paper")]
    Search,
    /// A search of less than half an hour on two cores, for `search`.
    Fast,
    /// The search of `quickstart`.
    Quickstart,
    /// The paper's training, for `train --config`.
    Train,
    /// A plan, for `fit`.
    Fit,
    /// The description of a folder of records, for `--database`.
    Database,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let Command::Sample { kind, purpose } = arguments.command;
    print!(
        "{}",
        match purpose.unwrap_or(kind) {
            Sample::Search => include_str!("../../search-configs/paper.ron"),
            Sample::Fast => include_str!("../../search-configs/fast.ron"),
            Sample::Quickstart => include_str!("../../search-configs/quickstart.ron"),
            Sample::Train => include_str!("../pipeline/train-sample.ron"),
            Sample::Fit => include_str!("../pipeline/fit/plan-sample.ron"),
            Sample::Database => heart_darts::database::sample(),
        }
    );
    Ok(())
}
