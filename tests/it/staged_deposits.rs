//! Tests of staged deposits: committed batch by batch, shown only with their receipt, resumed
//! wherever they were cut. On both databases, through `Ingest`.
#![allow(
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub,
    reason = "a test stops at the first surprise"
)]

use crate::on_both;
use crate::support;
use noemie_gateway::domain::Scope;

use cut::{cut_after, step};
use noemie_gateway::app::sweep;
use noemie_gateway::archive::Archive;
use noemie_gateway::clock::{Clock as _, SharedClock, SystemClock};
use noemie_gateway::domain::{Channel, ExchangeId, Ledger, Verdict};
use noemie_gateway::generate::{self, Options, Profile};
use noemie_gateway::ingest::{Deposit, Ingest, IngestError, Limits, Receipt};
use noemie_gateway::outgoing::{deliver, rejects};
use noemie_gateway::store::{ClaimFilter, OutboxDepth, SharedStore};
use noemie_gateway::vault::Vault;
use noemie_gateway::verify::{Sources, verify};
use sqlx::{Connection as _, Executor as _, SqliteConnection};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use support::cut;
use support::databases::TestDatabase;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Invoices of the file: many batches of [`BATCH`], the last one not full.
const INVOICES: u64 = 100;
const BATCH: usize = 3;

/// Returns the `Ingest` of a replica over an archive directory.
fn ingest_in(store: &SharedStore, dir: &Path) -> Ingest {
    let vault = Arc::new(Vault::from_master_key([9; 32]));
    support::samples::seal(store, &vault);
    let archive = Arc::new(Archive::new(dir, Arc::clone(&vault)));
    Ingest::new(
        Arc::clone(store),
        vault,
        archive,
        Arc::new(SystemClock),
        Limits { batch: BATCH, ..Limits::default() },
    )
}

fn options(seed: u64) -> Options {
    Options { profile: Profile::Pharmacie, invoices: INVOICES, seed, ..Options::default() }
}

fn made(options: &Options) -> Vec<u8> {
    let mut bytes = Vec::new();
    generate::dre(options, &mut bytes).unwrap();
    bytes
}

/// Returns a file of a pharmacy, without faults.
fn file(seed: u64) -> Vec<u8> {
    made(&options(seed))
}

async fn deposit(ingest: &Ingest, bytes: &[u8], key: &str) -> Result<Receipt, IngestError> {
    let deposit = Deposit {
        sender: "oct-a".parse().unwrap(),
        channel: Channel::Cli,
        file_name: "grand.b2".into(),
        idempotency_key: key.try_into().ok(),
    };
    let mut incoming = ingest.open(deposit)?;
    incoming.write(bytes)?;
    ingest.accept(incoming).await
}

async fn shown(store: &SharedStore) -> (usize, usize, OutboxDepth) {
    let claims = store
        .claims(&Scope::everything(), &ClaimFilter::default(), None, 500)
        .await
        .unwrap()
        .items
        .len();
    let exchanges =
        store.exchanges(&Scope::everything(), None, None, 500).await.unwrap().items.len();
    (claims, exchanges, store.outbox_depth().await.unwrap())
}

/// Asserts that the file is stored once and as a whole, and returns its ledger.
async fn is_whole(db: &TestDatabase, id: ExchangeId) -> Ledger {
    let exchange = db.store.exchange(&Scope::everything(), id).await.unwrap().unwrap();
    assert_eq!(
        (exchange.verdict, exchange.invoices, exchange.accepted),
        (Verdict::Accepted, INVOICES, INVOICES)
    );
    assert_eq!(db.store.staged_deposits(10).await.unwrap(), []);
    let all = i64::try_from(INVOICES).unwrap();
    assert_eq!(
        db.number("SELECT count(DISTINCT identity) FROM claims").await,
        all,
        "every invoice"
    );
    assert_eq!(db.number("SELECT count(*) FROM claims").await, all, "once");
    assert_eq!(db.number("SELECT count(DISTINCT ordinal) FROM claims").await, all);
    assert_eq!(
        db.number("SELECT count(*) FROM events WHERE sequence = 1").await,
        all,
        "one event each"
    );
    assert_eq!(db.number("SELECT count(*) FROM returns WHERE kind = 'arl'").await, 1);
    assert_eq!(db.number("SELECT count(*) FROM receipt_chain").await, 1);
    let total: i64 = db.number("SELECT CAST(sum(total) AS BIGINT) FROM claims").await;
    assert_eq!(
        exchange.total.centimes(),
        total,
        "the sums of a resumed deposit are those of its claims"
    );
    let ledger = db.store.ledger(&Scope::everything(), id).await.unwrap().unwrap();
    assert!(ledger.balances());
    ledger
}

