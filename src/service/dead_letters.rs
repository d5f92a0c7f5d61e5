//! Dead letters: readings, and acts that the journal of operations names before they touch a
//! message.

pub use crate::relay::dead_letters::{
    Act, DeadLetter, DeadLetterError, DeadQueue, Filter, Group, InvalidPattern, KeyPattern,
    LARGEST_LOOK, Limits, Look, Outcome, USUAL_LOOK, USUAL_TIME, group,
};

use super::operations::{OperationError, Operations, require_operator};
use crate::domain::{Caller, FreeText};
use crate::relay::{AmqpSettings, dead_letters};

/// Reason why dead letters are not seen or worked on.
#[derive(Debug, thiserror::Error)]
pub enum DeadLettersError {
    /// The caller may not, or the installation failed.
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

    /// Returns what an act would do, and touches nothing.
    pub async fn rehearse(
        &self,
        caller: &Caller,
        act: Act,
        limits: &Limits,
    ) -> Result<Outcome, DeadLettersError> {
        require_operator(caller)?;
        Ok(act.rehearse(&self.settings, limits).await?)
    }

    /// Replays or drops messages. The journal of `operations` names the caller, and the author
    /// that the caller states.
    pub async fn perform(
        &self,
        caller: &Caller,
        act: Act,
        limits: &Limits,
        operations: &Operations,
        stated_author: Option<&FreeText>,
    ) -> Result<Outcome, DeadLettersError> {
        require_operator(caller)?;
        let author = operations.author(caller, stated_author);
        Ok(act.perform(&self.settings, limits, &author).await?)
    }
}
