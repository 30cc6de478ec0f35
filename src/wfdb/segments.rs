//! Records of several segments, joined into one.
//!
//! The master header lists the segments, each a record of its own, or `~` for a gap. With a fixed layout all have the same
//! signals in the same order. With a variable layout the first segment has no samples: its header only lists the signals that
//! occur, and the others have some of them, found by their description (header(5), *multi-segment records*).

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::record::with_suffix;
use super::{Calibration, Error, Expanded, Format, Header, INVALID, Result, SignalSpec, limit, signal_file};

fn refuse(origin: impl Into<Box<str>>, found: impl Into<Box<str>>, expected: impl Into<Box<str>>) -> Error {
    Error::Segments { origin: origin.into(), found: found.into(), expected: expected.into() }
}

/// The header of a segment, which lies beside the master header; never one of several segments itself, so that this ends.
fn header_of(name: &str, master: &Path) -> Result<(PathBuf, Header)> {
    let path = with_suffix(&master.with_file_name(name), ".hea");
    let header = Header::read_alone(&path)?;
    if !header.segments.is_empty() {
        let found = format!("the segment `{name}`, which has segments itself");
        return Err(refuse(master.display().to_string(), found, "segments with signals of their own"));
    }
    Ok((path, header))
}

/// Fills in what a master header leaves to its segments: the signals, and where it is not given the length.
pub(super) fn resolve(header: &mut Header, signals: usize, path: &Path) -> Result<()> {
    let origin = path.display().to_string();
    let total = header.segments.iter().try_fold(0_u64, |sum, segment| sum.checked_add(segment.samples));
    match (header.samples, total) {
        (None, Some(_)) => header.samples = total,
        (Some(expected), Some(total)) if expected == total => {}
        (expected, total) => {
            let found = total.map_or("more than 2^64".into(), |total| total.to_string());
            let expected = expected.map_or("fewer".into(), |expected| format!("{expected}, as the record line says"));
            return Err(refuse(origin, format!("segments of {found} samples together"), expected));
        }
    }
    let Some(name) = header.segments.iter().find_map(|segment| segment.name.as_deref()) else {
        return Err(refuse(origin, "gaps only", "at least one segment with a header, which names the signals"));
    };
    let (_, first) = header_of(name, path)?;
    if first.signals.len() != signals {
        let expected = format!("{signals}, as the record line says");
        return Err(refuse(origin, format!("{} signals in `{name}`", first.signals.len()), expected));
    }
    header.signals = first.signals;
    Ok(())
}

/// See [`Header::files`].
pub(super) fn files(header: &Header, path: &Path) -> Result<Vec<PathBuf>> {
    let folder = path.parent().unwrap_or(Path::new(""));
    if header.segments.is_empty() {
        return Ok(signal_file::files(header, folder));
    }
    let mut files = Vec::new();
    let mut seen = HashSet::new();
    for name in header.segments.iter().filter_map(|segment| segment.name.as_deref()) {
        if seen.insert(PathBuf::from(name)) {
            let (path, header) = header_of(name, path)?;
            let own = signal_file::files(&header, folder);
            files.extend(std::iter::once(path).chain(own).filter(|file| seen.insert(file.clone())));
        }
    }
    Ok(files)
}

/// A segment with something to read.
struct Piece {
    /// The record's frame that is its first.
    start: u64,
    /// Frames.
    frames: u64,
    segment: Rc<Part>,
}

/// What is alike wherever a segment is named: a header of few lines may name it many times, and it is in memory once.
struct Part {
    path: PathBuf,
    header: Header,
    /// Places in the result, and the segment's signals for them.
    places: Vec<usize>,
    signals: Vec<usize>,
}

/// Reads the chosen signals of a record whose master header is at `path`.
pub(super) fn read(mut header: Header, path: &Path, chosen: &[usize]) -> Result<Expanded> {
    let origin = path.display().to_string();
    let pieces = pieces(&header, path, chosen)?;
    header.signals = chosen.iter().map(|signal| header.signals[*signal].clone()).collect();
    let frames = header.samples.unwrap_or(0);
    let width: u128 = header.signals.iter().map(|spec| u128::from(spec.samples_per_frame)).sum();
    let folder = path.parent().unwrap_or(Path::new(""));
    // A file counts once, however often it is named, and so does a segment.
    let mut parts: Vec<&Rc<Part>> = pieces.iter().map(|piece| &piece.segment).collect();
    parts.sort_by_key(|part| Rc::as_ptr(part));
    parts.dedup_by_key(|part| Rc::as_ptr(part));
    let files: HashSet<PathBuf> = parts.into_iter().flat_map(|part| signal_file::files(&part.header, folder)).collect();
    let bytes =
        files.iter().map(|file| std::fs::metadata(file).map_or(0, |data| data.len())).fold(0, u64::saturating_add);
    limit::check(width.saturating_mul(frames.into()), bytes, &origin)?;
    describe(&mut header.signals, &pieces)?;
    let samples = |spec: &SignalSpec| (frames * u64::from(spec.samples_per_frame)) as usize;
    let mut signals: Vec<Vec<i32>> = header.signals.iter().map(|spec| vec![INVALID; samples(spec)]).collect();
    for piece in &pieces {
        let Part { path, header: own, places, signals: wanted } = &*piece.segment;
        let origin = path.display().to_string();
        let (_, read) = signal_file::read(own, Some(piece.frames), folder, &origin, wanted)?;
        for (place, read) in places.iter().zip(read) {
            let start = piece.start as usize * header.signals[*place].samples_per_frame as usize;
            signals[*place][start..start + read.len()].copy_from_slice(&read);
        }
    }
    header.segments.clear();
    Ok(Expanded { header, signals })
}

