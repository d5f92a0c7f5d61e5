//! Health and figures, for probes and metrics: counts and states only. Probes have no name, so that
//! these readings are the only ones of the service without a caller.

use crate::clock::SharedClock;
use crate::relay::RelayStatus;
use crate::store::{OutboxDepth, SharedHealth, StoreError, StoreFigures};
use std::time::Duration;
use tokio::time::timeout;

pub use crate::relay::RelayState;

/// Time within which the database has to answer; below the 3 to 5 s that probes usually wait.
pub const DATABASE_TIMEOUT: Duration = Duration::from_secs(2);

/// Figures that the database counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figures {
    /// Exchanges whose ledger does not balance.
    pub unbalanced: u64,
    /// Staged deposits.
    pub staged_deposits: u64,
    /// Quarantined invoices that wait for a corrected resend.
    pub quarantined: u64,
    /// Claims whose AMC part waits past its limit.
    pub overdue: u64,
    /// Events that wait in the outbox.
    pub outbox: u64,
    /// Age of the oldest of these events, seconds.
    pub outbox_oldest_seconds: f64,
}

/// Answers probes and scrapes.
#[derive(Clone)]
pub struct Health {
    store: SharedHealth,
    clock: SharedClock,
    relay: RelayStatus,
}

impl Health {
    /// Returns the health of an installation, from its store and the state of its relay.
    #[must_use]
    pub fn new(store: SharedHealth, clock: SharedClock, relay: RelayStatus) -> Self {
        Self { store, clock, relay }
    }

    /// Returns the state of the relay.
    #[must_use]
    pub fn relay(&self) -> RelayState {
        self.relay.get()
    }

    /// Returns whether the database answers within [`DATABASE_TIMEOUT`], and logs why not.
    pub async fn database_answers(&self) -> bool {
        match timeout(DATABASE_TIMEOUT, self.store.ping()).await {
            Ok(Ok(())) => true,
            Ok(Err(error)) => {
                tracing::warn!(%error, "database does not answer");
                false
            }
            Err(_) => {
                tracing::warn!("database does not answer in time");
                false
            }
        }
    }

    /// Returns the figures; `None`, with a line in the log, when the database does not answer
    /// within [`DATABASE_TIMEOUT`].
    pub async fn figures(&self) -> Option<Figures> {
        match timeout(DATABASE_TIMEOUT, self.read()).await {
            Ok(Ok((figures, outbox))) => Some(self.of(figures, outbox)),
            Ok(Err(error)) => {
                tracing::warn!(%error, "figures not read for a scrape");
                None
            }
            Err(_) => {
                tracing::warn!("database too slow for a scrape");
                None
            }
        }
    }

    async fn read(&self) -> Result<(StoreFigures, OutboxDepth), StoreError> {
        let figures = self.store.figures(self.clock.now()).await?;
        Ok((figures, self.store.outbox_depth().await?))
    }

    fn of(&self, figures: StoreFigures, outbox: OutboxDepth) -> Figures {
        let age =
            |oldest: time::OffsetDateTime| (self.clock.now() - oldest).as_seconds_f64().max(0.0);
        Figures {
            unbalanced: figures.unbalanced,
            staged_deposits: figures.staged_deposits,
            quarantined: figures.quarantine_waiting,
            overdue: figures.overdue,
            outbox: outbox.pending,
            outbox_oldest_seconds: outbox.oldest.map_or(0.0, age),
        }
    }
}
