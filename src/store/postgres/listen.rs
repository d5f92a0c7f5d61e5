//! Hearing of events that other replicas wrote.

use super::notifier::{CHANNEL, Notifier};
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use std::time::Duration;
use tokio::time::timeout;

/// Pause before a lost listener connects again; meanwhile waiters live on their own timeout.
const PAUSE: Duration = Duration::from_secs(1);

/// How long a line that says nothing is believed to live. A new one costs nothing, and a dead one
/// only a second an event: waiters look by themselves.
const BELIEVED: Duration = Duration::from_secs(300);

/// Wakes the waiters of this process at each notification, for ever. A lost connection is made
/// again.
pub(super) async fn listen(options: PgConnectOptions, notifier: Notifier) {
    loop {
        // A pool of its own, so that listening never takes a connection from the work; a new one,
        // so that a dead line leaves nothing behind.
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
        // What was said while nobody listened is lost: look once after each connection.
        notifier.doubt();
        // `None`: the connection was lost; the listener makes it again at its next call, and what
        // was said meanwhile is looked for above.
        loop {
            let Ok(heard) = timeout(BELIEVED, listener.try_recv()).await else { return Ok(()) };
            let Some(heard) = heard? else { break };
            notifier.hear(heard.payload());
        }
    }
}
