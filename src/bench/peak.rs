//! What the machine could do at most: loops that only multiply and add, or only read.
//!
//! They are compiled as the kernels are, through the seam of [`crate::compute`], so that a share of these figures is a share
//! of what the same instructions can reach. Each figure is the best of several turns: whatever else the machine does only
//! makes a turn slower.

use std::hint::black_box;
use std::sync::{Barrier, Mutex, PoisonError};
use std::time::Instant;

use serde::Serialize;

use crate::compute::simd::{Arithmetic, Kernel, dispatch};
use crate::support::interrupt;

/// Lanes that are computed side by side: one register of AVX-512, two of AVX2, four of NEON.
const LANES: usize = 16;
/// Turns of a repetition. Turns are short, so that on a busy machine some come between whatever else it does.
const TURNS: usize = 20;
/// Steps of the chain of multiply-adds a turn: some 4 ms.
const CHAIN: usize = 2_000_000;
/// Read by each turn from the second-level cache, by each thread, bytes: 1 to 2 ms.
const CACHE_TRAFFIC: usize = 128 << 20;
/// Read by each turn from memory at least, by all threads together, bytes; more where the last cache is larger than a
/// quarter of it.
const MEMORY_BUFFER: usize = 256 << 20;
/// The most that is taken of memory, bytes.
const MEMORY_BUFFER_MOST: usize = 2 << 30;

/// One figure on one thread and on all.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Rates {
    /// With one thread.
    pub one_thread: f64,
    /// With as many threads as the pool has, all together.
    pub all_threads: f64,
}

/// What the machine could do at most.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Peak {
    /// [`super::name`].
    pub peer: String,
    /// `peak`, where the others have the name of their workload.
    pub workload: &'static str,
    /// Threads of the pool.
    pub threads: usize,
    /// Repetitions of 20 turns each; the best turn counts.
    pub repetitions: usize,
    /// Multiplications and additions of f32, 10⁹ a second.
    pub fma_gflop_per_s: Rates,
    /// Reading a buffer that no cache holds, 10⁹ bytes a second.
    pub memory_read_gb_per_s: Rates,
    /// Reading a buffer of half the second-level cache again and again, 10⁹ bytes a second.
    pub l2_read_gb_per_s: Rates,
    /// The buffer of all threads together that was read from memory, bytes.
    pub memory_bytes: usize,
    /// The buffer of each thread that was read from the second-level cache, bytes.
    pub l2_bytes: usize,
}

/// Measures this machine, on one thread and on as many as the global pool has. `None` when somebody asked to stop.
pub fn peak(repetitions: usize) -> Option<Peak> {
    let (repetitions, turns) = (repetitions.max(1), TURNS * repetitions.max(1));
    let threads = rayon::current_num_threads();
    let l2_bytes = cache_bytes(2).unwrap_or(512 << 10) / 2;
    let last_cache = cache_bytes(4).or_else(|| cache_bytes(3)).unwrap_or(0);
    let memory_bytes = (4 * last_cache).clamp(MEMORY_BUFFER, MEMORY_BUFFER_MOST);

    // Work of all threads in a turn, per second of the slowest of them, in 10⁹.
    let on_both = |rate: &dyn Fn(usize) -> Option<f64>| {
        Some(Rates { one_thread: rate(1)?, all_threads: if threads == 1 { rate(1)? } else { rate(threads)? } })
    };
    let fma = |threads: usize| {
        let seconds = best_turn(threads, turns, || (), |()| _ = black_box(dispatch(Chain { steps: CHAIN })))?;
        Some((threads * dispatch(FlopOfChain) * CHAIN) as f64 / seconds)
    };
    let cache = |threads: usize| {
        let passes = CACHE_TRAFFIC.div_ceil(l2_bytes);
        let read = |values: &mut Vec<f32>| _ = black_box(dispatch(Read { values, passes }));
        let seconds = best_turn(threads, turns, || vec![1.0; l2_bytes / size_of::<f32>()], read)?;
        Some((threads * passes * l2_bytes) as f64 / seconds)
    };
    let memory = |threads: usize| {
        let bytes = memory_bytes / threads;
        let read = |values: &mut Vec<f32>| _ = black_box(dispatch(Read { values, passes: 1 }));
        let seconds = best_turn(threads, turns, || vec![1.0; bytes / size_of::<f32>()], read)?;
        Some((threads * bytes) as f64 / seconds)
    };
    let billions = |rates: Rates| Rates { one_thread: 1e-9 * rates.one_thread, all_threads: 1e-9 * rates.all_threads };
    Some(Peak {
        peer: super::name(),
        workload: "peak",
        threads,
        repetitions,
        fma_gflop_per_s: billions(on_both(&fma)?),
        memory_read_gb_per_s: billions(on_both(&memory)?),
        l2_read_gb_per_s: billions(on_both(&cache)?),
        memory_bytes,
        l2_bytes,
    })
}

