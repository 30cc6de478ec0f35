//! The commands, one file each: arguments in, one call into the library, what is printed.

mod bench;
mod cell;
mod completions;
mod config;
mod data;
mod derive;
mod doctor;
mod ec57;
mod evaluate;
mod fit;
mod man;
mod page;
mod pictures;
mod predict;
mod quickstart;
mod report;
mod search;
mod study;
mod train;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use heart_darts::support::{interrupt, progress};

/// Exit code after Ctrl-C.
const INTERRUPTED: u8 = 130;

/// Searches a neural architecture for heartbeat classification on your ECG records, and trains, evaluates and applies the
/// network that was found.
#[derive(Debug, Parser)]
#[command(
    version,
    arg_required_else_help = true,
    after_help = "\
All at once:
  heart-darts fit DIR --out runs/mine                           plan for this machine, search, train, evaluate

Step by step:
  heart-darts data inspect DIR                                  what is there, before anything long starts
  heart-darts search search-configs/fast.ron --data DIR --out runs/search
  heart-darts train runs/search/genotype.ron --data DIR --out runs/model
  heart-darts evaluate runs/model --data DIR
  heart-darts predict runs/model DIR/100 --out predictions
  heart-darts report runs/search runs/model --data DIR          all of it on one page, report.html

Try it without any data:  heart-darts quickstart"
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Threads to compute with; results are the same with any number. Default: every core.
    #[arg(long, global = true, value_name = "N")]
    threads: Option<std::num::NonZeroUsize>,
    /// Show no progress; warnings and errors stay.
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Say what is done and how long it takes; twice, in more detail. HEART_DARTS_LOG chooses by module, as in RUST_LOG.
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The whole line on built-in synthetic data, in under two minutes.
    Quickstart(quickstart::Arguments),
    /// From a folder of annotated records to a model, planned for this machine.
    Fit(fit::Arguments),
    /// Fetch, look at and make databases.
    Data(data::Arguments),
    /// Search cells on a folder of records.
    Search(search::Arguments),
    /// Derive a genotype from a search, finished or not.
    Derive(derive::Arguments),
    /// Show and check genotypes.
    Cell(cell::Arguments),
    /// Train a network from a genotype, on the database of the search or another.
    Train(train::Arguments),
    /// Train several networks from several seeds and compare them.
    Study(study::Arguments),
    /// Show what runs and models reached, on a page and as pictures.
    Report(report::Arguments),
    /// Evaluate a model, or score annotations as EC57 has it.
    Evaluate(evaluate::Arguments),
    /// Classify the beats of a record.
    Predict(predict::Arguments),
    /// Print configurations to start from.
    Config(config::Arguments),
    /// Measure how fast this machine is.
    Bench(bench::Arguments),
    /// Look at this machine: processor, memory, disks, and the data that can be found.
    Doctor(doctor::Arguments),
    /// Print what makes a shell complete these commands.
    Completions(completions::Arguments),
    /// Write the manual as man pages.
    Man(man::Arguments),
}

/// Parses, runs, reports; the one place that knows of exit codes: 0 done, 1 failed, 2 wrong use, 130 after Ctrl-C.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    log(arguments.verbose);
    if arguments.quiet {
        progress::silence();
    }
    // An error of the library says everything by itself, its causes included.
    // Setting the hook fails only when there is one already.
    let _ = miette::set_hook(Box::new(|_| Box::new(miette::MietteHandlerOpts::new().without_cause_chain().build())));
    end_with_the_reader();
    interrupt::listen();
    if let Some(threads) = arguments.threads {
        // Nothing has computed yet, so the pool is not built.
        let _ = rayon::ThreadPoolBuilder::new().num_threads(threads.get()).build_global();
    }
    // On a thread of the pool: work that is shared out from elsewhere wakes one and waits for it, thousands of times a step.
    let done = rayon::scope(|_| run(&arguments.command));
    match done {
        Ok(()) if interrupt::requested() => ExitCode::from(INTERRUPTED),
        Ok(()) => ExitCode::SUCCESS,
        Err(report) => {
            eprintln!("{report:?}");
            if interrupt::requested() { ExitCode::from(INTERRUPTED) } else { ExitCode::FAILURE }
        }
    }
}

/// What is said on standard error: warnings, and with `--verbose` what is done.
fn log(verbose: u8) {
    let of_ours = ["warn", "warn,heart_darts=info", "warn,heart_darts=debug"][usize::from(verbose.min(2))];
    let filter = tracing_subscriber::EnvFilter::try_from_env("HEART_DARTS_LOG").unwrap_or_else(|_| of_ours.into());
    // https://no-color.org: any value that is not empty; and no colours for a file.
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) || !std::io::stderr().is_terminal();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(!plain)
        .without_time()
        .with_target(false)
        .init();
}

/// Ends quietly when whoever reads the output has gone, as in `heart-darts cell show FILE | head`: Rust's `print!` panics then. (To
/// let SIGPIPE end the process would end it at a server's closed connection, too.)
fn end_with_the_reader() {
    /// What a shell makes of SIGPIPE.
    const GONE: i32 = 128 + 13;
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let message = panic.payload().downcast_ref::<String>().map(String::as_str).unwrap_or_default();
        if message.starts_with("failed printing to stdout") && message.contains("Broken pipe") {
            std::process::exit(GONE);
        }
        default(panic);
    }));
}

