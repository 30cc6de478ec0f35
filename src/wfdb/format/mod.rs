//! How samples lie in bytes: the signal formats of signal(5).
//!
//! A new format is one more variant here and one more line in each `match`; nothing else in the room knows the bytes. Formats
//! of whole bytes are in `whole`, of bits packed together in `packed`, compressed ones (a FLAC stream) in `flac`.

pub(super) mod flac;
mod packed;
mod whole;

/// The value of a sample that is not there, in [`Record::signals`](super::Record::signals); every format but 8 has a value
/// of its own for it on disk.
pub const INVALID: i32 = i32::MIN;

/// A signal format. All are read; all but the three FLAC ones are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Format {
    /// A null signal: no file, every sample [`INVALID`]. Layout headers of multi-segment records are made of them.
    Format0,
    /// One byte a sample: the difference from the sample before it, the first from the header's initial value. No value for
    /// what is invalid.
    Format8,
    /// Two bytes a sample, two's complement, low byte first; -32768 is invalid.
    #[default]
    Format16,
    /// Three bytes a sample, two's complement, low byte first; -2²³ is invalid.
    Format24,
    /// Four bytes a sample, two's complement, low byte first; -2³¹ is invalid.
    Format32,
    /// Two bytes a sample, two's complement, high byte first; -32768 is invalid.
    Format61,
    /// One byte a sample, offset binary (0 stands for -128); -128 is invalid.
    Format80,
    /// Two bytes a sample, offset binary (0 stands for -32768), low byte first; -32768 is invalid.
    Format160,
    /// Three bytes for two 12-bit samples, two's complement; -2048 is invalid. MIT-BIH and QT are stored so.
    Format212,
    /// Four bytes for three 10-bit samples, in two pairs with the third's bits divided between them; -512 is invalid.
    Format310,
    /// Four bytes for three 10-bit samples, one after another; -512 is invalid.
    Format311,
    /// A FLAC stream of up to 8 bits a sample; -128 is invalid.
    Format508,
    /// A FLAC stream of up to 16 bits a sample; -32768 is invalid.
    Format516,
    /// A FLAC stream of up to 24 bits a sample; -2²³ is invalid.
    Format524,
}

impl Format {
    /// Every format of signal(5).
    pub const ALL: [Self; 14] = [
        Self::Format0,
        Self::Format8,
        Self::Format16,
        Self::Format24,
        Self::Format32,
        Self::Format61,
        Self::Format80,
        Self::Format160,
        Self::Format212,
        Self::Format310,
        Self::Format311,
        Self::Format508,
        Self::Format516,
        Self::Format524,
    ];

    /// The number in the header, such as 16 or 212.
    pub const fn number(self) -> u32 {
        match self {
            Self::Format0 => 0,
            Self::Format8 => 8,
            Self::Format16 => 16,
            Self::Format24 => 24,
            Self::Format32 => 32,
            Self::Format61 => 61,
            Self::Format80 => 80,
            Self::Format160 => 160,
            Self::Format212 => 212,
            Self::Format310 => 310,
            Self::Format311 => 311,
            Self::Format508 => 508,
            Self::Format516 => 516,
            Self::Format524 => 524,
        }
    }

