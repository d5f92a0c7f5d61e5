//! The error of the store, and whether a call may be repeated.

use crate::domain::Ledger;
use std::time::Duration;
use time::OffsetDateTime;

/// Error of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database refused or could not be reached.
    #[error(
        "database{}, while {doing}",
        if is_busy(.source) { " busy with another change, try again" } else { "" }
    )]
    Database {
        /// Step of the store that failed.
        doing: &'static str,
        /// Error of the database.
        #[source]
        source: sqlx::Error,
    },
    /// The server cannot be reached, refuses the session, or has no connection free.
    #[error("{server}, while {doing}: {cause}; {}", advice(.cause))]
    Unreachable {
        /// Kind, host, port and name of the database, without user and password.
        server: String,
        /// Step of the store that failed.
        doing: &'static str,
        /// Error of the connection. The message has it, so that it is not a source as well.
        cause: sqlx::Error,
    },
    /// The migrations could not be applied.
    #[error("migrating the database")]
    Migration(#[source] sqlx::migrate::MigrateError),
    /// The schema asks for a later program.
    #[error(
        "the schema of the database is of version {version} and needs a program of schema version \
         {oldest_program} or later, and this program is of {program}: run the later program, or \
         restore the backup made before the upgrade"
    )]
    SchemaTooNew {
        /// Number of the last migration applied.
        version: i64,
        /// Number of the oldest program that may run.
        oldest_program: i64,
        /// Number of this program.
        program: i64,
    },
    /// The schema is none that this program can bring up to date.
    #[error(
        "the schema of the database is too old: it is from a build before the first release, and \
         this program, of schema version {program}, cannot bring it up to date; name a new \
         database and deposit the files again"
    )]
    SchemaTooOld {
        /// Number of this program.
        program: i64,
    },
    /// A row that this version cannot read, or a fault of the program.
    #[error("unreadable row: {0}")]
    Corrupt(String),
    /// The ledger of an exchange does not balance. The transaction wrote no row.
    #[error("ledger of the exchange does not balance: {0:?}")]
    Unbalanced(Ledger),
    /// Another sink was to be put in force while events were published to the one before.
    #[error(
        "events were published meanwhile, by a replica that still runs: stop every replica, then \
         put the other sink in force"
    )]
    StreamMoved,
    /// Another sink is in force than the one that this process publishes to.
    #[error(
        "sink {in_force} of the installation is in force, and this replica publishes to sink \
         {own}: restart it with the settings of the sink in force (`noemie-gateway installation \
         show`)"
    )]
    SinkReplaced {
        /// Number of the sink in force.
        in_force: i64,
        /// Number of the sink of this process.
        own: i64,
    },
    /// The clock is too far behind the latest receipt. The transaction wrote no row.
    #[error("the clock shows {now}, and the latest receipt was given at {latest}")]
    ClockBehind {
        /// Instant that the clock shows.
        now: OffsetDateTime,
        /// Instant of the latest receipt.
        latest: OffsetDateTime,
    },
    /// A step of this transaction failed or was cancelled before. The transaction cannot be
    /// committed.
    #[error("a step of this change failed before: nothing of it was written")]
    Spoiled,
    /// The database gave no answer within this time. A commit under way may have been applied.
    #[error("database gave no answer within {0:?}")]
    NoAnswer(Duration),
    /// The database URL is of no kind known here.
    #[error("database URL must start with postgres://, postgresql:// or sqlite:, not {scheme:?}")]
    UnsupportedUrl {
        /// Scheme of the URL. The rest of the URL may hold a password.
        scheme: String,
    },
}

impl StoreError {
    /// Returns whether the database is unreachable, or so busy that no connection came free in
    /// time: the same call may succeed later.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        let Self::Database { source, .. } = self else { return self.is_away() };
        match source {
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) => true,
            // PostgreSQL stops, recovers, ends the connection, or has no more connections: classes
            // 08 and 53, and 57P01 to 57P03.
            sqlx::Error::Database(e)
                if e.code().is_some_and(|c| {
                    c.starts_with("08") || c.starts_with("53") || c.starts_with("57P0")
                }) =>
            {
                true
            }
            _ => self.worth_a_retry(),
        }
    }

    /// Returns whether the database cannot be reached or gives no answer, which the gateway logs
    /// once for all of its calls.
    #[must_use]
    pub const fn is_away(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::NoAnswer(_))
    }

    /// Returns whether the same transaction may succeed when begun again: two transactions met
    /// (deadlock, same key at once, a busy file) and this one was refused.
    #[must_use]
    pub fn worth_a_retry(&self) -> bool {
        let Self::Database { source: sqlx::Error::Database(e), .. } = self else { return false };
        // PostgreSQL: serialization failure, deadlock, lock not available. SQLite: busy, and busy
        // with a stale snapshot.
        e.is_unique_violation()
            || matches!(e.code().as_deref(), Some("40001" | "40P01" | "55P03" | "5" | "517"))
    }
}

/// Returns whether another transaction held the lock for too long: PostgreSQL after its
/// `lock_timeout`, SQLite after its busy timeout.
fn is_busy(source: &sqlx::Error) -> bool {
    matches!(source, sqlx::Error::Database(e) if matches!(e.code().as_deref(), Some("55P03" | "5")))
}

/// Returns whether an error concerns the connection to the server, not the statement: no connection
/// came free or could be opened, or PostgreSQL refused the session (classes 08, 28, 3D and 53, and
/// 57P01 to 57P03).
pub(in crate::store) fn is_of_connection(source: &sqlx::Error) -> bool {
    match source {
        sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::Io(_)
        | sqlx::Error::Tls(_) => true,
        sqlx::Error::Database(e) => e.code().is_some_and(|c| {
            ["08", "28", "3D", "53", "57P0"].iter().any(|class| c.starts_with(class))
        }),
        _ => false,
    }
}

/// Returns what an operator may do about an error of the connection.
fn advice(cause: &sqlx::Error) -> &'static str {
    let code = match cause {
        sqlx::Error::Database(e) => e.code().unwrap_or_default(),
        _ => "".into(),
    };
    match cause {
        sqlx::Error::PoolTimedOut => {
            "every connection is in use, or the server does not answer: see database_connections"
        }
        sqlx::Error::Tls(_) => "check the certificate and sslmode in database_url",
        sqlx::Error::Database(_) if code.starts_with("28") => {
            "check user and password in database_url"
        }
        sqlx::Error::Database(_) if code.starts_with("3D") => {
            "check the name of the database in database_url"
        }
        sqlx::Error::Database(_) if code.starts_with("53") => {
            "the server has no room: check max_connections, memory and disk"
        }
        _ => "check that the server runs, and host and port in database_url",
    }
}

/// Returns a closure that wraps a database error together with the activity that failed.
pub(in crate::store) fn doing(doing: &'static str) -> impl Fn(sqlx::Error) -> StoreError {
    move |source| StoreError::Database { doing, source }
}
