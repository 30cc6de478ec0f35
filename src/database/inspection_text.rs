//! An inspection for people: a page of text.

use std::collections::BTreeMap;
use std::fmt::{self, Formatter};

use super::{Class, Counts, Database, Inspection, Origin, RecordChoice};

/// Lists of records are wrapped here.
const WIDTH: usize = 100;

impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        heading(self, f)?;
        leads(self, f)?;
        beats(self, f)?;
        records(self, f)?;
        unusable(self, f)?;
        if !self.warnings.is_empty() {
            writeln!(f, "\nWhat to know")?;
            self.warnings.iter().try_for_each(|warning| list(f, "  - ", &warning.to_string().replace('\n', " ")))?;
        }
        Ok(())
    }
}

fn heading(inspection: &Inspection, f: &mut Formatter<'_>) -> fmt::Result {
    let Database { name, title, frequency, window, trim, annotator, .. } = &inspection.database;
    let title = if title.is_empty() { String::new() } else { format!(": {title}") };
    writeln!(f, "{}\n", inspection.folder)?;
    let origin = match inspection.origin {
        Origin::Named => "as named",
        Origin::Folder => "described by its database.ron",
        Origin::Recognised => "recognised by its records; --database names another",
        Origin::Proposed => "not known here: read by a guess from its headers, to be checked and saved, see below",
    };
    writeln!(f, "  database   {name}{title} ({origin})")?;
    let all = inspection.records.len() + inspection.unusable.len();
    let (usable, subjects) = (inspection.records.len(), inspection.subjects);
    let hours = inspection.seconds / 3600.0;
    let plural = if subjects == 1 { "" } else { "s" };
    writeln!(f, "  records    {usable} of {all} can be used; {subjects} subject{plural}, {hours:.1} hours")?;
    let leads: Vec<String> = inspection.database.leads.iter().map(ToString::to_string).collect();
    writeln!(f, "  leads      {}", leads.join(", "))?;
    writeln!(f, "  rate       {frequency} Hz")?;
    let (samples, seconds) = (inspection.beat_samples, inspection.beat_seconds);
    writeln!(
        f,
        "  window     {} samples before R, R, {} after: {samples} samples, {seconds:.2} s",
        window.before, window.after
    )?;
    let trimming = match (trim.first, trim.last) {
        (0, 0) => "all entries".into(),
        (first, last) => format!("without the first {first} and the last {last} entries of each record"),
    };
    writeln!(f, "  beats      from .{annotator}, {trimming}")?;
    if let RecordChoice::Except(names) = &inspection.database.records {
        writeln!(f, "  left out   {}", names.join(" "))?;
    }
    if let Some(fingerprint) = &inspection.fingerprint {
        writeln!(f, "  SHA-256    {fingerprint}")?;
    }
    let verified = if inspection.verified { "samples read, checksums right" } else { "samples not read" };
    writeln!(f, "  checked    {verified}")
}

fn leads(inspection: &Inspection, f: &mut Formatter<'_>) -> fmt::Result {
    writeln!(f, "\nLeads in the headers")?;
    let all = inspection.records.len() + inspection.unusable.len();
    let width = inspection.leads.iter().map(|lead| lead.name.len()).max().unwrap_or(0);
    for lead in &inspection.leads {
        let count = lead.records.len();
        let records = if count == all { "all records".into() } else { lead.records.join(" ") };
        list(f, &format!("  {:width$} {count:4}  ", lead.name), &records)?;
    }
    Ok(())
}

