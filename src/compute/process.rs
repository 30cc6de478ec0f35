//! Two settings of the process that make candle fast beside the kernels. Both were found by measuring, see [`prepare`].

/// Prepares this process for training. Call it first thing in `main`, before any other thread exists.
///
/// - candle shares every elementwise operation out over a pool of its own whose threads wait by spinning. They take
///   the cores from the kernels' threads, and on a busy machine a ReLU of 120 000 values took 1.6 ms instead of 0.02.
///   So candle's pool gets one thread (`CANDLE_NUM_THREADS=1`), unless the user has set the variable. This is left
///   alone where it cannot be made sure that no other thread reads the environment (macOS): set it in the shell there.
/// - glibc gives freed memory back to the system at once and takes it again for the next tensor: some 8 µs a page, 3 of
///   the 4 ms of a batch normalisation there and back. So it is told to keep what is freed.
#[allow(unsafe_code)]
pub fn prepare() {
    if std::env::var_os("CANDLE_NUM_THREADS").is_none() && may_change_environment() {
        // SAFETY: on Linux this is the only thread, on Windows other threads may read meanwhile; see below.
        unsafe { std::env::set_var("CANDLE_NUM_THREADS", "1") };
    }
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        unsafe extern "C" {
            fn mallopt(parameter: std::ffi::c_int, value: std::ffi::c_int) -> std::ffi::c_int;
        }
        // malloc.h: free memory at the top of the heap that is kept, and the size from which blocks bypass the heap.
        const M_TRIM_THRESHOLD: std::ffi::c_int = -1;
        const M_MMAP_THRESHOLD: std::ffi::c_int = -3;
        // SAFETY: glibc's mallopt takes two numbers and may be called at any time; a value it dislikes changes nothing.
        unsafe {
            mallopt(M_TRIM_THRESHOLD, std::ffi::c_int::MAX);
            mallopt(M_MMAP_THRESHOLD, 32 << 20);
        }
    }
}

/// Whether no other thread can be reading the environment: on Linux there is none, on Windows reading is synchronised.
fn may_change_environment() -> bool {
    let alone = || std::fs::read_dir("/proc/self/task").is_ok_and(|threads| threads.count() == 1);
    cfg!(windows) || (cfg!(target_os = "linux") && alone())
}
