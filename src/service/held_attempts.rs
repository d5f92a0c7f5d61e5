//! Copies of invoices that another sender sent before: the list of the desk, and its decisions.

use super::view::ClaimView;
use crate::clock::SharedClock;
use crate::domain::civil_time::paris_date;
use crate::domain::{
    Actor, Caller, Claim, ClaimEvent, ClaimId, ClaimPart, DecisionAuthor, EventId, FactSource,
    FreeText, HeldAttempt, Hold, HoldDecision, HoldResolution, Page, PageToken, Role,
};
use crate::settle::settle;
use crate::store::{PartChange, SharedStore, StoreError, UnitOfWork};
use noemie_parsers::types::Montant;
use time::{Date, OffsetDateTime};

/// Most held attempts of one page.
pub const MAX_HELD: usize = 100;

/// Most claims read to find the current attempts of the copies of a page.
const MAX_ATTEMPTS: usize = 2_000;

/// A held attempt beside the attempt that counts for its invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldView {
    /// The copy.
    pub copy: ClaimView,
    /// The attempt that counts; `None` when there is none.
    pub current: Option<ClaimView>,
    /// Instant of the deposit of the copy.
    pub held_at: OffsetDateTime,
    /// End of the business day by which the desk decides.
    pub decide_by: OffsetDateTime,
    /// Whether that day is over.
    pub is_late: bool,
}

/// Decision of the desk about a held attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecideHeld<'a> {
    /// The copy.
    pub claim_id: ClaimId,
    /// Decision.
    pub decision: HoldDecision,
    /// Why.
    pub why: &'a FreeText,
    /// Author, as the caller states it.
    pub stated_author: Option<&'a FreeText>,
}

/// Reason for which a held attempt was not decided. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum HeldError {
    /// The caller is in another role.
    #[error("{name} may not decide about held attempts: this is for the desk and for operators")]
    NotAllowed {
        /// Name of the caller.
        name: String,
    },
    /// No reason is given.
    #[error("say why")]
    WhyMissing,
    /// The claim does not exist, or lies outside the scope of the caller.
    #[error("claim {0} not found")]
    UnknownClaim(ClaimId),
    /// The claim is no copy of another sender's invoice.
    #[error("claim {0} is not held")]
    NotHeld(ClaimId),
    /// The copy was released before: it is worked on.
    #[error("claim {claim_id} was released on {day}")]
    AlreadyReleased {
        /// The claim.
        claim_id: ClaimId,
        /// Day of the release, in Paris.
        day: Date,
    },
    /// An attempt of the invoice is in a large deposit that has no receipt yet.
    #[error("another deposit with the invoice of claim {0} is being written: try again later")]
    BeingWritten(ClaimId),
    /// The store failed.
    #[error("asking the store")]
    Store(#[from] StoreError),
}

/// Lists held attempts and decides about them, for callers.
#[derive(Clone)]
pub struct HeldAttempts {
    store: SharedStore,
    clock: SharedClock,
}

impl HeldAttempts {
    /// Makes the service over a store.
    #[must_use]
    pub fn new(store: SharedStore, clock: SharedClock) -> Self {
        Self { store, clock }
    }

    /// Returns a page of the held attempts about which the desk has to decide, most urgent first;
    /// at most [`MAX_HELD`].
    pub async fn list(
        &self,
        caller: &Caller,
        after: Option<PageToken>,
        limit: usize,
    ) -> Result<Page<HeldView>, HeldError> {
        require_desk(caller)?;
        let now = self.clock.now();
        let page = self.store.held_attempts(&caller.scope, after, limit.min(MAX_HELD)).await?;
        let ids: Vec<ClaimId> = page.items.iter().map(|held| held.claim_id).collect();
        let copies = self.store.claims_by_id(&caller.scope, &ids).await?;
        let attempts = self.attempts(caller, &copies).await?;
        let view = |held: HeldAttempt| {
            let copy = copies.iter().find(|claim| claim.id == held.claim_id)?;
            let counts = |claim: &&Claim| claim.identity == copy.identity && claim.is_current();
            let current = attempts.iter().find(counts);
            Some(HeldView {
                copy: ClaimView::of_claim(copy, &[], now),
                current: current.map(|claim| ClaimView::of_claim(claim, &[], now)),
                held_at: held.held_at,
                decide_by: held.decide_by,
                is_late: held.decide_by < now,
            })
        };
        let items = page.items.into_iter().filter_map(view).collect();
        Ok(Page { items, next: page.next })
    }

