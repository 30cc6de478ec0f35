//! What a model said of each test beat: `predictions.csv` of a model folder.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use super::{ConfusionMatrix, Error, Evaluation};
use crate::beat::Class;
use crate::support::files::{self, FileError};

const HEAD: &str = "record,sample,reference,predicted,p_n,p_s,p_v,p_f,p_q";

/// One beat, where it is, what it is, and what a model said of it.
#[derive(Debug, Clone, PartialEq)]
pub struct BeatPrediction {
    /// The record's name.
    pub record: String,
    /// The R peak, in samples of the record as it is on disk, from 0.
    pub sample: u64,
    /// The class of its annotation.
    pub reference: Class,
    /// The model's most probable class.
    pub predicted: Class,
    /// Of N, S, V, F and Q. In the file with four decimals, smaller ones with one digit.
    pub probabilities: [f32; 5],
}

impl BeatPrediction {
    /// Whether the model was right.
    pub fn is_right(&self) -> bool {
        self.reference == self.predicted
    }
}

/// What a model said of the beats of its test part, in the order of the part.
///
/// ```
/// use heart_darts::evaluate::Predictions;
///
/// let text = "record,sample,reference,predicted,p_n,p_s,p_v,p_f,p_q\n100,77,N,N,0.998,0.002,0,0,0\n";
/// let predictions = Predictions::parse(text, "predictions.csv")?;
/// assert!(predictions.beats[0].is_right());
/// assert_eq!(predictions.to_csv(), text);
/// # Ok::<(), heart_darts::evaluate::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Predictions {
    /// The beats.
    pub beats: Vec<BeatPrediction>,
}

impl Predictions {
    /// The matrix of each record, by its name.
    pub fn records(&self) -> BTreeMap<&str, ConfusionMatrix> {
        let mut records = BTreeMap::<&str, ConfusionMatrix>::new();
        for beat in &self.beats {
            records.entry(&beat.record).or_default().record(beat.reference, beat.predicted);
        }
        records
    }

    /// That these are the beats of an evaluation: every record has the same matrix. `origin` names them in errors.
    ///
    /// # Errors
    /// [`Error::Inconsistent`], naming the record.
    pub fn check(&self, evaluation: &Evaluation, origin: &str) -> Result<(), Error> {
        let mut found = self.records();
        let mut wrong = None;
        for record in &evaluation.records {
            let matrix = found.remove(record.record.as_str()).unwrap_or_default();
            if matrix != record.confusion_matrix && wrong.is_none() {
                let said = |matrix: &ConfusionMatrix| format!("{} of {} right", matrix.correct(), matrix.total());
                wrong = Some((&*record.record, said(&matrix), said(&record.confusion_matrix)));
            }
        }
        let more = found.first_key_value().map(|(record, matrix)| {
            (*record, format!("{} beats", matrix.total()), "no beats of that record".to_owned())
        });
        let Some((record, found, expected)) = wrong.or(more) else { return Ok(()) };
        let (origin, key) = (origin.to_owned(), format!("record {record}"));
        Err(Error::Inconsistent { origin, key, found, expected: format!("metrics.json has {expected}") })
    }

    /// Where the beats of two tests differ, as a sentence; `None` when they are the same beats with the same reference.
    pub fn difference(&self, other: &Self) -> Option<String> {
        let (here, there) = (self.beats.len(), other.beats.len());
        if here != there {
            return Some(format!("one has {here} test beats, the other {there}"));
        }
        let place = |beat: &BeatPrediction| format!("{} of record {}", beat.sample, beat.record);
        let same = |a: &BeatPrediction, b: &BeatPrediction| a.record == b.record && a.sample == b.sample;
        let pairs = || self.beats.iter().zip(&other.beats);
        if let Some((a, b)) = pairs().find(|(a, b)| !same(a, b)) {
            return Some(format!("where one has the beat at sample {}, the other has that at {}", place(a), place(b)));
        }
        let (a, b) = pairs().find(|(a, b)| a.reference != b.reference)?;
        let classes = (a.reference.symbol(), b.reference.symbol());
        Some(format!("the beat at sample {} is {} in one, {} in the other", place(a), classes.0, classes.1))
    }

    /// As CSV with a head.
    pub fn to_csv(&self) -> String {
        let mut text = format!("{HEAD}\n");
        for BeatPrediction { record, sample, reference, predicted, probabilities } in &self.beats {
            let p: Vec<String> = probabilities.iter().map(|p| probability(*p)).collect();
            let (reference, predicted) = (reference.symbol(), predicted.symbol());
            let _ = writeln!(text, "{record},{sample},{reference},{predicted},{}", p.join(","));
        }
        text
    }

    /// Writes the CSV file, whole or not at all.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        Ok(files::write_atomic(path, self.to_csv().as_bytes())?)
    }

    /// Reads what [`Self::write`] wrote.
    ///
    /// # Errors
    /// [`Error::File`], with the line when it is not such a file.
    pub fn read(path: &Path) -> Result<Self, Error> {
        Self::parse(&files::read_text(path)?, &path.display().to_string())
    }

    /// Parses CSV; `origin` names it in errors.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn parse(text: &str, origin: &str) -> Result<Self, Error> {
        let wrong = |line: usize, message: String| {
            let excerpt = text.lines().nth(line - 1).unwrap_or_default().into();
            Error::File(FileError::Text { origin: origin.into(), line, column: 1, message, excerpt })
        };
        let mut lines = text.lines().zip(1..);
        if lines.next().is_none_or(|(head, _)| head != HEAD) {
            return Err(wrong(1, format!("expected the head {HEAD}")));
        }
        let parsed = lines.map(|(line, number)| beat(line).map_err(|message| wrong(number, message)));
        Ok(Self { beats: parsed.collect::<Result<_, _>>()? })
    }
}

