//! Whatever is written is read back.

use heart_darts::wfdb::{
    Annotation, AnnotationFile, Code, Expanded, Format, Header, INVALID, Record, SignalSpec, read_annotations,
    write_annotations,
};
use proptest::prelude::*;

/// Samples that a format can say.
fn signal(format: Format, samples: usize) -> BoxedStrategy<Vec<i32>> {
    let (low, high) = format.range();
    match format {
        Format::Format0 => Just(vec![INVALID; samples]).boxed(),
        Format::Format8 => (-1_000_000..1_000_000, proptest::collection::vec(any::<i8>(), samples))
            .prop_map(|(start, steps)| {
                let next = |sample: &mut i32, step| Some(std::mem::replace(sample, *sample + i32::from(step)));
                steps.into_iter().scan(start, next).collect()
            })
            .boxed(),
        _ => proptest::collection::vec(
            prop_oneof![9 => low..=high, 1 => Just(low), 1 => Just(high), 1 => Just(INVALID)],
            samples,
        )
        .boxed(),
    }
}

/// A record of one to five signals of one to four samples a frame, in files of their own or shared.
fn record() -> impl Strategy<Value = Expanded> {
    let written = Format::ALL.into_iter().filter(|format| !format.is_flac()).collect::<Vec<_>>();
    let one = (
        proptest::sample::select(written),
        any::<bool>(),
        1_u32..5,
        1e-3..1e4_f64,
        -5000..5000,
        "[a-zA-Z0-9/^%]{1,6}",
        "[!-~]{0,5}",
    );
    (proptest::collection::vec(one, 1..6), 0_usize..70, 0.1..5000.0_f64).prop_flat_map(|(specs, frames, rate)| {
        let mut header = Header::new("r_1", rate);
        for (own, alone, samples_per_frame, gain, baseline, units, description) in specs {
            let previous = header.signals.last().map(|spec: &SignalSpec| (spec.format, spec.file.clone()));
            let (format, file) = previous.filter(|_| !alone).unwrap_or((own, format!("f{}.dat", header.signals.len())));
            let spec = SignalSpec {
                file,
                format,
                samples_per_frame,
                gain,
                baseline,
                units,
                description,
                ..SignalSpec::default()
            };
            header.signals.push(spec);
        }
        header.samples = Some(frames as u64).filter(|frames| *frames > 0);
        let length = |spec: &SignalSpec| spec.samples_per_frame as usize * frames;
        let signals: Vec<_> = header.signals.iter().map(|spec| signal(spec.format, length(spec))).collect();
        signals.prop_map(move |signals| Expanded { header: header.clone(), signals })
    })
}

fn annotation() -> impl Strategy<Value = Annotation> {
    let sample = prop_oneof![0_u64..5000, 0_u64..(1 << 40)];
    let aux = proptest::collection::vec(any::<u8>(), 0..20);
    (sample, 1_u8..50, any::<i8>(), any::<u8>(), any::<i8>(), aux).prop_map(
        |(sample, code, subtype, channel, number, aux)| Annotation {
            sample,
            code: Code(code),
            subtype,
            channel,
            number,
            aux,
        },
    )
}

proptest! {
    // Files are synced to the disk, which takes its time.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn records(record in record()) {
        let folder = tempfile::tempdir().unwrap();
        record.write(folder.path()).unwrap();
        let read = Expanded::read(&folder.path().join("r_1")).unwrap();
        prop_assert_eq!(&read.signals, &record.signals);
        let mut header = read.header.clone();
        for spec in &mut header.signals {
            (spec.initial_value, spec.checksum) = (None, None);
        }
        let expected = Header { samples: Some(record.frames() as u64), ..record.header };
        prop_assert_eq!(header, expected);
        let smoothed = Record::read(&folder.path().join("r_1")).unwrap();
        prop_assert!(smoothed.signals.iter().all(|signal| signal.len() == read.frames()));
        let again = tempfile::tempdir().unwrap();
        // An average may be too far from the one before it for format 8.
        if smoothed.write(again.path()).is_ok() {
            prop_assert_eq!(Record::read(&again.path().join("r_1")).unwrap().signals, smoothed.signals);
        }
    }

    #[test]
    fn annotations(annotations in proptest::collection::vec(annotation(), 0..30)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r_1.atr");
        write_annotations(&path, &annotations).unwrap();
        prop_assert_eq!(read_annotations(&path).unwrap(), annotations);
    }

}

proptest! {
    /// No bytes make the reader panic, and what it accepts it can write again.
    #[test]
    fn any_bytes_as_annotations(bytes in proptest::collection::vec(prop_oneof![any::<u8>(), Just(0), Just(0xfc), Just(0xec)], 0..200)) {
        if let Ok(file) = AnnotationFile::parse(&bytes, "fuzz") && let Ok(again) = file.bytes() {
            prop_assert_eq!(AnnotationFile::parse(&again, "again").unwrap(), file);
        }
    }

    /// Headers made of likely pieces: no panic, and those accepted read back from their own text or say why not.
    #[test]
    fn any_text_as_header(pieces in proptest::collection::vec("[0-9]{1,3}|[ \n/():+x.#-]|212|16|x.dat |é|\\PC", 0..60)) {
        for text in [pieces.concat(), format!("x 1 360 10\nx.dat 212 {}", pieces.concat())] {
            if let Ok(header) = Header::parse(&text, "fuzz") && let Ok(again) = header.text() {
                prop_assert_eq!(Header::parse(&again, "again").unwrap(), header);
            }
        }
    }
}

#[test]
fn values_are_digitised_to_the_nearest_level() {
    let spec = SignalSpec { format: Format::Format212, gain: 200.0, baseline: 1024, ..SignalSpec::default() };
    assert_eq!(spec.to_digital(-0.145), 995);
    assert_eq!((spec.to_digital(1e9), spec.to_digital(-1e9)), (2047, -2047));
    assert_eq!(spec.to_digital(f64::NAN), INVALID);
    assert!(spec.to_physical(INVALID).is_nan());
}