    /// Releases or dismisses a held attempt, and returns it. The same decision once more writes
    /// nothing; a dismissed attempt may still be released.
    pub async fn decide(
        &self,
        caller: &Caller,
        request: DecideHeld<'_>,
    ) -> Result<ClaimView, HeldError> {
        require_desk(caller)?;
        if request.why.as_str().trim().is_empty() {
            return Err(HeldError::WhyMissing);
        }
        let claim_id = request.claim_id;
        let mut work = self.store.begin().await?;
        let keys = work.invoice_keys(&[claim_id]).await?;
        let mut attempts = work.lock_attempts(&keys).await?;
        let index = attempts
            .iter()
            .position(|claim| claim.id == claim_id && caller.scope.covers_claim(claim))
            .ok_or(HeldError::UnknownClaim(claim_id))?;
        let held = work.held_attempt(claim_id).await?.ok_or(HeldError::NotHeld(claim_id))?;
        let now = self.clock.now();
        match held.resolution {
            Some(HoldResolution { decision, .. }) if decision == request.decision => {
                return Ok(ClaimView::of_claim(&attempts[index], &[], now));
            }
            Some(HoldResolution { decision: HoldDecision::Released, at, .. }) => {
                return Err(HeldError::AlreadyReleased { claim_id, day: paris_date(at) });
            }
            _ => {}
        }
        let open = work.open_deposits().await?;
        if attempts.iter().any(|claim| open.iter().any(|deposit| deposit.id == claim.exchange_id)) {
            return Err(HeldError::BeingWritten(claim_id));
        }
        let author = DecisionAuthor::of(caller, request.stated_author.cloned());
        let copy = attempts.remove(index);
        let copy = match request.decision {
            HoldDecision::Released => {
                self.release(copy, attempts, &author, now, work.as_mut()).await?
            }
            _ => dismiss(copy, now, work.as_mut()).await?,
        };
        let why = request.why.clone();
        let resolution = HoldResolution { decision: request.decision, at: now, author, why };
        work.resolve_held(&HeldAttempt { resolution: Some(resolution), ..held }).await?;
        work.commit().await?;
        tracing::info!(%claim_id, decision = request.decision.as_str(), caller = caller.name,
            "held attempt decided");
        Ok(ClaimView::of_claim(&copy, &[], now))
    }

    /// Makes a copy the attempt that counts: it replaces the others, and gets its first event.
    async fn release(
        &self,
        mut copy: Claim,
        mut attempts: Vec<Claim>,
        author: &DecisionAuthor,
        now: OffsetDateTime,
        work: &mut dyn UnitOfWork,
    ) -> Result<Claim, HeldError> {
        let source = FactSource {
            actor: Actor::author(author),
            exchange_id: Some(copy.exchange_id),
            at: now,
        };
        if let Some(current) = attempts.iter_mut().rev().find(|claim| claim.is_current()) {
            current.corrected_by = Some(copy.id);
            copy.corrects = Some(current.id);
            work.set_corrects(copy.id, current.id).await?;
        }
        let clock = self.clock.as_ref();
        // The earlier attempt stops being live first: an invoice has at most one live claim.
        let superseded = FactSource { exchange_id: None, ..source.clone() };
        settle(&mut attempts, &superseded, clock, work).await?;
        let ids: Vec<ClaimId> = attempts.iter().map(|claim| claim.id).collect();
        let outcomes = work.outcomes_of(&ids).await?;
        copy.hold = None;
        copy.version = 1;
        copy.apply(&outcomes, now);
        write_parts(&copy, work).await?;
        let part = if copy.amc.asked == Montant::ZERO { &copy.amo } else { &copy.amc };
        let event = ClaimEvent::of(&copy, part, EventId(clock.new_id()), 1, &source);
        work.insert_events(&[event]).await?;
        Ok(copy)
    }

    /// Returns the attempts with PS and invoice number of a copy, at most [`MAX_ATTEMPTS`]. The
    /// number of statements does not depend on the number of copies.
    async fn attempts(&self, caller: &Caller, copies: &[Claim]) -> Result<Vec<Claim>, StoreError> {
        let number = |copy: &Claim| (copy.invoice_number.clone(), copy.ps.clone());
        let invoices: Vec<(String, String)> = copies.iter().map(number).collect();
        self.store.claims_numbered(&caller.scope, &invoices, MAX_ATTEMPTS).await
    }
}

/// Ends a hold without treating the copy.
async fn dismiss(
    mut copy: Claim,
    now: OffsetDateTime,
    work: &mut dyn UnitOfWork,
) -> Result<Claim, StoreError> {
    copy.hold = Some(Hold::Dismissed);
    copy.apply(&[], now);
    write_parts(&copy, work).await?;
    Ok(copy)
}

async fn write_parts(claim: &Claim, work: &mut dyn UnitOfWork) -> Result<(), StoreError> {
    let change = |part: &ClaimPart| PartChange { claim_id: claim.id, part: part.clone() };
    work.update_parts(&[change(&claim.amo), change(&claim.amc)]).await
}

/// Refuses a caller who is neither of the desk nor an operator.
fn require_desk(caller: &Caller) -> Result<(), HeldError> {
    match caller.role {
        Role::Desk | Role::Operator => Ok(()),
        _ => Err(HeldError::NotAllowed { name: caller.name.clone() }),
    }
}