/// A row. The record's name comes first and may hold commas.
fn beat(line: &str) -> Result<BeatPrediction, String> {
    let fields: Vec<&str> = line.rsplitn(9, ',').collect();
    let [q, f, v, s, n, predicted, reference, sample, record] = fields[..] else {
        return Err(format!("found {} fields, expected 9", fields.len()));
    };
    let class =
        |text: &str| Class::from_symbol(text).ok_or_else(|| format!("found the class {text:?}, expected N S V F Q"));
    let mut probabilities = [0.0f32; 5];
    for (p, text) in probabilities.iter_mut().zip([n, s, v, f, q]) {
        *p = text
            .parse()
            .ok()
            .filter(|p| (0.0..=1.0).contains(p))
            .ok_or_else(|| format!("found the probability {text:?}, expected a number from 0 to 1"))?;
    }
    Ok(BeatPrediction {
        record: record.into(),
        sample: sample.parse().map_err(|_| format!("found the sample {sample:?}, expected a whole number"))?,
        reference: class(reference)?,
        predicted: class(predicted)?,
        probabilities,
    })
}

/// Four decimals without the zeros at their end; one digit of what is smaller.
fn probability(p: f32) -> String {
    // Softmax in f32 may overshoot 1 by a rounding error.
    let p = p.clamp(0.0, 1.0);
    if p > 0.0 && p < 0.00005 {
        return format!("{p:.0e}");
    }
    let text = format!("{p:.4}");
    text.trim_end_matches('0').trim_end_matches('.').into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::RecordEvaluation;

    const TEXT: &str = "record,sample,reference,predicted,p_n,p_s,p_v,p_f,p_q
100,77,N,N,0.998,0.002,3e-9,0,0
a,b,370,V,F,0.0001,0,0.4,0.5999,0
";

    fn parse(text: &str) -> Result<Predictions, String> {
        Predictions::parse(text, "x.csv").map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_written_is_read() {
        let predictions = parse(TEXT).unwrap();
        assert_eq!(predictions.to_csv(), TEXT);
        assert_eq!((&*predictions.beats[1].record, predictions.beats[1].predicted), ("a,b", Class::F));
        assert_eq!(
            [0.0, 1.0, 1.000_001, 0.25, 0.00004, 0.99996].map(probability),
            ["0", "1", "1", "0.25", "4e-5", "1"]
        );
    }

    #[test]
    fn what_is_no_such_file_is_refused_with_its_line() {
        for (change, place, what) in [
            (("record,sample", "sample,record"), ":1:", "expected the head"),
            (("77", "-77"), ":2:", "sample \"-77\""),
            (("V,F", "V,X"), ":3:", "class \"X\""),
            (("0.5999", "1.5"), ":3:", "from 0 to 1"),
            (("100,77,N", "N"), ":2:", "expected 9"),
        ] {
            let error = parse(&TEXT.replacen(change.0, change.1, 1)).unwrap_err();
            assert!(error.contains(place) && error.contains(what), "{error}");
        }
    }

    #[test]
    fn beats_of_another_test_are_noticed() {
        let predictions = parse(TEXT).unwrap();
        assert_eq!(predictions.difference(&predictions.clone()), None);
        let other =
            |from: &str, to: &str| predictions.difference(&parse(&TEXT.replacen(from, to, 1)).unwrap()).unwrap();
        assert!(other("370", "371").contains("sample 370 of record a,b"));
        assert!(other("V,F", "N,F").contains("is V in one, N in the other"));
        assert!(other("100,77,N,N,0.998,0.002,3e-9,0,0\n", "").contains("2 test beats, the other 1"));
        assert_eq!(predictions.difference(&parse(&TEXT.replacen("V,F", "V,V", 1)).unwrap()), None);
    }

    #[test]
    fn predictions_of_another_model_are_noticed() {
        let predictions = parse(TEXT).unwrap();
        let records = predictions.records().into_iter().map(|(name, matrix)| RecordEvaluation::new(name, name, matrix));
        let evaluation = Evaluation::new("", records.collect(), None);
        predictions.check(&evaluation, "").unwrap();
        let other = |from: &str, to: &str| {
            parse(&TEXT.replacen(from, to, 1)).unwrap().check(&evaluation, "x.csv").unwrap_err().to_string()
        };
        assert!(other("V,F", "V,V").contains("`record a,b`: found 1 of 1 right"));
        assert!(other("100", "101").contains("`record 100`: found 0 of 0 right"));
        let fewer = Predictions { beats: predictions.beats[..1].to_vec() };
        let records = fewer.records().into_iter().map(|(name, matrix)| RecordEvaluation::new(name, name, matrix));
        let error = predictions.check(&Evaluation::new("", records.collect(), None), "").unwrap_err().to_string();
        assert!(error.contains("`record a,b`: found 1 beats"), "{error}");
    }
}
