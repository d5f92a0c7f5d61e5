//! Listens for notifications of other replicas.

use super::notifier::{CHANNEL, Notifier};
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use std::time::Duration;
use tokio::time::timeout;

/// Pause before a lost listener connects again; meanwhile waiters live on their own timeout.
const PAUSE: Duration = Duration::from_secs(1);

/// Time limit of a silent connection, after which the listener makes a new one. A dead connection
/// costs a second an event, because waiters read by themselves.
const BELIEVED: Duration = Duration::from_secs(300);

/// Wakes the waiters of this process at each notification, for ever, and connects again after a
/// lost connection.
pub(super) async fn listen(options: PgConnectOptions, notifier: Notifier) {
    loop {
        // The listener has a pool of its own, so that it never takes a connection from the work; a
        // new pool, so that a dead connection leaves nothing behind.
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .min_connections(0)
            .connect_lazy_with(options.clone());
        if let Err(error) = listen_once(&pool, &notifier).await {
            tracing::warn!(error = %error, "store.listen lost its connection, will connect again");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn listen_once(pool: &sqlx::PgPool, notifier: &Notifier) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    loop {
        // Notifications between two connections are lost: waiters read once after each connection.
        notifier.doubt();
        // `None`: the connection was lost. The listener connects again at its next call, and
        // waiters read again above.
        loop {
            let Ok(heard) = timeout(BELIEVED, listener.try_recv()).await else { return Ok(()) };
            let Some(heard) = heard? else { break };
            notifier.hear(heard.payload());
        }
    }
}
