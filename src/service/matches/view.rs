//! Answers without claim as edges show them: no person, no token.

use crate::domain::near_match::{Answered, Likeness, PersonAgreement, likeness};
use crate::domain::{Claim, ClaimId, KeptReturn, Outcome};
use crate::vault::{PersonRecord, Vault};
use noemie_parsers::types::Montant;
use time::OffsetDateTime;

use super::persons;

/// Most candidates of one answer.
const MAX_CANDIDATES: usize = 10;

/// An answer that matches no claim, or that a person matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnmatchedView {
    /// The answer. Its tokens and its sealed person are for no edge.
    pub kept: KeptReturn,
    /// What it tells about the parts of its invoice, in order.
    pub outcomes: Vec<Outcome>,
    /// Claims that it may be about, the best first, at most 10.
    pub candidates: Vec<Candidate>,
    /// Whole days in which it has waited.
    pub days: i64,
}

impl UnmatchedView {
    /// Returns the claim of the identity of the answer, although a person named another one.
    #[must_use]
    pub fn conflict(&self) -> Option<ClaimId> {
        let other = |c: &&Candidate| c.is_exact && self.kept.claim_id != Some(c.claim_id);
        self.candidates.iter().find(other).map(|candidate| candidate.claim_id)
    }
}

/// A claim that an answer may be about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Claim.
    pub claim_id: ClaimId,
    /// Score and reasons.
    pub likeness: Likeness,
    /// Whether the claim has the identity of the answer.
    pub is_exact: bool,
    /// PS number.
    pub ps: String,
    /// Invoice number.
    pub invoice_number: String,
    /// Lot number.
    pub lot: String,
    /// AMC number, or empty.
    pub amc_number: String,
    /// Asked of the AMO.
    pub amo: Montant,
    /// Asked of the AMC.
    pub amc: Montant,
    /// Code of the status.
    pub status: &'static str,
    /// Instant at which the claim was received.
    pub received_at: OffsetDateTime,
}

/// Returns the candidates of an answer among claims, the best first.
pub(super) fn candidates(
    answered: Answered<'_>,
    claims: &[Claim],
    vault: &Vault,
) -> Vec<Candidate> {
    let kept = answered.kept;
    let place = kept.place();
    let person =
        vault.unseal_answer_person(&kept.answer.vault, place.exchange_id.0, place.ordinal).ok();
    let mut found: Vec<Candidate> = claims
        .iter()
        // A copy of another sender's invoice is not paid while the desk holds it.
        .filter(|claim| claim.hold.is_none())
        .filter_map(|claim| {
            // Only a claim that fits by its numbers is opened.
            likeness(answered, claim, PersonAgreement::default())?;
            let persons = compare(person.as_ref(), claim, vault);
            Some(candidate(claim, likeness(answered, claim, persons)?, kept))
        })
        .collect();
    found.sort_by_key(|c| (std::cmp::Reverse((c.likeness.score, c.received_at)), c.claim_id));
    found.truncate(MAX_CANDIDATES);
    found
}

/// Compares persons; nothing is known where one of them does not open, for example under another
/// vault key.
fn compare(answer: Option<&PersonRecord>, claim: &Claim, vault: &Vault) -> PersonAgreement {
    let own = vault.unseal_person(&claim.vault, claim.id.0).ok();
    match (answer, own) {
        (Some(answer), Some(own)) => persons::compare(answer, &own),
        _ => PersonAgreement::default(),
    }
}

fn candidate(claim: &Claim, likeness: Likeness, kept: &KeptReturn) -> Candidate {
    Candidate {
        claim_id: claim.id,
        likeness,
        is_exact: kept.has_identity(&claim.identity),
        ps: claim.ps.clone(),
        invoice_number: claim.invoice_number.clone(),
        lot: claim.lot.trim().to_owned(),
        amc_number: claim.amc_number.clone(),
        amo: claim.amo.asked,
        amc: claim.amc.asked,
        status: claim.status().as_str(),
        received_at: claim.received_at,
    }
}
