//! What people do by hand to messages and data, on the record before it is done.

use crate::clock::SharedClock;
use crate::store::{OperationStep, SharedStore, Stage, StoreError};
use serde_json::Value;
use uuid::Uuid;

/// Who works by hand, and where it is written.
#[derive(Clone)]
pub struct Author {
    /// The store with the journal.
    pub store: SharedStore,
    /// Clock and identifiers.
    pub clock: SharedClock,
    /// Who, as they say.
    pub name: String,
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
    /// Opens it; nothing is written yet. `action` is a stable code (`dlq.replay`), `subject` what
    /// is worked on.
    #[must_use]
    pub fn open(author: &'a Author, action: &'static str, subject: String) -> Self {
        Self { author, action, subject, operation_id: author.clock.new_id(), step: 0 }
    }

    /// What its steps stand under.
    #[must_use]
    pub const fn operation_id(&self) -> Uuid {
        self.operation_id
    }

    /// Writes a step; it is committed when this answers.
    pub async fn write(&mut self, stage: Stage, detail: Value) -> Result<(), StoreError> {
        let step = OperationStep {
            operation_id: self.operation_id,
            step: self.step,
            at: self.author.clock.now(),
            actor: self.author.name.clone(),
            action: self.action.to_owned(),
            stage,
            subject: self.subject.clone(),
            detail,
        };
        self.author.store.journal_operation(&step).await?;
        self.step += 1;
        Ok(())
    }
}
