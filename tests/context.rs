//! What a record says of a beat beside its samples: the patient's rhythm and usual beat, as channels of the input.

#[path = "common/runs.rs"]
mod runs;

use std::fs;

use heart_darts::beat::{Augmentation, RHYTHM_CHANNELS, SplitRule, Templates, prepare, rhythm};
use heart_darts::database::Database;
use heart_darts::model::Model;
use heart_darts::pipeline::{Input, Peaks, Work, evaluate, predict};
use heart_darts::signal::Preprocessing;
use heart_darts::support::random::Generator;
use runs::{TRAINING, run, workplace};

#[test]
fn a_beat_is_followed_by_its_differences_and_its_rhythm() {
    let folder = tempfile::tempdir().unwrap();
    let records = workplace(folder.path());
    let database = Database::choose(&records, None).unwrap();
    let preprocessing = Preprocessing { rhythm: true, template: true, ..Preprocessing::default() };
    let cache = folder.path().join("beats");
    let beats = prepare(&database, &records, &preprocessing, Some(&cache)).unwrap().beats;
    assert_eq!(beats.channels(), 2 + 2 + RHYTHM_CHANNELS);
    let again = prepare(&database, &records, &preprocessing, Some(&cache)).unwrap();
    assert!(again.cached.is_some() && again.beats == beats, "the cache gives the same context");
    // The leads are what they are without it.
    let plain = prepare(&database, &records, &Preprocessing::default(), None).unwrap().beats;
    assert_eq!((plain.channels(), &plain.values, &plain.position), (2, &beats.values, &beats.position));

    let split = SplitRule::random(1).apply(&beats).unwrap();
    let training = split.training.training();
    let (leads, samples) = (beats.leads * beats.samples, beats.samples);
    let chosen: Vec<usize> = (0..training.len()).step_by(7).collect();
    let augmentation = Augmentation { noise: 0.3, shift: 2, ..Augmentation::default() };
    let batches = [training.batch(&chosen), training.augmented(&chosen, &augmentation, &mut Generator::new(1))];
    assert_ne!(batches[0].values, batches[1].values);
    for batch in batches {
        let rows = batch.values.chunks_exact(batch.channels * samples);
        for (row, at) in rows.zip(&chosen) {
            let origin = training.origin(*at);
            let record = beats.records.iter().position(|record| record.name == origin.record).unwrap();
            let of_record: Vec<usize> =
                (0..beats.len()).filter(|&beat| beats.record[beat] as usize == record).collect();
            let peaks: Vec<u64> = of_record.iter().map(|&beat| beats.position[beat]).collect();
            let place = peaks.iter().position(|peak| *peak == origin.position).unwrap();
            let (beat, rest) = row.split_at(leads);
            let (differences, channels) = rest.split_at(leads);
            let values = &beats.values[of_record[0] * leads..][..of_record.len() * leads];
            let templates = Templates::of(values, leads);
            let usual = templates.template(place);
            assert!((0..leads).all(|i| differences[i] == beat[i] - usual[i]), "differences of what the network sees");
            let expected = rhythm(&peaks)[place];
            assert!(channels.chunks(samples).zip(expected).all(|(channel, value)| channel.iter().all(|v| *v == value)));
        }
    }
}

/// A model of such beats takes them wherever it is asked: what `predict` says of a record is what `evaluate` says.
#[test]
fn a_model_with_context_goes_the_whole_way() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let records = workplace(folder);
    let training = TRAINING.replacen("data: (", "data: (preprocessing: (rhythm: true, template: true), ", 1);
    let training = training.replacen("drop_path: 0.1, ", "", 1);
    fs::write(folder.join("train.ron"), training).unwrap();
    run(folder, "cell random --seed 1 --out cells.ron");
    run(folder, "train cells.ron --config train.ron --data records --out model --quiet");

    let model = Model::read(&folder.join("model")).unwrap();
    assert_eq!((model.spec.leads.len(), model.spec.input.leads), (2, 2 + 2 + RHYTHM_CHANNELS));
    let work = Work { quiet: true, ..Work::default() };
    let applied = evaluate(&model, &records, None, &work).unwrap();
    let name = applied.predictions.beats[0].record.clone();
    let expected: Vec<_> = applied.predictions.beats.iter().filter(|beat| beat.record == name).collect();
    let peaks = Peaks::Annotated("atr".into());
    let found = predict(&model, &Input::Wfdb(records.join(&name)), &peaks, &[], &work).unwrap();
    assert!(expected.len() > 10);
    for beat in expected {
        let same = found.beats.iter().find(|found| found.sample == beat.sample).unwrap();
        let apart = same.probabilities.iter().zip(&beat.probabilities).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(apart < 1e-5, "{name} {}: {:?} and {:?}", beat.sample, same.probabilities, beat.probabilities);
    }

    // A description that asks for other channels than its network has is refused.
    let text = fs::read_to_string(folder.join("model/model.ron")).unwrap();
    let wrong = text.replacen("rhythm: true", "rhythm: false", 1);
    assert_ne!(wrong, text);
    fs::write(folder.join("model/model.ron"), wrong).unwrap();
    let error = Model::read(&folder.join("model")).unwrap_err().to_string();
    assert!(error.contains("input.leads"), "{error}");
}
