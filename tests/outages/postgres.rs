//! PostgreSQL goes away under load: stopped, its connections cut, silent. And 32 depositors at once
//! on one that stays.

use super::broker::{Broker, on_broker};
use super::gateway::Gateway;
use super::load::{drop_whole, submit};
use super::proof::{self, Deposit, number};
use super::proxy::Proxy;
use super::servers::Postgres;
use super::story::dre;
use super::support::samples::under_another_name;
use super::{Outage, elsewhere, heard, settles};
use noemie_gateway::clock::{Clock as _, SystemClock};
use noemie_gateway::relay::topology::WORK;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// How long the server is away.
const AWAY: Duration = Duration::from_secs(4);

#[derive(Debug, Clone, Copy)]
enum OfPostgres {
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
    for what in [OfPostgres::Stopped, OfPostgres::Cut, OfPostgres::Silent] {
        let server = Arc::clone(&server);
        on_broker(move |broker| async move { outage_of_postgres(what, &server, &broker).await })
            .await;
    }
    depositors(&server).await;
}

/// A database of its own on a server of our own: its name and its address.
async fn database(server: &Arc<Mutex<Postgres>>) -> (String, String) {
    let name = format!("outage_{}", SystemClock.new_id().simple());
    let all = server.lock().unwrap().url("postgres");
    let url = server.lock().unwrap().url(&name);
    let mut db = PgConnection::connect(&all).await.expect("connects");
    db.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.expect("made");
    (name, url)
}

async fn outage_of_postgres(what: OfPostgres, server: &Arc<Mutex<Postgres>>, broker: &Broker) {
    let (name, url) = database(server).await;
    let port = server.lock().unwrap().port();
    let proxy = Proxy::start(port).await;
    let through = format!("postgres://postgres@127.0.0.1:{}/{name}", proxy.port);
    let (prefix, amqp) = (broker.prefix(), broker.url());
    let database = if matches!(what, OfPostgres::Silent) { &through } else { &url };
    let settings = [
        ("NOEMIE_DATABASE_URL", database.as_str()),
        ("NOEMIE_AMQP_URL", &amqp),
        ("NOEMIE_AMQP_PREFIX", &prefix),
    ];
    let outage = Outage::begin(&format!("PostgreSQL: {what:?}"), &settings, &url).await;
    match what {
        OfPostgres::Stopped => {
            elsewhere(server, Postgres::down).await;
            sleep(AWAY).await;
            elsewhere(server, Postgres::up).await;
        }
        OfPostgres::Cut => {
            let cut = "SELECT count(*) FROM (SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                       WHERE datname = current_database() AND pid <> pg_backend_pid()) AS cut";
            let mut connections = 0;
            for _ in 0..10 {
                connections += number(&url, cut).await.unwrap();
                sleep(Duration::from_millis(300)).await;
            }
            println!("  {connections} connections cut");
        }
        OfPostgres::Silent => {
            proxy.silence();
            sleep(AWAY).await;
            proxy.heal();
        }
    }
    outage.end().await;
    proof::check_facts(&url, &heard(broker, WORK).await).await;
}

/// 32 depositors at once, of the same files and of others with the same invoices, by both doors.
async fn depositors(server: &Arc<Mutex<Postgres>>) {
    let ((_, url), directory) = (database(server).await, tempfile::tempdir().unwrap());
    let gateway = Gateway::start(directory.path(), &[("NOEMIE_DATABASE_URL", url.as_str())]).await;
    println!("32 depositors at once");
    let deposit = |seed: u64, twin: bool| {
        let bytes = dre(seed, 100, None);
        let bytes = if twin { under_another_name(&bytes) } else { bytes };
        Deposit { sender: "oct".into(), name: format!("{seed}-{twin}.b2"), bytes }
    };
    // Eight files and their eight twins, each deposited by two: a file dropped, its twin uploaded.
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
        let (door, file) = (gateway.channel.clone(), file.clone());
        tokio::spawn(async move { (file.digest(), submit(door, &file).await) })
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
    settles(&url, directory.path(), &files).await;
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
