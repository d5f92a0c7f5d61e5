//! Return files: ARL and 580, sealed, until they are delivered.

use super::codec::{Instant, code};
use super::error::StoreError;
use crate::domain::page::PageToken;
use crate::domain::{
    Claim, ClaimId, ExchangeId, KeyId, Lane, Page, ReturnFile, ReturnId, ReturnKind, Scope,
};
use async_trait::async_trait;
use sqlx::FromRow;
use time::OffsetDateTime;
use uuid::Uuid;

/// Reads return files and records their delivery.
#[async_trait]
pub trait ReturnFiles: Send + Sync {
    /// Returns a page of return files, newest first; bodies are sealed.
    async fn return_files(
        &self,
        scope: &Scope,
        recipient: Option<&str>,
        kind: Option<ReturnKind>,
        after: Option<PageToken>,
        limit: usize,
    ) -> Result<Page<ReturnFile>, StoreError>;

    /// Returns one return file.
    async fn return_file(
        &self,
        scope: &Scope,
        id: ReturnId,
    ) -> Result<Option<ReturnFile>, StoreError>;

    /// Returns the ARL of an exchange.
    async fn arl(&self, scope: &Scope, id: ExchangeId) -> Result<Option<ReturnFile>, StoreError>;

    /// Returns files that are not yet written to their drop directory, oldest first.
    async fn return_files_to_deliver(&self, limit: usize) -> Result<Vec<ReturnFile>, StoreError>;

    /// Returns whether a decided AMC reject is not yet returned to its sender. Idle replicas ask
    /// this instead of opening a write transaction, of which SQLite has only one at a time.
    async fn has_rejects_to_return(&self) -> Result<bool, StoreError>;

    /// Flags a return file as written to its drop directory. The first delivery keeps its instant.
    async fn mark_delivered(&self, id: ReturnId, at: OffsetDateTime) -> Result<(), StoreError>;
}

/// Writes return files, inside a transaction.
#[async_trait]
pub trait ReturnFileWrites: Send {
    /// Locks and returns claims whose AMC reject is decided and not yet returned to the sender,
    /// oldest first: the content of the 580 file.
    async fn rejects_to_return(&mut self, limit: usize) -> Result<Vec<Claim>, StoreError>;

    /// Flags AMC rejects as returned by an exchange: the caisse's own return already brings its
    /// rejects to the professional.
    async fn mark_rejects_returned(
        &mut self,
        by: ExchangeId,
        claims: &[ClaimId],
    ) -> Result<(), StoreError>;

    /// Removes the flag of AMC rejects that were returned: the parts are rejected anew, and wait
    /// for another 580.
    async fn reset_reports(&mut self, claims: &[ClaimId]) -> Result<(), StoreError>;

    /// Inserts a return file and flags the rejects that it contains as returned.
    async fn insert_return_file(
        &mut self,
        file: &ReturnFile,
        rejects: &[ClaimId],
    ) -> Result<(), StoreError>;
}

/// Row of a return file.
#[derive(FromRow)]
pub(in crate::store) struct ReturnRow {
    id: Uuid,
    kind: String,
    recipient: String,
    is_test: bool,
    exchange_id: Option<Uuid>,
    file_name: String,
    digest: String,
    sealed: Vec<u8>,
    key_id: String,
    created_at: Instant,
}

impl TryFrom<ReturnRow> for ReturnFile {
    type Error = StoreError;

    fn try_from(r: ReturnRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: ReturnId(r.id),
            kind: code(&r.kind),
            recipient: r.recipient,
            lane: Lane::of(r.is_test),
            exchange_id: r.exchange_id.map(ExchangeId),
            file_name: r.file_name,
            digest: r.digest,
            sealed: r.sealed,
            key_id: KeyId(r.key_id),
            created_at: r.created_at.0,
        })
    }
}
