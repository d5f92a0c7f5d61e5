//! Rights that one replica holds at a time: a session advisory lock on a connection of its own. It
//! ends with that connection, whatever ends it.

use crate::domain::ExchangeId;
use crate::store::codec::doing;
use crate::store::{Lease, StoreError};
use async_trait::async_trait;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection, PgPool, query_scalar};
use std::time::Duration;
use tokio::time::timeout;

/// A right.
#[derive(Clone, Copy)]
pub(super) enum LeaseKey {
    /// To publish.
    Relay,
    /// To load a deposit.
    StagedDeposit(ExchangeId),
}

impl LeaseKey {
    /// The key of its lock in this database. For the relay: "noemie" in ASCII. For a load: the low
    /// half of the exchange's identifier, 62 random bits; two loads under one key would only wait
    /// for each other.
    fn lock_key(self) -> i64 {
        match self {
            Self::Relay => 0x6e6f_656d_6965,
            Self::StagedDeposit(id) => id.0.as_u64_pair().1.cast_signed(),
        }
    }
}

/// A server that does not answer for this long may have given the right to another replica.
const ANSWER: Duration = Duration::from_secs(2);

struct Held {
    /// `None` once lost.
    connection: Option<PgConnection>,
}

/// Whether somebody holds the lock, asked over the pool: who waits asks again and again, and must
/// not make a connection each time. PostgreSQL shows the key of an advisory lock in two halves.
pub(super) async fn is_held(pool: &PgPool, key: LeaseKey) -> Result<bool, StoreError> {
    query_scalar(
        "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1 \
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND (classid::bigint << 32 | objid::bigint) = $1)",
    )
    .bind(key.lock_key())
    .fetch_one(pool)
    .await
    .map_err(doing("asking who holds a right"))
}

/// Takes the lock when it is free.
pub(super) async fn take(
    options: &PgConnectOptions,
    key: LeaseKey,
) -> Result<Option<Box<dyn Lease>>, StoreError> {
    let mut connection = options.connect().await.map_err(doing("connecting for a right"))?;
    let taken: bool = query_scalar("SELECT pg_try_advisory_lock($1)")
        .bind(key.lock_key())
        .fetch_one(&mut connection)
        .await
        .map_err(doing("asking for a right"))?;
    if taken {
        return Ok(Some(Box::new(Held { connection: Some(connection) })));
    }
    // Closed politely, else the server logs a client that vanished at each try. Whether the server
    // hears it makes no difference.
    let _ = connection.close().await;
    Ok(None)
}

#[async_trait]
impl Lease for Held {
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

impl Drop for Held {
    fn drop(&mut self) {
        // Closing says goodbye at once; without a runtime the socket closes alone and the server
        // notices a little later.
        if let (Some(connection), Ok(runtime)) =
            (self.connection.take(), tokio::runtime::Handle::try_current())
        {
            runtime.spawn(connection.close());
        }
    }
}
