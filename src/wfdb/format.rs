//! How samples lie in bytes: the signal formats of signal(5).
//!
//! A new format is one more variant here and one more line in each `match`; nothing else in the room knows the bytes.

/// The value of a sample that is not there, in [`Record::signals`](super::Record::signals); every format has a value of its
/// own for it on disk.
pub const INVALID: i32 = i32::MIN;

/// A signal format that is read and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Format {
    /// Two bytes a sample, two's complement, low byte first; -32768 is invalid.
    #[default]
    Format16,
    /// Three bytes for two 12-bit samples, two's complement; -2048 is invalid. MIT-BIH and QT are stored so.
    Format212,
}

impl Format {
    /// Every format that is read and written.
    pub const ALL: [Self; 2] = [Self::Format16, Self::Format212];

    /// All that signal(5) knows; those not in [`ALL`](Self::ALL) are refused by name.
    pub(super) const OF_WFDB: [u32; 14] = [0, 8, 16, 24, 32, 61, 80, 160, 212, 310, 311, 508, 516, 524];

    /// The number in the header: 16 or 212.
    pub const fn number(self) -> u32 {
        match self {
            Self::Format16 => 16,
            Self::Format212 => 212,
        }
    }

    /// The format of a header's number, if it is one that is read.
    pub fn from_number(number: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.number() == number)
    }

    /// The smallest and largest valid sample, in adu.
    pub const fn range(self) -> (i32, i32) {
        match self {
            Self::Format16 => (-32767, 32767),
            Self::Format212 => (-2047, 2047),
        }
    }

    /// What stands on disk for a sample that is not there.
    pub const fn invalid(self) -> i32 {
        match self {
            Self::Format16 => -32768,
            Self::Format212 => -2048,
        }
    }

    /// The bytes that so many samples take.
    pub(super) const fn bytes(self, samples: u128) -> u128 {
        match self {
            Self::Format16 => samples.saturating_mul(2),
            Self::Format212 => samples.saturating_mul(3).div_ceil(2),
        }
    }

    /// The whole samples in so many bytes.
    pub(super) const fn samples(self, bytes: u64) -> u64 {
        match self {
            Self::Format16 => bytes / 2,
            Self::Format212 => bytes / 3 * 2 + (bytes % 3 == 2) as u64,
        }
    }

    /// Replaces `samples` by those in `bytes`, as stored: an invalid one is [`invalid`](Self::invalid).
    pub(super) fn decode(self, bytes: &[u8], samples: &mut Vec<i32>) {
        samples.clear();
        match self {
            Self::Format16 => {
                samples.extend(bytes.as_chunks::<2>().0.iter().map(|pair| i32::from(i16::from_le_bytes(*pair))));
            }
            Self::Format212 => {
                // 4 bits moved to the top of an i16 and back carry the sign along.
                let signed = |high: u8, low: u8| i32::from((u16::from_le_bytes([low, high]) << 4) as i16 >> 4);
                let (triplets, rest) = bytes.as_chunks::<3>();
                samples.extend(triplets.iter().flat_map(|[a, b, c]| [signed(*b, *a), signed(*b >> 4, *c)]));
                if let [a, b] = rest {
                    samples.push(signed(*b, *a));
                }
            }
        }
    }

    /// The bytes of `samples`, each within the format's range or its invalid value.
    pub(super) fn encode(self, samples: &[i32]) -> Vec<u8> {
        match self {
            Self::Format16 => samples.iter().flat_map(|sample| (*sample as i16).to_le_bytes()).collect(),
            Self::Format212 => {
                let mut bytes = Vec::with_capacity(samples.len().div_ceil(2) * 3);
                for pair in samples.chunks(2) {
                    let (a, b) = (pair[0] as u32, pair.get(1).copied().unwrap_or(0) as u32);
                    bytes.extend([a as u8, (a >> 8 & 15 | (b >> 8 & 15) << 4) as u8, b as u8]);
                }
                // A last sample without a partner takes two bytes.
                bytes.truncate(self.bytes(samples.len() as u128) as usize);
                bytes
            }
        }
    }
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn format_212_by_hand() {
        // signal(5): low byte of the first, high nibbles (first in the low one), low byte of the second.
        let mut samples = Vec::new();
        Format::Format212.decode(&[0xe3, 0x33, 0xf3, 0x00, 0x78, 0xff, 0xff, 0x0f], &mut samples);
        assert_eq!(samples, [0x3e3, 0x3f3, -2048, 0x7ff, -1]);
        assert_eq!(Format::Format212.encode(&samples), [0xe3, 0x33, 0xf3, 0x00, 0x78, 0xff, 0xff, 0x0f]);
    }

    #[test]
    fn bytes_and_samples_agree() {
        for format in Format::ALL {
            for samples in 0..100 {
                assert_eq!(format.samples(format.bytes(u128::from(samples)) as u64), samples);
            }
        }
    }
}
