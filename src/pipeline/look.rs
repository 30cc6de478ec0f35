//! What there is to see of what a search or a training left.

use std::path::Path;

use super::config::SearchRun;
use super::strips::{strips, worst};
use super::{Beats, Error, Result, Work, derive, evaluate};
use crate::cell::Genotype;
use crate::evaluate::{Evaluation, Predictions, json};
use crate::model::{Card, Model, ModelSpec, PREDICTIONS};
use crate::report::Strip;
use crate::report::html::{DataSummary, EpochTime, ModelPart, Part, SearchPart, TrainingPart};
use crate::support::files;
use crate::train;

/// So many of the worst beats are shown.
const WORST: usize = 8;

/// The records that models were tested on.
#[derive(Debug, Clone, Copy)]
pub struct Records<'a> {
    /// The folder.
    pub dir: &'a Path,
    /// What it is, if it was said.
    pub database: Option<&'a str>,
    /// How beats are prepared.
    pub work: &'a Work,
}

/// Gathers what a page shows of a folder, or of the log of a training, and calls it `name`. With `records`, a model's worst beats are
/// drawn, and what it said of each beat is computed where its folder does not hold it.
///
/// # Errors
/// When it is neither a search, a model nor a training, or a file in it is damaged. Records of other beats are no error: the page says
/// why something is left out.
pub fn look(path: &Path, name: &str, records: Option<&Records>) -> Result<Part> {
    let run = path.join("run");
    if path.join("model.ron").exists() {
        Ok(Part::Model(Box::new(model(path, name, records)?)))
    } else if path.is_file() {
        Ok(Part::Training(Box::new(training(path, None, name)?)))
    } else if path.join("log.jsonl").exists() {
        // Of a training it may be the folder inside its model's.
        match training(&path.join("log.jsonl"), Some(path), name) {
            Ok(training) => Ok(Part::Training(Box::new(training))),
            Err(_) => Ok(Part::Search(Box::new(search(path, name)?))),
        }
    } else if run.join("log.jsonl").exists() {
        Ok(Part::Training(Box::new(training(&run.join("log.jsonl"), Some(&run), name)?)))
    } else {
        Err(Error::Unfit {
            place: path.display().to_string(),
            found: "neither model.ron nor log.jsonl nor run/log.jsonl".into(),
            expected: "the folder of a model or of a training that goes on (train --out), that of a search (search --out), or the log of a training"
                .into(),
        })
    }
}

fn search(folder: &Path, name: &str) -> Result<SearchPart> {
    let path = folder.join("log.jsonl");
    let log = begun(crate::search::read_log(&path)?, &path)?;
    let genotype = folder.join("genotype.ron");
    let finished = genotype.exists();
    let config = folder.join("config.ron");
    let run: SearchRun = files::read_ron(&config)?;
    Ok(SearchPart {
        name: name.into(),
        folder: folder.display().to_string(),
        settings: settings(&run),
        configuration: files::read_text(&config)?,
        data: data(&folder.join("data.json"))?,
        log,
        timing: timing(folder)?,
        genotype: if finished { Genotype::read(&genotype)? } else { derive(folder, None)? },
        finished,
    })
}

/// Of a training without its model: its log, and what else its run's folder holds.
fn training(path: &Path, run: Option<&Path>, name: &str) -> Result<TrainingPart> {
    let log = begun(train::read_log(path)?, path)?;
    let file = |name: &str| Some(run?.join(name)).filter(|file| file.exists());
    Ok(TrainingPart {
        name: name.into(),
        folder: run.unwrap_or(path).display().to_string(),
        log,
        timing: run.map_or(Ok(Vec::new()), timing)?,
        configuration: file("config.ron").map_or(Ok(String::new()), |file| files::read_text(&file))?,
        data: file("data.json").map(|file| data(&file)).transpose()?,
    })
}

/// A log with an epoch in it.
fn begun<T>(log: Vec<T>, path: &Path) -> Result<Vec<T>> {
    if log.is_empty() {
        return Err(Error::Unfit {
            place: path.display().to_string(),
            found: "no finished epoch".into(),
            expected: "one or more; wait for the first to end".into(),
        });
    }
    Ok(log)
}

