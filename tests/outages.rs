//! What the gateway leans on goes away under load and comes back: stopped, killed, cut, silent, full. No restart of the gateway, nothing lost,
//! nothing double: each outage ends with the count of `support/proof.rs`.
//!
//! Servers of our own are stopped and killed (`support/servers.rs`); those of the machine are left alone. Without their programs the test says so
//! and does nothing.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "support/broker.rs"]
mod broker;
#[path = "support/gateway.rs"]
mod gateway;
#[path = "support/load.rs"]
mod load;
#[path = "support/proof.rs"]
mod proof;
#[path = "support/proxy.rs"]
mod proxy;
#[path = "support/servers.rs"]
mod servers;
#[path = "support/story.rs"]
mod story;
mod support;

use broker::{Broker, on_broker};
use gateway::{Gateway, eventually};
use load::{Doors, Load, Refusals, drop_whole, submit};
use noemie_gateway::clock::{Clock as _, SystemClock};
use noemie_gateway::grpc::proto;
use noemie_gateway::relay::topology::{UNROUTABLE, WORK};
use proof::{Deposit, Fact, number};
use proxy::Proxy;
use servers::{Postgres, Rabbit};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use story::dre;
use support::databases::on_postgres;
use tempfile::TempDir;
use tokio::time::sleep;
use tonic_types::StatusExt as _;

/// How long a server is away.
const AWAY: Duration = Duration::from_secs(4);
/// Exchanges that go through before an outage, and after it.
const SOME: i64 = 6;
/// Gateways on one database, and how many of them are killed, one after the other.
const REPLICAS: usize = 3;
const ROUNDS: usize = 6;

const EXCHANGES: &str = "SELECT count(*) FROM exchanges WHERE verdict IS NOT NULL";

/// A gateway under load, in a directory of its own.
struct Outage {
    gateway: Gateway,
    directory: TempDir,
    load: Load,
    url: String,
}

impl Outage {
    /// Starts the gateway and the load, and waits until files go through.
    async fn begin(name: &str, settings: &[(&str, &str)], url: &str) -> Self {
        println!("{name}");
        let directory = tempfile::tempdir().unwrap();
        let gateway = Gateway::start(directory.path(), settings).await;
        let load = Load::start(directory.path(), Doors::new(vec![gateway.channel.clone()]), 1);
        let outage = Self { gateway, directory, load, url: url.to_owned() };
        outage.goes_on("before").await;
        outage
    }

    /// Waits until some more files went through.
    async fn goes_on(&self, when: &str) {
        let count = || async { number(&self.url, EXCHANGES).await.ok() };
        let before = eventually("the database answers", count).await;
        let start = Instant::now();
        eventually("files go through", || async { count().await.filter(|now| *now >= before + SOME) }).await;
        println!("  {when}: {SOME} more exchanges in {:.1} s", start.elapsed().as_secs_f64());
    }

    /// It is over: files go through again without a restart, and everything is counted. Answers what was refused on the way.
    async fn end(self) -> Refusals {
        self.goes_on("after").await;
        let start = Instant::now();
        let (deposits, refusals) = self.load.stop().await;
        settles(&self.url, self.directory.path(), &deposits).await;
        println!("  {} files, at rest after {:.1} s; refused on the way: {refusals:?}", deposits.len(), start.elapsed().as_secs_f64());
        proof::check(&self.gateway, &self.url, self.directory.path(), &deposits, &BTreeSet::new()).await;
        proof::check_facts(&self.url, &proof::stream(&self.gateway, &self.url).await).await;
        proof::check_verify(&self.gateway);
        assert!(!refusals.contains_key("Internal"), "an outage is no fault of the gateway: {refusals:?}\n{}", self.gateway.log());
        refusals
    }
}

/// Waits until every file has its ARL and every event left.
async fn settles(url: &str, dir: &Path, deposits: &[Deposit]) {
    let inbox = dir.join("data/in");
    let waiting = || -> usize {
        let senders = fs::read_dir(&inbox).into_iter().flatten().map(|e| e.unwrap().path());
        senders.map(|sender| fs::read_dir(sender).map_or(0, Iterator::count)).sum()
    };
    let under_way = "SELECT (SELECT count(*) FROM outbox WHERE position IS NULL) + (SELECT count(*) FROM returns WHERE delivered_at IS NULL)";
    eventually("every file went through", || async {
        let done = waiting() == 0 && number(url, EXCHANGES).await.ok()? >= deposits.len() as i64 && number(url, under_way).await.ok()? == 0;
        done.then_some(())
    })
    .await;
}

async fn heard(broker: &Broker, queue: &str) -> Vec<Fact> {
    broker.drain(queue).await.iter().map(Fact::from).collect()
}

