//! What several test files share.

use std::io::Write;
use std::path::{Path, PathBuf};

/// `../shared/data/NAME`. Where it is missing a line on the terminal says what was not tested; with
/// `HEART_DARTS_REQUIRE_DATA` set, as in CI, the test fails instead.
pub fn real_data(name: &str, test: &str) -> Option<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data").join(name);
    if dir.join("RECORDS").exists() {
        return Some(dir);
    }
    let text = format!("NOT TESTED: {test}: there is no {}\n", dir.display());
    assert!(std::env::var_os("HEART_DARTS_REQUIRE_DATA").is_none(), "{text}");
    // Straight to the terminal: the harness would keep what a passing test prints.
    let _ = std::io::stderr().write_all(text.as_bytes());
    None
}
