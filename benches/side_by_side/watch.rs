//! Many streams that catch up at once, and a status asked beside them.

use crate::gateway::{Bench, file};
use crate::{median, size};
use futures::StreamExt as _;
use noemie_gateway::archive::Archive;
use noemie_gateway::clock::{Clock as _, SystemClock};
use noemie_gateway::conventionnement::Conventionnement;
use noemie_gateway::grpc::proto::dre_status_service_client::DreStatusServiceClient;
use noemie_gateway::grpc::proto::get_dre_status_request::Dre;
use noemie_gateway::grpc::proto::{GetDreStatusRequest, WatchDreRequest};
use noemie_gateway::grpc::serve;
use noemie_gateway::ingest::{Ingest, Limits};
use noemie_gateway::limits::GrpcLimits;
use noemie_gateway::service::{Rooms, Service};
use noemie_gateway::store::Database;
use noemie_gateway::vault::Vault;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

/// Watchers of some claims, and claims of each.
const NARROW: usize = 1_000;
const CLAIMS_OF_EACH: usize = 40;
/// Watchers of every claim.
const WIDE: usize = 20;
/// Streams of one connection: a connection takes 100 calls.
const STREAMS_OF_CONNECTION: usize = 60;
/// Statuses asked while nothing else is asked.
const IDLE_CALLS: usize = 5_000;

/// Measures both databases.
pub async fn catch_up() {
    let claims = u64::try_from(NARROW * CLAIMS_OF_EACH).unwrap();
    println!("watch: {NARROW} streams of {CLAIMS_OF_EACH} events, {WIDE} of {claims}");
    for bench in [Bench::sqlite().await, Bench::postgres().await] {
        bench.ingest(&file(claims, 1)).await;
        publish(&bench).await;
        let runs = size("NOEMIE_BENCH_RUNS", 3);
        let url = bench.url.clone();
        // The server, the watchers and the caller have threads of their own.
        thread::spawn(move || (0..runs).for_each(|_| measure(&url))).join().unwrap();
        bench.close().await;
    }
}

async fn publish(bench: &Bench) {
    loop {
        let waiting = bench.store.unpublished_events(1_000, &[]).await.unwrap();
        if waiting.is_empty() {
            return;
        }
        let numbers: Vec<i64> = waiting.iter().map(|event| event.event_no).collect();
        bench.store.mark_published(&numbers, SystemClock.now()).await.unwrap();
    }
}

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

fn measure(url: &str) {
    let (server, watchers, caller) = (runtime(), runtime(), runtime());
    let (stop, done) = (CancellationToken::new(), Arc::new(AtomicBool::new(false)));
    let address = server.block_on(start(url.to_owned(), stop.clone()));
    let ids = watchers.block_on(claim_ids(address));
    let idle = caller.block_on(ask(address, ids[0].clone(), |calls| calls < IDLE_CALLS));
    let beside = {
        let (id, done) = (ids[0].clone(), Arc::clone(&done));
        caller.spawn(ask(address, id, move |_| !done.load(Ordering::Relaxed)))
    };
    let begun = Instant::now();
    watchers.block_on(watch_all(address, &ids));
    let took = begun.elapsed();
    done.store(true, Ordering::Relaxed);
    let beside = caller.block_on(beside).unwrap();
    let kind = url.split(':').next().unwrap_or_default();
    println!(
        "  {kind:>8}: caught up in {took:.1?}; status p50/p99 idle {:.2?}/{:.2?}, beside \
         {:.2?}/{:.2?} ({} calls), p99 {:.1} times idle",
        median(idle.clone()),
        p99(idle.clone()),
        median(beside.clone()),
        p99(beside.clone()),
        beside.len(),
        p99(beside).as_secs_f64() / p99(idle).as_secs_f64(),
    );
    stop.cancel();
    server.shutdown_timeout(Duration::from_secs(10));
}

