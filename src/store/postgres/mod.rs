//! PostgreSQL: the production shape, any number of replicas on one database.
//!
//! Transactions are READ COMMITTED: a row that must not change is locked, and read after the lock
//! (see `claims_by_invoice.rs`). Batches are `INSERT … SELECT FROM UNNEST(…)`: one statement, one
//! round trip, fixed SQL. Commits wake the relays of all replicas by NOTIFY (see `notifier.rs`).

use super::connections::Connections;
use super::conventions::PostgresConventions;
use super::error::{StoreError, doing};
use super::journal_chains::Seal;
use super::lease::Lease;
use super::outbox::PublishingSink;
use super::server::Server;
use super::transaction_guard::WHOLE_DEPOSIT_FACTOR;
use super::wake::Wake;
use lease::LeaseKey;
use notifier::Notifier;
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode};
use sqlx::{ConnectOptions, Connection, PgPool, Postgres};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::AbortHandle;
use tokio::time::timeout;

mod batch;
mod claim_writes;
mod claims_by_invoice;
mod db;
mod event_writes;
mod exchange_writes;
mod lease;
mod listen;
mod notifier;
mod positions;
mod rejects;

#[path = "../shared/claim_listing.rs"]
pub(in crate::store) mod claim_listing;
#[path = "../shared/claim_pages.rs"]
mod claim_pages;
#[path = "../shared/claim_walk.rs"]
pub(in crate::store) mod claim_walk;
#[path = "../shared/claims.rs"]
mod claims;
#[path = "../shared/consistency.rs"]
mod consistency;
#[path = "../shared/decisions.rs"]
mod decisions;
#[path = "../shared/drop_leases.rs"]
mod drop_leases;
#[path = "../shared/events.rs"]
mod events;
#[path = "../shared/exchanges.rs"]
mod exchanges;
#[path = "../shared/health.rs"]
mod health;
#[path = "../shared/held_attempts.rs"]
mod held_attempts;
#[path = "../shared/installation.rs"]
mod installation;
#[path = "../shared/installation_events.rs"]
mod installation_events;
#[path = "../shared/journal_chains.rs"]
mod journal_chains;
#[path = "../shared/ledgers.rs"]
mod ledgers;
#[path = "../shared/listing.rs"]
mod listing;
#[path = "../shared/logical_files.rs"]
mod logical_files;
#[path = "../shared/next_place.rs"]
mod next_place;
#[path = "../shared/operations_journal.rs"]
mod operations_journal;
#[path = "../shared/outbox.rs"]
mod outbox;
#[path = "../shared/outcomes.rs"]
mod outcomes;
#[path = "../shared/placed_marks.rs"]
mod placed_marks;
#[path = "../shared/quarantine.rs"]
mod quarantine;
#[path = "../shared/receipt_chain.rs"]
mod receipt_chain;
#[path = "../shared/receipt_contents.rs"]
mod receipt_contents;
#[path = "../shared/resends.rs"]
mod resends;
#[path = "../shared/return_files.rs"]
mod return_files;
#[path = "../shared/schema.rs"]
mod schema;
#[path = "../shared/scope.rs"]
mod scope;
#[path = "../shared/staged_deposits.rs"]
mod staged_deposits;
#[path = "../shared/stored_invoices.rs"]
mod stored_invoices;
#[path = "../shared/transfer_readings.rs"]
mod transfer_readings;
#[path = "../shared/transfers.rs"]
mod transfers;
#[path = "../shared/unit.rs"]
mod unit;
#[path = "../shared/unmatched_returns.rs"]
mod unmatched_returns;
#[path = "../shared/withdrawals.rs"]
mod withdrawals;

/// Time limit of the wait for a free connection, after which the caller gets an error.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// Idle time after which a connection is pinged before use. A ping before every use would cost a
/// quarter of the throughput; without pings, each pooled connection would fail once after a restart
/// of the server.
const MAX_UNCHECKED_IDLE: Duration = Duration::from_secs(1);
/// Time limit of the ping.
const PING_TIMEOUT: Duration = Duration::from_secs(1);
/// Time limit of a statement, which takes milliseconds. A connection cut silently (cable, firewall,
/// frozen host) never answers, and the system gives up on it after a quarter of an hour at best.
const ANSWER: Duration = Duration::from_secs(30);
/// Time limit of a statement of an import: applying an extract reads the whole register, some
/// hundred thousand rows.
const IMPORT_TIMEOUT: Duration = Duration::from_secs(300);
/// Connections beside the work, for tasks that must not stop under load: probes, figures, the relay
/// with its outbox, notifications between replicas. The number is small, because each task takes
/// some milliseconds.
const UPKEEP_CONNECTIONS: u32 = 4;
/// Settings of each connection on the server.
///
/// The server notices a silent replica and frees its locks: cable or host after 30 s + 3 × 10 s; a
/// process that stops in the middle of a transaction (its system answers keepalives for it) after
/// 60 s.
///
/// A transaction that waits 20 s for a lock gets an error and retries. The limit is shorter than
/// [`ANSWER`]: a wait for another transaction (a large return of a caisse keeps its claims locked
/// while it is written) must not look like a dead connection.
///
/// The statements are short: a plan without statistics looks costly, and would be compiled for
/// longer than it runs.
const SESSION: [(&str, &str); 6] = [
    ("tcp_keepalives_idle", "30"),
    ("tcp_keepalives_interval", "10"),
    ("tcp_keepalives_count", "3"),
    ("idle_in_transaction_session_timeout", "60s"),
    ("lock_timeout", "20s"),
    ("jit", "off"),
];

