//! `held list|release|dismiss`: copies of invoices that another sender sent before.

use super::on_record::ChangeArgs;
use super::{Format, OutputArgs, Session, output, status};
use crate::domain::civil_time::{french_day, paris_date};
use crate::domain::{ClaimId, HoldDecision};
use crate::service::held_attempts::{DecideHeld, HeldError, HeldView, MAX_HELD};
use crate::service::view::ClaimView;
use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::io::Write as _;
use std::process::ExitCode;
use time::format_description::well_known::Rfc3339;

#[derive(Debug, Subcommand)]
pub(super) enum HeldCommand {
    /// Copies about which the desk has not decided, most urgent first.
    List(OutputArgs),
    /// Treat a copy: it replaces the earlier attempt of the invoice, and money already paid counts
    /// for it. Exit status 0 when done or shown, 1 when the claim is unknown, is not held, or was
    /// dismissed.
    Release(DecideArgs),
    /// Do not treat a copy; the earlier attempt of the invoice stays. Exit status as for `release`.
    Dismiss(DecideArgs),
}

#[derive(Debug, Args)]
pub(super) struct DecideArgs {
    /// Claim, as `held list` shows it.
    #[arg(value_name = "CLAIM")]
    claim: ClaimId,
    #[command(flatten)]
    change: ChangeArgs,
}

/// Runs the command.
pub(super) async fn run(command: &HeldCommand, session: &mut Session) -> Result<ExitCode> {
    match command {
        HeldCommand::List(output) => list(output.format, session).await,
        HeldCommand::Release(args) => decide(args, HoldDecision::Released, session).await,
        HeldCommand::Dismiss(args) => decide(args, HoldDecision::Dismissed, session).await,
    }
}

async fn list(format: Format, session: &mut Session) -> Result<ExitCode> {
    let held_attempts = session.app.service().held_attempts;
    let mut after = None;
    loop {
        let page = held_attempts.list(&session.caller, after, MAX_HELD).await?;
        for held in &page.items {
            match format {
                Format::Json => session.out.json(&object(held))?,
                Format::Text => print(held, session)?,
            }
        }
        after = page.next;
        if after.is_none() {
            return Ok(ExitCode::SUCCESS);
        }
    }
}

async fn decide(
    args: &DecideArgs,
    decision: HoldDecision,
    session: &mut Session,
) -> Result<ExitCode> {
    let service = session.app.service();
    if !args.change.yes {
        let Some(view) = service.claims.get(&session.caller, args.claim).await? else {
            output::error(HeldError::UnknownClaim(args.claim));
            return Ok(ExitCode::FAILURE);
        };
        match args.change.output.format {
            Format::Json => {
                session.out.json(&json!({ "dry_run": true, "claim": status::object(&view) }))?;
            }
            Format::Text => status::print(&mut session.out, &view)?,
        }
        output::notice("Nothing is decided without --yes.");
        return Ok(ExitCode::SUCCESS);
    }
    let request = DecideHeld {
        claim_id: args.claim,
        decision,
        why: &args.change.why,
        stated_author: args.change.by.as_ref(),
    };
    let view = match service.held_attempts.decide(&session.caller, request).await {
        Ok(view) => view,
        Err(failure @ HeldError::Store(_)) => return Err(failure.into()),
        Err(refusal) => {
            output::error(refusal);
            return Ok(ExitCode::FAILURE);
        }
    };
    match args.change.output.format {
        Format::Json => session.out.json(&status::object(&view))?,
        Format::Text => status::print(&mut session.out, &view)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn print(held: &HeldView, session: &mut Session) -> Result<()> {
    let day = french_day(paris_date(held.decide_by));
    let late = if held.is_late { ", délai dépassé" } else { "" };
    writeln!(session.out, "À examiner au plus tard le {day}{late} :")?;
    status::print(&mut session.out, &held.copy)?;
    writeln!(session.out, "  émetteur de la copie : {}", sender(&held.copy))?;
    if let Some(current) = &held.current {
        let id = current.claim.as_ref().map(|claim| claim.id.to_string()).unwrap_or_default();
        writeln!(
            session.out,
            "  facture suivie sous la demande {id} ({}), émetteur {}",
            current.label,
            sender(current)
        )?;
    }
    Ok(())
}

fn sender(view: &ClaimView) -> &str {
    view.claim.as_ref().map(|claim| claim.sender.as_str()).unwrap_or_default()
}

fn object(held: &HeldView) -> Value {
    json!({
        "copy": status::object(&held.copy),
        "current": held.current.as_ref().map(status::object),
        "held_at": held.held_at.format(&Rfc3339).ok(),
        "decide_by": held.decide_by.format(&Rfc3339).ok(),
        "is_late": held.is_late,
    })
}
