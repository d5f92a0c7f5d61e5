//! How a load ends that does not simply come to its receipt: finished under other controls, given up, behind another one, in conflict. On both databases,
//! through the door.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub, reason = "a test stops at the first surprise")]

#[path = "support/cut.rs"]
mod cut;
mod support;

use cut::{cut_after, step};
use noemie_gateway::archive::Archive;
use noemie_gateway::clock::SystemClock;
use noemie_gateway::domain::{Channel, Exchange, ExchangeId, Verdict};
use noemie_gateway::generate::{self, Damage, Options, Profile, RspOptions};
use noemie_gateway::ingest::drop_dir::DropDir;
use noemie_gateway::ingest::{Deposit, Ingest, IngestError, Limits, Receipt};
use noemie_gateway::store::{Load, SharedStore, TakenBack};
use noemie_gateway::vault::Vault;
use noemie_gateway::verify::{Sources, verify};
use noemie_parsers::physical::enregistrements::Forme;
use sqlx::{Connection as _, Executor as _, PgConnection};
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use support::databases::{TestDatabase, on_postgres};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

const INVOICES: u64 = 40;
const BATCH: usize = 3;
/// Rank of the invoice that a fault is made in.
const MIDDLE: i64 = 21;

/// A replica over a directory of its own.
struct Replica {
    door: Ingest,
    sources: Sources,
    dir: TempDir,
}

fn replica(store: &SharedStore) -> Replica {
    let dir = tempfile::tempdir().unwrap();
    let (door, sources) = door(store, dir.path());
    Replica { door, sources, dir }
}

fn door(store: &SharedStore, dir: &Path) -> (Ingest, Sources) {
    let vault = Arc::new(Vault::from_master_key([9; 32]));
    let archive = Arc::new(Archive::new(dir, Arc::clone(&vault)));
    let sources = Sources { store: Arc::clone(store), archive: Arc::clone(&archive), vault: Arc::clone(&vault), clock: Arc::new(SystemClock) };
    let limits = Limits { batch: BATCH, ..Limits::default() };
    (Ingest::new(Arc::clone(store), vault, archive, Arc::new(SystemClock), limits), sources)
}

impl Replica {
    /// The gateway starts again: what it knew of failures is gone.
    fn again(&self, store: &SharedStore) -> Ingest {
        door(store, self.dir.path()).0
    }

    /// Puts another file in the place of a load's own: as if this version read it with other controls.
    fn reads(&self, load: &Load, bytes: &[u8]) {
        self.sources.archive.remove(&load.archive_name).unwrap();
        let mut writer = self.sources.archive.create(load.id, load.received_at).unwrap();
        writer.write_all(bytes).unwrap();
        assert_eq!(writer.finish().unwrap().name, load.archive_name);
    }

    /// `verify` with the load's own file in its place again: nothing is found. Answers how many notes there are.
    async fn notes(&self, load: &Load, own: &[u8]) -> u64 {
        self.reads(load, own);
        let seen = verify(&self.sources, None).await.unwrap();
        assert_eq!(seen.findings, [], "notes: {:?}", seen.notes);
        seen.note_count
    }
}

fn options(seed: u64) -> Options {
    Options { profile: Profile::Pharmacie, invoices: INVOICES, seed, ..Options::default() }
}

fn made(options: &Options) -> Vec<u8> {
    let mut bytes = Vec::new();
    generate::dre(options, &mut bytes).unwrap();
    bytes
}

fn good() -> Vec<u8> {
    made(&options(1))
}

fn damaged() -> Vec<u8> {
    made(&Options { damage: Some(Damage::NirKey), ..options(1) })
}

/// The first invoice of the file in a remittance of another issuer: a deposit of one transaction.
fn small() -> Vec<u8> {
    made(&Options { invoices: 1, sender: "99900000000029".to_owned(), ..options(1) })
}

async fn deposit(door: &Ingest, bytes: &[u8]) -> Result<Receipt, IngestError> {
    let deposit = Deposit { sender: "oct-a".into(), channel: Channel::Cli, file_name: "grand.b2".into(), idempotency_key: String::new() };
    let mut incoming = door.open(deposit)?;
    incoming.write(bytes)?;
    door.accept(incoming).await
}

