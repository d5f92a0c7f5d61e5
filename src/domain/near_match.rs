//! Compares an answer of a payer with a claim that it may be about: a score, and the reasons.
//!
//! Candidates are shown to a person and never applied by the gateway. The score is the sum of the
//! weights of what agrees; what one side does not say adds nothing and gives no reason.

use super::codes::coded;
use super::{Claim, KeptReturn, Outcome, PartKind};
use std::collections::BTreeSet;
use time::Date;

coded! {
    /// What agrees or differs between an answer and a claim.
    MatchReason {
        /// The identity is the same: the claim is the one that the answer names.
        SameIdentity = "same_identity", "Même identité de facture";
        /// The invoice number is the same.
        SameNumber = "same_number", "Même numéro de facture";
        /// The invoice number is the same but for leading zeros.
        OtherZeros = "other_zeros", "Même numéro de facture aux zéros près";
        /// The PS number is the same.
        SamePs = "same_ps", "Même numéro de PS";
        /// The conventions link both PS numbers: one is the FINESS of the other.
        LinkedPs = "linked_ps", "Même professionnel d'après son FINESS";
        /// The NIR of the insured is the same.
        SameNir = "same_nir", "Même NIR d'assuré";
        /// One side gives the NIR of the beneficiary, the other one gives it as the individual NIR.
        BeneficiaryNir = "beneficiary_nir", "NIR du bénéficiaire à la place de celui de l'assuré";
        /// The NIR differs.
        OtherNir = "other_nir", "Autre NIR";
        /// The birth date is the same.
        SameBirth = "same_birth", "Même date de naissance";
        /// The birth date differs.
        OtherBirth = "other_birth", "Autre date de naissance";
        /// The birth rank differs.
        OtherRank = "other_rank", "Autre rang de naissance";
        /// The complement of the titre de recette differs.
        OtherComplement = "other_complement", "Autre complément de titre";
        /// Each amount asked is the same.
        SameAmounts = "same_amounts", "Mêmes montants demandés";
        /// An amount asked differs.
        OtherAmounts = "other_amounts", "Autre montant demandé";
        /// The insurer is the same.
        SameAmc = "same_amc", "Même AMC";
        /// The insurer differs.
        OtherAmc = "other_amc", "Autre AMC";
        /// Number and date of the lot are the same.
        SameLot = "same_lot", "Même lot";
        /// Number or date of the lot differ.
        OtherLot = "other_lot", "Autre lot";
    }
}

/// Agreement of the NIR of an answer and a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NirAgreement {
    /// A side gives none, or it cannot be opened.
    #[default]
    Unknown,
    /// Both give the same NIR of the insured.
    Same,
    /// The NIR of one side is the individual NIR of the other side.
    Beneficiary,
    /// No NIR of one side is one of the other side.
    Other,
}

/// Agreement of the persons of an answer and a claim. It says nothing else of the persons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PersonAgreement {
    /// NIR.
    pub nir: NirAgreement,
    /// Whether the birth dates agree; `None` when a side gives none.
    pub birth: Option<bool>,
    /// Whether the birth ranks agree; `None` when the persons cannot be compared.
    pub rank: Option<bool>,
}

/// Likeness of an answer and a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Likeness {
    /// Score from 0 to 100: 100 when the identity, or everything, agrees.
    pub score: u8,
    /// Reasons, in the order of [`MatchReason::ALL`].
    pub reasons: Vec<MatchReason>,
}

/// An answer with what is needed to compare it.
#[derive(Debug, Clone, Copy)]
pub struct Answered<'a> {
    /// The answer.
    pub kept: &'a KeptReturn,
    /// Its outcomes.
    pub outcomes: &'a [Outcome],
    /// PS numbers that the conventions link with its PS number.
    pub linked_ps: &'a BTreeSet<String>,
}

/// Compares an answer with a claim. Returns `None` for a claim that is no candidate: another
/// invoice number, or a PS that no convention links with the PS of the answer.
#[must_use]
pub fn likeness(
    answered: Answered<'_>,
    claim: &Claim,
    persons: PersonAgreement,
) -> Option<Likeness> {
    let mut reasons = vec![number(answered, claim)?, ps(answered, claim)?];
    let is_exact = answered.kept.has_identity(&claim.identity);
    reasons.extend(is_exact.then_some(MatchReason::SameIdentity));
    reasons.extend(person(persons));
    let complements = (&answered.kept.answer.invoice_complement, &claim.invoice_complement);
    let same_complement = bare(complements.0) == bare(complements.1);
    reasons.extend((!same_complement).then_some(MatchReason::OtherComplement));
    reasons.extend(amounts(answered.outcomes, claim));
    reasons.extend(amc(answered, claim));
    reasons.extend(lot(answered.outcomes, claim));
    reasons.sort_unstable();
    let agreeing = u8::from(same_complement) * 3 + u8::from(persons.rank == Some(true)) * 4;
    let score = if is_exact { 100 } else { agreeing + reasons.iter().map(weight).sum::<u8>() };
    Some(Likeness { score, reasons })
}

