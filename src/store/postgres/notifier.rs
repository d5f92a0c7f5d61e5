//! Telling the other replicas by NOTIFY.
//!
//! Not inside the change that it announces: a transaction with a NOTIFY holds one lock of the whole
//! server until its commit is on disk, so that such commits go one by one. A transaction that only
//! notifies writes nothing and waits for no disk. It follows the commit it announces, and one
//! stands for all that were committed since the last. What a process that dies in between leaves
//! unsaid costs the others the time of their next look.

use crate::store::wake::{Occasion, Wake};
use sqlx::{PgPool, query};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::timeout;

/// The channel of notifications.
pub(super) const CHANNEL: &str = "noemie_outbox";
/// How long a notification may take. What it tells is seen without it soon after.
const IN_TIME: Duration = Duration::from_secs(2);

/// Announces what was committed.
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

    /// To this process at once, to the others as soon as may be.
    pub(super) fn announce(&self, occasion: Occasion) {
        self.0.wake.announce(occasion);
        match occasion {
            Occasion::Written => self.0.written.notify_one(),
            Occasion::Published => self.0.published.notify_one(),
        }
    }

    /// Notifies, for ever.
    pub(super) async fn work(self, pool: PgPool) {
        loop {
            let occasion = tokio::select! {
                () = self.0.written.notified() => Occasion::Written,
                () = self.0.published.notified() => Occasion::Published,
            };
            let notification = query("SELECT pg_notify($1, $2)").bind(CHANNEL).bind(word(occasion));
            if !matches!(timeout(IN_TIME, notification.execute(&pool)).await, Ok(Ok(_))) {
                tracing::debug!(
                    ?occasion,
                    "the other replicas were not told of events, they will look by themselves"
                );
            }
        }
    }

    /// Wakes this process by what a replica said, itself included. A version before this one says
    /// nothing, and means either.
    pub(super) fn hear(&self, said: &str) {
        for occasion in [Occasion::Written, Occasion::Published] {
            if said.is_empty() || said == word(occasion) {
                self.0.wake.announce(occasion);
            }
        }
    }

    /// Wakes this process because it may have missed something.
    pub(super) fn doubt(&self) {
        self.hear("");
    }
}

const fn word(occasion: Occasion) -> &'static str {
    match occasion {
        Occasion::Written => "written",
        Occasion::Published => "published",
    }
}