/// A load of these bytes, cut when its invoices up to a rank are written: looked at after each of its steps, on a fast machine as on a slow one.
async fn cut_load(db: &TestDatabase, door: &Ingest, bytes: &[u8], rank: i64) -> Load {
    let mut work = Box::pin(deposit(door, bytes));
    while db.number("SELECT COALESCE(max(loaded), 0) FROM exchanges").await < rank {
        assert!(step(&mut work).await.is_none(), "the load came to its end first");
    }
    drop(work);
    free(db).await;
    db.store.loads(10).await.unwrap().remove(0)
}

/// Waits until nobody holds a load or works on it: a lease goes with its connection, a little after its holder.
async fn free(db: &TestDatabase) {
    let held = if db.is_postgres() {
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    } else {
        "SELECT 0"
    };
    while db.number(held).await > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The exchange of a load that was taken up, with books that hold.
async fn closed(db: &TestDatabase, id: ExchangeId) -> Exchange {
    let exchange = db.store.exchange(id).await.unwrap().expect("it has its receipt");
    assert!(db.store.ledger(id).await.unwrap().unwrap().balances());
    assert_eq!(db.store.held(id).await.unwrap(), (exchange.accepted, exchange.quarantined + exchange.duplicates));
    exchange
}

async fn a_claim_stands_that_this_version_would_put_aside(db: TestDatabase) {
    let replica = replica(&db.store);
    let load = cut_load(&db, &replica.door, &good(), MIDDLE).await;
    replica.reads(&load, &damaged());
    assert_eq!(replica.door.resume().await.unwrap(), 1);
    let exchange = closed(&db, load.id).await;
    assert_eq!((exchange.verdict, exchange.accepted, exchange.anomalies), (Verdict::Accepted, INVOICES, 0));
    assert_eq!(db.store.anomalies(load.id, 1, 10).await.unwrap(), [], "what costs nothing is not told");
    assert_eq!(db.number("SELECT CAST(sum(total) AS BIGINT) FROM claims").await, exchange.total.centimes());
    assert_eq!(replica.notes(&load, &good()).await, 0);
}

async fn an_invoice_stands_aside_that_this_version_would_take(db: TestDatabase) {
    let replica = replica(&db.store);
    let load = cut_load(&db, &replica.door, &damaged(), MIDDLE).await;
    replica.reads(&load, &good());
    assert_eq!(replica.door.resume().await.unwrap(), 1);
    let exchange = closed(&db, load.id).await;
    assert_eq!((exchange.verdict, exchange.accepted, exchange.quarantined), (Verdict::Partial, INVOICES - 1, 1));
    let arl = deposit(&replica.door, &damaged()).await.unwrap();
    assert!(arl.repeated && String::from_utf8_lossy(&arl.arl_body).contains("MISE DE COTE"), "its sender is told");
    assert_eq!(replica.notes(&load, &damaged()).await, 0);
}

async fn what_is_not_written_yet_is_judged_by_this_version(db: TestDatabase) {
    let replica = replica(&db.store);
    let load = cut_load(&db, &replica.door, &good(), 3).await;
    assert!(db.store.written(load.id).await.unwrap().last < MIDDLE.unsigned_abs());
    replica.reads(&load, &damaged());
    assert_eq!(replica.door.resume().await.unwrap(), 1);
    let exchange = closed(&db, load.id).await;
    assert_eq!((exchange.verdict, exchange.accepted, exchange.quarantined), (Verdict::Partial, INVOICES - 1, 1));
    assert_eq!(replica.notes(&load, &good()).await, 1, "put aside by one version, and taken by another");
}

async fn a_file_that_this_version_refuses_loads_nothing(db: TestDatabase) {
    let replica = replica(&db.store);
    let load = cut_load(&db, &replica.door, &good(), 3).await;
    replica.reads(&load, &good()[..1000]);
    assert_eq!(replica.door.resume().await.unwrap(), 1);
    let exchange = closed(&db, load.id).await;
    assert_eq!((exchange.verdict, exchange.accepted), (Verdict::Refused, 0));
    for rows in
        ["SELECT count(*) FROM claims", "SELECT count(*) FROM outbox", "SELECT count(*) FROM claim_lines", "SELECT count(*) FROM logical_files"]
    {
        assert_eq!(db.number(rows).await, 0, "{rows}");
    }
    // The remittance is free: corrected, it comes in.
    assert_eq!(deposit(&replica.door, &damaged()).await.unwrap().exchange.accepted, INVOICES - 1);
    assert_eq!(replica.notes(&load, &good()).await, 1, "refused by one version, and good for another");
}

async fn books_that_cannot_balance_begin_anew(db: TestDatabase) {
    let replica = replica(&db.store);
    let load = cut_load(&db, &replica.door, &good(), 6).await;
    db.execute("UPDATE claims SET record_count = record_count + 1 WHERE ordinal = 2").await.unwrap();
    assert_eq!(replica.door.resume().await.unwrap(), 0);
    assert_eq!(db.number("SELECT count(*) FROM claims").await, 0, "what was written is taken back");
    assert_eq!(replica.door.resume().await.unwrap(), 0, "and the load rests");
    assert_eq!(replica.again(&db.store).resume().await.unwrap(), 1);
    assert_eq!(closed(&db, load.id).await.accepted, INVOICES);
}

async fn nothing_is_left(db: &TestDatabase) {
    for rows in [
        "SELECT count(*) FROM exchanges",
        "SELECT count(*) FROM logical_files",
        "SELECT count(*) FROM claims",
        "SELECT count(*) FROM claim_parts",
        "SELECT count(*) FROM claim_lines",
        "SELECT count(*) FROM outbox",
        "SELECT count(*) FROM quarantine",
    ] {
        assert_eq!(db.number(rows).await, 0, "{rows}");
    }
}

async fn a_load_that_is_given_up_leaves_nothing_and_may_come_again(db: TestDatabase) {
    let replica = replica(&db.store);
    let load = cut_load(&db, &replica.door, &damaged(), MIDDLE).await;
    let written = db.store.held(load.id).await.unwrap();
    let removed = replica.door.abandon(load.id).await.unwrap().expect("it was open");
    assert_eq!(removed, TakenBack { claims: written.0, aside: 1, freed: 0, over: true });
    nothing_is_left(&db).await;
    assert_eq!(replica.door.abandon(load.id).await.unwrap(), None, "once");
    assert_eq!(replica.door.resume().await.unwrap(), 0);
    let again = deposit(&replica.door, &damaged()).await.unwrap();
    assert!(!again.repeated && again.exchange.id != load.id);
    assert_eq!(closed(&db, again.exchange.id).await.accepted, INVOICES - 1);
    assert_eq!(replica.door.abandon(again.exchange.id).await.unwrap(), None, "what has its receipt stays");
    assert_eq!(verify(&replica.sources, None).await.unwrap().findings, []);
}

/// Cut ever later, the giving up is ended by the same command again, by a gateway, or by a deposit of the same bytes.
async fn a_giving_up_that_is_cut_comes_to_its_end(db: TestDatabase) {
    let replica = replica(&db.store);
    for (way, looks) in [4, 12, 24, 36].into_iter().cycle().take(9).enumerate() {
        let load = cut_load(&db, &replica.door, &good(), 9).await;
        let ended = cut_after(looks, replica.door.abandon(load.id)).await.is_some();
        let marked = db.store.load(load.id).await.unwrap().is_some_and(|load| load.withdrawal.is_some());
        match way % 3 {
            0 if !ended && marked => drop(replica.door.abandon(load.id).await.unwrap()),
            1 if !ended && marked => {
                while db.store.load(load.id).await.unwrap().is_some() {
                    assert_eq!(replica.door.resume().await.unwrap(), 0, "it is not brought to a receipt");
                }
            }
            _ if marked => {
                let receipt = deposit(&replica.door, &good()).await.unwrap();
                assert!(receipt.exchange.id != load.id && receipt.exchange.accepted == INVOICES);
                return;
            }
            _ => drop(replica.door.abandon(load.id).await.unwrap()),
        }
        nothing_is_left(&db).await;
    }
    panic!("no cut left a load that is being given up");
}

fn is_held(outcome: &Result<Receipt, IngestError>, by: ExchangeId) -> bool {
    matches!(outcome, Err(IngestError::Held { exchange }) if *exchange == by)
}

/// How many files an archive holds.
fn archived(dir: &Path) -> usize {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { archived(&path) } else { 1 }).sum()
}

