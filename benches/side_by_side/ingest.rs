//! Time from a file to its committed claims.

use crate::bare;
use crate::gateway::{Bench, file};
use crate::{ROUNDS, median, rate};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, PgConnection};
use std::str::FromStr;
use std::time::{Duration, Instant};

/// Claims per transaction of the bare side, equal to the gateway's batch.
const BATCH_CLAIMS: i64 = 500;

/// Measures PostgreSQL. The gateway makes two passes, decodes, checks, encrypts, looks for
/// duplicates, writes events and the receipt. The bare side has the rows in memory and inserts them
/// into the same tables with the same indexes.
pub async fn postgres(invoices: u64) {
    let bytes = file(invoices, 1);
    let (mut ours, mut bare_times, mut rows) = (Vec::new(), Vec::new(), 0);
    for _ in 0..ROUNDS {
        let bench = Bench::postgres().await;
        ours.push(bench.ingest(&bytes).await);
        let batches =
            bare::batches(&mut PgConnection::connect(&bench.url).await.unwrap(), BATCH_CLAIMS)
                .await;
        rows = batches.iter().flatten().map(|b| b.rows).sum();
        bench.close().await;
        let empty = Bench::postgres().await;
        let mut db = PgConnection::connect(&empty.url).await.unwrap();
        sqlx::query("ALTER TABLE claims DROP CONSTRAINT claims_exchange_id_fkey")
            .execute(&mut db)
            .await
            .unwrap();
        let start = Instant::now();
        bare::insert(&mut db, &batches).await;
        bare_times.push(start.elapsed());
        drop(db);
        empty.close().await;
    }
    report("postgres", bytes.len(), invoices, rows, ours, bare_times);
}

/// Measures SQLite like [`postgres`].
pub async fn sqlite(invoices: u64) {
    let bytes = file(invoices, 1);
    let (mut ours, mut bare_times, mut rows) = (Vec::new(), Vec::new(), 0);
    for _ in 0..ROUNDS {
        let bench = Bench::sqlite().await;
        ours.push(bench.ingest(&bytes).await);
        let mut db = connect(&bench.url).await;
        let batches = bare::sqlite_batches(&mut db, BATCH_CLAIMS).await;
        rows = batches.iter().flatten().map(bare::SqliteBatch::count).sum();
        drop(db);
        bench.close().await;
        let empty = Bench::sqlite().await;
        let mut db = connect(&empty.url).await;
        let start = Instant::now();
        bare::sqlite_insert(&mut db, &batches).await;
        bare_times.push(start.elapsed());
        drop(db);
        empty.close().await;
    }
    report("sqlite", bytes.len(), invoices, rows, ours, bare_times);
}

/// Opens a database with the settings of the gateway, without the foreign key to the exchange, which
/// the bare side does not write.
async fn connect(url: &str) -> sqlx::SqliteConnection {
    let options = SqliteConnectOptions::from_str(url)
        .unwrap()
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    options.foreign_keys(false).connect().await.unwrap()
}

fn report(
    name: &str,
    bytes: usize,
    invoices: u64,
    rows: u64,
    ours: Vec<Duration>,
    bare: Vec<Duration>,
) {
    let (ours, bare) = (median(ours), median(bare));
    println!(
        "{name}: {invoices} invoices, {bytes} bytes, {rows} rows of claims, parts, lines and events"
    );
    println!(
        "  gateway, file to receipt   {ours:>10.2?}  {:>9.0} rows/s  {:>8.0} invoices/s",
        rate(rows, ours),
        rate(invoices, ours)
    );
    println!("  bare inserts of the rows   {bare:>10.2?}  {:>9.0} rows/s", rate(rows, bare));
    println!("  ratio                      {:.2}", bare.as_secs_f64() / ours.as_secs_f64());
}
