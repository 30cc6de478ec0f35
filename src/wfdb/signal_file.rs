//! Signal files of a record of one segment: looked at, then read.

use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::format::flac::Stream;
use super::track::Track;
use super::{Error, Format, Header, INVALID, Result, SignalSpec, limit};
use crate::support::files::{self, FileError};

/// Samples that are decoded at a time.
const CHUNK: u64 = 1 << 15;

/// Frames are read in multiples of so many, so that no pair of format 212 and no triple of 310 is torn.
const WHOLE: u64 = 6;

/// The signals that share a signal file.
struct Group<'a> {
    path: PathBuf,
    /// Of the header's signals.
    signals: Range<usize>,
    specs: &'a [SignalSpec],
    format: Format,
    /// Samples of all its signals in a frame.
    frame: u64,
    /// Bytes before the first frame.
    offset: u64,
    /// The file's size in bytes.
    size: u64,
}

/// Reads the chosen signals at their own rate, in the order given, and the number of frames; `origin` is the header's path,
/// `folder` where it lies. `frames` is how many there are, where that is known.
pub(super) fn read(
    header: &Header,
    frames: Option<u64>,
    folder: &Path,
    origin: &str,
    chosen: &[usize],
) -> Result<(u64, Vec<Vec<i32>>)> {
    let groups = groups(header, folder)?;
    let frames = match frames {
        Some(frames) => frames,
        // Where the header does not say, the shortest file decides.
        None => groups
            .iter()
            .filter_map(|group| group.frames(origin).transpose())
            .collect::<Result<Vec<_>>>()?
            .into_iter()
            .min()
            .unwrap_or(0),
    };
    let wanted: u128 = chosen.iter().map(|signal| u128::from(header.signals[*signal].samples_per_frame)).sum();
    let stored = groups.iter().map(|group| group.size).fold(0, u64::saturating_add);
    let mut signals = vec![Vec::new(); chosen.len()];
    // For each group the wanted of its signals.
    let mut by_group = vec![Vec::new(); groups.len()];
    for (place, signal) in chosen.iter().copied().enumerate() {
        by_group[groups.partition_point(|group| group.signals.end <= signal)].push((place, signal));
    }
    for (group, _) in groups.iter().zip(&by_group).filter(|(_, wanted)| !wanted.is_empty()) {
        group.check(frames, origin)?;
    }
    limit::check(wanted.saturating_mul(frames.into()), stored, origin)?;
    for (group, wanted) in groups.iter().zip(&by_group).filter(|(_, wanted)| !wanted.is_empty()) {
        group.read(frames, origin, wanted, &mut signals)?;
    }
    Ok((frames, signals))
}

/// The signal files of a header, each once; null signals have none.
pub(super) fn files(header: &Header, folder: &Path) -> Vec<PathBuf> {
    let stored = header.signals.iter().filter(|spec| spec.format != Format::Format0);
    let mut files: Vec<PathBuf> = stored.map(|spec| folder.join(&spec.file)).collect();
    files.dedup();
    files
}

/// The header's signal files, each looked at but not read.
fn groups<'a>(header: &'a Header, folder: &Path) -> Result<Vec<Group<'a>>> {
    let mut start = 0;
    let mut groups = Vec::new();
    for specs in header.signals.chunk_by(|a, b| a.file == b.file) {
        let (path, format) = (folder.join(&specs[0].file), specs[0].format);
        let size = match format {
            Format::Format0 => 0,
            _ => std::fs::metadata(&path).map_err(|source| FileError::Read { path: path.clone(), source })?.len(),
        };
        let frame = specs.iter().map(|spec| u64::from(spec.samples_per_frame)).sum();
        let signals = start..start + specs.len();
        start = signals.end;
        groups.push(Group { path, signals, specs, format, frame, offset: specs[0].byte_offset, size });
    }
    Ok(groups)
}

