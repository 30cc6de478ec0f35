//! FLAC streams, segments and null signals that are damaged or ask for too much: an error that says so, never a panic, an
//! endless search or memory out of proportion.

use std::path::{Path, PathBuf};

use heart_darts::wfdb::{Expanded, Format, Header, INVALID, Record, SignalSpec};
use proptest::prelude::*;
use tempfile::TempDir;

use super::fixtures;

/// A folder with these files.
fn folder(files: &[(&str, &[u8])]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    let stem = folder.path().join("r");
    (folder, stem)
}

fn refused(files: &[(&str, &[u8])], expected: &str) {
    let (_folder, stem) = folder(files);
    let error = Record::read(&stem).unwrap_err().to_string();
    assert!(error.contains(expected), "{:?}:\n  {error}\n  {expected}", String::from_utf8_lossy(files[0].1));
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(fixtures().join("formats").join(name)).unwrap()
}

#[test]
fn segments_that_do_not_make_a_record() {
    let a: (&str, &[u8]) = ("a.hea", b"a 1 250 3\na.dat 16 200/mV 12 0 1 6 0 I\n");
    let data: (&str, &[u8]) = ("a.dat", &[1, 0, 2, 0, 3, 0]);
    let cases: [(&str, &str, &str); 13] = [
        ("r/1 1 250 3\nr 3\n", "", "the segment `r`, which has segments itself"),
        ("r/1 1 250 3\nb 3\n", "b/1 1 250 3\nr 3\n", "the segment `b`, which has segments itself"),
        ("r/2 1 250 7\na 3\n~ 3\n", "", "found segments of 6 samples together, expected 7, as the record line says"),
        ("r/2 1 250\na 18446744073709551615\n~ 3\n", "", "found segments of more than 2^64 samples together"),
        ("r/1 1 250 3\nc 3\n", "", "c.hea: cannot be read"),
        ("r/1 1 250 3\n~ 3\n", "", "found gaps only"),
        ("r/1 2 250 3\na 3\n", "", "found 1 signals in `a`, expected 2, as the record line says"),
        ("r/1 1 250 4\na 4\n", "", "found 3 samples in segment `a`, expected 4, as the master header says"),
        ("r/1 1 360 3\na 3\n", "", "found 250 Hz in segment `a`, expected 360 Hz"),
        ("r/2 1 250 6\na 3\nb 3\n", "b 0 250 3\n", "found 0 signals in segment `b`, expected 1"),
        ("r/2 1 250 6\na 3\nb 3\n", "b 1 250 3\na.dat 16 200/uV 12 0 1 6 0 I\n", "found `uV` for I, expected `mV`"),
        ("r/2 1 250 6\na 3\nb 3\n", "b 1 250 3\na.dat 16x2 200/mV\n", "found 2 samples a frame of"),
        (
            "r/2 1 250 1099511627776\na 3\n~ 1099511627773\n",
            "",
            "found 1099511627776 samples in all, with signal files of 6 bytes",
        ),
    ];
    for (master, b, expected) in cases {
        refused(&[("r.hea", master.as_bytes()), ("b.hea", b.as_bytes()), a, data], expected);
    }
    for (text, expected) in [
        ("r/0 1 250\n", "h:1:3: number of segments: found `0`"),
        ("r/2 1 250\na 3\n", "h:2:4: end of the header: found nothing, expected 2 segment lines"),
        ("r/1 1 250\na 3\nb 3\n", "h:3:1: segment line: found `b`"),
        ("r/1 1 250\n../a 3\n", "h:2:1: segment name: found `../a`"),
        ("r/1 1 250\na\n", "h:2:2: number of samples: found nothing"),
        ("r/1 1 250\na 3 x\n", "h:2:5: end of the segment line: found `x`"),
        ("r 1 250\n~ 16\n", "h:2:1: file name: found `~`"),
    ] {
        let error = Header::parse(text, "h").unwrap_err().to_string();
        assert!(error.starts_with(expected), "{text:?}:\n  {error}\n  {expected}");
    }
}

