//! What the machine is: for `doctor`, and for whoever wonders at a figure.

use std::path::{Path, PathBuf};

use serde::Serialize;
use sysinfo::{Disks, System};

use crate::support::memory::memory;

/// The parts of a machine that matter here.
#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    /// The processor's name, as it says it.
    pub processor: String,
    /// The vector instructions that the kernels use: `avx512`, `avx2`, `neon` or `baseline`.
    pub instructions: &'static str,
    /// Threads that the system offers.
    pub cores: usize,
    /// Threads that are computed with.
    pub threads: usize,
    /// Bytes of memory.
    pub memory: u64,
    /// Bytes of it that are free or can be made so.
    pub memory_available: u64,
}

impl Machine {
    /// Of this process.
    pub fn look() -> Self {
        let mut system = System::new();
        system.refresh_cpu_all();
        let processor = system.cpus().first().map_or("", |processor| processor.brand()).trim().to_owned();
        let (memory, memory_available) = memory();
        Self {
            processor: if processor.is_empty() { std::env::consts::ARCH.into() } else { processor },
            instructions: crate::compute::instructions(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            threads: rayon::current_num_threads(),
            memory,
            memory_available,
        }
    }
}

/// Bytes free on the disk that a path is, or would be, on; `None` where the system does not say.
pub fn free_space(path: &Path) -> Option<u64> {
    let there = path.ancestors().find_map(|part| if part == Path::new("") { None } else { part.canonicalize().ok() });
    let place: PathBuf = there.or_else(|| std::env::current_dir().ok())?;
    let disks = Disks::new_with_refreshed_list();
    let disk = disks.iter().filter(|disk| place.starts_with(disk.mount_point()));
    disk.max_by_key(|disk| disk.mount_point().components().count()).map(sysinfo::Disk::available_space)
}

/// Bytes in words: `656 MiB`, `24.0 GiB`.
pub fn size(bytes: u64) -> String {
    const GIBIBYTE: u64 = 1 << 30;
    match bytes {
        bytes if bytes >= GIBIBYTE => format!("{:.1} GiB", bytes as f64 / GIBIBYTE as f64),
        bytes => format!("{:.0} MiB", bytes as f64 / f64::from(1 << 20)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_a_processor_memory_and_a_disk() {
        let machine = Machine::look();
        assert!(!machine.processor.is_empty() && machine.cores > 0 && machine.threads > 0);
        assert!(machine.memory > 1 << 28 && machine.memory_available <= machine.memory);
        // Also of a folder that is not there yet.
        assert_eq!(free_space(Path::new(".")).is_some(), free_space(Path::new("not/yet")).is_some());
    }

    #[test]
    fn sizes_in_words() {
        assert_eq!([size(0), size(656 << 20), size(24 << 30)], ["0 MiB", "656 MiB", "24.0 GiB"]);
    }
}
