//! How much memory there is.

use sysinfo::System;

/// What is taken for the machine's memory where the system does not say.
const UNKNOWN: u64 = 64 << 30;

/// Bytes of memory, all and free, or what a container may have of it.
pub fn memory() -> (u64, u64) {
    let (system, limit) = look();
    let (all, free) = limit.unwrap_or((u64::MAX, u64::MAX));
    (all.min(system.total_memory()), free.min(system.available_memory()))
}

/// The memory with the machine's swap, in bytes. Where the system does not say, 64 GiB: enough for every network of this project,
/// and a bound still.
pub fn installed() -> u64 {
    match memory().0.saturating_add(look().0.total_swap()) {
        0 => UNKNOWN,
        bytes => bytes,
    }
}

/// What the system says, and what a container's limit is and leaves.
fn look() -> (System, Option<(u64, u64)>) {
    let mut system = System::new();
    system.refresh_memory();
    let limit = system.cgroup_limits().map(|limits| (limits.total_memory, limits.free_memory));
    (system, limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_memory() {
        let (all, free) = memory();
        assert!(all >= 1 << 28, "no machine that builds this has less");
        assert!(free <= all && installed() >= all);
    }
}