async fn nothing_final_is_said_of_what_an_open_load_holds(db: TestDatabase) {
    let replica = replica(&db.store);
    let load = cut_load(&db, &replica.door, &good(), 3).await;
    let before = archived(replica.dir.path());
    let mut rsp = Vec::new();
    generate::rsp(&good()[..], Forme::Crlf, &RspOptions { rejected: 0, deferred: 0, ..RspOptions::default() }, &mut rsp).unwrap();
    // The same invoice, the same remittance under other bytes, what the caisse says of it.
    for bytes in [&small(), &damaged(), &rsp] {
        let outcome = deposit(&replica.door, bytes).await;
        assert!(is_held(&outcome, load.id), "{outcome:?}");
    }
    assert_eq!((db.number("SELECT count(*) FROM exchanges").await, archived(replica.dir.path())), (1, before), "nothing of them is kept");
    // A dropped one stays where it is.
    let drops = tempfile::tempdir().unwrap();
    let path = drops.path().join("oct-b/petit.b2");
    std::fs::create_dir(drops.path().join("oct-b")).unwrap();
    std::fs::write(&path, small()).unwrap();
    std::fs::File::options().append(true).open(&path).unwrap().set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000)).unwrap();
    let mut drop_dir = DropDir::new(drops.path());
    let mut taken = 0;
    for _ in 0..2 {
        taken += drop_dir.step(&replica.door, &CancellationToken::new()).await;
    }
    assert_eq!((taken, path.exists()), (0, true));
    assert_eq!(replica.door.resume().await.unwrap(), 1);
    // Now it has its receipt, everything is final.
    let again = deposit(&replica.door, &small()).await.unwrap().exchange;
    assert_eq!((again.accepted, again.duplicates), (0, 1));
    assert_eq!(deposit(&replica.door, &damaged()).await.unwrap().exchange.verdict, Verdict::Refused);
    assert!(deposit(&replica.door, &rsp).await.unwrap().exchange.accepted > 0);
    assert_eq!(verify(&replica.sources, None).await.unwrap().findings, []);
}

