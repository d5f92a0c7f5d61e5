//! One fresh database per test: a temporary file for SQLite, a new database on the server for
//! PostgreSQL, dropped also when the test fails.

use super::wait::until;
use noemie_gateway::clock::{Clock, SystemClock};
use noemie_gateway::store::{Database, SharedStore};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, SqliteConnection};
use std::future::Future;
use tokio::sync::Semaphore;

/// Address of the PostgreSQL server of the tests, unless `NOEMIE_TEST_DATABASE_URL` is set.
const DEFAULT_URL: &str = "postgres://postgres@127.0.0.1:5432/postgres";

/// Tests with a PostgreSQL database at once in a test program. Each opens up to 20 connections, and
/// the server of a machine may have 40 left.
const MAX_DATABASES: usize = 2;
static PERMITS: Semaphore = Semaphore::const_new(MAX_DATABASES);

/// A database under test: the store as the gateway opens it, and methods that run raw SQL.
#[derive(Clone)]
pub struct TestDatabase {
    pub database: Database,
    pub store: SharedStore,
    pub url: String,
}

impl TestDatabase {
    async fn open(url: String) -> Self {
        let nowhere = std::path::Path::new("no-data-directory");
        let database = Database::open(Some(&url), nowhere, 8).await.expect("the database opens");
        let store = database.store();
        store.migrate().await.expect("the migrations apply");
        Self { database, store, url }
    }

    /// Opens a second store on the same database, as another replica does.
    pub async fn replica(&self) -> SharedStore {
        let nowhere = std::path::Path::new("no-data-directory");
        Database::open(Some(&self.url), nowhere, 4)
            .await
            .expect("the database opens a second time")
            .store()
    }

    pub fn is_postgres(&self) -> bool {
        matches!(self.database, Database::Postgres(_))
    }

    /// Returns the integer that raw SQL selects.
    pub async fn number(&self, sql: &'static str) -> i64 {
        let answer: Result<i64, sqlx::Error> = if self.is_postgres() {
            let mut db = PgConnection::connect(&self.url).await.expect("connects");
            sqlx::query_scalar(sql).fetch_one(&mut db).await
        } else {
            let mut db = SqliteConnection::connect(&self.url).await.expect("connects");
            sqlx::query_scalar(sql).fetch_one(&mut db).await
        };
        answer.unwrap_or_else(|e| panic!("{sql}: {e}"))
    }

    /// Asserts that the tables of deposits are empty.
    pub async fn holds_nothing_deposited(&self) {
        for rows in [
            "SELECT count(*) FROM exchanges",
            "SELECT count(*) FROM logical_files",
            "SELECT count(*) FROM claims",
            "SELECT count(*) FROM claim_parts",
            "SELECT count(*) FROM claim_lines",
            "SELECT count(*) FROM events",
            "SELECT count(*) FROM outbox",
            "SELECT count(*) FROM quarantine",
        ] {
            assert_eq!(self.number(rows).await, 0, "{rows}");
        }
    }

    /// Waits until so many statements wait for a lock. SQLite has one writer and shows no waiting
    /// statement: there the method returns at once, and the result of the test alone decides.
    pub async fn until_blocked(&self, statements: i64) {
        let waiting = "SELECT count(*) FROM pg_stat_activity \
                       WHERE datname = current_database() AND wait_event_type = 'Lock'";
        if self.is_postgres() {
            until("statements wait for a lock", || async {
                self.number(waiting).await >= statements
            })
            .await;
        }
    }

    /// Runs a statement made at run time, which must change a row.
    pub async fn run(&self, sql: String) {
        let statement = AssertSqlSafe(sql.clone());
        let done = if self.is_postgres() {
            let mut db = PgConnection::connect(&self.url).await.expect("connects");
            db.execute(statement).await.map(|done| done.rows_affected())
        } else {
            let mut db = SqliteConnection::connect(&self.url).await.expect("connects");
            db.execute(statement).await.map(|done| done.rows_affected())
        };
        assert!(done.unwrap_or_else(|e| panic!("{sql}: {e}")) > 0, "no row: {sql}");
    }

