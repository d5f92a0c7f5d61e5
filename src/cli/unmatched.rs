//! `list unmatched`: answers of payers that match no claim, with their candidates.

use super::{Format, Output, Session, day, output};
use crate::domain::civil_time::{at_paris_hour, french_day, paris_date};
use crate::domain::{ExchangeId, KeptReturn, Lane, Outcome};
use crate::service::matches::{
    Candidate, UnmatchedQuery, UnmatchedToken, UnmatchedView, WorkListError,
};
use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};
use std::io::Write as _;
use time::Date;
use time::format_description::well_known::Rfc3339;

#[derive(Debug, Args)]
pub(super) struct UnmatchedArgs {
    /// Depositor of the file; all when not given.
    #[arg(long)]
    sender: Option<String>,
    /// PS number, as the answer has it; all when not given.
    #[arg(long)]
    ps: Option<String>,
    /// Exchange, as `ingest` and `list exchanges` show it; all when not given.
    #[arg(long, value_name = "EXCHANGE")]
    exchange: Option<ExchangeId>,
    /// Only answers received on or after this day in Paris, `AAAA-MM-JJ`.
    #[arg(long, value_name = "DAY", value_parser = day)]
    since: Option<Date>,
    /// Only answers that have a candidate.
    #[arg(long, conflicts_with = "without_candidates")]
    with_candidates: bool,
    /// Only answers that have no candidate.
    #[arg(long)]
    without_candidates: bool,
    /// Answers that a person matched, instead of those that wait.
    #[arg(long)]
    matched: bool,
    /// Answers of test files, instead of real ones.
    #[arg(long)]
    test: bool,
    /// Answers printed at most, up to 100.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=100))]
    limit: u16,
    /// Token of the next page, as the page before printed it.
    #[arg(long, value_name = "TOKEN")]
    after: Option<String>,
    /// `text` for people, `json` for one object a line.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// Prints one page of the work list.
pub(super) async fn list(args: &UnmatchedArgs, session: &mut Session) -> Result<()> {
    let query = UnmatchedQuery {
        sender: args.sender.clone(),
        ps: args.ps.clone(),
        exchange_id: args.exchange,
        received_from: args.since.and_then(|day| at_paris_hour(day, 0)),
        has_candidates: match (args.with_candidates, args.without_candidates) {
            (false, false) => None,
            (with, _) => Some(with),
        },
        is_by_hand: args.matched,
    };
    let after = args.after.as_deref().map(str::parse::<UnmatchedToken>);
    let after = after.transpose().map_err(|_| WorkListError::OtherToken)?;
    let caller = session.caller.clone().in_lane(Lane::of(args.test));
    let matches = session.app.service().matches;
    let page = matches.list(&caller, &query, after.as_ref(), args.limit.into()).await?;
    for view in &page.items {
        match args.format {
            Format::Json => session.out.json(&object(view))?,
            Format::Text => print(&mut session.out, view)?,
        }
    }
    if let Some(next) = page.next {
        output::notice(format_args!("Suite : --after {next}"));
    }
    Ok(())
}

fn print(out: &mut Output, view: &UnmatchedView) -> Result<()> {
    let KeptReturn { exchange_id, sender, answer, .. } = &view.kept;
    writeln!(
        out,
        "échange {exchange_id} rang {} : PS {} facture {}, de {sender}, depuis {} jours",
        answer.ordinal, answer.ps, answer.invoice_number, view.days
    )?;
    for outcome in &view.outcomes {
        writeln!(out, "  {}", told(outcome))?;
    }
    if let Some(claim) = view.kept.claim_id {
        writeln!(out, "  rapprochée à la main de la demande {claim}")?;
        if let Some(exact) = view.conflict() {
            writeln!(out, "  à vérifier : la demande {exact} a la même identité de facture")?;
        }
    }
    if view.candidates.is_empty() {
        writeln!(out, "  aucune demande proche")?;
    }
    for candidate in &view.candidates {
        let reasons: Vec<&str> =
            candidate.likeness.reasons.iter().map(|reason| reason.libelle()).collect();
        writeln!(
            out,
            "  {:>3}/100 demande {} : PS {} facture {}, AMO {} €, AMC {} € ; {}",
            candidate.likeness.score,
            candidate.claim_id,
            candidate.ps,
            candidate.invoice_number,
            candidate.amo,
            candidate.amc,
            reasons.join(", ")
        )?;
    }
    Ok(())
}

/// Returns what an answer tells about a part, in French.
fn told(outcome: &Outcome) -> String {
    let transfer = outcome.transfer.as_ref().map(|t| {
        let label = if t.label.is_empty() { String::new() } else { format!(" « {} »", t.label) };
        format!(", virement{label} du {}", french_day(t.day))
    });
    format!(
        "{} : {}, {} €, payeur {}, lot {}{}",
        outcome.part.libelle(),
        outcome.kind.libelle(),
        outcome.amount,
        outcome.payer,
        outcome.lot,
        transfer.unwrap_or_default()
    )
}

fn object(view: &UnmatchedView) -> Value {
    let (kept, answer) = (&view.kept, &view.kept.answer);
    json!({
        "exchange_id": kept.exchange_id,
        "ordinal": answer.ordinal,
        "sender": kept.sender,
        "received_at": kept.received_at.format(&Rfc3339).ok(),
        "received_on": paris_date(kept.received_at).to_string(),
        "days": view.days,
        "ps": answer.ps,
        "invoice_number": answer.invoice_number,
        "invoice_complement": answer.invoice_complement,
        "summary": answer.summary,
        "parts": view.outcomes.iter().map(part).collect::<Vec<_>>(),
        "candidates": view.candidates.iter().map(candidate).collect::<Vec<_>>(),
        "matched_claim_id": kept.claim_id,
        "conflicting_claim_id": kept.claim_id.and_then(|_| view.conflict()),
        "version": kept.version,
    })
}

fn part(outcome: &Outcome) -> Value {
    let transfer = outcome.transfer.as_ref();
    json!({
        "part": outcome.part,
        "kind": outcome.kind,
        "amount_centimes": outcome.amount.centimes(),
        "asked_centimes": outcome.asked.map(|asked| asked.centimes()),
        "payer": outcome.payer,
        "on_behalf_of": outcome.on_behalf_of,
        "lot": outcome.lot,
        "transfer_reference": transfer.map(|t| t.label.as_str()),
        "transfer_date": transfer.map(|t| t.day.to_string()),
        "reasons": outcome.reasons,
    })
}

fn candidate(candidate: &Candidate) -> Value {
    let reasons = candidate.likeness.reasons.iter();
    let reasons: Vec<Value> = reasons
        .map(|reason| json!({ "code": reason.as_str(), "label": reason.libelle() }))
        .collect();
    json!({
        "claim_id": candidate.claim_id,
        "score": candidate.likeness.score,
        "reasons": reasons,
        "ps": candidate.ps,
        "invoice_number": candidate.invoice_number,
        "lot": candidate.lot,
        "amc_number": candidate.amc_number,
        "amo_centimes": candidate.amo.centimes(),
        "amc_centimes": candidate.amc.centimes(),
        "status": candidate.status,
        "received_at": candidate.received_at.format(&Rfc3339).ok(),
    })
}
