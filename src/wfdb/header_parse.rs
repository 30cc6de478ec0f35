//! Header text, parsed field by field with its place.

use super::{BaseDate, BaseTime, Error, Format, Header, Result, Segment, SignalSpec};

/// A line of the header, for errors.
#[derive(Clone, Copy)]
struct Line<'a> {
    origin: &'a str,
    number: usize,
    text: &'a str,
}

/// A part of a line: where it starts, in bytes, and what stands there.
#[derive(Clone, Copy)]
struct Token<'a> {
    line: Line<'a>,
    start: usize,
    text: &'a str,
}

impl<'a> Line<'a> {
    fn end(self) -> Token<'a> {
        Token { line: self, start: self.text.len(), text: "" }
    }

    /// The next word from byte `from` on, and the byte after it.
    fn word(self, from: usize) -> Option<(Token<'a>, usize)> {
        let rest = &self.text[from..];
        let start = from + rest.find(|c: char| !c.is_whitespace())?;
        let length = self.text[start..].find(char::is_whitespace).unwrap_or(self.text.len() - start);
        Some((Token { line: self, start, text: &self.text[start..start + length] }, start + length))
    }
}

impl<'a> Token<'a> {
    fn fail(self, field: &'static str, expected: impl Into<Box<str>>) -> Error {
        Error::Header {
            origin: self.line.origin.into(),
            line: self.line.number,
            column: self.line.text[..self.start].chars().count() + 1,
            field,
            found: if self.text.is_empty() { "nothing".into() } else { format!("`{}`", excerpt(self.text)).into() },
            expected: expected.into(),
            excerpt: excerpt(self.line.text).into(),
        }
    }

    /// What stands before and after the first `separator`.
    fn split(self, separator: char) -> (Self, Option<Self>) {
        match self.text.split_once(separator) {
            None => (self, None),
            Some((before, after)) => {
                let start = self.start + before.len() + separator.len_utf8();
                (Self { text: before, ..self }, Some(Self { start, text: after, ..self }))
            }
        }
    }

    fn integer<T: std::str::FromStr>(self, field: &'static str, expected: &str) -> Result<T> {
        // `+5` parses in Rust and is a byte offset in a header.
        let parsed = if self.text.starts_with('+') { None } else { self.text.parse().ok() };
        parsed.ok_or_else(|| self.fail(field, expected))
    }

    fn decimal(self, field: &'static str, expected: &str) -> Result<f64> {
        let plain = self.text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'));
        let value = self.text.parse().ok().filter(|value: &f64| plain && value.is_finite());
        value.ok_or_else(|| self.fail(field, expected))
    }
}

