//! `status`: state of a claim, what comes next, and the reasons of a reject.

use super::{Format, Output, Session, output};
use crate::domain::civil_time::{french_day, paris_date};
use crate::domain::money::Movement;
use crate::domain::{
    ClaimId, ClaimPart, GapReason, Lane, PartKind, PartState, Reason, RejectFamily,
};
use crate::service::claims::hint;
use crate::service::view::{ClaimDetails, ClaimView};
use anyhow::{Result, bail};
use clap::{ArgGroup, Args};
use serde_json::{Value, json};
use std::io::Write as _;
use std::process::ExitCode;

/// Both ways to name a claim, in the order of `--help`.
const USAGE: &str = "noemie-gateway status <CLAIM>\n       \
    noemie-gateway status --ps <PS> --invoice <INVOICE>";

#[derive(Debug, Args)]
#[command(override_usage = USAGE)]
#[command(group(ArgGroup::new("which").required(true).args(["claim", "ps"])))]
pub(super) struct StatusArgs {
    /// Claim id.
    #[arg(conflicts_with = "invoice")]
    claim: Option<ClaimId>,
    /// PS number (9 characters).
    #[arg(long, requires = "invoice")]
    ps: Option<String>,
    /// Invoice number (9 digits).
    #[arg(long, requires = "ps")]
    invoice: Option<String>,
    /// Show the invoice of the test lane; a claim id names a claim of either lane.
    #[arg(long, requires = "ps")]
    test: bool,
    /// `text` for people, `json` for one object a line.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// Claims of one invoice number that are printed at most, newest first.
const MAX_SHOWN: usize = 20;

/// Exit status 0 when a claim or a quarantined invoice is found, else 1.
pub(super) async fn run(args: &StatusArgs, session: &mut Session) -> Result<ExitCode> {
    let views = find(args, session).await?;
    for view in &views {
        match args.format {
            Format::Json => session.out.json(&object(view))?,
            Format::Text => print(&mut session.out, view)?,
        }
    }
    if views.is_empty() {
        let hint = args.ps.as_deref().and_then(hint).map(|hint| format!(" {hint}"));
        let hint = hint.unwrap_or_default();
        output::notice(format_args!("Aucune demande ne correspond.{hint}"));
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

async fn find(args: &StatusArgs, session: &Session) -> Result<Vec<ClaimView>> {
    let claims = session.app.service().claims;
    match (args.claim, &args.ps, &args.invoice) {
        (Some(id), _, _) => Ok(claims.get(&session.caller, id).await?.into_iter().collect()),
        (None, Some(ps), Some(invoice)) => {
            let caller = session.caller.clone().in_lane(Lane::of(args.test));
            let found = claims.by_invoice(&caller, ps, invoice, MAX_SHOWN).await?;
            Ok(found.claims.into_iter().chain(found.quarantined).collect())
        }
        _ => bail!("give a claim id, or --ps and --invoice"),
    }
}

/// Prints a claim or a quarantined invoice in French.
pub(super) fn print(out: &mut Output, view: &ClaimView) -> Result<()> {
    let (ps, number) = (&view.ps, &view.invoice_number);
    let test = if view.lane.is_test() { " (test)" } else { "" };
    let Some(claim) = &view.claim else {
        let codes = view.quarantine.as_ref().map(|invoice| invoice.codes.join(", "));
        let codes = codes.unwrap_or_default();
        writeln!(out, "{ps} {number}{test} : mise de côté, à corriger et renvoyer ({codes})")?;
        return Ok(());
    };
    writeln!(out, "{ps} {number}{test} : {} [{}]", view.label, view.state)?;
    let received = french_day(paris_date(claim.received_at));
    writeln!(out, "  demande {} ; reçue le {received}", claim.id)?;
    for part in [&claim.amo, &claim.amc] {
        print_part(out, part)?;
        print_movements(out, part.kind, &view.movements)?;
    }
    writeln!(out, "  {}", view.next_step)?;
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
        let place = place(reason);
        writeln!(out, "    motif {} : {}{place}", reason.code, reason.label)?;
    }
    for family in part.families() {
        let (meaning, to_do) = (family.meaning(), family.to_do());
        writeln!(out, "      {} : {meaning} À faire : {to_do}", family.as_str())?;
    }
    if let Some(gap) = part.gap.filter(|gap| *gap != GapReason::Awaited) {
        writeln!(out, "    écart {} : {}", gap.as_str(), gap.libelle())?;
    }
    for flag in &part.flags {
        writeln!(out, "    à vérifier {} : {}", flag.as_str(), flag.libelle())?;
    }
    Ok(())
}

/// Returns the line, act and date of care that a reason concerns: « (ligne 2, acte PH7 du
/// 21/11/2026) ». Empty for the whole invoice.
fn place(reason: &Reason) -> String {
    let line = reason.line.map(|line| format!("ligne {line}"));
    let act = (!reason.act.is_empty()).then(|| format!("acte {}", reason.act));
    let date = reason.care_date.map(|date| match act {
        Some(_) => format!("du {}", french_day(date)),
        None => format!("soins du {}", french_day(date)),
    });
    let act: Vec<String> = act.into_iter().chain(date).collect();
    let act = (!act.is_empty()).then(|| act.join(" "));
    let place: Vec<String> = line.into_iter().chain(act).collect();
    if place.is_empty() { String::new() } else { format!(" ({})", place.join(", ")) }
}

/// Prints the movements of a part where one line does not tell them: several, or money taken back.
fn print_movements(
    out: &mut Output,
    part: PartKind,
    movements: &[(PartKind, Movement)],
) -> Result<()> {
    let of_part: Vec<&Movement> =
        movements.iter().filter(|(kind, _)| *kind == part).map(|(_, m)| m).collect();
    if of_part.len() < 2 {
        return Ok(());
    }
    for movement in of_part {
        let (day, amount, label) = (french_day(movement.day), movement.amount, &movement.label);
        writeln!(out, "    mouvement du {day} : {amount} €, virement {label}")?;
    }
    Ok(())
}

/// Returns a claim or a quarantined invoice as JSON, without any person.
pub(super) fn object(view: &ClaimView) -> Value {
    match &view.claim {
        Some(claim) => claim_object(view, claim),
        None => json!({
            "status": view.state,
            "ps": view.ps,
            "invoice_number": view.invoice_number,
            "exchange_id": view.exchange_id,
            "test": view.lane.is_test(),
            "codes": view.quarantine.as_ref().map(|invoice| &invoice.codes),
        }),
    }
}

fn claim_object(view: &ClaimView, claim: &ClaimDetails) -> Value {
    json!({
        "claim_id": claim.id,
        "exchange_id": view.exchange_id,
        "test": view.lane.is_test(),
        "sender": claim.sender,
        "ps": view.ps,
        "invoice_number": view.invoice_number,
        "invoice_date": claim.invoice_date.map(|d| d.to_string()),
        "amc_number": claim.amc_number,
        "status": view.state,
        "status_label": view.label,
        "total_centimes": claim.total.centimes(),
        "amo": part(&claim.amo),
        "amc": part(&claim.amc),
        "corrects": claim.corrects,
        "corrected_by": claim.corrected_by,
        "movements": view.movements.iter().map(movement).collect::<Vec<_>>(),
        "next_step": view.next_step,
    })
}

fn movement((part, movement): &(PartKind, Movement)) -> Value {
    json!({
        "part": part,
        "day": movement.day.to_string(),
        "label": movement.label,
        "amount_centimes": movement.amount.centimes(),
        "payer": movement.payer,
        "on_behalf_of": movement.on_behalf_of,
    })
}

fn part(part: &ClaimPart) -> Value {
    json!({
        "state": part.state,
        "asked_centimes": part.asked.centimes(),
        "paid_centimes": part.paid.centimes(),
        "gap": part.gap,
        "flags": part.flags,
        "transfer_reference": part.transfer_reference,
        "transfer_date": part.transfer_date.map(|d| d.to_string()),
        "reasons": part.reasons,
        "meanings": part.families().into_iter().map(meaning).collect::<Vec<_>>(),
    })
}

fn meaning(family: RejectFamily) -> Value {
    json!({
        "family": family.as_str(),
        "meaning": family.meaning(),
        "to_do": family.to_do(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    #[test]
    fn a_reason_says_which_line_act_and_date_it_concerns() {
        let of = |line: Option<u32>, act: &str, care_date| {
            let reason = Reason::of_invoice("122".into(), "Rejet".into());
            place(&Reason { line, act: act.into(), care_date, ..reason })
        };
        let day = Some(date!(2026 - 11 - 21));
        assert_eq!(of(Some(2), "PH7", day), " (ligne 2, acte PH7 du 21/11/2026)");
        assert_eq!(of(Some(2), "", None), " (ligne 2)");
        assert_eq!(of(None, "PH7", None), " (acte PH7)");
        assert_eq!(of(None, "", day), " (soins du 21/11/2026)");
        assert_eq!(of(None, "", None), "");
    }
}
