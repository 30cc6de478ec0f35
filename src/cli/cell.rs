//! `heart-darts cell`: looking at genotype files and checking them.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use heart_darts::cell::{CellKind, Counts, Genotype, Place, Shape, counts, draw};
use heart_darts::support::files;
use miette::IntoDiagnostic;
use serde::Serialize;

/// Look at a genotype file (the two cells that a search found), or check one.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print both cells, where they came from and what their network costs; draw them.
    ///
    /// Each line is a node: the sum of its two edges, an edge as `operation(from)`. c_{k-2} is the output of the cell before
    /// the previous one, c_{k-1} of the previous cell; the output of a cell is all its nodes side by side. Parameters and
    /// multiply-adds are of the network that `train` would build from the cells for the given beats.
    #[command(after_help = "Examples:
  heart-darts cell show cells/mitdb-perturbation-0.ron
  heart-darts cell show cells/mitdb-perturbation-0.ron --svg cells.svg --png cells.png
  heart-darts cell show cells/mitdb-perturbation-0.ron --dot cells.dot && dot -Tpdf cells.dot -o cells.pdf
  heart-darts cell show cells/mitdb-perturbation-0.ron --leads 1 --samples 250 --json")]
    Show(Show),
    /// Check genotype files: the first mistake of each, with its line, column and what would be right.
    ///
    /// Checked are the syntax, the version, the names of operations, that every node takes from two different earlier places,
    /// that zero was not chosen and that both cells have as many nodes. Exit code 1 if any file is wrong.
    #[command(after_help = "Examples:
  heart-darts cell check my-cell.ron
  heart-darts cell check cells/*.ron")]
    Check(Check),
    /// Draw cells at random from the space that a search chooses from: what searched cells have to beat.
    #[command(after_help = "Example:
  heart-darts cell random --seed 3 --out cells/random-3.ron")]
    Random(Random),
}

#[derive(Debug, Args)]
struct Random {
    /// Another seed, other cells.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Where the genotype goes. Default: standard output.
    #[arg(long, value_name = "FILE.ron")]
    out: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct Show {
    /// The genotype file.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Draw both cells as SVG.
    #[arg(long, value_name = "OUT")]
    svg: Option<PathBuf>,
    /// Draw both cells as PNG, 1920 pixels wide.
    #[arg(long, value_name = "OUT")]
    png: Option<PathBuf>,
    /// Write both cells as Graphviz text.
    #[arg(long, value_name = "OUT")]
    dot: Option<PathBuf>,
    /// Print JSON instead of text.
    #[arg(long)]
    json: bool,
    /// Channels of a node in the first cell.
    #[arg(long, value_name = "N", default_value_t = Shape::DERIVED.channels)]
    channels: usize,
    /// Cells in the network.
    #[arg(long, value_name = "N", default_value_t = Shape::DERIVED.layers)]
    layers: usize,
    /// Leads of a beat.
    #[arg(long, value_name = "N", default_value_t = Shape::DERIVED.leads)]
    leads: usize,
    /// Samples of a beat.
    #[arg(long, value_name = "N", default_value_t = Shape::DERIVED.samples)]
    samples: usize,
}

#[derive(Debug, Args)]
struct Check {
    /// The genotype files.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
}

/// What `cell show --json` prints.
#[derive(Serialize)]
struct Shown<'a> {
    genotype: &'a Genotype,
    shape: Shape,
    counts: &'a Counts,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> miette::Result<()> {
    match &arguments.command {
        Command::Show(show) => run_show(show),
        Command::Check(check) => run_check(check),
        Command::Random(Random { seed, out }) => super::derive::write(&Genotype::random(*seed), out.as_deref()),
    }
}

fn run_show(show: &Show) -> miette::Result<()> {
    let genotype = Genotype::read(&show.file).into_diagnostic()?;
    let Show { leads, samples, channels, layers, .. } = *show;
    let shape = Shape { leads, samples, channels, layers, ..Shape::DERIVED };
    let counts = counts(&genotype, &shape).into_diagnostic()?;
    if let Some(path) = &show.svg {
        draw::write_svg(&genotype, path).into_diagnostic()?;
    }
    if let Some(path) = &show.png {
        draw::write_png(&genotype, path).into_diagnostic()?;
    }
    if let Some(path) = &show.dot {
        let text = draw::dot(&genotype).into_diagnostic()?;
        files::write_atomic(path, text.as_bytes()).into_diagnostic()?;
    }
    if show.json {
        let shown = Shown { genotype: &genotype, shape, counts: &counts };
        println!("{}", serde_json::to_string_pretty(&shown).into_diagnostic()?);
        return Ok(());
    }
    for kind in CellKind::ALL {
        println!("{kind} cell");
        for (node, inputs) in genotype.cell(kind).nodes.iter().enumerate() {
            let edge = |i: usize| format!("{}({})", inputs[i].operation, Place::from_index(inputs[i].from));
            println!("  {node} = {:<16} + {}", edge(0), edge(1));
        }
    }
    print_origin(&genotype);
    print_counts(&counts, &shape);
    for path in [&show.svg, &show.png, &show.dot].into_iter().flatten() {
        println!("wrote {}", path.display());
    }
    Ok(())
}

fn print_origin(genotype: &Genotype) {
    let origin = &genotype.origin;
    let named = |named: &Option<heart_darts::cell::Named>| {
        named.as_ref().map(|it| format!("{} (sha256 {})", it.name, it.digest.get(..12).unwrap_or(&it.digest)))
    };
    let lines = [
        ("note", origin.note.clone()),
        ("configuration", named(&origin.configuration)),
        ("data", named(&origin.data)),
        ("split", origin.split.clone()),
        ("seed", origin.seed.map(|seed| seed.to_string())),
        ("epochs", origin.epochs.map(|epochs| epochs.to_string())),
        ("heart-darts", origin.crate_version.clone()),
    ];
    println!("origin");
    let known = lines.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let figures = origin.figures.iter().map(|(name, value)| (name.as_str(), format!("{value}")));
    let mut nothing = true;
    for (name, value) in known.chain(figures) {
        nothing = false;
        println!("  {name:<22} {value}");
    }
    if nothing {
        println!("  not given in the file");
    }
}

fn print_counts(counts: &Counts, shape: &Shape) {
    let Shape { leads, samples, channels, layers, classes } = shape;
    println!(
        "network of {layers} cells, {channels} initial channels, for beats of {leads} leads x {samples} samples, {classes} \
         classes"
    );
    println!("  {:<22} {:>12} {:>14} {:>9} {:>8}", "", "parameters", "multiply-adds", "channels", "samples");
    let line = |name: &str, count: heart_darts::cell::Count, tail: String| {
        let text = format!("  {name:<22} {:>12} {:>14}{tail}", count.parameters, count.multiply_adds);
        println!("{}", text.trim_end());
    };
    line("preprocessing", counts.stem, String::new());
    for (index, cell) in counts.cells.iter().enumerate() {
        let tail = format!(" {:>9} {:>8}", cell.channels, cell.samples);
        line(&format!("cell {index:>2} {}", cell.kind), cell.count, tail);
    }
    line("head", counts.head, String::new());
    let total = heart_darts::cell::Count { parameters: counts.parameters, multiply_adds: counts.multiply_adds };
    line("total", total, String::new());
}

fn run_check(check: &Check) -> miette::Result<()> {
    let mut wrong = 0;
    for file in &check.files {
        match Genotype::read(file) {
            Ok(_) => println!("{}: right", file.display()),
            Err(error) => {
                wrong += 1;
                eprintln!("{error}");
            }
        }
    }
    let all = check.files.len();
    if wrong > 0 {
        miette::bail!("{wrong} of {all} genotype files are wrong");
    }
    Ok(())
}
