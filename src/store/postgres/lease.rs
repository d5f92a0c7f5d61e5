//! Leases that one replica has at a time: a session advisory lock on a connection of its own, which
//! ends with that connection.

use crate::domain::ExchangeId;
use crate::store::codec::doing;
use crate::store::{Lease, StoreError};
use async_trait::async_trait;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection, PgPool, query, query_scalar};
use std::time::Duration;
use tokio::time::timeout;

/// Work that a lease covers.
#[derive(Clone, Copy)]
pub(super) enum LeaseKey {
    /// Publication of events.
    Relay,
    /// Writing of a staged deposit.
    StagedDeposit(ExchangeId),
    /// Deposit of the dropped files of a sender, by the key of the sender.
    DroppedFiles(i64),
    /// Writing of witness lines.
    Witness,
}

impl LeaseKey {
    /// Returns the key of the advisory lock. For the relay: "noemie" in ASCII, for witness lines
    /// "witness". For a staged deposit: the low half of the exchange's identifier, 62 random bits;
    /// two deposits with one key would only wait for each other. The first bit of an identifier's
    /// half is set, that of a sender's key is not, so that no sender waits for a staged deposit.
    fn lock_key(self) -> i64 {
        match self {
            Self::Relay => 0x6e6f_656d_6965,
            Self::StagedDeposit(id) => id.0.as_u64_pair().1.cast_signed(),
            Self::DroppedFiles(sender) => sender,
            Self::Witness => 0x0077_6974_6e65_7373,
        }
    }
}

/// Time limit of an answer: a slower server may have given the lease to another replica.
const ANSWER: Duration = Duration::from_secs(2);

struct Held {
    /// `None` once lost.
    connection: Option<PgConnection>,
}

/// Returns whether a connection has the lock, asked over the pool: a waiting replica asks again and
/// again, and must not connect each time. PostgreSQL shows the key of an advisory lock in two
/// halves.
pub(super) async fn is_blocked(pool: &PgPool, key: LeaseKey) -> Result<bool, StoreError> {
    query_scalar(
        "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted \
         AND objsubid = 1 \
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
         AND (classid::bigint << 32 | objid::bigint) = $1)",
    )
    .bind(key.lock_key())
    .fetch_one(pool)
    .await
    .map_err(doing("asking who has a lease"))
}

/// Takes the lease when it is free.
pub(super) async fn take(
    options: &PgConnectOptions,
    key: LeaseKey,
) -> Result<Option<Box<dyn Lease>>, StoreError> {
    let mut connection = options.connect().await.map_err(doing("connecting for a lease"))?;
    let taken: bool = query_scalar("SELECT pg_try_advisory_lock($1)")
        .bind(key.lock_key())
        .fetch_one(&mut connection)
        .await
        .map_err(doing("asking for a lease"))?;
    if taken {
        return Ok(Some(Box::new(Held { connection: Some(connection) })));
    }
    // A polite close, because the server logs a client that vanishes at each try. An unanswered
    // close makes no difference.
    let _ = connection.close().await;
    Ok(None)
}

#[async_trait]
impl Lease for Held {
    async fn still_held(&mut self) -> bool {
        let Some(connection) = &mut self.connection else { return false };
        // The lock lives as long as the session.
        let held = matches!(timeout(ANSWER, connection.ping()).await, Ok(Ok(())));
        if !held {
            self.connection = None;
        }
        held
    }

    async fn release(mut self: Box<Self>) {
        let Some(mut connection) = self.connection.take() else { return };
        // The server frees the locks of a closed session a moment after the close; this statement
        // frees them before it answers. Without an answer the session ends all the same.
        let unlock = query("SELECT pg_advisory_unlock_all()").execute(&mut connection);
        let _ = timeout(ANSWER, unlock).await;
        let _ = timeout(ANSWER, connection.close()).await;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // The close ends the session at once; without a runtime the socket closes alone and the
        // server notices a little later.
        if let (Some(connection), Ok(runtime)) =
            (self.connection.take(), tokio::runtime::Handle::try_current())
        {
            runtime.spawn(connection.close());
        }
    }
}
