//! Records the match of an answer with a claim, or takes one back: journal, outcomes, parts and
//! events in one transaction.

use super::Matches;
use crate::clock::Clock;
use crate::domain::{
    Actor, AnswerPlace, Caller, Claim, ClaimId, DecisionAuthor, FactSource, FreeText, InvoiceKey,
    KeptReturn, MatchId, RecordedMatch,
};
use crate::service::view::ClaimView;
use crate::settle::settle;
use crate::store::{Store, StoreError, UnitOfWork};

/// Largest number of transactions tried for one match: a conflict with another change begins a new
/// one.
const MAX_ATTEMPTS: u32 = 3;

/// A match to record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchRequest {
    /// The answer.
    pub answer: AnswerPlace,
    /// Change.
    pub change: MatchChange,
    /// Reason, at least one character.
    pub why: FreeText,
    /// Person or program that decides, as the caller states it.
    pub decided_by: Option<FreeText>,
    /// Number of matches recorded about the answer as the caller saw it; `None` when the match
    /// holds on any number.
    pub expected_version: Option<u64>,
}

/// Change of the claim that an answer is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MatchChange {
    /// The answer is about this claim.
    Match(ClaimId),
    /// The match that a person recorded is taken back.
    Undo,
}

/// A recorded change, with the claim that it concerns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedChange {
    /// The match; `None` when the same match was recorded before, so that this call wrote nothing.
    pub match_id: Option<MatchId>,
    /// The claim after the change: the one matched, or the one from which the answer was taken.
    pub view: ClaimView,
    /// Claim of the identity of the answer, with which it is matched now that a person's match is
    /// taken back.
    pub exact: Option<ClaimId>,
    /// Matches recorded about the answer.
    pub version: u64,
}

/// Reason why a match is not recorded. The transaction was rolled back.
#[derive(Debug, thiserror::Error)]
pub enum MatchError {
    /// The answer does not exist, or lies outside the scope of the caller.
    #[error("no answer of rank {} in exchange {}", .0.ordinal, .0.exchange_id)]
    UnknownAnswer(AnswerPlace),
    /// The claim does not exist, or lies outside the scope of the caller.
    #[error("claim {0} not found")]
    UnknownClaim(ClaimId),
    /// The claim is a copy of another sender's invoice that the desk holds or dismissed.
    #[error("claim {0} is a copy of another sender's invoice that the desk has not released")]
    Held(ClaimId),
    /// The answer is of a test file and the claim is real, or the other way round.
    #[error("the answer and claim {0} are not in one lane: one of them is a test")]
    OtherLane(ClaimId),
    /// The controls refuse the answer, so that it says nothing about a claim.
    #[error("the answer is quarantined for its faults and matches no claim")]
    Quarantined,
    /// The answer has the identity of a claim, and is with it.
    #[error("the answer has the identity of claim {0} and is matched with it")]
    MatchedExactly(ClaimId),
    /// A person matched the answer with another claim.
    #[error("the answer is matched with claim {0}: take that match back first")]
    MatchedOtherwise(ClaimId),
    /// No person matched the answer, so that nothing can be taken back.
    #[error("no person matched the answer: there is nothing to take back")]
    NotMatched,
    /// Matches were recorded since the caller looked, or at the same moment.
    #[error("{version} matches of the answer are recorded: look at it again")]
    Stale {
        /// Matches recorded about the answer.
        version: u64,
    },
    /// The reason is empty.
    #[error("a match needs a reason")]
    ReasonMissing,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Matches {
    /// Records a match, or takes one back.
    #[tracing::instrument(
        name = "matches.record",
        skip_all,
        fields(exchange = %request.answer.exchange_id, ordinal = request.answer.ordinal)
    )]
    pub async fn record(
        &self,
        caller: &Caller,
        request: &MatchRequest,
    ) -> Result<RecordedChange, MatchError> {
        let mut attempt = 1;
        loop {
            let store = self.store.as_ref();
            match record_once(store, self.clock.as_ref(), caller, request).await {
                Err(MatchError::Store(error))
                    if error.worth_a_retry() && attempt < MAX_ATTEMPTS =>
                {
                    attempt += 1;
                }
                outcome => return outcome,
            }
        }
    }
}

