//! Listens for notifications of other replicas.

use super::notifier::{CHANNEL, Notifier};
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use std::time::Duration;
use tokio::time::timeout;

/// Pause before a lost listener connects again; until then waiters read after their own timeout.
const RECONNECT_PAUSE: Duration = Duration::from_secs(1);

/// Time without a notification after which the listener makes a new connection. A dead connection
/// delays events by a second, because waiters also read after their own timeout.
const MAX_SILENCE: Duration = Duration::from_secs(300);

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
            // `service::health` logs a database that is away, once for all of its users.
            tracing::debug!(%error, "listener lost its connection, it connects again");
        }
        tokio::time::sleep(RECONNECT_PAUSE).await;
    }
}

async fn listen_once(pool: &sqlx::PgPool, notifier: &Notifier) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    loop {
        // Notifications between two connections are lost: waiters read once after each connection.
        notifier.wake_all();
        // `None`: the connection was lost. The listener connects again at its next call, and
        // waiters read again above.
        loop {
            let Ok(received) = timeout(MAX_SILENCE, listener.try_recv()).await else {
                return Ok(());
            };
            let Some(notification) = received? else { break };
            notifier.receive(notification.payload());
        }
    }
}
