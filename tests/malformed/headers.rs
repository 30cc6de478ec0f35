//! WFDB headers, and headers in segments.

use heart_darts::wfdb::{Header, Record};

use super::tally::{Folder, Tally};

/// A header whose every field is given.
const RECORD: [&str; 9] = ["r", "1", "360/720(5)", "10", "1:2:3", "4/5/2001", "", "", ""];
const SIGNAL: [&str; 9] = ["d", "212x1:0+0", "200(5)/mV", "12", "0", "7", "8", "0", "MLII"];

const NUMBERS: &[&str] = &["x", "99999999999999999999", "1e3"];

/// Field of the record line, its words in errors, and what it cannot be.
const OF_RECORD: &[(usize, &str, &[&str])] = &[
    (0, "record name", &["a.b", "a\\b"]),
    (0, "number of segments", &["r/x", "r/0", "r/-2"]),
    (1, "number of signals", &["x", "-1", "1e3", "10001", "99999999999999999999"]),
    (2, "sampling frequency", &["x", "0", "-360", "nan", "inf"]),
    (2, "counter frequency", &["360/x", "360/nan"]),
    (2, "base counter", &["360/720(x)"]),
    (2, "parenthesis", &["360/720(5"]),
    (3, "number of samples", NUMBERS),
    (4, "base time", &["x", "25:0:0", "1:60:0", "1:2:60"]),
    (5, "base date", &["x", "32/1/2001", "1/13/2001", "30/2/2001"]),
    (6, "end of the record line", &["more"]),
];

/// The same for the signal line.
const OF_SIGNAL: &[(usize, &str, &[&str])] = &[
    (0, "file name", &["../d", "/etc/passwd", ".d", "a/b", "a\\b"]),
    (1, "format", &["x", "17", "-16"]),
    (1, "samples per frame", &["212x0", "212xx", "212x99999999999"]),
    (1, "skew", &["212:x", "212:-1"]),
    (1, "byte offset", &["212+x", "212+-1"]),
    (2, "gain", &["x", "nan"]),
    (2, "baseline", &["200(x)/mV", "200(1.5)/mV", "200(99999999999)/mV"]),
    (2, "units", &["200(5)mV"]),
    (3, "ADC resolution", NUMBERS),
    (4, "ADC zero", NUMBERS),
    (5, "initial value", NUMBERS),
    (6, "checksum", &["x", "70000", "-70000"]),
    (7, "block size", NUMBERS),
];

fn line(fields: &[&str]) -> String {
    let words: Vec<&str> = fields.iter().copied().filter(|field| !field.is_empty()).collect();
    words.join(" ")
}

pub fn run(tally: &mut Tally) {
    for (place, table) in [(":1:", OF_RECORD), (":2:", OF_SIGNAL)] {
        for (field, words, values) in table {
            for value in *values {
                let (mut record, mut signal) = (RECORD, SIGNAL);
                let line_of_field = if place == ":1:" { &mut record } else { &mut signal };
                line_of_field[*field] = value;
                let text = format!("{}\n{}\n", line(&record), line(&signal));
                let wanted = format!("r.hea{place}");
                let result = Header::parse(&text, "r.hea");
                let named = result.as_ref().is_err_and(|error| error.to_string().contains(&wanted));
                tally.refused("header", format!("{words} {value}"), "r.hea", &[words], result);
                assert!(named, "{words} {value} has its line");
            }
        }
    }
    for (what, text, place) in [
        ("empty", "", "record line"),
        ("a comment only", "# x\n", "record line"),
        ("no signals", "r\n", "number of signals"),
        ("a line missing", "r 2 360\nd 16\n", "end of the header"),
        ("a line too many", "r 0 360\nd 16\n", "signal line"),
        ("no format", "r 1 360\nd\n", "format"),
        ("two formats in a file", "r 2 360\nd 16\nd 212\n", "format"),
        ("two offsets in a file", "r 2 360\nd 16+1\nd 16+2\n", "byte offset"),
        ("a file twice", "r 3 360\nd 16\ne 16\nd 16\n", "file name"),
        ("a segment missing", "r/2 1 360 10\na 10\n", "end of the header"),
        ("a segment too many", "r/1 1 360 10\na 5\nb 5\n", "segment line"),
        ("a segment's name", "r/1 1 360 10\n../a 10\n", "segment name"),
        ("a segment's length", "r/1 1 360 10\na ten\n", "number of samples"),
        ("a segment's end", "r/1 1 360 10\na 10 11\n", "end of the segment line"),
    ] {
        tally.refused("header", what, "r.hea", &[place], Header::parse(text, "r.hea"));
    }
    segments(tally);
}

fn segments(tally: &mut Tally) {
    const GOOD: &str = "a 1 250 5\nd 80 200/mV 12 0 0 0 0 I\n";
    for (what, master, segment, file, place) in [
        ("no segment's header", "r/1 1 250 5\nb 5\n", GOOD, "b.hea", "b.hea"),
        ("segments of segments", "r/1 1 250 5\na 5\n", "a/1 1 250 5\nr 5\n", "r.hea", "segment `a`"),
        ("a total that is none", "r/1 1 250 6\na 5\n", GOOD, "r.hea", "5 samples together"),
        ("another rate", "r/1 1 360 5\na 5\n", GOOD, "a.hea", "segment `a`"),
        ("other signals", "r/1 2 250 5\na 5\n", GOOD, "r.hea", "`a`"),
        ("another length", "r/1 1 250 4\na 4\n", GOOD, "a.hea", "segment `a`"),
        ("gaps only", "r/1 1 250 5\n~ 5\n", GOOD, "r.hea", "gaps only"),
        ("more than memory", "r/2 1 250 1000000000005\na 5\n~ 1000000000000\n", GOOD, "r.hea", "samples in all"),
    ] {
        let folder =
            Folder::of(&[("r.hea", master.as_bytes()), ("a.hea", segment.as_bytes()), ("d", &[1, 2, 3, 4, 5])]);
        tally.refused("segments", what, file, &[place], Record::read(&folder.path("r")));
    }
}
