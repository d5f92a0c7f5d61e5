//! PostgreSQL: the production shape, any number of replicas on one database.
//!
//! READ COMMITTED throughout: what must not move is locked, and read after it is locked (see
//! `batch.rs`). Batches are `INSERT … SELECT FROM UNNEST(…)`: one statement, one round trip, fixed
//! SQL. Commits wake the relays of all replicas by NOTIFY (see `notifier.rs`).

use super::codec::doing;
use super::connections::Connections;
use super::conventions::PostgresConventions;
use super::transaction_guard::WHOLE_LOAD;
use super::wake::{Occasion, Waiter, Wake};
use super::{
    ChainLink, ChainTip, ClaimFilter, Claims, Events, Exchanges, Health, Lease, OperationStep,
    OperationsJournal, Outbox, OutboxDepth, OutboxEvent, Quarantine, ReceiptChain, ReturnFiles,
    Schema, StagedDeposit, StagedDeposits, StagedProgress, StoreError, StoreFigures, StoredInvoice,
    StoredInvoices, Transactions, UnitOfWork,
};
use crate::domain::page::PageToken;
use crate::domain::{
    Claim, ClaimId, ClaimLine, Exchange, ExchangeId, Finding, InvoiceKey, Ledger, Page,
    Quarantined, ReturnFile, ReturnId, ReturnKind,
};
use async_trait::async_trait;
use notifier::Notifier;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode};
use sqlx::{Connection, PgPool, Postgres};
use std::sync::Arc;
use std::time::Duration;
use time::OffsetDateTime;
use tokio::task::AbortHandle;
use tokio::time::timeout;

mod batch;
mod lease;
mod listen;
mod notifier;
mod outbox;
mod unit;

mod operations {
    super::super::operations_journal::shared_operations!(sqlx::Postgres);
}
mod reads {
    super::super::reads::shared_reads!(sqlx::Postgres);
}
mod writes {
    super::super::writes::shared_writes!(sqlx::Postgres);
}
mod loads {
    super::super::loads::shared_loads!(sqlx::Postgres, " FOR UPDATE");
    super::super::withdrawals::shared_withdrawals!(" FOR UPDATE");
}

/// How long a caller waits for a free connection before it hears that the database is too busy.
const PATIENCE: Duration = Duration::from_secs(10);
/// A connection idle for longer is asked whether it still lives before it is used. Asking each time
/// would cost a quarter of the throughput; never asking would hand out, after a restart of the
/// server, one dead connection after the other.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);
/// How long it may take to say that it lives.
const ALIVE: Duration = Duration::from_secs(1);
/// How long a statement may go without its answer. One takes milliseconds. A line cut without a
/// word (cable, firewall, frozen host) never answers, and the system gives up on it after a quarter
/// of an hour at best.
const ANSWER: Duration = Duration::from_secs(30);
/// How long a statement of an import may take: the one that applies an extract goes over the whole
/// register, some hundred thousand rows.
const IMPORT: Duration = Duration::from_secs(300);
/// Connections apart from the work, for what must not stop under a flood of it: signs of life,
/// figures, the relay with its outbox, and what the replicas tell each other. Few, because each is
/// asked for some milliseconds.
const UPKEEP: u32 = 4;
/// What the server holds each connection to.
///
/// It notices that a replica is gone without a word and frees its locks: cable or host after 30 s +
/// 3 × 10 s; a process that stands still in the middle of a change (its system answers keepalives
/// for it) after 60 s.
///
/// A change that waits 20 s for a lock of another one is told so and gives way. It is shorter than
/// [`ANSWER`]: a wait for a neighbour (a large return of a caisse holds its claims for as long as
/// it is written) must not look like a dead line, nor cost a connection.
const SESSION: [(&str, &str); 5] = [
    ("tcp_keepalives_idle", "30"),
    ("tcp_keepalives_interval", "10"),
    ("tcp_keepalives_count", "3"),
    ("idle_in_transaction_session_timeout", "60s"),
    ("lock_timeout", "20s"),
];

/// A store on a PostgreSQL server.
#[derive(Debug)]
pub struct PostgresStore {
    /// For the work: deposits, decisions, questions of callers.
    work: Connections<Postgres>,
    /// For what must answer beside it.
    upkeep: Connections<Postgres>,
    options: PgConnectOptions,
    wake: Arc<Wake>,
    notifier: Notifier,
    tasks: [AbortHandle; 2],
}

