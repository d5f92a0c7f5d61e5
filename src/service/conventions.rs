//! Lookups of conventions.

use crate::clock::SharedClock;
use crate::conventionnement::Conventionnement;
use crate::domain::Caller;
use crate::domain::civil_time::paris_date;
use std::sync::Arc;
use time::Date;

pub use crate::conventionnement::{
    Answer, ConventionRow, EstablishmentRow, LookupAnswer, LookupError, LookupQuery, MatchedBy,
    RegisterState, WrongField,
};
pub use crate::store::conventions::ConventionVersion;

/// Answers lookups for callers.
#[derive(Clone)]
pub struct Conventions {
    conventionnement: Arc<Conventionnement>,
    clock: SharedClock,
}

impl Conventions {
    /// Makes the lookups over the register and the conventions.
    #[must_use]
    pub fn new(conventionnement: Arc<Conventionnement>, clock: SharedClock) -> Self {
        Self { conventionnement, clock }
    }

    /// Returns the day in Paris, which a lookup without a day asks for.
    #[must_use]
    pub fn today(&self) -> Date {
        paris_date(self.clock.now())
    }

    /// Answers whether a number is conventionné with an AMC, for a domain, on a day. An unknown
    /// number is an answer, not an error.
    ///
    /// # Errors
    /// [`LookupError::Invalid`] for a question that is not well formed, [`LookupError::Store`] when
    /// the database fails.
    pub async fn lookup(
        &self,
        caller: &Caller,
        query: &LookupQuery,
    ) -> Result<LookupAnswer, LookupError> {
        tracing::trace!(caller = caller.name, "convention looked up");
        self.conventionnement.lookup(&caller.scope, query).await
    }

    /// Returns every recorded version of the conventions of a number with an AMC.
    ///
    /// # Errors
    /// As [`lookup`](Self::lookup).
    pub async fn history(
        &self,
        caller: &Caller,
        identifier: &str,
        amc: &str,
    ) -> Result<Vec<ConventionVersion>, LookupError> {
        tracing::trace!(caller = caller.name, "history of conventions read");
        self.conventionnement.history(&caller.scope, identifier, amc).await
    }
}
