//! Summary of a file for a terminal: the verdict in words, counts and sums, then the findings in
//! the order of their cost, each code with where it stands and what to do.

use super::{Paint, place};
use crate::report::Report;
use crate::summary::{Group, Summary, cost};
use crate::words::{self, french};
use std::io::{self, Write};

/// Most findings of one code that a terminal lists: the records below show the others.
const LISTED_PER_CODE: usize = 10;

/// Writes the verdict of a file in words, its counts and sums.
///
/// # Errors
/// When the output cannot be written.
pub fn verdict(out: &mut impl Write, report: &Report, paint: Paint) -> io::Result<()> {
    let verdict = paint.title(&words::verdict(report));
    writeln!(out, "{} : {verdict} [{}]", report.file, report.verdict)?;
    for (name, value) in words::facts(report) {
        writeln!(out, "  {name} : {value}")?;
    }
    writeln!(out)
}

/// Writes the findings of a report by code, in the order of their cost, and its assumptions.
///
/// # Errors
/// When the output cannot be written.
pub fn summary(out: &mut impl Write, report: &Report, paint: Paint) -> io::Result<()> {
    writeln!(out, "{}\n", words::costs(report))?;
    for group in &Summary::of(&report.anomalies).groups {
        write_group(out, group, paint)?;
    }
    for assumption in &report.assumptions {
        writeln!(out, "Hypothèse {} : {}", assumption.code, assumption.message)?;
    }
    if !report.assumptions.is_empty() {
        writeln!(out)?;
    }
    Ok(())
}

fn write_group(out: &mut impl Write, group: &Group<'_>, paint: Paint) -> io::Result<()> {
    let line = format!("! [{}] {}, {}", group.severity, group.code, cost(group.severity));
    let title = group.title();
    let colon = if title.is_empty() { "" } else { " : " };
    writeln!(out, "{}", paint.severity(group.severity, &format!("{line}{colon}{title}")))?;
    let common = group.common_message();
    if let Some(message) = common {
        writeln!(out, "    {message}")?;
    }
    if let Some(code) = group.known() {
        writeln!(out, "    cause : {}", code.cause())?;
        writeln!(out, "    à faire ({}) : {}", code.fixed_by().libelle(), code.fix())?;
    }
    for finding in group.findings.iter().take(LISTED_PER_CODE) {
        let read = finding.value.as_ref().map(|v| format!(" ; lu : {v:?}")).unwrap_or_default();
        writeln!(out, "    - {}{read}", place(finding))?;
        if common.is_none() {
            writeln!(out, "      {}", finding.message)?;
        }
    }
    let others = group.findings.len().saturating_sub(LISTED_PER_CODE) as u64;
    if others > 0 {
        writeln!(out, "    … et {}", french(others, "autre", "autres"))?;
    }
    writeln!(out)
}
