//! Notifies the other replicas of commits by NOTIFY.
//!
//! The notification stands outside of the transaction that it announces: a transaction with a
//! NOTIFY holds one lock of the whole server until its commit is on disk, so that such commits run
//! one after the other. A transaction that only notifies waits for no disk. One notification
//! follows the commits since the last one and announces them all. A process that dies in between
//! costs the other replicas the time of their next read.

use crate::store::wake::{Occasion, Wake};
use sqlx::{PgPool, query};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::timeout;

/// The channel of notifications.
pub(super) const CHANNEL: &str = "noemie_outbox";
/// Time limit of sending a notification. Replicas without it read the events after their own
/// timeout.
const NOTIFY_TIMEOUT: Duration = Duration::from_secs(2);

/// Announces commits.
#[derive(Debug, Clone)]
pub(super) struct Notifier(Arc<Announcements>);

#[derive(Debug)]
struct Announcements {
    wake: Arc<Wake>,
    written: Notify,
    published: Notify,
}

impl Notifier {
    pub(super) fn new(wake: Arc<Wake>) -> Self {
        Self(Arc::new(Announcements { wake, written: Notify::new(), published: Notify::new() }))
    }

    /// Announces an occasion: to this process at once, to the other replicas soon.
    pub(super) fn announce(&self, occasion: Occasion) {
        self.0.wake.announce(occasion);
        match occasion {
            Occasion::Written => self.0.written.notify_one(),
            Occasion::Published => self.0.published.notify_one(),
        }
    }

    /// Sends the notifications, for ever.
    pub(super) async fn work(self, pool: PgPool) {
        loop {
            let occasion = tokio::select! {
                () = self.0.written.notified() => Occasion::Written,
                () = self.0.published.notified() => Occasion::Published,
            };
            let notification = query("SELECT pg_notify($1, $2)").bind(CHANNEL).bind(word(occasion));
            if !matches!(timeout(NOTIFY_TIMEOUT, notification.execute(&pool)).await, Ok(Ok(_))) {
                tracing::debug!(
                    ?occasion,
                    "the other replicas were not notified of events and read them after a timeout"
                );
            }
        }
    }

    /// Wakes this process by a notification of a replica, itself included. An empty notification
    /// means either occasion.
    pub(super) fn receive(&self, payload: &str) {
        for occasion in [Occasion::Written, Occasion::Published] {
            if payload.is_empty() || payload == word(occasion) {
                self.0.wake.announce(occasion);
            }
        }
    }

    /// Wakes this process, because it may have missed a notification.
    pub(super) fn wake_all(&self) {
        self.receive("");
    }
}

const fn word(occasion: Occasion) -> &'static str {
    match occasion {
        Occasion::Written => "written",
        Occasion::Published => "published",
    }
}
