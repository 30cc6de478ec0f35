//! Named arrays in a safetensors file, with a digest that is checked on reading.
//!
//! The format (huggingface/safetensors) is a JSON header and raw little-endian values. The header's `__metadata__` holds
//! one key of ours, `heart-darts`, a JSON object: `state`, a JSON text; `digests`, of what the file was made of; and
//! `sha256`, the digest of the names, shapes and values and of these two.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use candle_core::{Device, Tensor};
use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use sha2::{Digest, Sha256};

use super::error::{Error, Result};
use crate::support::digests::Digests;
use crate::support::files;

/// The largest file of weights or checkpoint that is read: the paper's supernet with its momenta has 0.2 GB.
const LIMIT: u64 = 8 << 30;
/// The key of the header's metadata that is ours.
const KEY: &str = "heart-darts";

/// An array of a file.
#[derive(Debug, Clone, PartialEq)]
pub enum Array {
    /// Floating point, with its shape.
    F32(Vec<usize>, Vec<f32>),
    /// Indices.
    U32(Vec<u32>),
}

impl Array {
    /// What it is, in a few words.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::F32(shape, _) => format!("floats of shape {shape:?}"),
            Self::U32(values) => format!("{} indices", values.len()),
        }
    }

    /// The array of a tensor of f32.
    ///
    /// # Errors
    /// When candle fails.
    pub fn of(tensor: &Tensor) -> candle_core::Result<Self> {
        Ok(Self::F32(tensor.dims().to_vec(), tensor.flatten_all()?.to_vec1()?))
    }
}

/// A text and named arrays.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TensorFile {
    /// JSON of what is not an array.
    pub state: String,
    /// What it was made of. None in files of before there were any.
    pub digests: Digests,
    /// The arrays, in the order of names.
    pub arrays: BTreeMap<String, Array>,
}

impl TensorFile {
    /// Writes it, replacing what stood at `path` atomically. The same content gives the same bytes.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        Ok(files::write_atomic(path, &self.to_bytes(path)?)?)
    }

    /// As [`Self::write`], keeping what stood at `path` as `previous`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_keeping(&self, path: &Path, previous: &Path) -> Result<()> {
        Ok(files::write_atomic_keeping(path, previous, &self.to_bytes(path)?)?)
    }

    /// The whole file; `path` names it in errors.
    ///
    /// # Errors
    /// [`Error::Malformed`] when the format cannot hold it.
    pub fn to_bytes(&self, path: &Path) -> Result<Vec<u8>> {
        let mut parts = Vec::with_capacity(self.arrays.len());
        for (name, array) in &self.arrays {
            let (dtype, shape, bytes) = match array {
                Array::F32(shape, values) => (Dtype::F32, shape.clone(), bytes_of(values, |v| v.to_le_bytes())),
                Array::U32(values) => (Dtype::U32, vec![values.len()], bytes_of(values, |v| v.to_le_bytes())),
            };
            parts.push((name, dtype, shape, bytes));
        }
        let contents = parts.iter().map(|(n, _, shape, bytes)| (n.as_str(), &shape[..], &bytes[..]));
        let digest = digest(&self.state, &self.digests, contents);
        // One key only: the format keeps its metadata in hash order.
        let mut metadata = serde_json::json!({ "state": self.state, "sha256": digest });
        if !self.digests.is_empty() {
            metadata["digests"] = serde_json::json!(self.digests);
        }
        let metadata = HashMap::from([(KEY.to_owned(), metadata.to_string())]);
        let malformed = |error: safetensors::SafeTensorError| Error::Malformed {
            path: path.to_path_buf(),
            place: "tensors".into(),
            message: error.to_string(),
        };
        let views = parts.iter().map(|(name, dtype, shape, bytes)| {
            TensorView::new(*dtype, shape.clone(), bytes).map(|view| (name.as_str(), view))
        });
        let views = views.collect::<std::result::Result<Vec<_>, _>>().map_err(malformed)?;
        serialize(views, Some(metadata)).map_err(malformed)
    }

    /// Reads it and checks its digest.
    ///
    /// # Errors
    /// [`Error::Malformed`] for a file that is truncated, changed or not ours.
    pub fn read(path: &Path) -> Result<Self> {
        Self::parse(&files::read(path, LIMIT)?, path)
    }

    /// As [`Self::read`], of the bytes of a file; `path` names it in errors.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn parse(bytes: &[u8], path: &Path) -> Result<Self> {
        let wrong =
            |place: &str, message: String| Error::Malformed { path: path.to_path_buf(), place: place.into(), message };
        let header = |error: safetensors::SafeTensorError| {
            let (size, all) = (bytes.first_chunk().map(|size| u64::from_le_bytes(*size)), bytes.len());
            let size = size.map_or("no length".into(), |size| format!("a header of {size} bytes"));
            let expected =
                "a whole safetensors file: 8 bytes of length, the header, and exactly the bytes that it lists";
            wrong("header", format!("found {error} ({size} in a file of {all}), expected {expected}"))
        };
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(header)?;
        let tensors = SafeTensors::deserialize(bytes).map_err(header)?;
        let ours = metadata.metadata().as_ref().and_then(|map| map.get(KEY));
        let ours = ours.ok_or_else(|| {
            wrong("metadata", format!("found no key `{KEY}`, expected it: not a file of this program"))
        })?;
        let ours: serde_json::Value = serde_json::from_str(ours)
            .map_err(|error| wrong("metadata", format!("found JSON that ends in {error}, expected an object")))?;
        let text = |key: &str| {
            ours[key]
                .as_str()
                .map(str::to_owned)
                .ok_or_else(|| wrong("metadata", format!("found no text `{key}`, expected it")))
        };
        let (state, expected) = (text("state")?, text("sha256")?);
        let digests = match ours.get("digests") {
            Some(digests) => serde_json::from_value(digests.clone())
                .map_err(|error| wrong("metadata", format!("digests: {error}, expected texts by name")))?,
            None => Digests::default(),
        };
        let mut views: Vec<(&str, TensorView)> = tensors.iter().collect();
        views.sort_by_key(|(name, _)| *name);
        let found = digest(&state, &digests, views.iter().map(|(name, view)| (*name, view.shape(), view.data())));
        if found != expected {
            return Err(wrong("content", format!("found digest {found}, expected {expected}; the file was damaged")));
        }
        let mut arrays = BTreeMap::new();
        for (name, view) in views {
            let words = view.data().chunks_exact(4).map(|b| [b[0], b[1], b[2], b[3]]);
            let array = match view.dtype() {
                Dtype::F32 => Array::F32(view.shape().to_vec(), words.map(f32::from_le_bytes).collect()),
                Dtype::U32 => Array::U32(words.map(u32::from_le_bytes).collect()),
                other => return Err(wrong(name, format!("found values of type {other:?}, expected F32 or U32"))),
            };
            arrays.insert(name.to_owned(), array);
        }
        Ok(Self { state, digests, arrays })
    }

    /// Puts tensors in under `prefix`.
    ///
    /// # Errors
    /// When candle fails.
    pub fn insert_all(&mut self, prefix: &str, tensors: &BTreeMap<String, Tensor>) -> Result<()> {
        for (name, tensor) in tensors {
            self.arrays.insert(format!("{prefix}{name}"), Array::of(tensor)?);
        }
        Ok(())
    }

    /// The tensors whose names start with `prefix`, without it.
    ///
    /// # Errors
    /// When candle fails.
    pub fn tensors(&self, prefix: &str) -> Result<BTreeMap<String, Tensor>> {
        let mut tensors = BTreeMap::new();
        for (name, array) in &self.arrays {
            if let (Some(name), Array::F32(shape, values)) = (name.strip_prefix(prefix), array) {
                tensors.insert(name.to_owned(), Tensor::from_slice(values, shape.as_slice(), &Device::Cpu)?);
            }
        }
        Ok(tensors)
    }

    /// The values of the arrays whose names start with `prefix`, without it.
    pub fn values(&self, prefix: &str) -> BTreeMap<String, Vec<f32>> {
        let values = self.arrays.iter().filter_map(|(name, array)| match array {
            Array::F32(_, values) => Some((name.strip_prefix(prefix)?.to_owned(), values.clone())),
            Array::U32(_) => None,
        });
        values.collect()
    }

    /// The indices under a name.
    pub fn indices(&self, name: &str) -> Option<Vec<usize>> {
        match self.arrays.get(name)? {
            Array::U32(values) => Some(values.iter().map(|&v| v as usize).collect()),
            Array::F32(..) => None,
        }
    }

    /// Puts indices in under a name.
    pub fn insert_indices(&mut self, name: &str, indices: &[usize]) {
        self.arrays.insert(name.to_owned(), Array::U32(indices.iter().map(|&i| i as u32).collect()));
    }
}

