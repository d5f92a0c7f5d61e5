//! Records a worker's decision about one part of one claim: state, event and key in one
//! transaction.
//!
//! Promises: a decision repeated under its key, or without a key onto the state it already
//! produced, changes nothing and gets the same answer; a decision that the life cycle forbids
//! writes nothing. Knows neither gRPC nor who may decide what: callers check that.

use crate::clock::Clock;
use crate::domain::life_cycle::may_become;
use crate::domain::{Claim, ClaimEvent, ClaimId, ClaimPart, EventId, PartKind, PartState, Reason};
use crate::kill_point;
use crate::store::{PartChange, RecordedDecision, Store, StoreError, UnitOfWork};
use noemie_parsers::types::Montant;
use serde_json::json;
use time::{Date, OffsetDateTime};
use uuid::Uuid;

/// Recorded under a key whose decision found its state already there: it produced no event.
const NO_EVENT: EventId = EventId(Uuid::nil());

/// What a worker decides about one part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The claim.
    pub claim_id: ClaimId,
    /// The part; a worker of the insurer decides about the AMC part.
    pub part: PartKind,
    /// What is decided.
    pub kind: DecisionKind,
    /// Chosen by the caller, empty when none.
    pub idempotency_key: String,
    /// Who decides, as the door knows it; for the log.
    pub decided_by: String,
}

/// The decision itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DecisionKind {
    /// Payment to come.
    Accept,
    /// No payment, and why.
    Reject {
        /// Reasons, at least one.
        reasons: Vec<Reason>,
    },
    /// Decided later, and why.
    Defer {
        /// Reasons, possibly none.
        reasons: Vec<Reason>,
    },
    /// Paid by a bank transfer.
    Pay {
        /// Reference or label of the transfer.
        reference: String,
        /// Its date.
        date: Date,
        /// Amount, more than 0; less than asked is a partial payment.
        amount: Montant,
    },
    /// Paid before, taken back now.
    Recover {
        /// Amount taken back, more than 0, at most what was paid.
        amount: Montant,
        /// Reference of the movement.
        reference: String,
    },
}

/// What came of a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionOutcome {
    /// The claim as it is now.
    pub claim: Claim,
    /// The event; `None` when the part already had this state and content.
    pub event_id: Option<EventId>,
    /// Whether nothing was written this time.
    pub repeated: bool,
    /// What the caller should look at.
    pub warning: Option<Warning>,
}

/// A decision recorded, with a doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Warning {
    /// Less was paid than asked.
    PartialPayment,
    /// Less was taken back than paid.
    PartialRecovery,
}

impl Warning {
    /// Stable code.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PartialPayment => "partial_payment",
            Self::PartialRecovery => "partial_recovery",
        }
    }

    /// French text.
    #[must_use]
    pub const fn libelle(self) -> &'static str {
        match self {
            Self::PartialPayment => "Montant payé inférieur au montant demandé",
            Self::PartialRecovery => "Montant récupéré inférieur au montant payé",
        }
    }
}

/// Why a decision was not recorded. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    /// No such claim.
    #[error("claim {0} not found")]
    UnknownClaim(ClaimId),
    /// The key was used for another decision.
    #[error("idempotency key already used for another decision")]
    KeyReused,
    /// The life cycle forbids it.
    #[error("la part {} est « {} » : elle ne peut pas devenir « {} »", .part.as_str(), .from.libelle(), .to.libelle())]
    IllegalTransition {
        /// The part.
        part: PartKind,
        /// Its state.
        from: PartState,
        /// The state asked for.
        to: PartState,
    },
    /// The part already has this state, with another transfer, amount or other reasons.
    #[error("la part {} est déjà « {} », avec un autre contenu", .part.as_str(), .state.libelle())]
    DecidedOtherwise {
        /// The part.
        part: PartKind,
        /// Its state.
        state: PartState,
    },
    /// The amount is zero, negative, or more than what is asked or was paid.
    #[error("le montant {amount} € n'est pas compris entre 0,01 € et {limit} €")]
    AmountOutOfRange {
        /// Amount given.
        amount: Montant,
        /// Largest amount possible.
        limit: Montant,
    },
    /// A reject without reason.
    #[error("un rejet porte au moins un motif")]
    ReasonMissing,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Times a decision is begun again when another change got in its way: two calls with one key, a
/// deadlock, a busy file.
const ATTEMPTS: u32 = 3;

