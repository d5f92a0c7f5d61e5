//! `verify`: compares what was acknowledged with the raw files.

use super::words::english;
use super::{Format, Output, Session, day};
use crate::service::verification::Verification;
use anyhow::Result;
use clap::Args;
use std::io::Write as _;
use std::process::ExitCode;
use time::Date;

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// Read again only the files received since this day (AAAA-MM-JJ, in Paris). The chain of
    /// receipts is walked from its start all the same.
    #[arg(long, value_name = "DAY", value_parser = day)]
    since: Option<Date>,
    /// `text` for people, `json` for one object.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// Exit status 0 without a finding, else 1; notes do not count.
pub(super) async fn run(args: &VerifyArgs, session: &mut Session) -> Result<ExitCode> {
    let seen = session.app.verifier().verify(&session.caller, args.since).await?;
    match args.format {
        Format::Json => session.out.json(&seen)?,
        Format::Text => print(&mut session.out, &seen)?,
    }
    Ok(if seen.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print(out: &mut Output, seen: &Verification) -> Result<()> {
    writeln!(
        out,
        "{}, {} read again, {} compared",
        english(seen.receipts, "receipt", "receipts"),
        english(seen.files, "file", "files"),
        english(seen.invoices, "invoice", "invoices")
    )?;
    for finding in seen.findings.iter().chain(&seen.notes) {
        let exchange = finding.exchange.map(|id| format!(" exchange {id}:")).unwrap_or_default();
        let code = serde_json::to_value(finding.code)?;
        writeln!(out, "{}{exchange} {}", code.as_str().unwrap_or_default(), finding.detail)?;
    }
    match seen.finding_count {
        0 => writeln!(out, "everything fits")?,
        count => writeln!(out, "{}", english(count, "finding", "findings"))?,
    }
    if seen.note_count > 0 {
        writeln!(
            out,
            "{}: this version would give another verdict; the receipt stays valid",
            english(seen.note_count, "note", "notes")
        )?;
    }
    Ok(())
}