    /// Returns bytes as a literal of this database.
    pub fn bytes(&self, bytes: &[u8]) -> String {
        let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        if self.is_postgres() { format!("'\\x{digits}'") } else { format!("X'{digits}'") }
    }

    /// Returns an identifier as a literal of this database.
    pub fn id(&self, id: uuid::Uuid) -> String {
        if self.is_postgres() { format!("'{id}'") } else { self.bytes(id.as_bytes()) }
    }

    /// Runs a raw statement, and returns the number of rows or the error of the database.
    pub async fn execute(&self, sql: &'static str) -> Result<u64, sqlx::Error> {
        if self.is_postgres() {
            PgConnection::connect(&self.url)
                .await?
                .execute(sql)
                .await
                .map(|done| done.rows_affected())
        } else {
            SqliteConnection::connect(&self.url)
                .await?
                .execute(sql)
                .await
                .map(|done| done.rows_affected())
        }
    }
}

/// Runs a test on a fresh SQLite file.
pub async fn on_sqlite<F: Future<Output = ()>>(test: impl FnOnce(TestDatabase) -> F) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let url = format!("sqlite:{}", directory.path().join("gateway.db").display());
    test(TestDatabase::open(url).await).await;
}

/// Runs a test on a fresh PostgreSQL database.
pub async fn on_postgres<F: Future<Output = ()> + Send + 'static>(
    test: impl FnOnce(TestDatabase) -> F + Send + 'static,
) {
    let _permit = PERMITS.acquire().await.expect("the semaphore is never closed");
    on_postgres_at(&server_url(), test).await;
}

/// Runs a test on a fresh database of a given PostgreSQL server.
pub async fn on_postgres_at<F: Future<Output = ()> + Send + 'static>(
    server: &str,
    test: impl FnOnce(TestDatabase) -> F + Send + 'static,
) {
    let name = format!("noemie_test_{}", SystemClock.new_id().simple());
    administer(server, format!("CREATE DATABASE {name}")).await;
    let url = with_database(server, &name);
    // A task of its own, so that the database is dropped also when the test panics.
    let outcome = tokio::spawn(async move { test(TestDatabase::open(url).await).await }).await;
    administer(server, format!("DROP DATABASE {name} WITH (FORCE)")).await;
    if let Err(failure) = outcome {
        std::panic::resume_unwind(failure.into_panic());
    }
}

/// Returns the address of the PostgreSQL server of the tests.
pub fn server_url() -> String {
    std::env::var("NOEMIE_TEST_DATABASE_URL").unwrap_or_else(|_| DEFAULT_URL.to_owned())
}

async fn administer(server: &str, sql: String) {
    let mut db = PgConnection::connect(server).await.unwrap_or_else(|e| {
        panic!(
            "PostgreSQL cannot be reached ({e}): run ./test, which starts it, or set \
            NOEMIE_TEST_DATABASE_URL"
        );
    });
    db.execute(AssertSqlSafe(sql.clone())).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
}

/// Returns the address of another database of the same server, for the same user.
fn with_database(server: &str, name: &str) -> String {
    let (before, options) =
        server.split_once('?').map_or((server, String::new()), |(b, o)| (b, format!("?{o}")));
    let scheme_end = before.find("://").map_or(0, |i| i + 3);
    let root = before[scheme_end..].find('/').map_or(before, |i| &before[..scheme_end + i]);
    format!("{root}/{name}{options}")
}

/// Runs each test function of a file, which takes a [`TestDatabase`], on both databases.
#[macro_export]
macro_rules! on_both {
    ($($story:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $story() { $crate::support::databases::on_sqlite(super::$story).await })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $story() { $crate::support::databases::on_postgres(super::$story).await })*
        }
    };
}
