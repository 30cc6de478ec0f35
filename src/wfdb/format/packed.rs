//! Formats of bits packed together: two samples of 12 bits (212), three of 10 bits (310, 311).

/// Adds the samples of `bytes`; two bytes at the end hold one sample.
pub(super) fn decode_212(bytes: &[u8], samples: &mut Vec<i32>) {
    // 4 bits moved to the top of an i16 and back carry the sign along.
    let signed = |high: u8, low: u8| i32::from((u16::from_le_bytes([low, high]) << 4) as i16 >> 4);
    let (triplets, rest) = bytes.as_chunks::<3>();
    samples.extend(triplets.iter().flat_map(|[a, b, c]| [signed(*b, *a), signed(*b >> 4, *c)]));
    if let [a, b] = rest {
        samples.push(signed(*b, *a));
    }
}

pub(super) fn encode_212(samples: &[i32]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(samples.len().div_ceil(2) * 3);
    for pair in samples.chunks(2) {
        let (a, b) = (pair[0] as u32, pair.get(1).copied().unwrap_or(0) as u32);
        bytes.extend([a as u8, (a >> 8 & 15 | (b >> 8 & 15) << 4) as u8, b as u8]);
    }
    // A last sample without a partner takes two bytes.
    bytes.truncate(bytes.len() - samples.len() % 2);
    bytes
}

/// The 10 bits from bit `from` on, with their sign.
fn ten(word: u32, from: u32) -> i32 {
    (word >> from << 22) as i32 >> 22
}

/// Adds the samples of `bytes`; two or three bytes at the end hold one sample.
pub(super) fn decode_310(bytes: &[u8], samples: &mut Vec<i32>) {
    let (quartets, rest) = bytes.as_chunks::<4>();
    for [a, b, c, d] in quartets {
        let words = [[*a, *b], [*c, *d]].map(|pair| u32::from(u16::from_le_bytes(pair)));
        // The third sample: its low 5 bits above the first, its high 5 bits above the second.
        samples.extend([ten(words[0], 1), ten(words[1], 1), ten(words[0] >> 11 | words[1] >> 11 << 5, 0)]);
    }
    if let [a, b, ..] = rest {
        samples.push(ten(u32::from_le_bytes([*a, *b, 0, 0]), 1));
    }
}

pub(super) fn encode_310(samples: &[i32]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(samples.len().div_ceil(3) * 4);
    for three in samples.chunks(3) {
        let [a, b, c] = triple(three);
        let words = [a << 1 | (c & 31) << 11, b << 1 | c >> 5 << 11];
        // A last sample alone takes two bytes.
        bytes.extend(words.iter().take(three.len()).flat_map(|word| (*word as u16).to_le_bytes()));
    }
    bytes
}

/// Adds the samples of `bytes`; two bytes at the end hold one sample, three hold two.
pub(super) fn decode_311(bytes: &[u8], samples: &mut Vec<i32>) {
    let (quartets, rest) = bytes.as_chunks::<4>();
    samples.extend(quartets.iter().flat_map(|four| [0, 10, 20].map(|from| ten(u32::from_le_bytes(*four), from))));
    if let [a, b, rest @ ..] = rest {
        let word = u32::from_le_bytes([*a, *b, rest.first().copied().unwrap_or(0), 0]);
        samples.extend([0, 10].into_iter().take(1 + rest.len()).map(|from| ten(word, from)));
    }
}

pub(super) fn encode_311(samples: &[i32]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(samples.len().div_ceil(3) * 4);
    for three in samples.chunks(3) {
        let [a, b, c] = triple(three);
        // A last sample alone takes two bytes; of two, WFDB's own reader wants all four.
        let count = if three.len() == 1 { 2 } else { 4 };
        bytes.extend((a | b << 10 | c << 20).to_le_bytes().into_iter().take(count));
    }
    bytes
}

/// Three samples of 10 bits, 0 for those that are not there.
fn triple(samples: &[i32]) -> [u32; 3] {
    [0, 1, 2].map(|index| samples.get(index).map_or(0, |sample| *sample as u32 & 1023))
}
