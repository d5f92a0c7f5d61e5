//! The journal of operations: what people did by hand, written before it is done. SQL once for both
//! databases (see `reads.rs`).

use super::error::StoreError;
use async_trait::async_trait;
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

/// How far an operation was when a row of its journal was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Asked for; nothing was touched yet.
    Asked,
    /// About to touch what the detail names.
    Batch,
    /// Ended as meant.
    Done,
    /// Ended early; the detail says why, and what was done until then.
    Failed,
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
        }
    }

    /// Reads the stable code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Asked, Self::Batch, Self::Done, Self::Failed]
            .into_iter()
            .find(|stage| stage.as_str() == code)
    }
}

/// One row of the journal.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct OperationStep {
    /// The operation; its steps share it.
    pub operation_id: Uuid,
    /// Rank in the operation, from 0.
    pub step: u32,
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// Who.
    pub actor: String,
    /// What, for example `dlq.replay`.
    pub action: String,
    /// How far.
    pub stage: Stage,
    /// On what, a queue for example.
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
}

/// A row as the database gives it.
pub(in crate::store) type OperationRow =
    (Uuid, i64, super::codec::Instant, String, String, String, String, String);

impl TryFrom<OperationRow> for OperationStep {
    type Error = StoreError;

    fn try_from(
        (operation_id, step, at, actor, action, stage, subject, detail): OperationRow,
    ) -> Result<Self, StoreError> {
        let stage = Stage::from_code(&stage).ok_or_else(|| {
            StoreError::Corrupt(format!("operations_journal.stage holds {stage:?}"))
        })?;
        let step = super::codec::uint(step, "operations_journal.step")?;
        let detail = super::codec::from_json(&detail, "operations_journal.detail")?;
        Ok(Self { operation_id, step, at: at.0, actor, action, stage, subject, detail })
    }
}
