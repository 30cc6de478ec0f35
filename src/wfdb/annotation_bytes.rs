//! Annotation files in MIT format: little-endian words of a 6-bit code and 10 bits of data.
//!
//! A word with a code of 1 to 49 is an annotation so many samples after the one before. `SKIP` moves further than 10 bits
//! say, or back. `NUM`, `SUB`, `CHN` and `AUX` belong to the annotation before them; `NUM` and `CHN` stay until changed.
//! A word of 0 ends the file.

use super::header::unwritable;
use super::{Annotation, AnnotationFile, Code, Error, Label, Result};

const SKIP: u8 = 59;
const NUM: u8 = 60;
const SUB: u8 = 61;
const CHN: u8 = 62;
const AUX: u8 = 63;

/// Sample numbers that are written lie below this: some 97 years at 360 Hz.
const LAST_SAMPLE: u64 = 1 << 40;

const RESOLUTION: &str = "## time resolution: ";
const DEFINITIONS: &str = "## annotation type definitions";
const END_OF_DEFINITIONS: &str = "## end of definitions";

/// The bytes, how far they are read, and the name for errors.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    origin: &'a str,
}

impl<'a> Reader<'a> {
    fn fail(&self, offset: usize, found: impl Into<Box<str>>, expected: impl Into<Box<str>>) -> Error {
        Error::Annotation { origin: self.origin.into(), offset, found: found.into(), expected: expected.into() }
    }

    fn take(&mut self, count: usize, what: &str) -> Result<&'a [u8]> {
        let rest = &self.bytes[self.at..];
        match rest.get(..count) {
            Some(bytes) => {
                self.at += count;
                Ok(bytes)
            }
            None => {
                let expected = format!("{count} bytes of {what}; the file is truncated: fetch it again");
                Err(self.fail(self.at, format!("{} bytes to the end of the file", rest.len()), expected))
            }
        }
    }

    /// The next word: code, its 10 bits of data, and where it stood.
    fn word(&mut self) -> Result<(u8, u16, usize)> {
        let at = self.at;
        let word = self.take(2, "an annotation or the end mark 0 0")?;
        let word = u16::from_le_bytes([word[0], word[1]]);
        Ok(((word >> 10) as u8, word & 1023, at))
    }
}

pub(super) fn parse(bytes: &[u8], origin: &str) -> Result<AnnotationFile> {
    let mut reader = Reader { bytes, at: 0, origin };
    // Code 0 with a time is not an annotation, but what follows may belong to it: it is kept until the end.
    let mut entries: Vec<(Annotation, usize)> = Vec::new();
    let (mut time, mut number, mut channel) = (0_i64, 0, 0);
    let mut skipped = false;
    let mut has_aux = false;
    loop {
        let (code, data, at) = reader.word()?;
        match code {
            0 if data == 0 && !skipped => break,
            0..=49 => {
                time = time.saturating_add(data.into());
                let Ok(sample) = u64::try_from(time) else {
                    let expected = "a sample of 0 or later: the time skips before it lead before the record's start";
                    return Err(reader.fail(at, format!("an annotation at sample {time}"), expected));
                };
                let (code, aux) = (Code(code), Vec::new());
                entries.push((Annotation { sample, code, subtype: 0, channel, number, aux }, at));
                (has_aux, skipped) = (false, false);
            }
            SKIP => {
                let skip = reader.take(4, "a time skip")?;
                // High half first, each half low byte first.
                time = time.saturating_add(i32::from_le_bytes([skip[2], skip[3], skip[0], skip[1]]).into());
                skipped = true;
            }
            NUM | SUB | CHN | AUX => {
                let Some((annotation, _)) = entries.last_mut().filter(|_| !skipped) else {
                    let expected = "an annotation first, which they belong to";
                    return Err(reader.fail(at, format!("the modifier {}", modifier(code)), expected));
                };
                match code {
                    NUM => (number, annotation.number) = (data as i8, data as i8),
                    CHN => (channel, annotation.channel) = (data as u8, data as u8),
                    SUB => annotation.subtype = data as i8,
                    _ if has_aux => return Err(reader.fail(at, "a second AUX", "one an annotation")),
                    _ => {
                        has_aux = true;
                        let length = usize::from(data & 255);
                        annotation.aux =
                            reader.take(length.next_multiple_of(2), "an auxiliary text")?[..length].to_vec();
                    }
                }
            }
            50..=58 => {
                let expected = "1 to 49 for an annotation, 59 to 63 for what belongs to one; \
                                the file is damaged or not in MIT format";
                return Err(reader.fail(at, format!("code {code}"), expected));
            }
            64.. => unreachable!("a code has 6 bits"),
        }
    }
    if let Some(byte) = bytes[reader.at..].iter().position(|byte| *byte != 0) {
        let at = reader.at + byte;
        return Err(reader.fail(at, format!("byte {:#04x} after the end mark", bytes[at]), "zeros or nothing"));
    }
    let mut file = AnnotationFile::default();
    let definitions = definitions(&reader, &entries, &mut file)?;
    let annotations = entries.into_iter().skip(definitions).map(|(annotation, _)| annotation);
    file.annotations = annotations.filter(|annotation| annotation.code.is_annotation()).collect();
    Ok(file)
}

fn modifier(code: u8) -> &'static str {
    ["NUM", "SUB", "CHN", "AUX"][usize::from(code - NUM)]
}

