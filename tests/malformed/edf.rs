//! Files in European Data Format: every field of the header with a value that it cannot have, and files cut off.

use heart_darts::wfdb::Record;

use super::tally::{Folder, Tally};

/// Start and width of a field of a header with one signal, its words in errors, and what it cannot be.
const FIELDS: &[(usize, usize, &str, &[&str])] = &[
    (0, 8, "version", &["1", "x"]),
    (168, 8, "start date", &["x", "1.2", "a.b.c"]),
    (176, 8, "start time", &["x", "25.00.00", "00.60.00", "00.00.60"]),
    (184, 8, "bytes in header", &["x", "256", "-1"]),
    (236, 8, "number of data records", &["x", "1.5"]),
    (236, 8, "9999 data records", &["9999"]),
    (244, 8, "duration", &["x", "nan"]),
    (244, 8, "data record", &["0", "-1"]),
    (252, 4, "number of signals", &["x", "-1"]),
    (256 + 16 + 80 + 8, 8, "physical minimum", &["x", "inf"]),
    (256 + 16 + 80 + 16, 8, "physical maximum", &["x", "nan"]),
    (256 + 16 + 80 + 16, 8, "limits of signal 0", &["-5"]),
    (256 + 16 + 80 + 24, 8, "digital minimum", &["x", "-40000"]),
    (256 + 16 + 80 + 32, 8, "digital maximum", &["x", "40000"]),
    (256 + 16 + 80 + 32, 8, "limits of signal 0", &["-2048"]),
    (256 + 16 + 80 + 40 + 80, 8, "samples in a data record", &["x", "-1"]),
    (256 + 16 + 80 + 40 + 80, 8, "samples of signal 0", &["0"]),
];

fn sound() -> Vec<u8> {
    let mut text = format!("{:<8}{:<80}{:<80}{:<8}{:<8}{:<8}{:<44}", "0", "X", "Y", "01.02.03", "04.05.06", "512", "");
    text += &format!("{:<8}{:<8}{:<4}", "2", "1", "1");
    text += &format!("{:<16}{:<80}{:<8}{:<8}{:<8}{:<8}{:<8}", "ECG", "", "mV", "-5", "5", "-2048", "2047");
    text += &format!("{:<80}{:<8}{:<32}", "", "4", "");
    let mut bytes = text.into_bytes();
    bytes.extend([0; 16]);
    bytes
}

pub fn run(tally: &mut Tally) {
    let good = sound();
    let read = |bytes: &[u8]| {
        let folder = Folder::of(&[("r.edf", bytes)]);
        Record::read(&folder.path("r.edf"))
    };
    assert_eq!(read(&good).unwrap().samples(), 8);
    for (start, width, words, values) in FIELDS {
        for value in *values {
            let mut bytes = good.clone();
            bytes[*start..start + width].copy_from_slice(format!("{value:<width$}").as_bytes());
            // A version is not repeated: it may be anything of any length.
            let shown = if *words == "version" { words.to_string() } else { format!("{words} {value}") };
            if *words == "version" && *value == "x" {
                assert!(read(&bytes).is_err());
                continue;
            }
            tally.refused("EDF", shown, "r.edf", &[words], read(&bytes));
        }
    }
    for (what, length, place) in [("half a header", 300, "header for 1 signals"), ("samples", 520, "2 data records")] {
        tally.refused("EDF", format!("{what} cut off"), "r.edf", &[place], read(&good[..length]));
    }
}