/// Records a decision.
#[tracing::instrument(name = "returns.decide", skip_all, fields(claim_id = %decision.claim_id, part = decision.part.as_str()))]
pub async fn decide(
    store: &dyn Store,
    clock: &dyn Clock,
    decision: &Decision,
) -> Result<DecisionOutcome, DecideError> {
    let mut attempt = 1;
    loop {
        match decide_once(store, clock, decision).await {
            Err(DecideError::Store(error)) if error.worth_a_retry() && attempt < ATTEMPTS => {
                attempt += 1
            }
            outcome => return outcome,
        }
    }
}

/// One transaction.
async fn decide_once(
    store: &dyn Store,
    clock: &dyn Clock,
    decision: &Decision,
) -> Result<DecisionOutcome, DecideError> {
    let digest = digest(decision);
    let mut work = store.begin().await?;
    if let Some(outcome) = already_recorded(work.as_mut(), decision, &digest).await? {
        return Ok(outcome);
    }
    let mut claim =
        work.claim(decision.claim_id).await?.ok_or(DecideError::UnknownClaim(decision.claim_id))?;
    // Two calls with the same key at once: the second one waited for the claim above and must look
    // again.
    if let Some(outcome) = already_recorded(work.as_mut(), decision, &digest).await? {
        return Ok(outcome);
    }
    let before = claim.part(decision.part).clone();
    let mut part = decided(&before, &decision.kind, clock)?;
    if part.state == before.state {
        check_same_content(&before, &part)?;
        remember(work.as_mut(), decision, &digest, NO_EVENT, part.updated_at).await?;
        work.commit().await?;
        return Ok(DecisionOutcome { claim, event_id: None, repeated: true, warning: None });
    }
    if !may_become(before.state, part.state) {
        return Err(DecideError::IllegalTransition {
            part: part.kind,
            from: before.state,
            to: part.state,
        });
    }
    check_amount(&before, &decision.kind)?;
    part.updated_at = clock.now();
    set_part(&mut claim, part.clone());
    let event_id = EventId(clock.new_id());
    write(work.as_mut(), decision, &digest, &claim, &part, event_id).await?;
    kill_point::reach("decide.written");
    work.commit().await?;
    kill_point::reach("decide.committed");
    tracing::info!(from = before.state.as_str(), to = part.state.as_str(), decided_by = decision.decided_by, %event_id, "decision recorded");
    let warning = warning_of(&claim, decision);
    Ok(DecisionOutcome { claim, event_id: Some(event_id), repeated: false, warning })
}

/// The outcome recorded under the decision's key, if any.
async fn already_recorded(
    work: &mut dyn UnitOfWork,
    decision: &Decision,
    digest: &str,
) -> Result<Option<DecisionOutcome>, DecideError> {
    if decision.idempotency_key.is_empty() {
        return Ok(None);
    }
    let Some(recorded) = work.recorded_decision(&decision.idempotency_key).await? else {
        return Ok(None);
    };
    if recorded.request_digest != digest {
        return Err(DecideError::KeyReused);
    }
    let claim =
        work.claim(recorded.claim_id).await?.ok_or(DecideError::UnknownClaim(recorded.claim_id))?;
    let warning = warning_of(&claim, decision);
    let event_id = (recorded.event_id != NO_EVENT).then_some(recorded.event_id);
    Ok(Some(DecisionOutcome { claim, event_id, repeated: true, warning }))
}

/// The part as the decision wants it, whether the life cycle allows it or not.
fn decided(
    before: &ClaimPart,
    kind: &DecisionKind,
    clock: &dyn Clock,
) -> Result<ClaimPart, DecideError> {
    let mut part = ClaimPart { updated_at: clock.now(), ..before.clone() };
    match kind {
        DecisionKind::Accept => {
            part.state = PartState::Accepted;
            part.reasons.clear();
        }
        DecisionKind::Reject { reasons } => {
            if reasons.is_empty() {
                return Err(DecideError::ReasonMissing);
            }
            let was_accepted =
                matches!(before.state, PartState::Accepted | PartState::RejectedAfterAcceptance);
            part.state =
                if was_accepted { PartState::RejectedAfterAcceptance } else { PartState::Rejected };
            part.reasons.clone_from(reasons);
        }
        DecisionKind::Defer { reasons } => {
            part.state = PartState::Deferred;
            part.reasons.clone_from(reasons);
        }
        DecisionKind::Pay { reference, date, amount } => {
            part.state = PartState::Paid;
            part.paid = *amount;
            part.transfer_reference = Some(reference.clone());
            part.transfer_date = Some(*date);
            part.reasons.clear();
        }
        DecisionKind::Recover { amount, reference } => {
            part.state = PartState::Recovered;
            // A recovered part repeats itself by its reference: how much had been paid is no longer
            // known here.
            part.paid = if before.state == PartState::Recovered {
                before.paid
            } else {
                before.paid - *amount
            };
            part.transfer_reference = Some(reference.clone());
        }
    }
    Ok(part)
}