/// A text of bounded length, for errors.
fn excerpt(text: &str) -> String {
    match text.char_indices().nth(120) {
        None => text.into(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

/// The most signals of a record, as many as EDF's four digits can say: what is done with each pair of them stays bounded.
const MOST_SIGNALS: usize = 10_000;

/// The header, and the number of signals of its record line, which a header of segments does not list itself.
pub(super) fn parse(text: &str, origin: &str) -> Result<(Header, usize)> {
    let mut comments = Vec::new();
    let mut lines = Vec::new();
    for (index, text) in text.lines().enumerate() {
        let text = text.trim_end();
        if let Some(comment) = text.trim_start().strip_prefix('#') {
            comments.push(comment.strip_prefix(' ').unwrap_or(comment).to_owned());
        } else if !text.is_empty() {
            lines.push(Line { origin, number: index + 1, text });
        }
    }
    let Some((first, rest)) = lines.split_first() else {
        let nowhere = Line { origin, number: 1, text: "" };
        return Err(nowhere.end().fail("record line", "a record's name, its number of signals and its frequency"));
    };
    let (mut header, signals, segments) = record_line(*first)?;
    let (field, kind, count) = match segments {
        Some(segments) => ("segment line", "segment", segments),
        None => ("signal line", "signal", signals),
    };
    if let Some(line) = rest.get(count) {
        let (word, _) = line.word(0).expect("lines kept here are not blank");
        return Err(word.fail(field, format!("no more than the {count} {kind} lines of the record line")));
    }
    if rest.len() < count {
        let last = rest.last().unwrap_or(first).end();
        let expected = format!("{count} {kind} lines as the record line says, and there are {}", rest.len());
        return Err(last.fail("end of the header", expected));
    }
    for line in rest {
        if segments.is_some() {
            header.segments.push(segment_line(*line)?);
        } else {
            let signal = signal_line(*line)?;
            check_file_sharing(*line, &header.signals, &signal)?;
            header.signals.push(signal);
        }
    }
    header.comments = comments;
    Ok((header, signals))
}

/// `NAME[/SEGMENTS] SIGNALS [FREQUENCY[/COUNTER[(BASE)]] [SAMPLES [TIME [DATE]]]]`, the numbers of signals and of segments.
fn record_line(line: Line) -> Result<(Header, usize, Option<usize>)> {
    let mut words = std::iter::successors(line.word(0), |(_, end)| line.word(*end)).map(|(word, _)| word);
    let name_word = words.next().unwrap_or(line.end());
    let (name, segments) = name_word.split('/');
    if !is_name(name.text) {
        return Err(name.fail("record name", "letters, digits, `_`, `-`"));
    }
    let expected = "a whole number, 1 or more";
    let segments: Option<usize> = match segments {
        None => None,
        Some(token) => match token.integer("number of segments", expected)? {
            0 => return Err(token.fail("number of segments", expected)),
            count => Some(count),
        },
    };
    let mut header = Header::new(name.text, 250.0);
    let (word, expected) = (words.next().unwrap_or(line.end()), "a whole number, 0 to 10000");
    let signals = word.integer("number of signals", expected)?;
    if signals > MOST_SIGNALS {
        return Err(word.fail("number of signals", expected));
    }
    if let Some(word) = words.next() {
        let (frequency, counter) = word.split('/');
        header.frequency = frequency.decimal("sampling frequency", "a number of Hz above 0")?;
        if header.frequency <= 0.0 {
            return Err(frequency.fail("sampling frequency", "a number of Hz above 0"));
        }
        if let Some(counter) = counter {
            let (counter, base) = counter.split('(');
            header.counter_frequency = Some(counter.decimal("counter frequency", "a number of Hz")?);
            header.base_counter =
                base.map(|base| parenthesis(base)?.decimal("base counter", "a number")).transpose()?;
        }
    }
    if let Some(word) = words.next() {
        let samples = word.integer("number of samples", "a whole number, 0 or more")?;
        header.samples = Some(samples).filter(|samples| *samples > 0);
    }
    header.base_time = words.next().map(base_time).transpose()?;
    header.base_date = words.next().map(base_date).transpose()?.flatten();
    match words.next() {
        Some(word) => Err(word.fail("end of the record line", "nothing after the base date")),
        None => Ok((header, signals, segments)),
    }
}

/// What stands before a closing parenthesis that must be the last character.
fn parenthesis(token: Token) -> Result<Token> {
    match token.text.strip_suffix(')') {
        Some(text) => Ok(Token { text, ..token }),
        None => Err(token.fail("parenthesis", "`)` at the end")),
    }
}

/// `[[HH:]MM:]SS[.FRACTION]`.
fn base_time(word: Token) -> Result<BaseTime> {
    let fail = || word.fail("base time", "HH:MM:SS, with hours below 24, minutes and seconds below 60");
    let (whole, fraction) = word.text.split_once('.').unwrap_or((word.text, "0"));
    let digits =
        |text: &str, most: usize| (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = whole.split(':').collect();
    if parts.len() > 3 || !parts.iter().all(|part| digits(part, 2)) || !digits(fraction, 9) {
        return Err(fail());
    }
    let mut numbers = parts.iter().rev().map(|part| part.parse::<u8>().unwrap_or(u8::MAX));
    let mut next = || numbers.next().unwrap_or(0);
    let (second, minute, hour) = (next(), next(), next());
    if hour > 23 || minute > 59 || second > 59 {
        return Err(fail());
    }
    let nanosecond = format!("{fraction:0<9}").parse().map_err(|_| fail())?;
    Ok(BaseTime { hour, minute, second, nanosecond })
}

/// `DD/MM/YYYY`; `0/0/0`, in old headers, is no date.
fn base_date(word: Token) -> Result<Option<BaseDate>> {
    let fail = || word.fail("base date", "DD/MM/YYYY, a day that exists");
    let parts: Vec<u16> = word.text.split('/').map(|part| part.parse().map_err(|_| fail())).collect::<Result<_>>()?;
    let &[day, month, year] = parts.as_slice() else { return Err(fail()) };
    if (day, month, year) == (0, 0, 0) {
        return Ok(None);
    }
    calendar_date(day, month, year).map(Some).ok_or_else(fail)
}

/// A day of the years 1 to 9999, if there is such a one.
pub(super) fn calendar_date(day: u16, month: u16, year: u16) -> Option<BaseDate> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u16::from(leap),
        1..=12 => 31,
        _ => return None,
    };
    let valid = (1..=days).contains(&day) && (1..=9999).contains(&year);
    valid.then_some(BaseDate { day: day as u8, month: month as u8, year })
}

/// `NAME SAMPLES`, with `~` for a gap.
fn segment_line(line: Line) -> Result<Segment> {
    let mut words = std::iter::successors(line.word(0), |(_, end)| line.word(*end)).map(|(word, _)| word);
    let name = words.next().unwrap_or(line.end());
    if name.text != "~" && !is_name(name.text) {
        return Err(
            name.fail("segment name", "the name of a record beside the header (letters, digits, `_`, `-`), or `~`")
        );
    }
    let samples = words.next().unwrap_or(line.end()).integer("number of samples", "a whole number, 0 or more")?;
    match words.next() {
        Some(word) => Err(word.fail("end of the segment line", "nothing after the number of samples")),
        None => Ok(Segment { name: Some(name.text).filter(|name| *name != "~").map(Into::into), samples }),
    }
}

/// `FILE FORMAT[xN][:SKEW][+OFFSET] [GAIN[(BASELINE)][/UNITS] [RESOLUTION [ZERO [INITIAL [CHECKSUM [BLOCK [DESCRIPTION]]]]]]]`.
fn signal_line(line: Line) -> Result<SignalSpec> {
    let mut at = 0;
    let mut next = || line.word(at).map(|(word, end)| (at = end, word).1);
    let file = next().unwrap_or(line.end());
    let mut signal = SignalSpec { file: file.text.into(), ..SignalSpec::default() };
    if file.text != NO_FILE && !is_file_name(file.text) {
        let expected = "the name of a file beside the header: letters, digits, `_`, `-`, `.`; no folders";
        return Err(file.fail("file name", expected));
    }
    storage(next().unwrap_or(line.end()), &mut signal)?;
    if file.text == NO_FILE && signal.format != Format::Format0 {
        return Err(file.fail("file name", "the name of a file, since the format is not 0"));
    }
    let mut baseline = None;
    if let Some(word) = next() {
        let (amount, units) = match word.text.find(['(', '/']).map(|at| word.text.as_bytes()[at]) {
            None => (word, None),
            Some(b'/') => word.split('/'),
            Some(_) => {
                let (amount, rest) = word.split('(');
                let rest = rest.unwrap_or(line.end());
                let (inside, after) = rest.split(')');
                let after = after.ok_or_else(|| rest.fail("baseline", "a whole number of adu, then `)`"))?;
                baseline = Some(inside.integer("baseline", "a whole number of adu")?);
                match after.split('/') {
                    (before, _) if !before.text.is_empty() => {
                        return Err(after.fail("units", "`/` and the unit, after the baseline"));
                    }
                    (_, units) => (amount, units),
                }
            }
        };
        signal.gain = amount.decimal("gain", "adu per unit, a number")?;
        if signal.gain == 0.0 {
            signal.gain = 200.0;
        }
        if let Some(units) = units.filter(|units| !units.text.is_empty()) {
            signal.units = units.text.into();
        }
    }
    if let Some(word) = next() {
        signal.adc_resolution = word.integer("ADC resolution", "a whole number of bits")?;
    }
    if let Some(word) = next() {
        signal.adc_zero = word.integer("ADC zero", "a whole number of adu")?;
    }
    signal.baseline = baseline.unwrap_or(signal.adc_zero);
    signal.initial_value = next().map(|word| word.integer("initial value", "a whole number of adu")).transpose()?;
    if let Some(word) = next() {
        let expected = "a whole number of 16 bits, -32768 to 65535";
        let sum: i32 = word.integer("checksum", expected)?;
        if !(-32768..=65535).contains(&sum) {
            return Err(word.fail("checksum", expected));
        }
        signal.checksum = Some(sum as i16); // 40000 and -25536 are the same sum modulo 2^16
    }
    if let Some(word) = next() {
        signal.block_size = word.integer("block size", "a whole number of bytes")?;
    }
    signal.description = line.text[at..].trim().into();
    Ok(signal)
}

/// `FORMAT[xN][:SKEW][+OFFSET]`.
fn storage(word: Token, signal: &mut SignalSpec) -> Result<()> {
    let (rest, offset) = word.split('+');
    let (rest, skew) = rest.split(':');
    let (number, frame) = rest.split('x');
    let number_value: u32 = number.integer("format", "the number of a signal format, such as 212 or 16")?;
    signal.format = Format::from_number(number_value).ok_or_else(|| {
        let all = Format::ALL.map(|format| format.to_string()).join(", ");
        number.fail("format", format!("a signal format of WFDB: {all}"))
    })?;
    if let Some(frame) = frame {
        signal.samples_per_frame = frame.integer("samples per frame", "a whole number, 1 or more")?;
        if signal.samples_per_frame == 0 {
            return Err(frame.fail("samples per frame", "a whole number, 1 or more"));
        }
    }
    if let Some(skew) = skew {
        signal.skew = skew.integer("skew", "a whole number of frames, 0 or more")?;
    }
    if let Some(offset) = offset {
        signal.byte_offset = offset.integer("byte offset", "a whole number of bytes, 0 or more")?;
    }
    Ok(())
}

/// In the place of a file's name: there is none, which is so for null signals.
pub(super) const NO_FILE: &str = "~";

/// Signals of one file are interleaved in it: they stand together and agree on how it is stored.
fn check_file_sharing(line: Line, before: &[SignalSpec], signal: &SignalSpec) -> Result<()> {
    let Some(last) = before.iter().rposition(|other| other.file == signal.file) else { return Ok(()) };
    let file = line.word(0).map_or(line.end(), |(word, _)| word);
    let storage = line.word(file.start + file.text.len()).map_or(line.end(), |(word, _)| word);
    if last + 1 != before.len() {
        return Err(file.fail("file name", "the signals of one file on consecutive lines"));
    }
    let first = &before[last];
    if first.format != signal.format {
        let expected = format!("format {}, as the signal before it in the same file", first.format);
        return Err(storage.fail("format", expected));
    }
    if first.byte_offset != signal.byte_offset {
        let expected = format!("+{}, as the signal before it in the same file", first.byte_offset);
        return Err(storage.fail("byte offset", expected));
    }
    Ok(())
}

pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
}

/// A name beside the header: a header never makes us read elsewhere.
pub(super) fn is_file_name(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
        && !text.starts_with('.')
        && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))
}
