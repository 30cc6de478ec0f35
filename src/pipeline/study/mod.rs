//! Several networks trained on the same beats from several seeds, and what they reached side by side.

mod result;
mod table;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use self::result::{StudyResult, StudyTraining};
pub use self::table::{Spread, StudyRow, markdown, table};
use super::Work;
use super::config::{DataConfig, TrainRun};
use super::error::{Error, Result, configured};
use super::memory;
use super::train::{TrainedModel, train};
use crate::beat::SplitRule;
use crate::cell::Genotype;
use crate::evaluate::Evaluation;
use crate::model::Model;
use crate::network::{Baseline, DerivedSpec, InputShape, NetworkSpec};
use crate::support::files;
use crate::train::TrainConfig;

/// A study: a table whose rows are networks, each trained from several seeds on the same beats.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Study {
    /// What the table shows, as its heading.
    pub title: String,
    /// The beats of all rows.
    #[serde(default)]
    pub data: DataConfig,
    /// The training of all rows; its seed is replaced by each of `seeds`.
    #[serde(default)]
    pub training: TrainConfig,
    /// Seeds of weights and order of beats. Default 0, 1 and 2.
    #[serde(default = "three")]
    pub seeds: Vec<u64>,
    /// With a `PatientFolds` split: whether every fold is trained, so that each patient is tested once, and figures are of all test
    /// beats together (cross-validation by patient). Default false, the one fold that the split names.
    #[serde(default)]
    pub every_fold: bool,
    /// Whether each seed draws the split anew, so that the deviation over seeds has in it what the draw of test beats does. Default
    /// false: all seeds have the split that is named, and can be compared beat by beat.
    #[serde(default)]
    pub redraw: bool,
    /// The networks.
    pub rows: Vec<Row>,
}

fn three() -> Vec<u64> {
    vec![0, 1, 2]
}

/// A row of a study.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// Its name, from which its folder is named as well.
    pub name: String,
    /// What is trained.
    pub network: RowNetwork,
    /// What a paper reports for it.
    #[serde(default)]
    pub published: Option<Published>,
    /// The row whose published figures this one's are compared with, for a variant of it that no paper has.
    #[serde(default)]
    pub compared_with: Option<String>,
    /// Other beats than the study's, for a study of how beats are made.
    #[serde(default)]
    pub data: Option<DataConfig>,
    /// Another training than the study's, for a study of how networks are trained.
    #[serde(default)]
    pub training: Option<TrainConfig>,
    /// Other seeds than the study's.
    #[serde(default)]
    pub seeds: Option<Vec<u64>>,
    /// Why it has not been run, where something stands in the way; the table says so as long as it has no figures.
    #[serde(default)]
    pub not_run: Option<String>,
}

/// The network of a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum RowNetwork {
    /// A derived network of a genotype file, whose path is relative to the study's. `{seed}` in it stands for the seed, for cells
    /// that were searched from each.
    Cells {
        /// The file.
        genotype: String,
        /// Width, depth, shortcuts.
        #[serde(default)]
        shape: DerivedSpec,
    },
    /// A derived network of cells drawn at random, others from each seed.
    RandomCells {
        /// Width, depth, shortcuts.
        #[serde(default)]
        shape: DerivedSpec,
    },
    /// A network designed by hand.
    Baseline(Baseline),
}

/// Figures of a paper, in percent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Published {
    /// Accuracy.
    pub accuracy: f64,
    /// Macro sensitivity.
    pub sensitivity: f64,
    /// Macro positive predictivity.
    pub positive_predictivity: f64,
    /// F1 from the two.
    pub f1: f64,
}

