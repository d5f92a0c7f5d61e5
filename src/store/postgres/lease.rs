//! The right to publish: a session advisory lock on a connection of its own. It ends with that connection, whatever ends it.

use crate::store::columns::doing;
use crate::store::{RelayLease, StoreError};
use async_trait::async_trait;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection, query_scalar};
use std::time::Duration;
use tokio::time::timeout;

/// The key of the lock in this database: "noemie" in ASCII. Only the relay uses it.
const KEY: i64 = 0x6e6f_656d_6965;
/// A server that does not answer for this long may have given the right to another replica.
const ANSWER: Duration = Duration::from_secs(2);

struct Lease {
    /// `None` once lost.
    connection: Option<PgConnection>,
}

/// Takes the lock when it is free.
pub(super) async fn take(options: &PgConnectOptions) -> Result<Option<Box<dyn RelayLease>>, StoreError> {
    let mut connection = options.connect().await.map_err(doing("connecting for the right to publish"))?;
    let taken: bool = query_scalar("SELECT pg_try_advisory_lock($1)")
        .bind(KEY)
        .fetch_one(&mut connection)
        .await
        .map_err(doing("asking for the right to publish"))?;
    if taken {
        return Ok(Some(Box::new(Lease { connection: Some(connection) })));
    }
    // Closed politely, else the server logs a client that vanished at each try. Whether the server hears it makes no difference.
    let _ = connection.close().await;
    Ok(None)
}

#[async_trait]
impl RelayLease for Lease {
    async fn still_held(&mut self) -> bool {
        let Some(connection) = &mut self.connection else { return false };
        // As long as the session lives, so does its lock.
        let held = matches!(timeout(ANSWER, connection.ping()).await, Ok(Ok(())));
        if !held {
            self.connection = None;
        }
        held
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // Closing says goodbye at once; without a runtime the socket closes alone and the server notices a little later.
        if let (Some(connection), Ok(runtime)) = (self.connection.take(), tokio::runtime::Handle::try_current()) {
            runtime.spawn(connection.close());
        }
    }
}
