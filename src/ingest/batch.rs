//! The database side of the second pass over a file of norm B2: a batch of invoices becomes claims,
//! duplicates and invoices put aside.

use super::IngestError;
use super::books::Books;
use super::invoices::{ALREADY_PAID, ALREADY_RECEIVED, ReadInvoice, is_duplicate};
use super::load_b2::WriteContext;
use crate::domain::{
    Claim, ClaimEvent, ClaimId, EventId, ExchangeId, Finding, FindingCode, InvoiceKey, NewClaim,
    PartState, Quarantined, Severity, Token, life_cycle,
};
use crate::kill_point;
use crate::outgoing::arl::NotLoaded;
use crate::store::{OpenDeposit, UnitOfWork};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// What the ARL tells of an invoice that stands aside.
fn told_again(stored: &Quarantined) -> NotLoaded {
    let reasons =
        stored.codes.iter().map(|code| (code.clone(), "Facture mise de côté".to_owned())).collect();
    NotLoaded {
        ps: stored.ps.clone(),
        lot: stored.lot.clone(),
        invoice_number: stored.invoice_number.clone(),
        reasons,
    }
}

/// Books an invoice that an earlier try of this load put aside, and tells its sender. Why it stands
/// aside is told as it is read now, where it still would be put aside.
pub(super) fn tell_again(stored: &Quarantined, lu: &ReadInvoice, books: &mut Books) {
    match lu {
        _ if is_duplicate(stored) => tell_duplicate(stored, books),
        ReadInvoice::Quarantined(told) => put_aside(stored, told.1.clone(), books),
        ReadInvoice::Claim(_) => put_aside(stored, told_again(stored), books),
    }
}

/// Books an invoice that stands aside for its faults, and tells its sender.
fn put_aside(invoice: &Quarantined, told: NotLoaded, books: &mut Books) {
    books.quarantine(u64::from(invoice.record_count));
    books.tell(told);
}

/// Nothing final is said of an invoice or a remittance that an open load holds: neither has that
/// load a receipt by which it could be named, nor is it sure to get one. Who meets it gives way and
/// comes back. Of two loads the later one does, so that they never wait for each other: the earlier
/// one refuses as duplicates what the later one holds, whose receipt then follows (or, should it be
/// given up, makes them wait in the quarantine).
pub(super) async fn give_way(
    met: impl IntoIterator<Item = ExchangeId>,
    loading: &WriteContext<'_>,
    work: &mut dyn UnitOfWork,
) -> Result<(), IngestError> {
    let met: HashSet<ExchangeId> =
        met.into_iter().filter(|id| *id != loading.exchange_id).collect();
    if met.is_empty() {
        return Ok(());
    }
    let goes_first = |load: &&OpenDeposit| {
        met.contains(&load.id)
            && (!loading.is_load || load.withdrawn || load.id < loading.exchange_id)
    };
    match work.open_loads().await?.iter().find(goes_first) {
        Some(load) => Err(IngestError::Held { exchange: load.id }),
        None => Ok(()),
    }
}

/// Writes one batch: a handful of statements, whatever its size.
pub(super) async fn write(
    batch: Vec<ReadInvoice>,
    loading: &WriteContext<'_>,
    work: &mut dyn UnitOfWork,
    books: &mut Books,
) -> Result<(), IngestError> {
    kill_point::reach("load.batch");
    let (mut claims, mut aside) = (Vec::new(), Vec::new());
    for lu in batch {
        match lu {
            ReadInvoice::Claim(claim) => claims.push(claim),
            ReadInvoice::Quarantined(told) => {
                put_aside(&told.0, told.1.clone(), books);
                aside.push(told.0.clone());
            }
        }
    }
    let known = latest(&claims, loading, work).await?;
    let (fresh, mut repeated) = sort(claims, &known)?;
    // Made while the database writes the claims; those of a claim that it leaves out fall away.
    let (inserted, mut events) =
        tokio::join!(work.insert_claims(&fresh), async { events(&fresh, loading) });
    let inserted: HashSet<ClaimId> = inserted?.into_iter().collect();
    let (written, raced): (Vec<_>, Vec<_>) =
        fresh.into_iter().partition(|c| inserted.contains(&c.claim.id));
    // The same invoice twice in this batch, or in a deposit that committed meanwhile: its original
    // is known by now.
    let known =
        if raced.is_empty() { HashMap::new() } else { latest(&raced, loading, work).await? };
    for claim in raced {
        // None any more: what held the invoice was taken back at this moment.
        let original = known
            .get(&claim.claim.identity)
            .filter(|first| !is_itself(first, &claim.claim))
            .ok_or(IngestError::Overtaken)?;
        repeated.push((claim, Original::of(original)));
    }
    kill_point::reach("load.claims");
    written.iter().for_each(|c| books.accept_claim(&c.claim));
    events.retain(|event| inserted.contains(&event.claim_id));
    if !events.is_empty() {
        work.insert_events(&events).await?;
    }
    for (claim, original) in &repeated {
        let refused = duplicate(&claim.claim, *original, loading);
        tell_duplicate(&refused, books);
        aside.push(refused);
    }
    if !aside.is_empty() {
        work.insert_quarantined(&aside).await?;
    }
    kill_point::reach("load.written");
    Ok(())
}

