//! Signal files: every format cut off, of another size, damaged; folders of records.

use heart_darts::database::{self, Database};
use heart_darts::wfdb::{Format, Header, Record, SignalSpec};

use super::tally::{Folder, Tally};

pub fn run(tally: &mut Tally) {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/wfdb/formats/");
    let written = Format::ALL.into_iter().filter(|format| !format.is_flac() && *format != Format::Format0);
    for format in written {
        let folder = Folder::of(&[]);
        let mut header = Header::new("r", 360.0);
        header.signals = vec![SignalSpec { format, description: "MLII".into(), ..SignalSpec::default() }];
        let low = if format == Format::Format8 { 0 } else { 1 };
        let samples: Vec<i32> = (0..30).map(|i| low + i % 2).collect();
        Record { header, signals: vec![samples] }.write(folder.dir()).unwrap();
        let (stem, data) = (folder.path("r"), folder.path("r.dat"));
        let whole = std::fs::read(&data).unwrap();
        std::fs::write(&data, &whole[..whole.len() - 1]).unwrap();
        let place = format!("format {format} ");
        tally.refused("signals", format!("{format} cut off"), "r.dat", &[&place], Record::read(&stem));
        std::fs::write(&data, []).unwrap();
        tally.refused("signals", format!("{format} empty"), "r.dat", &[&place], Record::read(&stem));
        let mut other = whole.clone();
        other[0] ^= 3;
        std::fs::write(&data, other).unwrap();
        tally.refused("signals", format!("{format} changed"), "r.dat", &["signal 0 (MLII)"], Record::read(&stem));
    }
    for format in [508, 516, 524] {
        let read = |suffix: &str| std::fs::read(format!("{fixtures}f{format}.{suffix}")).unwrap();
        let (header, data) = (String::from_utf8(read("hea")).unwrap(), read("dat"));
        let (name, file) = (format!("f{format}.hea"), format!("f{format}.dat"));
        let mut middle = data.clone();
        let at = middle.len() / 2;
        middle[at] ^= 0x55;
        for (what, bytes) in [
            ("cut off in its head", &data[..20]),
            ("cut off in its frames", &data[..data.len() / 2]),
            ("no FLAC", &b"not a stream of this kind at all"[..]),
            ("damaged", &middle),
        ] {
            let folder = Folder::of(&[(&name, header.as_bytes()), (&file, bytes)]);
            let text = format!("{format} {what}");
            let result = Record::read(&folder.path(&format!("f{format}")));
            tally.refused("FLAC", text, &file, &["stream", "FLAC", "sample", "signal"], result);
        }
    }
    layouts(tally);
    folders(tally);
}

/// Sound headers that ask of a file what it has not.
fn layouts(tally: &mut Tally) {
    for (what, header, place) in [
        ("a length beyond the file", "r 1 360 101\nd 16\n", "101 frames"),
        ("a length beyond all files", "r 1 360 18446744073709551615\nd 16\n", "18446744073709551615 frames"),
        ("an offset beyond the file", "r 1 360\nd 16+500\n", "byte 500"),
        ("an offset that leaves too little", "r 1 360 100\nd 16+7\n", "from byte 7"),
        ("frames of many samples", "r 1 360 2\nd 16x51\n", "51 samples"),
        ("null signals of years", "r 1 360 9999999999999\nd 0\n", "samples in all"),
        ("no such file", "r 1 360\ne 16\n", "/e"),
        ("a checksum", "r 1 360 100\nd 16 200 12 0 0 1\n", "signal 0"),
        ("an initial value", "r 1 360 100\nd 16 200 12 0 1 0\n", "initial value"),
        ("FLAC from an offset", "r 1 360 100\nd 516+1\n", "offset of 1"),
        ("FLAC of two rates", "r 2 360 100\nd 516x2\nd 516x1\n", "samples a frame"),
    ] {
        let folder = Folder::of(&[("r.hea", header.as_bytes()), ("d", &[0; 200])]);
        let file = if what.starts_with("no such") { "/e" } else { "r.hea" };
        let result = Record::read(&folder.path("r"));
        if what.starts_with("FLAC") {
            // What is not read is said to be so, with what is.
            let text = result.unwrap_err().to_string();
            assert!(text.contains("r.hea") && text.contains(place) && text.contains("cannot be read"), "{text}");
            continue;
        }
        tally.refused("signals", what, file, &[place], result);
    }
}

fn folders(tally: &mut Tally) {
    const HEADER: &[u8] = b"r 1 360 100\nd 16 200 12 0 0 0 0 MLII\n";
    let text = r#"(name: "x", leads: ["MLII"], frequency: 360, window: (before: 3, after: 4))"#;
    let description = Database::parse(text, "x.ron").unwrap();
    let sound: &[u8] = &[10, 4, 40, 4, 0, 0];
    for (what, files, file, place) in [
        ("no records", vec![("notes.txt", sound)], "", "RECORDS"),
        ("a name in RECORDS", vec![("RECORDS", &b"r\n../r\n"[..]), ("r.hea", HEADER)], "RECORDS", "\"../r\""),
        ("RECORDS that is no text", vec![("RECORDS", &b"r\n\xff\xfe\n"[..]), ("r.hea", HEADER)], "RECORDS", ":2:1:"),
        ("a header missing", vec![("RECORDS", &b"r\ns\n"[..]), ("r.hea", HEADER)], "s", "header"),
    ] {
        let folder = Folder::of(&files);
        let result = database::open(&description, folder.dir());
        if what == "a header missing" {
            assert!(result.is_err());
            continue;
        }
        tally.refused("folder", what, file, &[place], result);
    }
}
