//! The first field in which two configurations differ.

/// Where two texts with a field a line first differ, RON or JSON: the field with those around it, and what it is in each.
pub(super) fn difference(found: &str, expected: &str) -> Option<(String, String, String)> {
    if found == expected {
        return None;
    }
    let lines: [Vec<&str>; 2] = [found.lines().collect(), expected.lines().collect()];
    let at = lines[0].iter().zip(&lines[1]).take_while(|(a, b)| a == b).count();
    let entry = |line: &str| {
        let line = line.trim().trim_end_matches(',');
        let is_key = |key: &str| key.trim_matches('"').bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let (key, value) = line.split_once(": ").filter(|(key, _)| is_key(key)).unwrap_or(("", line));
        (key.trim_matches('"').to_owned(), value.to_owned())
    };
    let depth = |line: &str| line.len() - line.trim_start().len();
    let [(key, mut found), (other, mut expected)] =
        [&lines[0], &lines[1]].map(|lines| lines.get(at).map_or((String::new(), "nothing".into()), |line| entry(line)));
    let mut path = Vec::new();
    if key == other {
        path.push(key);
    } else {
        let whole = |key: String, value| if key.is_empty() { value } else { format!("{key}: {value}") };
        (found, expected) = (whole(key, found), whole(other, expected));
    }
    let mut inside = lines[0].get(at).or(lines[1].get(at)).map_or(0, |line| depth(line));
    for line in lines[0][..at].iter().rev() {
        if depth(line) < inside {
            inside = depth(line);
            path.push(entry(line).0);
        }
    }
    path.retain(|key| !key.is_empty());
    path.reverse();
    let field = if path.is_empty() { format!("line {}", at + 1) } else { path.join(".") };
    Some((field, found, expected))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_named_by_their_place() {
        let found = "(\n    cells: (\n        nodes: [\n            [(a: 1), b],\n        ],\n    ),\n    seed: 1,\n)";
        let field = |expected: &str| difference(found, expected).unwrap();
        assert_eq!(difference(found, found), None);
        let words = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());
        assert_eq!(field(&found.replace("b]", "c]")), words("cells.nodes", "[(a: 1), b]", "[(a: 1), c]"));
        assert_eq!(field(&found.replace("seed: 1", "epochs: 2")), words("line 7", "seed: 1", "epochs: 2"));
        assert_eq!(field(&found[..found.len() - 2]), words("line 8", ")", "nothing"));
    }
}