async fn what_a_given_up_load_held_is_free(db: TestDatabase) {
    let replica = replica(&db.store);
    let load = cut_load(&db, &replica.door, &good(), 3).await;
    assert!(is_held(&deposit(&replica.door, &small()).await, load.id));
    assert!(replica.door.abandon(load.id).await.unwrap().unwrap().over);
    assert_eq!(deposit(&replica.door, &small()).await.unwrap().exchange.accepted, 1);
}

/// Of two loads with common invoices the later one waits, and the earlier one never does; given up, the later one leaves no refusal behind that names it.
async fn the_later_of_two_loads_gives_way(db: TestDatabase) {
    let replica = replica(&db.store);
    let other = made(&Options { sender: "99900000000029".to_owned(), ..options(1) });
    let first = cut_load(&db, &replica.door, &good(), 3).await;
    // The later one is let past the part that the first one holds, as if their order were another one.
    db.execute("UPDATE claims SET identity = 'hidden ' || identity").await.unwrap();
    cut_load(&db, &replica.door, &other, 30).await;
    let second = db.store.loads(10).await.unwrap().pop().unwrap();
    assert!(second.id > first.id);
    // The first one meets the invoices of the second from its next batch on.
    assert_eq!(replica.door.resume().await.unwrap(), 2, "none waits for the other");
    let first = closed(&db, first.id).await;
    assert!(first.duplicates > 0 && first.accepted > 0, "{first:?}");
    let second = closed(&db, second.id).await;
    assert!(second.accepted >= 30, "{second:?}");
    assert_eq!((first.accepted + first.duplicates, second.accepted + second.duplicates), (INVOICES, INVOICES));
}

async fn duplicates_of_a_given_up_load_wait_in_the_quarantine(db: TestDatabase) {
    let replica = replica(&db.store);
    let other = made(&Options { sender: "99900000000029".to_owned(), ..options(1) });
    let later = cut_load(&db, &replica.door, &other, 9).await;
    // A closed exchange that was refused an invoice for a claim of the load, as the earlier one of two loads may be.
    let closed = deposit(&replica.door, &made(&Options { invoices: 2, damage: Some(Damage::NirKey), ..options(7) })).await.unwrap().exchange;
    assert_eq!(closed.quarantined, 1);
    db.execute("UPDATE quarantine SET duplicate_of = (SELECT id FROM claims WHERE ordinal = 2 ORDER BY id LIMIT 1)").await.unwrap();
    assert_eq!(db.store.figures(time::OffsetDateTime::UNIX_EPOCH).await.unwrap().quarantine_waiting, 0);
    assert_eq!(replica.door.abandon(later.id).await.unwrap().unwrap().freed, 1);
    assert_eq!(db.store.figures(time::OffsetDateTime::UNIX_EPOCH).await.unwrap().quarantine_waiting, 1);
    let seen = verify(&replica.sources, None).await.unwrap();
    assert_eq!((seen.findings, seen.notes), (vec![], vec![]));
}

