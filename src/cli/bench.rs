//! `heart-darts bench`: how fast this machine is.

use std::num::NonZeroUsize;

use clap::error::ErrorKind;
use clap::{Args, ValueEnum};
use heart_darts::bench::{self, Measured, Peak, Rates, Setup};
use miette::IntoDiagnostic;

/// Measure beats per second on this machine, with random beats and weights.
///
/// search-step is a step of the search (alpha by a validation batch, weights by a training batch; supernet of 8 cells),
/// train-step a step of training (network of 15 cells), inference its evaluation, latency its evaluation for one beat. peak is
/// what the machine could do at most: multiplications and additions, reading from memory and from the second-level cache.
/// Without a workload the first four run. Figures of a busy machine mean little.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  heart-darts bench
  heart-darts bench search-step --threads 1 --json
  heart-darts bench train-step --channels 8 --batch 64 --repetitions 20
  heart-darts bench peak")]
pub struct Arguments {
    /// What to measure. Default: all but peak.
    #[arg(value_name = "WORKLOAD")]
    workload: Option<Workload>,
    /// Channels of a node in the first cell. Default: 16.
    #[arg(long, value_name = "N")]
    channels: Option<NonZeroUsize>,
    /// Beats a step; latency always has one. Default: 100 for a search, 256 otherwise.
    #[arg(long, value_name = "N")]
    batch: Option<NonZeroUsize>,
    /// Cells in the network. Default: 8 for a search, 15 otherwise.
    #[arg(long, value_name = "N")]
    layers: Option<NonZeroUsize>,
    /// Samples of a beat. Default: 300.
    #[arg(long, value_name = "N")]
    samples: Option<NonZeroUsize>,
    /// Steps of which the median counts, after three to warm up; for latency 40 times as many. For peak, twenty turns
    /// each, of which the best counts. Default: 5.
    #[arg(long, value_name = "N")]
    repetitions: Option<NonZeroUsize>,
    /// Print a JSON object a workload, each on its line.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, ValueEnum)]
enum Workload {
    SearchStep,
    TrainStep,
    Inference,
    Latency,
    Peak,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> miette::Result<()> {
    let sizes = [arguments.channels, arguments.batch, arguments.layers, arguments.samples];
    let repetitions = arguments.repetitions.map_or(Setup::default().repetitions, usize::from);
    let workloads = match arguments.workload {
        Some(Workload::Peak) if sizes.iter().any(Option::is_some) => {
            wrong_use("peak has no --channels, --batch, --layers and --samples")
        }
        Some(Workload::Latency) if arguments.batch.is_some_and(|batch| batch.get() > 1) => {
            wrong_use("latency is that of one beat; for a larger --batch measure inference")
        }
        Some(Workload::Peak) => {
            match bench::peak(repetitions) {
                Some(peak) if arguments.json => print_line(&peak)?,
                Some(peak) => print_peak(&peak),
                None => {}
            }
            return Ok(());
        }
        None => bench::Workload::ALL.to_vec(),
        Some(Workload::SearchStep) => vec![bench::Workload::SearchStep],
        Some(Workload::TrainStep) => vec![bench::Workload::TrainStep],
        Some(Workload::Inference) => vec![bench::Workload::Inference],
        Some(Workload::Latency) => vec![bench::Workload::Latency],
    };
    let default = Setup::default();
    let setup = Setup {
        channels: arguments.channels.map_or(default.channels, usize::from),
        batch: arguments.batch.map(usize::from),
        layers: arguments.layers.map(usize::from),
        samples: arguments.samples.map_or(default.samples, usize::from),
        repetitions,
    };
    for (i, workload) in workloads.into_iter().enumerate() {
        let Some(measured) = bench::measure(workload, &setup).into_diagnostic()? else { break };
        if arguments.json {
            print_line(&measured)?;
        } else {
            print_measured(&measured, i == 0);
        }
    }
    Ok(())
}

/// Says so and ends the program with exit code 2.
fn wrong_use(message: &str) -> ! {
    clap::Error::raw(ErrorKind::ArgumentConflict, format!("{message}\n")).exit()
}

fn print_line(value: &impl serde::Serialize) -> miette::Result<()> {
    println!("{}", serde_json::to_string(value).into_diagnostic()?);
    Ok(())
}

fn print_measured(measured: &Measured, first: bool) {
    if first {
        println!(
            "{}, {} threads, {} channels, {} samples",
            measured.peer, measured.threads, measured.channels, measured.samples
        );
        println!(
            "{:<12} {:>5} {:>6} {:>10} {:>10} {:>10} {:>10} {:>9} {:>8}",
            "workload", "cells", "batch", "beats/s", "ms a step", "min", "max", "GFLOP/s", "MiB"
        );
    }
    let milliseconds = |seconds: f64| format!("{:.2}", 1e3 * seconds);
    let memory = measured.peak_memory_bytes.map_or("-".into(), |bytes| format!("{}", bytes >> 20));
    println!(
        "{:<12} {:>5} {:>6} {:>10.1} {:>10} {:>10} {:>10} {:>9.1} {memory:>8}",
        measured.workload.name(),
        measured.layers,
        measured.batch,
        measured.samples_per_s,
        milliseconds(measured.seconds),
        milliseconds(measured.min),
        milliseconds(measured.max),
        measured.gflop_per_s,
    );
}

fn print_peak(peak: &Peak) {
    println!("{}, {} threads", peak.peer, peak.threads);
    println!("{:<38} {:>10} {:>11}", "at most", "one thread", "all threads");
    let line = |name: &str, rates: Rates| println!("{name:<38} {:>10.1} {:>11.1}", rates.one_thread, rates.all_threads);
    line("multiplications and additions, GFLOP/s", peak.fma_gflop_per_s);
    line("reading from memory, GB/s", peak.memory_read_gb_per_s);
    line("reading from second-level cache, GB/s", peak.l2_read_gb_per_s);
}
