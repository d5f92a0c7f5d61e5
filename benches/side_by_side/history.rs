//! What an ingest costs when many claims are stored already.

use crate::gateway::{Bench, file};
use crate::{ROUNDS, median, rate};
use sqlx::{Connection, PgConnection, query};
use std::time::Duration;

/// Invoices of the file that is timed.
const INVOICES: u64 = 5_000;

/// A published, paid claim of a generated past, with its parts, a line and an event: rows of the size of real ones.
const PAST: [&str; 5] = [
    "INSERT INTO exchanges (id, sender, digest, verdict, received_at) VALUES (gen_random_uuid(), 'past', 'past', 'accepted', '2020-01-01')",
    "INSERT INTO claims (id, exchange_id, flow, sender, logical_file, lot, ordinal, first_record, record_count, identity, person, vault, ps, norm_code, \
     invoice_number, invoice_complement, amc_number, amo_organism, total, received_at, live) \
     SELECT gen_random_uuid(), (SELECT id FROM exchanges WHERE sender = 'past'), 'dre', 'past', 1, '001', n, n * 10, 10, \
     encode(sha256(n::text::bytea), 'hex'), encode(sha256(('p' || n % 300000)::bytea), 'hex'), decode(repeat('ab', 180), 'hex'), \
     lpad((n % 5000)::text, 9, '0'), 'PS', lpad((n / 5000)::text, 9, '0'), '', '0099900011', '017100000', 2500, \
     timestamptz '2020-01-01' + n * interval '10 seconds', true FROM generate_series(1, $1::bigint) AS n",
    "INSERT INTO claim_parts (claim_id, kind, state, asked, paid, reasons, updated_at, due_at) \
     SELECT id, k, 'paid', 1250, 1250, '[]', received_at, CASE WHEN k = 'amc' THEN received_at END FROM claims, (VALUES ('amo'), ('amc')) AS kinds(k)",
    "INSERT INTO claim_lines (claim_id, rank, record_type, act_code, quantity, coefficient, unit_price, base, rate, billed, amo, amc, qualifier) \
     SELECT id, 1, '4', 'PH7', 1, 100, 2500, 2500, 65, 2500, 1250, 1250, '' FROM claims",
    "INSERT INTO outbox (event_id, claim_id, sequence, name, routing_key, payload, created_at, published_at, position) \
     SELECT gen_random_uuid(), id, 1, 'claim.received', 'claim.dre.received.0099900011', repeat('x', 600), received_at, received_at, \
     row_number() OVER () FROM claims",
];

/// The same ingest into an empty database and into one with a history, in turn.
pub async fn history(claims: u64) {
    let (empty, full) = (Bench::postgres().await, Bench::postgres().await);
    let mut db = PgConnection::connect(&full.url).await.unwrap();
    for sql in PAST {
        let statement = query(sql);
        let bound = if sql.contains("$1") { statement.bind(i64::try_from(claims).unwrap()) } else { statement };
        bound.execute(&mut db).await.unwrap();
    }
    query("ANALYZE").execute(&mut db).await.unwrap();
    let (mut into_empty, mut into_full): (Vec<Duration>, Vec<Duration>) = (Vec::new(), Vec::new());
    for seed in 0..u64::try_from(2 * ROUNDS).unwrap() {
        let bytes = file(INVOICES, 1_000 + seed);
        into_empty.push(empty.ingest(&bytes).await);
        into_full.push(full.ingest(&bytes).await);
    }
    let (into_empty, into_full) = (median(into_empty), median(into_full));
    println!("history: a file of {INVOICES} invoices into PostgreSQL");
    println!("  empty                      {into_empty:>10.2?}  {:>8.0} invoices/s", rate(INVOICES, into_empty));
    println!(
        "  behind {claims:>10} claims   {into_full:>10.2?}  {:>8.0} invoices/s  cost {:.2}",
        rate(INVOICES, into_full),
        into_full.as_secs_f64() / into_empty.as_secs_f64()
    );
    drop(db);
    empty.close().await;
    full.close().await;
}