async fn record_once(
    store: &dyn Store,
    clock: &dyn Clock,
    caller: &Caller,
    request: &MatchRequest,
) -> Result<RecordedChange, MatchError> {
    if request.why.as_str().trim().is_empty() {
        return Err(MatchError::ReasonMissing);
    }
    let mut work = store.begin().await?;
    let kept = answer_of(work.as_mut(), caller, request.answer).await?;
    if request.expected_version.is_some_and(|expected| expected != kept.version) {
        return Err(MatchError::Stale { version: kept.version });
    }
    match request.change {
        MatchChange::Match(claim) => record_match(work, clock, caller, request, &kept, claim).await,
        MatchChange::Undo => undo(work, clock, caller, request, &kept).await,
    }
}

/// Returns the answer; an answer that matched when it came is no answer of the work list.
async fn answer_of(
    work: &mut dyn UnitOfWork,
    caller: &Caller,
    place: AnswerPlace,
) -> Result<KeptReturn, MatchError> {
    let unknown = MatchError::UnknownAnswer(place);
    let Some(kept) = work.kept_return(place).await? else {
        let claim = match work.claim_of_answer(place).await? {
            Some(id) => work.lock_claim(id).await?,
            None => None,
        };
        let covered = claim.filter(|claim| caller.scope.covers_claim(claim));
        return Err(covered.map_or(unknown, |claim| MatchError::MatchedExactly(claim.id)));
    };
    if !caller.scope.covers_answer(&kept) {
        return Err(unknown);
    }
    if kept.answer.is_quarantined {
        return Err(MatchError::Quarantined);
    }
    Ok(kept)
}

async fn record_match(
    mut work: Box<dyn UnitOfWork>,
    clock: &dyn Clock,
    caller: &Caller,
    request: &MatchRequest,
    kept: &KeptReturn,
    claim: ClaimId,
) -> Result<RecordedChange, MatchError> {
    match kept.claim_id {
        Some(with) if !kept.is_by_hand => return Err(MatchError::MatchedExactly(with)),
        Some(with) if with != claim => return Err(MatchError::MatchedOtherwise(with)),
        _ => {}
    }
    let keys = work.invoice_keys(&[claim]).await?;
    let mut attempts = visible_attempts(work.as_mut(), &keys).await?;
    let found = attempts.iter().find(|c| c.id == claim && caller.scope.covers_claim(c));
    let Some(found) = found else { return Err(MatchError::UnknownClaim(claim)) };
    if found.hold.is_some() {
        return Err(MatchError::Held(claim));
    }
    if found.lane != kept.lane {
        return Err(MatchError::OtherLane(claim));
    }
    if kept.claim_id.is_some() {
        let view = ClaimView::of_claim(found, &[], clock.now());
        return Ok(RecordedChange { match_id: None, view, exact: None, version: kept.version });
    }
    if !work.move_answer(request.answer, None, Some(claim), true).await? {
        return Err(MatchError::Stale { version: kept.version + 1 });
    }
    let recorded = new_match(clock, caller, request, Some(claim));
    let source = FactSource {
        actor: Actor::author(&recorded.author),
        exchange_id: Some(kept.exchange_id),
        at: recorded.at,
    };
    settle(&mut attempts, &source, clock, work.as_mut()).await?;
    finish(work, clock, kept, &recorded, &attempts, (claim, None)).await
}

