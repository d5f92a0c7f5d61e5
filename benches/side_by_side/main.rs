//! Compares the gateway with a bare program on the same database and broker, in one run: the cost of
//! its checks, encryption and events.
//!
//! ```text
//! cargo bench --bench side_by_side -- postgres     file to committed claims, against bare INSERT … SELECT FROM UNNEST of the same rows
//! cargo bench --bench side_by_side -- sqlite       the same, against bare multi-row INSERT
//! cargo bench --bench side_by_side -- relay        outbox to confirmed, against a bare relay loop and a bare publisher
//! cargo bench --bench side_by_side -- latency      commit to delivery at a steady 500 events a second
//! cargo bench --bench side_by_side -- end_to_end   from the drop directory to the last confirmed event, by the program itself
//! cargo bench --bench side_by_side -- history      an ingest into an empty database and into one with a long history
//! cargo bench --bench side_by_side -- listings     first pages of ListDre over a long history
//! cargo bench --bench side_by_side -- statuses     GetDreStatus, against a bare select by key
//! cargo bench --bench side_by_side -- work_lists   first pages of the work lists
//! cargo bench --bench side_by_side -- watch        many streams that catch up at once, and a status
//! ```
//!
//! `NOEMIE_BENCH_RUNS` (3) is the number of runs of `watch`; `NOEMIE_BENCH_INVOICES` (20,000; end
//! to end 100,000) and `NOEMIE_BENCH_HISTORY` (1,000,000 claims) change the sizes; `NOEMIE_BENCH_HISTORY_DATABASE` names a database of the server, and
//! `NOEMIE_BENCH_HISTORY_FILE` a file of SQLite, that keep their history between runs;
//! `NOEMIE_TEST_DATABASE_URL` and `NOEMIE_TEST_AMQP_URL` name the servers. The two sides run in
//! turn, several rounds, and the median of each is printed. On a shared machine only the ratios are
//! meaningful.
#![allow(
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub,
    reason = "a bench stops at the first surprise"
)]

mod bare;
mod end_to_end;
mod gateway;
mod history;
mod ingest;
mod listings;
mod past;
mod relay;
mod served;
mod statuses;
mod watch;
mod work_lists;

use std::time::Duration;

/// Number of runs of each side.
const ROUNDS: usize = 3;

fn size(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|n| n.parse().ok()).unwrap_or(default)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn rate(count: u64, time: Duration) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let count = count as f64;
    count / time.as_secs_f64()
}

#[tokio::main]
async fn main() {
    // `cargo bench` adds the argument `--bench`.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let all = wanted.is_empty();
    let is_wanted = |name: &str| all || wanted.iter().any(|w| w == name);
    let invoices = size("NOEMIE_BENCH_INVOICES", 20_000);
    if is_wanted("postgres") {
        ingest::postgres(invoices).await;
    }
    if is_wanted("sqlite") {
        ingest::sqlite(invoices).await;
    }
    if is_wanted("relay") {
        relay::throughput(invoices).await;
    }
    if is_wanted("latency") {
        relay::latency().await;
    }
    if is_wanted("end_to_end") {
        end_to_end::end_to_end(size("NOEMIE_BENCH_INVOICES", 100_000)).await;
    }
    if is_wanted("watch") {
        watch::catch_up().await;
    }
    if is_wanted("history") {
        history::history(size("NOEMIE_BENCH_HISTORY", 1_000_000)).await;
    }
    if is_wanted("listings") {
        listings::listings(size("NOEMIE_BENCH_HISTORY", 1_000_000)).await;
    }
    if is_wanted("statuses") {
        let claims = size("NOEMIE_BENCH_HISTORY", 1_000_000);
        statuses::statuses(size("NOEMIE_BENCH_CALLS", 10_000), claims).await;
    }
    if is_wanted("work_lists") {
        let claims = size("NOEMIE_BENCH_HISTORY", 1_000_000);
        work_lists::work_lists(size("NOEMIE_BENCH_ROWS", 120_000), claims).await;
    }
}
