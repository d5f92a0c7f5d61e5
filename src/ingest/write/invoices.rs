//! Writes a batch of invoices of norm B2: claims, duplicates and quarantined invoices.

use super::duplicates::{self, Original, Place, duplicate};
use super::held;
use super::open_deposits::wait_for_open;
use super::returns::write_answers;
use super::totals::Totals;
use crate::domain::{
    Actor, Claim, ClaimEvent, ClaimId, EventId, FactSource, InvoiceKey, NewClaim, Role, Token,
};
use crate::fault;
use crate::ingest::IngestError;
use crate::ingest::matching::by_identity;
use crate::kill_point;
use crate::normalise::{DepositContext, ReadInvoice};
use crate::settle::by_invoice;
use crate::store::UnitOfWork;
use noemie_parsers::types::Montant;
use std::collections::HashSet;
use std::sync::Arc;

/// A claim that is not written, and the claim that it repeats.
type Repeated = (Arc<NewClaim>, Original);

/// Writes one batch, in a handful of statements whatever its size.
pub(super) async fn write(
    batch: Vec<ReadInvoice>,
    context: &DepositContext,
    work: &mut dyn UnitOfWork,
    totals: &mut Totals,
) -> Result<(), IngestError> {
    kill_point::reach("load.batch");
    let (mut claims, mut quarantined, mut notices) = (Vec::new(), Vec::new(), Vec::new());
    for invoice in batch {
        match invoice {
            ReadInvoice::Claim(claim) => claims.push(claim),
            ReadInvoice::Quarantined(invoice) => {
                totals.count_quarantined(&invoice.0, invoice.1.clone());
                quarantined.push(invoice.0.clone());
            }
            ReadInvoice::Notice(answer) => notices.push(Arc::unwrap_or_clone(answer)),
        }
    }
    if !notices.is_empty() {
        let unmatched = write_answers(notices, context, work, totals).await?;
        if !unmatched.is_empty() {
            work.insert_unmatched_returns(context.origin.exchange_id, &unmatched).await?;
        }
    }
    for (new, original) in write_claims(claims, context, work, totals).await? {
        let duplicate = duplicate(&new.claim, original, context);
        duplicates::report(&duplicate, totals);
        quarantined.push(duplicate);
    }
    if !quarantined.is_empty() {
        work.insert_quarantined(&quarantined).await?;
    }
    kill_point::reach("load.written");
    Ok(())
}

/// Writes claims with their first events, and copies of other senders' invoices without; returns
/// those that repeat an attempt of this sender.
async fn write_claims(
    claims: Vec<Arc<NewClaim>>,
    context: &DepositContext,
    work: &mut dyn UnitOfWork,
    totals: &mut Totals,
) -> Result<Vec<Repeated>, IngestError> {
    let attempts = known_attempts(&claims, context, work).await?;
    let Sorted { mut new, mut copies, mut repeated } = sort(claims, &attempts)?;
    count_earlier_money(&mut new, &attempts, work).await?;
    // Events are made while the database writes the claims; the events of claims that it leaves out
    // are dropped.
    let (inserted, mut events) =
        tokio::join!(work.insert_claims(&new), async { first_events(&new, context) });
    let inserted: HashSet<ClaimId> = inserted?.into_iter().collect();
    let (written, left_out): (Vec<_>, Vec<_>) =
        new.into_iter().partition(|new| inserted.contains(&new.claim.id));
    let late = sort_left_out(left_out, context, work).await?;
    repeated.extend(late.repeated);
    copies.extend(late.copies);
    held::write(&copies, context, work).await?;
    kill_point::reach("load.claims");
    written.iter().chain(&copies).for_each(|new| totals.count_claim(&new.claim));
    events.retain(|event| inserted.contains(&event.claim_id));
    if fault::is_on(fault::DOUBLED_EVENT)
        && let Some(first) = events.first()
    {
        let event_id = EventId(context.clock.new_id());
        events.push(ClaimEvent { event_id, sequence: 2, ..first.clone() });
    }
    if !events.is_empty() {
        work.insert_events(&events).await?;
    }
    Ok(repeated)
}

/// Computes the parts of new attempts from the money of the attempts before them: a part
/// that is paid stays paid.
async fn count_earlier_money(
    new: &mut [Arc<NewClaim>],
    attempts: &[Claim],
    work: &mut dyn UnitOfWork,
) -> Result<(), IngestError> {
    let corrected: HashSet<&Token> = new
        .iter()
        .filter(|new| new.claim.corrects.is_some())
        .map(|new| &new.claim.identity)
        .collect();
    let earlier = attempts.iter().filter(|claim| corrected.contains(&claim.identity));
    let earlier: Vec<ClaimId> = earlier.map(|claim| claim.id).collect();
    if earlier.is_empty() {
        return Ok(());
    }
    let told = by_invoice(attempts, work.outcomes_of(&earlier).await?);
    for new in new.iter_mut() {
        let Some(outcomes) = told.get(&new.claim.identity) else { continue };
        let claim = &mut Arc::make_mut(new).claim;
        let at = claim.received_at;
        claim.apply(outcomes, at);
    }
    Ok(())
}

