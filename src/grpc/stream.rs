//! Server streams of events: resume tokens, and batches spread into messages.

use super::Answers;
use futures::{Stream, StreamExt as _, stream};
use tonic::Status;

/// Spreads batches of messages into one stream. A failed batch becomes the last message.
pub(super) fn flatten<T: Send + 'static>(
    batches: impl Stream<Item = Result<Vec<T>, Status>> + Send + 'static,
) -> Answers<T> {
    Box::pin(batches.flat_map(|batch| match batch {
        Ok(answers) => stream::iter(answers.into_iter().map(Ok).collect::<Vec<_>>()),
        Err(status) => stream::iter(vec![Err(status)]),
    }))
}

/// Returns the position in the published stream that a resume token names; an empty token names
/// the position before the oldest event.
pub(super) fn position(resume_token: &str) -> Result<i64, Status> {
    if resume_token.is_empty() {
        return Ok(0);
    }
    let position = resume_token.parse().ok().filter(|position| *position >= 0);
    position.ok_or_else(|| {
        super::check::one_violation(
            "resume_token",
            "expected the resume_token of a message of this service",
        )
    })
}
