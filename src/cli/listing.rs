//! `list exchanges|claims|returns`: newest first.

use super::{Format, Session, ingest, status};
use crate::domain::ClaimStatus;
use crate::domain::civil_time::paris_date;
use crate::service::claims::ClaimQuery;
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
    /// Return files for partners.
    Returns(ListArgs),
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Sender (or recipient); every one when not given.
    #[arg(long)]
    sender: Option<String>,
    /// Rows printed at most, up to 1,000.
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
    /// PS number; every one when not given.
    #[arg(long)]
    ps: Option<String>,
    /// Status (`received`, `accepted`, `paid`, `rejected` …); every one when not given.
    #[arg(long)]
    status: Option<String>,
    /// Only claims past the insurer's limit.
    #[arg(long)]
    overdue: bool,
}

/// Prints one page of a listing.
pub(super) async fn run(command: &ListCommand, session: &mut Session) -> Result<ExitCode> {
    match command {
        ListCommand::Exchanges(args) => exchanges(args, session).await?,
        ListCommand::Claims(args) => claims(args, session).await?,
        ListCommand::Returns(args) => returns(args, session).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn exchanges(args: &ListArgs, session: &mut Session) -> Result<()> {
    let exchanges = session.app.service().exchanges;
    let (sender, limit) = (args.sender.as_deref(), args.limit.into());
    for e in exchanges.list(&session.caller, sender, None, limit).await?.items {
        match args.format {
            Format::Json => session.out.json(&ingest::exchange(&e))?,
            Format::Text => writeln!(
                session.out,
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

async fn claims(args: &ClaimArgs, session: &mut Session) -> Result<()> {
    let status = args
        .status
        .as_deref()
        .map(|s| ClaimStatus::from_code(s).with_context(|| format!("`{s}` is not a status")))
        .transpose()?;
    let query = ClaimQuery {
        sender: args.list.sender.clone(),
        ps: args.ps.clone(),
        status,
        overdue: args.overdue,
        ..ClaimQuery::default()
    };
    let claims = session.app.service().claims;
    let page = claims.list(&session.caller, query, None, args.list.limit.into()).await?;
    for view in page.items {
        match args.list.format {
            Format::Json => session.out.json(&status::object(&view))?,
            Format::Text => status::print(&mut session.out, &view)?,
        }
    }
    Ok(())
}

async fn returns(args: &ListArgs, session: &mut Session) -> Result<()> {
    let returns = session.app.service().returns;
    let (recipient, limit) = (args.sender.as_deref(), args.limit.into());
    for r in returns.list(&session.caller, recipient, None, None, limit).await?.items {
        match args.format {
            Format::Json => session.out.json(&json!({
                "return_id": r.id,
                "kind": r.kind,
                "recipient": r.recipient,
                "file": r.file_name,
                "exchange_id": r.exchange_id,
                "digest": r.digest,
            }))?,
            Format::Text => {
                let (day, kind) = (paris_date(r.created_at), r.kind.libelle());
                writeln!(session.out, "{day} {kind} {} {}", r.recipient, r.file_name)?;
            }
        }
    }
    Ok(())
}
