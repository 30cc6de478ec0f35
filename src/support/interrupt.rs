//! Ctrl-C and SIGTERM as a flag: long work looks at it between two batches, saves, and ends with exit code 130.

use std::sync::atomic::{AtomicBool, Ordering};

static REQUESTED: AtomicBool = AtomicBool::new(false);

/// From now on the first Ctrl-C (or SIGTERM) only sets the flag; a second one ends the program at once.
pub fn listen() {
    let set = ctrlc::set_handler(|| {
        if REQUESTED.swap(true, Ordering::SeqCst) {
            std::process::exit(130);
        }
        eprintln!("\nstopping as soon as nothing is lost by it; once more to stop at once");
    });
    if let Err(error) = set {
        tracing::warn!("Ctrl-C will end the program at once: {error}");
    }
}

/// Whether somebody asked to stop.
pub fn requested() -> bool {
    REQUESTED.load(Ordering::SeqCst)
}