impl PostgresStore {
    /// Connects, with at most `max_connections` for the work, four more for probes and the relay,
    /// one to listen, and one for each right that is held: to relay, and to load each large deposit
    /// in hand. The schema is brought up by [`Store::migrate`].
    pub async fn connect(url: &str, max_connections: u32) -> Result<Self, StoreError> {
        let options = of_session(plain_on_loopback(
            url.parse().map_err(doing("reading the database URL"))?,
            url,
        ));
        let work = pool(max_connections)
            .connect_with(options.clone())
            .await
            .map_err(doing("connecting to PostgreSQL"))?;
        let upkeep = pool(UPKEEP).connect_lazy_with(options.clone());
        let wake = Arc::<Wake>::default();
        let notifier = Notifier::new(Arc::clone(&wake));
        let listening = tokio::spawn(listen::listen(options.clone(), notifier.clone()));
        let announcing = tokio::spawn(notifier.clone().work(upkeep.clone()));
        let tasks = [listening.abort_handle(), announcing.abort_handle()];
        Ok(Self {
            work: Connections::new(work, ANSWER),
            upkeep: Connections::new(upkeep, ANSWER),
            options,
            wake,
            notifier,
            tasks,
        })
    }

    /// Whether the schema of the gateway was ever brought into this database.
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

    /// One connection without a limit: an index over years of claims takes as long as it takes, and
    /// a replica that starts beside this one waits for it.
    fn patient(&self) -> PgPool {
        PgPoolOptions::new()
            .max_connections(1)
            .connect_lazy_with(self.options.clone().options([("lock_timeout", "0")]))
    }

    /// A right, when nobody holds it; who does is asked over the given connections.
    async fn take_lease(
        &self,
        over: &Connections<Postgres>,
        right: lease::Right,
    ) -> Result<Option<Box<dyn Lease>>, StoreError> {
        let take = async |pool| {
            if lease::is_held(pool, right).await? {
                Ok(None)
            } else {
                lease::take(&self.options, right).await
            }
        };
        over.ask(take).await
    }

    /// Register and conventions, on the same connections.
    pub(in crate::store) fn conventions(&self) -> PostgresConventions {
        PostgresConventions { reader: self.work.within(ANSWER), writer: self.work.within(IMPORT) }
    }
}

/// Name of the gateway's connections in `pg_stat_activity`.
const APPLICATION: &str = "noemie-gateway";

/// What each connection is held to. The URL (`?options=-c%20lock_timeout%3D5s`) and `PGOPTIONS`
/// have the last word.
fn of_session(options: PgConnectOptions) -> PgConnectOptions {
    let said = options.get_options().unwrap_or_default().to_owned();
    options
        .application_name(APPLICATION)
        .options(SESSION.into_iter().filter(|(name, _)| !said.contains(name)))
}

fn pool(max_connections: u32) -> PgPoolOptions {
    let pool = PgPoolOptions::new()
        .max_connections(max_connections)
        .acquire_timeout(PATIENCE)
        .test_before_acquire(false);
    let pool = pool.before_acquire(|connection, idle| {
        Box::pin(async move {
            // An error here would fail the caller; `false` gives it another connection. A cut cable
            // answers nothing at all.
            let alive = async { matches!(timeout(ALIVE, connection.ping()).await, Ok(Ok(()))) };
            Ok(idle.idle_for < TRUSTED_IDLE || alive.await)
        })
    });
    // A caller gave up half-way: the connection may be dead. Without a limit it would keep its
    // place in the pool until the system notices.
    pool.after_release(|connection, _| {
        Box::pin(async move {
            timeout(ALIVE, connection.flush())
                .await
                .unwrap_or(Err(sqlx::Error::PoolTimedOut))
                .map(|()| true)
        })
    })
}

/// No TLS towards a server on the same machine, unless the URL or `PGSSLMODE` asks for it. sqlx
/// 0.9.0 leaves Nagle's algorithm on (its issue 4335), and TLS cuts a batch into records of 16 KiB:
/// each waits 40 ms for the acknowledgement of the one before, which makes an ingest three times
/// slower. What goes over the loopback is seen by nobody else.
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

#[async_trait]
impl Schema for PostgresStore {
    async fn migrate(&self) -> Result<(), StoreError> {
        let mut migrations = sqlx::migrate!("migrations/postgres");
        // A newer gateway may have been here, and this one may be started again: migrations only
        // ever add.
        migrations.set_ignore_missing(true);
        let pool = self.patient();
        let migrated = migrations.run(&pool).await.map_err(StoreError::Migration);
        pool.close().await;
        migrated
    }
}

#[async_trait]
impl Health for PostgresStore {
    async fn ping(&self) -> Result<(), StoreError> {
        self.upkeep.ask(reads::ping).await
    }