fn beats(inspection: &Inspection, f: &mut Formatter<'_>) -> fmt::Result {
    let table = &inspection.beats;
    write!(f, "\n{:<16}", "Beats")?;
    Class::ALL.into_iter().try_for_each(|class| write!(f, "{class:>8}"))?;
    writeln!(f, "{:>9}", "total")?;
    row(f, "  used", &table.used)?;
    writeln!(f)?;
    if let (Some(published), Some(source)) = (&table.published, &table.published_in) {
        row(f, "  published", published)?;
        writeln!(f, "   {source}: {}", if *published == table.used { "equal" } else { "not equal" })?;
    }
    row(f, "  trimmed", &table.trimmed)?;
    row(f, "\n  at the edges", &table.edges)?;
    write!(f, "\n{:<16}", "  share")?;
    let total = table.used.total().max(1) as f64;
    for class in Class::ALL {
        write!(f, "{:>7.1}%", 100.0 * table.used[class] as f64 / total)?;
    }
    writeln!(f)?;
    if !inspection.ignored.is_empty() {
        let ignored: Vec<String> =
            inspection.ignored.iter().map(|row| format!("{} {} ({})", row.count, row.symbol, row.meaning)).collect();
        list(f, "  of no class   ", &ignored.join(", "))?;
    }
    Ok(())
}

fn row(f: &mut Formatter<'_>, label: &str, counts: &Counts) -> fmt::Result {
    let width = 16 + label.chars().filter(|c| *c == '\n').count();
    write!(f, "{label:<width$}")?;
    counts.0.iter().try_for_each(|count| write!(f, "{count:>8}"))?;
    write!(f, "{:>9}", counts.total())
}

fn records(inspection: &Inspection, f: &mut Formatter<'_>) -> fmt::Result {
    if inspection.records.is_empty() {
        return Ok(());
    }
    let name = inspection.records.iter().map(|record| record.name.len()).max().unwrap_or(0).max(6);
    let subject = inspection.records.iter().map(|record| record.subject.len()).max().unwrap_or(0).max(7);
    write!(f, "\n{:<name$}  {:<subject$} {:>8}", "Record", "subject", "minutes")?;
    Class::ALL.into_iter().try_for_each(|class| write!(f, "{class:>7}"))?;
    writeln!(f, "{:>8}{:>9}{:>7}  leads", "total", "trimmed", "edges")?;
    for record in &inspection.records {
        write!(f, "{:<name$}  {:<subject$} {:>8.1}", record.name, record.subject, record.seconds / 60.0)?;
        record.beats.0.iter().try_for_each(|count| write!(f, "{count:>7}"))?;
        let used: Vec<&str> = record.used_leads.iter().map(|lead| record.leads[*lead].as_str()).collect();
        let (trimmed, edges) = (record.trimmed.total(), record.edges.total());
        writeln!(f, "{:>8}{trimmed:>9}{edges:>7}  {}", record.beats.total(), used.join(", "))?;
    }
    Ok(())
}

fn unusable(inspection: &Inspection, f: &mut Formatter<'_>) -> fmt::Result {
    if inspection.unusable.is_empty() {
        return Ok(());
    }
    writeln!(f, "\nNot used")?;
    // Many records for one reason are one line: the reason's text, with the record's own file name taken out of it.
    let mut groups: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for record in &inspection.unusable {
        let reason = record.reason.to_string().replace('\n', " ").replace(&format!("{}.", record.name), "RECORD.");
        groups.entry(reason).or_default().push(&record.name);
    }
    for (reason, names) in groups {
        let reason = if let [name] = names[..] { reason.replace("RECORD.", &format!("{name}.")) } else { reason };
        list(f, "  ", &format!("{}: {reason}", names.join(" ")))?;
    }
    Ok(())
}

/// Text wrapped at blanks, its further lines as far in as the label is wide.
fn list(f: &mut Formatter<'_>, label: &str, text: &str) -> fmt::Result {
    let indent = label.chars().count();
    let mut line = label.to_owned();
    let mut length = indent;
    for (index, word) in text.split(' ').enumerate() {
        let word_length = word.chars().count();
        if index > 0 && length + 1 + word_length > WIDTH {
            writeln!(f, "{}", line.trim_end())?;
            line = " ".repeat(indent);
            length = indent;
        } else if index > 0 {
            line.push(' ');
            length += 1;
        }
        line.push_str(word);
        length += word_length;
    }
    writeln!(f, "{}", line.trim_end())
}