/// The latest claim of each invoice.
async fn latest(
    claims: &[Arc<NewClaim>],
    loading: &WriteContext<'_>,
    work: &mut dyn UnitOfWork,
) -> Result<HashMap<Token, Claim>, IngestError> {
    let invoices: Vec<InvoiceKey> = claims.iter().map(|c| c.claim.invoice_key()).collect();
    let known = work.latest_claims(&invoices).await?;
    give_way(known.iter().map(|claim| claim.exchange_id), loading, work).await?;
    Ok(known.into_iter().map(|c| (c.identity.clone(), c)).collect())
}

/// An identity with a live claim is a duplicate; one whose AMC part was rejected is a correction. A
/// claim of this very invoice means that somebody else loads the same deposit.
fn sort(
    claims: Vec<Arc<NewClaim>>,
    known: &HashMap<Token, Claim>,
) -> Result<(Vec<Arc<NewClaim>>, Vec<Repeated>), IngestError> {
    let (mut fresh, mut repeated) = (Vec::new(), Vec::new());
    for mut claim in claims {
        match known.get(&claim.claim.identity) {
            Some(first) if is_itself(first, &claim.claim) => return Err(IngestError::Overtaken),
            Some(first) if life_cycle::is_live(first.amo.state, first.amc.state) => {
                repeated.push((claim, Original::of(first)))
            }
            Some(rejected) => {
                Arc::make_mut(&mut claim).claim.corrects = Some(rejected.id);
                fresh.push(claim);
            }
            None => fresh.push(claim),
        }
    }
    Ok((fresh, repeated))
}

/// Whether both are one invoice of one file.
fn is_itself(stored: &Claim, read: &Claim) -> bool {
    stored.exchange_id == read.exchange_id && stored.ordinal == read.ordinal
}

/// A claim that is not written, and the one it repeats.
type Repeated = (Arc<NewClaim>, Original);

/// The claim that a duplicate repeats.
#[derive(Clone, Copy)]
struct Original {
    id: ClaimId,
    paid: bool,
}

impl Original {
    fn of(claim: &Claim) -> Self {
        Self { id: claim.id, paid: claim.amc.state == PartState::Paid }
    }
}

/// The first event of each claim.
fn events(claims: &[Arc<NewClaim>], loading: &WriteContext<'_>) -> Vec<ClaimEvent> {
    let first = |claim: &Claim| {
        let part = if claim.amc.state == PartState::NotRequested { &claim.amo } else { &claim.amc };
        ClaimEvent::of(
            claim,
            part,
            EventId(loading.clock.new_id()),
            1,
            Some(loading.exchange_id),
            loading.at,
        )
    };
    claims.iter().map(|new| first(&new.claim)).collect()
}

/// Books a duplicate and tells its sender.
fn tell_duplicate(refused: &Quarantined, books: &mut Books) {
    let paid = refused.codes.iter().any(|code| code == ALREADY_PAID);
    let (code, message) = if paid {
        (ALREADY_PAID, "Facture déjà payée")
    } else {
        (ALREADY_RECEIVED, "Facture déjà reçue")
    };
    books.duplicate(u64::from(refused.record_count));
    let message = refused
        .duplicate_of
        .map_or_else(|| message.to_owned(), |original| format!("{message} : demande {original}"));
    books.tell(NotLoaded {
        ps: refused.ps.clone(),
        lot: refused.lot.clone(),
        invoice_number: refused.invoice_number.clone(),
        reasons: vec![(code.to_owned(), message.clone())],
    });
    books.find(Finding::on_invoice(
        FindingCode::new(code, "C14"),
        Severity::Invoice,
        refused.first_record,
        "2",
        message,
        refused.invoice_number.clone(),
    ));
}

fn duplicate(claim: &Claim, original: Original, loading: &WriteContext<'_>) -> Quarantined {
    let code = if original.paid { ALREADY_PAID } else { ALREADY_RECEIVED };
    Quarantined {
        exchange_id: loading.exchange_id,
        ordinal: claim.ordinal,
        ps: claim.ps.clone(),
        invoice_number: claim.invoice_number.clone(),
        lot: claim.lot.clone(),
        codes: vec![code.to_owned()],
        first_record: claim.first_record,
        record_count: claim.record_count,
        offset: 0,
        duplicate_of: Some(original.id),
        resolved_by: None,
        at: loading.at,
    }
}
