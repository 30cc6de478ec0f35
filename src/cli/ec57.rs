//! `heart-darts evaluate --ec57`

use std::path::PathBuf;

use heart_darts::evaluate::ec57::{Options, text};
use heart_darts::model::Model;
use heart_darts::pipeline::{self, Peaks, Tested};
use miette::{IntoDiagnostic, Result};

use super::{evaluate, print_json};

/// Arguments that only a comparison of annotations has.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "EC57")]
pub struct Arguments {
    /// Score annotations beat by beat as ANSI/AAMI EC57 has it, equal to WFDB's bxb: those of files (--test), or those that
    /// MODEL makes with R peaks of its own detector.
    #[arg(long)]
    ec57: bool,
    /// The suffix of the reference annotations, in DIR.
    #[arg(long, value_name = "SUFFIX", default_value = "atr", requires = "ec57")]
    reference: String,
    /// Score the annotation files with this suffix, of whatever program; no model.
    #[arg(long, value_name = "SUFFIX", requires = "ec57")]
    test: Option<String>,
    /// Where the files of --test are. Default: DIR.
    #[arg(long, value_name = "DIR", requires = "test")]
    test_dir: Option<PathBuf>,
    /// The records to compare. Default: all of DIR; with MODEL on the data it was trained on, those of its test part.
    #[arg(long, value_name = "RECORD,RECORD", value_delimiter = ',', requires = "ec57")]
    records: Option<Vec<String>>,
    /// How much is left out at the beginning, as seconds, M:SS or H:MM:SS. EC57: 5:00.
    #[arg(long, value_name = "TIME", default_value = "5:00", value_parser = seconds, requires = "ec57")]
    from: f64,
    /// How far apart a test beat and its reference beat may be, in seconds. EC57: 0.15.
    #[arg(long, value_name = "SECONDS", default_value = "0.15", value_parser = seconds, requires = "ec57")]
    window: f64,
    /// Let MODEL classify the reference's R peaks instead of finding its own: scores the classes alone.
    #[arg(long, requires = "ec57", conflicts_with = "test")]
    reference_peaks: bool,
    /// Keep what MODEL predicts, as annotations (RECORD.hda) and CSV, in this folder.
    #[arg(long, value_name = "DIR", requires = "ec57", conflicts_with = "test")]
    out: Option<PathBuf>,
}

impl Arguments {
    pub fn asked_for(&self) -> bool {
        self.ec57
    }
}

pub fn run(arguments: &Arguments, shared: &evaluate::Arguments) -> Result<()> {
    let work = shared.data.work(false);
    let dir = &shared.data.data;
    let model = shared.model.as_deref().map(Model::read).transpose().into_diagnostic()?;
    let tested = match (&model, &arguments.test) {
        (Some(model), _) => Tested::Model {
            model,
            peaks: match arguments.reference_peaks {
                true => Peaks::Annotated(arguments.reference.clone()),
                false => Peaks::Detected,
            },
            database: shared.data.database(),
            out: arguments.out.as_deref(),
        },
        (None, Some(annotator)) => Tested::Annotations {
            folder: arguments.test_dir.clone().unwrap_or_else(|| dir.clone()),
            annotator: annotator.clone(),
        },
        (None, None) => unreachable!("clap asks for one of them"),
    };
    let options = Options { from: arguments.from, window: arguments.window };
    let records = arguments.records.as_deref();
    let report = pipeline::ec57(dir, records, &arguments.reference, &tested, options, &work).into_diagnostic()?;
    if shared.json {
        print_json(&report)
    } else {
        print!("{}", text::report(&report))
    }
    Ok(())
}

/// `300`, `5:00` and `0:05:00` are the same.
fn seconds(text: &str) -> std::result::Result<f64, String> {
    let wrong = || format!("expected seconds, M:SS or H:MM:SS, such as 5:00, found `{text}`");
    let parts: Vec<&str> = text.split(':').collect();
    let (last, whole) = parts.split_last().ok_or_else(wrong)?;
    if whole.len() > 2 {
        return Err(wrong());
    }
    let mut total = 0.0;
    for part in whole {
        total = 60.0 * total + f64::from(part.parse::<u32>().map_err(|_| wrong())?);
    }
    let last: f64 = last.parse().map_err(|_| wrong())?;
    if !(0.0..1e9).contains(&last) || (!whole.is_empty() && last >= 60.0) {
        return Err(wrong());
    }
    Ok(if whole.is_empty() { last } else { 60.0 * total + last })
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn times_are_read_in_each_form() {
        assert_eq!(
            [seconds("300"), seconds("5:00"), seconds("0:05:00"), seconds("0:00:07.5")].map(Result::unwrap),
            [300.0, 300.0, 300.0, 7.5]
        );
        for wrong in ["", "5:", "5:60", "-1", "1:2:3:4", "five", "nan", "5:-1", "inf"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
