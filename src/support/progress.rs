//! What a person sees while waiting: a bar on a terminal, a plain line every now and then elsewhere.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// Elsewhere than on a terminal, a line at most this often.
const PLAIN_INTERVAL: Duration = Duration::from_secs(60);

static SILENT: AtomicBool = AtomicBool::new(false);

/// From now on no progress is shown: `--quiet`.
pub fn silence() {
    SILENT.store(true, Ordering::Relaxed);
}

/// Whether no progress is to be shown.
pub fn is_silent() -> bool {
    SILENT.load(Ordering::Relaxed)
}

/// The progress of one piece of long work, on standard error.
#[derive(Debug)]
pub struct Progress {
    bar: Option<ProgressBar>,
    silent: bool,
    label: String,
    unit: &'static str,
    total: u64,
    done: u64,
    before: u64,
    start: Instant,
    last: Instant,
}

impl Progress {
    /// Starts at 0 of `total` of `unit` (beats, bytes, records).
    pub fn new(label: impl Into<String>, total: u64, unit: &'static str) -> Self {
        let label = label.into();
        let silent = is_silent();
        let bar = (!silent && std::io::stderr().is_terminal()).then(|| {
            let style = format!("{{msg}} {{wide_bar}} {{pos}}/{{len}} {unit} {{per_sec}} {{eta}} left");
            let bar = ProgressBar::new(total);
            if let Ok(style) = ProgressStyle::with_template(&style) {
                bar.set_style(style);
            }
            bar.set_message(label.clone());
            bar
        });
        let now = Instant::now();
        Self { bar, silent, label, unit, total, done: 0, before: 0, start: now, last: now }
    }

    /// Takes up work of which `n` was done before: it counts as done, but not for the rate.
    pub fn resume_at(&mut self, n: u64) {
        (self.done, self.before) = (n, n);
        if let Some(bar) = &self.bar {
            bar.set_position(n);
            bar.reset_eta();
        }
    }

    /// Goes on by `n`.
    pub fn advance(&mut self, n: u64) {
        self.done += n;
        match &self.bar {
            Some(bar) => bar.set_position(self.done),
            None if !self.silent && self.last.elapsed() >= PLAIN_INTERVAL => {
                self.last = Instant::now();
                let rate = (self.done - self.before) as f64 / self.start.elapsed().as_secs_f64();
                let left = self.total.saturating_sub(self.done) as f64 / rate.max(1e-9);
                let Self { label, done, total, unit, .. } = self;
                eprintln!("{label}: {done}/{total} {unit}, {rate:.0} {unit}/s, {left:.0} s left");
            }
            None => {}
        }
    }

    /// Says something without disturbing the bar.
    pub fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln!("{line}")),
            None if !self.silent => eprintln!("{line}"),
            None => {}
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
