//! `verify`: compares what was acknowledged with the raw files.

use super::words::english;
use super::{Format, Output, Session, day};
use crate::service::verification::{Finding, Kind, LostDeposit, ToTell, Verification};
use anyhow::Result;
use clap::Args;
use std::io::Write as _;
use std::process::ExitCode;
use time::Date;
use time::format_description::well_known::Rfc3339;

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
        Format::Text => {
            print(&mut session.out, &seen)?;
            print_to_tell(&mut session.out, &seen.to_tell)?;
        }
    }
    Ok(if seen.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Prints counts, findings and notes.
pub(super) fn print(out: &mut Output, seen: &Verification) -> Result<()> {
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
    for sink in seen.sinks.iter().filter(|sink| !sink.in_force) {
        let events = english(sink.events, "published event", "published events");
        writeln!(out, "{events} confirmed by sink {}, which is no longer in force", sink.sink)?;
    }
    match seen.finding_count {
        0 => writeln!(out, "everything fits")?,
        count => writeln!(out, "{}", english(count, "finding", "findings"))?,
    }
    if seen.note_count > 0 {
        let has = |kind: Kind| seen.notes.iter().any(|note: &Finding| note.code == kind);
        let mut meaning = Vec::new();
        if has(Kind::JudgedOtherwise) {
            meaning.push("this version would give another verdict; the receipt stays valid");
        }
        if has(Kind::LossKnown) {
            meaning.push("LOSS_KNOWN is on record since a restore was ended");
        }
        if has(Kind::TransferUnexplained) {
            meaning.push("TRANSFER_UNEXPLAINED: the files say so, ask the payer");
        }
        writeln!(out, "{}: {}", english(seen.note_count, "note", "notes"), meaning.join("; "))?;
    }
    Ok(())
}

/// Prints what to tell each sender about what a restore lost.
pub(super) fn print_to_tell(out: &mut Output, all: &[ToTell]) -> Result<()> {
    for one in all {
        writeln!(out, "\nTo tell {}:", one.sender)?;
        for deposit in &one.send_again {
            writeln!(out, "  send again {}", deposit_in_words(deposit))?;
            if !deposit.arl.is_empty() {
                writeln!(out, "    the ARL {} is no longer known", deposit.arl)?;
            }
        }
        for name in &one.unknown_rejects {
            writeln!(out, "  {name} is no longer known; its rejects may come again")?;
        }
        for deposit in &one.raw_files_lost {
            writeln!(
                out,
                "  give us a copy of {}, without a new deposit: its receipt holds",
                deposit_in_words(deposit)
            )?;
        }
    }
    Ok(())
}

/// Returns file, reference, instant and exchange of a deposit, as far as they are known.
fn deposit_in_words(deposit: &LostDeposit) -> String {
    let name = match (deposit.file.as_str(), deposit.reference.as_str()) {
        ("", "") => "a file without name".to_owned(),
        ("", reference) => reference.to_owned(),
        (file, _) => file.to_owned(),
    };
    let at = deposit.deposited_at.and_then(|at| at.format(&Rfc3339).ok());
    let at = at.map(|at| format!(", deposited {at}")).unwrap_or_default();
    format!("{name}{at}, exchange {}", deposit.exchange)
}
