//! What the beats of a folder look like, class by class.

use std::path::Path;

use super::error::Result;
use crate::beat::{Beats, prepare, window};
use crate::database::{Class, Database, Lead};
use crate::report::{BeatPanel, BeatScale};
use crate::signal::{Preprocessing, Standardise};

/// So many single beats of each class are shown, evenly spread over the records.
const SINGLES: usize = 24;

/// The mean beat of each class on each lead, in mV with the baseline removed, and a few single ones: what
/// [`crate::report::beats`] draws. Classes without beats have no panel.
///
/// # Errors
/// When the folder cannot be read, as [`prepare`].
pub fn panels(dir: &Path, database: &Database) -> Result<(Vec<BeatPanel>, BeatScale)> {
    let preprocessing = Preprocessing { standardise: Standardise::None, ..Preprocessing::default() };
    let prepared = prepare(database, dir, &preprocessing, None)?;
    let beats = &prepared.beats;
    let mut panels = Vec::new();
    for class in Class::ALL {
        let members: Vec<usize> = (0..beats.len()).filter(|&i| beats.classes[i] == class).collect();
        if !members.is_empty() {
            let of_lead = |(lead, name): (usize, &Lead)| panel(beats, class, &members, lead, name);
            panels.extend(database.leads.iter().enumerate().map(of_lead));
        }
    }
    let scale =
        BeatScale { frequency: beats.frequency, before: window(database, &preprocessing).before, unit: "mV".into() };
    Ok((panels, scale))
}

fn panel(beats: &Beats, class: Class, members: &[usize], lead: usize, name: &Lead) -> BeatPanel {
    let samples = |beat: usize| &beats.beat(beat)[lead * beats.samples..(lead + 1) * beats.samples];
    let mut mean = vec![0.0; beats.samples];
    for &beat in members {
        for (sum, value) in mean.iter_mut().zip(samples(beat)) {
            *sum += f64::from(*value);
        }
    }
    mean.iter_mut().for_each(|sum| *sum /= members.len() as f64);
    let shown = SINGLES.min(members.len());
    let single = |i: usize| samples(members[i * members.len() / shown]).iter().map(|value| f64::from(*value)).collect();
    let singles = (0..shown).map(single).collect();
    BeatPanel { class, lead: name.to_string(), beats: members.len() as u64, mean, singles }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::synthetic;

    #[test]
    fn means_are_over_the_beats_of_a_class_and_singles_are_beats() {
        let folder = tempfile::tempdir().unwrap();
        synthetic::write(folder.path(), &synthetic::Options { subjects: 2, seconds: 120, seed: 5 }).unwrap();
        let database = Database::choose(folder.path(), None).unwrap();
        let (panels, scale) = panels(folder.path(), &database).unwrap();
        let preprocessing = Preprocessing { standardise: Standardise::None, ..Preprocessing::default() };
        let beats = prepare(&database, folder.path(), &preprocessing, None).unwrap().beats;
        let classes = beats.class_counts().iter().filter(|count| **count > 0).count();
        assert_eq!(panels.len(), classes * database.leads.len());
        assert_eq!(scale.before, window(&database, &preprocessing).before);
        for panel in panels {
            let lead = database.leads.iter().position(|lead| lead.to_string() == panel.lead).unwrap();
            let members: Vec<usize> = (0..beats.len()).filter(|&i| beats.classes[i] == panel.class).collect();
            assert_eq!(panel.beats, members.len() as u64);
            let value = |beat: usize, sample: usize| f64::from(beats.beat(beat)[lead * beats.samples + sample]);
            for sample in [0, scale.before, beats.samples - 1] {
                let mean = members.iter().map(|&beat| value(beat, sample)).sum::<f64>() / members.len() as f64;
                assert!((panel.mean[sample] - mean).abs() < 1e-9);
            }
            assert_eq!(panel.singles.len(), SINGLES.min(members.len()));
            let first: Vec<f64> = (0..beats.samples).map(|sample| value(members[0], sample)).collect();
            assert_eq!(panel.singles[0], first);
            let different: std::collections::BTreeSet<String> =
                panel.singles.iter().map(|single| format!("{single:?}")).collect();
            assert_eq!(different.len(), panel.singles.len());
        }
    }
}
