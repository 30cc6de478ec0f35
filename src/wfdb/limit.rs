//! The most samples that a record may ask memory for.

use super::{Error, Result};

/// Samples that need not be in a file: those of null signals, of gaps between segments, and what a FLAC stream says in next
/// to no bytes. 2²⁸ are eight signals of 360 Hz over 25 hours, and a gibibyte of memory: more than a Holter's gaps, less than
/// what a header of one line should be able to ask for.
const FREE: u128 = 1 << 28;

/// Samples allowed on top for every byte of the record's signal files. The densest format without compression has one a
/// byte; FLAC on real signals stays below four.
const PER_BYTE: u128 = 16;

/// Refuses a record whose samples are out of proportion to its files; to be asked before memory is taken.
pub(super) fn check(samples: u128, stored_bytes: u64, origin: &str) -> Result<()> {
    let most = FREE + PER_BYTE * u128::from(stored_bytes);
    if samples > most {
        let origin = origin.into();
        return Err(Error::TooLong { origin, found: samples, bytes: stored_bytes, most });
    }
    Ok(())
}
