//! Server streams of events: batches spread into messages.

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
