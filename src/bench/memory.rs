//! How much memory the process has used.

/// The most memory that this process has held at once, in bytes: `VmHWM` of `/proc/self/status` (man proc(5)). `None` where
/// there is no such file.
pub(super) fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let kibibytes = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix("kB"))?;
    Some(1024 * kibibytes.trim().parse::<u64>().ok()?)
}
