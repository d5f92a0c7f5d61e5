//! Waking those who wait for events, inside this process.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

/// How long after a wake-up a waiter takes a second look soon instead of trusting the next wake-up.
const RECENT: Duration = Duration::from_millis(50);
/// How soon that second look comes. An event committed between a caller's read and its wait costs at most this.
const SECOND_LOOK: Duration = Duration::from_millis(10);

/// Wakes every waiter at once. While events flow, a waiter also looks again every few milliseconds: a caller reads, finds nothing and waits, and
/// what is committed in between wakes nobody. While nothing happens, nobody looks.
#[derive(Debug, Default)]
pub(in crate::store) struct Wake {
    notify: Notify,
    last: Mutex<Option<Instant>>,
}

impl Wake {
    /// Something was written.
    pub(in crate::store) fn wake(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        self.notify.notify_waiters();
    }

    /// Until something is written, or the time is over.
    pub(in crate::store) async fn wait(&self, at_most: Duration) {
        let notified = self.notify.notified();
        tokio::pin!(notified);
        // In the queue before the clock is read, so that a wake-up between the two is not lost as well.
        notified.as_mut().enable();
        let last = *self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = last.is_some_and(|at| at.elapsed() < RECENT);
        let patience = if recent { at_most.min(SECOND_LOOK) } else { at_most };
        // Woken or not, the caller looks: the answer makes no difference.
        let _ = timeout(patience, notified).await;
    }
}
