//! `loads list|abandon`: large deposits that have no receipt yet, and the way to give one up, on
//! the record.

use super::{Format, Output, OutputArgs, output};
use crate::app::App;
use crate::domain::ExchangeId;
use crate::domain::FreeText;
use crate::journal::{Author, Journal};
use crate::store::{RemovedRows, Stage, StagedDeposit, Withdrawal};
use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::io::Write as _;
use std::process::ExitCode;
use time::format_description::well_known::Rfc3339;

/// Loads listed, at most.
const LISTED: usize = 1_000;
/// What the journal says of an abandonment.
const ACTION: &str = "loads.abandon";

#[derive(Debug, Subcommand)]
pub(super) enum LoadsCommand {
    /// Large deposits whose invoices are being written, or whose writing was cut, oldest first.
    List(OutputArgs),
    /// Give one up: everything written of it is removed. Nothing of it was ever shown, and its
    /// sender has no receipt; the archived file stays, and the same bytes may be deposited again.
    Abandon(AbandonArgs),
}

#[derive(Debug, Args)]
pub(super) struct AbandonArgs {
    /// Exchange, as `loads list` shows it.
    #[arg(value_name = "EXCHANGE")]
    exchange: ExchangeId,
    /// Why, for the journal; never a person.
    #[arg(long, value_name = "TEXT")]
    why: String,
    /// Do it. Without it, only what would be removed is said.
    #[arg(long)]
    yes: bool,
    /// Who does this, for the journal; the user of the system otherwise.
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    #[command(flatten)]
    output: OutputArgs,
}

/// Exit status 0 when it was done, 1 when there is no such load or it is not over yet.
pub(super) async fn run(command: &LoadsCommand, app: &App, out: &mut Output) -> Result<ExitCode> {
    match command {
        LoadsCommand::List(output) => list(output.format, app, out).await,
        LoadsCommand::Abandon(args) => abandon(args, app, out).await,
    }
}

async fn list(format: Format, app: &App, out: &mut Output) -> Result<ExitCode> {
    for load in app.store.staged_deposits(LISTED).await? {
        let held = app.store.count_invoices(load.id).await?;
        match format {
            Format::Json => writeln!(out, "{}", object(&load, held)?)?,
            Format::Text => writeln!(out, "{}", line(&load, held)?)?,
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// `held`: claims, and invoices put aside.
fn object(load: &StagedDeposit, held: (u64, u64)) -> Result<Value> {
    Ok(json!({
        "exchange_id": load.id,
        "sender": load.sender,
        "channel": load.channel,
        "file": load.file_name,
        "digest": load.digest,
        "size": load.size,
        "received_at": load.received_at.format(&Rfc3339)?,
        "claims": held.0,
        "aside": held.1,
        "withdrawal": load.withdrawal.map(Withdrawal::as_str),
    }))
}

fn line(load: &StagedDeposit, (claims, aside): (u64, u64)) -> Result<String> {
    let state = match load.withdrawal {
        None => "",
        Some(Withdrawal::Restart) => " ; retrait avant réécriture en cours",
        Some(Withdrawal::Abandon) => " ; abandon en cours",
    };
    let (at, file) = (load.received_at.format(&Rfc3339)?, &load.file_name);
    Ok(format!(
        "échange {} : {} {file:?}, déposé le {at} ; écrites : {claims} factures, {aside} mises de côté{state}",
        load.id, load.sender
    ))
}

async fn abandon(args: &AbandonArgs, app: &App, out: &mut Output) -> Result<ExitCode> {
    let Some(load) = app.store.staged_deposit(args.exchange).await? else {
        let known = app.store.exchange(args.exchange).await?.is_some();
        let why = if known {
            "il a son accusé, rien n'est à abandonner"
        } else {
            "aucun dépôt de ce numéro n'est en cours"
        };
        output::error(format_args!("échange {} : {why}", args.exchange));
        return Ok(ExitCode::FAILURE);
    };
    let held = app.store.count_invoices(load.id).await?;
    if !args.yes {
        match args.output.format {
            Format::Json => {
                writeln!(out, "{}", json!({ "dry_run": true, "load": object(&load, held)? }))?
            }
            Format::Text => writeln!(out, "{}", line(&load, held)?)?,
        }
        output::notice(format_args!("Rien n'est retiré sans --yes."));
        return Ok(ExitCode::SUCCESS);
    }
    let author = Author {
        store: app.store.clone(),
        clock: app.clock.clone(),
        name: super::author(args.by.as_deref()).into(),
    };
    let mut journal = Journal::open(&author, ACTION, load.id.to_string());
    journal
        .write(
            Stage::Asked,
            json!({ "why": FreeText::new(&args.why), "load": object(&load, held)? }),
        )
        .await?;
    let outcome = app.ingest.abandon(load.id).await;
    match &outcome {
        Ok(Some(removed)) if removed.over => journal.write(Stage::Done, counts(removed)).await?,
        Ok(Some(removed)) => {
            journal
                .write(
                    Stage::Failed,
                    json!({ "removed": counts(removed), "why": "in the hands of another process" }),
                )
                .await?
        }
        Ok(None) => journal.write(Stage::Failed, json!({ "why": "closed meanwhile" })).await?,
        Err(failure) => journal.write(Stage::Failed, json!({ "why": failure.to_string() })).await?,
    }
    tell(out, &outcome?.unwrap_or_default(), args.output.format)
}

fn counts(removed: &RemovedRows) -> Value {
    json!({ "claims": removed.claims, "aside": removed.quarantined, "freed_duplicates": removed.freed, "over": removed.over })
}

fn tell(out: &mut Output, removed: &RemovedRows, format: Format) -> Result<ExitCode> {
    match format {
        Format::Json => writeln!(out, "{}", counts(removed))?,
        Format::Text if removed.over => writeln!(
            out,
            "Dépôt abandonné : {} factures et {} mises de côté retirées ; {} doublons d'autres dépôts attendent à nouveau.",
            removed.claims, removed.quarantined, removed.freed
        )?,
        Format::Text => writeln!(
            out,
            "Pas terminé : le dépôt est entre les mains d'un autre processus, ou a reçu son accusé ; voir `loads list`."
        )?,
    }
    Ok(if removed.over { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
