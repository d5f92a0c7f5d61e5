//! Cost of a deposit into a database with many claims.

use crate::gateway::{Bench, file};
use crate::served::{Kind, with_history};
use crate::{median, rate};
use sqlx::{Connection, Executor, PgConnection, query_scalar};
use std::time::Duration;

/// Number of invoices of the measured file.
const INVOICES: u64 = 5_000;
/// Logical files of the measured file whose invoices belong to many PS, five each.
const SCATTERED_FILES: u64 = 1_000;
/// Number of deposits into each database. A single deposit is short compared with a checkpoint of
/// the server.
const ROUNDS: u64 = 15;

/// Measures the same deposit into an empty database and into a database with a history, in turn.
pub async fn history(claims: u64) {
    let (empty, full) = (Bench::postgres().await, with_history(Kind::Postgres, claims).await);
    let mut db = PgConnection::connect(&full.url).await.unwrap();
    db.execute("CHECKPOINT").await.unwrap();
    println!("history: a file of {INVOICES} invoices into PostgreSQL, median of {ROUNDS}");
    for logical_files in [1, SCATTERED_FILES] {
        let first: i64 = query_scalar("SELECT count(*) FROM exchanges WHERE sender = 'bench'")
            .fetch_one(&mut db)
            .await
            .unwrap();
        compare(&empty, &full, claims, logical_files, first.unsigned_abs()).await;
    }
    drop(db);
    empty.close().await;
    full.close().await;
}

/// Measures a file with its invoices in so many logical files, each of its own PS.
async fn compare(empty: &Bench, full: &Bench, claims: u64, logical_files: u64, first: u64) {
    let (mut into_empty, mut into_full): (Vec<Duration>, Vec<Duration>) = (Vec::new(), Vec::new());
    for round in first..first + ROUNDS {
        let seed = (1 + round) * 10_000;
        let bytes: Vec<u8> =
            (0..logical_files).flat_map(|n| file(INVOICES / logical_files, seed + n)).collect();
        into_empty.push(empty.ingest(&bytes).await);
        into_full.push(full.ingest(&bytes).await);
    }
    let spread = |times: &[Duration]| {
        format!("{:.2?} to {:.2?}", times.iter().min().unwrap(), times.iter().max().unwrap())
    };
    let spreads = (spread(&into_empty), spread(&into_full));
    let (into_empty, into_full) = (median(into_empty), median(into_full));
    println!("  {logical_files} logical files");
    println!(
        "  empty                      {into_empty:>10.2?}  {:>8.0} invoices/s  ({})",
        rate(INVOICES, into_empty),
        spreads.0
    );
    println!(
        "  behind {claims:>10} claims   {into_full:>10.2?}  {:>8.0} invoices/s  ({})  cost {:.2}",
        rate(INVOICES, into_full),
        spreads.1,
        into_full.as_secs_f64() / into_empty.as_secs_f64()
    );
}