/// A store on a PostgreSQL server.
#[derive(Debug)]
pub struct PostgresStore {
    /// Connections for the work: deposits, decisions, questions of callers.
    work: Connections<Postgres>,
    /// Connections for probes and the relay.
    upkeep: Connections<Postgres>,
    /// Connections of the work with a longer time limit, for reads over all invoices of a deposit.
    whole_deposit: Connections<Postgres>,
    options: PgConnectOptions,
    wake: Arc<Wake>,
    notifier: Notifier,
    seal: Seal,
    publishing_sink: PublishingSink,
    tasks: [AbortHandle; 2],
}

impl PostgresStore {
    /// Connects, with at most `max_connections` for the work, four more for probes and the relay,
    /// one to listen, and one for each lease: of the relay, of each staged deposit being written,
    /// and of each sender whose dropped file is being deposited.
    /// [`Schema::migrate`](super::Schema::migrate) migrates the schema.
    pub async fn connect(url: &str, max_connections: u32) -> Result<Self, StoreError> {
        let options = of_session(plain_on_loopback(
            url.parse().map_err(doing("reading the database URL"))?,
            url,
        ));
        let server = Arc::new(Server::of(&options));
        first_connection(&options).await.map_err(|failure| server.name(failure))?;
        let work = pool(max_connections).connect_lazy_with(options.clone());
        let upkeep = pool(UPKEEP_CONNECTIONS).connect_lazy_with(options.clone());
        let wake = Arc::<Wake>::default();
        let notifier = Notifier::new(Arc::clone(&wake));
        let listening = tokio::spawn(listen::listen(options.clone(), notifier.clone()));
        let announcing = tokio::spawn(notifier.clone().work(upkeep.clone()));
        let tasks = [listening.abort_handle(), announcing.abort_handle()];
        Ok(Self {
            whole_deposit: Connections::new(work.clone(), ANSWER * WHOLE_DEPOSIT_FACTOR)
                .to(&server),
            work: Connections::new(work, ANSWER).to(&server),
            upkeep: Connections::new(upkeep, ANSWER).to(&server),
            options,
            wake,
            notifier,
            seal: Seal::default(),
            publishing_sink: PublishingSink::default(),
            tasks,
        })
    }

    /// Returns whether the database has the schema of the gateway, of any version.
    pub(in crate::store) async fn has_schema(&self) -> Result<bool, StoreError> {
        self.work
            .ask(async |pool: &PgPool| {
                sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL")
                    .fetch_one(pool)
                    .await
                    .map_err(doing("looking for the schema"))
            })
            .await
    }

    /// Returns a pool of one connection without a time limit: an index over years of claims takes
    /// as long as it takes, and a replica that starts beside this one waits for it.
    fn migrating(&self) -> PgPool {
        PgPoolOptions::new()
            .max_connections(1)
            .connect_lazy_with(self.options.clone().options([("lock_timeout", "0")]))
    }

    /// Closes the pool of a migration.
    async fn end_migration(pool: PgPool) {
        pool.close().await;
    }

    /// Returns the migrations of this program.
    fn migrations() -> Migrator {
        sqlx::migrate!("migrations/postgres")
    }

    /// Takes a lease, unless another replica has it. The pool is asked first: a replica in waiting
    /// asks again and again, and must not make a connection each time.
    async fn take_lease(&self, key: LeaseKey) -> Result<Option<Box<dyn Lease>>, StoreError> {
        let over = match key {
            LeaseKey::Relay | LeaseKey::Witness => &self.upkeep,
            LeaseKey::StagedDeposit(_) | LeaseKey::DroppedFiles(_) => &self.work,
        };
        let take = async |pool| {
            if lease::is_blocked(pool, key).await? {
                Ok(None)
            } else {
                lease::take(&self.options, key).await
            }
        };
        over.ask(take).await
    }

    /// Returns the store of register and conventions, on the same connections.
    pub(in crate::store) fn conventions(&self) -> PostgresConventions {
        PostgresConventions {
            reader: self.work.within(ANSWER),
            writer: self.work.within(IMPORT_TIMEOUT),
            seal: self.seal.clone(),
        }
    }

    /// Returns the sealer of the journals.
    fn seal(&self) -> &Seal {
        &self.seal
    }

    /// Returns the number of the sink that this process publishes to.
    fn publishing_sink(&self) -> &PublishingSink {
        &self.publishing_sink
    }

