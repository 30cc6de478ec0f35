//! The cache of prepared beats: a safetensors file that says what made it.
//!
//! Tensors, in this order: `position` U64 `[beats]`, `values` F32 `[beats, leads, samples]`, `record` U32 `[beats]`,
//! `classes` U8 `[beats]` (0 to 4 for N S V F Q). The only entry of `__metadata__` is `heart-darts beats`, JSON of
//! [`Description`]. A header that is not byte for byte what this version writes for its own description is not read.

use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::beat::{Beats, Context, Made, RecordInfo};
use crate::database::Class;
use crate::support::digests::{Difference, Digests};
use crate::support::files::{FileError, hexadecimal, open, write_atomic_with};

/// Version of the cache and of how beats are cut. Raised with every change that makes other beats of the same records; it
/// is part of the key, so that older files are no longer found.
pub const CACHE_VERSION: u32 = 1;

/// The largest header that is read; a record takes about 60 bytes of it.
const HEADER_LIMIT: u64 = 64 << 20;
/// Values that are converted to bytes, or back, at a time.
const CHUNK: usize = 1 << 16;

/// What the header says of the tensors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Description {
    key: String,
    digests: Digests,
    content: String,
    database: String,
    frequency: f64,
    beats: usize,
    leads: usize,
    samples: usize,
    records: Vec<RecordInfo>,
}

impl Description {
    /// Bytes of the four tensors.
    fn sizes(&self) -> Option<[usize; 4]> {
        let values = self.beats.checked_mul(self.leads)?.checked_mul(self.samples)?.checked_mul(4)?;
        Some([self.beats.checked_mul(8)?, values, self.beats.checked_mul(4)?, self.beats])
    }

    /// The file up to the first tensor.
    fn header(&self) -> Option<Vec<u8>> {
        let [position, values, record, classes] = self.sizes()?;
        let mut end = 0usize;
        let mut tensor = |dtype: &str, shape: &[usize], size: usize| {
            let start = end;
            end = end.checked_add(size)?;
            Some(serde_json::json!({ "dtype": dtype, "shape": shape, "data_offsets": [start, end] }).to_string())
        };
        let description = serde_json::to_string(self).ok()?;
        let mut json = format!(
            r#"{{"__metadata__":{{"heart-darts beats":{}}},"position":{},"values":{},"record":{},"classes":{}}}"#,
            serde_json::to_string(&description).ok()?,
            tensor("U64", &[self.beats], position)?,
            tensor("F32", &[self.beats, self.leads, self.samples], values)?,
            tensor("U32", &[self.beats], record)?,
            tensor("U8", &[self.beats], classes)?,
        );
        // Tensors begin at a multiple of 8 bytes, as the format wants it.
        json.push_str(&" ".repeat(json.len().next_multiple_of(8) - json.len()));
        let mut header = (json.len() as u64).to_le_bytes().to_vec();
        header.extend_from_slice(json.as_bytes());
        Some(header)
    }
}

/// Why a cache was not used; the text goes into a warning.
#[derive(Debug, thiserror::Error)]
pub(super) enum Miss {
    #[error("there is none")]
    Absent,
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
    #[error("it is not of the same {}: found digest {}, expected {}", .0.field, .0.found, .0.expected)]
    Other(Difference),
    #[error("it is damaged: {0}")]
    Damaged(&'static str),
}

/// Writes beats in the place of an older file, which stays when that fails.
pub(super) fn store(path: &Path, made: &Made, beats: &Beats) -> Result<(), FileError> {
    let mut hasher = Sha256::new();
    // Hashing cannot fail.
    let _ = tensors(beats, |bytes| {
        hasher.update(bytes);
        Ok(())
    });
    let description = Description {
        key: made.key(),
        digests: made.digests(),
        content: hexadecimal(&hasher.finalize()),
        database: beats.database.clone(),
        frequency: beats.frequency,
        beats: beats.len(),
        leads: beats.leads,
        samples: beats.samples,
        records: beats.records.clone(),
    };
    write_atomic_with(path, |file| {
        let header = description.header().ok_or_else(|| io::Error::other("more beats than a file can hold"))?;
        let mut file = BufWriter::with_capacity(1 << 20, file);
        file.write_all(&header)?;
        tensors(beats, |bytes| file.write_all(bytes))?;
        file.flush()
    })
}

/// Hands out the bytes of the four tensors, a chunk at a time, so that no second copy is in memory.
fn tensors(beats: &Beats, mut take: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    fn in_chunks<T: Copy, const N: usize>(
        values: &[T],
        bytes_of: impl Fn(T) -> [u8; N],
        take: &mut impl FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(CHUNK * N);
        for chunk in values.chunks(CHUNK) {
            bytes.clear();
            chunk.iter().for_each(|value| bytes.extend_from_slice(&bytes_of(*value)));
            take(&bytes)?;
        }
        Ok(())
    }
    in_chunks(&beats.position, u64::to_le_bytes, &mut take)?;
    in_chunks(&beats.values, f32::to_le_bytes, &mut take)?;
    in_chunks(&beats.record, u32::to_le_bytes, &mut take)?;
    in_chunks(&beats.classes, |class| [class.index() as u8], &mut take)
}

/// Reads the beats that were made of `made`.
pub(super) fn load(path: &Path, made: &Made) -> Result<Beats, Miss> {
    let file = open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Miss::Absent,
        _ => Miss::Io(error),
    })?;
    let length = file.metadata()?.len();
    let mut file = BufReader::with_capacity(1 << 20, file);
    let (description, header) = read_header(&mut file, length)?;
    if let Some(other) = description.digests.difference(&made.digests()) {
        return Err(Miss::Other(other));
    }
    if description.key != made.key() {
        return Err(Miss::Damaged("its key is not that of its digests"));
    }
    let sizes = description.sizes().ok_or(Miss::Damaged("its sizes overflow"))?;
    let expected = sizes.iter().try_fold(header as u64, |sum, size| sum.checked_add(*size as u64));
    if expected != Some(length) {
        return Err(Miss::Damaged("its length is not what its header says"));
    }
    // From here on memory is taken, and no more than the file is long.
    let mut hasher = Sha256::new();
    let [position, values, record, classes] = sizes;
    let position = read_tensor(&mut file, &mut hasher, position, u64::from_le_bytes)?;
    let values = read_tensor(&mut file, &mut hasher, values, f32::from_le_bytes)?;
    let record = read_tensor(&mut file, &mut hasher, record, u32::from_le_bytes)?;
    let classes = read_tensor(&mut file, &mut hasher, classes, |[index]| Class::from_index(usize::from(index)))?;
    if hexadecimal(&hasher.finalize()) != description.content {
        return Err(Miss::Damaged("its content does not have the digest in its header"));
    }
    let classes = classes.into_iter().collect::<Option<_>>().ok_or(Miss::Damaged("it has a class above 4"))?;
    let Description { database, frequency, leads, samples, records, .. } = description;
    let beats = Beats {
        database,
        frequency,
        leads,
        samples,
        values,
        classes,
        record,
        position,
        records,
        context: Context::default(),
    };
    beats.check().map_err(|_| Miss::Damaged("its parts do not fit together"))?;
    Ok(beats)
}