/// Seconds of the shortest turn, of a first one to warm up and `turns` more, each as long as its slowest thread. Each
/// thread makes its own data, so that these lie in memory near it.
fn best_turn<T>(
    threads: usize,
    turns: usize,
    make: impl Fn() -> T + Sync,
    work: impl Fn(&mut T) + Sync,
) -> Option<f64> {
    let barrier = Barrier::new(threads);
    let slowest = Mutex::new(vec![0f64; 1 + turns]);
    let each = || {
        let mut data = make();
        for turn in 0..=turns {
            barrier.wait();
            if !interrupt::requested() {
                let start = Instant::now();
                work(&mut data);
                let seconds = start.elapsed().as_secs_f64();
                let mut slowest = slowest.lock().unwrap_or_else(PoisonError::into_inner);
                slowest[turn] = slowest[turn].max(seconds);
            }
        }
    };
    std::thread::scope(|scope| (0..threads).for_each(|_| _ = scope.spawn(each)));
    let seconds = slowest.into_inner().unwrap_or_else(PoisonError::into_inner);
    (!interrupt::requested()).then(|| seconds[1..].iter().copied().fold(f64::INFINITY, f64::min))
}

/// The size of a cache of this level as Linux tells it (sysfs-devices-system-cpu), bytes.
fn cache_bytes(level: usize) -> Option<usize> {
    let caches = std::fs::read_dir("/sys/devices/system/cpu/cpu0/cache").ok()?;
    caches.flatten().map(|cache| cache.path()).find_map(|cache| {
        let read = |name: &str| Some(std::fs::read_to_string(cache.join(name)).ok()?.trim().to_owned());
        let wanted = read("level")? == level.to_string() && read("type")? != "Instruction";
        let kibibytes: usize = read("size")?.strip_suffix('K')?.parse().ok()?;
        (wanted && kibibytes > 0).then_some(kibibytes << 10)
    })
}

/// Rows of accumulators that are independent of each other and stay in registers: enough to hide the four or five cycles
/// that a multiply-add takes on two units.
const fn rows<A: Arithmetic>() -> usize {
    if A::TILE_ROWS >= 12 {
        12
    } else if A::TILE_ROWS >= 6 {
        6
    } else {
        2
    }
}

/// x ← x·a + b in every lane of every row, over and over; x comes near b / (1 - a) and stays an ordinary number.
struct Chain {
    steps: usize,
}

impl Kernel for Chain {
    type Output = f32;

    #[inline(always)]
    fn run<A: Arithmetic>(self) -> f32 {
        match rows::<A>() {
            12 => chain::<A, 12>(self.steps),
            6 => chain::<A, 6>(self.steps),
            _ => chain::<A, 2>(self.steps),
        }
    }
}

#[inline(always)]
fn chain<A: Arithmetic, const ROWS: usize>(steps: usize) -> f32 {
    let (a, b) = (A::load(&black_box([0.9; LANES])), A::load(&black_box([0.1; LANES])));
    let mut x = [A::load(&black_box([0.5; LANES])); ROWS];
    for _ in 0..steps {
        for x in &mut x {
            *x = A::fma(*x, a, b);
        }
    }
    let mut end = [[0.0; LANES]; ROWS];
    for (row, x) in end.iter_mut().zip(x) {
        A::store(x, row);
    }
    end.iter().flatten().sum()
}

/// Multiplications and additions of a step of [`Chain`].
struct FlopOfChain;

impl Kernel for FlopOfChain {
    type Output = usize;

    #[inline(always)]
    fn run<A: Arithmetic>(self) -> usize {
        2 * rows::<A>() * LANES
    }
}

/// Reads all values so many times and adds them up in independent lanes.
struct Read<'a> {
    values: &'a [f32],
    passes: usize,
}

impl Kernel for Read<'_> {
    type Output = f32;

    #[inline(always)]
    fn run<A: Arithmetic>(self) -> f32 {
        const ROWS: usize = 4;
        let mut sums = [[0f32; LANES]; ROWS];
        for _ in 0..self.passes {
            let (blocks, _) = black_box(self.values).as_chunks::<{ ROWS * LANES }>();
            for block in blocks {
                for (row, values) in sums.iter_mut().zip(block.as_chunks::<LANES>().0) {
                    for lane in 0..LANES {
                        row[lane] += values[lane];
                    }
                }
            }
        }
        sums.iter().flatten().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loops_compute_what_they_say() {
        let values: Vec<f32> = (0..640).map(|i| i as f32).collect();
        assert_eq!(dispatch(Read { values: &values, passes: 2 }), 2.0 * 319.5 * 640.0);
        let lanes = dispatch(FlopOfChain) / 2;
        let mean = dispatch(Chain { steps: 1000 }) / lanes as f32;
        assert!((mean - 1.0).abs() < 1e-3, "0.1 / (1 - 0.9) = 1, found {mean}");
    }

    #[test]
    fn every_thread_takes_every_turn() {
        let turns = Mutex::new(0);
        let seconds = best_turn(3, 4, || 0, |_| *turns.lock().unwrap() += 1).unwrap();
        assert!(*turns.lock().unwrap() == 3 * 5 && seconds.is_finite());
    }
}
