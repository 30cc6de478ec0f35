//! JSON for people and programs: two spaces a level, arrays of plain values on one line.

use serde::{Serialize, de::DeserializeOwned};

use crate::support::{files::FileError, wording};

/// Up to this many characters, an array of plain values stands on one line.
const LINE: usize = 120;

/// A value as JSON text with a newline at the end. Arrays of numbers or strings stand on one line, so that a matrix looks
/// like one. Floating-point numbers are written such that reading them gives the same bits; NaN and infinities, which
/// JSON lacks, as `null`.
///
/// # Panics
/// Never for the types of this crate: their `Serialize` cannot fail.
pub fn to_text<T: Serialize>(value: &T) -> String {
    join_short_arrays(&serde_json::to_string_pretty(value).expect("plain data serialises"))
}

/// A value as JSON on one line, with its end: for files that only programs read.
///
/// # Panics
/// As [`to_text`].
pub fn to_line<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("plain data serialises") + "\n"
}

/// Parses JSON; `origin` names it in errors.
///
/// # Errors
/// [`FileError::Text`] with line and column.
pub fn parse<T: DeserializeOwned>(text: &str, origin: &str) -> Result<T, FileError> {
    serde_json::from_str(text).map_err(|error| {
        let (line, column, message) = wording::of_json(&error, text);
        let excerpt = wording::line(text, line).into();
        FileError::Text { origin: origin.into(), line, column, message, excerpt }
    })
}

/// Joins each array of plain values in pretty JSON into one line where it fits. Strings hold no raw line breaks in JSON,
/// so lines are all there is to look at.
fn join_short_arrays(pretty: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    // Where the innermost array that may still be joined was opened.
    let mut opened = None;
    for line in pretty.lines() {
        let plain = line.trim_start();
        lines.push(line.to_string());
        if plain.ends_with('[') {
            opened = Some(lines.len() - 1);
        } else if plain.ends_with('{') {
            opened = None;
        } else if plain.starts_with(']')
            && let Some(first) = opened.take()
        {
            let joined = lines[first + 1..lines.len() - 1].iter().map(|line| line.trim_start()).collect::<Vec<_>>();
            let joined = format!("{}{}{plain}", lines[first], joined.join(" "));
            if joined.chars().count() <= LINE {
                lines.truncate(first);
                lines.push(joined);
            }
        }
    }
    lines.push(String::new());
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_looks_like_one() {
        let value = serde_json::json!({"a": [[1, 2], [3, 4]], "b": [], "c": [{"d": ["[", "x"]}], "e": "[\n]"});
        let expected = r#"{
  "a": [
    [1, 2],
    [3, 4]
  ],
  "b": [],
  "c": [
    {
      "d": ["[", "x"]
    }
  ],
  "e": "[\n]"
}
"#;
        assert_eq!(to_text(&value), expected);
        assert_eq!(parse::<serde_json::Value>(expected, "").unwrap(), value);
    }

    #[test]
    fn a_long_array_keeps_a_line_for_each_element() {
        let value = serde_json::json!({"notes": ["x".repeat(80), "y".repeat(80)]});
        assert_eq!(to_text(&value).lines().count(), 6);
    }

    #[test]
    fn an_error_has_its_place() {
        let error = parse::<[u64; 2]>("[1,\n \"x\"]", "metrics.json").unwrap_err().to_string();
        assert!(error.starts_with("metrics.json:2:4: found string"), "{error}");
        assert!(!error.contains(" at line "), "{error}");
    }
}
