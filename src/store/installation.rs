//! The mark of the installation (invariant 12): its id, the check value of its vault key, and the
//! sinks that its events have gone to.

use super::codec::{Instant, uint};
use super::error::StoreError;
use super::lease::Lease;
use super::operations_journal::OperationStep;
use async_trait::async_trait;
use time::OffsetDateTime;
use uuid::Uuid;

/// The mark of an installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// Identifier that database, broker and archive carry.
    pub id: Uuid,
    /// Number of the life of the data, from 1.
    pub incarnation: u64,
    /// Id of the master key of the vault.
    pub key_id: String,
    /// Keyed digest over the other fields.
    pub key_check: String,
    /// Instant of the marking.
    pub marked_at: OffsetDateTime,
    /// Name of the operator or replica that marked the installation.
    pub marked_by: String,
}

/// A sink of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SinkMark {
    /// Number of the sink, from 1; the largest is in force.
    pub number: u64,
    /// `local` or `broker`.
    pub kind: String,
    /// Virtual host of the broker; empty for the local stream.
    pub vhost: String,
    /// Prefix of exchanges and queues; empty for the local stream.
    pub prefix: String,
    /// Instant from which the sink is in force.
    pub adopted_at: OffsetDateTime,
    /// Name of the operator or replica that put the sink in force.
    pub adopted_by: String,
    /// Keyed digest over the other fields.
    pub key_check: String,
}

/// Reads and writes the mark of the installation.
#[async_trait]
pub trait Installations: Send + Sync {
    /// Returns the mark and the sink in force; `None` for a database that nobody marked.
    async fn installation(&self) -> Result<Option<(Installation, SinkMark)>, StoreError>;

    /// Inserts the mark and its first sink, unless the database is marked already.
    async fn mark(&self, installation: &Installation, sink: &SinkMark) -> Result<(), StoreError>;

    /// Puts another sink in force and writes the step of the journal, in one transaction. Fails
    /// when another process has just taken the number of the sink.
    async fn adopt_sink(&self, sink: &SinkMark, step: &OperationStep) -> Result<(), StoreError>;

    /// Sets the incarnation and the check value of the mark, and writes the step of the journal, in
    /// one transaction. Fails when the incarnation is not smaller than this one.
    async fn begin_incarnation(
        &self,
        installation: &Installation,
        step: &OperationStep,
    ) -> Result<(), StoreError>;

    /// Takes the lease to write witness lines, unless another replica has it.
    async fn try_witness_lease(&self) -> Result<Option<Box<dyn Lease>>, StoreError>;
}

/// A row of `installation` as the database gives it.
pub(in crate::store) type InstallationRow = (Uuid, i64, String, String, Instant, String);
/// A row of `sinks` as the database gives it.
pub(in crate::store) type SinkRow = (i64, String, String, String, Instant, String, String);

impl TryFrom<InstallationRow> for Installation {
    type Error = StoreError;

    fn try_from(
        (id, incarnation, key_id, key_check, at, marked_by): InstallationRow,
    ) -> Result<Self, StoreError> {
        let incarnation = uint(incarnation, "installation.incarnation")?;
        Ok(Self { id, incarnation, key_id, key_check, marked_at: at.0, marked_by })
    }
}

impl TryFrom<SinkRow> for SinkMark {
    type Error = StoreError;

    fn try_from(
        (number, kind, vhost, prefix, at, adopted_by, key_check): SinkRow,
    ) -> Result<Self, StoreError> {
        let number = uint(number, "sinks.sink_no")?;
        Ok(Self { number, kind, vhost, prefix, adopted_at: at.0, adopted_by, key_check })
    }
}
