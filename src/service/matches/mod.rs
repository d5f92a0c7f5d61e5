//! The work list of answers that match no claim, with candidates, and the matches that persons
//! record.
//!
//! Candidates are computed when they are asked for, so that a claim that arrived later shows. The
//! gateway applies none of them: a person does, by [`Matches::record`], and may take it back.

mod persons;
mod record;
mod view;
mod work_list;

pub use record::{MatchChange, MatchError, MatchRequest, RecordedChange};
pub use view::{Candidate, UnmatchedView};
pub use work_list::{UnmatchedPage, UnmatchedQuery, UnmatchedToken, WorkListError};

use super::error::ServiceError;
use crate::clock::SharedClock;
use crate::conventionnement::Conventionnement;
use crate::domain::{AnswerPlace, Caller, RecordedMatch};
use crate::store::SharedStore;
use crate::vault::Vault;
use std::sync::Arc;

/// Matches of an answer that a listing of them names, the last ones.
const MAX_MATCHES: usize = 100;

/// Lists answers without claim and records matches, for callers.
#[derive(Clone)]
pub struct Matches {
    store: SharedStore,
    vault: Arc<Vault>,
    clock: SharedClock,
    conventionnement: Arc<Conventionnement>,
}

impl Matches {
    /// Makes the service over its rooms.
    #[must_use]
    pub const fn new(
        store: SharedStore,
        vault: Arc<Vault>,
        clock: SharedClock,
        conventionnement: Arc<Conventionnement>,
    ) -> Self {
        Self { store, vault, clock, conventionnement }
    }

    /// Returns the matches that persons recorded about an answer, oldest first.
    pub async fn history(
        &self,
        caller: &Caller,
        answer: AnswerPlace,
    ) -> Result<Vec<RecordedMatch>, ServiceError> {
        tracing::trace!(caller = caller.name, "matches of an answer read");
        Ok(self.store.return_matches(&caller.scope, answer, MAX_MATCHES).await?)
    }
}
