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
    /// Number from 1, raised by `restore finish`.
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
    /// First position of the published stream that this sink may have confirmed, from 1.
    pub first_position: u64,
    /// Keyed digest over the other fields.
    pub key_check: String,
}

impl Installation {
    /// Returns the fields that the check value signs.
    #[must_use]
    pub fn signed_fields(&self) -> Vec<String> {
        let (id, incarnation) = (self.id.to_string(), self.incarnation.to_string());
        let (key_id, by) = (self.key_id.clone(), self.marked_by.clone());
        vec!["installation".to_owned(), id, incarnation, key_id, micros(self.marked_at), by]
    }
}

impl SinkMark {
    /// Kind of a sink that is the local stream.
    pub const LOCAL: &str = "local";
    /// Kind of a sink that is RabbitMQ.
    pub const BROKER: &str = "broker";

    /// Returns whether events go to the local stream.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.kind == Self::LOCAL
    }

    /// Returns the fields that the check value signs.
    #[must_use]
    pub fn signed_fields(&self) -> Vec<String> {
        let numbers = [self.number, self.first_position].map(|number| number.to_string());
        let texts = [&self.kind, &self.vhost, &self.prefix, &self.adopted_by].map(Clone::clone);
        let fields = numbers.into_iter().chain(texts).chain([micros(self.adopted_at)]);
        ["sink".to_owned()].into_iter().chain(fields).collect()
    }
}

/// Returns the whole microseconds of an instant, as both databases store it.
fn micros(at: OffsetDateTime) -> String {
    at.unix_timestamp_nanos().div_euclid(1_000).to_string()
}

/// Number of events that a sink confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Confirmed {
    /// Number of the sink.
    pub sink: u64,
    /// Events whose last confirm came from this sink.
    pub events: u64,
}

/// Reads and writes the mark of the installation.
#[async_trait]
pub trait Installations: Send + Sync {
    /// Returns the mark and the sink in force; `None` for a database that nobody marked.
    async fn installation(&self) -> Result<Option<(Installation, SinkMark)>, StoreError>;

    /// Returns every sink, in the order of their numbers.
    async fn sinks(&self) -> Result<Vec<SinkMark>, StoreError>;

    /// Returns the next position of the published stream: the first one that a sink put in force
    /// now may confirm.
    async fn next_position(&self) -> Result<u64, StoreError>;

    /// Returns the number of published events of each sink. Reads the whole stream.
    async fn confirmed_events(&self) -> Result<Vec<Confirmed>, StoreError>;

    /// Inserts the mark and its first sink, unless the database is marked already.
    async fn mark(&self, installation: &Installation, sink: &SinkMark) -> Result<(), StoreError>;

    /// Puts another sink in force and writes the step of the journal, in one transaction. Fails
    /// when another process has just taken the number of the sink.
    ///
    /// # Errors
    /// [`StoreError::StreamMoved`] when events were published since the first position of the sink
    /// was read: a replica still publishes to the sink before.
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
pub(in crate::store) type SinkRow = (i64, String, String, String, Instant, String, i64, String);

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
        (number, kind, vhost, prefix, at, adopted_by, first, key_check): SinkRow,
    ) -> Result<Self, StoreError> {
        let number = uint(number, "sinks.sink_no")?;
        let first_position = uint(first, "sinks.first_position")?;
        let adopted_at = at.0;
        Ok(Self { number, kind, vhost, prefix, adopted_at, adopted_by, first_position, key_check })
    }
}