fn run(command: &Command) -> miette::Result<()> {
    match command {
        Command::Quickstart(arguments) => quickstart::run(arguments),
        Command::Fit(arguments) => fit::run(arguments),
        Command::Data(arguments) => data::run(arguments),
        Command::Search(arguments) => search::run(arguments),
        Command::Derive(arguments) => derive::run(arguments),
        Command::Cell(arguments) => cell::run(arguments),
        Command::Train(arguments) => train::run(arguments),
        Command::Study(arguments) => study::run(arguments),
        Command::Report(arguments) => report::run(arguments),
        Command::Evaluate(arguments) => evaluate::run(arguments),
        Command::Predict(arguments) => predict::run(arguments),
        Command::Config(arguments) => config::run(arguments),
        Command::Bench(arguments) => bench::run(arguments),
        Command::Doctor(arguments) => doctor::run(arguments),
        Command::Completions(arguments) => completions::run(arguments),
        Command::Man(arguments) => man::run(arguments),
    }
}

/// Arguments of every command that reads beats.
#[derive(Debug, clap::Args)]
struct DataArguments {
    /// The folder of the records.
    #[arg(long, value_name = "DIR")]
    data: std::path::PathBuf,
    #[command(flatten)]
    preparation: Preparation,
}

impl DataArguments {
    fn work(&self, resume: bool) -> heart_darts::pipeline::Work {
        self.preparation.work(resume)
    }

    /// What the records are, if it was said.
    fn database(&self) -> Option<&str> {
        self.preparation.database.as_deref()
    }
}

/// Where the curves of a run can be seen while it goes on.
#[derive(Debug, clap::Args)]
struct Curves {
    /// Also write the figures of each epoch as TensorBoard event files into the run's folder.
    #[arg(long)]
    tensorboard: bool,
}

impl Curves {
    fn of(&self, work: heart_darts::pipeline::Work) -> heart_darts::pipeline::Work {
        heart_darts::pipeline::Work { tensorboard: self.tensorboard, ..work }
    }
}

/// How a folder of records becomes beats.
#[derive(Debug, clap::Args)]
struct Preparation {
    /// What the records are: mitdb, incartdb, qtdb, svdb, synthetic, or a RON file that describes them. Default: DIR's own
    /// database.ron, or what DIR looks like.
    #[arg(long, value_name = "NAME|FILE.ron")]
    database: Option<String>,
    /// Where prepared beats are kept, so that the next command starts at once.
    #[arg(long, value_name = "DIR", env = "HEART_DARTS_CACHE")]
    cache: Option<std::path::PathBuf>,
    /// Keep no prepared beats.
    #[arg(long, conflicts_with = "cache")]
    no_cache: bool,
}

impl Preparation {
    fn work(&self, resume: bool) -> heart_darts::pipeline::Work {
        let quiet = progress::is_silent();
        let cache = self.cache.clone().or_else(heart_darts::pipeline::default_cache).filter(|_| !self.no_cache);
        heart_darts::pipeline::Work { resume, quiet, cache, tensorboard: false }
    }
}

/// Prints a value as JSON.
fn print_json(value: &impl serde::Serialize) {
    print!("{}", heart_darts::evaluate::json::to_text(value));
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::Arguments;

    /// The commands in a text: lines that begin with the program's name, without what a shell would make of the rest and without
    /// the remark behind them.
    fn commands(text: &str) -> Vec<Vec<String>> {
        let lines = text.lines().map(str::trim_start).filter(|line| line.starts_with("heart-darts "));
        lines
            .map(|line| {
                let end = [" > ", " | ", " && ", "   ", " #"].iter().filter_map(|mark| line.find(mark)).min();
                words(&line[..end.unwrap_or(line.len())])
            })
            .collect()
    }

    /// Words, of which some are in single quotes.
    fn words(line: &str) -> Vec<String> {
        let mut quoted = false;
        let divided = |c: char| {
            quoted ^= c == '\'';
            c == ' ' && !quoted
        };
        line.split(divided).filter(|word| !word.is_empty()).map(|word| word.replace('\'', "")).collect()
    }

    fn check(text: &str, place: &str) -> usize {
        let commands = commands(text);
        for command in &commands {
            if let Err(error) = Arguments::try_parse_from(command) {
                let shown = matches!(
                    error.kind(),
                    clap::error::ErrorKind::DisplayHelp | clap::error::ErrorKind::DisplayVersion
                );
                assert!(shown, "{place}: {}\n{error}", command.join(" "));
            }
        }
        commands.len()
    }

    /// Every command that a help text shows, and every command has a help text with some.
    #[test]
    fn the_commands_in_help_texts_are_right() {
        fn walk(command: &clap::Command) {
            for inner in command.get_subcommands() {
                walk(inner);
            }
            let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let found = check(&after, command.get_name());
            assert!(found > 0 || command.has_subcommands(), "{} shows no example", command.get_name());
        }
        walk(&Arguments::command());
        Arguments::command().debug_assert();
    }

    #[test]
    fn the_commands_in_the_documents_are_right() {
        for (name, least) in [
            ("README.md", 15),
            ("docs/JSON.md", 0),
            ("docs/WALKTHROUGH.md", 8),
            ("docs/RELIABILITY.md", 0),
            ("benches/RESULTS.md", 0),
            ("paper-repro/README.md", 2),
            ("paper-repro/heart-darts/README.md", 8),
        ] {
            let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
            // A line that goes on is one command.
            let text = std::fs::read_to_string(&path).unwrap();
            let text: String = text.split("\\\n").map(|part| part.trim_start_matches(' ')).collect();
            let found = check(&text, name);
            assert!(found >= least, "{name}: {found} commands");
        }
    }
}