    async fn outbox_depth(&self) -> Result<OutboxDepth, StoreError> {
        self.upkeep.ask(reads::outbox_depth).await
    }

    async fn figures(&self, now: OffsetDateTime) -> Result<StoreFigures, StoreError> {
        self.upkeep.ask(|pool| reads::figures(pool, now)).await
    }
}

#[async_trait]
impl Transactions for PostgresStore {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError> {
        let tx = self
            .work
            .ask(async |pool| pool.begin().await.map_err(doing("starting a change")))
            .await?;
        Ok(Box::new(unit::PostgresUnit::new(tx, self.notifier.clone())))
    }
}

#[async_trait]
impl Exchanges for PostgresStore {
    async fn exchange(&self, id: ExchangeId) -> Result<Option<Exchange>, StoreError> {
        self.work.ask(|pool| reads::exchange(pool, id)).await
    }

    async fn exchange_by_digest(
        &self,
        sender: &str,
        digest: &str,
    ) -> Result<Option<Exchange>, StoreError> {
        self.work.ask(|pool| reads::exchange_by_digest(pool, sender, digest)).await
    }

    async fn exchanges(
        &self,
        sender: Option<&str>,
        after: Option<PageToken>,
        limit: usize,
    ) -> Result<Page<Exchange>, StoreError> {
        self.work.ask(|pool| reads::exchanges(pool, sender, after, limit)).await
    }

    async fn ledger(&self, id: ExchangeId) -> Result<Option<Ledger>, StoreError> {
        self.work.ask(|pool| reads::ledger(pool, id)).await
    }

    async fn anomalies(
        &self,
        id: ExchangeId,
        from_ordinal: u64,
        limit: usize,
    ) -> Result<Vec<Finding>, StoreError> {
        self.work.ask(|pool| reads::anomalies(pool, id, from_ordinal, limit)).await
    }

    async fn archive_names_in_use(&self, names: &[String]) -> Result<Vec<String>, StoreError> {
        self.work.ask(|pool| reads::archived(pool, names)).await
    }
}

#[async_trait]
impl StagedDeposits for PostgresStore {
    async fn staged_deposit(&self, id: ExchangeId) -> Result<Option<StagedDeposit>, StoreError> {
        self.work.ask(|pool| loads::load(pool, id)).await
    }

    async fn staged_deposits(&self, limit: usize) -> Result<Vec<StagedDeposit>, StoreError> {
        self.work.ask(|pool| loads::loads(pool, limit)).await
    }

    async fn staged_progress(&self, id: ExchangeId) -> Result<StagedProgress, StoreError> {
        self.work.within(ANSWER * WHOLE_LOAD).ask(|pool| loads::written(pool, id)).await
    }

    async fn try_deposit_lease(
        &self,
        id: ExchangeId,
    ) -> Result<Option<Box<dyn Lease>>, StoreError> {
        self.take_lease(&self.work, lease::Right::StagedDeposit(id)).await
    }
}

#[async_trait]
impl ReceiptChain for PostgresStore {
    async fn chain_links(
        &self,
        from_sequence: u64,
        limit: usize,
    ) -> Result<Vec<ChainLink>, StoreError> {
        self.work.ask(|pool| loads::chain(pool, from_sequence, limit)).await
    }

    async fn chain_tip(&self) -> Result<ChainTip, StoreError> {
        self.work.ask(loads::chain_tip).await
    }

    async fn chain_sequences(
        &self,
        ids: &[ExchangeId],
    ) -> Result<Vec<(ExchangeId, u64)>, StoreError> {
        self.work.ask(|pool| reads::links_of(pool, ids)).await
    }
}

#[async_trait]
impl StoredInvoices for PostgresStore {
    async fn stored_invoices(
        &self,
        id: ExchangeId,
        invoices: &[InvoiceKey],
    ) -> Result<Vec<StoredInvoice>, StoreError> {
        self.work.ask(|pool| batch::traces(pool, id, invoices)).await
    }

    async fn count_invoices(&self, id: ExchangeId) -> Result<(u64, u64), StoreError> {
        self.work.within(ANSWER * WHOLE_LOAD).ask(|pool| loads::held(pool, id)).await
    }
}

#[async_trait]
impl Quarantine for PostgresStore {
    async fn quarantined(
        &self,
        id: ExchangeId,
        limit: usize,
    ) -> Result<Vec<Quarantined>, StoreError> {
        self.work.ask(|pool| reads::quarantined(pool, id, limit)).await
    }

    async fn quarantined_by_invoice(
        &self,
        ps: &str,
        invoice_number: &str,
    ) -> Result<Vec<Quarantined>, StoreError> {
        self.work.ask(|pool| reads::quarantined_invoice(pool, ps, invoice_number)).await
    }

