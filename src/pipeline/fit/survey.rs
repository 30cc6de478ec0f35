//! What a folder holds, and how its beats are divided.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::beat::{Beats, Split, SplitRule, prepare};
use crate::database::{Class, Database, Error as DatabaseError, Inspection, Origin};
use crate::pipeline::{Error, Result, Work};
use crate::signal::Preprocessing;
use crate::support::files;

/// Subjects from which on they are dealt to five folds; fewer go to three.
const MANY_SUBJECTS: usize = 10;
/// Subjects below which a split by patient is not worth its name: one side would have a single subject.
const FEWEST_SUBJECTS: usize = 4;
/// Draws of the folds that are tried for one in which every class trains.
const DRAWS: u64 = 20;

/// What a plan is made from.
#[derive(Debug)]
pub struct Survey {
    /// What `data inspect` shows; every sample was read and verified.
    pub inspection: Inspection,
    /// How the description is named on the command line; `None` when the folder says it itself.
    pub database: Option<String>,
    /// The description that had to be guessed, written for the user to correct.
    pub guessed: Option<PathBuf>,
    /// The beats.
    pub beats: Arc<Beats>,
    /// The split that was chosen.
    pub rule: SplitRule,
    /// Its beats.
    pub split: Split,
    /// Classes of the description that no training beat has.
    pub absent: Vec<Class>,
}

/// Reads and verifies a folder, prepares its beats and chooses their split: by patient where there are patients enough, in a
/// draw in which every class trains if there is one.
///
/// A folder that nobody knows is described from its headers, in `out/database.ron`.
///
/// # Errors
/// [`Error`]: nothing usable, damaged files.
pub fn survey(dir: &Path, choice: Option<&str>, out: &Path, work: &Work) -> Result<Survey> {
    let (database, origin, name, guessed) = describe(dir, choice, out)?;
    let inspection = Inspection::new(&database, origin, dir, true)?;
    inspection.usable()?;
    let beats = prepare(&database, dir, &Preprocessing::default(), work.cache.as_deref())?.beats;
    let (rule, split, absent) = divide(&database, &beats, inspection.subjects)?;
    Ok(Survey { inspection, database: name, guessed, beats, rule, split, absent })
}

type Described = (Database, Origin, Option<String>, Option<PathBuf>);

fn describe(dir: &Path, choice: Option<&str>, out: &Path) -> Result<Described> {
    let guess = out.join("database.ron");
    // What was guessed the last time, and perhaps corrected since.
    if choice.is_none() && guess.exists() {
        let name = guess.display().to_string();
        return Ok((Database::read(&guess)?, Origin::Named, Some(name), None));
    }
    match Database::choose_with_origin(dir, choice) {
        Ok((database, origin)) => Ok((database, origin, choice.map(str::to_owned), None)),
        Err(DatabaseError::Unrecognised { .. }) if choice.is_none() => {
            let database = Database::propose(dir)?;
            files::write_atomic(&guess, files::to_ron(&database).as_bytes())?;
            Ok((database, Origin::Proposed, Some(guess.display().to_string()), Some(guess)))
        }
        Err(error) => Err(error.into()),
    }
}

/// The split, and the classes that cannot be learnt in it.
fn divide(database: &Database, beats: &Arc<Beats>, subjects: usize) -> Result<(SplitRule, Split, Vec<Class>)> {
    let mut best: Option<(SplitRule, Split, Vec<Class>)> = None;
    let mut last = None;
    for rule in candidates(database, subjects) {
        let split = match rule.apply(beats) {
            Ok(split) => split,
            Err(error) => {
                last = Some(error);
                continue;
            }
        };
        let mut absent = split.training.absent_classes();
        absent.retain(|class| database.classes.classes().any(|described| described == *class));
        if best.as_ref().is_none_or(|(.., fewest)| absent.len() < fewest.len()) {
            let done = absent.is_empty();
            best = Some((rule, split, absent));
            if done {
                break;
            }
        }
    }
    best.ok_or_else(|| match last {
        Some(error) => error.into(),
        None => Error::Unfit { place: database.name.clone(), found: "no beats".into(), expected: "some".into() },
    })
}

/// The splits to try, best first.
fn candidates(database: &Database, subjects: usize) -> Vec<SplitRule> {
    let published = database.inter_patient.is_some().then(SplitRule::inter_patient);
    let folds = if subjects >= MANY_SUBJECTS { 5 } else { 3 };
    let folds = (0..DRAWS).map(|seed| SplitRule::PatientFolds { folds, fold: 0, validation: 0.2, seed });
    let by_patient = published.into_iter().chain(folds).filter(|_| subjects >= FEWEST_SUBJECTS);
    let by_beat = SplitRule::Random { test: 0.2, validation: 0.2, stratified: true, seed: 0 };
    by_patient.chain([by_beat].into_iter().filter(|_| subjects < FEWEST_SUBJECTS)).collect()
}
