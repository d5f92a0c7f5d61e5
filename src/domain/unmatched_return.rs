//! Answers of payers that match no claim, and the matches that persons make of them.

use super::{ClaimId, DecisionAuthor, ExchangeId, FreeText, KeyId, Lane, MatchId, Scope, Token};
use time::OffsetDateTime;

/// An answer of a payer (return or payment notice) that matches no claim, kept for a later match
/// and for the desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnmatchedReturn {
    /// Rank in the exchange, 1-based.
    pub ordinal: u64,
    /// Token of the invoice's identity, computed from the answer; empty when no claim may match it.
    pub identity: Token,
    /// Token under the other order of the digits of the birth date; empty when there is none.
    pub other_identity: Token,
    /// Version of the construction of the tokens.
    pub token_version: u32,
    /// PS number as sent.
    pub ps: String,
    /// Invoice number as sent.
    pub invoice_number: String,
    /// Complement of the titre de recette as sent, empty when none.
    pub invoice_complement: String,
    /// Insurer for whom the AMC part is answered, 10 characters; empty when the answer names none.
    pub amc_number: String,
    /// States announced for the parts, as a short French sentence without persons.
    pub summary: String,
    /// The person that the answer names, encrypted; empty when it names none.
    pub vault: Vec<u8>,
    /// Master key that sealed [`vault`](Self::vault); empty without person.
    pub key_id: KeyId,
    /// Whether the controls refuse the answer, so that no claim may match it.
    pub is_quarantined: bool,
}

/// Place of an answer: its exchange, and its rank there from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AnswerPlace {
    /// Exchange.
    pub exchange_id: ExchangeId,
    /// Rank in the exchange, 1-based.
    pub ordinal: u64,
}

/// A stored answer that matched no claim when it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptReturn {
    /// Exchange of the answer.
    pub exchange_id: ExchangeId,
    /// Depositor of the file.
    pub sender: String,
    /// Lane of the file.
    pub lane: Lane,
    /// Instant of the deposit.
    pub received_at: OffsetDateTime,
    /// The answer.
    pub answer: UnmatchedReturn,
    /// Claim with which it was matched since.
    pub claim_id: Option<ClaimId>,
    /// Whether a person named that claim.
    pub is_by_hand: bool,
    /// Number of matches recorded about the answer, those taken back included.
    pub version: u64,
}

impl KeptReturn {
    /// Returns the place of the answer.
    #[must_use]
    pub const fn place(&self) -> AnswerPlace {
        AnswerPlace { exchange_id: self.exchange_id, ordinal: self.answer.ordinal }
    }

    /// Returns whether an identity is that of the answer.
    #[must_use]
    pub fn has_identity(&self, identity: &Token) -> bool {
        let own = [&self.answer.identity, &self.answer.other_identity];
        own.into_iter().any(|own| !own.0.is_empty() && own == identity)
    }
}

impl Scope {
    /// Returns whether the scope covers an answer that matches no claim.
    #[must_use]
    pub fn covers_answer(&self, kept: &KeptReturn) -> bool {
        !self.covers_nothing()
            && self.senders.covers(&kept.sender)
            && self.ps.covers(&kept.answer.ps)
            && self.amc.covers(&kept.answer.amc_number)
    }
}

/// A match of an answer with a claim that a person recorded, or the undoing of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedMatch {
    /// Identifier.
    pub id: MatchId,
    /// The answer.
    pub answer: AnswerPlace,
    /// Claim; `None` when the match before is taken back.
    pub claim_id: Option<ClaimId>,
    /// Reason that the person gave.
    pub why: FreeText,
    /// Author.
    pub author: DecisionAuthor,
    /// Instant.
    pub at: OffsetDateTime,
}
