//! What the readers of RON and JSON say, completed: every message says what was found and what was expected.

/// The longest message or excerpt, in characters: what was found may be of any length.
const LONGEST: usize = 400;

/// Their way to begin, and ours.
const BEGINNINGS: &[(&str, &str)] = &[
    ("invalid type: ", "found "),
    ("invalid value: ", "found "),
    ("invalid length ", "found length "),
    ("unknown field ", "found the field "),
    ("unknown variant ", "found the variant "),
    ("missing field ", "found no field "),
    ("duplicate field ", "found a second field "),
    ("Unexpected missing field ", "found no field "),
    ("Unexpected duplicate field ", "found a second field "),
    ("Unexpected ", "found "),
    ("EOF while parsing ", "found the end of the text within "),
];

/// What stands where they expected something: the word around the column (from 1) of a line.
fn word(line: &str, column: usize) -> String {
    let characters: Vec<char> = line.chars().skip(column.saturating_sub(41)).take(100).collect();
    let at = column.saturating_sub(1).min(40);
    let part = |c: &char| c.is_alphanumeric() || "_.+-\"'".contains(*c);
    match characters.get(at) {
        None => "the end of the line".into(),
        Some(c) if !part(c) => format!("`{c}`"),
        Some(_) => {
            let start = characters[..at].iter().rposition(|c| !part(c)).map_or(0, |before| before + 1);
            let word: String = characters[start..].iter().take_while(|c| part(c)).take(40).collect();
            format!("`{word}`")
        }
    }
}

/// A message of theirs at a place (from 1) of a text, with what was found and what was expected.
pub(crate) fn complete(message: &str, text: &str, line: usize, column: usize) -> String {
    let there = || word(text.lines().nth(line.saturating_sub(1)).unwrap_or_default(), column);
    let mut message = shortened(message);
    if let Some((theirs, ours)) = BEGINNINGS.iter().find(|(theirs, _)| message.starts_with(theirs)) {
        message = format!("{ours}{}", &message[theirs.len()..]);
    } else if let Some((expected, found)) =
        message.strip_prefix("Expected ").and_then(|rest| rest.strip_suffix(" instead")?.split_once(" but found "))
    {
        message = format!("found {found}, expected {expected}");
    } else if let Some(expected) = message.strip_prefix("Expected ").or_else(|| message.strip_prefix("expected ")) {
        message = format!("found {}, expected {expected}", there());
    } else if message.starts_with("Integer is out of bounds") || message.starts_with("number out of range") {
        message = format!("found {}, expected a number within the bounds of this field", there());
    } else if message.to_lowercase().contains("trailing characters") {
        message = format!("found {} after the end, expected nothing more", there());
    } else if message.to_lowercase().contains("recursion limit") {
        message = "found more than 128 levels of nesting, expected fewer".into();
    }
    if !message.contains("found") {
        message = format!("found {}: {message}", there());
    }
    if !message.to_lowercase().contains("expected") {
        message += match message.as_str() {
            m if m.starts_with("found no field") => ", expected it",
            m if m.starts_with("found a second field") => ", expected one",
            m if m.contains("end of ") => ", expected the rest: the text is cut off",
            _ => ", expected what the format says",
        };
    }
    message
}

/// What serde_json says of a text, without the place that it puts behind: line and column, from 1, and the message.
pub(crate) fn of_json(error: &serde_json::Error, text: &str) -> (usize, usize, String) {
    let message = error.to_string();
    let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
    let (line, column) = (error.line().max(1), error.column().max(1));
    (line, column, complete(message, text, line, column))
}

/// The same in one line, for a text of one line.
pub(crate) fn of_json_line(error: &serde_json::Error, text: &str) -> String {
    let (_, column, message) = of_json(error, text);
    format!("column {column}: {message}")
}

/// A message in a length for people.
pub(crate) fn shortened(message: &str) -> String {
    let mut short: String = message.chars().take(LONGEST).collect();
    if short.len() < message.len() {
        short.push('…');
    }
    short
}

/// A line of a text, from 1. (Of a long one a part is shown, by [`super::place::show`].)
pub(crate) fn line(text: &str, line: usize) -> &str {
    text.lines().nth(line.saturating_sub(1)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_has_both_halves() {
        let text = "first\n  epochs: twelve, seed: 3";
        for (theirs, column, ours) in [
            ("Expected integer", 11, "found `twelve`, expected integer"),
            ("Expected comma", 17, "found `,`, expected comma"),
            ("expected value", 14, "found `twelve`, expected value"),
            ("Expected a but found b instead", 1, "found b, expected a"),
            ("invalid type: string \"x\", expected u64", 1, "found string \"x\", expected u64"),
            ("missing field `schema`", 1, "found no field `schema`, expected it"),
            ("Unexpected end of RON", 1, "found end of RON, expected the rest: the text is cut off"),
            ("Integer is out of bounds", 25, "found `3`, expected a number within the bounds of this field"),
            (
                "Non-whitespace trailing characters",
                99,
                "found the end of the line after the end, expected nothing more",
            ),
            ("found version 2, expected 1", 1, "found version 2, expected 1"),
        ] {
            assert_eq!(complete(theirs, text, 2, column), ours);
        }
    }

    #[test]
    fn a_long_message_is_cut() {
        let line = format!("{}here{}", "a".repeat(5000), "b".repeat(5000));
        assert!(complete(&line, &line, 1, 5001).chars().count() < 600);
    }
}
