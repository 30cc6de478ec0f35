//! What will be done, as a file that a person reads and changes.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::budget::{self, Amounts, Estimate};
use super::{Speed, Survey};
use crate::database::Class;
use crate::pipeline::{DataConfig, Result, SearchRun, TrainRun};
use crate::signal::Preprocessing;
use crate::support::files::{self, FileError};

/// A search and a training of one folder of records: `plan.ron`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Version of this form, 1.
    pub version: u32,
    /// What the records are: a built-in name or the file of a description; `None` for what the folder says itself.
    pub database: Option<String>,
    /// The search.
    pub search: SearchRun,
    /// The training of the network that it finds.
    pub training: TrainRun,
}

impl Plan {
    /// The version that this program writes.
    pub const VERSION: u32 = 1;

    /// What fits about so many minutes on a machine of this speed, and what it is expected to take.
    pub fn new(survey: &Survey, speed: &Speed, minutes: f64) -> (Self, Estimate) {
        let amounts = Amounts {
            training: survey.split.training.training().class_counts(),
            validation: survey.split.training.validation().len(),
            test: survey.split.test.len(),
            bytes: 4 * survey.beats.values.len() as u64,
        };
        let (search, searched, search_seconds) = budget::search(minutes, speed, &amounts);
        let (training, trained, training_seconds) = budget::training(minutes, speed, &amounts);
        // What a beat is to its patient says more of new patients than the beat does; by beat, every patient is known already.
        let by_patient = survey.rule.is_by_patient();
        let preprocessing = Preprocessing { rhythm: by_patient, template: by_patient, ..Preprocessing::default() };
        let data = |limits| DataConfig {
            preprocessing: preprocessing.clone(),
            split: survey.rule.clone(),
            limits,
            allow_absent_classes: !survey.absent.is_empty(),
            ..DataConfig::default()
        };
        let estimate = Estimate {
            search: search_seconds,
            training: training_seconds,
            memory: budget::memory(speed, &amounts, search.batch.max(training.batch)),
        };
        let plan = Self {
            version: Self::VERSION,
            database: survey.database.clone(),
            search: SearchRun { data: data(searched), search },
            training: TrainRun { data: data(trained), training, ..TrainRun::default() },
        };
        (plan, estimate)
    }

    /// Reads a plan and checks what can be checked before anything starts.
    ///
    /// # Errors
    /// When the file is no plan, or a number in it is out of range.
    pub fn read(path: &Path) -> Result<Self> {
        let text = files::read_text(path)?;
        let plan: Self = files::parse_ron(&text, &path.display().to_string())?;
        if plan.version != Self::VERSION {
            let message = format!("found version {}, expected {}", plan.version, Self::VERSION);
            let (line, excerpt) = place(&text, "version");
            let origin = path.display().to_string();
            return Err(FileError::Text { origin, line, column: 1, message, excerpt }.into());
        }
        plan.search.check(path, "search.")?;
        plan.training.check(path, "training.")?;
        Ok(plan)
    }

    /// The file: what was found and expected as comments, then every value.
    pub fn text(&self, survey: &Survey, speed: &Speed, estimate: &Estimate, minutes: f64) -> String {
        let mut text = String::new();
        let mut say = |line: String| text += &format!("// {line}\n");
        say(format!("A plan of `heart-darts fit` for {}, made for about {minutes} minutes.", survey.inspection.folder));
        say("Change what you like and give the same command again: what is done and still matches is not done again."
            .into());
        say(String::new());
        let counts = survey.split.training.training().class_counts();
        let counts: Vec<String> =
            Class::ALL.iter().map(|class| format!("{} {}", class.symbol(), counts[class.index()])).collect();
        say(survey.split.describe().to_owned());
        say(format!("Training beats: {}.", counts.join(", ")));
        if !survey.absent.is_empty() {
            let absent: Vec<&str> = survey.absent.iter().map(|class| class.symbol()).collect();
            say(format!("No training beat is of class {}: it cannot be learnt here.", absent.join(", ")));
        }
        let Speed { search, training, evaluation, .. } = speed;
        let threads = rayon::current_num_threads();
        say(format!(
            "Measured on {threads} threads: {search:.0} beats/s in the search, {training:.0} in training, {evaluation:.0} in evaluation."
        ));
        say(format!("Expected: search {}, training {}.", duration(estimate.search), duration(estimate.training)));
        if let Some(memory) = estimate.memory {
            say(format!("Memory at most about {:.1} GB.", memory as f64 / 1e9));
        }
        say("What every value means: `heart-darts config sample fit`, `config sample search`, `config sample train`."
            .into());
        text.lines().map(|line| line.trim_end().to_owned() + "\n").collect::<String>() + &files::to_ron(self)
    }
}

/// The first line with a word, from 1, and the line.
fn place(text: &str, word: &str) -> (usize, String) {
    let found = text.lines().enumerate().find(|(_, line)| line.trim_start().starts_with(word));
    found.map_or((1, String::new()), |(i, line)| (i + 1, line.to_owned()))
}

/// Seconds as people say them.
fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 90.0 => format!("{s:.0} s"),
        s if s < 5400.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}