/// The part already has the state asked for: the same content is a repetition, another content a
/// mistake.
fn check_same_content(before: &ClaimPart, wanted: &ClaimPart) -> Result<(), DecideError> {
    let same = before.paid == wanted.paid
        && before.transfer_reference == wanted.transfer_reference
        && before.transfer_date == wanted.transfer_date
        && before.reasons == wanted.reasons;
    // Accepting again says nothing that the first acceptance did not.
    if same || wanted.state == PartState::Accepted {
        Ok(())
    } else {
        Err(DecideError::DecidedOtherwise { part: before.kind, state: before.state })
    }
}

fn check_amount(before: &ClaimPart, kind: &DecisionKind) -> Result<(), DecideError> {
    let (amount, limit) = match kind {
        DecisionKind::Pay { amount, .. } => (*amount, before.asked),
        DecisionKind::Recover { amount, .. } => (*amount, before.paid),
        DecisionKind::Accept | DecisionKind::Reject { .. } | DecisionKind::Defer { .. } => {
            return Ok(());
        }
    };
    if amount > Montant::ZERO && amount <= limit {
        Ok(())
    } else {
        Err(DecideError::AmountOutOfRange { amount, limit })
    }
}

fn set_part(claim: &mut Claim, part: ClaimPart) {
    match part.kind {
        PartKind::Amo => claim.amo = part,
        PartKind::Amc => claim.amc = part,
    }
}

/// State, event and key.
async fn write(
    work: &mut dyn UnitOfWork,
    decision: &Decision,
    digest: &str,
    claim: &Claim,
    part: &ClaimPart,
    event_id: EventId,
) -> Result<(), StoreError> {
    let sequence = work.next_sequences(&[claim.id]).await?.first().map_or(1, |(_, next)| *next);
    work.update_parts(&[PartChange { claim_id: claim.id, part: part.clone() }]).await?;
    work.insert_events(&[ClaimEvent::of(claim, part, event_id, sequence, None, part.updated_at)])
        .await?;
    remember(work, decision, digest, event_id, part.updated_at).await
}

/// Keeps the decision under its key, if it has one.
async fn remember(
    work: &mut dyn UnitOfWork,
    decision: &Decision,
    digest: &str,
    event_id: EventId,
    at: OffsetDateTime,
) -> Result<(), StoreError> {
    if decision.idempotency_key.is_empty() {
        return Ok(());
    }
    let recorded = RecordedDecision {
        request_digest: digest.to_owned(),
        event_id,
        claim_id: decision.claim_id,
    };
    work.insert_decision(&decision.idempotency_key, &recorded, at).await
}

/// The doubt about a decision just recorded, or repeated: it depends on the decision and on what
/// never changes in the claim.
fn warning_of(claim: &Claim, decision: &Decision) -> Option<Warning> {
    let part = claim.part(decision.part);
    match &decision.kind {
        DecisionKind::Pay { amount, .. } => {
            (*amount < part.asked).then_some(Warning::PartialPayment)
        }
        DecisionKind::Recover { .. } => {
            (part.paid > Montant::ZERO).then_some(Warning::PartialRecovery)
        }
        DecisionKind::Accept | DecisionKind::Reject { .. } | DecisionKind::Defer { .. } => None,
    }
}

/// Tells a repetition from another decision under the same key. Who decides is left out: a retry
/// may come from another worker process.
fn digest(decision: &Decision) -> String {
    let reasons = |reasons: &[Reason]| {
        reasons.iter().map(|r| [r.code.clone(), r.label.clone()]).collect::<Vec<_>>()
    };
    let kind = match &decision.kind {
        DecisionKind::Accept => json!(["accept"]),
        DecisionKind::Reject { reasons: list } => json!(["reject", reasons(list)]),
        DecisionKind::Defer { reasons: list } => json!(["defer", reasons(list)]),
        DecisionKind::Pay { reference, date, amount } => {
            json!(["pay", reference, date.to_string(), amount.centimes()])
        }
        DecisionKind::Recover { amount, reference } => {
            json!(["recover", reference, amount.centimes()])
        }
    };
    let content = json!([decision.claim_id, decision.part.as_str(), kind]).to_string();
    blake3::hash(content.as_bytes()).to_hex().to_string()
}
