//! The built-in synthetic database: ECG records of people who do not exist, for trying things out without a download.
//!
//! The voltages are the solution of McSharry's dynamical model (McSharry, Clifford, Tarassenko, Smith, IEEE Transactions
//! on Biomedical Engineering 50(3):289, 2003, doi:10.1109/TBME.2003.808805). Around it stand beats of the five AAMI
//! classes with the timing and the shapes that textbooks give them (sinus rhythm, in some subjects with a right bundle
//! branch block; premature supraventricular and ventricular beats, the latter with a compensatory pause; fusion beats; a
//! pacemaker in some subjects), heart-rate variability, and the noise of electrodes, mains and muscle.
//!
//! [`write()`] makes real WFDB records of it: `syn01`, `syn02` ... with the leads MLII and V1 at 360 Hz, format 212, 200 adu
//! per mV, and beats at R in `.atr`. Every header says that the record is synthetic, and from which model and seed.
//!
//! Figures measured on these records say that a program works, nothing about hearts: a classifier that is good here has
//! learnt the tables of this module.
//!
//! ```
//! use heart_darts::database::synthetic::{self, Options};
//! let dir = tempfile::tempdir()?;
//! let made = synthetic::write(dir.path(), &Options { subjects: 2, seconds: 20, seed: 7 })?;
//! assert_eq!(made.records, ["syn01", "syn02"]);
//! let record = heart_darts::wfdb::Record::read(&dir.path().join("syn01"))?;
//! assert_eq!(record.signals[0].len(), 20 * 360);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod folder;
mod model;
mod morphology;
mod noise;
mod rhythm;
mod subject;

pub use folder::{Error, Made, write};

/// What to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Subjects, with one record each; 8 unless said otherwise. Every fourth one from the second has a bundle branch
    /// block, every fourth one from the fourth a pacemaker (class Q).
    pub subjects: usize,
    /// Length of each record in seconds; 300 unless said otherwise.
    pub seconds: usize,
    /// Where everything random begins; 1 unless said otherwise. A subject depends on it and on its own number only.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { subjects: 8, seconds: 300, seed: 1 }
    }
}

impl Options {
    /// The most subjects.
    pub const MOST_SUBJECTS: usize = 200;
    /// The shortest record in seconds: room for some beats of each class.
    pub const SHORTEST: usize = 10;
    /// The longest record in seconds, two hours.
    pub const LONGEST: usize = 7200;

    fn check(&self) -> Result<(), Error> {
        let wrong = |what, found, expected| Err(Error::Options { what, found, expected });
        if !(1..=Self::MOST_SUBJECTS).contains(&self.subjects) {
            return wrong("subjects", self.subjects, (1, Self::MOST_SUBJECTS));
        }
        if !(Self::SHORTEST..=Self::LONGEST).contains(&self.seconds) {
            return wrong("seconds a record", self.seconds, (Self::SHORTEST, Self::LONGEST));
        }
        Ok(())
    }
}
