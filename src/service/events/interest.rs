//! What a caller asks of a stream: where it starts, and the events that match.

use crate::domain::{ClaimEvent, ClaimId, FilterDigest, PartState, ResumeToken};
use crate::service::view::ClaimView;
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

/// Start of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// Before the oldest event that is kept.
    Oldest,
    /// After the last event that is published now.
    Now,
    /// With the present status of each claim of interest, then as [`Start::Now`].
    Snapshot,
    /// After the message that gave this token.
    After(ResumeToken),
}

/// Claims that a watcher is interested in; an empty field does not filter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Interest {
    /// Claims.
    pub claims: HashSet<ClaimId>,
    /// Name of the depositor.
    pub sender: Option<String>,
    /// PS number.
    pub ps: Option<String>,
}

impl Interest {
    /// Returns whether the claim of an event is of interest.
    #[must_use]
    pub fn covers(&self, event: &ClaimEvent) -> bool {
        self.covers_claim(event.claim_id, &event.sender, &event.ps)
    }

    /// Returns whether a claim is of interest.
    #[must_use]
    pub fn covers_claim(&self, id: ClaimId, sender: &str, ps: &str) -> bool {
        (self.claims.is_empty() || self.claims.contains(&id))
            && self.sender.as_ref().is_none_or(|wanted| wanted == sender)
            && self.ps.as_ref().is_none_or(|wanted| wanted == ps)
    }

    /// Returns the digest that binds resume tokens to the filter.
    #[must_use]
    pub fn digest(&self) -> FilterDigest {
        let claims: BTreeSet<ClaimId> = self.claims.iter().copied().collect();
        let mut digest = FilterDigest::new("statuses")
            .with("sender", self.sender.as_deref())
            .with("ps", self.ps.as_deref());
        for claim in claims {
            digest = digest.with("claim", Some(&claim.to_string()));
        }
        digest
    }
}

/// Events that a subscriber asks for; an empty field does not filter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// AMC number.
    pub amc_number: Option<String>,
    /// Facts.
    pub facts: HashSet<PartState>,
}

impl EventFilter {
    /// Returns whether an event matches.
    #[must_use]
    pub fn covers(&self, event: &ClaimEvent) -> bool {
        self.amc_number.as_ref().is_none_or(|amc| *amc == event.amc_number)
            && (self.facts.is_empty() || self.facts.contains(&event.fact))
    }

    /// Returns the digest that binds resume tokens to the filter.
    #[must_use]
    pub fn digest(&self) -> FilterDigest {
        let facts: BTreeSet<&str> = self.facts.iter().map(|fact| fact.as_str()).collect();
        let mut digest = FilterDigest::new("events").with("amc_number", self.amc_number.as_deref());
        for fact in facts {
            digest = digest.with("fact", Some(fact));
        }
        digest
    }
}

/// A status that a watcher gets, and the position after which a new stream continues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusChange {
    /// The claim as it is now; `None` when the caller may no longer see it.
    pub view: Option<Arc<ClaimView>>,
    /// Position of the event that changed it; 0 in a snapshot, which a new stream cannot continue.
    pub position: i64,
}

impl StatusChange {
    /// Returns a status of a snapshot.
    pub(super) fn of_snapshot(view: ClaimView) -> Self {
        Self { view: Some(Arc::new(view)), position: 0 }
    }
}
