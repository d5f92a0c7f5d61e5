//! The relay: publishes the events of the outbox to the workers.
//!
//! ```text
//! outbox ─► batches, several in flight ─► sink (RabbitMQ, or the local log) ─► confirms
//!                          │                                  └► events marked as published
//!                          │ any outcome but an ack: wait for the batches in flight, disconnect,
//!                          │ back off, start over from the outbox
//! ```
//!
//! **Promise.** Each committed event reaches the sink at least once, always under the same event
//! id. The relay sends an event only once every earlier event of its claim is confirmed. A consumer
//! that ignores repeated event ids therefore sees the events of a claim once and in order, also
//! after resends and while one replica takes over from another. Events of different claims have no
//! order.
//!
//! The relay does not know SQL, nor the meaning of an event. lapin is used here and nowhere else.

mod amqp;
mod backoff;
mod connection;
pub mod dead_letters;
mod in_flight;
mod mark;
mod message;
mod sink;
mod status;
mod step;
pub mod topology;

pub use amqp::AmqpSink;
pub use backoff::delay as retry_delay;
pub use connection::{AmqpSettings, compare_mark, connect, look_at_mark, put_mark};
pub use mark::{BrokerMark, SeenMark};
pub(crate) use message::short;
pub use sink::{LocalLog, Outcome, Sink, SinkError};
pub use status::{RelayState, RelayStatus, describe_metrics};
pub use step::{OutcomeCounts, Relay, StepOutcome};

use crate::clock::SharedClock;
use crate::store::SharedOutbox;
use std::time::Duration;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

/// Events read from the outbox together. More than 500 confirms in flight bring a quorum queue no
/// more throughput.
pub const BATCH_EVENTS: usize = 500;
/// Batches in flight together, each on a channel of its own.
pub const MAX_BATCHES: usize = 4;
/// Wait of an idle relay when no notification comes: the delay that a lost notification costs.
pub const IDLE_WAIT: Duration = Duration::from_secs(1);
/// Time between two attempts of a standby replica to take the lease: the delay of a takeover.
pub const STANDBY_WAIT: Duration = Duration::from_secs(1);
/// Time that an orderly stop goes on publishing committed events. Events left over stay in the
/// outbox.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);
/// AMQP reply code of a close without an error.
pub(crate) const REPLY_SUCCESS: u16 = 200;
/// Time that closing the sink may take at the end.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// Publishes until `shutdown`, then drains the outbox for at most [`DRAIN_TIMEOUT`]. A failed step
/// is retried with a growing backoff, without a limit on the number of attempts.
pub async fn run(
    store: SharedOutbox,
    sink: Box<dyn Sink>,
    clock: SharedClock,
    status: RelayStatus,
    shutdown: CancellationToken,
) {
    let mut relay = Relay::new(store, sink, clock, status);
    let drain_timeout = async {
        shutdown.cancelled().await;
        sleep(DRAIN_TIMEOUT).await;
    };
    tokio::select! {
        () = publish_until(&mut relay, &shutdown) => {}
        () = drain_timeout => tracing::warn!("relay stopped while events were in flight, they stay \
            in the outbox"),
    }
    if timeout(CLOSE_TIMEOUT, relay.close()).await.is_err() {
        tracing::debug!("broker did not answer while the connection was closed");
    }
}

/// Repeats [`Relay::step`], and waits after each step as its outcome asks for. Returns after
/// `shutdown`, once a step publishes no more.
async fn publish_until(relay: &mut Relay, shutdown: &CancellationToken) {
    loop {
        let outcome = relay.step().await;
        if matches!(outcome, StepOutcome::Published(_)) {
            continue;
        }
        if shutdown.is_cancelled() {
            return;
        }
        tokio::select! {
            () = relay.wait_after(&outcome) => {}
            () = shutdown.cancelled() => {}
        }
    }
}