/// Reads what the file says of itself into `file`; the number of entries that it takes.
fn definitions(reader: &Reader, entries: &[(Annotation, usize)], file: &mut AnnotationFile) -> Result<usize> {
    let mut within = None;
    let mut count = 0;
    for (annotation, at) in entries {
        let note = annotation.note();
        if annotation.sample != 0 || annotation.code != Code::NOTE {
            break;
        }
        if let Some(frequency) = note.strip_prefix(RESOLUTION) {
            let valid = |frequency: &f64| frequency.is_finite() && *frequency > 0.0;
            let Some(frequency) = frequency.trim().parse().ok().filter(valid) else {
                return Err(reader.fail(*at, format!("`{note}`"), "a time resolution in ticks a second, above 0"));
            };
            file.frequency = Some(frequency);
        } else if note == DEFINITIONS {
            within = Some(*at);
        } else if note == END_OF_DEFINITIONS {
            within = None;
        } else if within.is_some() {
            let Some(label) = label(&note) else {
                let expected = "a label: its code of 1 to 49, a blank, its symbol, a blank, its description";
                return Err(reader.fail(*at, format!("`{note}`"), expected));
            };
            file.labels.push(label);
        } else {
            break; // an ordinary note on the record's first sample
        }
        count += 1;
    }
    match within {
        Some(at) => {
            Err(reader.fail(at, "label definitions without an end", format!("`{END_OF_DEFINITIONS}` after them")))
        }
        None => Ok(count),
    }
}

/// `42 X the description`.
fn label(note: &str) -> Option<Label> {
    let (code, rest) = note.split_once(' ')?;
    let code = Code(code.parse().ok()?);
    let (symbol, description) = rest.split_once(' ').unwrap_or((rest, ""));
    (code.is_annotation() && !symbol.is_empty()).then(|| Label {
        code,
        symbol: symbol.into(),
        description: description.into(),
    })
}

pub(super) fn write(file: &AnnotationFile, origin: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut note = |text: String| {
        let refuse = |expected| unwritable(origin, "definition at the start", format!("`{text}`"), expected);
        if !text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            return Err(refuse("printable ASCII"));
        }
        word(&mut bytes, Code::NOTE.0, 0);
        aux(&mut bytes, text.as_bytes()).ok_or_else(|| refuse("at most 255 bytes"))
    };
    if let Some(frequency) = file.frequency {
        if !(frequency.is_finite() && frequency > 0.0) {
            return Err(unwritable(origin, "time resolution", frequency.to_string(), "ticks a second, above 0"));
        }
        note(format!("{RESOLUTION}{frequency}"))?;
    }
    if !file.labels.is_empty() {
        note(DEFINITIONS.into())?;
        for own in &file.labels {
            let text = format!("{} {} {}", own.code.0, own.symbol, own.description);
            if label(&text).as_ref() != Some(own) {
                let expected = "a code of 1 to 49 and a symbol without blanks";
                return Err(unwritable(origin, "label definition", format!("`{text}`"), expected));
            }
            note(text)?;
        }
        note(END_OF_DEFINITIONS.into())?;
    }
    let (mut time, mut number, mut channel) = (0_i64, 0, 0);
    for (index, annotation) in file.annotations.iter().enumerate() {
        let refuse = |found: String, expected: &str| {
            unwritable(origin, format!("annotation {index} at sample {}", annotation.sample), found, expected)
        };
        if !annotation.code.is_annotation() {
            return Err(refuse(format!("code {}", annotation.code.0), "1 to 49"));
        }
        if annotation.sample == 0 && annotation.code == Code::NOTE && annotation.aux.starts_with(b"## ") {
            let expected = "no text with `## ` at sample 0, where readers take it for a definition: \
                            use AnnotationFile's frequency and labels";
            return Err(refuse(annotation.note(), expected));
        }
        // A skip holds 31 bits: without a bound, one number could ask for gigabytes of skips.
        let sample = Some(annotation.sample).filter(|sample| *sample < LAST_SAMPLE);
        let sample = sample.ok_or_else(|| refuse("its sample number".into(), "one below 2^40"))? as i64;
        let mut step = sample - time;
        while !(0..1024).contains(&step) {
            let skip = step.clamp(i32::MIN.into(), i32::MAX.into()) as i32;
            let [a, b, c, d] = skip.to_le_bytes();
            word(&mut bytes, SKIP, 0);
            bytes.extend([c, d, a, b]);
            step -= i64::from(skip);
        }
        time = sample;
        word(&mut bytes, annotation.code.0, step as u16);
        if annotation.number != number {
            word(&mut bytes, NUM, u16::from(annotation.number as u8));
            number = annotation.number;
        }
        if annotation.subtype != 0 {
            word(&mut bytes, SUB, u16::from(annotation.subtype as u8));
        }
        if annotation.channel != channel {
            word(&mut bytes, CHN, annotation.channel.into());
            channel = annotation.channel;
        }
        if !annotation.aux.is_empty() {
            let length = annotation.aux.len();
            aux(&mut bytes, &annotation.aux)
                .ok_or_else(|| refuse(format!("an auxiliary text of {length} bytes"), "at most 255"))?;
        }
    }
    word(&mut bytes, 0, 0);
    Ok(bytes)
}

fn word(bytes: &mut Vec<u8>, code: u8, data: u16) {
    bytes.extend((u16::from(code) << 10 | data).to_le_bytes());
}

fn aux(bytes: &mut Vec<u8>, text: &[u8]) -> Option<()> {
    word(bytes, AUX, u16::from(u8::try_from(text.len()).ok()?));
    bytes.extend(text);
    if text.len() % 2 == 1 {
        bytes.push(0);
    }
    Some(())
}
