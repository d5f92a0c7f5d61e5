//! Draws a sheet for a terminal: bytes over a ruler, carets under faulty columns, a line for each
//! zone.
//!
//! Colours are plain ANSI codes, and only when the caller says that a terminal wants them.

mod summary;

pub use summary::{summary, verdict};

use crate::choice::Role;
use crate::sheet::{Fault, Field, HIDDEN, Sheet};
use noemie_parsers::anomaly::Severity;
use noemie_parsers::outcome::Finding;
use std::fmt::Write as _;
use std::io::{self, Write};

/// Columns of a line: half a record of 128, and with the margin it fits a terminal of 80.
pub(crate) const WIDTH: usize = 64;

/// ANSI colours, or none.
#[derive(Debug, Clone, Copy)]
pub struct Paint {
    on: bool,
}

impl Paint {
    /// Colours when `on`.
    #[must_use]
    pub const fn new(on: bool) -> Self {
        Self { on }
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.on && !text.is_empty() {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    fn title(self, text: &str) -> String {
        self.with("1", text)
    }

    fn quiet(self, text: &str) -> String {
        self.with("2", text)
    }

    fn severity(self, severity: Severity, text: &str) -> String {
        self.with(if severity == Severity::Warning { "33" } else { "31;1" }, text)
    }
}

/// Writes a sheet; of a record that only holds a faulty one, the bytes alone.
///
/// # Errors
/// When the output cannot be written.
pub fn sheet(out: &mut impl Write, sheet: &Sheet, paint: Paint) -> io::Result<()> {
    if sheet.role == Role::Context {
        writeln!(out, "{}", paint.quiet(&format!("{} · contexte", heading(sheet))))?;
        out.write_all(bytes(sheet, paint).as_bytes())?;
        return writeln!(out);
    }
    writeln!(out, "{}", paint.title(&heading(sheet)))?;
    out.write_all(bytes(sheet, paint).as_bytes())?;
    for fault in &sheet.faults {
        writeln!(out, "  {}", paint.severity(fault.severity, &fault_line(fault)))?;
    }
    let mut entity = "";
    let matters = |f: &&Field| !f.is_idle() && sheet.in_focus(&f.columns());
    for field in sheet.fields.iter().filter(matters) {
        if field.entity != entity || field.opens_entity() {
            entity = &field.entity;
            writeln!(out, "  entité {entity}")?;
        }
        let columns = columns(field.first, field.last);
        let follows = if field.continued { " (suite)" } else { "" };
        writeln!(
            out,
            "  {columns:>7}  {} {:<46} {}",
            paint.quiet(&format!("{:<6}", field.no)),
            format!("{}{follows}", field.name),
            field.value
        )?;
    }
    writeln!(out)
}

/// `Enregistrement 12 · type 4, Acte / produit · octet 1430 · facture 652038856`.
#[must_use]
pub fn heading(sheet: &Sheet) -> String {
    let mut out = format!("Enregistrement {}", sheet.record);
    let kind = if sheet.kind.is_empty() {
        sheet.title.clone()
    } else {
        format!("type {}, {}", sheet.kind, sheet.title)
    };
    let _infallible = write!(out, " · {kind} · octet {}", sheet.offset);
    if let Some(prefix) = &sheet.prefix {
        let _infallible = write!(out, " · préfixe {prefix}");
    }
    if !matches!(sheet.shown.len(), 0 | 128) && sheet.prefix.is_none() {
        let _infallible = write!(out, " · {} octets", sheet.shown.len());
    }
    if let Some(invoice) = &sheet.invoice {
        let _infallible = write!(out, " · facture {invoice}");
    }
    out
}

/// `! [invoice] C10-NIR-CLE, colonnes 25-26 (5 Cle …) : …`.
#[must_use]
pub fn fault_line(fault: &Fault) -> String {
    let field = if fault.field.is_empty() { String::new() } else { format!(" ({})", fault.field) };
    format!(
        "! [{}] {}, {}{field} : {}",
        fault.severity,
        fault.code,
        columns_in_words(fault.first, fault.last),
        fault.message
    )
}

/// `Enregistrement 16 (type 2), facture 661873848, colonnes 25-26, zone 5 Clé …`.
#[must_use]
pub fn place(finding: &Finding) -> String {
    let Some(record) = finding.record else { return "Fichier entier".to_owned() };
    let mut out = format!("Enregistrement {record}");
    let kind = finding.record_type.as_str();
    let _infallible = match kind.len() {
        0 => Ok(()),
        3 if !matches!(kind, "000" | "999") => write!(out, " (entité {kind})"),
        _ => write!(out, " (type {kind})"),
    };
    if let Some(invoice) = &finding.invoice {
        let _infallible = write!(out, ", facture {invoice}");
    }
    if let Some(column) = finding.column {
        let first = usize::try_from(column).unwrap_or(usize::MAX);
        let length = usize::try_from(finding.length).unwrap_or(0).max(1);
        let words = columns_in_words(first, first.saturating_add(length - 1));
        let _infallible = write!(out, ", {words}");
    }
    if !finding.field.is_empty() {
        let _infallible = write!(out, ", zone {}", finding.field);
    }
    out
}

pub(crate) fn columns_in_words(first: usize, last: usize) -> String {
    let word = if first == last { "colonne" } else { "colonnes" };
    format!("{word} {}", columns(first, last))
}

pub(crate) fn columns(first: usize, last: usize) -> String {
    if first == last { first.to_string() } else { format!("{first}-{last}") }
}

/// Returns the bytes that matter by lines of `WIDTH`, each over its ruler, and carets under faulty
/// columns.
#[must_use]
pub fn bytes(sheet: &Sheet, paint: Paint) -> String {
    rows(sheet)
        .filter(|start| sheet.in_focus(&(*start..start + WIDTH)))
        .map(|start| row(sheet, start, paint))
        .collect()
}

/// Returns the lines of [`bytes`] that hold a fault, without colour.
#[must_use]
pub fn faulty_bytes(sheet: &Sheet) -> String {
    rows(sheet)
        .filter(|start| (*start..start + WIDTH).any(|i| sheet.fault_at(i).is_some()))
        .map(|start| row(sheet, start, Paint::new(false)))
        .collect()
}

/// First column, 0-based, of each line. A fault past the end of the record gets a line too.
pub(crate) fn rows(sheet: &Sheet) -> impl Iterator<Item = usize> {
    (0..sheet.width()).step_by(WIDTH)
}

fn row(sheet: &Sheet, start: usize, paint: Paint) -> String {
    let end = (start + WIDTH).min(sheet.width());
    let severity = |i: usize| sheet.fault_at(i).map(|f| f.severity);
    let line: String =
        (start..end).map(|i| painted(sheet.char_at(i), severity(i), paint)).collect();
    let mut out =
        format!("{:>6} │{line}\n       │{}\n", start + 1, paint.quiet(&ruler(start, end)));
    if let Some(worst) = (start..end).find_map(severity) {
        let carets: String =
            (start..end).map(|i| if severity(i).is_some() { '^' } else { ' ' }).collect();
        let _infallible = writeln!(out, "       │{}", paint.severity(worst, carets.trim_end()));
    }
    out
}

fn painted(c: char, severity: Option<Severity>, paint: Paint) -> String {
    match severity {
        Some(severity) => paint.severity(severity, &c.to_string()),
        None if c == HIDDEN => paint.quiet("*"),
        None => c.to_string(),
    }
}

/// `....:...10....:...20`: numbers end on their column; one that begins before the line is left
/// out.
pub(crate) fn ruler(start: usize, end: usize) -> String {
    let mut marks: Vec<char> =
        (start..end).map(|i| if (i + 1) % 10 == 5 { ':' } else { '.' }).collect();
    for ten in (start + 1..=end).filter(|c| c % 10 == 0) {
        let number = ten.to_string();
        let Some(first) = (ten - start).checked_sub(number.len()) else { continue };
        for (place, digit) in number.chars().enumerate() {
            marks[first + place] = digit;
        }
    }
    marks.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ruler_numbers_its_columns() {
        assert_eq!(ruler(0, 22), "....:...10....:...20..");
        assert_eq!(ruler(64, 84), ":...70....:...80....");
        assert!(ruler(64, 128).contains(".100."));
        assert_eq!(ruler(128, 142), "......:..140..");
    }

    #[test]
    fn no_colour_unless_asked() {
        assert_eq!(Paint::new(false).severity(Severity::File, "x"), "x");
        assert_eq!(Paint::new(true).severity(Severity::File, "x"), "\x1b[31;1mx\x1b[0m");
    }
}