    /// The format of a header's number, if there is such a one.
    pub fn from_number(number: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.number() == number)
    }

    /// Whether samples are in a FLAC stream; such files are read, not written.
    pub const fn is_flac(self) -> bool {
        matches!(self, Self::Format508 | Self::Format516 | Self::Format524)
    }

    /// Bits of a sample on disk; 32 for format 8, whose sums have no narrower bound, and 0 for format 0.
    pub const fn bits(self) -> u32 {
        match self {
            Self::Format0 => 0,
            Self::Format80 | Self::Format508 => 8,
            Self::Format310 | Self::Format311 => 10,
            Self::Format212 => 12,
            Self::Format16 | Self::Format61 | Self::Format160 | Self::Format516 => 16,
            Self::Format24 | Self::Format524 => 24,
            Self::Format8 | Self::Format32 => 32,
        }
    }

    /// The smallest and largest valid sample, in adu; format 0 has none, which reads as [`INVALID`] for both.
    pub const fn range(self) -> (i32, i32) {
        match self.bits() {
            0 => (INVALID, INVALID),
            _ => (self.invalid() + 1, !self.invalid()),
        }
    }

    /// What stands for a sample that is not there: on disk, or for formats 0 and 8, which have nothing on disk for it, in
    /// memory.
    pub const fn invalid(self) -> i32 {
        match self.bits() {
            0 => INVALID,
            bits => INVALID >> (32 - bits),
        }
    }

    /// The bytes that so many samples take at least; 0 where the number of samples does not tell.
    pub(super) const fn bytes(self, samples: u128) -> u128 {
        match self {
            Self::Format0 | Self::Format508 | Self::Format516 | Self::Format524 => 0,
            Self::Format8 | Self::Format80 => samples,
            Self::Format16 | Self::Format61 | Self::Format160 => samples.saturating_mul(2),
            Self::Format24 => samples.saturating_mul(3),
            Self::Format32 => samples.saturating_mul(4),
            Self::Format212 => samples.saturating_mul(3).div_ceil(2),
            // One sample of three lies in two bytes; two in four, or in three of format 311.
            Self::Format310 => (samples / 3).saturating_mul(4).saturating_add(2 * (samples % 3)),
            Self::Format311 => {
                (samples / 3).saturating_mul(4).saturating_add((samples % 3) + (samples % 3).div_ceil(2))
            }
        }
    }

    /// The whole samples in so many bytes; 0 for formats whose bytes do not tell.
    pub(super) const fn samples(self, bytes: u64) -> u64 {
        match self {
            Self::Format0 | Self::Format508 | Self::Format516 | Self::Format524 => 0,
            Self::Format8 | Self::Format80 => bytes,
            Self::Format16 | Self::Format61 | Self::Format160 => bytes / 2,
            Self::Format24 => bytes / 3,
            Self::Format32 => bytes / 4,
            Self::Format212 => bytes / 3 * 2 + (bytes % 3 == 2) as u64,
            Self::Format310 => bytes / 4 * 3 + (bytes % 4 >= 2) as u64,
            Self::Format311 => bytes / 4 * 3 + (bytes % 4).saturating_sub(1),
        }
    }

    /// Replaces `samples` by those in `bytes`, as stored: an invalid one is [`invalid`](Self::invalid), those of format 8 are
    /// differences. Nothing for formats 0 and FLAC, which are not read so.
    pub(super) fn decode(self, bytes: &[u8], samples: &mut Vec<i32>) {
        samples.clear();
        match self {
            Self::Format0 | Self::Format508 | Self::Format516 | Self::Format524 => {}
            Self::Format212 => packed::decode_212(bytes, samples),
            Self::Format310 => packed::decode_310(bytes, samples),
            Self::Format311 => packed::decode_311(bytes, samples),
            _ => whole::decode(self, bytes, samples),
        }
    }

    /// The bytes of `samples`, each within the format's range or its invalid value; differences for format 8.
    pub(super) fn encode(self, samples: &[i32]) -> Vec<u8> {
        match self {
            Self::Format0 | Self::Format508 | Self::Format516 | Self::Format524 => Vec::new(),
            Self::Format212 => packed::encode_212(samples),
            Self::Format310 => packed::encode_310(samples),
            Self::Format311 => packed::encode_311(samples),
            _ => whole::encode(self, samples),
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

    /// Bytes by hand from the words of signal(5), and their samples.
    const BY_HAND: &[(Format, &[u8], &[i32])] = &[
        (Format::Format8, &[0x00, 0x7f, 0x80, 0xff], &[0, 127, -128, -1]),
        (Format::Format16, &[0x34, 0x12, 0x00, 0x80, 0xff, 0xff], &[0x1234, -32768, -1]),
        (Format::Format24, &[0x56, 0x34, 0x12, 0, 0, 0x80, 0xfe, 0xff, 0xff], &[0x0012_3456, -0x0080_0000, -2]),
        (
            Format::Format32,
            &[0x78, 0x56, 0x34, 0x12, 0, 0, 0, 0x80, 0xff, 0xff, 0xff, 0xff],
            &[0x1234_5678, INVALID, -1],
        ),
        (Format::Format61, &[0x12, 0x34, 0x80, 0x00, 0xff, 0xff], &[0x1234, -32768, -1]),
        (Format::Format80, &[0x00, 0x80, 0xff, 0x7f], &[-128, 0, 127, -1]),
        (Format::Format160, &[0x00, 0x00, 0x00, 0x80, 0xff, 0xff, 0xff, 0x7f], &[-32768, 0, 32767, -1]),
        // Low byte of the first, high nibbles (the first's in the low one), low byte of the second.
        (Format::Format212, &[0xe3, 0x33, 0xf3, 0x00, 0x78, 0xff, 0xff, 0x0f], &[0x3e3, 0x3f3, -2048, 0x7ff, -1]),
        // Words 0b11000_0101010101_0 and 0b00001_1000000000_0: the third is 00001 11000.
        (Format::Format310, &[0xaa, 0xc2, 0x00, 0x0c, 0xfe, 0x07], &[0x155, -512, 0b00001_11000, -1]),
        // One word of 32 bits, the first in the lowest 10: 00 0000111000 1000000000 0101010101.
        (Format::Format311, &[0x55, 0x01, 0x88, 0x03, 0xff, 0x03], &[0x155, -512, 0b00001_11000, -1]),
    ];

    #[test]
    fn bytes_by_hand() {
        for (format, bytes, expected) in BY_HAND {
            let mut samples = Vec::new();
            format.decode(bytes, &mut samples);
            assert_eq!(samples, *expected, "{format}");
            assert_eq!(format.encode(&samples), *bytes, "{format}");
            assert_eq!(format.bytes(expected.len() as u128), bytes.len() as u128, "{format}");
        }
    }

    #[test]
    fn ranges_are_those_of_wfdb() {
        let expected = [
            (8, i32::MIN, i32::MAX),
            (16, -32768, 32767),
            (24, -8_388_608, 8_388_607),
            (32, i32::MIN, i32::MAX),
            (61, -32768, 32767),
            (80, -128, 127),
            (160, -32768, 32767),
            (212, -2048, 2047),
            (310, -512, 511),
            (311, -512, 511),
            (508, -128, 127),
            (516, -32768, 32767),
            (524, -8_388_608, 8_388_607),
        ];
        for (number, invalid, most) in expected {
            let format = Format::from_number(number).unwrap();
            assert_eq!((format.invalid(), format.range()), (invalid, (invalid + 1, most)), "{format}");
        }
        assert_eq!(Format::Format0.range(), (INVALID, INVALID));
    }

    #[test]
    fn bytes_and_samples_agree() {
        for format in Format::ALL.into_iter().filter(|format| format.bytes(1) > 0) {
            for samples in 0..100 {
                // Two samples of format 310 take the bytes of three.
                let more = u64::from(format == Format::Format310 && samples % 3 == 2);
                assert_eq!(format.samples(format.bytes(u128::from(samples)) as u64), samples + more, "{format}");
            }
        }
    }
}
