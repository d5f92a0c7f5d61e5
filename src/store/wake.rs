//! Wakes the waiters for events, inside this process.

use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

/// The occasion that a waiter waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// Events were committed: the outbox may have events to publish.
    Written,
    /// Events were published: the stream has new positions.
    Published,
}

/// Wakes all waiters for an occasion.
#[derive(Debug, Default)]
pub(in crate::store) struct Wake {
    written: watch::Sender<()>,
    published: watch::Sender<()>,
}

impl Wake {
    /// Wakes all waiters for this occasion.
    pub(in crate::store) fn announce(&self, occasion: Occasion) {
        self.of(occasion).send_replace(());
    }

    pub(in crate::store) fn waiter(&self, occasion: Occasion) -> Waiter {
        Waiter(self.of(occasion).subscribe())
    }

    const fn of(&self, occasion: Occasion) -> &watch::Sender<()> {
        match occasion {
            Occasion::Written => &self.written,
            Occasion::Published => &self.published,
        }
    }
}

/// Waits for one occasion and misses none: the caller arms the waiter ([`arm`](Self::arm)), reads,
/// then waits ([`wait`](Self::wait)). An occasion between the read and the wait ends the wait at
/// once.
#[derive(Debug)]
pub struct Waiter(watch::Receiver<()>);

impl Waiter {
    /// Arms the waiter: occasions from here on end the next wait.
    pub fn arm(&mut self) {
        self.0.mark_unchanged();
    }

    /// Waits until the occasion, or until the time is over, and returns whether the occasion came.
    /// A lost notification of another replica costs that time.
    pub async fn wait(&mut self, at_most: Duration) -> bool {
        // The caller reads the store whether woken or not. Without store no occasion comes, and the
        // caller must not ask again at once.
        let waited = timeout(at_most, self.0.changed()).await;
        if let Ok(Err(_)) = waited {
            sleep(at_most).await;
        }
        matches!(waited, Ok(Ok(())))
    }
}