    /// Returns the connections for reads.
    fn reads(&self) -> &Connections<Postgres> {
        &self.work
    }

    /// Returns the connections for writes.
    fn writes(&self) -> &Connections<Postgres> {
        &self.work
    }

    /// Returns the connections for probes and the reads of the relay.
    fn upkeep(&self) -> &Connections<Postgres> {
        &self.upkeep
    }

    /// Returns the connections for the writes of the relay.
    fn upkeep_writes(&self) -> &Connections<Postgres> {
        &self.upkeep
    }

    /// Returns the connections for reads over all invoices of a deposit, which take longer.
    fn whole_deposit(&self) -> &Connections<Postgres> {
        &self.whole_deposit
    }

    /// Returns the announcer of commits.
    fn announcer(&self) -> &Notifier {
        &self.notifier
    }
}

/// Opens a connection and closes it: the error says why the server cannot be used. A pool would try
/// again in silence and then say that it timed out.
async fn first_connection(options: &PgConnectOptions) -> Result<(), StoreError> {
    let connecting = doing("connecting");
    let connection = timeout(ACQUIRE_TIMEOUT, options.connect())
        .await
        .map_err(|_| connecting(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())))?
        .map_err(&connecting)?;
    // An unanswered close makes no difference.
    let _ = timeout(PING_TIMEOUT, connection.close()).await;
    Ok(())
}

/// Name of the gateway's connections in `pg_stat_activity`.
const APPLICATION: &str = "noemie-gateway";

/// Adds the settings of [`SESSION`]. Settings of the URL (`?options=-c%20lock_timeout%3D5s`) and of
/// `PGOPTIONS` win.
fn of_session(options: PgConnectOptions) -> PgConnectOptions {
    let said = options.get_options().unwrap_or_default().to_owned();
    options
        .application_name(APPLICATION)
        .options(SESSION.into_iter().filter(|(name, _)| !said.contains(name)))
}

fn pool(max_connections: u32) -> PgPoolOptions {
    let pool = PgPoolOptions::new()
        .max_connections(max_connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false);
    let pool = pool.before_acquire(|connection, idle| {
        Box::pin(async move {
            // An error here would fail the caller; `false` gives the caller another connection. A
            // cut cable gives no answer at all.
            let alive =
                async { matches!(timeout(PING_TIMEOUT, connection.ping()).await, Ok(Ok(()))) };
            Ok(idle.idle_for < MAX_UNCHECKED_IDLE || alive.await)
        })
    });
    // A caller may have cancelled half-way, with a dead connection. Without a limit the connection
    // would keep its slot in the pool until the system notices.
    pool.after_release(|connection, _| {
        Box::pin(async move {
            // `false` closes the connection; of an error sqlx would log a line for each connection.
            Ok(matches!(timeout(PING_TIMEOUT, connection.flush()).await, Ok(Ok(()))))
        })
    })
}

/// Disables TLS towards a server on the same machine, unless the URL or `PGSSLMODE` asks for it.
/// sqlx 0.9.0 leaves Nagle's algorithm on (its issue 4335), and TLS cuts a batch into records of 16
/// KiB: each waits 40 ms for the acknowledgement of the record before, which makes an ingest three
/// times slower. Loopback traffic does not leave the machine.
fn plain_on_loopback(options: PgConnectOptions, url: &str) -> PgConnectOptions {
    let is_loopback = matches!(options.get_host(), "localhost" | "127.0.0.1" | "::1" | "[::1]");
    let is_said = url.contains("sslmode")
        || url.contains("ssl-mode")
        || std::env::var_os("PGSSLMODE").is_some();
    if is_loopback && !is_said { options.ssl_mode(PgSslMode::Disable) } else { options }
}

impl Drop for PostgresStore {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_is_left_out_on_the_loopback_only() {
        let mode = |url: &str| {
            format!("{:?}", plain_on_loopback(url.parse().expect("a URL"), url).get_ssl_mode())
        };
        assert_eq!(mode("postgres://postgres@127.0.0.1:5432/gateway"), "Disable");
        assert_eq!(mode("postgres://postgres@localhost/gateway"), "Disable");
        assert_eq!(mode("postgres://postgres@127.0.0.1/gateway?sslmode=require"), "Require");
        assert_eq!(mode("postgres://postgres@db.example/gateway"), "Prefer");
    }

    #[test]
    fn what_the_url_says_of_the_session_stands() {
        let settings = |url: &str| {
            of_session(url.parse().expect("a URL")).get_options().expect("settings").to_owned()
        };
        assert!(settings("postgres://db.example/gateway").contains("lock_timeout=20s"));
        let said = settings("postgres://db.example/gateway?options=-c%20lock_timeout%3D500");
        assert!(
            said.contains("lock_timeout=500")
                && !said.contains("20s")
                && said.contains("idle_in_transaction_session_timeout=60s"),
            "{said}"
        );
    }
}
