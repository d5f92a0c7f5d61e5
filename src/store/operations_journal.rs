//! The journal of operations: acts of operators (replay a dead letter, abandon a staged deposit),
//! one row a step.

use super::error::StoreError;
use async_trait::async_trait;
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

/// Progress of an operation when a row of its journal was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The operator asked for the operation. Nothing is changed yet.
    Asked,
    /// The rows or messages that the detail names are about to be changed.
    Batch,
    /// The operation succeeded.
    Done,
    /// The operation stopped early. The detail has the reason and the work done until then.
    Failed,
    /// A stage of a later version.
    Unknown,
}

impl Stage {
    /// Stable code.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Batch => "batch",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }

    /// Reads a code that the database holds.
    #[must_use]
    pub fn read_code(code: &str) -> Self {
        let known = [Self::Asked, Self::Batch, Self::Done, Self::Failed];
        known.into_iter().find(|stage| stage.as_str() == code).unwrap_or(Self::Unknown)
    }
}

/// A row of the journal.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct OperationStep {
    /// Identifier of the operation, shared by its steps.
    pub operation_id: Uuid,
    /// Number of the step, from 0.
    pub step: u32,
    /// Instant.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// Name of the operator.
    pub actor: String,
    /// Action, for example `dlq.replay`.
    pub action: String,
    /// Progress.
    pub stage: Stage,
    /// Subject of the action, a queue for example.
    pub subject: String,
    /// Filter, identifiers, counts; never a person.
    pub detail: Value,
}

/// Reads and writes the journal of operations.
#[async_trait]
pub trait OperationsJournal: Send + Sync {
    /// Inserts a step of an operation. The step is committed when the call returns.
    async fn insert_operation_step(&self, step: &OperationStep) -> Result<(), StoreError>;

    /// Returns steps of the journal, newest first.
    async fn operation_steps(&self, limit: usize) -> Result<Vec<OperationStep>, StoreError>;

    /// Returns every step of an action, oldest first: for actions that are rare.
    async fn steps_of_action(&self, action: &str) -> Result<Vec<OperationStep>, StoreError>;
}

/// A row as the database gives it.
pub(in crate::store) type OperationRow =
    (Uuid, i64, super::codec::Instant, String, String, String, String, String);

impl TryFrom<OperationRow> for OperationStep {
    type Error = StoreError;

    fn try_from(
        (operation_id, step, at, actor, action, stage, subject, detail): OperationRow,
    ) -> Result<Self, StoreError> {
        let stage = Stage::read_code(&stage);
        let step = super::codec::uint(step, "operations_journal.step")?;
        let detail = super::codec::from_json(&detail, "operations_journal.detail")?;
        Ok(Self { operation_id, step, at: at.0, actor, action, stage, subject, detail })
    }
}

/// Returns the fields that the link of a step signs.
pub(in crate::store) fn operation_fields(row: &OperationRow) -> Vec<String> {
    let (operation_id, step, at, actor, action, stage, subject, detail) = row;
    let numbers = [operation_id.to_string(), step.to_string(), at.micros().to_string()];
    let texts = [actor, action, stage, subject, detail].map(Clone::clone);
    numbers.into_iter().chain(texts).collect()
}
