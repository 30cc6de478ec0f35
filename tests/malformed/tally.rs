//! What every error is held against.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::path::{Path, PathBuf};

/// Counts malformed files by kind, and collects what is wrong with their errors.
#[derive(Default)]
pub struct Tally {
    counts: BTreeMap<&'static str, usize>,
    texts: BTreeSet<String>,
    failures: Vec<String>,
}

impl Tally {
    /// A file that was read must have been refused with a text that names `file`, one of the `places`, what was found and
    /// what was expected. Those whose text is that of another are held to the same, and not counted.
    pub fn refused<T, E: Display>(
        &mut self,
        kind: &'static str,
        what: impl Display,
        file: &str,
        places: &[&str],
        result: Result<T, E>,
    ) {
        let mut fail = |message: String| self.failures.push(format!("{kind}: {what}: {message}"));
        let text = match result {
            Ok(_) => return fail("accepted".into()),
            Err(error) => error.to_string(),
        };
        let lower = text.to_lowercase();
        if !text.contains(file) {
            fail(format!("names no {file}: {text}"));
        } else if !places.iter().any(|place| text.contains(place)) {
            fail(format!("names none of the places {places:?}: {text}"));
        } else if !lower.contains("found") && !lower.contains("cannot be read") {
            fail(format!("does not say what was found: {text}"));
        } else if !lower.contains("expected") && !lower.contains("cannot be read") {
            fail(format!("does not say what was expected: {text}"));
        } else if text.chars().count() > 1500 {
            fail(format!("is no message for people: {} characters", text.chars().count()));
        } else if self.texts.insert(without_folders(&text)) {
            *self.counts.entry(kind).or_default() += 1;
        }
    }

    /// How many there were, and of which kinds.
    pub fn finish(self) -> (usize, String) {
        assert!(self.failures.is_empty(), "{} failures:\n{}", self.failures.len(), self.failures.join("\n"));
        let kinds: Vec<String> = self.counts.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
        (self.counts.values().sum(), kinds.join(", "))
    }
}

/// Temporary folders differ between two texts that say the same.
fn without_folders(text: &str) -> String {
    text.split_whitespace().map(|word| word.rsplit('/').next().unwrap_or(word)).collect::<Vec<_>>().join(" ")
}

/// A folder of its own with some files.
pub struct Folder(tempfile::TempDir);

impl Folder {
    pub fn of(files: &[(&str, &[u8])]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        files.iter().for_each(|(name, bytes)| std::fs::write(folder.path(name), bytes).unwrap());
        folder
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn dir(&self) -> &Path {
        self.0.path()
    }
}

/// A text in which a part, which is there once, is another.
pub fn changed(text: &str, part: &str, other: &str) -> String {
    assert_eq!(text.matches(part).count(), 1, "`{part}` stands once in\n{text}");
    text.replacen(part, other, 1)
}

/// The line, from 1, in which two texts differ first, as it stands in errors.
pub fn line_of(text: &str, part: &str) -> String {
    let at = text.find(part).unwrap_or_default();
    format!(":{}:", text[..at].matches('\n').count() + 1)
}
