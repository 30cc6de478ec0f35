//! The classified beats of a record, and the files that they are written to.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::super::error::Result;
use super::{ANNOTATOR, suffixed};
use crate::database::Class;
use crate::support::digests::Digests;
use crate::support::files;
use crate::wfdb::{self, Annotation, Code};

/// The classified beats of a record.
#[derive(Debug, Clone, Serialize)]
pub struct Prediction {
    /// The record's name.
    pub record: String,
    /// Its rate in Hz.
    pub frequency: f64,
    /// Its length in seconds.
    pub seconds: f64,
    /// `annotations` or `detector`.
    pub peaks: String,
    /// Beats whose window leaves the record.
    pub left_out: usize,
    /// What the model was made of, and its weights.
    pub digests: Digests,
    /// The beats, in time.
    pub beats: Vec<PredictedBeat>,
}

/// One classified beat.
#[derive(Debug, Clone, Serialize)]
pub struct PredictedBeat {
    /// Its R peak, in samples of the record, from 0.
    pub sample: u64,
    /// The same in seconds.
    pub seconds: f64,
    /// The most probable class.
    pub class: Class,
    /// Of N, S, V, F and Q.
    pub probabilities: [f32; 5],
}

impl Prediction {
    /// Writes `RECORD.hda` (WFDB annotations), `RECORD.beats.csv` and `RECORD.beats.json` into a folder, and says where they are.
    /// The names differ from those that recordings have, so that none is written over.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write(&self, folder: &Path) -> Result<[PathBuf; 3]> {
        let stem = folder.join(&self.record);
        let [annotations, table, json] = [ANNOTATOR, "beats.csv", "beats.json"].map(|suffix| suffixed(&stem, suffix));
        files::write_atomic(&table, self.table().as_bytes())?;
        // On one line: a day of beats is read by programs.
        files::write_atomic(&json, crate::evaluate::json::to_line(self).as_bytes())?;
        wfdb::write_annotations(&annotations, &self.annotations())?;
        Ok([annotations, table, json])
    }

    /// The beats as annotations: symbols N S V F Q, the probability in percent as number.
    pub fn annotations(&self) -> Vec<Annotation> {
        let annotation = |beat: &PredictedBeat| {
            let percent = (100.0 * beat.probabilities[beat.class.index()]).round() as i8;
            let code = Code::from_symbol(beat.class.symbol()).unwrap_or(Code::NORMAL);
            Annotation { number: percent, ..Annotation::new(beat.sample, code) }
        };
        self.beats.iter().map(annotation).collect()
    }

    fn table(&self) -> String {
        let mut text = String::from("sample,seconds,class,p_n,p_s,p_v,p_f,p_q\n");
        for PredictedBeat { sample, seconds, class, probabilities: [n, s, v, f, q] } in &self.beats {
            let class = class.symbol();
            let _ = writeln!(text, "{sample},{seconds:.3},{class},{n:.4},{s:.4},{v:.4},{f:.4},{q:.4}");
        }
        text
    }

    /// A sentence for the terminal.
    pub fn summary(&self) -> String {
        let count = |class| self.beats.iter().filter(|beat| beat.class == class).count();
        let classes: Vec<String> =
            Class::ALL.iter().map(|&class| format!("{} {}", class.symbol(), count(class))).collect();
        format!(
            "{}: {} beats at R peaks of the {} ({} left out at the ends): {}",
            self.record,
            self.beats.len(),
            self.peaks,
            self.left_out,
            classes.join(", ")
        )
    }
}
