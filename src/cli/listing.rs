//! `list exchanges|claims|quarantine|unmatched|returns`: newest first.

use super::ingest::without_claim;
use super::unmatched::{self, UnmatchedArgs};
use super::words::french;
use super::{Format, Session, day, ingest, status};
use crate::domain::civil_time::{french_day, paris_date};
use crate::domain::{Caller, ClaimStatus, Flag, Lane, PartKind, PartState, Quarantined};
use crate::service::claims::{ClaimFilter, ClaimQuery, FlagFilter};
use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::io::Write as _;
use std::process::ExitCode;
use time::Date;
use time::format_description::well_known::Rfc3339;

#[derive(Debug, Subcommand)]
pub(super) enum ListCommand {
    /// Deposited files.
    Exchanges(ListArgs),
    /// Claims.
    Claims(ClaimArgs),
    /// Quarantined invoices and duplicates, by the depositor of their file.
    Quarantine(QuarantineArgs),
    /// Answers of payers that match no claim, with the claims that they may be about.
    Unmatched(UnmatchedArgs),
    /// Return files for partners.
    Returns(ListArgs),
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Sender (or recipient); all when not given.
    #[arg(long)]
    sender: Option<String>,
    /// Rows printed at most, up to 1,000.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,
    /// List the test lane: files marked as tests or demonstrations, and what became of them.
    #[arg(long)]
    test: bool,
    /// `text` for people, `json` for one object a line.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

impl ListArgs {
    /// Returns the caller of the session, in the lane that is listed.
    fn caller(&self, session: &Session) -> Caller {
        session.caller.clone().in_lane(Lane::of(self.test))
    }
}

#[derive(Debug, Args)]
pub(super) struct ClaimArgs {
    #[command(flatten)]
    list: ListArgs,
    /// PS number; all when not given.
    #[arg(long)]
    ps: Option<String>,
    /// Status (`received`, `accepted`, `paid`, `rejected` …); all when not given.
    #[arg(long, value_parser = claim_status)]
    status: Option<ClaimStatus>,
    /// Only claims past the insurer's limit.
    #[arg(long)]
    overdue: bool,
    #[command(flatten)]
    more: ClaimFilters,
}

#[derive(Debug, Args)]
pub(super) struct ClaimFilters {
    /// Lot number; all when not given.
    #[arg(long)]
    lot: Option<String>,
    /// Number of the AMC, 10 digits; all when not given.
    #[arg(long)]
    amc: Option<String>,
    /// Token of the insured person, as events show it.
    #[arg(long)]
    person: Option<String>,
    /// Part of the filters below, `amc` or `amo`. Without it: the AMC part for states and payment
    /// dates, either part for flags and transfers.
    #[arg(long, value_parser = part)]
    part: Option<PartKind>,
    /// State of the part (`received`, `rejected`, `partly_paid` …).
    #[arg(long, value_parser = part_state)]
    state: Option<PartState>,
    /// Only claims with a flag; with a code (`paid_twice` …), only with this flag.
    #[arg(long, num_args = 0..=1, default_missing_value = "any", value_parser = flag)]
    flag: Option<FlagFilter>,
    /// Reference or label of the last transfer that paid the part.
    #[arg(long)]
    transfer: Option<String>,
    /// Paid on or after this day, `2026-11-21`. The latest payment comes first.
    #[arg(long, value_parser = day)]
    paid_from: Option<Date>,
    /// Paid before this day, `2026-11-21`. The latest payment comes first.
    #[arg(long, value_parser = day)]
    paid_before: Option<Date>,
}

#[derive(Debug, Args)]
pub(super) struct QuarantineArgs {
    #[command(flatten)]
    list: ListArgs,
    /// Only invoices that wait for a corrected resend, as `noemie_quarantine_waiting` counts them.
    #[arg(long)]
    waiting: bool,
}

/// Reads a status of the command line.
fn claim_status(code: &str) -> Result<ClaimStatus> {
    ClaimStatus::from_code(code).with_context(|| {
        let codes: Vec<&str> = ClaimStatus::ALL.iter().map(|status| status.as_str()).collect();
        let hint = match code {
            "quarantined" => "; `list quarantine` lists quarantined invoices, which are no claims",
            "unknown" => "; `unknown` is shown for every state of a later version",
            _ => "",
        };
        format!("a status is one of {}{hint}", codes.join(", "))
    })
}

fn part(code: &str) -> Result<PartKind> {
    PartKind::from_code(code).context("a part is `amc` or `amo`")
}

fn part_state(code: &str) -> Result<PartState> {
    PartState::from_code(code).with_context(|| {
        let codes: Vec<&str> = PartState::ALL.iter().map(|state| state.as_str()).collect();
        format!("a state is one of {}", codes.join(", "))
    })
}

fn flag(code: &str) -> Result<FlagFilter> {
    if code == "any" {
        return Ok(FlagFilter::Any);
    }
    Flag::from_code(code).map(FlagFilter::One).with_context(|| {
        let codes: Vec<&str> = Flag::ALL.iter().map(|flag| flag.as_str()).collect();
        format!("a flag is one of {}", codes.join(", "))
    })
}

/// Prints one page of a listing.
pub(super) async fn run(command: &ListCommand, session: &mut Session) -> Result<ExitCode> {
    match command {
        ListCommand::Exchanges(args) => exchanges(args, session).await?,
        ListCommand::Claims(args) => claims(args, session).await?,
        ListCommand::Quarantine(args) => quarantine(args, session).await?,
        ListCommand::Unmatched(args) => unmatched::list(args, session).await?,
        ListCommand::Returns(args) => returns(args, session).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn exchanges(args: &ListArgs, session: &mut Session) -> Result<()> {
    let exchanges = session.app.service().exchanges;
    let (sender, limit) = (args.sender.as_deref(), args.limit.into());
    for e in exchanges.list(&args.caller(session), sender, None, limit).await?.items {
        match args.format {
            Format::Json => session.out.json(&ingest::exchange(&e))?,
            Format::Text => writeln!(
                session.out,
                "{} {} {} {} : {} ; {}, {}, {}{}",
                french_day(paris_date(e.received_at)),
                e.id,
                e.sender,
                e.file_name,
                e.verdict.libelle(),
                french(e.invoices, "facture", "factures"),
                french(e.accepted, "prise en charge", "prises en charge"),
                french(e.quarantined, "mise de côté", "mises de côté"),
                without_claim(&e)
            )?,
        }
    }
    Ok(())
}

async fn claims(args: &ClaimArgs, session: &mut Session) -> Result<()> {
    let more = &args.more;
    let filter = ClaimFilter {
        sender: args.list.sender.clone(),
        ps: args.ps.clone(),
        status: args.status,
        lot: more.lot.clone(),
        amc_number: more.amc.clone(),
        person: more.person.clone(),
        part: more.part,
        part_state: more.state,
        flag: more.flag,
        transfer: more.transfer.clone(),
        paid_from: more.paid_from,
        paid_before: more.paid_before,
        ..ClaimFilter::default()
    };
    let query = ClaimQuery { filter, overdue: args.overdue };
    let claims = session.app.service().claims;
    let page = claims.list(&args.list.caller(session), query, None, args.list.limit.into()).await?;
    for view in page.items {
        match args.list.format {
            Format::Json => session.out.json(&status::object(&view))?,
            Format::Text => status::print(&mut session.out, &view)?,
        }
    }
    Ok(())
}

async fn quarantine(args: &QuarantineArgs, session: &mut Session) -> Result<()> {
    let exchanges = session.app.service().exchanges;
    let (sender, limit) = (args.list.sender.as_deref(), args.list.limit.into());
    let caller = args.list.caller(session);
    for row in exchanges.quarantine(&caller, sender, args.waiting, limit).await? {
        match args.list.format {
            Format::Json => {
                let mut object = quarantined(&row.invoice);
                object["sender"] = json!(row.sender);
                object["file"] = json!(row.file_name);
                session.out.json(&object)?;
            }
            Format::Text => {
                let day = french_day(paris_date(row.invoice.at));
                writeln!(
                    session.out,
                    "{day} {} {} {}, échange {}",
                    row.sender,
                    row.file_name,
                    quarantined_line(&row.invoice),
                    row.invoice.exchange_id
                )?;
            }
        }
    }
    Ok(())
}

/// Returns a quarantined invoice in French: what costs it, and what became of it.
pub(super) fn quarantined_line(invoice: &Quarantined) -> String {
    let state = match (invoice.duplicate_of, invoice.resolved_by) {
        (Some(claim), _) => format!("doublon de la demande {claim}"),
        (None, Some(claim)) => format!("mise de côté, renvoyée depuis : demande {claim}"),
        (None, None) => "mise de côté, à corriger et renvoyer".to_owned(),
    };
    let (ps, number, codes) = (&invoice.ps, &invoice.invoice_number, invoice.codes.join(", "));
    format!("PS {ps} facture {number} : {state} ({codes})")
}

/// Returns a quarantined invoice as JSON.
pub(super) fn quarantined(invoice: &Quarantined) -> Value {
    json!({
        "exchange_id": invoice.exchange_id,
        "ordinal": invoice.ordinal,
        "ps": invoice.ps,
        "invoice_number": invoice.invoice_number,
        "lot": invoice.lot,
        "codes": invoice.codes,
        "duplicate_of": invoice.duplicate_of,
        "resolved_by": invoice.resolved_by,
        "at": invoice.at.format(&Rfc3339).ok(),
    })
}

async fn returns(args: &ListArgs, session: &mut Session) -> Result<()> {
    let returns = session.app.service().returns;
    let (recipient, limit) = (args.sender.as_deref(), args.limit.into());
    for r in returns.list(&args.caller(session), recipient, None, None, limit).await?.items {
        match args.format {
            Format::Json => session.out.json(&json!({
                "return_id": r.id,
                "kind": r.kind,
                "recipient": r.recipient,
                "file": r.file_name,
                "exchange_id": r.exchange_id,
                "digest": r.digest,
                "test": r.lane.is_test(),
            }))?,
            Format::Text => {
                let (day, kind) = (french_day(paris_date(r.created_at)), r.kind.libelle());
                writeln!(session.out, "{day} {kind} {} {}", r.recipient, r.file_name)?;
            }
        }
    }
    Ok(())
}
