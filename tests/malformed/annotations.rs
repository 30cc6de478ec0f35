//! Annotation files.

use heart_darts::wfdb::AnnotationFile;

use super::tally::Tally;

const CASES: &[(&str, &[u8], &str)] = &[
    ("empty", &[], "byte 0"),
    ("half an annotation", &[5], "byte 0"),
    ("no end mark", &[5, 4], "byte 2"),
    ("bytes behind the end", &[5, 4, 0, 0, 0, 7], "byte 5"),
    ("half a skip", &[0, 0xec, 1, 0], "byte 2"),
    ("a time before 0", &[0, 0xec, 0xff, 0xff, 0xff, 0xff, 0, 4, 0, 0], "byte 6"),
    ("NUM without an annotation", &[3, 0xf0, 0, 0], "byte 0"),
    ("SUB without an annotation", &[3, 0xf4, 0, 0], "byte 0"),
    ("CHN without an annotation", &[3, 0xf8, 0, 0], "byte 0"),
    ("AUX without an annotation", &[1, 0xfc, b'x', 0, 0, 0], "byte 0"),
    ("half a text", &[5, 4, 9, 0xfc, b'x', 0, 0, 0], "byte 4"),
    ("an impossible code", &[5, 0xc8, 0, 0], "byte 0"),
    ("another impossible code", &[5, 4, 5, 0xe8, 0, 0], "byte 2"),
    ("a resolution", b"\x00\x58\x17\xfc## time resolution: abc\x00\x00\x00", "byte 0"),
    ("labels without an end", b"\x00\x58\x1e\xfc## annotation type definitions\x00\x00", "byte 0"),
];

pub fn run(tally: &mut Tally) {
    for (what, bytes, place) in CASES {
        tally.refused("annotations", what, "r.atr", &[place], AnnotationFile::parse(bytes, "r.atr"));
    }
}
