//! Matches the returns of a payer with claims, and applies their outcomes to the parts.

use crate::clock::SharedClock;
use crate::domain::{
    Actor, Claim, ClaimEvent, ClaimId, ClaimPart, EventId, ExchangeId, FactSource, Finding,
    FindingCode, InvoiceKey, PartKind, PartState, Role, Severity, Token, life_cycle,
};
use crate::normalise::{Origin, Outcome};
use crate::store::{PartChange, StoreError, UnitOfWork};
use noemie_parsers::types::Montant;
use std::collections::{BTreeSet, HashMap};
use time::OffsetDateTime;

/// A return of one invoice, as matching reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    /// Rank in the exchange, 1-based.
    pub(super) ordinal: u64,
    /// First physical record.
    pub(super) record: u64,
    /// Number of entities.
    pub(super) entities: u64,
    /// PS number; empty when unreadable.
    pub(super) ps: String,
    /// Invoice number.
    pub(super) invoice_number: String,
    /// Identities of the invoices that the return may answer.
    pub(super) identities: Vec<Token>,
    /// Outcomes of the parts.
    pub(super) outcomes: Vec<Outcome>,
}

impl Answer {
    /// Returns the keys of the invoices that the return may answer.
    fn invoices(&self) -> impl Iterator<Item = InvoiceKey> {
        self.identities
            .iter()
            .map(|identity| InvoiceKey::new(&self.ps, &self.invoice_number, identity.clone()))
    }
}

/// Result of a batch of answers.
#[derive(Debug, Default)]
pub(super) struct Applied {
    /// Whether each answer matched a claim, in the order of the answers.
    pub(super) matched: Vec<bool>,
    /// Transitions that the life cycle does not have: reported, the claim unchanged.
    pub(super) findings: Vec<Finding>,
    /// Exchanges of the matched claims.
    pub(super) exchanges: BTreeSet<ExchangeId>,
}

/// Applies a batch of answers, with one read of claims, one write of parts and one of events.
pub(super) async fn apply(
    answers: &[Answer],
    origin: &Origin,
    clock: &SharedClock,
    work: &mut dyn UnitOfWork,
) -> Result<Applied, StoreError> {
    let wanted: Vec<InvoiceKey> = answers.iter().flat_map(Answer::invoices).collect();
    let mut claims: HashMap<Token, Claim> = work
        .lock_latest_claims(&wanted)
        .await?
        .into_iter()
        .map(|c| (c.identity.clone(), c))
        .collect();
    let exchanges = claims.values().map(|c| c.exchange_id).collect();
    let ids: Vec<ClaimId> = claims.values().map(|c| c.id).collect();
    let mut sequences: HashMap<ClaimId, u64> =
        work.next_sequences(&ids).await?.into_iter().collect();
    let source = FactSource {
        actor: Actor::depositor(&origin.sender, Role::Caisse),
        exchange_id: Some(origin.exchange_id),
        at: origin.received_at,
    };
    let (mut applied, mut changes, mut events) =
        (Applied { exchanges, ..Applied::default() }, Vec::new(), Vec::new());
    for answer in answers {
        let key = answer.identities.iter().find(|t| claims.contains_key(*t)).cloned();
        applied.matched.push(key.is_some());
        let Some(claim) = key.and_then(|k| claims.get_mut(&k)) else { continue };
        for outcome in &answer.outcomes {
            let Some(before) = claim.part(outcome.kind) else { continue };
            match change(before, outcome, origin.received_at) {
                Change::Same => {}
                Change::Impossible => applied.findings.push(impossible(answer, before, outcome)),
                Change::To(part) => {
                    claim.set_part(part.clone());
                    let sequence = sequences.entry(claim.id).or_insert(1);
                    let id = EventId(clock.new_id());
                    events.push(ClaimEvent::of(claim, &part, id, *sequence, &source));
                    *sequence += 1;
                    changes.push(PartChange { claim_id: claim.id, part });
                }
            }
        }
    }
    if !changes.is_empty() {
        let rejects = amc_rejects(&changes);
        work.update_parts(&changes).await?;
        work.mark_rejects_returned(origin.exchange_id, &rejects).await?;
        work.insert_events(&events).await?;
    }
    Ok(applied)
}

/// Returns the claims whose AMC reject this return announces: no 580 of ours announces it again.
fn amc_rejects(changes: &[PartChange]) -> Vec<ClaimId> {
    let rejected =
        |c: &&PartChange| c.part.kind == PartKind::Amc && life_cycle::is_reject(c.part.state);
    changes.iter().filter(rejected).map(|c| c.claim_id).collect()
}

