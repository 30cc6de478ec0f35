//! The server's lists: digests and records. Nothing in them is trusted before it is checked.

use std::collections::{BTreeMap, HashSet};

use super::Error;

/// The publisher's digests, by path below the database's folder.
#[derive(Debug)]
pub(super) struct Sums(BTreeMap<String, String>);

impl Sums {
    /// Parses lines of a digest and a path, as `sha256sum` and PhysioNet write them; `url` names the list in errors.
    pub(super) fn parse(text: &str, url: &str) -> Result<Self, Error> {
        let mut sums = BTreeMap::new();
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let wrong = |expected| Error::List { url: url.into(), line: index + 1, found: shortened(line), expected };
            let entry = line.trim_end().split_once(char::is_whitespace);
            let is_digest = |digest: &str| digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
            let Some((digest, path)) = entry.filter(|(digest, _)| is_digest(digest)) else {
                return Err(wrong("a SHA-256 digest of 64 hexadecimal digits, a blank and a path"));
            };
            // sha256sum puts a star before files that it read as binary.
            let path = path.trim_start().trim_start_matches('*');
            let path = path.strip_prefix("./").unwrap_or(path);
            if !stays_inside(path) {
                return Err(wrong("a path that stays inside the database's folder"));
            }
            sums.insert(path.into(), digest.to_ascii_lowercase());
        }
        if sums.is_empty() {
            let expected = "digests and paths, a file a line";
            return Err(Error::List { url: url.into(), line: 1, found: String::new(), expected });
        }
        Ok(Self(sums))
    }

    /// The digest of a file, in lower-case hexadecimal.
    pub(super) fn digest(&self, path: &str) -> Option<&str> {
        self.0.get(path).map(String::as_str)
    }
}

/// Whether a path is relative and made of plain names only, on every system: no `..`, no drive, no backslash.
fn stays_inside(path: &str) -> bool {
    let is_plain = |part: &str| !part.is_empty() && part != "." && part != "..";
    !path.chars().any(|c| c.is_control() || c == '\\' || c == ':') && path.split('/').all(is_plain)
}

/// Parses a `RECORDS` file: a name a line.
pub(super) fn records(text: &str, url: &str) -> Result<Vec<String>, Error> {
    let (mut names, mut seen): (Vec<String>, _) = (Vec::new(), HashSet::new());
    for (index, line) in text.lines().enumerate() {
        let name = line.trim();
        if name.is_empty() || !seen.insert(name) {
            continue;
        }
        // They become part of addresses, so no character may need quoting there.
        let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-./".contains(&byte));
        if !is_name || !stays_inside(name) {
            let expected = "a record's name: letters, digits, '_', '-', and '/' for folders below";
            return Err(Error::List { url: url.into(), line: index + 1, found: shortened(line), expected });
        }
        names.push(name.into());
    }
    Ok(names)
}

/// The records that were asked for, in the order of the list; all of them when nothing was asked for.
pub(super) fn choose(all: &[String], asked: Option<&[String]>, url: &str) -> Result<Vec<String>, Error> {
    let Some(asked) = asked else { return Ok(all.to_vec()) };
    let (known, wanted): (HashSet<&String>, HashSet<&String>) = (all.iter().collect(), asked.iter().collect());
    let missing: Vec<String> = asked.iter().filter(|name| !known.contains(name)).cloned().collect();
    if !missing.is_empty() {
        return Err(Error::NoSuchRecord { found: missing, url: url.into(), known: all.to_vec() });
    }
    Ok(all.iter().filter(|name| wanted.contains(name)).cloned().collect())
}

/// A line for an error message; a server may send anything.
fn shortened(line: &str) -> String {
    line.chars().take(120).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "b82cc005618eab81b3a246ca5c5a61903f3c0f40c191d7fb953adf054ea691de";

    #[test]
    fn digests_are_read_in_the_forms_that_are_about() {
        let upper = DIGEST.to_uppercase();
        let text = format!("{DIGEST} 231.atr\n{DIGEST}  a/b.dat\r\n\n{upper} *c.hea\n{DIGEST} ./d e.txt\n");
        let sums = Sums::parse(&text, "list").unwrap();
        for path in ["231.atr", "a/b.dat", "c.hea", "d e.txt"] {
            assert_eq!(sums.digest(path), Some(DIGEST), "{path}");
        }
        assert_eq!(sums.digest("other"), None);
    }

    #[test]
    fn paths_that_leave_the_folder_are_refused_with_their_line() {
        for path in ["../x", "a/../../x", "/etc/x", "a//b", "C:x", "a\\..\\x", "..", ".", "a/", "a\u{0}b"] {
            let error = Sums::parse(&format!("{DIGEST} ok\n{DIGEST} {path}\n"), "list").unwrap_err();
            assert!(matches!(error, Error::List { line: 2, .. }), "{path}: {error}");
            assert!(records(&format!("100\n{path}\n"), "list").is_err(), "{path}");
        }
    }

    #[test]
    fn other_texts_are_not_taken_for_a_list() {
        for text in ["", "\n\n", "<html><body>sign in</body></html>", "b82cc 231.atr", DIGEST] {
            assert!(matches!(Sums::parse(text, "list"), Err(Error::List { .. })), "{text}");
        }
    }

    #[test]
    fn records_are_chosen_by_name() {
        let all = records("100\n101\n\n101\nfolder/102 \n", "list").unwrap();
        assert_eq!(all, ["100", "101", "folder/102"]);
        let asked = |names: &[&str]| names.iter().map(|name| String::from(*name)).collect::<Vec<_>>();
        assert_eq!(choose(&all, None, "list").unwrap(), all);
        assert_eq!(choose(&all, Some(&asked(&["101", "100"])), "list").unwrap(), ["100", "101"]);
        let error = choose(&all, Some(&asked(&["100", "99"])), "list").unwrap_err().to_string();
        assert!(error.contains("no record 99") && error.contains("folder/102"), "{error}");
    }
}