async fn a_load_that_fails_is_left_alone_for_a_while(db: TestDatabase) {
    let replica = replica(&db.store);
    let load = cut_load(&db, &replica.door, &good(), 3).await;
    let (here, away) = (replica.dir.path().join(&load.archive_name), replica.dir.path().join("away"));
    std::fs::rename(&here, &away).unwrap();
    assert_eq!(replica.door.resume().await.unwrap(), 0);
    std::fs::rename(&away, &here).unwrap();
    assert_eq!(replica.door.resume().await.unwrap(), 0, "it rests");
    assert_eq!(replica.again(&db.store).resume().await.unwrap(), 1, "a start forgets");
    closed(&db, load.id).await;
}

async fn two_processes_on_one_database_do_not_load_the_same(db: TestDatabase) {
    let other = db.replica().await;
    let id = ExchangeId(uuid::Uuid::from_u128(7));
    let lease = db.store.try_load_lease(id).await.unwrap().expect("free");
    assert!(other.try_load_lease(id).await.unwrap().is_none());
    assert!(other.try_load_lease(ExchangeId(uuid::Uuid::from_u128(8))).await.unwrap().is_some(), "another load is another right");
    drop(lease);
    while other.try_load_lease(id).await.unwrap().is_none() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // And should the right be lost, the mark lets one of them go on.
    let replica = replica(&db.store);
    let load = cut_load(&db, &replica.door, &good(), 6).await;
    let mut work = other.begin().await.unwrap();
    assert!(!work.advance_load(load.id, load.loaded - 3, load.loaded).await.unwrap());
    assert!(work.advance_load(load.id, load.loaded, load.loaded).await.unwrap());
}

on_both! {
    a_claim_stands_that_this_version_would_put_aside,
    an_invoice_stands_aside_that_this_version_would_take,
    what_is_not_written_yet_is_judged_by_this_version,
    a_file_that_this_version_refuses_loads_nothing,
    books_that_cannot_balance_begin_anew,
    a_load_that_is_given_up_leaves_nothing_and_may_come_again,
    a_giving_up_that_is_cut_comes_to_its_end,
    nothing_final_is_said_of_what_an_open_load_holds,
    what_a_given_up_load_held_is_free,
    the_later_of_two_loads_gives_way,
    duplicates_of_a_given_up_load_wait_in_the_quarantine,
    a_load_that_fails_is_left_alone_for_a_while,
    two_processes_on_one_database_do_not_load_the_same,
}

/// A real deadlock: the server ends the load's change, and only its batch is written again. The archived file is removed meanwhile, so that
/// whoever began again with the file would fail.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_meets_a_deadlock_is_written_again_alone() {
    on_postgres(|db| async move {
        let replica = replica(&db.store);
        let load = cut_load(&db, &replica.door, &good(), 3).await;
        let mut rival = PgConnection::connect(&db.url).await.unwrap();
        // The rival is patient: the server finds the circle from the load's side.
        rival.execute("SET deadlock_timeout = '60s'; BEGIN; LOCK TABLE claim_lines IN SHARE MODE").await.unwrap();
        let resuming = async { replica.door.resume().await.unwrap() };
        let meeting = async {
            // Until the load waits for the table in its batch, with its own mark moved.
            while db.number("SELECT count(*) FROM pg_locks WHERE NOT granted").await == 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            std::fs::remove_file(replica.dir.path().join(&load.archive_name)).unwrap();
            rival.execute("UPDATE exchanges SET file_name = 'rival.b2' WHERE verdict IS NULL; COMMIT").await.unwrap();
        };
        let (resumed, ()) = tokio::join!(resuming, meeting);
        assert_eq!(resumed, 1);
        assert_eq!(closed(&db, load.id).await.accepted, INVOICES);
        assert_eq!(db.number("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()").await, 1, "there was one");
    })
    .await;
}