enum Change {
    Same,
    Impossible,
    To(ClaimPart),
}

/// Returns the change that an outcome makes to a part.
fn change(part: &ClaimPart, outcome: &Outcome, at: OffsetDateTime) -> Change {
    // A second recovery looks like a repetition of the first one: it is reported rather than
    // ignored.
    let same_payment = match outcome.state {
        PartState::Paid => part.paid == outcome.moved,
        PartState::Recovered => false,
        _ => true,
    };
    let nothing_asked_nothing_paid =
        part.state == PartState::NotRequested && outcome.moved == Montant::ZERO;
    if nothing_asked_nothing_paid || (part.state == outcome.state && same_payment) {
        return Change::Same;
    }
    let to = match (part.state, outcome.state) {
        (PartState::Accepted, PartState::Rejected) => PartState::RejectedAfterAcceptance,
        (_, to) => to,
    };
    if !life_cycle::may_become(part.state, to) {
        return Change::Impossible;
    }
    let paid = match to {
        PartState::Paid => outcome.moved,
        PartState::Recovered => part.paid + outcome.moved,
        _ => Montant::ZERO,
    };
    Change::To(ClaimPart {
        kind: part.kind,
        state: to,
        asked: part.asked,
        paid,
        transfer_reference: outcome
            .transfer_reference
            .clone()
            .or_else(|| part.transfer_reference.clone()),
        transfer_date: outcome.transfer_date.or(part.transfer_date),
        reasons: outcome.reasons.clone(),
        updated_at: at,
    })
}

fn impossible(answer: &Answer, part: &ClaimPart, outcome: &Outcome) -> Finding {
    let message = format!(
        "{} : « {} » annoncé alors que l'état est « {} », demande inchangée",
        part.kind.libelle(),
        outcome.state.libelle(),
        part.state.libelle()
    );
    Finding::on_invoice(
        FindingCode::new("R1-TRANSITION", "R1"),
        Severity::Warning,
        answer.record,
        "102",
        message,
        answer.invoice_number.clone(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const AT: OffsetDateTime = datetime!(2026-02-06 08:00 UTC);

    fn part(state: PartState, paid: i64) -> ClaimPart {
        let (asked, paid) = (Montant::from_centimes(1_000), Montant::from_centimes(paid));
        ClaimPart {
            kind: PartKind::Amo,
            state,
            asked,
            paid,
            transfer_reference: None,
            transfer_date: None,
            reasons: Vec::new(),
            updated_at: AT,
        }
    }

    fn outcome(state: PartState, moved: i64) -> Outcome {
        let moved = Montant::from_centimes(moved);
        Outcome {
            kind: PartKind::Amo,
            state,
            moved,
            transfer_reference: None,
            transfer_date: None,
            reasons: Vec::new(),
        }
    }

    /// Returns the state and amount after an outcome; `None` for an impossible outcome, the same
    /// part for a repeated one.
    fn after(from: (PartState, i64), said: (PartState, i64)) -> Option<(PartState, i64)> {
        match change(&part(from.0, from.1), &outcome(said.0, said.1), AT) {
            Change::Same => Some(from),
            Change::Impossible => None,
            Change::To(part) => Some((part.state, part.paid.centimes())),
        }
    }

    #[test]
    fn no_payment_is_ignored() {
        use PartState::{Paid, Received, Recovered};
        assert_eq!(after((Received, 0), (Paid, 1_000)), Some((Paid, 1_000)));
        assert_eq!(after((Paid, 1_000), (Paid, 1_000)), Some((Paid, 1_000)), "told twice");
        assert_eq!(after((Paid, 1_000), (Paid, 400)), None, "another payment");
        assert_eq!(after((Paid, 1_000), (Recovered, -300)), Some((Recovered, 700)));
        assert_eq!(
            after((Recovered, 700), (Recovered, -300)),
            None,
            "another recovery, or the same one again"
        );
    }

    #[test]
    fn a_reject_after_acceptance_has_its_own_name() {
        use PartState::{Accepted, NotRequested, Paid, Rejected, RejectedAfterAcceptance};
        assert_eq!(after((Accepted, 0), (Rejected, 0)), Some((RejectedAfterAcceptance, 0)));
        assert_eq!(after((Paid, 1_000), (Rejected, 0)), None);
        assert_eq!(
            after((NotRequested, 0), (Paid, 0)),
            Some((NotRequested, 0)),
            "nothing for nothing"
        );
    }
}
