//! `kill -9` again and again while files come in, then everything is counted: what was acknowledged is there, every invoice is one claim, every
//! fact has one event id, and the books balance.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "support/broker.rs"]
mod broker;
#[path = "support/gateway.rs"]
mod gateway;
mod support;

use broker::{Worker, on_broker};
use gateway::{Gateway, Invoice, PATIENCE, eventually, invoices};
use noemie_gateway::generate::{self, Options, Profile};
use noemie_gateway::grpc::proto;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};
use support::databases::on_postgres;

const SENDER: &str = "oct1";
/// Small files go through between two kills; the large one is killed in every phase of its life.
const SMALL_FILES: u64 = 4;
const SMALL: u64 = 250;
const LARGE: u64 = 3_000;
/// Kills from the start on, when the small files come in.
const EARLY_KILLS: u64 = 4;
/// Kills while the large file is read and written.
const MIDDLE_KILLS: u64 = 4;
/// Kills while the events of the large file leave.
const LATE_KILLS: usize = 3;

/// Moments that look random, the same in every run, each in its own part of the first three seconds of a process.
fn moment(n: u64, of: u64) -> Duration {
    let mixed = (n + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(23).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let part = 3_000 / of;
    Duration::from_millis(100 + n * part + (mixed >> 33) % part)
}

/// How many invoices the large file has: `NOEMIE_TEST_KILL_INVOICES` for a long run by hand.
fn large() -> u64 {
    std::env::var("NOEMIE_TEST_KILL_INVOICES").ok().and_then(|n| n.parse().ok()).unwrap_or(LARGE)
}

/// The files, by name.
fn files() -> BTreeMap<String, Vec<u8>> {
    let sizes = (0..SMALL_FILES).map(|_| SMALL).chain([large()]);
    let file = |(n, invoices): (u64, u64)| {
        let mut bytes = Vec::new();
        generate::dre(&Options { profile: Profile::Pharmacie, invoices, seed: 100 + n, ..Options::default() }, &mut bytes).expect("generates");
        (format!("{n}.b2"), bytes)
    };
    (0..).zip(sizes).map(file).collect()
}

/// What was acknowledged before a kill.
type Acknowledged = BTreeMap<String, Vec<u8>>;

/// Deposits the files, kills, and lets the last process finish. Answers it with the ARL seen before kills.
async fn killed(mut gateway: Gateway, files: &BTreeMap<String, Vec<u8>>) -> (Gateway, Acknowledged) {
    for (name, bytes) in files {
        gateway.drop_file(SENDER, name, bytes);
    }
    let (mut seen, mut interrupted) = (Acknowledged::new(), 0);
    for kill in 0..EARLY_KILLS {
        gateway = kill_after(gateway, moment(kill, EARLY_KILLS), &mut seen, &mut interrupted).await;
    }
    // The oldest files are taken first: the large one is next, and alone.
    gateway.out_eventually(SENDER, "ARL_", files.len() - 1).await;
    for kill in 0..MIDDLE_KILLS {
        gateway = kill_after(gateway, moment(kill, MIDDLE_KILLS), &mut seen, &mut interrupted).await;
    }
    assert!(interrupted > 0, "no kill fell in a deposit: this machine needs larger files (NOEMIE_TEST_KILL_INVOICES)");
    gateway.out_eventually(SENDER, "ARL_", files.len()).await;
    for _ in 0..LATE_KILLS {
        gateway = kill_once(gateway, &mut seen).await;
    }
    let inbox = gateway.dir.join("data/in").join(SENDER);
    eventually("the drop directory is empty", || std::future::ready(fs::read_dir(&inbox).expect("reads").next().is_none().then_some(()))).await;
    eventually("the outbox is empty", || async { gateway.metric("noemie_outbox_pending").await.filter(|n| *n == 0.0).map(|_| ()) }).await;
    (gateway, seen)
}

/// Kills some time from now, and counts the kills that fell in a deposit: archived, not committed.
async fn kill_after(gateway: Gateway, delay: Duration, seen: &mut Acknowledged, interrupted: &mut usize) -> Gateway {
    let archive = gateway.dir.join("data/archive");
    let (start, known, taken) = (Instant::now(), count_files(&archive), gateway.exchanges().await.len());
    eventually("the moment comes", || std::future::ready((start.elapsed() >= delay).then_some(()))).await;
    *interrupted += usize::from(count_files(&archive) > known + gateway.exchanges().await.len() - taken);
    kill_once(gateway, seen).await
}

fn count_files(dir: &Path) -> usize {
    let Ok(entries) = fs::read_dir(dir) else { return 0 };
    entries.map(|e| e.expect("an entry").path()).map(|path| if path.is_dir() { count_files(&path) } else { 1 }).sum()
}

async fn kill_once(gateway: Gateway, seen: &mut Acknowledged) -> Gateway {
    // Read before the kill: an ARL that stands there has been acknowledged.
    for (name, arl) in gateway.out(SENDER, "ARL_") {
        let first = seen.entry(name.clone()).or_insert_with(|| arl.clone());
        assert_eq!(*first, arl, "{name} changed");
    }
    gateway.kill_and_restart().await
}

/// Everything but the events.
async fn check(gateway: &Gateway, files: &BTreeMap<String, Vec<u8>>, seen: &Acknowledged) {
    let arls = gateway.out(SENDER, "ARL_");
    assert_eq!(arls.len(), files.len(), "one ARL a file");
    for (name, arl) in seen {
        assert_eq!(arls.get(name), Some(arl), "{name} was acknowledged and is gone, or another");
    }
    let exchanges = gateway.exchanges().await;
    let deposited: BTreeSet<&str> = exchanges.iter().map(|e| e.file_name.as_str()).collect();
    assert_eq!(deposited, files.keys().map(String::as_str).collect());
    assert_eq!(exchanges.len(), files.len(), "a file is one exchange");
    for exchange in &exchanges {
        assert!(arls.contains_key(&format!("ARL_{}_pos.noemie", exchange.exchange_id)), "the exchange of {} has no ARL", exchange.file_name);
        let ledger = gateway.report(&exchange.exchange_id).await.ledger.expect("the books");
        let read = files[&exchange.file_name].split(|b| *b == b'\n').filter(|line| !line.is_empty()).count();
        assert!(ledger.balances && ledger.read == read as i64, "{}: {ledger:?}, {read} records", exchange.file_name);
    }
    let mut expected: Vec<Invoice> = files.values().flat_map(|file| invoices(file)).collect();
    let mut claims: Vec<Invoice> = gateway.claims().await.into_iter().map(|dre| Invoice { ps: dre.ps, number: dre.invoice_number }).collect();
    expected.sort();
    claims.sort();
    assert!(expected == claims, "{} invoices, {} claims: every invoice is one claim", expected.len(), claims.len());
    assert_eq!(gateway.metric("noemie_ledger_unbalanced_total").await, Some(0.0));
}

/// Event ids of every fact told: a fact is a claim and a sequence.
type Facts = HashMap<(String, i64), BTreeSet<String>>;

fn check_facts(facts: &Facts, files: &BTreeMap<String, Vec<u8>>) {
    let invoices: usize = files.values().map(|file| invoices(file).len()).sum();
    assert_eq!(facts.len(), invoices, "one fact an invoice: received");
    let twice: Vec<_> = facts.iter().filter(|(_, ids)| ids.len() != 1).collect();
    assert!(twice.is_empty(), "facts under several event ids: {twice:?}");
}

/// Reads the published stream from its start, as a subscriber that kept no token.
async fn stream(gateway: &Gateway, facts: &mut Facts, count: usize) {
    let mut stream = gateway.work().subscribe_claim_events(proto::SubscribeClaimEventsRequest::default()).await.expect("streams").into_inner();
    for _ in 0..count {
        let message = tokio::time::timeout(PATIENCE, stream.message()).await.expect("an event in time").expect("streams").expect("an event");
        let event = message.event.expect("nothing is filtered");
        facts.entry((event.claim_id, event.sequence)).or_default().insert(event.event_id);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn embedded() {
    let (directory, files) = (tempfile::tempdir().unwrap(), files());
    let (gateway, seen) = killed(Gateway::start(directory.path(), &[]).await, &files).await;
    check(&gateway, &files, &seen).await;
    let (mut facts, count) = (Facts::new(), gateway.claims().await.len());
    stream(&gateway, &mut facts, count).await;
    check_facts(&facts, &files);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_shape_of_production() {
    on_broker(|broker| {
        on_postgres(|db| async move {
            let (directory, files) = (tempfile::tempdir().unwrap(), files());
            let (prefix, url) = (broker.prefix(), broker.url());
            let settings = [("NOEMIE_DATABASE_URL", db.url.as_str()), ("NOEMIE_AMQP_URL", url.as_str()), ("NOEMIE_AMQP_PREFIX", prefix.as_str())];
            let gateway = Gateway::start(directory.path(), &settings).await;
            let worker = broker.consume().await;
            let invoices: usize = files.values().map(|file| invoices(file).len()).sum();
            let listening = tokio::spawn(listen(worker, invoices));
            let (gateway, seen) = killed(gateway, &files).await;
            check(&gateway, &files, &seen).await;
            let mut facts = listening.await.expect("the worker");
            // What a worker was told and what a subscriber reads later are the same facts under the same ids.
            stream(&gateway, &mut facts, invoices).await;
            check_facts(&facts, &files);
        })
    })
    .await;
}

/// A worker that forgets repeated messages, until it knows as many facts as there are invoices.
async fn listen(mut worker: Worker, count: usize) -> Facts {
    let mut facts = Facts::new();
    while facts.len() < count {
        let message = worker.next().await;
        let sequence = message.body["sequence"].as_str().and_then(|s| s.parse().ok()).expect("a sequence");
        let claim = message.body["claimId"].as_str().expect("a claim").to_owned();
        facts.entry((claim, sequence)).or_default().insert(message.id);
    }
    facts
}