async fn undo(
    mut work: Box<dyn UnitOfWork>,
    clock: &dyn Clock,
    caller: &Caller,
    request: &MatchRequest,
    kept: &KeptReturn,
) -> Result<RecordedChange, MatchError> {
    let with = match kept.claim_id {
        Some(with) if kept.is_by_hand => with,
        Some(with) => return Err(MatchError::MatchedExactly(with)),
        None => return Err(MatchError::NotMatched),
    };
    let mut keys = work.invoice_keys(&[with]).await?;
    keys.extend(own_keys(kept));
    let mut attempts = visible_attempts(work.as_mut(), &keys).await?;
    if !attempts.iter().any(|c| c.id == with && caller.scope.covers_claim(c)) {
        return Err(MatchError::UnknownClaim(with));
    }
    let exact = attempt_of_identity(&attempts, kept);
    if !work.move_answer(request.answer, Some(with), exact, false).await? {
        return Err(MatchError::Stale { version: kept.version + 1 });
    }
    let recorded = new_match(clock, caller, request, None);
    let source =
        FactSource { actor: Actor::author(&recorded.author), exchange_id: None, at: recorded.at };
    settle(&mut attempts, &source, clock, work.as_mut()).await?;
    finish(work, clock, kept, &recorded, &attempts, (with, exact)).await
}

/// Writes the journal, which locks the end of its chain and comes last, and commits.
async fn finish(
    mut work: Box<dyn UnitOfWork>,
    clock: &dyn Clock,
    kept: &KeptReturn,
    recorded: &RecordedMatch,
    attempts: &[Claim],
    (claim, exact): (ClaimId, Option<ClaimId>),
) -> Result<RecordedChange, MatchError> {
    work.insert_return_match(recorded).await?;
    work.commit().await?;
    tracing::info!(
        match_id = %recorded.id,
        claim_id = recorded.claim_id.map(tracing::field::display),
        decided_by = recorded.author.stated.as_ref().map(|name| name.as_str()),
        "match recorded"
    );
    let view = attempts.iter().find(|c| c.id == claim);
    let view = view.ok_or(MatchError::UnknownClaim(claim))?;
    Ok(RecordedChange {
        match_id: Some(recorded.id),
        view: ClaimView::of_claim(view, &[], clock.now()),
        exact,
        version: kept.version + 1,
    })
}

/// Locks the attempts of invoices. Attempts of a staged deposit, which nobody sees, are left out.
async fn visible_attempts(
    work: &mut dyn UnitOfWork,
    keys: &[InvoiceKey],
) -> Result<Vec<Claim>, StoreError> {
    let mut attempts = work.lock_attempts(keys).await?;
    let open = work.open_deposits().await?;
    attempts.retain(|claim| open.iter().all(|deposit| deposit.id != claim.exchange_id));
    Ok(attempts)
}

/// Returns the keys of the invoice that the answer itself names.
fn own_keys(kept: &KeptReturn) -> impl Iterator<Item = InvoiceKey> {
    let answer = &kept.answer;
    let identities = [&answer.identity, &answer.other_identity];
    identities
        .into_iter()
        .filter(|identity| !identity.0.is_empty())
        .map(|own| InvoiceKey::new(&answer.ps, &answer.invoice_number, own.clone()))
}

/// Returns the attempt of the identity of an answer: the latest that was received before it, else
/// the first. Attempts are oldest first.
fn attempt_of_identity(attempts: &[Claim], kept: &KeptReturn) -> Option<ClaimId> {
    let is_own = |c: &&Claim| kept.has_identity(&c.identity) && c.hold.is_none();
    let own: Vec<&Claim> = attempts.iter().filter(is_own).collect();
    let before = own.iter().rev().find(|claim| claim.received_at <= kept.received_at);
    before.or(own.first()).map(|claim| claim.id)
}

fn new_match(
    clock: &dyn Clock,
    caller: &Caller,
    request: &MatchRequest,
    claim_id: Option<ClaimId>,
) -> RecordedMatch {
    RecordedMatch {
        id: MatchId(clock.new_id()),
        answer: request.answer,
        claim_id,
        why: request.why.clone(),
        author: DecisionAuthor::of(caller, request.decided_by.clone()),
        at: clock.now(),
    }
}
