//! `report EXCHANGE`: what became of a deposit, read from the store: verdict, counts, findings and
//! quarantined invoices.

use super::{Format, Output, Session, findings, ingest, listing, output};
use crate::domain::ExchangeId;
use crate::domain::civil_time::{french_day, paris_date};
use crate::service::exchanges::ExchangeReport;
use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};
use std::io::Write as _;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// Exchange, as `ingest` and `list exchanges` show it.
    #[arg(value_name = "EXCHANGE")]
    exchange: ExchangeId,
    /// First finding shown, from 1; quarantined invoices are shown without it only.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    from: Option<u64>,
    /// Findings shown at most, up to 1,000.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,
    /// `text` for people, `json` for one object.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// Exit status 0 when the exchange is known, whatever its verdict, else 1.
pub(super) async fn run(args: &ReportArgs, session: &mut Session) -> Result<ExitCode> {
    let exchanges = session.app.service().exchanges;
    let (from, limit) = (args.from, usize::from(args.limit));
    let found = exchanges.report(&session.caller, args.exchange, from, limit).await?;
    let Some(report) = found else {
        output::notice("Aucun échange ne correspond.");
        return Ok(ExitCode::FAILURE);
    };
    match args.format {
        Format::Json => session.out.json(&object(&report))?,
        Format::Text => print(&mut session.out, &report)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn print(out: &mut Output, report: &ExchangeReport) -> Result<()> {
    let e = &report.exchange;
    writeln!(out, "{} : {} [{}]", e.file_name, e.verdict.libelle(), e.verdict.as_str())?;
    writeln!(
        out,
        "  échange {} de {}, reçu le {}",
        e.id,
        e.sender,
        french_day(paris_date(e.received_at))
    )?;
    ingest::print_counts(out, e)?;
    findings::print(out, &report.anomalies)?;
    if let Some(next) = report.next {
        writeln!(out, "  … {} anomalies en tout, la suite par --from {next}", e.anomalies)?;
    }
    for invoice in &report.quarantined {
        writeln!(out, "  {}", listing::quarantined_line(invoice))?;
    }
    Ok(())
}

fn object(report: &ExchangeReport) -> Value {
    let mut object = ingest::exchange(&report.exchange);
    let quarantined: Vec<Value> = report.quarantined.iter().map(listing::quarantined).collect();
    object["ledger"] = json!(report.ledger.map(|l| json!({
        "read": l.read,
        "accepted": l.accepted,
        "quarantined": l.quarantined,
        "duplicates": l.duplicates,
        "unmatched": l.unmatched,
        "envelope": l.envelope,
    })));
    object["findings"] = json!(report.anomalies);
    object["next"] = json!(report.next);
    object["quarantined_invoices"] = json!(quarantined);
    object
}