impl Group<'_> {
    /// Whole frames in the file, where it has any.
    fn frames(&self, origin: &str) -> Result<Option<u64>> {
        match self.format {
            Format::Format0 => Ok(None),
            format if format.is_flac() => {
                let stream = self.stream(origin)?;
                Ok(Some(stream.count()? / u64::from(self.specs[0].samples_per_frame)))
            }
            _ if self.size < self.offset => {
                let reason = format!("{origin} has the first sample at byte {}", self.offset);
                Err(self.truncated(self.offset.into(), reason))
            }
            format => Ok(Some(format.samples(self.size - self.offset) / self.frame)),
        }
    }

    fn truncated(&self, expected: u128, reason: String) -> Error {
        Error::Truncated { path: self.path.clone(), found: self.size, expected, reason: reason.into() }
    }

    /// Compares the sizes, before memory is taken.
    fn check(&self, frames: u64, origin: &str) -> Result<()> {
        if self.format == Format::Format0 || self.format.is_flac() {
            return Ok(());
        }
        let (format, frame, offset) = (self.format, self.frame, self.offset);
        let needed = u128::from(frames).saturating_mul(frame.into());
        let expected = format.bytes(needed).saturating_add(offset.into());
        if u128::from(self.size) < expected {
            let reason = format!("{origin}: {frames} frames of {frame} samples in format {format} from byte {offset}");
            return Err(self.truncated(expected, reason));
        }
        Ok(())
    }

    /// Reads the wanted signals, given as (place in `signals`, number in the header), and verifies them.
    fn read(&self, frames: u64, origin: &str, wanted: &[(usize, usize)], signals: &mut [Vec<i32>]) -> Result<()> {
        let samples = |signal: usize| frames * u64::from(self.spec(signal).samples_per_frame);
        if self.format == Format::Format0 {
            for (place, signal) in wanted {
                signals[*place] = vec![INVALID; samples(*signal) as usize];
            }
            return Ok(());
        }
        // A FLAC stream's own word on its length is not trusted: there, memory grows as samples come.
        let room = |signal| if self.format.is_flac() { 0 } else { samples(signal) as usize };
        let mut tracks: Vec<Track> =
            wanted.iter().map(|(_, signal)| Track::new(self.spec(*signal), room(*signal))).collect();
        if self.format.is_flac() {
            self.read_stream(frames, origin, wanted, &mut tracks)?;
        } else {
            self.read_bytes(frames, wanted, &mut tracks)?;
        }
        for (track, (place, signal)) in tracks.into_iter().zip(wanted) {
            signals[*place] = track.finish(samples(*signal), self.spec(*signal), *signal, &self.path, origin)?;
        }
        Ok(())
    }

    fn spec(&self, signal: usize) -> &SignalSpec {
        &self.specs[signal - self.signals.start]
    }

    /// Decodes `frames` frames, a chunk at a time.
    fn read_bytes(&self, frames: u64, wanted: &[(usize, usize)], tracks: &mut [Track]) -> Result<()> {
        let failed = |source| FileError::Read { path: self.path.clone(), source };
        let mut file = files::open(&self.path).map_err(failed)?;
        file.seek(SeekFrom::Start(self.offset)).map_err(failed)?;
        // Where each signal's samples lie in a frame.
        let ends = self.specs.iter().scan(0, |end, spec| {
            *end += spec.samples_per_frame as usize;
            Some(*end)
        });
        let ends: Vec<usize> = ends.collect();
        let within = |signal: usize| {
            let end = ends[signal - self.signals.start];
            end - self.spec(signal).samples_per_frame as usize..end
        };
        let within: Vec<Range<usize>> = wanted.iter().map(|(_, signal)| within(*signal)).collect();
        let step = WHOLE * (CHUNK / WHOLE / self.frame).max(1);
        let (mut bytes, mut samples) = (Vec::new(), Vec::new());
        let mut start = 0;
        while start < frames {
            let count = step.min(frames - start);
            bytes.resize(self.format.bytes(u128::from(count * self.frame)) as usize, 0);
            file.read_exact(&mut bytes).map_err(failed)?;
            self.format.decode(&bytes, &mut samples);
            // What is left of a pair or a triple is not a sample.
            samples.truncate((count * self.frame) as usize);
            for (track, within) in tracks.iter_mut().zip(&within) {
                let frames = samples.chunks_exact(self.frame as usize);
                track.take(frames.flat_map(|frame| &frame[within.clone()]).copied());
            }
            start += count;
        }
        Ok(())
    }

    fn read_stream(&self, frames: u64, origin: &str, wanted: &[(usize, usize)], tracks: &mut [Track]) -> Result<()> {
        let samples = frames.saturating_mul(self.specs[0].samples_per_frame.into());
        self.stream(origin)?.read(samples, |channel, samples| {
            for (track, (_, signal)) in tracks.iter_mut().zip(wanted) {
                if *signal - self.signals.start == channel {
                    track.take(samples.iter().copied());
                }
            }
        })
    }

    fn stream(&self, origin: &str) -> Result<Stream> {
        let unsupported = |found: String, expected: &str| {
            let origin = format!("{origin}: {}", self.path.display());
            Err(Error::Unsupported { origin: origin.into(), found: found.into(), expected: expected.into() })
        };
        if self.offset != 0 {
            // header(5) counts bytes here, and the Python package samples: a guess would read wrong samples.
            let found = format!("a FLAC file with an offset of {}", self.offset);
            return unsupported(
                found,
                "a FLAC file is read from its start: leave the `+` and the number out of the header",
            );
        }
        let first = self.specs[0].samples_per_frame;
        if let Some(other) = self.specs.iter().map(|spec| spec.samples_per_frame).find(|other| *other != first) {
            let found = format!("a FLAC file with {first} and {other} samples a frame");
            return unsupported(
                found,
                "all signals of a FLAC file have as many samples a frame: give the others a file of their own",
            );
        }
        Stream::open(&self.path, self.format, self.specs.len())
    }
}
