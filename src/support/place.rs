//! Where in a text a mistake is, and what may have been meant.

use ron::error::{Error, SpannedError};

use super::wording;

/// Characters of a line that are shown to either side of the place.
const SHOWN: usize = 70;

/// Place, message, the line, and a mark under the place; `column` counts characters from 1.
pub(super) fn show(origin: &str, line: usize, column: usize, message: &str, excerpt: &str) -> String {
    let mut text = format!("{origin}:{line}:{column}: {message}");
    if excerpt.is_empty() {
        return text;
    }
    let characters: Vec<char> = excerpt.chars().collect();
    let place = column.saturating_sub(1).min(characters.len());
    let (start, end) = (place.saturating_sub(SHOWN), (place + SHOWN).min(characters.len()));
    let left = if start > 0 { "…" } else { "" };
    let right = if end < characters.len() { "…" } else { "" };
    let shown: String = characters[start..end].iter().collect();
    let before: String = characters[start..place].iter().map(|c| if *c == '\t' { '\t' } else { ' ' }).collect();
    let word = characters[place..].iter().take_while(|c| c.is_alphanumeric() || **c == '_').count();
    let margin = line.to_string();
    let blank = " ".repeat(margin.len() + left.chars().count());
    text += &format!("\n  {margin} | {left}{shown}{right}\n  {blank} | {before}{}", "^".repeat(word.max(1)));
    text
}

/// Line, column and message of a mistake in RON: for a word that is not known the place of the word, and the nearest known one.
pub(super) fn of_ron(error: &SpannedError, text: &str) -> (usize, usize, String) {
    let (line, column) = (error.span.start.line, error.span.start.col);
    let mut message = wording::complete(&error.code.to_string(), text, line, column);
    let (expected, found) = match &error.code {
        Error::NoSuchStructField { expected, found, .. } | Error::NoSuchEnumVariant { expected, found, .. } => {
            (*expected, found)
        }
        _ => return (line, column, message),
    };
    if let Some(nearest) = nearest(found, expected) {
        message += &format!("; did you mean `{nearest}`?");
    }
    let (line, column) = last_before(text, found, line, column).unwrap_or((line, column));
    (line, column, message)
}

/// The word of `known` that differs from `found` by at most a third of its letters, and by the fewest.
pub fn nearest<'a>(found: &str, known: &[&'a str]) -> Option<&'a str> {
    let most = (found.chars().count() / 3).max(1);
    let by_distance =
        known.iter().map(|word| (strsim::damerau_levenshtein(&found.to_lowercase(), &word.to_lowercase()), *word));
    by_distance.filter(|(distance, _)| *distance <= most).min_by_key(|(distance, _)| *distance).map(|(_, word)| word)
}

/// Where a whole word stands last at or before a place: RON's errors point behind it.
fn last_before(text: &str, word: &str, line: usize, column: usize) -> Option<(usize, usize)> {
    let before: Vec<&str> = text.lines().take(line).collect();
    for (i, content) in before.iter().enumerate().rev() {
        let end = if i + 1 == line {
            content.char_indices().nth(column).map_or(content.len(), |(at, _)| at)
        } else {
            content.len()
        };
        let part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        let whole =
            |at: &usize| !part(content[..*at].chars().next_back()) && !part(content[at + word.len()..].chars().next());
        let found = content[..end].rmatch_indices(word).map(|(at, _)| at).find(whole);
        if let Some(at) = found {
            return Some((i + 1, content[..at].chars().count() + 1));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_near() {
        assert_eq!(nearest("epoch", &["batch", "epochs", "seed"]), Some("epochs"));
        assert_eq!(nearest("cnov5", &["conv3", "conv5"]), Some("conv5"));
        assert_eq!(nearest("Conv5", &["conv3", "conv5"]), Some("conv5"));
        assert_eq!(nearest("channels", &["layers", "seed"]), None);
    }

    #[test]
    fn the_mark_stands_under_the_place() {
        let shown = show("a.ron", 7, 6, "found `x`", "    (epoch: 3)");
        assert_eq!(shown, "a.ron:7:6: found `x`\n  7 |     (epoch: 3)\n    |      ^^^^^");
        // Of a long line a part is shown, with the mark where it belongs.
        let long = show("a", 1, 500, "m", &format!("{}x{}", "-".repeat(499), "-".repeat(499)));
        let lines: Vec<&str> = long.lines().collect();
        let place = |line: &str, wanted| line.chars().position(|c| c == wanted).unwrap();
        assert_eq!(place(lines[1], 'x'), place(lines[2], '^'), "{long}");
        assert!(lines[1].chars().count() < 2 * SHOWN + 10);
        // Nowhere is shown as that.
        assert_eq!(show("a", 1, 1, "m", ""), "a:1:1: m");
    }
}