/// The description, and how long the file is up to the first tensor.
fn read_header(file: &mut impl Read, length: u64) -> Result<(Description, usize), Miss> {
    let damaged = Miss::Damaged("its header is not one of this version");
    if length < 8 {
        return Err(damaged);
    }
    let mut size = [0; 8];
    file.read_exact(&mut size)?;
    let size = u64::from_le_bytes(size);
    if size > HEADER_LIMIT || size > length - 8 {
        return Err(damaged);
    }
    let mut header = vec![0; size as usize];
    file.read_exact(&mut header)?;
    let json: Option<serde_json::Value> = serde_json::from_slice(&header).ok();
    let text = json.as_ref().and_then(|json| json.get("__metadata__")?.get("heart-darts beats")?.as_str());
    let description: Option<Description> = text.and_then(|text| serde_json::from_str(text).ok());
    match description {
        Some(description) if description.header().is_some_and(|whole| whole[8..] == header) => {
            Ok((description, header.len() + 8))
        }
        _ => Err(damaged),
    }
}

fn read_tensor<T, const N: usize>(
    file: &mut impl Read,
    hasher: &mut Sha256,
    size: usize,
    value_of: impl Fn([u8; N]) -> T,
) -> io::Result<Vec<T>> {
    let mut values = Vec::with_capacity(size / N);
    let mut bytes = vec![0; (CHUNK * N).min(size)];
    let mut left = size;
    while left > 0 {
        let part = left.min(bytes.len());
        file.read_exact(&mut bytes[..part])?;
        hasher.update(&bytes[..part]);
        values.extend(bytes[..part].as_chunks::<N>().0.iter().map(|bytes| value_of(*bytes)));
        left -= part;
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::Database;
    use crate::signal::Preprocessing;

    #[test]
    fn beats_of_something_else_are_refused_by_what_differs() {
        let database = Database::builtin("synthetic").unwrap();
        let made = |preprocessing: &Preprocessing, records| Made::of(&database, preprocessing, records);
        let (plain, resampled) =
            (Preprocessing::none(), Preprocessing { resample: Some(100.0), ..Preprocessing::none() });
        let beats = Beats {
            database: "synthetic".into(),
            frequency: 360.0,
            leads: 1,
            samples: 2,
            values: vec![1.0, 2.0],
            classes: vec![Class::N],
            record: vec![0],
            position: vec![7],
            records: vec![RecordInfo { name: "a".into(), subject: "a".into(), published: None }],
            context: Context::default(),
        };
        let file = tempfile::NamedTempFile::new().unwrap();
        store(file.path(), &made(&plain, "c0ffee"), &beats).unwrap();
        assert_eq!(load(file.path(), &made(&plain, "c0ffee")).unwrap(), beats);
        let why = |other: &Made| load(file.path(), other).unwrap_err().to_string();
        let records = why(&made(&plain, "decaf"));
        assert!(records.contains("same records: found digest c0ffee, expected decaf"), "{records}");
        assert!(why(&made(&resampled, "c0ffee")).contains("same preprocessing"));
        let other = Database { frequency: 250.0, ..database.clone() };
        assert!(why(&Made::of(&other, &plain, "c0ffee")).contains("same description"));
    }
}
