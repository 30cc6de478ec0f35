//! How much memory there is.

/// What is taken for the machine's memory where the system does not say.
const UNKNOWN: u64 = 64 << 30;

/// The machine's memory with its swap, in bytes: `MemTotal` and `SwapTotal` of `/proc/meminfo` (man proc(5)). Where there is
/// no such file, 64 GiB: enough for every network of this project, and a bound still.
pub fn installed() -> u64 {
    std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| total(&text)).unwrap_or(UNKNOWN)
}

fn total(text: &str) -> Option<u64> {
    let kibibytes = |name: &str| -> Option<u64> {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.strip_prefix(':')?.trim().strip_suffix("kB")?.trim().parse().ok()
    };
    let all = kibibytes("MemTotal")?.saturating_add(kibibytes("SwapTotal").unwrap_or(0));
    Some(all.saturating_mul(1024))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_table_is_read() {
        let text = "MemTotal:       24576000 kB\nMemFree:  1 kB\nSwapTotal:      1000 kB\n";
        assert_eq!(total(text), Some(24_577_000 * 1024));
        assert_eq!(total("MemFree: 1 kB\n"), None);
        assert!(installed() >= 1 << 28, "no machine that builds this has less");
    }
}
