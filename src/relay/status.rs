//! State of the relay, shown in `/healthz` and in the metrics.

use metrics::{Unit, describe_counter, describe_gauge, gauge};
use std::sync::Arc;
use tokio::sync::watch;

/// State of the relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelayState {
    /// The relay has not connected yet.
    Starting,
    /// The relay is connected, has the lease and publishes.
    Publishing,
    /// The relay is connected; another replica publishes.
    Standby,
    /// The broker or the database does not answer, or refuses. The relay retries without limit.
    Down,
}

impl RelayState {
    /// Returns the name shown in `/healthz`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Publishing => "publishing",
            Self::Standby => "standby",
            Self::Down => "down",
        }
    }
}

/// The state of the relay, shared between the relay and its observers.
#[derive(Debug, Clone)]
pub struct RelayStatus(Arc<watch::Sender<RelayState>>);

impl Default for RelayStatus {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(RelayState::Starting)))
    }
}

impl RelayStatus {
    /// Returns the current state.
    #[must_use]
    pub fn get(&self) -> RelayState {
        *self.0.borrow()
    }

    /// Returns a receiver of every later state.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<RelayState> {
        self.0.subscribe()
    }

    pub(super) fn set(&self, state: RelayState) {
        let before = self.0.send_replace(state);
        if before != state {
            tracing::info!(state = state.as_str(), "relay");
        }
        let connected = matches!(state, RelayState::Publishing | RelayState::Standby);
        gauge!("noemie_relay_connected").set(if connected { 1.0 } else { 0.0 });
    }
}

/// Describes the metrics of the relay to the installed recorder.
pub fn describe_metrics() {
    describe_gauge!(
        "noemie_relay_connected",
        "1 while the relay has its broker (or the local log), 0 while it tries to get it back"
    );
    describe_counter!(
        "noemie_relay_published_total",
        "Events handed to the broker, by outcome: acked, unroutable, nacked, unknown"
    );
    describe_gauge!(
        "noemie_queue_messages",
        "Messages ready in a queue that the gateway declares, by queue"
    );
    describe_gauge!("noemie_outbox_pending", "Events committed and not yet published");
    describe_gauge!(
        "noemie_outbox_oldest_seconds",
        Unit::Seconds,
        "Age of the oldest event not yet published, 0 when none"
    );
}
