//! Outages of PostgreSQL under load: stopped, connections cut, silent. Then 32 deposits at once on a
//! running server.

use super::broker::{Broker, on_broker};
use super::gateway::Gateway;
use super::load::{drop_whole, submit};
use super::proof::{self, Deposit, number};
use super::proxy::Proxy;
use super::servers::Postgres;
use super::story::dre;
use super::support::is_long;
use super::support::samples::under_another_name;
use super::wait::until;
use super::{Outage, blocking, drain, wait_until_idle};
use noemie_gateway::clock::{Clock as _, SystemClock};
use noemie_gateway::relay::topology::WORK;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// Number of times that the connections are cut.
const CUTS: usize = 10;

#[derive(Debug, Clone, Copy)]
enum PostgresOutage {
    Stopped,
    Cut,
    Silent,
}

#[tokio::test(flavor = "multi_thread")]
async fn goes_away() {
    let Some(server) = tokio::task::spawn_blocking(Postgres::start).await.unwrap() else {
        eprintln!("SKIPPED: outages of PostgreSQL need its server programs on this machine");
        return;
    };
    let server = Arc::new(Mutex::new(server));
    // A silent server is noticed after the longest time limit.
    let silent = is_long().then_some(PostgresOutage::Silent);
    for what in [PostgresOutage::Stopped, PostgresOutage::Cut].into_iter().chain(silent) {
        let server = Arc::clone(&server);
        on_broker(move |broker| async move { outage_of_postgres(what, &server, &broker).await })
            .await;
    }
    deposits_at_once(&server).await;
}

/// Makes a database on the private server. Returns its name and its address.
async fn database(server: &Arc<Mutex<Postgres>>) -> (String, String) {
    let name = format!("outage_{}", SystemClock.new_id().simple());
    let all = server.lock().unwrap().url("postgres");
    let url = server.lock().unwrap().url(&name);
    let mut db = PgConnection::connect(&all).await.expect("connects");
    db.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.expect("made");
    (name, url)
}

async fn outage_of_postgres(what: PostgresOutage, server: &Arc<Mutex<Postgres>>, broker: &Broker) {
    let (name, url) = database(server).await;
    let port = server.lock().unwrap().port();
    let proxy = Proxy::start(port).await;
    let through = format!("postgres://postgres@127.0.0.1:{}/{name}", proxy.port);
    let (prefix, amqp) = (broker.prefix(), broker.url());
    let database = if matches!(what, PostgresOutage::Silent) { &through } else { &url };
    let settings = [
        ("NOEMIE_DATABASE_URL", database.as_str()),
        ("NOEMIE_AMQP_URL", &amqp),
        ("NOEMIE_AMQP_PREFIX", &prefix),
    ];
    let outage = Outage::begin(&format!("PostgreSQL: {what:?}"), &settings, &url).await;
    match what {
        PostgresOutage::Stopped => {
            blocking(server, Postgres::down).await;
            gateway_notices(&outage).await;
            blocking(server, Postgres::up).await;
        }
        PostgresOutage::Cut => {
            let cut = "SELECT count(*) FROM (SELECT pg_terminate_backend(pid) FROM \
                pg_stat_activity \
                       WHERE datname = current_database() AND pid <> pg_backend_pid()) AS cut";
            let connections = AtomicI64::new(0);
            for _ in 0..CUTS {
                // Each cut meets connections that the gateway has opened again.
                until("the gateway has a connection", || async {
                    let closed = number(&url, cut).await.unwrap();
                    connections.fetch_add(closed, Ordering::Relaxed);
                    closed > 0
                })
                .await;
            }
            println!("  {} connections cut", connections.into_inner());
        }
        PostgresOutage::Silent => {
            proxy.silence();
            gateway_notices(&outage).await;
            proxy.heal();
        }
    }
    outage.end().await;
    proof::check_facts(&url, &drain(broker, WORK).await).await;
}

/// Waits until the gateway reports that its database does not answer: the outage is longer than any
/// wait that could hide it.
async fn gateway_notices(outage: &Outage) {
    until("the gateway reports that its database is down", || async {
        !outage.gateway.admin_get("/healthz").await.starts_with("HTTP/1.1 200")
    })
    .await;
}

/// 32 deposits at once, of the same files and of other files with the same invoices, through the
/// drop directory and gRPC.
async fn deposits_at_once(server: &Arc<Mutex<Postgres>>) {
    let ((_, url), directory) = (database(server).await, tempfile::tempdir().unwrap());
    let settings = [("NOEMIE_DATABASE_URL", url.as_str()), ("NOEMIE_SINK", "local")];
    let gateway = Gateway::start(directory.path(), &settings).await;
    println!("32 deposits at once");
    let deposit = |seed: u64, twin: bool| {
        let bytes = dre(seed, 100, None);
        let bytes = if twin { under_another_name(&bytes) } else { bytes };
        Deposit { sender: "oct".into(), name: format!("{seed}-{twin}.b2"), bytes }
    };
    // Eight files are dropped twice each; eight files with the same invoices are uploaded twice each.
    let files: Vec<Deposit> =
        (0..8).flat_map(|n| [deposit(700 + n, false), deposit(700 + n, true)]).collect();
    let start = Instant::now();
    for file in files.iter().step_by(2) {
        drop_whole(directory.path(), file);
        drop_whole(
            directory.path(),
            &Deposit { name: format!("again-{}", file.name), ..file.clone() },
        );
    }
    let uploading = |file: &Deposit| {
        let (channel, file) = (gateway.channel.clone(), file.clone());
        tokio::spawn(async move { (file.digest(), submit(channel, &file).await) })
    };
    let uploads: Vec<_> = files
        .iter()
        .skip(1)
        .step_by(2)
        .flat_map(|file| [uploading(file), uploading(file)])
        .collect();
    let mut receipts: HashMap<String, BTreeSet<String>> = HashMap::new();
    for upload in uploads {
        let (digest, receipt) = upload.await.unwrap();
        receipts
            .entry(digest)
            .or_default()
            .insert(receipt.expect("a receipt").exchange.expect("an exchange").exchange_id);
    }
    assert!(
        receipts.values().all(|ids| ids.len() == 1),
        "a file sent twice has one receipt: {receipts:?}"
    );
    wait_until_idle(&url, directory.path(), &files).await;
    let deadlocks =
        number(&url, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
            .await
            .unwrap();
    let waits = server.lock().unwrap().log().matches("still waiting for").count();
    println!(
        "  {:.1} s, {deadlocks} deadlocks, {waits} waits for a lock longer than 200 ms",
        start.elapsed().as_secs_f64()
    );
    proof::check(&gateway, &url, directory.path(), &files, &BTreeSet::new()).await;
    proof::check_facts(&url, &proof::stream(&gateway, &url).await).await;
}
