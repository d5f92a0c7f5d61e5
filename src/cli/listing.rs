//! `list exchanges|claims|returns`: newest first.

use super::{Format, Output, ingest, status};
use crate::app::App;
use crate::domain::ClaimStatus;
use crate::domain::civil_time::paris_date;
use crate::store::ClaimFilter;
use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use serde_json::json;
use std::io::Write as _;
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(super) enum ListCommand {
    /// Deposited files.
    Exchanges(ListArgs),
    /// Claims.
    Claims(ClaimArgs),
    /// Files made for partners.
    Returns(ListArgs),
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Only this sender (or recipient).
    #[arg(long)]
    sender: Option<String>,
    /// How many, at most 1,000.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,
    /// `text` for people, `json` for one object a line.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Debug, Args)]
pub(super) struct ClaimArgs {
    #[command(flatten)]
    list: ListArgs,
    /// Only this PS number.
    #[arg(long)]
    ps: Option<String>,
    /// Only this status (`received`, `accepted`, `paid`, `rejected` …).
    #[arg(long)]
    status: Option<String>,
    /// Only claims past the insurer's promise.
    #[arg(long)]
    overdue: bool,
}

pub(super) async fn run(command: &ListCommand, app: &App, out: &mut Output) -> Result<ExitCode> {
    match command {
        ListCommand::Exchanges(args) => exchanges(args, app, out).await?,
        ListCommand::Claims(args) => claims(args, app, out).await?,
        ListCommand::Returns(args) => returns(args, app, out).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn exchanges(args: &ListArgs, app: &App, out: &mut Output) -> Result<()> {
    for e in app.store.exchanges(args.sender.as_deref(), None, args.limit.into()).await?.items {
        match args.format {
            Format::Json => writeln!(out, "{}", ingest::exchange(&e))?,
            Format::Text => writeln!(
                out,
                "{} {} {} {} : {} ; {} factures, {} prises en charge",
                paris_date(e.received_at),
                e.id,
                e.sender,
                e.file_name,
                e.verdict.libelle(),
                e.invoices,
                e.accepted
            )?,
        }
    }
    Ok(())
}

async fn claims(args: &ClaimArgs, app: &App, out: &mut Output) -> Result<()> {
    let now = app.clock.now();
    let status = args
        .status
        .as_deref()
        .map(|s| ClaimStatus::from_code(s).with_context(|| format!("`{s}` is not a status")))
        .transpose()?;
    let filter = ClaimFilter {
        sender: args.list.sender.clone(),
        ps: args.ps.clone(),
        status,
        overdue_at: args.overdue.then_some(now),
        ..ClaimFilter::default()
    };
    for claim in app.store.claims(&filter, None, args.list.limit.into()).await?.items {
        match args.list.format {
            Format::Json => writeln!(out, "{}", status::object(&claim, now))?,
            Format::Text => status::print(out, &claim, now)?,
        }
    }
    Ok(())
}

async fn returns(args: &ListArgs, app: &App, out: &mut Output) -> Result<()> {
    for r in
        app.store.return_files(args.sender.as_deref(), None, None, args.limit.into()).await?.items
    {
        match args.format {
            Format::Json => writeln!(
                out,
                "{}",
                json!({"return_id": r.id, "kind": r.kind, "recipient": r.recipient, "file": r.file_name, "exchange_id": r.exchange_id, "digest": r.digest})
            )?,
            Format::Text => writeln!(
                out,
                "{} {} {} {}",
                paris_date(r.created_at),
                r.kind.libelle(),
                r.recipient,
                r.file_name
            )?,
        }
    }
    Ok(())
}
