//! `deposits list|abandon`: large deposits that have no receipt yet.

use super::on_record::ChangeArgs;
use super::words::english;
use super::{Format, OutputArgs, Session, output};
use crate::domain::ExchangeId;
use crate::service::operations::{Abandonment, OperationError, StagedDepositView};
use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::json;
use std::io::Write as _;
use std::process::ExitCode;
use time::format_description::well_known::Rfc3339;

#[derive(Debug, Subcommand)]
pub(super) enum DepositsCommand {
    /// Large deposits that are being written, or whose writing was cut, oldest first.
    List(OutputArgs),
    /// Abandon a staged deposit: remove its rows, which no caller has seen. Its sender has no
    /// receipt; the archived file stays, and the same bytes may be deposited again. Exit status 0
    /// when all rows are removed, 1 when the deposit is unknown, has its receipt, or is still
    /// written by another process.
    Abandon(AbandonArgs),
}

#[derive(Debug, Args)]
pub(super) struct AbandonArgs {
    /// Exchange, as `deposits list` shows it.
    #[arg(value_name = "EXCHANGE")]
    exchange: ExchangeId,
    #[command(flatten)]
    change: ChangeArgs,
}

/// Runs the command.
pub(super) async fn run(command: &DepositsCommand, session: &mut Session) -> Result<ExitCode> {
    match command {
        DepositsCommand::List(output) => list(output.format, session).await,
        DepositsCommand::Abandon(args) => match abandon(args, session).await {
            Err(failure) if is_not_staged(&failure) => {
                output::error(format_args!("{failure:#}"));
                Ok(ExitCode::FAILURE)
            }
            other => other,
        },
    }
}

fn is_not_staged(failure: &anyhow::Error) -> bool {
    matches!(
        failure.downcast_ref(),
        Some(OperationError::HasReceipt(_) | OperationError::NotStaged(_))
    )
}

async fn list(format: Format, session: &mut Session) -> Result<ExitCode> {
    for deposit in session.app.operations().staged_deposits(&session.caller).await? {
        match format {
            Format::Json => session.out.json(&deposit)?,
            Format::Text => writeln!(session.out, "{}", line(&deposit)?)?,
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn line(deposit: &StagedDepositView) -> Result<String> {
    let state = match deposit.withdrawal {
        None => "",
        Some("restart") => "; the rows are being removed, to be written anew",
        Some("abandon") => "; abandoned, the rows are being removed",
        Some(_) => "; a later version of the gateway withdraws it",
    };
    let (at, file) = (deposit.received_at.format(&Rfc3339)?, &deposit.file);
    Ok(format!(
        "exchange {}: {} {file}, deposited at {at}; written: {} claims, {} quarantined{state}",
        deposit.exchange_id, deposit.sender, deposit.claims, deposit.quarantined
    ))
}

async fn abandon(args: &AbandonArgs, session: &mut Session) -> Result<ExitCode> {
    let operations = session.app.operations();
    if !args.change.yes {
        let deposit = operations.staged_deposit(&session.caller, args.exchange).await?;
        match args.change.output.format {
            Format::Json => session.out.json(&json!({ "dry_run": true, "deposit": deposit }))?,
            Format::Text => writeln!(session.out, "{}", line(&deposit)?)?,
        }
        output::notice("Nothing is removed without --yes.");
        return Ok(ExitCode::SUCCESS);
    }
    let removed = operations
        .abandon(&session.caller, args.exchange, &args.change.why, args.change.by.as_ref())
        .await?;
    match args.change.output.format {
        Format::Json => session.out.json(&removed)?,
        Format::Text => writeln!(session.out, "{}", sentence(&removed))?,
    }
    Ok(if removed.over { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn sentence(removed: &Abandonment) -> String {
    let Abandonment { claims, quarantined, freed_duplicates, copies, over } = removed;
    if !over {
        return "Not finished: another process still writes the deposit, or it has its receipt; \
                see `deposits list`."
            .to_owned();
    }
    let mut sentence = format!(
        "Deposit abandoned: {} and {} removed; {} in other deposits {} in the quarantine now.",
        english(*claims, "claim", "claims"),
        english(*quarantined, "quarantined invoice", "quarantined invoices"),
        english(*freed_duplicates, "duplicate", "duplicates"),
        if *freed_duplicates == 1 { "waits" } else { "wait" },
    );
    if !copies.is_empty() {
        let copies: Vec<String> = copies.iter().map(ToString::to_string).collect();
        sentence.push_str("\nCopies of these invoices by other senders, for `held release`: ");
        sentence.push_str(&copies.join(", "));
    }
    sentence
}