/// The segments that have some of the chosen signals, each checked against the master header.
fn pieces(master: &Header, path: &Path, chosen: &[usize]) -> Result<Vec<Piece>> {
    let variable = master.segments[0].samples == 0;
    let mut parts: HashMap<&str, Rc<Part>> = HashMap::new();
    let mut pieces = Vec::new();
    let mut start = 0;
    for segment in &master.segments[usize::from(variable)..] {
        let at = start;
        start += segment.samples;
        let Some(name) = segment.name.as_deref() else { continue };
        if !parts.contains_key(name) {
            parts.insert(name, Rc::new(part(master, name, path, chosen, variable)?));
        }
        let part = &parts[name];
        if let Some(found) = part.header.samples.filter(|samples| *samples != segment.samples) {
            let (found, expected) = (format!("{found} samples in segment `{name}`"), segment.samples);
            return Err(refuse(
                part.path.display().to_string(),
                found,
                format!("{expected}, as the master header says"),
            ));
        }
        if !part.places.is_empty() && segment.samples > 0 {
            pieces.push(Piece { start: at, frames: segment.samples, segment: part.clone() });
        }
    }
    Ok(pieces)
}

/// A segment, checked against the master header, and which of its signals are for which of the chosen.
fn part(master: &Header, name: &str, path: &Path, chosen: &[usize], variable: bool) -> Result<Part> {
    let (path, header) = header_of(name, path)?;
    let origin = path.display().to_string();
    let refuse =
        |found: String, expected: String| Err(refuse(&*origin, format!("{found} in segment `{name}`"), expected));
    if (header.frequency - master.frequency).abs() > 1e-9 * master.frequency {
        let expected = format!("{} Hz, as the record line says", master.frequency);
        return refuse(format!("{} Hz", header.frequency), expected);
    }
    if !variable && header.signals.len() != master.signals.len() {
        let found = format!("{} signals", header.signals.len());
        return refuse(found, format!("{}, as the first segment has", master.signals.len()));
    }
    // With a variable layout, the first of that description: so it is in the Python package.
    let mut by_description: HashMap<&str, usize> = HashMap::new();
    for (signal, spec) in header.signals.iter().enumerate() {
        by_description.entry(&spec.description).or_insert(signal);
    }
    let find = |signal: usize| match variable {
        true => by_description.get(master.signals[signal].description.as_str()).copied(),
        false => Some(signal),
    };
    let found = chosen.iter().enumerate().filter_map(|(place, signal)| Some((place, find(*signal)?)));
    let (places, signals): (Vec<usize>, Vec<usize>) = found.unzip();
    for (place, signal) in places.iter().zip(&signals) {
        let (expected, found) = (&master.signals[chosen[*place]], &header.signals[*signal]);
        if expected.samples_per_frame != found.samples_per_frame {
            let found = format!("{} samples a frame of {}", found.samples_per_frame, found.description);
            return refuse(found, format!("{}, as in the first segment", expected.samples_per_frame));
        }
    }
    Ok(Part { path, header, places, signals })
}

/// What the segments say of the signals: storage, gain, baseline and unit of the first that has one, and where the later ones
/// have another gain or baseline.
fn describe(signals: &mut [SignalSpec], pieces: &[Piece]) -> Result<()> {
    for spec in &mut *signals {
        // What a layout header says of gains need not be so.
        (spec.file, spec.skew, spec.byte_offset) = (String::new(), 0, 0);
        (spec.initial_value, spec.checksum, spec.block_size) = (None, None, 0);
    }
    let mut last: Vec<Option<(f64, i32)>> = vec![None; signals.len()];
    let mut before = std::ptr::null();
    for piece in pieces {
        // The same segment once more says nothing new.
        if std::mem::replace(&mut before, Rc::as_ptr(&piece.segment)) == Rc::as_ptr(&piece.segment) {
            continue;
        }
        let Part { path, header, places, signals: wanted } = &*piece.segment;
        for (place, wanted) in places.iter().zip(wanted) {
            let (spec, own, last) = (&mut signals[*place], &header.signals[*wanted], &mut last[*place]);
            match *last {
                None => {
                    (spec.format, spec.gain, spec.baseline) = (own.format, own.gain, own.baseline);
                    (spec.adc_resolution, spec.adc_zero) = (own.adc_resolution, own.adc_zero);
                    spec.units.clone_from(&own.units);
                }
                Some(_) if own.units != spec.units => {
                    let found = format!("`{}` for {}", own.units, spec.description);
                    let expected = format!("`{}`, as in the segments before: read the segments one by one", spec.units);
                    return Err(refuse(path.display().to_string(), found, expected));
                }
                Some(last) if last != (own.gain, own.baseline) => {
                    let Piece { start: from, .. } = *piece;
                    spec.changes.push(Calibration { from, gain: own.gain, baseline: own.baseline });
                }
                Some(_) => {}
            }
            // The widest of the formats can say the samples of all.
            if own.format.bits() > spec.format.bits() {
                spec.format = own.format;
            }
            *last = Some((own.gain, own.baseline));
        }
    }
    for (spec, last) in signals.iter_mut().zip(last) {
        if last.is_none() {
            spec.format = Format::Format0;
        }
    }
    Ok(())
}
