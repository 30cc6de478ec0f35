//! `heart-darts data fetch`: a database from PhysioNet.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use heart_darts::database::fetch::{self, Options, Source};
use miette::IntoDiagnostic;

/// Fetch a database from PhysioNet: headers, signals and reference annotations
///
/// Every file is checked against the publisher's SHA-256 list before it gets its name. A download that breaks off goes on
/// from where it was, by itself or when the same command is given again; files that are there and right are left alone.
#[derive(Debug, clap::Args)]
#[command(after_help = "Databases:\n  \
    mitdb     MIT-BIH Arrhythmia, 48 records of 30 min, 2 leads (about 100 MB)\n  \
    incartdb  St Petersburg INCART, 75 records of 30 min, 12 leads (about 800 MB)\n  \
    qtdb      QT, 105 records of 15 min, 2 leads (about 75 MB)\n  \
    svdb      MIT-BIH Supraventricular Arrhythmia, 78 records of 30 min, 2 leads (about 60 MB)\n\n\
    Examples:\n  \
    heart-darts data fetch mitdb --to data/mitdb\n  \
    heart-darts data fetch mitdb --to data/two --records 100,101\n  \
    heart-darts data fetch qtdb --to data/qtdb --base-url https://mirror.example.org/physionet/qtdb/1.0.0/\n\n\
    The environment variables HTTPS_PROXY, HTTP_PROXY and NO_PROXY are respected.")]
pub struct Arguments {
    /// The database
    #[arg(value_parser = PossibleValuesParser::new(Source::ALL.map(|source| source.name)))]
    database: String,
    /// The folder to write to
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Where the files are, for a mirror: the address of the folder that holds SHA256SUMS.txt
    /// [default: https://physionet.org/files/DATABASE/1.0.0/]
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// Only these records, separated by commas
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    records: Option<Vec<String>>,
    /// Print what was done as JSON
    #[arg(long)]
    json: bool,
}

/// Fetches the database and says what is there now.
pub fn run(arguments: &Arguments) -> miette::Result<()> {
    let Arguments { database, to, base_url, records, json } = arguments;
    let source = Source::of(database).ok_or_else(|| miette::miette!("no database {database}"))?;
    let options = Options { base_url: base_url.clone(), records: records.clone(), ..Options::default() };
    let done = fetch::fetch(source, to, &options).into_diagnostic()?;
    if *json {
        println!(
            "{}",
            serde_json::json!({
                "database": source.name, "folder": to, "records": done.records, "files_fetched": done.fetched,
                "files_replaced": done.replaced, "files_present": done.present, "bytes_fetched": done.bytes,
            })
        );
        return Ok(());
    }
    let megabytes = done.bytes as f64 / 1e6;
    println!("{}: {}, {} records, every file as in SHA256SUMS.txt", to.display(), source.title, done.records.len());
    println!("files: {} fetched ({megabytes:.1} MB), {} already there and right", done.fetched, done.present);
    if done.replaced > 0 {
        println!("       {} of those fetched replaced a file that differed from the publisher's", done.replaced);
    }
    println!("licence and how to cite: {}", source.page());
    println!("next:  heart-darts data inspect {}", to.display());
    Ok(())
}
