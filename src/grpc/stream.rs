//! Server streams of events: batches spread into messages.

use super::Answers;
use futures::{Stream, StreamExt as _, stream};
use tonic::Status;

/// Ends a stream after its first failure.
pub(super) fn until_failure<T: Send + 'static>(
    batches: impl Stream<Item = Result<T, Status>> + Send + 'static,
) -> impl Stream<Item = Result<T, Status>> + Send + 'static {
    let batches = Box::pin(batches);
    stream::unfold(Some(batches), |batches| async {
        let mut batches = batches?;
        let batch = batches.next().await?;
        let rest = batch.is_ok().then_some(batches);
        Some((batch, rest))
    })
}

/// Spreads batches of messages into one stream. A failed batch becomes the last message.
pub(super) fn flatten<T: Send + 'static>(
    batches: impl Stream<Item = Result<Vec<T>, Status>> + Send + 'static,
) -> Answers<T> {
    Box::pin(batches.flat_map(|batch| match batch {
        Ok(answers) => stream::iter(answers.into_iter().map(Ok).collect::<Vec<_>>()),
        Err(status) => stream::iter(vec![Err(status)]),
    }))
}
