//! The relay: from the outbox to the workers.
//!
//! ```text
//! store.unpublished ─► waves, some at once ─► sink (RabbitMQ, or the local log) ─► confirms ─► store.mark_published
//!                                 │ anything but an ack: land, drop the connection, wait, start over from the outbox
//! ```
//!
//! **Promise.** Every committed event reaches the sink at least once, always under the same event id. An event is put on the wire only once
//! every earlier event of its claim is confirmed, so that a consumer that forgets repeated event
//! ids sees each claim's facts once and in order, whatever was cut or resent, also while one
//! replica takes over from another. There is no order between claims.
//!
//! The relay does not know SQL, nor what an event means. lapin lives here and nowhere else.

mod air;
mod amqp;
mod backoff;
pub mod dead_letters;
mod message;
mod sink;
mod status;
mod step;
pub mod topology;

pub use amqp::{AmqpSettings, AmqpSink};
pub use sink::{LocalLog, Outcome, Sink, SinkError};
pub use status::{RelayState, RelayStatus, describe_metrics};
pub use step::{Relay, StepOutcome, Tally};

use crate::clock::SharedClock;
use crate::store::SharedStore;
use std::time::Duration;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

/// Events read together. 500 confirms in flight are where a quorum queue stops gaining.
pub const BATCH: usize = 500;
/// Waves in flight together.
pub const LANES: usize = 4;
/// How long an idle relay sleeps when no notification comes: what a lost notification costs.
pub const IDLE_WAIT: Duration = Duration::from_secs(1);
/// How often a standby replica asks for the lease: what a takeover costs.
pub const STANDBY_WAIT: Duration = Duration::from_secs(1);
/// How long an orderly stop goes on publishing what is already committed. The rest stays in the
/// outbox.
pub const DRAIN: Duration = Duration::from_secs(10);
/// How long closing the sink may take at the end.
const CLOSE: Duration = Duration::from_secs(2);

/// Publishes until `shutdown`, then drains for at most [`DRAIN`]. Never gives up: what fails is
/// tried again, ever more slowly.
pub async fn run(
    store: SharedStore,
    sink: Box<dyn Sink>,
    clock: SharedClock,
    status: RelayStatus,
    shutdown: CancellationToken,
) {
    let mut relay = Relay::new(store, sink, clock, status);
    let too_long = async {
        shutdown.cancelled().await;
        sleep(DRAIN).await;
    };
    tokio::select! {
        () = work(&mut relay, &shutdown) => {}
        () = too_long => tracing::warn!("relay stopped while events were in flight, they stay in the outbox"),
    }
    if timeout(CLOSE, relay.close()).await.is_err() {
        tracing::debug!("broker did not answer the goodbye");
    }
}

/// The loop around [`Relay::step`]: what it answers decides how long to wait. Ends once told to
/// stop and nothing more goes out.
async fn work(relay: &mut Relay, shutdown: &CancellationToken) {
    loop {
        let outcome = relay.step().await;
        if matches!(outcome, StepOutcome::Published(_)) {
            continue;
        }
        if shutdown.is_cancelled() {
            return;
        }
        tokio::select! {
            () = relay.rest(&outcome) => {}
            () = shutdown.cancelled() => {}
        }
    }
}
