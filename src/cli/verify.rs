//! `verify`: what was acknowledged is there and says what the raw files say.

use super::{Format, Output};
use crate::app::App;
use crate::store::start_of;
use crate::verify::{self, Sources, Verification};
use anyhow::{Context, Result};
use clap::Args;
use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;
use time::Date;
use time::macros::format_description;

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// Read again only the files received since this day (AAAA-MM-JJ, UTC). The chain of receipts
    /// is walked from its start all the same.
    #[arg(long, value_name = "DAY", value_parser = day)]
    since: Option<Date>,
    /// `text` for people, `json` for one object.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

fn day(text: &str) -> Result<Date> {
    Date::parse(text, format_description!("[year]-[month]-[day]"))
        .context("a day is written AAAA-MM-JJ")
}

/// Exit status 0 when everything fits, notes or not, 1 when something does not.
pub(super) async fn run(args: &VerifyArgs, app: &App, out: &mut Output) -> Result<ExitCode> {
    let sources = Sources {
        store: Arc::clone(&app.store),
        archive: Arc::clone(&app.archive),
        vault: Arc::clone(&app.vault),
        clock: Arc::clone(&app.clock),
    };
    let seen = verify::verify(&sources, args.since.map(start_of)).await?;
    match args.format {
        Format::Json => writeln!(out, "{}", serde_json::to_string(&seen)?)?,
        Format::Text => print(out, &seen)?,
    }
    Ok(if seen.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print(out: &mut Output, seen: &Verification) -> Result<()> {
    writeln!(
        out,
        "{} receipts, {} files read again, {} invoices compared",
        seen.receipts, seen.files, seen.invoices
    )?;
    for finding in seen.findings.iter().chain(&seen.notes) {
        let exchange = finding.exchange.map(|id| format!(" exchange {id}:")).unwrap_or_default();
        writeln!(
            out,
            "{}{exchange} {}",
            serde_json::to_value(finding.code)?.as_str().unwrap_or_default(),
            finding.detail
        )?;
    }
    match seen.finding_count {
        0 => writeln!(out, "everything fits")?,
        count => writeln!(out, "{count} findings")?,
    }
    if seen.note_count > 0 {
        writeln!(
            out,
            "{} notes: what was acknowledged stands, and this version would judge it otherwise",
            seen.note_count
        )?;
    }
    Ok(())
}
