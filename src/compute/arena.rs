//! Buffers that are used again instead of freed: the first touch of a fresh page costs more than filling it.
//!
//! They start at a cache line, so that a row of 16 floats lies in one.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

/// The buffers nobody uses now.
static FREE: Mutex<Vec<Vec<f32>>> = Mutex::new(Vec::new());

/// Bytes of a cache line, and the floats to spare for starting at one.
const LINE: usize = 64;
const SPARE: usize = LINE / size_of::<f32>();

/// Floats from the arena, to which they go back when this is dropped, or from elsewhere.
#[derive(Debug)]
pub(super) struct Buffer {
    values: Vec<f32>,
    start: usize,
    len: usize,
    /// Whether it came from the arena: what came from elsewhere does not pile up in it.
    returns: bool,
}

/// A buffer of `len` floats **whose contents are what its last user left**.
pub(super) fn take(len: usize) -> Buffer {
    let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
    let len = len + SPARE;
    // The smallest that fits, but not one more than twice as large: that one will be wanted for something else.
    let fitting = free.iter().enumerate().filter(|(_, b)| b.len() >= len && b.len() / 2 <= len);
    let best = fitting.min_by_key(|(_, b)| b.len()).map(|(i, _)| i);
    let values = best.map(|i| free.swap_remove(i));
    drop(free);
    let values = values.unwrap_or_else(|| vec![0.0; len]);
    let start = values.as_ptr().align_offset(LINE).min(SPARE);
    Buffer { values, start, len: len - SPARE, returns: true }
}

impl From<Vec<f32>> for Buffer {
    fn from(values: Vec<f32>) -> Self {
        let len = values.len();
        Self { values, start: 0, len, returns: false }
    }
}

impl Buffer {
    /// Its floats, out of the arena for good.
    pub(super) fn into_vec(mut self) -> Vec<f32> {
        self.returns = false;
        let mut values = std::mem::take(&mut self.values);
        values.drain(..self.start);
        values.truncate(self.len);
        values
    }
}

/// Rows of 16 floats from the arena, as [`take`] gives them.
#[derive(Debug)]
pub(super) struct Rows(Buffer);

/// A buffer of `rows` rows **whose contents are what its last user left**.
pub(super) fn take_rows(rows: usize) -> Rows {
    Rows(take(rows * 16))
}

impl Deref for Rows {
    type Target = [[f32; 16]];
    fn deref(&self) -> &Self::Target {
        self.0.as_chunks().0
    }
}

impl DerefMut for Rows {
    fn deref_mut(&mut self) -> &mut Self::Target {
        self.0.as_chunks_mut().0
    }
}

/// Gives the memory that is kept for the next call back to the system.
pub fn release_memory() {
    FREE.lock().unwrap_or_else(PoisonError::into_inner).clear();
}

impl Deref for Buffer {
    type Target = [f32];
    fn deref(&self) -> &[f32] {
        &self.values[self.start..self.start + self.len]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.values[self.start..self.start + self.len]
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if self.returns {
            FREE.lock().unwrap_or_else(PoisonError::into_inner).push(std::mem::take(&mut self.values));
        }
    }
}