async fn a_large_deposit_is_shown_whole(db: TestDatabase) {
    let dir = tempfile::tempdir().unwrap();
    let receipt = deposit(&ingest_in(&db.store, dir.path()), &file(1), "").await.unwrap();
    assert!(!receipt.repeated);
    is_whole(&db, receipt.exchange.id).await;
    let (claims, exchanges, outbox) = shown(&db.store).await;
    assert_eq!((claims as u64, exchanges, outbox.pending), (INVOICES, 1, INVOICES));
    assert_eq!(db.store.unpublished_events(500, &[]).await.unwrap().len() as u64, INVOICES);
}

/// Cuts a deposit as soon as it is staged; the store is read after each step of the deposit.
async fn cut_deposit(db: &TestDatabase, ingest: &Ingest, key: &str) -> ExchangeId {
    let bytes = file(1);
    let mut work = Box::pin(deposit(ingest, &bytes, key));
    loop {
        if let Some(staged) = db.store.staged_deposits(10).await.unwrap().first() {
            return staged.id;
        }
        assert!(step(&mut work).await.is_none(), "the deposit was closed first");
    }
}

/// Cuts the deposit ever later, as a kill does, until it is closed.
async fn a_deposit_that_is_cut_shows_no_row_and_is_resumed(db: TestDatabase) {
    let (dir, bytes) = (tempfile::tempdir().unwrap(), file(1));
    let ingest = ingest_in(&db.store, dir.path());
    cut_deposit(&db, &ingest, "key").await;
    let (mut cuts, mut partly) = (1u32, 0);
    let receipt = loop {
        let Some(staged) = db.store.staged_deposits(10).await.unwrap().pop() else {
            // The cut fell between the commit and the answer: the sender deposits the file again.
            break deposit(&ingest, &bytes, "key").await.unwrap();
        };
        partly += u32::from(db.number("SELECT count(*) FROM claims").await > 0);
        assert_eq!(
            shown(&db.store).await,
            (0, 0, OutboxDepth::default()),
            "no row of a staged deposit is shown"
        );
        assert!(db.store.unpublished_events(10, &[]).await.unwrap().is_empty());
        assert_eq!(db.store.exchange(&Scope::everything(), staged.id).await.unwrap(), None);
        assert_eq!(
            db.store.figures(time::OffsetDateTime::UNIX_EPOCH).await.unwrap().staged_deposits,
            1
        );
        cuts += 1;
        if let Some(receipt) = cut_after(8 * cuts, deposit(&ingest, &bytes, "key")).await {
            break receipt.unwrap();
        }
    };
    is_whole(&db, receipt.exchange.id).await;
    assert!(partly > 2, "only {partly} of {cuts} cuts left a part of the file behind");
    assert!(
        deposit(&ingest, &bytes, "").await.unwrap().repeated,
        "and then it is a file like any other"
    );
}

async fn a_gateway_that_starts_resumes_the_deposit_that_was_cut(db: TestDatabase) {
    let dir = tempfile::tempdir().unwrap();
    let id = cut_deposit(&db, &ingest_in(&db.store, dir.path()), "").await;
    // The lease of the deposit that was cut ends with its connection.
    let resumed = async { while ingest_in(&db.store, dir.path()).resume().await.unwrap() == 0 {} };
    timeout(Duration::from_secs(30), resumed).await.expect("it is taken up");
    is_whole(&db, id).await;
    assert_eq!(
        db.store.exchange(&Scope::everything(), id).await.unwrap().unwrap().file_name,
        "grand.b2"
    );
    assert_eq!(
        ingest_in(&db.store, dir.path()).resume().await.unwrap(),
        0,
        "nothing is left to do"
    );
}

async fn two_replicas_with_the_same_large_file_write_it_once(db: TestDatabase) {
    // Two archives: the replicas share no disk.
    let (dirs, bytes) = ([tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()], file(1));
    let stores = [
        Arc::clone(&db.store),
        if db.is_postgres() { db.replica().await } else { Arc::clone(&db.store) },
    ];
    let replicas: Vec<Ingest> =
        stores.iter().zip(&dirs).map(|(store, dir)| ingest_in(store, dir.path())).collect();
    let (a, b) = tokio::join!(deposit(&replicas[0], &bytes, ""), deposit(&replicas[1], &bytes, ""));
    let (a, b) = (a.unwrap(), b.unwrap());
    assert_eq!(a.exchange.id, b.exchange.id);
    assert_eq!(a.arl_body, b.arl_body);
    assert!(a.repeated != b.repeated, "one of them deposited it");
    is_whole(&db, a.exchange.id).await;
}

/// Returns the number of files in an archive.
fn archived(dir: &Path) -> usize {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { archived(&path) } else { 1 }).sum()
}

/// Gives a file an age at which the sweep looks at it.
fn age(file: &Path) {
    let before = SystemTime::from(SystemClock.now() - time::Duration::days(3));
    std::fs::File::options().append(true).open(file).unwrap().set_modified(before).unwrap();
}

