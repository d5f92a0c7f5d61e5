//! Cost of a deposit into a database with many claims.

use crate::gateway::{Bench, file};
use crate::{median, rate};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, query, query_scalar};
use std::time::{Duration, Instant};

/// Number of invoices of the measured file.
const INVOICES: u64 = 5_000;
/// Logical files of the measured file whose invoices belong to many PS, five each.
const SCATTERED_FILES: u64 = 1_000;
/// Number of deposits into each database. A single deposit is short compared with a checkpoint of
/// the server.
const ROUNDS: u64 = 15;

/// Settings of the session that generates the history: commits without a flush, no check of foreign
/// keys. The function makes identifiers of version 7 from a given instant, so that new identifiers
/// go to the right-hand edge of each index, as in production.
const PREPARE: [&str; 4] = [
    "SET synchronous_commit = off",
    "SET session_replication_role = replica",
    "SET maintenance_work_mem = '1GB'",
    "CREATE FUNCTION pg_temp.v7(at TIMESTAMPTZ, n BIGINT) RETURNS UUID LANGUAGE sql IMMUTABLE AS $$ \
     SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || lpad(to_hex(n % 4096), 3, '0') || '8' \
     || substr(md5(n::text), 1, 15))::uuid $$",
];

/// Statements that generate the history: published claims, paid or (one in 33) rejected, with their
/// parts, a line and an event. The rows have the size of real ones. Deposits have 5,000 claims, lots
/// have 50 claims of one PS out of 100,000, and each PS numbers its invoices upwards.
const PAST: [&str; 6] = [
    "INSERT INTO exchanges (id, sender, digest, verdict, norm, received_at) SELECT pg_temp.v7(at, e), 'past', 'past' || e, 'accepted', 'b2', at \
     FROM (SELECT e, timestamptz '2020-01-01' + e * interval '10 hours' AS at FROM generate_series(0, ($1::bigint - 1) / 5000) AS e) AS x",
    "INSERT INTO claims (id, exchange_id, flow, sender, logical_file, lot, ordinal, first_record, record_count, identity, person, token_version, vault, key_id, \
     ps, norm_code, invoice_number, invoice_complement, amc_number, amo_organism, total, received_at, date_limite_reponse_amc, live) \
     SELECT pg_temp.v7(at + r * interval '1 ms', n), pg_temp.v7(at, e), 'dre', 'past', 1, lpad((r / 50)::text, 3, '0'), r, r * 10, 10, \
     encode(sha256(n::text::bytea), 'hex'), encode(sha256(('p' || n % 300000)::bytea), 'hex'), 1, decode(repeat('ab', 180), 'hex'), '0badcafe', \
     '992' || lpad(ps::text, 5, '0') || '0', 'PS', lpad(((ps * 7990271 + e * 50 + r % 50) % 1000000000)::text, 9, '0'), '', '0099900011', \
     '017100000', 2500, at, '', n % 33 <> 0 \
     FROM (SELECT n, n / 5000 AS e, n % 5000 AS r, timestamptz '2020-01-01' + (n / 5000) * interval '10 hours' AS at, (n / 50) * 48271 % 99991 AS ps \
     FROM generate_series(0::bigint, $1::bigint - 1) AS n) AS x",
    "INSERT INTO claim_parts (claim_id, kind, state, asked, paid, flags, is_awaited, reasons, updated_at, due_at, reported_in, \
     claim_status, received_at, ps, sender) SELECT id, k, CASE WHEN k = 'amc' AND NOT live THEN 'rejected' ELSE 'paid' END, 1250, 1250, '[]', FALSE, '[]', received_at, \
     CASE WHEN k = 'amc' THEN received_at END, CASE WHEN k = 'amc' AND NOT live THEN exchange_id END, \
     CASE WHEN k = 'amc' AND NOT live THEN 'paid_and_rejected' WHEN k = 'amc' THEN 'paid' END, received_at, ps, sender FROM claims, (VALUES ('amc'), ('amo')) AS kinds(k)",
    "INSERT INTO claim_lines (claim_id, rank, record_type, act_code, quantity, coefficient, unit_price, base, rate, billed, amo, amc, qualifier) \
     SELECT id, 1, '4', 'PH7', 1, 100, 2500, 2500, 65, 2500, 1250, 1250, '' FROM claims",
    "INSERT INTO events (event_id, subject_kind, subject_id, sequence, kind, actor_name, actor_role, actor_proof, exchange_id, routing_key, payload, \
     occurred_at) SELECT (substr(id::text, 1, 19) || '9' || substr(id::text, 21))::uuid, 'claim', id, 1, 'received', sender, 'concentrator', 'stated', \
     exchange_id, 'claim.dre.received.0099900011', repeat('x', 600), received_at FROM claims",
    "INSERT INTO published_events SELECT row_number() OVER (), event_no, occurred_at, 1 FROM events",
];

/// Measures the same deposit into an empty database and into a database with a history, in turn.
pub async fn history(claims: u64) {
    // A named database is kept: an empty one is filled, and the next run finds its history.
    let kept = std::env::var("NOEMIE_BENCH_HISTORY_DATABASE").ok();
    let (empty, full) = (
        Bench::postgres().await,
        if let Some(name) = kept { Bench::named(&name).await } else { Bench::postgres().await },
    );
    let mut db = PgConnection::connect(&full.url).await.unwrap();
    if query("SELECT FROM claims LIMIT 1").fetch_optional(&mut db).await.unwrap().is_none() {
        let start = Instant::now();
        fill(&mut db, claims).await;
        println!("history: {claims} claims generated in {:.0?}", start.elapsed());
    }
    // The maintenance that a server does over the years.
    db.execute("VACUUM (ANALYZE)").await.unwrap();
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

/// Writes the history. The indexes of the claims are built after the rows, because inserting each row
/// into the indexes of random order would take hours.
async fn fill(db: &mut PgConnection, claims: u64) {
    for sql in PREPARE {
        db.execute(sql).await.unwrap();
    }
    let of_claims = "SELECT indexname::text, indexdef FROM pg_indexes WHERE tablename = 'claims' AND indexname <> 'claims_pkey'";
    let indexes: Vec<(String, String)> =
        sqlx::query_as(of_claims).fetch_all(&mut *db).await.unwrap();
    for (name, _) in &indexes {
        db.execute(AssertSqlSafe(format!("DROP INDEX {name}"))).await.unwrap();
    }
    for sql in PAST {
        let statement = query(sql);
        let bound = if sql.contains("$1") {
            statement.bind(i64::try_from(claims).unwrap())
        } else {
            statement
        };
        bound.execute(&mut *db).await.unwrap();
    }
    for (_, definition) in indexes {
        db.execute(AssertSqlSafe(definition)).await.unwrap();
    }
}