impl Study {
    /// Reads a study and checks what can be checked before anything is trained.
    ///
    /// # Errors
    /// When the file is no study, a genotype cannot be read, two rows would have the same folder, or a row is compared with one of
    /// which nothing is published, or has published figures of its own besides.
    pub fn read(path: &Path) -> Result<Self> {
        let study: Self = files::read_ron(path)?;
        study.training.check().map_err(configured(path, "training."))?;
        study.data.check(path, "data.")?;
        for row in &study.rows {
            if let Some(training) = &row.training {
                training.check().map_err(configured(path, format!("row {:?}: training.", row.name)))?;
            }
            if let Some(data) = &row.data {
                data.check(path, &format!("row {:?}: data.", row.name))?;
            }
        }
        let unfit = |found: String, expected: &str| {
            Err(Error::Unfit { place: path.display().to_string(), found, expected: expected.into() })
        };
        let mut slugs = HashSet::new();
        for row in &study.rows {
            let slug = row.folder();
            if slug.is_empty() || !slugs.insert(slug) {
                return unfit(format!("a row named {:?}", row.name), "names that differ in letters or digits");
            }
            if let Some(other) = &row.compared_with {
                let found = format!("{:?} compared with {other:?}", row.name);
                if row.published.is_some() {
                    return unfit(format!("{found}, and published figures of its own"), "one of the two");
                }
                if study.published_beside(row).is_none() {
                    return unfit(found, "the name of a row with published figures");
                }
            }
            let seeds = study.seeds(row);
            if seeds.is_empty() {
                return unfit(format!("no seeds for {:?}", row.name), "at least one");
            }
            for &seed in seeds {
                let network = row.network(path, seed)?;
                let place = || format!("row {:?}: network: ", row.name);
                network.check().map_err(configured(path, place()))?;
                // The smallest input: what this is too large for, it is too large for with any beats.
                let training = row.training.as_ref().unwrap_or(&study.training);
                memory::of_training(&network, &InputShape { leads: 1, samples: 16, classes: 5 }, 2.min(training.batch))
                    .map_err(configured(path, format!("row {:?}: ", row.name)))?;
            }
        }
        let by_fold =
            |row: &Row| matches!(row.data.as_ref().unwrap_or(&study.data).split, SplitRule::PatientFolds { .. });
        if let Some(row) = study.rows.iter().find(|row| study.every_fold && !by_fold(row)) {
            return unfit(
                format!("every_fold, and row {:?} without folds", row.name),
                "a PatientFolds split, or every_fold: false",
            );
        }
        if study.rows.is_empty() { unfit("no rows".into(), "at least one") } else { Ok(study) }
    }

    /// The trainings of all rows, to change them together.
    pub fn trainings_mut(&mut self) -> impl Iterator<Item = &mut TrainConfig> {
        self.rows.iter_mut().filter_map(|row| row.training.as_mut()).chain([&mut self.training])
    }

    /// The seeds of a row.
    pub fn seeds<'a>(&'a self, row: &'a Row) -> &'a [u64] {
        row.seeds.as_deref().unwrap_or(&self.seeds)
    }

    /// The published figures that a row is compared with: its own, or those of the row that it names.
    fn published_beside(&self, row: &Row) -> Option<Published> {
        let of_other = |name: &String| self.rows.iter().find(|row| row.name == *name)?.published;
        row.published.or_else(|| row.compared_with.as_ref().and_then(of_other))
    }

    /// Trains what is not trained yet of the rows that `wanted` names, or of all when it is empty, into `out/ROW/seed-N`, or
    /// `seed-N/fold-K` where every fold is trained: the first seed of every row, then the second. What was stopped is resumed, what is done is not done again. `None` after
    /// Ctrl-C.
    ///
    /// # Errors
    /// [`Error`]; what was trained before stays.
    pub fn run(
        &self,
        path: &Path,
        wanted: &[String],
        (dir, database): (&Path, Option<&str>),
        out: &Path,
        work: &Work,
        mut done: impl FnMut(&StudyResult),
    ) -> Result<Option<Vec<StudyResult>>> {
        if let Some(unknown) = wanted.iter().find(|name| !self.rows.iter().any(|row| row.name == **name)) {
            let names: Vec<&str> = self.rows.iter().map(|row| row.name.as_str()).collect();
            let (place, found) = (path.display().to_string(), format!("no row {unknown:?}"));
            return Err(Error::Unfit { place, found, expected: format!("one of {}", names.join(", ")) });
        }
        let rows: Vec<&Row> = self.rows.iter().filter(|row| wanted.is_empty() || wanted.contains(&row.name)).collect();
        let most = rows.iter().map(|row| self.seeds(row).len()).max().unwrap_or_default();
        let mut results = Vec::new();
        for turn in 0..most {
            for row in &rows {
                let Some(&seed) = self.seeds(row).get(turn) else { continue };
                let Some(result) = self.train(path, row, seed, (dir, database), out, work)? else { return Ok(None) };
                done(&result);
                results.push(result);
            }
        }
        // Row by row, as the table has them.
        let place = |result: &StudyResult| rows.iter().position(|row| row.name == result.row);
        results.sort_by_key(place);
        Ok(Some(results))
    }