/// A staged deposit whose copy is on a lost disk goes on with the copy of the deposit that resumes
/// it, and the exchange names that copy.
async fn a_copy_that_a_resumed_deposit_took_over_is_no_orphan(db: TestDatabase) {
    let (lost, here) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let id = cut_deposit(&db, &ingest_in(&db.store, lost.path()), "").await;
    let other = ingest_in(&db.store, here.path());
    let receipt = timeout(Duration::from_secs(30), deposit(&other, &file(1), ""))
        .await
        .expect("it is taken up")
        .unwrap();
    assert_eq!(receipt.exchange.id, id);
    is_whole(&db, id).await;
    let name = &receipt.exchange.archive_name;
    assert!(
        !name.contains(&id.to_string()),
        "{name} is not the copy of the deposit that took it up"
    );
    let copy = here.path().join(name);
    let stray = copy.with_file_name(format!("{}.enc", SystemClock.new_id()));
    std::fs::copy(&copy, &stray).unwrap();
    [&copy, &stray].into_iter().for_each(|file| age(file));
    let vault = Arc::new(Vault::from_master_key([9; 32]));
    let archive = Arc::new(Archive::new(here.path(), Arc::clone(&vault)));
    let swept =
        sweep::archive(Arc::clone(&archive), Arc::clone(&db.store), CancellationToken::new())
            .await
            .unwrap();
    assert_eq!((swept.removed.len(), swept.orphans.len()), (0, 1), "{swept:?}");
    assert!(stray.ends_with(&swept.orphans[0]), "{swept:?}");
    let sources =
        Sources { store: Arc::clone(&db.store), archive, vault, clock: Arc::new(SystemClock) };
    let seen = verify(&sources, None).await.unwrap();
    assert_eq!((seen.findings, seen.notes, seen.invoices), (vec![], vec![], INVOICES));
}

async fn the_key_of_a_staged_deposit_is_taken(db: TestDatabase) {
    let dir = tempfile::tempdir().unwrap();
    let ingest = ingest_in(&db.store, dir.path());
    cut_deposit(&db, &ingest, "key").await;
    let before = archived(dir.path());
    assert!(matches!(deposit(&ingest, &file(2), "key").await, Err(IngestError::KeyReused)));
    assert_eq!(archived(dir.path()), before, "a deposit that failed for good leaves no copy");
}

async fn large_files_with_common_invoices_share_them_out(db: TestDatabase) {
    let dir = tempfile::tempdir().unwrap();
    let ingest = ingest_in(&db.store, dir.path());
    // The same invoices in a remittance of another issuer.
    let (first, second) =
        (file(1), made(&Options { sender: "99900000000029".to_owned(), ..options(1) }));
    assert_ne!(first, second);
    let (a, b) = tokio::join!(deposit(&ingest, &first, ""), deposit(&ingest, &second, ""));
    let (a, b) = (a.unwrap().exchange, b.unwrap().exchange);
    assert_eq!(
        (a.accepted + b.accepted, a.duplicates + b.duplicates),
        (INVOICES, INVOICES),
        "{a:?} {b:?}"
    );
    for exchange in [a, b] {
        assert!(
            db.store.ledger(&Scope::everything(), exchange.id).await.unwrap().unwrap().balances()
        );
    }
    assert_eq!(db.number("SELECT max(sequence) FROM receipt_chain").await, 2);
}

/// The jobs of an idle gateway look with reads. A job that opened a write transaction would wait for
/// the writer of SQLite, and fail on connections of PostgreSQL that only read.
async fn jobs_of_an_idle_gateway_open_no_write_transaction(db: TestDatabase) {
    let (dir, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (vault, clock): (_, SharedClock) =
        (Arc::new(Vault::from_master_key([9; 32])), Arc::new(SystemClock));
    deposit(&ingest_in(&db.store, dir.path()), &file(1), "").await.unwrap();
    assert_eq!(deliver::step(&db.store, &vault, &clock, out.path()).await.unwrap(), 1, "the ARL");
    let (store, _writer) = if db.is_postgres() {
        db.execute(
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = \
             on', \
             current_database()); END $$",
        )
        .await
        .unwrap();
        (db.replica().await, None)
    } else {
        let mut writer = SqliteConnection::connect(&db.url).await.unwrap();
        writer.execute("BEGIN IMMEDIATE").await.unwrap();
        (Arc::clone(&db.store), Some(writer))
    };
    assert_eq!(rejects::step(&store, &vault, &clock).await.unwrap(), 0);
    assert_eq!(deliver::step(&store, &vault, &clock, out.path()).await.unwrap(), 0);
    assert_eq!(ingest_in(&store, dir.path()).resume().await.unwrap(), 0);
}

on_both! {
    jobs_of_an_idle_gateway_open_no_write_transaction,
    a_large_deposit_is_shown_whole,
    a_deposit_that_is_cut_shows_no_row_and_is_resumed,
    a_gateway_that_starts_resumes_the_deposit_that_was_cut,
    two_replicas_with_the_same_large_file_write_it_once,
    a_copy_that_a_resumed_deposit_took_over_is_no_orphan,
    the_key_of_a_staged_deposit_is_taken,
    large_files_with_common_invoices_share_them_out,
}