/// Something that takes its time on a thread of its own.
async fn elsewhere<T: Send + 'static, S: Send + 'static>(server: &Arc<Mutex<S>>, work: impl FnOnce(&mut S) -> T + Send + 'static) -> T {
    let server = Arc::clone(server);
    tokio::task::spawn_blocking(move || work(&mut server.lock().unwrap())).await.unwrap()
}

#[derive(Debug, Clone, Copy)]
enum OfPostgres {
    Stopped,
    Cut,
    Silent,
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres() {
    let Some(server) = tokio::task::spawn_blocking(Postgres::start).await.unwrap() else {
        eprintln!("SKIPPED: outages of PostgreSQL need its server programs on this machine");
        return;
    };
    let server = Arc::new(Mutex::new(server));
    for what in [OfPostgres::Stopped, OfPostgres::Cut, OfPostgres::Silent] {
        let server = Arc::clone(&server);
        on_broker(move |broker| async move { outage_of_postgres(what, &server, &broker).await }).await;
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
    let settings = [("NOEMIE_DATABASE_URL", database.as_str()), ("NOEMIE_AMQP_URL", &amqp), ("NOEMIE_AMQP_PREFIX", &prefix)];
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
        let bytes = if twin { story::under_another_name(&bytes) } else { bytes };
        Deposit { sender: "oct".into(), name: format!("{seed}-{twin}.b2"), bytes }
    };
    // Eight files and their eight twins, each deposited by two: a file dropped, its twin uploaded.
    let files: Vec<Deposit> = (0..8).flat_map(|n| [deposit(700 + n, false), deposit(700 + n, true)]).collect();
    let start = Instant::now();
    for file in files.iter().step_by(2) {
        drop_whole(directory.path(), file);
        drop_whole(directory.path(), &Deposit { name: format!("again-{}", file.name), ..file.clone() });
    }
    let uploading = |file: &Deposit| {
        let (door, file) = (gateway.channel.clone(), file.clone());
        tokio::spawn(async move { (file.digest(), submit(door, &file).await) })
    };
    let uploads: Vec<_> = files.iter().skip(1).step_by(2).flat_map(|file| [uploading(file), uploading(file)]).collect();
    let mut receipts: HashMap<String, BTreeSet<String>> = HashMap::new();
    for upload in uploads {
        let (digest, receipt) = upload.await.unwrap();
        receipts.entry(digest).or_default().insert(receipt.expect("a receipt").exchange.expect("an exchange").exchange_id);
    }
    assert!(receipts.values().all(|ids| ids.len() == 1), "a file sent twice has one receipt: {receipts:?}");
    settles(&url, directory.path(), &files).await;
    let deadlocks = number(&url, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()").await.unwrap();
    let waits = server.lock().unwrap().log().matches("still waiting for").count();
    println!("  {:.1} s, {deadlocks} deadlocks, {waits} waits for a lock longer than 200 ms", start.elapsed().as_secs_f64());
    proof::check(&gateway, &url, directory.path(), &files, &BTreeSet::new()).await;
    proof::check_facts(&url, &proof::stream(&gateway, &url).await).await;
}

#[derive(Debug, Clone, Copy)]
enum OfRabbit {
    ApplicationStopped,
    NodeKilled,
    OutOfMemory,
    Silent,
}

#[tokio::test(flavor = "multi_thread")]
async fn rabbitmq() {
    let Some(server) = tokio::task::spawn_blocking(Rabbit::start).await.unwrap() else {
        eprintln!("SKIPPED: outages of RabbitMQ need its server programs on this machine");
        return;
    };
    let server = Arc::new(Mutex::new(server));
    for what in [OfRabbit::ApplicationStopped, OfRabbit::NodeKilled, OfRabbit::OutOfMemory, OfRabbit::Silent] {
        let server = Arc::clone(&server);
        on_postgres(move |db| async move { outage_of_rabbit(what, &server, &db.url).await }).await;
    }
    on_postgres(move |db| async move { queue_deleted(&server, &db.url).await }).await;
}

async fn outage_of_rabbit(what: OfRabbit, server: &Arc<Mutex<Rabbit>>, url: &str) {
    let port = server.lock().unwrap().port();
    let straight = server.lock().unwrap().url();
    let (proxy, prefix) = (Proxy::start(port).await, format!("{what:?}."));
    let amqp = if matches!(what, OfRabbit::Silent) { servers::url_at(proxy.port) } else { straight.clone() };
    let settings = [("NOEMIE_DATABASE_URL", url), ("NOEMIE_AMQP_URL", &amqp), ("NOEMIE_AMQP_PREFIX", &prefix)];
    let outage = Outage::begin(&format!("RabbitMQ: {what:?}"), &settings, url).await;
    match what {
        OfRabbit::ApplicationStopped => {
            elsewhere(server, |s| s.control(&["stop_app"])).await;
            outage.goes_on("while it is stopped").await;
            elsewhere(server, |s| s.control(&["start_app"])).await;
        }
        OfRabbit::NodeKilled => {
            elsewhere(server, Rabbit::kill).await;
            outage.goes_on("while it is dead").await;
            elsewhere(server, Rabbit::up).await;
        }
        OfRabbit::OutOfMemory => {
            elsewhere(server, |s| s.control(&["set_vm_memory_high_watermark", "0.0001"])).await;
            outage.goes_on("while it takes nothing").await;
            elsewhere(server, |s| s.control(&["set_vm_memory_high_watermark", "0.4"])).await;
        }
        OfRabbit::Silent => {
            proxy.silence();
            outage.goes_on("while it is silent").await;
            proxy.heal();
        }
    }
    let refusals = outage.end().await;
    assert!(refusals.is_empty(), "deposits do not wait for the broker: {refusals:?}");
    proof::check_facts(url, &heard(&Broker::at(straight, prefix).await, WORK).await).await;
}

/// Somebody deletes the workers' queue, which they had emptied: the gateway declares it again, and what it published meanwhile waits with the unroutable.
async fn queue_deleted(server: &Arc<Mutex<Rabbit>>, url: &str) {
    let (amqp, prefix) = (server.lock().unwrap().url(), "deleted.".to_owned());
    let settings = [("NOEMIE_DATABASE_URL", url), ("NOEMIE_AMQP_URL", &amqp), ("NOEMIE_AMQP_PREFIX", &prefix)];
    let Outage { gateway, directory, load, .. } = Outage::begin("RabbitMQ: queue deleted", &settings, url).await;
    let (mut deposits, _) = load.stop().await;
    settles(url, directory.path(), &deposits).await;
    let broker = Broker::at(amqp.clone(), prefix.clone()).await;
    let mut facts = heard(&broker, WORK).await;
    broker.delete_queue(WORK).await;
    let outage =
        Outage { load: Load::start(directory.path(), Doors::new(vec![gateway.channel.clone()]), 2), gateway, directory, url: url.to_owned() };
    outage.goes_on("while it is gone").await;
    eventually("the queue is declared again", || async { broker.exists(WORK).await.then_some(()) }).await;
    outage.goes_on("after").await;
    let (more, refusals) = outage.load.stop().await;
    deposits.extend(more);
    settles(url, outage.directory.path(), &deposits).await;
    assert!(refusals.is_empty(), "deposits do not wait for the broker: {refusals:?}");
    let unroutable = heard(&broker, UNROUTABLE).await;
    println!("  {} events waited with the unroutable", unroutable.len());
    assert!(!unroutable.is_empty(), "no event left while the queue was gone");
    facts.extend(unroutable);
    facts.extend(heard(&broker, WORK).await);
    proof::check(&outage.gateway, url, outage.directory.path(), &deposits, &BTreeSet::new()).await;
    proof::check_facts(url, &facts).await;
}

/// Three gateways on one database and one directory; each round one of them is killed and started again.
#[tokio::test(flavor = "multi_thread")]
async fn replicas() {
    on_broker(|broker| {
        on_postgres(|db| async move {
            let (directory, prefix, amqp) = (tempfile::tempdir().unwrap(), broker.prefix(), broker.url());
            let settings = [
                ("NOEMIE_DATABASE_URL", db.url.as_str()),
                ("NOEMIE_DATABASE_CONNECTIONS", "5"),
                ("NOEMIE_AMQP_URL", &amqp),
                ("NOEMIE_AMQP_PREFIX", &prefix),
            ];
            let mut gateways = Vec::new();
            for _ in 0..REPLICAS {
                gateways.push(Gateway::start(directory.path(), &settings).await);
            }
            let doors = Doors::new(gateways.iter().map(|g| g.channel.clone()).collect());
            let load = Load::start(directory.path(), doors.clone(), 1);
            for round in 0..ROUNDS {
                let before = number(&db.url, EXCHANGES).await.unwrap();
                eventually("files go through", || async { number(&db.url, EXCHANGES).await.ok().filter(|now| *now >= before + SOME) }).await;
                let at = round % REPLICAS;
                gateways[at].kill();
                gateways[at] = Gateway::start(directory.path(), &settings).await;
                doors.replace(at, gateways[at].channel.clone());
            }
            let (deposits, refusals) = load.stop().await;
            settles(&db.url, directory.path(), &deposits).await;
            println!("{REPLICAS} replicas, {ROUNDS} kills, {} files; refused on the way: {refusals:?}", deposits.len());
            proof::check(&gateways[0], &db.url, directory.path(), &deposits, &BTreeSet::new()).await;
            proof::check_facts(&db.url, &proof::stream(&gateways[0], &db.url).await).await;
            proof::check_facts(&db.url, &heard(&broker, WORK).await).await;
        })
    })
    .await;
}

/// A file system of two megabytes, unmounted at the end.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Nothing where this is not allowed.
    fn mount(at: &Path) -> Option<Self> {
        fs::create_dir_all(at).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=2m", "tmpfs"]).arg(at).output();
        mounted.is_ok_and(|m| m.status.success()).then(|| Self(at.to_owned()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: the gateway may still hold it.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// The disk of the archive is full: deposits are refused and said to be, dropped files stay, and all goes on when there is room again.
#[tokio::test(flavor = "multi_thread")]
async fn full_disk() {
    let directory = tempfile::tempdir().unwrap();
    let archive = directory.path().join("data/archive");
    let Some(_disk) = SmallDisk::mount(&archive) else {
        eprintln!("SKIPPED: a full disk needs the right to mount a small one");
        return;
    };
    let url = format!("sqlite:{}", directory.path().join("data/gateway.db").display());
    let gateway = Gateway::start(directory.path(), &[]).await;
    let deposit = |name: &str, seed| Deposit { sender: "oct".into(), name: name.into(), bytes: dre(seed, 300, None) };
    let files = [deposit("before.b2", 1), deposit("dropped.b2", 2), deposit("uploaded.b2", 3)];
    submit(gateway.channel.clone(), &files[0]).await.expect("there is room");
    let ballast = archive.join("ballast");
    fs::write(&ballast, vec![0; 2 * 1024 * 1024]).expect_err("the disk fills up");
    let refused = submit(gateway.channel.clone(), &files[2]).await.expect_err("there is no room");
    assert_eq!(refused.code(), tonic::Code::ResourceExhausted, "{refused}");
    assert_eq!(refused.get_error_details().error_info().map(|i| i.reason.as_str()), Some("archive_full"));
    drop_whole(directory.path(), &files[1]);
    eventually("the log tells the file that stays", || async { gateway.log().contains("the file stays in the drop directory").then_some(()) }).await;
    assert!(gateway::drop_path(directory.path(), "oct", "dropped.b2").exists());
    assert_eq!(number(&url, EXCHANGES).await.unwrap(), 1, "nothing of a refused deposit is kept");
    fs::remove_file(&ballast).unwrap();
    submit(gateway.channel.clone(), &files[2]).await.expect("there is room again");
    settles(&url, directory.path(), &files).await;
    proof::check(&gateway, &url, directory.path(), &files, &BTreeSet::new()).await;
    proof::check_facts(&url, &proof::stream(&gateway, &url).await).await;
}

/// Whether a file is being received somewhere under a directory.
fn holds_part(dir: &Path) -> bool {
    let mut entries = fs::read_dir(dir).into_iter().flatten().map(|e| e.unwrap().path());
    entries.any(|path| if path.is_dir() { holds_part(&path) } else { path.extension().is_some_and(|e| e == "part") })
}

/// One upload more than the limit is refused with its reason, and passes when another one has ended.
#[tokio::test(flavor = "multi_thread")]
async fn too_many_uploads() {
    use proto::submit_exchange_request::Part;
    let directory = tempfile::tempdir().unwrap();
    let gateway = Gateway::start(directory.path(), &[("NOEMIE_MAX_UPLOADS", "1")]).await;
    let file = Deposit { sender: "oct".into(), name: "file.b2".into(), bytes: dre(1, 10, None) };
    let (parts, uploading) = tokio::sync::mpsc::channel(4);
    let part = |part| proto::SubmitExchangeRequest { part: Some(part) };
    parts.send(part(Part::Metadata(proto::SubmitMetadata { sender: "oct".into(), ..Default::default() }))).await.unwrap();
    let mut door = gateway.exchange();
    let first = tokio::spawn(async move { door.submit_exchange(tokio_stream::wrappers::ReceiverStream::new(uploading)).await });
    eventually("the upload is open", || std::future::ready(holds_part(&directory.path().join("data/archive")).then_some(()))).await;
    let refused = submit(gateway.channel.clone(), &file).await.expect_err("there is no place");
    assert_eq!(refused.code(), tonic::Code::ResourceExhausted, "{refused}");
    assert_eq!(refused.get_error_details().error_info().map(|i| i.reason.as_str()), Some("too_many_uploads"));
    assert!(refused.message().contains("max_uploads"), "{refused}");
    parts.send(part(Part::Chunk(dre(2, 10, None)))).await.unwrap();
    drop(parts);
    first.await.unwrap().expect("the open upload ends well");
    submit(gateway.channel.clone(), &file).await.expect("there is a place again");
}
