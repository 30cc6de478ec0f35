//! Formats of whole bytes: 8, 16, 24, 32, 61, 80 and 160.

use super::Format;

/// Adds the samples of `bytes`; bytes at the end that make no whole sample are left.
pub(super) fn decode(format: Format, bytes: &[u8], samples: &mut Vec<i32>) {
    match format {
        Format::Format8 => samples.extend(bytes.iter().map(|byte| i32::from(*byte as i8))),
        Format::Format80 => samples.extend(bytes.iter().map(|byte| i32::from(*byte) - 128)),
        Format::Format61 => samples.extend(pairs(bytes).map(|pair| i32::from(i16::from_be_bytes(pair)))),
        Format::Format160 => samples.extend(pairs(bytes).map(|pair| i32::from(u16::from_le_bytes(pair)) - 32768)),
        Format::Format24 => {
            // Put in the upper bytes and moved down, the sign comes along.
            let signed = |[a, b, c]: &[u8; 3]| i32::from_le_bytes([0, *a, *b, *c]) >> 8;
            samples.extend(bytes.as_chunks::<3>().0.iter().map(signed));
        }
        Format::Format32 => samples.extend(bytes.as_chunks::<4>().0.iter().map(|four| i32::from_le_bytes(*four))),
        _ => samples.extend(pairs(bytes).map(|pair| i32::from(i16::from_le_bytes(pair)))),
    }
}

fn pairs(bytes: &[u8]) -> impl Iterator<Item = [u8; 2]> {
    bytes.as_chunks::<2>().0.iter().copied()
}

pub(super) fn encode(format: Format, samples: &[i32]) -> Vec<u8> {
    let samples = samples.iter().copied();
    match format {
        Format::Format8 => samples.map(|sample| sample as u8).collect(),
        Format::Format80 => samples.map(|sample| (sample + 128) as u8).collect(),
        Format::Format61 => samples.flat_map(|sample| (sample as i16).to_be_bytes()).collect(),
        Format::Format160 => samples.flat_map(|sample| ((sample + 32768) as u16).to_le_bytes()).collect(),
        Format::Format24 => samples.flat_map(|sample| sample.to_le_bytes().into_iter().take(3)).collect(),
        Format::Format32 => samples.flat_map(i32::to_le_bytes).collect(),
        _ => samples.flat_map(|sample| (sample as i16).to_le_bytes()).collect(),
    }
}
