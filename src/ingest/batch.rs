//! The database side of the second pass over a file of norm B2: a batch of invoices becomes claims, duplicates and invoices put aside.

use super::IngestError;
use super::books::Books;
use super::invoices::Lu;
use super::load::hold;
use super::load_b2::Loading;
use crate::domain::{Anomalie, Claim, ClaimEvent, ClaimId, EventId, PartState, Quarantined, Token, life_cycle};
use crate::kill_point;
use crate::returns::arl::Aside;
use crate::store::{NewClaim, Store, UnitOfWork};
use noemie_parsers::anomaly::Severity;
use std::collections::{HashMap, HashSet};

/// The invoice has a claim that waits or is accepted.
const ALREADY_RECEIVED: &str = "DEJA_RECUE";
/// The invoice has a claim that is paid.
const ALREADY_PAID: &str = "DEJA_PAYEE";

/// Writes one batch of a load in a transaction of its own.
pub(super) async fn write_alone(
    batch: Vec<Lu>,
    loading: &Loading<'_>,
    store: &dyn Store,
    resumed: bool,
    books: &mut Books,
) -> Result<(), IngestError> {
    let mut work = store.begin().await?;
    hold(work.as_mut(), loading.exchange_id).await?;
    let batch = if resumed { without_known(batch, loading, work.as_mut(), books).await? } else { batch };
    write(batch, loading, work.as_mut(), books).await?;
    work.commit().await?;
    kill_point::reach("load.committed");
    Ok(())
}

/// Books what an earlier try of this load wrote of the batch, and answers the rest.
async fn without_known(batch: Vec<Lu>, loading: &Loading<'_>, work: &mut dyn UnitOfWork, books: &mut Books) -> Result<Vec<Lu>, IngestError> {
    let ranks = (batch.first().map_or(0, Lu::rank), batch.last().map_or(0, Lu::rank));
    let claims = batch.iter().filter_map(|lu| if let Lu::Claim(claim) = lu { Some(claim.claim.identity.clone()) } else { None });
    let known = work.loaded(loading.exchange_id, &claims.collect::<Vec<_>>(), ranks).await?;
    let aside: HashMap<u64, Quarantined> = known.aside.into_iter().map(|q| (q.ordinal, q)).collect();
    let mut rest = Vec::with_capacity(batch.len());
    for lu in batch {
        match (&lu, aside.get(&lu.rank())) {
            (Lu::Claim(claim), _) if known.claims.contains(&claim.claim.ordinal) => books.accept_claim(&claim.claim),
            (Lu::Claim(claim), Some(stored)) if Original::is_told(stored) => {
                tell_duplicate(&claim.claim, Original::told(stored), books);
            }
            // An earlier version put it aside: what is written stands, and is told.
            (Lu::Claim(_), Some(stored)) => put_aside(&(stored.clone(), told_again(stored)), books),
            (Lu::Aside(told), Some(_)) => put_aside(told, books),
            (_, None) => rest.push(lu),
        }
    }
    Ok(rest)
}

/// What the ARL tells of an invoice that stands aside.
fn told_again(stored: &Quarantined) -> Aside {
    let reasons = stored.codes.iter().map(|code| (code.clone(), "Facture mise de côté".to_owned())).collect();
    Aside { ps: stored.ps.clone(), lot: stored.lot.clone(), invoice_number: stored.invoice_number.clone(), reasons }
}

/// Books an invoice that the first pass put aside, and tells its sender.
fn put_aside(told: &(Quarantined, Aside), books: &mut Books) {
    books.quarantine(u64::from(told.0.record_count));
    books.tell(told.1.clone());
}

/// Writes one batch: a handful of statements, whatever its size.
pub(super) async fn write(batch: Vec<Lu>, loading: &Loading<'_>, work: &mut dyn UnitOfWork, books: &mut Books) -> Result<(), IngestError> {
    kill_point::reach("load.batch");
    let (mut claims, mut aside) = (Vec::new(), Vec::new());
    for lu in batch {
        match lu {
            Lu::Claim(claim) => claims.push(*claim),
            Lu::Aside(told) => {
                put_aside(&told, books);
                aside.push(told.0);
            }
        }
    }
    let identities: Vec<Token> = claims.iter().map(|c| c.claim.identity.clone()).collect();
    let known = latest(&identities, work).await?;
    let (mut fresh, mut repeated) = sort(claims, &known)?;
    let inserted: HashSet<ClaimId> = work.insert_claims(&fresh).await?.into_iter().collect();
    let (written, raced): (Vec<NewClaim>, Vec<NewClaim>) = fresh.drain(..).partition(|c| inserted.contains(&c.claim.id));
    // The same invoice twice in this batch, or in a deposit that committed meanwhile: its original is known by now.
    let identities: Vec<Token> = raced.iter().map(|c| c.claim.identity.clone()).collect();
    let known = if raced.is_empty() { HashMap::new() } else { latest(&identities, work).await? };
    for claim in raced {
        let original = known.get(&claim.claim.identity);
        if original.is_some_and(|first| is_itself(first, &claim.claim)) {
            return Err(IngestError::Overtaken);
        }
        repeated.push((claim, original.map(Original::of)));
    }
    kill_point::reach("load.claims");
    events(&written, loading, work, books).await?;
    for (claim, original) in &repeated {
        let code = tell_duplicate(&claim.claim, *original, books);
        aside.push(duplicate(&claim.claim, code, *original, loading));
    }
    if !aside.is_empty() {
        work.insert_quarantined(&aside).await?;
    }
    kill_point::reach("load.written");
    Ok(())
}

