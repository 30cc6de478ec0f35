//! Records in the shape of INCART's, which are not at hand.

use std::path::Path;

use heart_darts::database::synthetic::{self, Options};
use heart_darts::signal::Resampler;
use heart_darts::wfdb::{Format, Header, Record, SignalSpec, read_annotations, write_annotations};

const LEADS: [&str; 12] = ["I", "II", "III", "AVR", "AVL", "AVF", "V1", "V2", "V3", "V4", "V5", "V6"];

/// Synthetic subjects as INCART has its records: twelve leads at 257 Hz in format 16, each with a gain of its own, the patient
/// in a comment of the header, several records of one patient. Lead II is the synthetic MLII, V1 is V1, the others lie between.
pub fn incart_shaped(dir: &Path, records: usize, seconds: usize) {
    let made = dir.join("made");
    let options = Options { subjects: records, seconds, seed: 11 };
    let names = synthetic::write(&made, &options).unwrap().records;
    let mut list = String::new();
    for (i, stem) in names.iter().map(|name| made.join(name)).enumerate() {
        let record = Record::read(&stem).unwrap();
        let resampler = Resampler::new(record.header.frequency, 257.0).unwrap();
        let of = |name: &str| {
            let lead = record.physical(record.header.position(name).unwrap());
            resampler.apply(&lead.iter().map(|value| f64::from(*value)).collect::<Vec<_>>())
        };
        let (second, first) = (of("MLII"), of("V1"));
        let name = format!("I{:02}", i + 1);
        let mut header = Header::new(&*name, 257.0);
        header.comments = vec!["<age>: 65 <sex>: F".into(), format!("patient {}", i / 2 + 1)];
        let mut signals = Vec::new();
        for (k, lead) in LEADS.iter().enumerate() {
            let spec = SignalSpec {
                file: format!("{name}.dat"),
                format: Format::Format16,
                gain: 300.0 + 40.0 * k as f64,
                adc_resolution: 16,
                description: (*lead).into(),
                ..SignalSpec::default()
            };
            let share = match *lead {
                "II" => 1.0,
                "V1" => 0.0,
                _ => k as f64 / 11.0,
            };
            let mixed = second.iter().zip(&first).map(|(a, b)| share * a + (1.0 - share) * b);
            signals.push(mixed.map(|value| spec.to_digital(value)).collect());
            header.signals.push(spec);
        }
        Record { header, signals }.write(dir).unwrap();
        let mut beats = read_annotations(&stem.with_extension("atr")).unwrap();
        for beat in &mut beats {
            beat.sample = (beat.sample as f64 * 257.0 / 360.0).round() as _;
        }
        write_annotations(&dir.join(format!("{name}.atr")), &beats).unwrap();
        list += &format!("{name}\n");
    }
    std::fs::write(dir.join("RECORDS"), list).unwrap();
    std::fs::remove_dir_all(made).unwrap();
}
