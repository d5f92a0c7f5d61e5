//! Held attempts: copies of invoices that another sender sent before. The desk releases a copy,
//! which then replaces the earlier attempt, or dismisses it.

use super::codes::open_coded;
use super::{ClaimId, DecisionAuthor, FreeText};
use time::OffsetDateTime;

/// Business days in which the desk decides about a held attempt.
pub const DECISION_DAYS: u32 = 1;

open_coded! {
    /// Decision of the desk about a held attempt.
    HoldDecision {
        /// The copy is treated, and replaces the earlier attempt.
        Released = "released", "Traitée";
        /// The copy is not treated.
        Dismissed = "dismissed", "Écartée";
    }
}

/// A copy of another sender's invoice, and what the desk decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldAttempt {
    /// The copy.
    pub claim_id: ClaimId,
    /// Instant of the deposit.
    pub held_at: OffsetDateTime,
    /// End of the business day by which the desk decides.
    pub decide_by: OffsetDateTime,
    /// Decision; `None` while there is none.
    pub resolution: Option<HoldResolution>,
}

/// Decision about a held attempt, with its author.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldResolution {
    /// Decision.
    pub decision: HoldDecision,
    /// Instant.
    pub at: OffsetDateTime,
    /// Author.
    pub author: DecisionAuthor,
    /// Why, in the words of the author.
    pub why: FreeText,
}
