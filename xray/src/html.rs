//! Draws sheets as one HTML page without script or outside resource; every byte of the file is
//! escaped.
//!
//! The page is written one sheet at a time, so that a long page does not fill the memory.

use crate::report::Report;
use crate::sheet::{Field, Sheet};
use crate::text;
use noemie_parsers::anomaly::Severity;
use noemie_parsers::outcome::Finding;
use std::io::{self, Write};

const STYLE: &str = include_str!("page.css");

/// Writes the head of the page.
pub fn begin(out: &mut impl Write, report: &Report, show_persons: bool) -> io::Result<()> {
    let file = escape(&report.file);
    writeln!(out, "<!doctype html>\n<html lang=\"fr\">\n<head>\n<meta charset=\"utf-8\">")?;
    writeln!(out, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")?;
    writeln!(
        out,
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src \
         'unsafe-inline'\">"
    )?;
    writeln!(
        out,
        "<title>Radiographie de \
         {file}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<header>\n<h1>{file}</h1>"
    )?;
    writeln!(
        out,
        "<p>{} : {} <span class=\"soft\">[{}]</span>, {} enregistrements, {} factures, {} \
         anomalie(s).</p>",
        report.format(),
        escape(report.verdict.libelle()),
        report.verdict.as_str(),
        report.records,
        report.invoices,
        report.anomaly_count
    )?;
    let persons = if show_persons {
        "<strong>Les personnes sont en clair : ce document est à protéger comme le \
         fichier.</strong>"
    } else {
        "Les personnes sont masquées (<code>*</code>)."
    };
    writeln!(out, "<p class=\"soft\">{persons}</p>\n</header>\n<main>")
}

/// Writes the findings of the file itself.
pub fn of_the_file<'a>(
    out: &mut impl Write,
    findings: impl Iterator<Item = &'a Finding>,
) -> io::Result<()> {
    for f in findings {
        writeln!(
            out,
            "<ul class=\"faults\"><li class=\"{}\"><code>{}</code> : {}</li></ul>",
            f.severity,
            f.code,
            escape(&f.message)
        )?;
    }
    Ok(())
}

/// Writes a sheet.
pub fn sheet(out: &mut impl Write, sheet: &Sheet) -> io::Result<()> {
    let heading = escape(&text::heading(sheet));
    let (title, rest) = heading.split_once(" · ").unwrap_or((&heading, ""));
    writeln!(
        out,
        "<section aria-labelledby=\"r{0}\">\n<h2 id=\"r{0}\">{title} <span class=\"soft\">· \
         {rest}</span></h2>",
        sheet.record
    )?;
    writeln!(out, "<pre>{}</pre>", bytes(sheet))?;
    if !sheet.faults.is_empty() {
        writeln!(out, "<ul class=\"faults\">")?;
        for fault in &sheet.faults {
            writeln!(
                out,
                "<li class=\"{}\">{}</li>",
                fault.severity,
                escape(text::fault_line(fault).trim_start_matches("! "))
            )?;
        }
        writeln!(out, "</ul>")?;
    }
    if !sheet.fields.is_empty() {
        table(out, sheet)?;
    }
    writeln!(out, "</section>")
}

/// Writes the foot of the page.
pub fn end(out: &mut impl Write, notes: &[String]) -> io::Result<()> {
    writeln!(out, "</main>\n<footer>")?;
    for note in notes {
        writeln!(out, "<p class=\"soft\">{}</p>", escape(note))?;
    }
    writeln!(out, "</footer>\n</body>\n</html>")
}

fn table(out: &mut impl Write, sheet: &Sheet) -> io::Result<()> {
    let entities = sheet.fields.iter().any(|f| !f.entity.is_empty());
    writeln!(
        out,
        "<table>\n<caption>Zones de l'enregistrement {}</caption>\n<thead><tr>",
        sheet.record
    )?;
    let first = if entities { "<th scope=\"col\">entité</th>" } else { "" };
    writeln!(
        out,
        "{first}<th scope=\"col\">colonnes</th><th scope=\"col\">n°</th><th \
         scope=\"col\">zone</th><th scope=\"col\">valeur</th></tr></thead>\n<tbody>"
    )?;
    for field in sheet.fields.iter().filter(|f| !f.is_idle()) {
        let bad = if is_faulty(field, sheet) { " class=\"bad\"" } else { "" };
        let entity =
            if entities { format!("<td>{}</td>", escape(&field.entity)) } else { String::new() };
        let title = if field.meaning.is_empty() {
            String::new()
        } else {
            format!(" title=\"{}\"", escape(field.meaning))
        };
        let follows = if field.continued { " (suite)" } else { "" };
        writeln!(
            out,
            "<tr{bad}>{entity}<td class=\"num\">{}</td><td class=\"num\">{}</td><th \
             scope=\"row\"{title}>{}{follows}</th><td>{}</td></tr>",
            text::columns(field.first, field.last),
            escape(field.no),
            escape(field.name),
            escape(&field.value)
        )?;
    }
    writeln!(out, "</tbody>\n</table>")
}

fn is_faulty(field: &Field, sheet: &Sheet) -> bool {
    sheet
        .faults
        .iter()
        .any(|f| !f.field.is_empty() && f.first <= field.last && field.first <= f.last)
}

/// Returns the bytes in lines over their ruler: every second zone has a band, faults are marked.
fn bytes(sheet: &Sheet) -> String {
    let mut out = String::new();
    for start in text::rows(sheet) {
        let end = (start + text::WIDTH).min(sheet.width());
        out.push_str(&format!("<span class=\"n\">{:>5} </span>", start + 1));
        let mut i = start;
        while i < end {
            let style = style(sheet, i);
            let stop = (i + 1..end).find(|j| self::style(sheet, *j) != style).unwrap_or(end);
            let run: String = (i..stop).map(|j| sheet.char_at(j)).collect();
            out.push_str(&style.wrap(&escape(&run)));
            i = stop;
        }
        out.push_str(&format!(
            "\n<span class=\"n\" aria-hidden=\"true\">      {}</span>\n",
            text::ruler(start, end)
        ));
    }
    out
}

/// Style of a byte: the severity of its fault, and the rank of its zone.
#[derive(PartialEq, Eq)]
struct Style {
    severity: Option<Severity>,
    zone: Option<usize>,
    title: String,
}

impl Style {
    fn wrap(&self, text: &str) -> String {
        let title = &self.title;
        match (self.severity, self.zone) {
            (Some(severity), _) => format!("<mark class=\"{severity}\"{title}>{text}</mark>"),
            (None, Some(rank)) if rank % 2 == 1 => {
                format!("<span class=\"a\"{title}>{text}</span>")
            }
            (None, Some(_)) => format!("<span{title}>{text}</span>"),
            (None, None) => text.to_owned(),
        }
    }
}

fn style(sheet: &Sheet, i: usize) -> Style {
    let zone = sheet.fields.iter().position(|f| f.first <= i + 1 && i < f.last);
    let title = zone.map(|rank| &sheet.fields[rank]).map(|f| {
        format!(
            " title=\"{} {} ({})\"",
            escape(f.no),
            escape(f.name),
            text::columns(f.first, f.last)
        )
    });
    Style {
        severity: sheet.fault_at(i).map(|f| f.severity),
        zone,
        title: title.unwrap_or_default(),
    }
}

/// Escapes a text for the content of an element and for an attribute.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_of_a_file_is_escaped() {
        assert_eq!(escape("<a href=\"x\">&'"), "&lt;a href=&quot;x&quot;&gt;&amp;&#39;");
    }
}