/// Returns the spellings under which claims may have an invoice number: with and without leading
/// zeros, up to the 9 digits of the norm.
#[must_use]
pub fn spellings(number: &str) -> Vec<String> {
    /// Digits of an invoice number (B2 type 2, columns 84-92).
    const DIGITS: usize = 9;
    let number = number.trim();
    let bare = bare(number);
    if bare.is_empty() || !bare.bytes().all(|b| b.is_ascii_digit()) {
        return vec![number.to_owned()];
    }
    let mut found: Vec<String> =
        (bare.len()..=DIGITS.max(bare.len())).map(|width| format!("{bare:0>width$}")).collect();
    if !found.iter().any(|spelling| spelling == number) {
        found.push(number.to_owned());
    }
    found
}

/// Returns what a reason adds to the score. The weights of all that may agree, with 4 for the rank
/// and 3 for the complement, are 100 together.
const fn weight(reason: &MatchReason) -> u8 {
    match reason {
        MatchReason::SameNumber => 30,
        MatchReason::OtherZeros => 24,
        MatchReason::SamePs | MatchReason::SameNir => 20,
        MatchReason::LinkedPs | MatchReason::BeneficiaryNir => 14,
        MatchReason::SameBirth | MatchReason::SameAmounts => 8,
        MatchReason::SameAmc => 4,
        MatchReason::SameLot => 3,
        MatchReason::SameIdentity
        | MatchReason::OtherNir
        | MatchReason::OtherBirth
        | MatchReason::OtherRank
        | MatchReason::OtherComplement
        | MatchReason::OtherAmounts
        | MatchReason::OtherAmc
        | MatchReason::OtherLot => 0,
    }
}

pub(crate) fn bare(number: &str) -> &str {
    number.trim().trim_start_matches('0')
}

fn number(answered: Answered<'_>, claim: &Claim) -> Option<MatchReason> {
    let (told, own) = (answered.kept.answer.invoice_number.trim(), claim.invoice_number.trim());
    if told.is_empty() || bare(told) != bare(own) {
        None
    } else if told == own {
        Some(MatchReason::SameNumber)
    } else {
        Some(MatchReason::OtherZeros)
    }
}

fn ps(answered: Answered<'_>, claim: &Claim) -> Option<MatchReason> {
    let (told, own) = (answered.kept.answer.ps.trim(), claim.ps.trim());
    if told.is_empty() {
        None
    } else if told == own {
        Some(MatchReason::SamePs)
    } else {
        answered.linked_ps.contains(own).then_some(MatchReason::LinkedPs)
    }
}

fn person(persons: PersonAgreement) -> impl Iterator<Item = MatchReason> {
    let nir = match persons.nir {
        NirAgreement::Unknown => None,
        NirAgreement::Same => Some(MatchReason::SameNir),
        NirAgreement::Beneficiary => Some(MatchReason::BeneficiaryNir),
        NirAgreement::Other => Some(MatchReason::OtherNir),
    };
    let birth = persons
        .birth
        .map(|agrees| if agrees { MatchReason::SameBirth } else { MatchReason::OtherBirth });
    let rank = (persons.rank == Some(false)).then_some(MatchReason::OtherRank);
    [nir, birth, rank].into_iter().flatten()
}

/// Compares the amounts asked that the answer repeats.
fn amounts(outcomes: &[Outcome], claim: &Claim) -> Option<MatchReason> {
    let mut told =
        outcomes.iter().filter_map(|o| Some(o.asked? == claim.part(o.part)?.asked)).peekable();
    told.peek()?;
    Some(if told.all(|agrees| agrees) {
        MatchReason::SameAmounts
    } else {
        MatchReason::OtherAmounts
    })
}

fn amc(answered: Answered<'_>, claim: &Claim) -> Option<MatchReason> {
    let of_amc = answered.outcomes.iter().filter(|o| o.part == PartKind::Amc);
    let mut told = of_amc.map(|o| o.on_behalf_of.as_str()).filter(|n| !n.is_empty()).peekable();
    told.peek()?;
    let agrees = !claim.amc_number.is_empty() && told.all(|number| number == claim.amc_number);
    Some(if agrees { MatchReason::SameAmc } else { MatchReason::OtherAmc })
}

/// Compares the lot, which an outcome has as sent: the number, then the date in 6 digits.
fn lot(outcomes: &[Outcome], claim: &Claim) -> Option<MatchReason> {
    /// Characters of the number of a lot (102 columns 21-23).
    const NUMBER_LEN: usize = 3;
    let told = outcomes.iter().map(|o| o.lot.trim()).find(|lot| !lot.is_empty())?;
    let words: Vec<&str> = told.split_whitespace().collect();
    let own = claim.lot.trim();
    let agrees = words.iter().all(|word| {
        if word.len() > NUMBER_LEN {
            claim.lot_date.is_none_or(|day| is_day(word, day))
        } else {
            bare(word) == bare(own)
        }
    });
    Some(if agrees { MatchReason::SameLot } else { MatchReason::OtherLot })
}

/// Returns whether a date as sent is this day: JJMMAA by the norm, AAMMJJ from some insurers.
fn is_day(sent: &str, day: Date) -> bool {
    let (year, month, day) = (day.year().rem_euclid(100), u8::from(day.month()), day.day());
    sent == format!("{day:02}{month:02}{year:02}") || sent == format!("{year:02}{month:02}{day:02}")
}

#[cfg(test)]
mod tests;
