//! Summary of a page: the verdict in words, counts and sums, the findings in the order of their
//! cost, and the assumptions of the reading.

use super::{escape, value_read};
use crate::report::Report;
use crate::summary::{Group, Summary, cost};
use crate::text;
use crate::words::{self, french};
use noemie_parsers::outcome::Finding;
use std::io::{self, Write};

/// Writes the summary of a report. `drawn` says whether the page draws a record: a finding of such
/// a record is a link to it.
///
/// # Errors
/// When the page cannot be written.
pub fn summary(
    out: &mut impl Write,
    report: &Report,
    drawn: &dyn Fn(u64) -> bool,
) -> io::Result<()> {
    writeln!(
        out,
        "<section class=\"verdict {}\" aria-labelledby=\"verdict\">\n<h2 id=\"verdict\">{}</h2>",
        report.verdict,
        escape(&words::verdict(report))
    )?;
    facts(out, report)?;
    writeln!(out, "</section>")?;
    findings(out, report, drawn)?;
    assumptions(out, report, drawn)
}

fn facts(out: &mut impl Write, report: &Report) -> io::Result<()> {
    writeln!(out, "<dl class=\"facts\">")?;
    for (name, value) in words::facts(report) {
        writeln!(out, "<div><dt>{name}</dt><dd>{}</dd></div>", escape(&value))?;
    }
    writeln!(out, "</dl>")
}

fn findings(out: &mut impl Write, report: &Report, drawn: &dyn Fn(u64) -> bool) -> io::Result<()> {
    let summary = Summary::of(&report.anomalies);
    writeln!(out, "<section aria-labelledby=\"anomalies\">")?;
    writeln!(out, "<h2 id=\"anomalies\" tabindex=\"-1\">{}</h2>", words::costs(report))?;
    for group in &summary.groups {
        write_group(out, group, drawn)?;
    }
    let listed = report.anomalies.len() as u64;
    if report.anomaly_count > listed {
        writeln!(
            out,
            "<p>{} en tout ; le relevé s'arrête aux {listed} premières.</p>",
            french(report.anomaly_count, "anomalie", "anomalies")
        )?;
    }
    writeln!(out, "</section>")
}

fn write_group(
    out: &mut impl Write,
    group: &Group<'_>,
    drawn: &dyn Fn(u64) -> bool,
) -> io::Result<()> {
    let severity = group.severity;
    writeln!(
        out,
        "<article class=\"group {severity}\">\n<h3><span class=\"cost\">{}</span> {} \
         <code>{}</code></h3>",
        cost(severity),
        escape(group.title()),
        escape(group.code)
    )?;
    let common = group.common_message();
    if let Some(message) = common {
        writeln!(out, "<p>{}</p>", escape(message))?;
    }
    if let Some(code) = group.known() {
        let (cause, fix, who) = (code.cause(), code.fix(), code.fixed_by().libelle());
        writeln!(
            out,
            "<dl class=\"teach\"><dt>Cause</dt><dd>{}</dd><dt>À faire</dt><dd>{}</dd><dt>Par</dt>\
             <dd>{}</dd></dl>",
            escape(cause),
            escape(fix),
            escape(who)
        )?;
    }
    writeln!(out, "<ul class=\"places\">")?;
    for finding in group.listed() {
        let message = if common.is_some() { "" } else { finding.message.as_str() };
        writeln!(out, "<li>{}</li>", occurrence(finding, message, drawn))?;
    }
    writeln!(out, "</ul>")?;
    if group.left_out() > 0 {
        let others = french(group.left_out() as u64, "autre", "autres");
        writeln!(out, "<p class=\"soft\">et {others} de même code.</p>")?;
    }
    writeln!(out, "</article>")
}

/// Returns where a finding stands, with a link when its record is drawn, and the value read.
fn occurrence(finding: &Finding, message: &str, drawn: &dyn Fn(u64) -> bool) -> String {
    let mut place = escape(&text::place(finding));
    if let Some(record) = finding.record.filter(|record| drawn(*record)) {
        let (name, rest) = place.split_once(',').unwrap_or((&place, ""));
        let comma = if rest.is_empty() { "" } else { "," };
        place = format!("<a href=\"#r{record}\">{name}</a>{comma}{rest}");
    }
    place.push_str(&value_read(finding.value.as_deref()));
    if !message.is_empty() {
        place.push_str(&format!("<br>{}", escape(message)));
    }
    place
}

fn assumptions(
    out: &mut impl Write,
    report: &Report,
    drawn: &dyn Fn(u64) -> bool,
) -> io::Result<()> {
    if report.assumptions.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "<section aria-labelledby=\"hypotheses\">\n<h2 id=\"hypotheses\">Hypothèses de \
         lecture</h2>\n<ul>"
    )?;
    for assumption in &report.assumptions {
        let record = assumption.record;
        let place = format!("enregistrement {record}");
        let place =
            if drawn(record) { format!("<a href=\"#r{record}\">{place}</a>") } else { place };
        writeln!(
            out,
            "<li>{} (<code>{}</code>, à partir de l'{place}).</li>",
            escape(assumption.message),
            assumption.code
        )?;
    }
    writeln!(out, "</ul>\n</section>")
}
