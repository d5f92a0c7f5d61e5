//! `outbox`: how many events wait for publication. `outbox resend`: publishes events again.

use super::on_record::ChangeArgs;
use super::words::english;
use super::{BAD_USAGE, Format, OutputArgs, Session, output};
use crate::domain::ExchangeId;
use crate::service::resend::{
    DEFAULT_RESEND_EVENTS, MAX_RESEND_EVENTS, Resend, ResendEnd, ResendError, ResendFilter,
    ResendRequest,
};
use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use serde_json::json;
use std::io::Write as _;
use std::process::ExitCode;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct OutboxArgs {
    #[command(subcommand)]
    command: Option<OutboxCommand>,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Subcommand)]
enum OutboxCommand {
    /// Publish events again that were marked as published and that the broker lost, under the same
    /// event ids, with the later events of their claims. Exit status 0 when done or shown, 1 when
    /// nothing may be sent again, 64 without a choice of events.
    Resend(ResendArgs),
}

#[derive(Debug, Args)]
struct ResendArgs {
    /// Events of this exchange.
    #[arg(long, value_name = "ID", conflicts_with = "since")]
    exchange: Option<ExchangeId>,
    /// Events published at this instant or later (RFC 3339: `2026-11-30T08:00:00Z`).
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    since: Option<OffsetDateTime>,
    /// Largest number of events; with more, nothing is sent again.
    #[arg(long, value_name = "N", default_value_t = DEFAULT_RESEND_EVENTS, value_parser = limit)]
    limit: usize,
    #[command(flatten)]
    change: ChangeArgs,
}

/// Prints the number of waiting events and the age of the oldest, or publishes events again.
pub(super) async fn run(args: &OutboxArgs, session: &mut Session) -> Result<ExitCode> {
    if let Some(OutboxCommand::Resend(args)) = &args.command {
        return resend(args, session).await;
    }
    let state = session.app.operations().outbox(&session.caller).await?;
    match (args.output.format, state.oldest_seconds) {
        (Format::Json, _) => session.out.json(&state)?,
        (Format::Text, None) => writeln!(session.out, "No event waits: all are published.")?,
        (Format::Text, Some(age)) => {
            let waiting = english(state.pending, "event waits", "events wait");
            writeln!(session.out, "{waiting}, the oldest for {age} s.")?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn resend(args: &ResendArgs, session: &mut Session) -> Result<ExitCode> {
    let filter = match (args.exchange, args.since) {
        (Some(id), _) => ResendFilter::OfExchange(id),
        (None, Some(at)) => ResendFilter::PublishedSince(at),
        (None, None) => {
            output::error("name the events: --exchange ID, or --since INSTANT");
            return Ok(ExitCode::from(BAD_USAGE));
        }
    };
    let request = ResendRequest {
        filter,
        limit: args.limit,
        why: &args.change.why,
        stated_author: args.change.by.as_ref(),
    };
    let operations = session.app.operations();
    let outcome = if args.change.yes {
        operations.resend(&session.caller, request).await
    } else {
        operations.plan_resend(&session.caller, request).await
    };
    let resend = match outcome {
        Err(refusal @ (ResendError::LocalStream | ResendError::TooMany { .. })) => {
            output::error(refusal);
            return Ok(ExitCode::FAILURE);
        }
        outcome => outcome?,
    };
    match args.change.output.format {
        Format::Json => {
            session.out.json(&json!({ "dry_run": !args.change.yes, "resend": resend }))?;
        }
        Format::Text => print(&resend, args.change.yes, session)?,
    }
    if !args.change.yes {
        output::notice("Nothing is sent again without --yes.");
    }
    Ok(ExitCode::SUCCESS)
}

fn print(resend: &Resend, done: bool, session: &mut Session) -> Result<()> {
    let events = english(resend.events, "event", "events");
    let does = if done { "waits to be published again" } else { "would be published again" };
    let (Some(first), Some(last)) = (resend.first, resend.last) else {
        writeln!(session.out, "No published event fits, or those that fit wait already.")?;
        return Ok(());
    };
    writeln!(session.out, "{events} {}.", if resend.events == 1 { does } else { plural(done) })?;
    writeln!(session.out, "first: {}\nlast: {}", end(&first)?, end(&last)?)?;
    Ok(())
}

const fn plural(done: bool) -> &'static str {
    if done { "wait to be published again" } else { "would be published again" }
}

fn end(end: &ResendEnd) -> Result<String> {
    let at = end.published_at.format(&Rfc3339)?;
    Ok(format!("position {}, event {}, published at {at}", end.position, end.event_id))
}

/// Reads an instant of the command line.
fn instant(text: &str) -> Result<OffsetDateTime> {
    OffsetDateTime::parse(text, &Rfc3339)
        .context("an instant is written 2026-11-30T08:00:00Z, with its offset")
}

/// Reads a limit of the command line.
fn limit(text: &str) -> Result<usize> {
    let limit: usize = text.parse()?;
    anyhow::ensure!(
        (1..=MAX_RESEND_EVENTS).contains(&limit),
        "a limit is 1 to {MAX_RESEND_EVENTS}"
    );
    Ok(limit)
}
