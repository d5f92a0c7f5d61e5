//! `status`: where is my claim, and why was it rejected?

use super::{Format, Output, output};
use crate::app::App;
use crate::domain::civil_time::paris_date;
use crate::domain::next_step::next_step;
use crate::domain::{Claim, ClaimId, ClaimPart, PartState, Quarantined};
use crate::store::ClaimFilter;
use anyhow::{Result, bail};
use clap::Args;
use serde_json::{Value, json};
use std::io::Write as _;
use std::process::ExitCode;
use time::OffsetDateTime;

#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    /// Claim id.
    #[arg(conflicts_with_all = ["ps", "invoice"], required_unless_present = "ps")]
    claim: Option<ClaimId>,
    /// PS number (9 characters).
    #[arg(long, requires = "invoice")]
    ps: Option<String>,
    /// Invoice number (9 digits).
    #[arg(long, requires = "ps")]
    invoice: Option<String>,
    /// `text` for people, `json` for one object a line.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// Claims of one invoice number shown: the last ones.
const SHOWN: usize = 20;

/// Exit status 0 when something was found, 1 otherwise.
pub(super) async fn run(args: &StatusArgs, app: &App, out: &mut Output) -> Result<ExitCode> {
    let (claims, aside) = find(args, app).await?;
    let now = app.clock.now();
    for claim in &claims {
        match args.format {
            Format::Json => writeln!(out, "{}", object(claim, now))?,
            Format::Text => print(out, claim, now)?,
        }
    }
    for invoice in &aside {
        match args.format {
            Format::Json => writeln!(
                out,
                "{}",
                json!({"status": "quarantined", "ps": invoice.ps, "invoice_number": invoice.invoice_number, "exchange_id": invoice.exchange_id, "codes": invoice.codes})
            )?,
            Format::Text => writeln!(
                out,
                "{} {} : mise de côté, à corriger et renvoyer ({})",
                invoice.ps,
                invoice.invoice_number,
                invoice.codes.join(", ")
            )?,
        }
    }
    if claims.is_empty() && aside.is_empty() {
        output::notice(format_args!("Aucune demande ne correspond."));
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

async fn find(args: &StatusArgs, app: &App) -> Result<(Vec<Claim>, Vec<Quarantined>)> {
    match (args.claim, &args.ps, &args.invoice) {
        (Some(id), _, _) => Ok((app.store.claim(id).await?.into_iter().collect(), Vec::new())),
        (None, Some(ps), Some(invoice)) => {
            let filter = ClaimFilter {
                ps: Some(ps.clone()),
                invoice_number: Some(invoice.clone()),
                ..ClaimFilter::default()
            };
            Ok((
                app.store.claims(&filter, None, SHOWN).await?.items,
                app.store.quarantined_by_invoice(ps, invoice).await?,
            ))
        }
        _ => bail!("give a claim id, or --ps and --invoice"),
    }
}

/// A claim as a person reads it.
pub(super) fn print(out: &mut Output, claim: &Claim, now: OffsetDateTime) -> Result<()> {
    writeln!(
        out,
        "{} {} : {} [{}]",
        claim.ps,
        claim.invoice_number,
        claim.status().libelle(),
        claim.status().as_str()
    )?;
    writeln!(out, "  demande {} ; reçue le {}", claim.id, paris_date(claim.received_at))?;
    for part in [&claim.amo, &claim.amc] {
        print_part(out, part)?;
    }
    writeln!(out, "  {}", next_step(claim, now))?;
    Ok(())
}

fn print_part(out: &mut Output, part: &ClaimPart) -> Result<()> {
    if part.state == PartState::NotRequested {
        return Ok(());
    }
    let paid =
        part.transfer_reference.as_ref().map(|r| format!(", virement {r}")).unwrap_or_default();
    writeln!(
        out,
        "  {} : {} ; demandé {} €, payé {} €{paid}",
        part.kind.libelle(),
        part.state.libelle(),
        part.asked,
        part.paid
    )?;
    for reason in &part.reasons {
        writeln!(out, "    motif {} : {}", reason.code, reason.label)?;
    }
    Ok(())
}

/// A claim as JSON, without any person.
pub(super) fn object(claim: &Claim, now: OffsetDateTime) -> Value {
    json!({
        "claim_id": claim.id,
        "exchange_id": claim.exchange_id,
        "sender": claim.sender,
        "ps": claim.ps,
        "invoice_number": claim.invoice_number,
        "invoice_date": claim.invoice_date.map(|d| d.to_string()),
        "amc_number": claim.amc_number,
        "status": claim.status(),
        "status_label": claim.status().libelle(),
        "total_centimes": claim.total.centimes(),
        "amo": part(&claim.amo),
        "amc": part(&claim.amc),
        "corrects": claim.corrects,
        "next_step": next_step(claim, now),
    })
}

fn part(part: &ClaimPart) -> Value {
    json!({
        "state": part.state,
        "asked_centimes": part.asked.centimes(),
        "paid_centimes": part.paid.centimes(),
        "transfer_reference": part.transfer_reference,
        "transfer_date": part.transfer_date.map(|d| d.to_string()),
        "reasons": part.reasons,
    })
}