    fn train(
        &self,
        path: &Path,
        row: &Row,
        seed: u64,
        (dir, database): (&Path, Option<&str>),
        out: &Path,
        work: &Work,
    ) -> Result<Option<StudyResult>> {
        let mut trainings = Vec::new();
        for (model, data) in self.trainings(row, seed, out) {
            let config = TrainRun {
                data,
                training: TrainConfig { seed, ..row.training.as_ref().unwrap_or(&self.training).clone() },
                ..TrainRun::default()
            };
            let network = row.network(path, seed)?;
            let work = Work { resume: model.join("run").join("config.ron").exists(), ..work.clone() };
            let trained = train(&config, &network, dir, database, &model, &work)?;
            let TrainedModel::Finished { evaluation, log, epoch } = trained else { return Ok(None) };
            trainings.push(StudyTraining::new(model, evaluation, &log, epoch));
        }
        Ok(Some(StudyResult::new(row, seed, trainings)))
    }

    /// Where the trainings of a seed of a row go, and the beats of each: one, or one for each fold.
    fn trainings(&self, row: &Row, seed: u64, out: &Path) -> Vec<(PathBuf, DataConfig)> {
        let mut data = row.data.clone().unwrap_or_else(|| self.data.clone());
        if self.redraw {
            data.split = data.split.with_seed(seed);
        }
        let model = out.join(row.folder()).join(format!("seed-{seed}"));
        match data.split {
            SplitRule::PatientFolds { folds, validation, seed, .. } if self.every_fold => {
                let of_fold = |fold| {
                    let split = SplitRule::PatientFolds { folds, fold, validation, seed };
                    (model.join(format!("fold-{fold}")), DataConfig { split, ..data.clone() })
                };
                (0..folds).map(of_fold).collect()
            }
            _ => vec![(model, data)],
        }
    }

    /// What a folder of this study holds already, row by row.
    ///
    /// # Errors
    /// When a model there cannot be read.
    pub fn results(&self, out: &Path) -> Result<Vec<StudyResult>> {
        let mut results = Vec::new();
        for row in &self.rows {
            for &seed in self.seeds(row) {
                let models: Vec<PathBuf> = self.trainings(row, seed, out).into_iter().map(|(model, _)| model).collect();
                if !models.iter().all(|model| model.join("model.ron").exists()) {
                    continue;
                }
                let read = |model: PathBuf| {
                    let evaluation = Box::new(Evaluation::read(&model.join("metrics.json"))?);
                    let epoch = Model::read(&model)?.spec.origin.epoch.0;
                    let log = crate::train::read_log(&model.join("run").join("log.jsonl"))?;
                    Ok(StudyTraining::new(model, evaluation, &log, epoch))
                };
                let trainings = models.into_iter().map(read).collect::<Result<Vec<_>>>()?;
                results.push(StudyResult::new(row, seed, trainings));
            }
        }
        Ok(results)
    }
}

impl Row {
    /// The folder of its trainings: its name's letters and digits in lower case, what lies between as hyphens.
    pub fn folder(&self) -> String {
        let words = self.name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-")
    }

    fn network(&self, study: &Path, seed: u64) -> Result<NetworkSpec> {
        Ok(match &self.network {
            RowNetwork::Cells { genotype, shape } => {
                let file = genotype.replace("{seed}", &seed.to_string());
                let file = study.parent().unwrap_or(Path::new("")).join(file);
                NetworkSpec::Derived { shape: *shape, genotype: Genotype::read(&file)? }
            }
            RowNetwork::RandomCells { shape } => {
                NetworkSpec::Derived { shape: *shape, genotype: Genotype::random(seed) }
            }
            RowNetwork::Baseline(baseline) => NetworkSpec::Baseline(*baseline),
        })
    }
}
