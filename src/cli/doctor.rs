//! `heart-darts doctor`

use std::path::{Path, PathBuf};

use heart_darts::bench::{Machine, free_space, size};
use heart_darts::database::{Database, Inspection};
use heart_darts::pipeline::default_cache;
use miette::Result;
use serde::Serialize;

use super::print_json;

/// Where data are looked for, besides what is named.
const USUAL: [&str; 2] = ["data", "../shared/data"];

/// Look at this machine: what the processor can do and what of it is used, memory, disks, and the folders of records that can be
/// found, each of which is verified.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  heart-darts doctor
  heart-darts doctor my-records --quick
  heart-darts doctor --json

Without a folder it looks at . and in data and ../shared/data. How fast the machine is: heart-darts bench")]
pub struct Arguments {
    /// Folders of records.
    #[arg(value_name = "DIR")]
    data: Vec<PathBuf>,
    /// Look at headers, annotations and file sizes only.
    #[arg(long)]
    quick: bool,
    /// Print as JSON.
    #[arg(long)]
    json: bool,
}

/// What was found.
#[derive(Debug, Serialize)]
struct Diagnosis {
    version: &'static str,
    machine: Machine,
    disks: Vec<Disk>,
    data: Vec<Data>,
    /// What should be changed.
    advice: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Disk {
    purpose: &'static str,
    path: PathBuf,
    free: Option<u64>,
}

/// A folder of records.
#[derive(Debug, Serialize)]
struct Data {
    path: PathBuf,
    database: Option<String>,
    records: usize,
    left_out: usize,
    beats: u64,
    verified: bool,
    /// Why it cannot be used.
    problem: Option<String>,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let machine = Machine::look();
    let mut disks = vec![disk("here", ".".into())];
    disks.extend(default_cache().map(|cache| disk("prepared beats", cache)));
    let data = folders(&arguments.data).iter().map(|dir| look(dir, !arguments.quick)).collect();
    let mut diagnosis = Diagnosis { version: env!("CARGO_PKG_VERSION"), machine, disks, data, advice: Vec::new() };
    diagnosis.advice = advice(&diagnosis);
    if arguments.json {
        print_json(&diagnosis);
    } else {
        print(&diagnosis);
    }
    Ok(())
}

fn disk(purpose: &'static str, path: PathBuf) -> Disk {
    let free = free_space(&path);
    Disk { purpose, path, free }
}

/// The folders that were named, or those of the usual places that hold records.
fn folders(named: &[PathBuf]) -> Vec<PathBuf> {
    if !named.is_empty() {
        return named.to_vec();
    }
    let inside = |dir: &&str| std::fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut found: Vec<PathBuf> = USUAL.iter().flat_map(inside).chain([".".into()]).collect();
    found.retain(|dir| holds_headers(dir));
    found.sort();
    found
}

fn holds_headers(dir: &Path) -> bool {
    let mut files = std::fs::read_dir(dir).into_iter().flatten().flatten();
    files.any(|file| file.path().extension().is_some_and(|suffix| suffix == "hea"))
}

fn look(dir: &Path, verify: bool) -> Data {
    let mut data =
        Data { path: dir.into(), database: None, records: 0, left_out: 0, beats: 0, verified: false, problem: None };
    let inspection = Database::choose_with_origin(dir, None).and_then(|(database, origin)| {
        data.database = Some(database.name.clone());
        Inspection::new(&database, origin, dir, verify)
    });
    match inspection {
        Ok(inspection) => {
            data.records = inspection.records.len();
            data.left_out = inspection.unusable.len();
            data.beats = inspection.beats.used.total();
            data.verified = inspection.verified;
            data.problem = inspection.usable().err().map(|error| error.to_string());
        }
        Err(error) => data.problem = Some(error.to_string()),
    }
    data
}

fn advice(diagnosis: &Diagnosis) -> Vec<String> {
    /// A search of the paper's supernet holds 0.7 GiB, prepared beats of a database and the rest as much again.
    const MEMORY: u64 = 2 << 30;
    /// Prepared beats of a database and its checkpoints.
    const DISK: u64 = 1 << 30;
    let mut advice = Vec::new();
    let machine = &diagnosis.machine;
    if machine.instructions == "baseline" {
        advice.push(
            "the processor offers neither AVX2 nor NEON: everything works, several times slower than the README says"
                .into(),
        );
    }
    if machine.threads < machine.cores {
        advice.push(format!("{} of {} cores are used: --threads", machine.threads, machine.cores));
    }
    if machine.memory_available < MEMORY {
        let free = size(machine.memory_available);
        advice.push(format!("{free} of memory are free: a search may need 2 GiB; a smaller batch needs less"));
    }
    for disk in &diagnosis.disks {
        if let Some(free) = disk.free.filter(|free| *free < DISK) {
            let (free, path) = (size(free), disk.path.display());
            advice.push(format!("{free} are free at {path}: a run with its prepared beats may need 1 GiB"));
        }
    }
    if diagnosis.data.is_empty() {
        advice.push("no records found: `heart-darts data fetch mitdb --to data/mitdb` gets some".into());
    }
    advice
}

fn print(diagnosis: &Diagnosis) {
    let Machine { processor, instructions, cores, threads, memory, memory_available } = &diagnosis.machine;
    println!("heart-darts   {}", diagnosis.version);
    println!("processor     {processor}, {cores} threads, of which {threads} are used; kernels for {instructions}");
    println!("memory        {}, {} of it free", size(*memory), size(*memory_available));
    for Disk { purpose, path, free } in &diagnosis.disks {
        let free = free.map_or("of unknown space".into(), |free| size(free) + " free");
        println!("disk          {free} for {} ({purpose})", path.display());
    }
    for data in &diagnosis.data {
        let Data { path, database, records, left_out, beats, verified, problem } = data;
        let path = path.display();
        match (database, problem) {
            (_, Some(problem)) => println!("data          {path}: NOT USABLE: {problem}"),
            (database, None) => {
                let name = database.as_deref().unwrap_or("unknown");
                let checked = if *verified { "every sample read, checksums right" } else { "samples not read" };
                println!(
                    "data          {path}: {name}, {records} records ({left_out} left out), {beats} beats; {checked}"
                );
            }
        }
    }
    match diagnosis.advice.as_slice() {
        [] => println!("\nnothing to mend"),
        advice => advice.iter().for_each(|line| println!("\nadvice        {line}")),
    }
}
