//! The command line: parse, run, report.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    heart_darts::compute::prepare();
    cli::main()
}