/// The latest claim of each identity.
async fn latest(identities: &[Token], work: &mut dyn UnitOfWork) -> Result<HashMap<Token, Claim>, IngestError> {
    Ok(work.latest_claims(identities).await?.into_iter().map(|c| (c.identity.clone(), c)).collect())
}

/// An identity with a live claim is a duplicate; one whose AMC part was rejected is a correction. A claim of this very invoice means that somebody else
/// loads the same deposit.
fn sort(claims: Vec<NewClaim>, known: &HashMap<Token, Claim>) -> Result<(Vec<NewClaim>, Vec<Repeated>), IngestError> {
    let (mut fresh, mut repeated) = (Vec::new(), Vec::new());
    for mut claim in claims {
        match known.get(&claim.claim.identity) {
            Some(first) if is_itself(first, &claim.claim) => return Err(IngestError::Overtaken),
            Some(first) if life_cycle::is_live(first.amo.state, first.amc.state) => repeated.push((claim, Some(Original::of(first)))),
            Some(rejected) => {
                claim.claim.corrects = Some(rejected.id);
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
type Repeated = (NewClaim, Option<Original>);

/// The claim that a duplicate repeats.
#[derive(Clone, Copy)]
struct Original {
    id: ClaimId,
    paid: bool,
}

impl Original {
    /// Whether an earlier try of the load wrote the invoice as a duplicate.
    fn is_told(stored: &Quarantined) -> bool {
        stored.codes.iter().any(|code| code == ALREADY_PAID || code == ALREADY_RECEIVED)
    }

    /// As an earlier try of the load wrote it.
    fn told(stored: &Quarantined) -> Option<Self> {
        let paid = stored.codes.iter().any(|code| code == ALREADY_PAID);
        stored.duplicate_of.map(|id| Self { id, paid })
    }

    fn of(claim: &Claim) -> Self {
        Self { id: claim.id, paid: claim.amc.state == PartState::Paid }
    }
}

async fn events(written: &[NewClaim], loading: &Loading<'_>, work: &mut dyn UnitOfWork, books: &mut Books) -> Result<(), IngestError> {
    let mut events = Vec::with_capacity(written.len());
    for NewClaim { claim, .. } in written {
        books.accept_claim(claim);
        let part = if claim.amc.state == PartState::NotRequested { &claim.amo } else { &claim.amc };
        events.push(ClaimEvent::of(claim, part, EventId(loading.clock.new_id()), 1, Some(loading.exchange_id), loading.at));
    }
    if !events.is_empty() {
        work.insert_events(&events).await?;
    }
    Ok(())
}

/// Books a duplicate and tells its sender. Answers its code.
fn tell_duplicate(claim: &Claim, original: Option<Original>, books: &mut Books) -> &'static str {
    let (code, message) = match original {
        Some(Original { paid: true, .. }) => (ALREADY_PAID, "Facture déjà payée"),
        _ => (ALREADY_RECEIVED, "Facture déjà reçue"),
    };
    books.duplicate(u64::from(claim.record_count));
    let message = original.map_or_else(|| message.to_owned(), |o| format!("{message} : demande {}", o.id));
    books.tell(Aside {
        ps: claim.ps.clone(),
        lot: claim.lot.clone(),
        invoice_number: claim.invoice_number.clone(),
        reasons: vec![(code.to_owned(), message.clone())],
    });
    books.find(Anomalie {
        ordinal: 0,
        code: code.to_owned(),
        control: "C14".to_owned(),
        severity: Severity::Facture.as_str().to_owned(),
        record: claim.first_record,
        record_type: "2".to_owned(),
        column: 1,
        offset: 0,
        length: 0,
        field: String::new(),
        value: String::new(),
        message,
        invoice_number: claim.invoice_number.clone(),
    });
    code
}

fn duplicate(claim: &Claim, code: &str, original: Option<Original>, loading: &Loading<'_>) -> Quarantined {
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
        duplicate_of: original.map(|o| o.id),
        resolved_by: None,
        at: loading.at,
    }
}
