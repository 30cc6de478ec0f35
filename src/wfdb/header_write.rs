//! Header text, written.

use super::header::unwritable;
use super::header_parse::{NO_FILE, is_file_name, is_name, parse};
use super::{BaseTime, Format, Header, Result, SignalSpec};

pub(super) fn write(header: &Header) -> Result<String> {
    use std::fmt::Write;
    let origin = format!("{}.hea", header.name);
    if !is_name(&header.name) {
        return Err(unwritable(origin, "record name", format!("`{}`", header.name), "letters, digits, `_`, `-`"));
    }
    if !(header.frequency.is_finite() && header.frequency > 0.0) {
        return Err(unwritable(origin, "sampling frequency", header.frequency.to_string(), "a number of Hz above 0"));
    }
    if !header.segments.is_empty() {
        let (found, expected) = (format!("{}", header.segments.len()), "none: records are written in one piece");
        return Err(unwritable(origin, "segments", found, expected));
    }
    let mut text = format!("{} {} {}", header.name, header.signals.len(), header.frequency);
    match (header.counter_frequency, header.base_counter) {
        (Some(counter), _) if !counter.is_finite() => {
            return Err(unwritable(origin, "counter frequency", counter.to_string(), "a number of Hz"));
        }
        (_, Some(base)) if !base.is_finite() => {
            return Err(unwritable(origin, "base counter", base.to_string(), "a number"));
        }
        (None, Some(_)) => {
            return Err(unwritable(
                origin,
                "base counter",
                "no counter frequency",
                "one, since there is a base counter",
            ));
        }
        (Some(counter), Some(base)) => text += &format!("/{counter}({base})"),
        (Some(counter), None) => text += &format!("/{counter}"),
        (None, None) => {}
    }
    // The fields are told apart by their order: a date needs a time before it, and a time a number of samples.
    let time = header.base_time.or(header.base_date.map(|_| BaseTime { hour: 0, minute: 0, second: 0, nanosecond: 0 }));
    if header.samples.is_some() || time.is_some() {
        let _ = write!(text, " {}", header.samples.unwrap_or(0));
    }
    if let Some(time) = time {
        let _ = write!(text, " {time}");
    }
    if let Some(date) = header.base_date {
        let _ = write!(text, " {date}");
    }
    text.push('\n');
    for (index, signal) in header.signals.iter().enumerate() {
        let default = format!("{}.dat", header.name);
        let signal_text = signal_text(signal, &default).map_err(|(field, found, expected)| {
            unwritable(&*origin, format!("{field} of signal {index} ({})", signal.description), found, expected)
        })?;
        text.push_str(&signal_text);
    }
    for comment in &header.comments {
        if comment.contains(['\n', '\r']) || comment.trim_end() != comment {
            let expected = "one line without blanks at its end";
            return Err(unwritable(origin, "comment", format!("{comment:?}"), expected));
        }
        text.push_str(if comment.is_empty() { "#" } else { "# " });
        text.push_str(comment);
        text.push('\n');
    }
    // Whatever the checks above forgot: a header is only written if it reads back.
    parse(&text, &origin)?;
    Ok(text)
}

/// One line, or the field that cannot be written, what it is, and what it may be.
fn signal_text(
    signal: &SignalSpec,
    default: &str,
) -> std::result::Result<String, (&'static str, String, &'static str)> {
    use std::fmt::Write;
    let null = signal.format == Format::Format0;
    let default = if null { NO_FILE } else { default };
    let file = if signal.file.is_empty() { default } else { &signal.file };
    let none = null && file == NO_FILE;
    if !none && !is_file_name(file) {
        return Err(("file name", format!("`{file}`"), "a plain file name: letters, digits, `_`, `-`, `.`"));
    }
    if !signal.changes.is_empty() {
        return Err(("gain", "one that changes along the record".into(), "the same from start to end"));
    }
    if !signal.gain.is_finite() || signal.gain == 0.0 {
        return Err(("gain", signal.gain.to_string(), "a number of adu per unit, not 0"));
    }
    if signal.units.is_empty() || signal.units.contains(char::is_whitespace) {
        return Err(("units", format!("{:?}", signal.units), "a unit without blanks"));
    }
    let description = &signal.description;
    if description.trim() != description || description.contains(['\n', '\r']) {
        return Err(("description", format!("{description:?}"), "one line without blanks at its ends"));
    }
    let mut text = format!("{file} {}", signal.format);
    if signal.samples_per_frame != 1 {
        let _ = write!(text, "x{}", signal.samples_per_frame);
    }
    if signal.skew != 0 {
        let _ = write!(text, ":{}", signal.skew);
    }
    if signal.byte_offset != 0 {
        let _ = write!(text, "+{}", signal.byte_offset);
    }
    let SignalSpec { gain, baseline, units, adc_resolution, adc_zero, block_size, .. } = signal;
    let _ = write!(text, " {gain}({baseline})/{units} {adc_resolution} {adc_zero}");
    // Later fields need the earlier ones; those not known end the line.
    match (signal.initial_value, signal.checksum) {
        (Some(initial), Some(checksum)) => {
            text += &format!(" {initial} {checksum} {block_size} {description}");
        }
        (None, None) if description.is_empty() && *block_size == 0 => {}
        (Some(initial), None) if description.is_empty() && *block_size == 0 => text += &format!(" {initial}"),
        _ => return Err(("checksum and initial value", "none".into(), "both; writing the whole record fills them in")),
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    Ok(text)
}