/// A short file named by many segments is counted once: a header cannot multiply it.
#[test]
fn a_header_cannot_ask_for_what_no_file_holds() {
    refused(
        &[("r.hea", b"r 1 250 1099511627776\n~ 0\n")],
        "found 1099511627776 samples in all, with signal files of 0 bytes",
    );
    refused(&[("r.hea", b"r 1 250 1048576\n~ 0x4294967295\n")], "samples in all");
    let master = format!("r/5001 1 250 {}\n{}", 5001_u64 << 20, "z 1048576\n".repeat(5001));
    refused(&[("r.hea", master.as_bytes()), ("z.hea", b"z 1 250 1048576\n~ 0\n")], "samples in all");
    let (_folder, stem) = folder(&[("r.hea", b"r 2 250 5\n~ 0 200/mV\nd.dat 80\n"), ("d.dat", &[128; 5])]);
    assert_eq!(Record::read(&stem).unwrap().signals, [[INVALID; 5], [0; 5]]);
}

#[test]
fn a_flac_file_that_is_not_what_its_header_says() {
    let (whole, frames) = (fixture("f516.dat"), fixture("flacframes.dat"));
    let read =
        |header: &str, data: &[u8], expected: &str| refused(&[("r.hea", header.as_bytes()), ("d", data)], expected);
    read(
        "r 2 250 102\nd 516\nd 516\n",
        &whole,
        "d: found the end of the stream after 101 samples, expected 102 samples a signal",
    );
    read("r 2 250 101\nd 516+8\nd 516+8\n", &whole, "a FLAC file with an offset of 8 cannot be read yet");
    read("r 2 250 30\nd 516x3\nd 516x2\n", &frames, "a FLAC file with 3 and 2 samples a frame cannot be read yet");
    read("r 1 250 101\nd 516\n", &whole, "d: found 2 channels, expected 1, one a signal of the header");
    read("r 2 250 101\nd 508\nd 508\n", &whole, "d: found 16 bits a sample, expected at most 8, as format 508 has");
    read(
        "r 2 250 101\nd 516\nd 516\n",
        b"RIFF and so on",
        "d: found unsupported feature: flac: missing flac stream marker",
    );
    read("r 2 250 101\nd 516\nd 516\n", &[], "d: found ");
    read("r 2 250 4294967296\nd 516\nd 516\n", &whole, "found 8589934592 samples in all");
    read("r 2 250 101\nd 516\nd 516\n", &whole[..whole.len() - 9], "fetch it again");
    // A stream of 516 is read in place of 524, which holds more bits; and without a length.
    let (_folder, stem) = folder(&[("r.hea", b"r 2 250\nd 524\nd 524\n"), ("d", &whole)]);
    assert_eq!(Record::read(&stem).unwrap().samples(), 101);
    // Another checksum in the stream's head, and every other byte: noticed, or of no consequence.
    let good = Record::read(&fixtures().join("formats/f516")).unwrap().signals;
    let (folder, stem) = folder(&[("r.hea", b"r 2 250 101\nd 516\nd 516\n")]);
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 0x11;
        std::fs::write(folder.path().join("d"), &changed).unwrap();
        if let Ok(read) = Record::read(&stem) {
            assert_eq!(read.signals, good, "byte {at}");
        }
    }
}

/// The remainder of a message divided by a generator polynomial, as FLAC has it: most significant bit first, from 0.
fn crc(bytes: &[u8], polynomial: u16, bits: u32) -> u16 {
    let mask = ((1_u32 << bits) - 1) as u16;
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << (bits - 8)), |crc, _| {
            let out = crc >> (bits - 1) & 1;
            ((crc << 1) ^ (polynomial * out)) & mask
        })
    })
}

