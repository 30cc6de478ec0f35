//! Loads a model and classifies the beats of a record:
//!
//!     cargo run --release --example classify -- derived-models/mitdb-new-patients ../shared/data/mitdb/100 MLII V5
//!
//! The names after the record are its leads to use, where they are not called as in the model's training. Without a record
//! a synthetic one is made. Not a medical device.

use std::error::Error;
use std::path::PathBuf;

use heart_darts::database::synthetic;
use heart_darts::model::Model;
use heart_darts::pipeline::{Input, Peaks, Work, predict};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let model =
        Model::read(&arguments.next().map_or_else(|| "derived-models/mitdb-new-patients".into(), PathBuf::from))?;
    let record = match arguments.next() {
        Some(record) => PathBuf::from(record),
        None => {
            let folder = std::env::temp_dir().join("heart-darts-classify");
            synthetic::write(&folder, &synthetic::Options { subjects: 1, seconds: 60, seed: 1 })?;
            folder.join("syn01")
        }
    };
    let leads: Vec<String> = arguments.map(|lead| lead.to_string_lossy().into_owned()).collect();

    // R peaks from the record's annotations where there are any; otherwise they are looked for.
    let peaks = Peaks::AnnotatedOrDetected("atr".into());
    let prediction = predict(&model, &Input::Wfdb(record), &peaks, &leads, &Work::default())?;
    for beat in prediction.beats.iter().take(10) {
        let probability = beat.probabilities[beat.class.index()];
        println!("{:8.3} s  {}  {:.1} %", beat.seconds, beat.class.symbol(), 100.0 * probability);
    }
    println!("{}", prediction.summary());
    Ok(())
}
