//! Matches answers (returns and payment notices) with the attempts of invoices, and writes their
//! outcomes.

use super::IngestError;
use super::settle_attempts::{Findings, flags_of};
use crate::domain::{
    Actor, Claim, ClaimId, ExchangeId, FactSource, Finding, InvoiceKey, Outcome, OutcomeSource,
    Role, Token,
};
use crate::normalise::{Answer, DepositContext, Origin};
use crate::settle::settle;
use crate::store::UnitOfWork;
use std::collections::{BTreeSet, HashMap};

/// Result of a batch of answers.
#[derive(Debug, Default)]
pub(super) struct Applied {
    /// Whether each answer matched a claim, in the order of the answers.
    pub(super) matched: Vec<bool>,
    /// Findings about money that does not fit the claims.
    pub(super) findings: Vec<Finding>,
}

/// Locks the attempts of the invoices that answers name.
pub(super) async fn lock(
    answers: &[Answer],
    work: &mut dyn UnitOfWork,
) -> Result<Vec<Claim>, IngestError> {
    let wanted: Vec<InvoiceKey> = answers.iter().flat_map(Answer::invoices).collect();
    Ok(work.lock_attempts(&wanted).await?)
}

/// Returns the exchanges of attempts.
pub(super) fn exchanges(attempts: &[Claim]) -> BTreeSet<ExchangeId> {
    attempts.iter().map(|claim| claim.exchange_id).collect()
}

/// Writes the outcomes of a batch of answers, and settles the invoices that the answers name.
/// `attempts` are those of [`lock`].
pub(super) async fn apply(
    answers: &[Answer],
    mut attempts: Vec<Claim>,
    context: &DepositContext,
    work: &mut dyn UnitOfWork,
) -> Result<Applied, IngestError> {
    let named: Vec<Option<ClaimId>> = {
        let by_identity = by_identity(&attempts);
        answers.iter().map(|answer| attempt_of(answer, &by_identity, &context.origin)).collect()
    };
    let outcomes: Vec<Outcome> = answers
        .iter()
        .zip(&named)
        .flat_map(|(answer, claim_id)| {
            answer.outcomes.iter().map(|o| Outcome { claim_id: *claim_id, ..o.clone() })
        })
        .collect();
    if !outcomes.is_empty() {
        work.insert_outcomes(&outcomes).await?;
    }
    let before = flags_of(&attempts);
    settle(&mut attempts, &source(answers, &context.origin), context.clock.as_ref(), work).await?;
    let mut findings = Findings::new(&before, &attempts);
    for (answer, claim_id) in answers.iter().zip(&named) {
        findings.add(answer, *claim_id);
    }
    Ok(Applied {
        matched: named.iter().map(Option::is_some).collect(),
        findings: findings.into_list(),
    })
}

/// Returns the source of the facts of answers: a caisse sends returns, a concentrator passes
/// payment notices on.
fn source(answers: &[Answer], origin: &Origin) -> FactSource {
    let is_notice = |o: &Outcome| o.source == OutcomeSource::Notice;
    let of_notices = answers.iter().flat_map(|answer| &answer.outcomes).any(is_notice);
    let role = if of_notices { Role::Concentrator } else { Role::Caisse };
    FactSource {
        actor: Actor::depositor(&origin.sender, role),
        exchange_id: Some(origin.exchange_id),
        at: origin.received_at,
    }
}

/// Groups the attempts of each invoice, in their order.
pub(super) fn by_identity(attempts: &[Claim]) -> HashMap<&Token, Vec<&Claim>> {
    let mut found: HashMap<&Token, Vec<&Claim>> = HashMap::new();
    for claim in attempts {
        found.entry(&claim.identity).or_default().push(claim);
    }
    found
}

fn attempt_of(
    answer: &Answer,
    attempts: &HashMap<&Token, Vec<&Claim>>,
    origin: &Origin,
) -> Option<ClaimId> {
    let of_invoice = answer.identities.iter().find_map(|identity| attempts.get(identity))?;
    let treated: Vec<&Claim> = of_invoice.iter().copied().filter(|c| c.hold.is_none()).collect();
    answer.lot.attempt(&treated, origin.received_at).map(|claim| claim.id)
}
