//! The queue `claims.decisions`: an edge for workers who report decisions by message.
//!
//! ```text
//! claims.decisions ─► check ─► service::decisions ─► answer to `reply_to` ─► ack
//!                        └ refused, and nobody waits for an answer ─► claims.dead, with the reason
//! ```
//!
//! **Promise.** The rules are those of `ClaimWorkService.RecordDecision`. A message is acknowledged
//! once its decision is committed and its answer, or its dead letter, is confirmed by the broker; a
//! message delivered again is recognised by its idempotency key. Messages are processed one after
//! the other, so that those of one replica stay in order. While the database is away the message
//! waits, and its delivery limit is not touched.

mod answer;
mod consumer;
mod message;

use crate::clock::SharedClock;
use crate::error_chain::Chain;
use crate::relay::{AmqpSettings, SinkError, retry_delay};
use crate::service::decisions::Decisions;
use consumer::Consumer;
use metrics::{counter, describe_counter, describe_gauge, gauge};
use std::time::Duration;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

/// Messages that the broker sends ahead: the largest number in flight.
pub const PREFETCH: u16 = 20;
/// Time in which a stop processes the messages that the broker sent ahead. The others go back.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

/// Messages taken, by outcome.
const MESSAGES: &str = "noemie_decision_messages_total";
/// Whether the queue is consumed.
const CONSUMING: &str = "noemie_decision_queue_connected";

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// The decision is recorded.
    Recorded,
    /// The decision was recorded before.
    Repeated,
    /// The decision is refused, and its sender was told.
    Refused,
    /// The message is a dead letter: it is unreadable, or refused and names no queue for an answer.
    Dead,
    /// The message went back to the queue after a fault of the gateway.
    Returned,
}

impl Outcome {
    const ALL: [Self; 5] =
        [Self::Recorded, Self::Repeated, Self::Refused, Self::Dead, Self::Returned];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Recorded => "recorded",
            Self::Repeated => "repeated",
            Self::Refused => "refused",
            Self::Dead => "dead",
            Self::Returned => "returned",
        }
    }

    fn count(self) {
        counter!(MESSAGES, "outcome" => self.as_str()).increment(1);
    }
}

/// Describes the metrics of the queue of decisions.
pub fn describe_metrics() {
    describe_counter!(
        MESSAGES,
        "Messages taken from claims.decisions, by outcome: recorded, repeated, refused (the sender \
         was told), dead (in claims.dead with the reason), returned (to the queue, after a fault)"
    );
    for outcome in Outcome::ALL {
        counter!(MESSAGES, "outcome" => outcome.as_str()).absolute(0);
    }
    describe_counter!(
        consumer::UNANSWERED,
        "Answers to decisions that no queue took: the queue of the sender is gone"
    );
    counter!(consumer::UNANSWERED).absolute(0);
    describe_gauge!(CONSUMING, "1 while this replica consumes claims.decisions");
}

/// Consumes the queue until `shutdown`, then processes what the broker sent ahead. A connection
/// that fails is opened again after a growing delay.
pub async fn run(
    settings: AmqpSettings,
    decisions: Decisions,
    clock: SharedClock,
    shutdown: CancellationToken,
) {
    let mut failures = 0;
    while !shutdown.is_cancelled() {
        let consumer = tokio::select! {
            opened = Consumer::open(&settings, &decisions, &clock) => opened,
            () = shutdown.cancelled() => return,
        };
        let ended = match consumer {
            Ok(mut consumer) => {
                failures = 0;
                gauge!(CONSUMING).set(1.0);
                let ended = consume(&mut consumer, &shutdown).await;
                consumer.close().await;
                ended
            }
            Err(failure) => Err(failure),
        };
        gauge!(CONSUMING).set(0.0);
        let Err(failure) = ended else { return };
        failures += 1;
        if failures == 1 {
            let error = Chain(&failure);
            // The relay, which shares the broker, says that it cannot be reached, once for both.
            if matches!(failure, SinkError::Unreachable { .. }) {
                tracing::info!(%error, "the queue of decisions is not consumed");
            } else {
                tracing::warn!(%error, "the queue of decisions is not consumed");
            }
        }
        tokio::select! {
            () = sleep(retry_delay(failures, clock.new_id().as_u64_pair().1)) => {}
            () = shutdown.cancelled() => return,
        }
    }
}

/// Processes messages until `shutdown`, and then those that the broker sent ahead.
async fn consume(consumer: &mut Consumer, shutdown: &CancellationToken) -> Result<(), SinkError> {
    loop {
        tokio::select! {
            biased;
            () = shutdown.cancelled() => break,
            taken = consumer.next() => consumer.process(taken?, shutdown).await?,
        }
    }
    consumer.cancel().await?;
    let rest = async {
        while let Some(delivery) = consumer.left().await {
            consumer.process(delivery?, shutdown).await?;
        }
        Ok(())
    };
    timeout(DRAIN_TIMEOUT, rest).await.unwrap_or(Ok(()))
}
