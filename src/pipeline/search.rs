//! From beats to a genotype.

use std::path::{Path, PathBuf};

use super::config::SearchRun;
use super::data::load;
use super::error::Result;
use super::{Loaded, Work};
use crate::cell::{Genotype, Named, Origin};
use crate::database::Class;
use crate::network::{InputShape, Supernet};
use crate::search::{self, EpochLine, Found, Outcome};
use crate::support::files;
use crate::support::random::Generator;
use crate::train::RunFolder;

/// How a search ended.
#[derive(Debug)]
pub enum Searched {
    /// The genotype, written into the run folder.
    Finished {
        /// The cells.
        genotype: Genotype,
        /// `RUN/genotype.ron`.
        path: PathBuf,
        /// Every epoch.
        log: Vec<EpochLine>,
    },
    /// Ctrl-C; it can be resumed.
    Interrupted,
}

/// Runs a search on a folder of records; `name` is what the genotype calls its configuration.
///
/// # Errors
/// [`super::Error`]
pub fn search(
    config: &SearchRun,
    name: &str,
    dir: &Path,
    database: Option<&str>,
    out: &Path,
    work: &Work,
) -> Result<Searched> {
    config.search.check()?;
    let loaded = load(dir, database, &config.data, work)?;
    let run = begin(out, &loaded, config, work)?;
    let input = loaded.input();
    let supernet = build(config, &input)?;
    let outcome = search::search(&config.search, &supernet, &loaded.training, &run, work.quiet)?;
    let Outcome::Finished(Found { alphas, log }) = outcome else { return Ok(Searched::Interrupted) };
    let origin = origin(config, name, &loaded, &log);
    let genotype = Genotype::derive(&alphas[0], &alphas[1], origin)?;
    let path = out.join("genotype.ron");
    genotype.write(&path)?;
    Ok(Searched::Finished { genotype, path, log })
}

/// The run folder, made or taken up again.
pub(super) fn begin<T: serde::Serialize>(out: &Path, loaded: &Loaded, config: &T, work: &Work) -> Result<RunFolder> {
    let text = files::to_ron(config);
    let data = loaded.record();
    Ok(if work.resume { RunFolder::resume(out, &text, &data)? } else { RunFolder::create(out, &text, &data)? })
}

fn build(config: &SearchRun, input: &InputShape) -> Result<Supernet> {
    Ok(Supernet::new(&config.search.supernet, input, &mut Generator::new(config.search.seed))?)
}

/// Where the cells came from, with the figures of the last epoch.
fn origin(config: &SearchRun, name: &str, loaded: &Loaded, log: &[EpochLine]) -> Origin {
    let figures = log.last().map(|line| {
        [
            ("training_loss", Some(line.training_loss)),
            ("training_accuracy", Some(line.training_accuracy)),
            ("validation_loss", line.validation_loss),
            ("validation_accuracy", line.validation_accuracy),
            ("entropy_normal", Some(line.monitor.entropy[0])),
            ("entropy_reduction", Some(line.monitor.entropy[1])),
        ]
    });
    Origin {
        configuration: Some(Named { name: name.into(), digest: files::digest(files::to_ron(config).as_bytes()) }),
        data: Some(Named { name: loaded.database.name.clone(), digest: loaded.prepared.key.clone() }),
        split: Some(loaded.split.describe().to_owned()),
        seed: Some(config.search.seed),
        epochs: Some(log.len() as u64),
        figures: figures.into_iter().flatten().filter_map(|(name, figure)| Some((name.to_owned(), figure?))).collect(),
        ..Origin::of_this_crate()
    }
}

impl Loaded {
    /// The shape of the networks for these beats.
    pub fn input(&self) -> InputShape {
        let training = self.training.training();
        InputShape { leads: training.leads(), samples: training.samples(), classes: Class::ALL.len() }
    }
}
