//! Waking those who wait for events, inside this process.

use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

/// What a waiter waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// Events were committed: there may be something to publish.
    Written,
    /// Events were published: the stream of positions goes on.
    Published,
}

/// Wakes everybody who waits for an occasion.
#[derive(Debug, Default)]
pub(in crate::store) struct Wake {
    written: watch::Sender<()>,
    published: watch::Sender<()>,
}

impl Wake {
    /// Wakes everybody who waits for this occasion.
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

/// Waits for one occasion, and misses none: [`arm`](Self::arm), look, [`wait`](Self::wait). What
/// happens between the look and the wait ends the wait at once.
#[derive(Debug)]
pub struct Waiter(watch::Receiver<()>);

impl Waiter {
    /// From here on.
    pub fn arm(&mut self) {
        self.0.mark_unchanged();
    }

    /// Until it happens, or the time is over. A notification of another replica that was lost on
    /// its way costs that time.
    pub async fn wait(&mut self, at_most: Duration) {
        // Woken or not, the caller looks: the answer makes no difference. Without store nothing
        // will ever happen, which is no reason to be asked at once again.
        if let Ok(Err(_)) = timeout(at_most, self.0.changed()).await {
            sleep(at_most).await;
        }
    }
}
