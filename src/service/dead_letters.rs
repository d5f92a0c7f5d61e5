//! Dead letters: readings, and acts that the journal of operations names before they touch a
//! message.

pub use crate::relay::dead_letters::{
    Act, DEFAULT_LOOK_MESSAGES, DEFAULT_RUN_TIME, DeadLetter, DeadLetterError, DeadQueue, Filter,
    Group, InvalidPattern, KeyPattern, Limits, Look, MAX_LOOK_MESSAGES, Outcome, QueueName, group,
};

use super::operations::{OperationError, Operations, require_operator};
use crate::domain::{Caller, FreeText};
use crate::relay::{AmqpSettings, dead_letters};

/// Reason why dead letters are not read, replayed or dropped.
#[derive(Debug, thiserror::Error)]
pub enum DeadLettersError {
    /// The caller may not do this, or the installation failed.
    #[error(transparent)]
    Operation(#[from] OperationError),
    /// The broker failed.
    #[error(transparent)]
    Letters(#[from] DeadLetterError),
}

/// Queues of dead letters of one broker.
pub struct DeadLetters {
    settings: AmqpSettings,
}

impl DeadLetters {
    /// Returns the queues of the broker that the settings name. Nothing is connected yet.
    #[must_use]
    pub const fn new(settings: AmqpSettings) -> Self {
        Self { settings }
    }

    /// Returns the name of a queue on the broker.
    #[must_use]
    pub fn name(&self, queue: DeadQueue) -> String {
        self.settings.prefix.name(queue.queue())
    }

    /// Returns at most `limit` messages of a queue, oldest first, and leaves the queue as it was.
    pub async fn look(
        &self,
        caller: &Caller,
        queue: DeadQueue,
        limit: u16,
    ) -> Result<Look, DeadLettersError> {
        require_operator(caller)?;
        Ok(dead_letters::look(&self.settings, queue, limit).await?)
    }

    /// Returns what an act would do, and changes nothing.
    pub async fn dry_run(
        &self,
        caller: &Caller,
        act: Act,
        limits: &Limits,
    ) -> Result<Outcome, DeadLettersError> {
        require_operator(caller)?;
        Ok(act.dry_run(&self.settings, limits).await?)
    }

    /// Replays or drops messages. The journal of `operations` names the caller, and the author
    /// that the caller states.
    pub async fn execute(
        &self,
        caller: &Caller,
        act: Act,
        limits: &Limits,
        operations: &Operations,
        stated_author: Option<&FreeText>,
    ) -> Result<Outcome, DeadLettersError> {
        require_operator(caller)?;
        let author = operations.author(caller, stated_author);
        Ok(act.execute(&self.settings, limits, &author).await?)
    }
}