/// A stream of blocks that each stand for 65535 samples of eight constant channels in a few bytes (RFC 9639).
fn dense_stream(blocks: u8, total: u64) -> Vec<u8> {
    let mut bytes = b"fLaC\x80\0\0\x22".to_vec();
    bytes.extend([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0]);
    // 96000 Hz, 8 channels, 16 bits, the number of samples; no checksum.
    bytes.extend((96_000_u64 << 44 | 7 << 41 | 15 << 36 | total).to_be_bytes());
    bytes.extend([0; 16]);
    for block in 0..blocks {
        let mut frame = vec![0xff, 0xf8, 0x70, 0x78, block, 0xff, 0xfe];
        frame.push(crc(&frame, 7, 8) as u8);
        frame.extend((0..8).flat_map(|channel| [0, 0x12, channel]));
        frame.extend(crc(&frame, 0x8005, 16).to_be_bytes());
        bytes.extend(frame);
    }
    bytes
}

#[test]
fn a_dense_flac_stream_is_read_and_bounded() {
    let header = |frames: &str| format!("r 8 250 {frames}\n{}", "d 516\n".repeat(8));
    // With its length in the stream's head, and without, where blocks are counted.
    for total in [3 * 65535, 0] {
        let (_folder, stem) = folder(&[("r.hea", header("").as_bytes()), ("d", &dense_stream(3, total))]);
        let record = Record::read_signals(&stem, &[7]).unwrap();
        assert_eq!((record.samples(), record.signals[0].iter().all(|sample| *sample == 0x1207)), (3 * 65535, true));
    }
    // The stream's own word on its length, with or without the header's.
    for length in ["", "68719476735"] {
        let stream = dense_stream(3, (1 << 36) - 1);
        refused(&[("r.hea", header(length).as_bytes()), ("d", &stream)], "found 549755813880 samples in all");
    }
    let stream = dense_stream(3, 4 * 65535);
    refused(&[("r.hea", header("").as_bytes()), ("d", &stream)], "end of the stream after 196605 samples");
}

/// The last samples of a late signal are not there, at its own rate.
#[test]
fn skew_of_several_samples_a_frame() {
    let header = b"r 2 250 4\nd 80x2:1 200 8 0 -128 0 0 a\nd 80 200 8 0 2 0 0 b\n";
    let text = String::from_utf8_lossy(header).replace("-128 0 0 a", "1 44 0 a").replace("2 0 0 b", "9 30 0 b");
    let data: Vec<u8> = [1, 2, 9, 3, 4, 8, 5, 6, 7, 11, 12, 6].map(|sample: u8| sample + 128).into();
    let (_folder, stem) = folder(&[("r.hea", text.as_bytes()), ("d", &data)]);
    let record = Expanded::read(&stem).unwrap();
    assert_eq!(record.signals, [vec![3, 4, 5, 6, 11, 12, INVALID, INVALID], vec![9, 8, 7, 6]]);
    assert_eq!(record.smoothed().signals[0], [3, 5, 11, INVALID]);
}

/// Averages are cut towards 0, and a frame with an invalid sample has none.
#[test]
fn averages_of_frames() {
    let mut header = Header::new("r", 100.0);
    header.signals = vec![SignalSpec { samples_per_frame: 3, ..SignalSpec::default() }];
    header.samples = Some(3);
    let signals = vec![vec![-1, -2, -2, 1, 2, 2, 5, INVALID, 5]];
    let record = Expanded { header, signals }.smoothed();
    assert_eq!(
        (record.signals[0].as_slice(), record.header.signals[0].samples_per_frame),
        ([-1, 1, INVALID].as_slice(), 1)
    );
}