    async fn quarantined_by_ordinals(
        &self,
        id: ExchangeId,
        ranks: (u64, u64),
    ) -> Result<Vec<Quarantined>, StoreError> {
        let aside = async |pool: &PgPool| {
            loads::aside(
                &mut *pool.acquire().await.map_err(doing("reading what was put aside"))?,
                id,
                ranks,
            )
            .await
        };
        self.work.ask(aside).await
    }
}

#[async_trait]
impl Claims for PostgresStore {
    async fn claim(&self, id: ClaimId) -> Result<Option<Claim>, StoreError> {
        self.work
            .ask(async |pool| {
                reads::claim(&mut *pool.acquire().await.map_err(doing("reading a claim"))?, id)
                    .await
            })
            .await
    }

    async fn claim_lines(&self, id: ClaimId) -> Result<Vec<ClaimLine>, StoreError> {
        self.work.ask(|pool| reads::claim_lines(pool, id)).await
    }

    async fn claims(
        &self,
        filter: &ClaimFilter,
        after: Option<PageToken>,
        limit: usize,
    ) -> Result<Page<Claim>, StoreError> {
        self.work.ask(|pool| reads::claims(pool, filter, after, limit)).await
    }
}

#[async_trait]
impl Events for PostgresStore {
    async fn claim_history(&self, id: ClaimId) -> Result<Vec<OutboxEvent>, StoreError> {
        self.work.ask(|pool| reads::history(pool, id)).await
    }

    async fn published_events(
        &self,
        position: i64,
        limit: usize,
    ) -> Result<Vec<OutboxEvent>, StoreError> {
        self.work.ask(|pool| reads::published_after(pool, position, limit)).await
    }
}

#[async_trait]
impl ReturnFiles for PostgresStore {
    async fn return_files(
        &self,
        recipient: Option<&str>,
        kind: Option<ReturnKind>,
        after: Option<PageToken>,
        limit: usize,
    ) -> Result<Page<ReturnFile>, StoreError> {
        self.work.ask(|pool| reads::returns(pool, recipient, kind, after, limit)).await
    }

    async fn return_file(&self, id: ReturnId) -> Result<Option<ReturnFile>, StoreError> {
        self.work.ask(|pool| reads::return_file(pool, id)).await
    }

    async fn arl(&self, id: ExchangeId) -> Result<Option<ReturnFile>, StoreError> {
        self.work.ask(|pool| reads::arl(pool, id)).await
    }

    async fn return_files_to_deliver(&self, limit: usize) -> Result<Vec<ReturnFile>, StoreError> {
        self.work.ask(|pool| reads::returns_to_deliver(pool, limit)).await
    }

    async fn has_rejects_to_return(&self) -> Result<bool, StoreError> {
        self.work.ask(reads::has_rejects_to_return).await
    }

    async fn mark_delivered(&self, id: ReturnId, at: OffsetDateTime) -> Result<(), StoreError> {
        self.work.ask(|pool| writes::mark_delivered(pool, id, at)).await
    }
}

#[async_trait]
impl Outbox for PostgresStore {
    async fn try_relay_lease(&self) -> Result<Option<Box<dyn Lease>>, StoreError> {
        self.take_lease(&self.upkeep, lease::Right::Relay).await
    }

    async fn unpublished_events(
        &self,
        limit: usize,
        except: &[i64],
    ) -> Result<Vec<OutboxEvent>, StoreError> {
        self.upkeep.ask(|pool| reads::unpublished(pool, limit, except)).await
    }

    async fn mark_published(
        &self,
        outbox_ids: &[i64],
        at: OffsetDateTime,
    ) -> Result<(), StoreError> {
        self.upkeep.ask(|pool| outbox::mark_published(pool, outbox_ids, at)).await?;
        self.notifier.announce(Occasion::Published);
        Ok(())
    }

    async fn count_failed_attempt(&self, outbox_ids: &[i64]) -> Result<(), StoreError> {
        self.upkeep.ask(|pool| outbox::count_attempt(pool, outbox_ids)).await
    }

    fn waiter(&self, occasion: Occasion) -> Waiter {
        self.wake.waiter(occasion)
    }
}

#[async_trait]
impl OperationsJournal for PostgresStore {
    async fn insert_operation_step(&self, step: &OperationStep) -> Result<(), StoreError> {
        self.work.ask(|pool| operations::write(pool, step)).await
    }

    async fn operation_steps(&self, limit: usize) -> Result<Vec<OperationStep>, StoreError> {
        self.work.ask(|pool| operations::newest(pool, limit)).await
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
