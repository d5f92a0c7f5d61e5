//! Journal of the operations that an operator does by hand (replay a dead letter, abandon a staged
//! deposit). Each step is committed before it is executed.

use super::{OperationStep, SharedOperationsJournal, Stage, StoreError};
use crate::domain::{FreeText, SharedClock};
use serde_json::Value;
use uuid::Uuid;

/// The operator, with the store and the clock of the journal.
#[derive(Clone)]
pub struct Author {
    /// Store that holds the journal.
    pub store: SharedOperationsJournal,
    /// Source of instants and identifiers.
    pub clock: SharedClock,
    /// Name that the operator gave.
    pub name: FreeText,
}

/// The journal of one operation.
pub struct Journal<'a> {
    author: &'a Author,
    action: &'static str,
    subject: String,
    operation_id: Uuid,
    step: u32,
}

impl<'a> Journal<'a> {
    /// Returns the journal of a new operation, and writes nothing. `action` is a stable code
    /// (`dlq.replay`); `subject` names the queue or the deposit that the operation changes.
    #[must_use]
    pub fn open(author: &'a Author, action: &'static str, subject: String) -> Self {
        Self { author, action, subject, operation_id: author.clock.new_id(), step: 0 }
    }

    /// Returns the id that every step of the operation carries.
    #[must_use]
    pub const fn operation_id(&self) -> Uuid {
        self.operation_id
    }

    /// Returns the number of the next step.
    #[must_use]
    pub const fn next_step(&self) -> u32 {
        self.step
    }

    /// Writes and commits a step.
    pub async fn write(&mut self, stage: Stage, detail: Value) -> Result<(), StoreError> {
        let step = OperationStep {
            operation_id: self.operation_id,
            step: self.step,
            at: self.author.clock.now(),
            actor: self.author.name.to_string(),
            action: self.action.to_owned(),
            stage,
            subject: self.subject.clone(),
            detail,
        };
        self.author.store.insert_operation_step(&step).await?;
        self.step += 1;
        Ok(())
    }
}