fn bytes_of<T: Copy>(values: &[T], bytes: impl Fn(T) -> [u8; 4]) -> Vec<u8> {
    values.iter().flat_map(|&value| bytes(value)).collect()
}

fn digest<'a>(state: &str, digests: &Digests, parts: impl Iterator<Item = (&'a str, &'a [usize], &'a [u8])>) -> String {
    let mut sha = Sha256::new();
    let mut part = |bytes: &[u8]| {
        sha.update((bytes.len() as u64).to_le_bytes());
        sha.update(bytes);
    };
    part(state.as_bytes());
    for (field, digest) in digests.iter() {
        part(field.as_bytes());
        part(digest.as_bytes());
    }
    for (name, shape, bytes) in parts {
        part(name.as_bytes());
        part(format!("{shape:?}").as_bytes());
        part(bytes);
    }
    files::hexadecimal(&sha.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> TensorFile {
        let digests = Digests::default().with("configuration", "c0ffee").with("data", "da7a");
        let mut file = TensorFile { state: "{\"epoch\":3}".into(), digests, ..TensorFile::default() };
        file.arrays.insert("a".into(), Array::F32(vec![2, 1], vec![1.5, f32::MIN_POSITIVE]));
        file.insert_indices("order", &[3, 1, 2]);
        file
    }

    #[test]
    fn round_trips_and_is_the_same_bytes_each_time() {
        let folder = tempfile::tempdir().unwrap();
        let (a, b) = (folder.path().join("a"), folder.path().join("b"));
        example().write(&a).unwrap();
        TensorFile::read(&a).unwrap().write(&b).unwrap();
        assert_eq!(TensorFile::read(&b).unwrap(), example());
        assert_eq!(std::fs::read(a).unwrap(), std::fs::read(b).unwrap());
    }

    #[test]
    fn every_flipped_bit_and_every_truncation_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        example().write(&path).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        for i in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[i] ^= 1 << bit;
                assert!(TensorFile::parse(&changed, &path).is_err(), "bit {bit} of byte {i}");
            }
            std::fs::write(&path, &bytes[..i]).unwrap();
            assert!(TensorFile::read(&path).is_err(), "truncated to {i} bytes");
        }
    }
}
