//! From beats to a genotype.

use std::path::{Path, PathBuf};

use super::config::SearchRun;
use super::data::load;
use super::error::{Error, Result};
use super::{Loaded, Work, memory};
use crate::cell::{Genotype, Named, Origin};
use crate::database::Class;
use crate::evaluate::json;
use crate::network::{InputShape, Network, Supernet};
use crate::search::{self, EpochLine, Found, Outcome};
use crate::support::digests::Digests;
use crate::support::files;
use crate::support::lock::Lock;
use crate::support::random::Generator;
use crate::train::{self, RunFolder, RunInput};

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
        /// What the search was made of.
        digests: Digests,
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
    Lock::check(out).map_err(train::Error::from)?;
    let loaded = load(dir, database, &config.data, work)?;
    search::check_beats(&config.search, &loaded.training)?;
    memory::of_search(&config.search.supernet, &loaded.input(), config.search.batch)?;
    let supernet = build(config, &loaded.input())?;
    computing("a supernet", supernet.store().parameters());
    let run = begin(out, &loaded, config, loaded.digests(), work)?;
    let outcome = search::search(&config.search, &supernet, &loaded.training, &run, work.quiet)?;
    let Outcome::Finished(Found { alphas, log }) = outcome else { return Ok(Searched::Interrupted) };
    let data = Named { name: loaded.database.name.clone(), digest: loaded.prepared.key.clone() };
    let origin = origin(config, name, data, loaded.split.describe(), &log);
    let genotype = Genotype::derive(&alphas[0], &alphas[1], origin)?;
    let path = out.join("genotype.ron");
    genotype.write(&path)?;
    // Which moment it is from depends on when the run was stopped.
    run.forget_previous()?;
    let digests = run.digests().clone().with("genotype", genotype.digest());
    Ok(Searched::Finished { genotype, path, log, digests })
}

/// Says with what is computed.
pub(super) fn computing(what: &str, parameters: usize) {
    let (threads, instructions) = (rayon::current_num_threads(), crate::compute::instructions());
    tracing::info!("{what} of {parameters} parameters on {threads} threads, {instructions}");
}

/// The run folder, made or taken up again.
pub(super) fn begin<T: serde::Serialize>(
    out: &Path,
    loaded: &Loaded,
    config: &T,
    digests: Digests,
    work: &Work,
) -> Result<RunFolder> {
    let input = RunInput::new(files::to_ron(config), &loaded.record(), digests);
    let run = if work.resume { RunFolder::resume(out, &input)? } else { RunFolder::create(out, &input)? };
    Ok(run.with_tensorboard(work.tensorboard))
}

fn build(config: &SearchRun, input: &InputShape) -> Result<Supernet> {
    Ok(Supernet::new(&config.search.supernet, input, &mut Generator::new(config.search.seed))?)
}

/// Derives the cells of a search after an epoch (from 1; `None` is the last finished one) from what is in its folder.
///
/// # Errors
/// When the folder is no search's, or has no such epoch, or alpha has not moved by then; when the search chooses otherwise and
/// no epoch is asked for.
pub fn derive(run: &Path, epoch: Option<usize>) -> Result<Genotype> {
    #[derive(serde::Deserialize)]
    struct Database {
        name: String,
    }
    #[derive(serde::Deserialize)]
    struct Split {
        sentence: String,
    }
    #[derive(serde::Deserialize)]
    struct Data {
        database: Database,
        beats_digest: String,
        split: Split,
    }
    let config: SearchRun = files::read_ron(&run.join("config.ron"))?;
    let path = run.join("data.json");
    let data: Data = json::parse(&files::read_text(&path)?, &path.display().to_string())?;
    let path = run.join("log.jsonl");
    let mut log = search::read_log(&path)?;
    let last = log.len();
    let wanted = epoch.unwrap_or(last);
    if wanted == 0 || wanted > last {
        let expected = if last == 0 { "a finished epoch".into() } else { format!("1 to {last}") };
        return Err(Error::Unfit {
            place: path.display().to_string(),
            found: format!("epoch {wanted} asked for"),
            expected,
        });
    }
    let (warm_up, chooses) = (config.search.warm_up, config.search.perturbation.is_some());
    let (place, found) = (run.display().to_string(), format!("alpha of epoch {wanted}"));
    if chooses && epoch.is_none() {
        let expected = "a finished choice: this search chooses after its last epoch, and writes genotype.ron then; `--epoch` gives \
                        what alpha says";
        return Err(Error::Unfit { place, found, expected: expected.into() });
    }
    if wanted <= warm_up {
        let expected = format!("an epoch after the {warm_up} of warm-up, in which alpha stays what chance made it");
        return Err(Error::Unfit { place, found, expected });
    }
    log.truncate(wanted);
    let Data { database, beats_digest, split } = data;
    let named = Named { name: database.name, digest: beats_digest };
    let origin = origin(&config, "config", named, &split.sentence, &log);
    let [normal, reduction] = &log[wanted - 1].alpha;
    Ok(Genotype::derive(normal, reduction, origin)?)
}

/// Where the cells came from, with the figures of the last epoch.
fn origin(config: &SearchRun, name: &str, data: Named, split: &str, log: &[EpochLine]) -> Origin {
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
        data: Some(data),
        split: Some(split.into()),
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
        InputShape { leads: training.channels(), samples: training.samples(), classes: Class::ALL.len() }
    }
}