/// What matters most of a search's settings.
fn settings(run: &SearchRun) -> Vec<(String, String)> {
    let search = &run.search;
    let (weights, alpha) = (&search.weights, &search.alpha);
    let rows = [
        ("supernet", format!("{} cells, {} channels", search.supernet.layers, search.supernet.channels)),
        ("epochs", format!("{}, alpha fixed in the first {}", search.epochs, search.warm_up)),
        ("batch", format!("{} training and as many validation beats a step", search.batch)),
        ("weights", format!("SGD, learning rate {} to {}", weights.learning_rate, weights.learning_rate_end)),
        ("alpha", format!("Adam, learning rate {}", alpha.learning_rate)),
        (
            "choice of operations",
            match search.perturbation {
                Some(_) => "by what the supernet loses without them (Wang et al. 2021)".into(),
                None => "by alpha".into(),
            },
        ),
        ("seed", search.seed.to_string()),
    ];
    rows.map(|(name, value)| (name.to_owned(), value)).to_vec()
}

fn data(path: &Path) -> Result<DataSummary> {
    Ok(json::parse(&files::read_text(path)?, &path.display().to_string())?)
}

fn timing(run: &Path) -> Result<Vec<EpochTime>> {
    let path = run.join("timing.jsonl");
    if path.exists() { Ok(train::read_log(&path)?) } else { Ok(Vec::new()) }
}

fn model(folder: &Path, name: &str, records: Option<&Records>) -> Result<ModelPart> {
    let model = Model::read(folder)?;
    let evaluation = Evaluation::read(&folder.join("metrics.json"))?;
    let (predictions, worst) = beats(folder, &model, &evaluation, records)?;
    let run = folder.join("run");
    let (log, config, data_file) = (run.join("log.jsonl"), run.join("config.ron"), run.join("data.json"));
    Ok(ModelPart {
        name: name.into(),
        folder: folder.display().to_string(),
        card: Card::of(&model.spec, model.network.store().parameters(), &evaluation),
        log: if log.exists() { train::read_log(&log)? } else { Vec::new() },
        timing: timing(&run)?,
        configuration: if config.exists() { files::read_text(&config)? } else { String::new() },
        data: if data_file.exists() { Some(data(&data_file)?) } else { None },
        cost: model.cost()?,
        spec: model.spec,
        evaluation,
        predictions,
        worst,
    })
}

type Known<T> = std::result::Result<T, String>;

/// What the model said of each test beat, and the worst of them: each, or why it is not known.
fn beats(
    folder: &Path,
    model: &Model,
    evaluation: &Evaluation,
    records: Option<&Records>,
) -> Result<(Known<Predictions>, Known<Vec<Strip>>)> {
    const ADD: &str = "`heart-darts report MODEL --data DIR`, with the records that it was tested on, puts it in";
    let path = folder.join(PREDICTIONS);
    let stored = if path.exists() {
        let predictions = Predictions::read(&path)?;
        predictions.check(evaluation, &path.display().to_string())?;
        Some(predictions)
    } else {
        None
    };
    let Some(records) = records else {
        let missing = format!("{}: there is no {PREDICTIONS}. {ADD}.", folder.display());
        return Ok((stored.ok_or(missing), Err(format!("to draw beats takes the records. {ADD}."))));
    };
    let other = |why: String| {
        let reason = format!("{} does not hold the beats of this test: {why}", records.dir.display());
        tracing::warn!("{}: {reason}", folder.display());
        reason
    };
    let predictions = match stored {
        Some(predictions) => Ok(predictions),
        None => match evaluated(model, evaluation, records) {
            Ok(known) => known.map_err(other),
            // Records of another kind are no reason to show nothing of a model.
            Err(error @ (Error::Interrupted | Error::Candle(_))) => return Err(error),
            Err(error) => Err(other(error.to_string())),
        },
    };
    let worst = match &predictions {
        Ok(predictions) => drawn(&model.spec, predictions, records).map_err(|error| other(error.to_string())),
        Err(reason) => Err(reason.clone()),
    };
    Ok((predictions, worst))
}

fn drawn(spec: &ModelSpec, predictions: &Predictions, records: &Records) -> Result<Vec<Strip>> {
    strips(spec, records.dir, records.database, predictions, &worst(predictions, WORST))
}

fn evaluated(model: &Model, evaluation: &Evaluation, records: &Records) -> Result<Known<Predictions>> {
    let applied = evaluate(model, records.dir, records.database, records.work)?;
    Ok(match applied.beats {
        Beats::Whole => Err("the split of its training is not found again in them".into()),
        Beats::TestPart => match applied.predictions.check(evaluation, &records.dir.display().to_string()) {
            Ok(()) => Ok(applied.predictions),
            Err(error) => Err(error.to_string()),
        },
    })
}
