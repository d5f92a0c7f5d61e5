//! Events about the installation itself.

use super::error::StoreError;
use super::stored_invoices::StoredEvent;
use crate::domain::InstallationEvent;
use async_trait::async_trait;
use uuid::Uuid;

/// Writes and reads events about the installation.
#[async_trait]
pub trait InstallationEvents: Send + Sync {
    /// Returns the sequence that the next event about this installation takes.
    async fn next_installation_sequence(&self, installation: Uuid) -> Result<u64, StoreError>;

    /// Inserts an event in the history and in the queue.
    async fn insert_installation_event(&self, event: &InstallationEvent) -> Result<(), StoreError>;

    /// Returns the events about an installation after a sequence, in order.
    async fn installation_events(
        &self,
        installation: Uuid,
        after_sequence: i64,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError>;
}
