//! Draws a file as one HTML page without script or outside resource; every byte of the file is
//! escaped.
//!
//! [`page`] writes the whole page from an X-ray. A caller that has a report only (the console, the
//! copy of an ARL for people) writes [`begin`], the parts of [`summary()`] that it wants, and
//! [`end`]. The page is written one sheet at a time, so that a long page does not fill the memory.

mod bytes;
mod sheet;
mod summary;

pub use sheet::sheet;
pub use summary::summary;

use crate::choice::Role;
use crate::decode;
use crate::report::Report;
use crate::xray::Xray;
use noemie_parsers::types::Date;
use std::io::{self, Read, Seek, Write};

const STYLE: &str = include_str!("page.css");

/// Facts of the foot of a page, which the crate cannot know.
#[derive(Debug, Clone, Copy)]
pub struct Stamp<'a> {
    /// Program and version: `noemie-gateway 0.1.0`.
    pub software: &'a str,
    /// Day on which the page is drawn.
    pub day: Option<Date>,
    /// Digest of the file with its algorithm; empty when it is not known.
    pub digest: &'a str,
}

/// Writes the whole page of an X-ray. `notes` say what the page leaves out.
///
/// # Errors
/// When the file cannot be read or the page cannot be written.
pub fn page<S: Read + Seek>(
    out: &mut impl Write,
    xray: &mut Xray<S>,
    stamp: &Stamp<'_>,
    notes: &[String],
) -> io::Result<()> {
    begin(out, &xray.report, xray.shows_persons())?;
    summary(out, &xray.report, &|record| xray.shows(record))?;
    if !xray.is_empty() {
        writeln!(out, "<h2 id=\"enregistrements\">Enregistrements</h2>\n{LEGEND}")?;
    }
    let (mut index, mut before) = (0, 0);
    while index < xray.len() {
        gap(out, before, xray.record(index))?;
        let run = xray.folded_run(index);
        if run.is_empty() {
            sheet(out, &xray.sheet(index)?)?;
            index += 1;
        } else {
            index = run.end;
            folded(out, xray, run)?;
        }
        before = xray.record(index - 1);
    }
    if index > 0 {
        gap(out, before, xray.report.records + 1)?;
    }
    for note in notes {
        writeln!(out, "<p class=\"soft\">{}</p>", escape(note))?;
    }
    end(out, &xray.report, stamp)
}

const LEGEND: &str = "<p class=\"soft legend\">Un point clair est un blanc, une étoile un octet \
     masqué, un point noir un octet illisible. Les zones se suivent en bandes claires et foncées ; \
     ce qui est en cause est souligné.</p>";

/// Writes the head of the page.
///
/// # Errors
/// When the page cannot be written.
pub fn begin(out: &mut impl Write, report: &Report, show_persons: bool) -> io::Result<()> {
    let file = escape(&report.file);
    writeln!(out, "<!doctype html>\n<html lang=\"fr\">\n<head>\n<meta charset=\"utf-8\">")?;
    writeln!(out, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")?;
    writeln!(
        out,
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src \
         'unsafe-inline'\">"
    )?;
    writeln!(out, "<title>Radiographie de {file}</title>\n<style>\n{STYLE}</style>\n</head>")?;
    writeln!(out, "<body>\n<a class=\"skip\" href=\"#anomalies\">Aller aux anomalies</a>")?;
    writeln!(out, "<header>\n<h1><span class=\"soft\">Radiographie de</span> {file}</h1>")?;
    let persons = if show_persons {
        "<strong>Les personnes sont en clair : ce document est à protéger comme le \
         fichier.</strong>"
    } else {
        "Les personnes sont masquées (<code>*</code>)."
    };
    writeln!(out, "<p class=\"soft\">{persons}</p>\n</header>\n<main>")
}

/// Writes the foot of the page.
///
/// # Errors
/// When the page cannot be written.
pub fn end(out: &mut impl Write, report: &Report, stamp: &Stamp<'_>) -> io::Result<()> {
    writeln!(out, "</main>\n<footer class=\"soft\">")?;
    let day = stamp.day.map(|day| format!(" le {}", decode::day(day))).unwrap_or_default();
    let (file, software) = (escape(&report.file), escape(stamp.software));
    writeln!(out, "<p>{file} : page faite par {software}{day}.</p>")?;
    if !stamp.digest.is_empty() {
        writeln!(out, "<p>Empreinte du fichier : <code>{}</code></p>", escape(stamp.digest))?;
    }
    writeln!(out, "<p>Formats reconstitués d'après des sources publiques, provisoires.</p>")?;
    writeln!(out, "</footer>\n</body>\n</html>")
}

/// Says which records between two others the page leaves out.
fn gap(out: &mut impl Write, before: u64, next: u64) -> io::Result<()> {
    let (first, last) = (before + 1, next.saturating_sub(1));
    match last.checked_sub(first) {
        None => Ok(()),
        Some(0) => writeln!(out, "<p class=\"soft gap\">Enregistrement {first} : non repris</p>"),
        Some(_) => {
            writeln!(out, "<p class=\"soft gap\">Enregistrements {first} à {last} : non repris</p>")
        }
    }
}

/// Writes a run of sound records, closed.
fn folded<S: Read + Seek>(
    out: &mut impl Write,
    xray: &mut Xray<S>,
    run: std::ops::Range<usize>,
) -> io::Result<()> {
    let mut opened = false;
    for index in run.clone() {
        let drawn = xray.sheet(index)?;
        debug_assert_eq!(drawn.role, Role::Folded, "a run holds folded records only");
        if !opened {
            let (first, count) = (drawn.record, run.len() as u64);
            let names = match count {
                1 => format!("Enregistrement {first}"),
                _ => format!("Enregistrements {first} à {}", first + count - 1),
            };
            writeln!(out, "<details class=\"folded\"><summary>{names}, sans anomalie</summary>")?;
            opened = true;
        }
        sheet(out, &drawn)?;
    }
    writeln!(out, "</details>")
}

/// Returns the value of an anomaly, its blanks dotted; empty when there is none.
fn value_read(value: Option<&str>) -> String {
    let Some(value) = value.filter(|value| !value.is_empty()) else { return String::new() };
    let mut out = String::from(" ; lu : <code class=\"read\">");
    let characters: Vec<char> = value.chars().collect();
    for run in characters.chunk_by(|a, b| (*a == ' ') == (*b == ' ')) {
        let text: String = run.iter().collect();
        if run[0] == ' ' {
            out.push_str(&format!("<span class=\"b\">{text}</span>"));
        } else {
            out.push_str(&escape(&text));
        }
    }
    out.push_str("</code>");
    out
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
