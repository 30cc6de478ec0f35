//! Which description fits a folder: the one that was named, the one inside it, or a built-in one that it looks like.

use std::path::Path;

use serde::Serialize;

use super::builtin::BUILTIN;
use super::folder::{list, with_suffix};
use super::{Database, Error, lead_names};
use crate::wfdb::Header;

/// The name under which a folder may carry its own description.
pub const DESCRIPTION_FILE: &str = "database.ron";

/// Where a description comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Somebody named it.
    Named,
    /// The folder's own `database.ron`.
    Folder,
    /// The folder looks like a built-in database.
    Recognised,
    /// Nobody knows; [`Database::propose`] made one up from the headers.
    Proposed,
}

impl Database {
    /// The description to read a folder by: `choice` when given, a built-in name or the path of a `.ron` file; otherwise
    /// the folder's own `database.ron`; otherwise what [`Self::detect`] finds.
    ///
    /// # Errors
    /// [`Error::UnknownName`]; [`Error::Unrecognised`] with advice when nothing fits; and as [`Self::read`].
    pub fn choose(dir: &Path, choice: Option<&str>) -> Result<Self, Error> {
        Self::choose_with_origin(dir, choice).map(|(database, _)| database)
    }

    /// As [`Self::choose`], and where the description comes from.
    ///
    /// # Errors
    /// As [`Self::choose`].
    pub fn choose_with_origin(dir: &Path, choice: Option<&str>) -> Result<(Self, Origin), Error> {
        if let Some(choice) = choice {
            let database = if Path::new(choice).extension().is_some_and(|suffix| suffix == "ron") {
                Self::read(Path::new(choice))?
            } else {
                let unknown = || Error::UnknownName { name: choice.into(), known: BUILTIN.join(", ") };
                Self::builtin(choice).ok_or_else(unknown)?
            };
            return Ok((database, Origin::Named));
        }
        let own = dir.join(DESCRIPTION_FILE);
        if own.exists() {
            return Ok((Self::read(&own)?, Origin::Folder));
        }
        let detected =
            Self::detect(dir)?.ok_or_else(|| Error::Unrecognised { folder: dir.into(), advice: advice(dir) })?;
        Ok((detected, Origin::Recognised))
    }

    /// The built-in database that a folder holds, all of it or some of its records: by the records' names and, in the
    /// first header that can be read, rate and leads. `None` when it is none of them; [`Error::Unrecognised`], which
    /// [`Self::choose`] makes of that, says what to do.
    ///
    /// # Errors
    /// [`Error::Folder`], [`Error::NoRecords`] and [`Error::RecordName`].
    pub fn detect(dir: &Path) -> Result<Option<Self>, Error> {
        let (names, _) = list(dir)?;
        let readable = names.iter().find_map(|name| Header::read(&with_suffix(&dir.join(name), "hea")).ok());
        let Some(header) = readable else { return Ok(None) };
        let is_synthetic = header.comments.iter().any(|comment| comment.starts_with("synthetic"));
        let found = BUILTIN.into_iter().filter_map(Self::builtin).find(|database| {
            let by_name = match database.name.as_str() {
                "synthetic" => is_synthetic,
                name => !is_synthetic && names.iter().all(|record| is_record_of(name, record)),
            };
            by_name && header.frequency == database.frequency
        });
        Ok(found)
    }
}

/// Whether a record's name is one of a built-in database's.
fn is_record_of(database: &str, record: &str) -> bool {
    let within = |text: &str, ranges: &[(u32, u32)]| {
        text.len() <= 3
            && text.parse().is_ok_and(|number: u32| ranges.iter().any(|(low, high)| (*low..=*high).contains(&number)))
    };
    match database {
        "mitdb" => within(record, &[(100, 124), (200, 234)]),
        "svdb" => within(record, &[(800, 894)]),
        "incartdb" => record.strip_prefix('I').is_some_and(|number| number.len() == 2 && within(number, &[(1, 75)])),
        "qtdb" => record.strip_prefix("sel").is_some_and(|rest| {
            let number = rest.strip_prefix('e').unwrap_or(rest);
            (2..=5).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit())
        }),
        _ => false,
    }
}

fn advice(dir: &Path) -> String {
    let example = list(dir).ok().and_then(|(names, _)| {
        let name = names.first()?.clone();
        let header = Header::read(&with_suffix(&dir.join(&name), "hea")).ok()?;
        Some(format!(" (record {name}: {} Hz, leads {})", header.frequency, lead_names(&header).join(", ")))
    });
    format!(
        "not one of the databases that are known here, {}{}; name one with `--database`, or describe the folder: \
         `heart-darts data inspect {}` prints a description to start from, to be saved as {}",
        BUILTIN.join(", "),
        example.unwrap_or_default(),
        dir.display(),
        dir.join(DESCRIPTION_FILE).display()
    )
}
