//! Health and figures, for probes and metrics: counts and states only. Probes have no name, so that
//! these readings are the only ones of the service without a caller.

use crate::clock::SharedClock;
use crate::domain::receipt::clock_behind;
use crate::error_chain::Chain;
use crate::failure_log::FailureLog;
use crate::relay::RelayStatus;
use crate::store::{LEDGERS_UNBALANCED, OutboxDepth, SharedHealth, StoreError, StoreFigures};
use metrics::{counter, describe_counter, describe_gauge, gauge};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::timeout;

pub use crate::relay::RelayState;

/// Time within which the database has to answer; below the 3 to 5 s that probes usually wait.
pub const DATABASE_TIMEOUT: Duration = Duration::from_secs(2);

/// Gauge: 1 while the database answers, else 0.
const DATABASE_UP: &str = "noemie_database_up";

/// Describes the gauge of the database to the installed recorder.
pub fn describe_metrics() {
    describe_gauge!(DATABASE_UP, "1 while the database answers, 0 while it does not");
    describe_counter!(
        LEDGERS_UNBALANCED,
        "Commits of a deposit refused because its ledger did not balance; must stay 0"
    );
    counter!(LEDGERS_UNBALANCED).absolute(0);
    crate::ingest::describe_metrics();
}

/// Figures that the database counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figures {
    /// Staged deposits.
    pub staged_deposits: u64,
    /// Quarantined invoices that wait for a corrected resend.
    pub quarantined: u64,
    /// Claims whose AMC part waits past its limit.
    pub overdue: u64,
    /// Copies of other senders' invoices about which the desk has not decided.
    pub held: u64,
    /// Those of them whose day for the decision is over.
    pub held_late: u64,
    /// Transfers whose items are not the amount announced.
    pub transfers_unexplained: u64,
    /// Time since the oldest of them is unexplained, seconds; 0 without any.
    pub unexplained_oldest_seconds: f64,
    /// Events that wait in the outbox.
    pub outbox: u64,
    /// Age of the oldest of these events, seconds.
    pub outbox_oldest_seconds: f64,
    /// How far the clock is behind the latest receipt, seconds.
    pub clock_behind_seconds: f64,
}

/// Answers probes and scrapes.
#[derive(Clone)]
pub struct Health {
    store: SharedHealth,
    clock: SharedClock,
    relay: RelayStatus,
    log: Arc<Mutex<FailureLog>>,
}

impl Health {
    /// Returns the health of an installation, from its store and the state of its relay.
    #[must_use]
    pub fn new(store: SharedHealth, clock: SharedClock, relay: RelayStatus) -> Self {
        Self { store, clock, relay, log: Arc::default() }
    }

    /// Returns the state of the relay.
    #[must_use]
    pub fn relay(&self) -> RelayState {
        self.relay.get()
    }

    /// Returns why the relay holds its events; `None` while it publishes or has not begun.
    #[must_use]
    pub fn relay_fault(&self) -> Option<String> {
        self.relay.fault()
    }

    /// Returns why the database does not answer within [`DATABASE_TIMEOUT`]; `None` when it does.
    pub async fn database_fault(&self) -> Option<String> {
        self.observe(timeout(DATABASE_TIMEOUT, self.store.ping()).await).err()
    }

    /// Returns the figures; `None` when the database does not answer within [`DATABASE_TIMEOUT`].
    pub async fn figures(&self) -> Option<Figures> {
        let read = self.observe(timeout(DATABASE_TIMEOUT, self.read()).await).ok()?;
        Some(self.of(read.0, read.1))
    }

    /// Sets the gauge of the database from an answer and logs the start of an outage, its reminders
    /// and its end.
    fn observe<T>(
        &self,
        answer: Result<Result<T, StoreError>, tokio::time::error::Elapsed>,
    ) -> Result<T, String> {
        let answer = match answer {
            Ok(answer) => answer.map_err(|failure| Chain(&failure).to_string()),
            Err(_) => Err(format!("no answer within {} s", DATABASE_TIMEOUT.as_secs())),
        };
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        gauge!(DATABASE_UP).set(if answer.is_ok() { 1.0 } else { 0.0 });
        match &answer {
            Ok(_) => {
                if let Some(lasted) = log.works() {
                    tracing::info!(?lasted, "the database answers again");
                }
            }
            Err(fault) => {
                if let Some(lasted) = log.failed(fault) {
                    tracing::error!(%fault, ?lasted, "the database does not answer");
                }
            }
        }
        answer
    }

    async fn read(&self) -> Result<(StoreFigures, OutboxDepth), StoreError> {
        let figures = self.store.figures(self.clock.now()).await?;
        Ok((figures, self.store.outbox_depth().await?))
    }

    fn of(&self, figures: StoreFigures, outbox: OutboxDepth) -> Figures {
        let age =
            |oldest: time::OffsetDateTime| (self.clock.now() - oldest).as_seconds_f64().max(0.0);
        Figures {
            staged_deposits: figures.staged_deposits,
            quarantined: figures.quarantine_waiting,
            overdue: figures.overdue,
            held: figures.held,
            held_late: figures.held_late,
            transfers_unexplained: figures.transfers_unexplained,
            unexplained_oldest_seconds: figures.unexplained_since.map_or(0.0, age),
            outbox: outbox.pending,
            outbox_oldest_seconds: outbox.oldest.map_or(0.0, age),
            clock_behind_seconds: figures
                .latest_receipt_at
                .map_or(0.0, |latest| clock_behind(self.clock.now(), latest).as_secs_f64()),
        }
    }
}