#[test]
fn what_a_format_cannot_say_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let write = |format, samples_per_frame, samples: &[i32]| {
        let mut header = Header::new("r", 360.0);
        header.signals = vec![SignalSpec { format, samples_per_frame, ..SignalSpec::default() }];
        Expanded { header, signals: vec![samples.to_vec()] }.write(folder.path()).unwrap_err().to_string()
    };
    for (error, expected) in [
        (write(Format::Format8, 1, &[0, 128]), "found 128 adu after 0 adu at sample 1, expected a step of -128 to 127"),
        (write(Format::Format8, 1, &[0, INVALID]), "found no sample at 1, expected one"),
        (write(Format::Format0, 1, &[0]), "found 0 adu at sample 0, expected no sample (INVALID)"),
        (write(Format::Format80, 1, &[128]), "expected -127 to 127 adu, which is what format 80 holds"),
        (write(Format::Format516, 1, &[1]), "found format 516, expected another: FLAC streams are read, not written"),
        (write(Format::Format16, 2, &[1, 2, 3]), "found 3 samples, expected 2 a frame for 1 frames"),
    ] {
        assert!(error.contains(expected), "{error}\n  {expected}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

fn read_all(stem: &Path) {
    let _ = Record::read(stem);
    let _ = Expanded::read(stem);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Any header over any bytes: an error or a record, no panic.
    #[test]
    fn any_bytes_as_signals(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        format in proptest::sample::select(Format::ALL.to_vec()),
        (frame, skew, offset) in (1_u32..5, 0_u32..4, 0_u64..9),
        length in prop_oneof![Just(0_u64), 0_u64..200, any::<u64>()],
    ) {
        let spec = format!("d {format}x{frame}:{skew}+{offset}\n");
        let header = format!("r 3 250 {length}\n{spec}d {format}+{offset}\n{spec}");
        let (_folder, stem) = folder(&[("r.hea", header.as_bytes()), ("d", &bytes)]);
        read_all(&stem);
    }

    /// Any list of segments, of itself and of others, over a good and a layout header.
    #[test]
    fn any_segments(
        segments in proptest::collection::vec(("[arl~]", prop_oneof![4 => 0_u64..5, 1 => any::<u64>()]), 1..8),
        (signals, right, total) in (0_u32..3, any::<bool>(), any::<u64>()),
    ) {
        let sum = segments.iter().fold(0, |sum: u64, segment| sum.wrapping_add(segment.1));
        let mut master = format!("r/{} {signals} 250 {}\n", segments.len(), if right { sum } else { total });
        master.extend(segments.iter().map(|(name, samples)| format!("{name} {samples}\n")));
        let (_folder, stem) = folder(&[
            ("r.hea", master.as_bytes()),
            ("l.hea", b"l 1 250 0\n~ 0 200/mV 12 0 0 0 0 I\n"),
            ("a.hea", b"a 1 250\nd 80 200/mV 12 0 -128 -384 0 I\n"),
            ("d", &[0; 5]),
        ]);
        if let Ok(record) = Record::read(&stem) {
            prop_assert_eq!(record.samples() as u64, sum);
        }
    }

    /// A FLAC stream with bytes changed, left out or added, and a header that may not fit.
    #[test]
    fn any_change_of_a_flac_stream(
        name in proptest::sample::select(vec!["f508", "f516", "f524", "flacblocks", "flaceight", "flacone", "flacframes"]),
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..5),
        cut in any::<proptest::sample::Index>(),
        keep in any::<bool>(),
    ) {
        let mut data = fixture(&format!("{name}.dat"));
        for (at, value) in changes {
            let at = at.index(data.len());
            data[at] = value;
        }
        if !keep {
            data.truncate(cut.index(data.len()));
        }
        let header = String::from_utf8(fixture(&format!("{name}.hea"))).unwrap();
        let lines: Vec<&str> = header.lines().collect();
        let bare = lines.iter().enumerate().map(|(line, text)| match line {
            0 => format!("r {} 250\n", lines.len() - 1),
            _ => format!("d {}\n", text.split(' ').nth(1).unwrap()),
        });
        let (_folder, stem) = folder(&[("r.hea", bare.collect::<String>().as_bytes()), ("d", &data)]);
        read_all(&stem);
    }
}
