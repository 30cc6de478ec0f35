//! The page of what runs and models reached.

use std::path::Path;

use heart_darts::pipeline::{self, Records};
use heart_darts::report::html::{self, Part};
use heart_darts::support::files;
use miette::{IntoDiagnostic, Result};

/// What there is to see of folders, each by the name that the page calls it.
pub fn parts<P: AsRef<Path>, N: AsRef<str>>(
    folders: impl IntoIterator<Item = (P, N)>,
    records: Option<&Records>,
) -> Result<Vec<Part>> {
    let parts = folders.into_iter().map(|(folder, name)| pipeline::look(folder.as_ref(), name.as_ref(), records));
    parts.collect::<pipeline::Result<_>>().into_diagnostic()
}

/// Writes the page, whole or not at all.
pub fn write(parts: &[Part], path: &Path) -> Result<()> {
    let text = html::page(parts, &command()).into_diagnostic()?;
    files::write_atomic(path, text.as_bytes()).into_diagnostic()
}

/// What was typed, as a shell would take it again.
fn command() -> String {
    let plain = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || "-_./=,:+@%".contains(c));
    let quoted = |word: String| if plain(&word) { word } else { format!("'{}'", word.replace('\'', r"'\''")) };
    let words = std::env::args_os().skip(1).map(|word| quoted(word.to_string_lossy().into_owned()));
    std::iter::once("heart-darts".to_owned()).chain(words).collect::<Vec<_>>().join(" ")
}