/// Locks and reads every attempt of the invoices of claims, oldest first.
async fn known_attempts(
    claims: &[Arc<NewClaim>],
    context: &DepositContext,
    work: &mut dyn UnitOfWork,
) -> Result<Vec<Claim>, IngestError> {
    let invoices: Vec<InvoiceKey> = claims.iter().map(|new| new.claim.invoice_key()).collect();
    let known = work.lock_attempts(&invoices).await?;
    wait_for_open(known.iter().map(|claim| claim.exchange_id), context, work).await?;
    Ok(known)
}

/// Claims of a batch, by what becomes of them.
#[derive(Default)]
struct Sorted {
    /// New invoices, and attempts that correct an earlier one.
    new: Vec<Arc<NewClaim>>,
    /// Copies of invoices that another sender sent before.
    copies: Vec<Arc<NewClaim>>,
    /// Repetitions of attempts of this sender.
    repeated: Vec<Repeated>,
}

impl Sorted {
    fn add(&mut self, mut claim: Arc<NewClaim>, place: Place) {
        match place {
            Place::New => self.new.push(claim),
            Place::Corrects(rejected) => {
                Arc::make_mut(&mut claim).claim.corrects = Some(rejected);
                self.new.push(claim);
            }
            Place::Repeats(original) => self.repeated.push((claim, original)),
            Place::Copies => {
                let is_same = |copy: &&Arc<NewClaim>| copy.claim.identity == claim.claim.identity;
                if let Some(first) = self.copies.iter().find(is_same) {
                    let original = Original::of(&first.claim);
                    self.repeated.push((claim, original));
                } else {
                    Arc::make_mut(&mut claim).claim.hold();
                    self.copies.push(claim);
                }
            }
        }
    }
}

/// Sorts claims beside the attempts of their invoices, oldest first. A claim of this very invoice
/// means that another process writes the same deposit.
fn sort(claims: Vec<Arc<NewClaim>>, attempts: &[Claim]) -> Result<Sorted, IngestError> {
    let known = by_identity(attempts);
    let mut sorted = Sorted::default();
    for claim in claims {
        let attempts = known.get(&claim.claim.identity).map_or(&[][..], Vec::as_slice);
        if attempts.iter().any(|first| is_same_invoice(first, &claim.claim)) {
            return Err(IngestError::Overtaken);
        }
        let place = Place::of(&claim.claim.sender, attempts);
        sorted.add(claim, place);
    }
    Ok(sorted)
}

/// Sorts the claims that the database left out: the same invoice came twice in this batch, or in a
/// deposit that committed meanwhile. A claim without original means that the original was deleted
/// at this moment, with a deposit being withdrawn.
async fn sort_left_out(
    left_out: Vec<Arc<NewClaim>>,
    context: &DepositContext,
    work: &mut dyn UnitOfWork,
) -> Result<Sorted, IngestError> {
    let mut sorted = Sorted::default();
    if left_out.is_empty() {
        return Ok(sorted);
    }
    let attempts = known_attempts(&left_out, context, work).await?;
    let known = by_identity(&attempts);
    for claim in left_out {
        let attempts = known.get(&claim.claim.identity).map_or(&[][..], Vec::as_slice);
        let current = attempts.iter().rev().find(|first| first.is_current());
        let current = current.or(attempts.last()).ok_or(IngestError::Overtaken)?;
        if attempts.iter().any(|first| is_same_invoice(first, &claim.claim)) {
            return Err(IngestError::Overtaken);
        }
        let place = match Place::of(&claim.claim.sender, attempts) {
            Place::New | Place::Corrects(_) => Place::Repeats(Original::of(current)),
            place => place,
        };
        sorted.add(claim, place);
    }
    Ok(sorted)
}

/// Returns whether both claims are one invoice of one file.
fn is_same_invoice(stored: &Claim, read: &Claim) -> bool {
    stored.exchange_id == read.exchange_id && stored.ordinal == read.ordinal
}

/// Makes the first event of each claim.
fn first_events(claims: &[Arc<NewClaim>], context: &DepositContext) -> Vec<ClaimEvent> {
    let origin = &context.origin;
    let source = FactSource {
        actor: Actor::depositor(&origin.sender, Role::Concentrator),
        exchange_id: Some(origin.exchange_id),
        at: origin.received_at,
    };
    let first = |claim: &Claim| {
        let part = if claim.amc.asked == Montant::ZERO { &claim.amo } else { &claim.amc };
        let id = EventId(context.clock.new_id());
        ClaimEvent::of(claim, part, id, 1, &source)
    };
    claims.iter().map(|new| first(&new.claim)).collect()
}
