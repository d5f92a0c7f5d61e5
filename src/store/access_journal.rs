//! The access journal: each look at the data of a person.

use super::error::StoreError;
use crate::domain::{ClaimId, FreeText};
use async_trait::async_trait;
use time::OffsetDateTime;

/// Writes the access journal, inside a transaction.
#[async_trait]
pub trait AccessJournalWrites: Send {
    /// Inserts one access: caller, claim, purpose, instant.
    async fn insert_access(
        &mut self,
        claim_id: ClaimId,
        caller: &FreeText,
        purpose: &FreeText,
        at: OffsetDateTime,
    ) -> Result<(), StoreError>;
}
