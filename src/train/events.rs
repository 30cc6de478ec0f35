//! Scalars of a run as TensorBoard event files.
//!
//! An event file is a row of records: length, its checksum, an `Event` in protocol buffers, its checksum (CRC-32C, rotated and
//! shifted); after `record_writer.h`, `event.proto` and `summary.proto` of TensorFlow. Ours need three kinds of event, so they are
//! put into bytes here. As TensorFlow does, every process writes a file of its own; one that resumes begins it with `START`
//! and its first step, by which TensorBoard forgets later steps of the files before.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::error::Result;
use super::log::read_log;
use crate::support::files;

/// Where a run's process writes its events.
#[derive(Debug)]
pub(super) struct Events {
    path: PathBuf,
}

impl Events {
    /// A new file in a run's folder, whose next epoch is `next`. Where no process has written events before, the epochs that
    /// `log` has already are filled in.
    pub(super) fn begin(folder: &Path, log: &Path, next: u64) -> Result<Self> {
        let now = now();
        let before = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let resumed = before.into_iter().any(|entry| entry.file_name().to_string_lossy().contains("tfevents"));
        // TensorBoard takes the files of a folder in the order of their names.
        let name = format!("events.out.tfevents.{:013}.heart-darts", (1000.0 * now) as u64);
        let events = Self { path: folder.join(name) };
        let mut bytes = record(&event(now, 0, 3, b"brain.Event:2"));
        if resumed {
            bytes.extend(record(&event(now, next, 7, &[1 << 3, 1])));
        } else {
            let lines: Vec<Value> = read_log(log)?;
            lines.iter().filter(|line| step(line) < next).for_each(|line| bytes.extend(scalars(now, line)));
        }
        files::append(&events.path, &bytes)?;
        Ok(events)
    }

    /// Appends the figures of an epoch, a line of the log.
    pub(super) fn append(&self, line: &Value) -> Result<()> {
        Ok(files::append(&self.path, &scalars(now(), line))?)
    }
}

/// The epoch of a line.
pub(super) fn step(line: &Value) -> u64 {
    line["epoch"].as_u64().unwrap_or(0)
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}

/// A line's figures as one event.
fn scalars(time: f64, line: &Value) -> Vec<u8> {
    let mut found = Vec::new();
    collect("", line, &mut found);
    let mut summary = Vec::new();
    for (tag, value) in found {
        let mut one = field(1, tag.as_bytes());
        one.push((2 << 3) | 5);
        one.extend((value as f32).to_le_bytes());
        summary.extend(field(1, &one));
    }
    record(&event(time, step(line), 5, &summary))
}

/// Every number, named by its place: `validation/f1`, `monitor/entropy/0`. Alpha, arrays of arrays, has pictures of its own.
fn collect(place: &str, value: &Value, found: &mut Vec<(String, f64)>) {
    let inside = |name: &str| if place.is_empty() { name.to_owned() } else { format!("{place}/{name}") };
    match value {
        Value::Number(number) => found.extend(number.as_f64().map(|number| (place.to_owned(), number))),
        Value::Object(fields) => {
            for (name, value) in fields.iter().filter(|(name, _)| *name != "epoch") {
                // `training_loss` and `validation/loss` are found under the same headings then.
                let name = ["training_", "validation_"].iter().fold(name.clone(), |name, prefix| {
                    name.strip_prefix(prefix).map_or(name.clone(), |rest| prefix.replace('_', "/") + rest)
                });
                collect(&inside(&name), value, found);
            }
        }
        Value::Array(values) if values.iter().all(Value::is_number) => {
            values.iter().enumerate().for_each(|(index, value)| collect(&inside(&index.to_string()), value, found));
        }
        _ => {}
    }
}

/// `Event`: wall time, step, and one field of bytes.
fn event(time: f64, step: u64, what: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![(1 << 3) | 1];
    bytes.extend(time.to_le_bytes());
    bytes.push(2 << 3);
    bytes.extend(variable(step));
    bytes.extend(field(what, content));
    bytes
}

/// A field of bytes: its number and type, length, content.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![(number << 3) | 2];
    bytes.extend(variable(content.len() as u64));
    bytes.extend(content);
    bytes
}

/// Seven bits a byte, the lowest first; the highest bit says that more follow.
fn variable(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

/// A record around an event.
fn record(event: &[u8]) -> Vec<u8> {
    let length = (event.len() as u64).to_le_bytes();
    let checksum = |bytes: &[u8]| crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes();
    [&length[..], &checksum(&length), event, &checksum(event)].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What TensorBoard says of this file is in `events.txt` beside it (`read_events.py`).
    const SHOWN: &[u8] = include_bytes!("../../tests/fixtures/train/events.out.tfevents.golden");

    fn lines() -> [Value; 2] {
        let line = |epoch: u64, loss: f64| {
            serde_json::json!({
                "epoch": epoch, "training_loss": loss, "validation": { "f1": 0.25, "loss": null },
                "monitor": { "entropy": [2.25, 2.0] }, "alpha": [[[0.5]]], "best": true,
            })
        };
        [line(1, 1.5), line(300, 0.125)]
    }

    #[test]
    fn the_bytes_are_those_that_tensorboard_was_shown() {
        let [first, second] = lines();
        let bytes = [
            record(&event(1000.5, 0, 3, b"brain.Event:2")),
            scalars(1001.5, &first),
            record(&event(1002.5, 300, 7, &[1 << 3, 1])),
            scalars(1003.5, &second),
        ]
        .concat();
        if std::env::var_os("HEART_DARTS_WRITE_FIXTURES").is_some() {
            std::fs::write("tests/fixtures/train/events.out.tfevents.golden", &bytes).unwrap();
        }
        assert!(
            bytes == SHOWN,
            "run again with HEART_DARTS_WRITE_FIXTURES=1, then read_events.py, and look at events.txt"
        );
    }

    #[test]
    fn a_file_is_begun_once_a_process_and_holds_what_came_before() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log.jsonl");
        let [first, second] = lines();
        std::fs::write(&log, format!("{first}\n{second}\n")).unwrap();
        let read = |events: &Events| std::fs::read(&events.path).unwrap();
        // Asked for when the run had an epoch already.
        let events = Events::begin(folder.path(), &log, 300).unwrap();
        let before = read(&events).len();
        assert!(before > 50 + 13);
        events.append(&second).unwrap();
        assert_eq!(read(&events).len() - before, scalars(0.0, &second).len());
        // The next process says from where on it is right.
        std::thread::sleep(std::time::Duration::from_millis(5));
        let next = Events::begin(folder.path(), &log, 300).unwrap();
        assert!(next.path > events.path);
        // Version and start: the times alone differ.
        let started = [record(&event(0.0, 0, 3, b"brain.Event:2")), record(&event(0.0, 300, 7, &[8, 1]))].concat();
        assert_eq!(read(&next).len(), started.len());
        assert_eq!(read(&next)[started.len() - 8..started.len() - 4], started[started.len() - 8..started.len() - 4]);
    }
}
