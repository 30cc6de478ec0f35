//! `heart-darts data`: getting records, making them, looking at them.

mod fetch;
mod inspect;
mod synthesise;

/// Get ECG records, make synthetic ones, and look at what a folder holds
#[derive(Debug, clap::Args)]
#[command(after_help = "A first look:\n  \
    heart-darts data synthesise --to data/synthetic\n  \
    heart-darts data inspect data/synthetic")]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Inspect(inspect::Arguments),
    Fetch(fetch::Arguments),
    Synthesise(synthesise::Arguments),
}

/// Runs the chosen one.
pub fn run(arguments: &Arguments) -> miette::Result<()> {
    match &arguments.command {
        Command::Inspect(arguments) => inspect::run(arguments),
        Command::Fetch(arguments) => fetch::run(arguments),
        Command::Synthesise(arguments) => synthesise::run(arguments),
    }
}
