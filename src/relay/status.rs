//! State of the relay, shown in `/healthz` and in the metrics.

use metrics::{Unit, counter, describe_counter, describe_gauge, gauge};
use std::sync::{Arc, Mutex, PoisonError};
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
pub struct RelayStatus {
    state: Arc<watch::Sender<RelayState>>,
    fault: Arc<Mutex<Option<String>>>,
}

impl Default for RelayStatus {
    fn default() -> Self {
        Self { state: Arc::new(watch::Sender::new(RelayState::Starting)), fault: Arc::default() }
    }
}

impl RelayStatus {
    /// Returns the current state.
    #[must_use]
    pub fn get(&self) -> RelayState {
        *self.state.borrow()
    }

    /// Returns a receiver of every later state.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<RelayState> {
        self.state.subscribe()
    }

    /// Returns why the relay is down; `None` in every other state.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sets a state in which the relay has its sink.
    pub(super) fn set(&self, state: RelayState) {
        self.replace(state, None);
        gauge!(CONNECTED).set(1.0);
        self.set_wrong_sink(false);
    }

    /// Sets whether the sink is not the one of this installation, which an operator has to mend.
    #[expect(clippy::unused_self, reason = "the gauge is part of the state that is shown")]
    pub(super) fn set_wrong_sink(&self, is_wrong: bool) {
        gauge!(WRONG_SINK).set(if is_wrong { 1.0 } else { 0.0 });
    }

    /// Sets the relay down. `sink_works` is true when the fault lies with the database: the gauge
    /// is that of the broker alone.
    pub(super) fn set_down(&self, fault: &str, sink_works: bool) {
        self.replace(RelayState::Down, Some(fault.to_owned()));
        gauge!(CONNECTED).set(if sink_works { 1.0 } else { 0.0 });
    }

    fn replace(&self, state: RelayState, fault: Option<String>) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
        let before = self.state.send_replace(state);
        // The relay logs with its reason that it is down.
        if before != state && state != RelayState::Down {
            tracing::info!(state = state.as_str(), "relay");
        }
    }
}

/// Gauge: 1 while the relay has its sink, else 0.
const CONNECTED: &str = "noemie_relay_connected";

/// Gauge: 1 while the relay publishes nothing because its sink is not that of the installation.
const WRONG_SINK: &str = "noemie_relay_wrong_sink";

/// Counter of events confirmed again, after an operator asked for it.
pub(super) const RESENT: &str = "noemie_events_resent_total";

/// Describes the metrics of the relay to the installed recorder.
pub fn describe_metrics() {
    describe_gauge!(
        CONNECTED,
        "1 while the relay has its broker (or the local log), 0 while it tries to get it back"
    );
    describe_gauge!(
        WRONG_SINK,
        "1 while the relay publishes nothing because its broker or sink is not that of this \
         installation; an operator has to mend it"
    );
    describe_counter!(
        "noemie_relay_published_total",
        "Events handed to the broker, by outcome: acked, unroutable (no queue was bound for them), \
         nacked, unknown; acked and unroutable are counted within ten seconds"
    );
    describe_counter!(
        RESENT,
        "Events published again because an operator asked for it (`outbox resend`), confirmed"
    );
    counter!(RESENT).absolute(0);
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
