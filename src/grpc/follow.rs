//! Follows the published events: what is already there, then what comes, until the caller hangs up
//! or the gateway stops.
//!
//! The resume token is the position of an event in the published stream. Nothing is remembered
//! between two calls, so that a stream cut for whatever reason costs its caller nothing: it starts
//! again after the last token it saw.

use super::Services;
use super::errors::internal;
use crate::store::{Occasion, OutboxEvent, Waiter};
use futures::{Stream, StreamExt as _, stream};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tonic::Status;

/// Events read at once.
const BATCH: usize = 100;
/// Longest sleep between two looks: what a lost wake-up costs.
const PATIENCE: Duration = Duration::from_secs(2);

/// A place in the published stream.
pub(super) struct Follower {
    services: Services,
    stopping: CancellationToken,
    position: i64,
    published: Waiter,
}

impl Follower {
    /// Starts after a position; 0 is before the oldest event.
    pub(super) fn new(services: Services, stopping: CancellationToken, position: i64) -> Self {
        let published = services.store.waiter(Occasion::Published);
        Self { services, stopping, position, published }
    }

    /// The next events, never none; `None` when the gateway stops.
    async fn next_batch(&mut self) -> Result<Option<Vec<OutboxEvent>>, Status> {
        while !self.stopping.is_cancelled() {
            self.published.arm();
            let events = self.services.store.published_after(self.position, BATCH).await;
            let events = events.map_err(|e| internal(self.services.clock.as_ref(), &e))?;
            if let Some(last) = events.last() {
                self.position = last.position;
                return Ok(Some(events));
            }
            tokio::select! {
                () = self.stopping.cancelled() => {}
                () = self.published.wait(PATIENCE) => {}
            }
        }
        Ok(None)
    }

    /// The batches as a stream; ends after the first failure.
    pub(super) fn batches(self) -> impl Stream<Item = Result<Vec<OutboxEvent>, Status>> + Send {
        stream::unfold(Some(self), |follower| async {
            let mut follower = follower?;
            match follower.next_batch().await {
                Ok(batch) => batch.map(|events| (Ok(events), Some(follower))),
                Err(status) => Some((Err(status), None)),
            }
        })
    }
}

/// Spreads the answers of batches into one stream.
pub(super) fn flatten<T: Send + 'static>(
    batches: impl Stream<Item = Result<Vec<T>, Status>> + Send + 'static,
) -> super::Answers<T> {
    Box::pin(batches.flat_map(|batch| match batch {
        Ok(answers) => stream::iter(answers.into_iter().map(Ok).collect::<Vec<_>>()),
        Err(status) => stream::iter(vec![Err(status)]),
    }))
}

/// The position that a resume token stands for.
pub(super) fn position(resume_token: &str) -> Result<i64, Status> {
    if resume_token.is_empty() {
        return Ok(0);
    }
    let position = resume_token.parse().ok().filter(|position| *position >= 0);
    position.ok_or_else(|| {
        super::ask::one_violation(
            "resume_token",
            "expected the resume_token of a message of this service",
        )
    })
}