fn p99(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() * 99 / 100]
}

/// Starts a server over a database of its own connections, without limits for one address.
async fn start(url: String, stop: CancellationToken) -> SocketAddr {
    let directory = tempfile::tempdir().unwrap().keep();
    let database = Database::open(Some(&url), &directory, 8).await.unwrap();
    let (store, clock) = (database.store(), Arc::new(SystemClock));
    let vault = Arc::new(Vault::from_master_key([1; 32]));
    let archive = Arc::new(Archive::new(directory.join("archive"), Arc::clone(&vault)));
    let limits = Limits::default();
    let ingest =
        Ingest::new(store.clone(), Arc::clone(&vault), archive, Arc::new(SystemClock), limits);
    let conventionnement =
        Arc::new(Conventionnement::new(database.conventions(), Arc::new(SystemClock)));
    let service = Service::new(Rooms {
        store,
        vault,
        clock: clock.clone(),
        ingest: Arc::new(ingest),
        max_uploads: 1,
        conventionnement,
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let limits = GrpcLimits {
        calls_per_peer: usize::MAX,
        streams_per_peer: usize::MAX,
        ..GrpcLimits::default()
    };
    tokio::spawn(async move {
        serve(listener, service, clock, limits, stop.clone(), stop).await.unwrap();
    });
    address
}

async fn client(address: SocketAddr) -> DreStatusServiceClient<Channel> {
    let channel = Channel::from_shared(format!("http://{address}")).unwrap();
    DreStatusServiceClient::new(channel.connect().await.unwrap())
}

/// Returns every claim, by a snapshot.
async fn claim_ids(address: SocketAddr) -> Vec<String> {
    let request = WatchDreRequest { start: "snapshot".into(), ..Default::default() };
    let mut stream = client(address).await.watch_dre(request).await.unwrap().into_inner();
    let mut ids = Vec::new();
    while let Some(message) = stream.next().await {
        let message = message.unwrap();
        if message.snapshot_complete {
            break;
        }
        ids.extend(message.dre.map(|dre| dre.claim_id));
    }
    ids
}

/// Asks a status again and again, and returns the times.
async fn ask(address: SocketAddr, id: String, goes_on: impl Fn(usize) -> bool) -> Vec<Duration> {
    let mut client = client(address).await;
    let mut times = Vec::new();
    while goes_on(times.len()) {
        let asked = Instant::now();
        let request =
            GetDreStatusRequest { dre: Some(Dre::ClaimId(id.clone())), ..Default::default() };
        client.get_dre_status(request).await.unwrap();
        times.push(asked.elapsed());
    }
    times
}

/// Opens every stream, and waits until each has caught up with all that it wants.
async fn watch_all(address: SocketAddr, ids: &[String]) {
    let wanted = (0..NARROW + WIDE).map(|watcher| match watcher {
        // The claims of a watcher lie all over the stream.
        narrow if narrow < NARROW => ids.iter().skip(narrow).step_by(NARROW).cloned().collect(),
        _ => Vec::new(),
    });
    let mut streams = JoinSet::new();
    let mut connection = client(address).await;
    for (number, claim_ids) in wanted.enumerate() {
        if number % STREAMS_OF_CONNECTION == 0 {
            connection = client(address).await;
        }
        let (mut client, all) = (connection.clone(), ids.len());
        streams.spawn(async move {
            let expected = if claim_ids.is_empty() { all } else { claim_ids.len() };
            let request = WatchDreRequest { claim_ids, ..Default::default() };
            let mut stream = client.watch_dre(request).await.unwrap().into_inner();
            let mut seen = 0;
            loop {
                let message = stream.next().await.unwrap().unwrap();
                if message.dre.is_none() {
                    break;
                }
                seen += 1;
            }
            assert_eq!(seen, expected);
        });
    }
    while let Some(done) = streams.join_next().await {
        done.unwrap();
    }
}
