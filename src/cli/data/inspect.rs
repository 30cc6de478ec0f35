//! `heart-darts data inspect`: what a folder of records holds, before compute is spent on it.

use std::path::{Path, PathBuf};

use heart_darts::database::{DESCRIPTION_FILE, Database, Error, Inspection, Origin};
use heart_darts::support::files;
use heart_darts::{pipeline, report};
use miette::IntoDiagnostic;

/// Show what a folder of WFDB records holds: records, subjects, leads, beats by class, and what cannot be used and why
///
/// Every sample of the leads is read, so that damaged files come to light now and not after hours of search. Numbers that
/// somebody published for a known database stand beside the ones found.
///
/// How the folder is read (leads, rate, window, classes, trimming, subjects) comes from a description: the one that
/// --database names; otherwise the folder's own `database.ron`; otherwise, when the folder looks like one, a built-in one:
/// mitdb, incartdb, qtdb, svdb, synthetic. For any other folder a description is made up from the headers and printed, to be
/// corrected and saved as `database.ron` there.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    heart-darts data inspect data/mitdb\n  \
    heart-darts data inspect data/mitdb --json > mitdb.json\n  \
    heart-darts data inspect data/mitdb --picture beats.svg\n  \
    heart-darts data inspect my-records --database my-database.ron\n  \
    heart-darts config sample database > my-records/database.ron\n\n\
    Exit code 1 when records are damaged or none can be used; the rest is printed all the same.")]
pub struct Arguments {
    /// The folder with RECORDS, .hea, .dat and .atr files
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// How to read it: mitdb, incartdb, qtdb, svdb, synthetic, or the path of a description in RON
    #[arg(long, value_name = "NAME|FILE.ron")]
    database: Option<String>,
    /// Look at headers, annotations and file sizes only
    #[arg(long)]
    quick: bool,
    /// Print as JSON
    #[arg(long)]
    json: bool,
    /// Also draw the beats that can be used, mean and single ones of each class on each lead, into this file: .svg or .png
    #[arg(long, value_name = "FILE")]
    picture: Option<PathBuf>,
}

/// Looks and prints.
pub fn run(arguments: &Arguments) -> miette::Result<()> {
    let dir = &arguments.dir;
    let (description, origin) = choose(dir, arguments.database.as_deref()).into_diagnostic()?;
    let inspection = Inspection::new(&description, origin, dir, !arguments.quick).into_diagnostic()?;
    if arguments.json {
        crate::cli::print_json(&inspection);
    } else {
        print!("{inspection}");
        print_next(&inspection, dir, arguments.database.as_deref());
    }
    inspection.usable().into_diagnostic()?;
    if let Some(picture) = &arguments.picture {
        let (panels, scale) = pipeline::panels(dir, &inspection.database).into_diagnostic()?;
        let title = format!("Beats of {}, baseline removed", inspection.database.name);
        report::beats(&panels, &scale, &title, picture).into_diagnostic()?;
    }
    Ok(())
}

/// A folder that nobody knows is read by a guess, here only: looking costs nothing, training on a guess might.
fn choose(dir: &Path, choice: Option<&str>) -> Result<(Database, Origin), Error> {
    match Database::choose_with_origin(dir, choice) {
        Err(Error::Unrecognised { .. }) => Ok((Database::propose(dir)?, Origin::Proposed)),
        chosen => chosen,
    }
}

fn print_next(inspection: &Inspection, dir: &Path, choice: Option<&str>) {
    if inspection.origin == Origin::Proposed {
        let path = dir.join(DESCRIPTION_FILE);
        println!("\nThe description that was made up; correct it and save it as {}:\n", path.display());
        print!("{}", files::to_ron(&inspection.database));
    } else if inspection.usable().is_ok() {
        let database = choice.map(|choice| format!(" --database {choice}")).unwrap_or_default();
        let dir = dir.display();
        println!("\nNext\n  heart-darts search search-configs/fast.ron --data {dir}{database} --out runs/first");
    }
}
