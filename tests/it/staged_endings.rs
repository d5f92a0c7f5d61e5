//! Tests of staged deposits that are closed under other controls, abandoned, behind another staged
//! deposit, or in conflict. On both databases, through `Ingest`.
#![allow(
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub,
    reason = "a test stops at the first surprise"
)]

#[path = "staged_endings/abandonment.rs"]
mod abandonment;
#[path = "staged_endings/conflicts.rs"]
mod conflicts;
#[path = "staged_endings/controls.rs"]
mod controls;
use crate::on_both;
use crate::support;
use crate::support::wait::until;

use crate::drop_dir::NO_QUOTA;
use abandonment::*;
use conflicts::*;
use controls::*;
use cut::{cut_after, step};
use noemie_gateway::archive::Archive;
use noemie_gateway::clock::SystemClock;
use noemie_gateway::domain::{Channel, Exchange, ExchangeId, Scope, Severity, Verdict};
use noemie_gateway::generate::{self, Damage, Options, Profile, RspOptions};
use noemie_gateway::ingest::drop_dir::DropDir;
use noemie_gateway::ingest::{Deposit, Ingest, IngestError, Limits, Receipt};
use noemie_gateway::store::{RemovedRows, SharedStore, StagedDeposit};
use noemie_gateway::vault::Vault;
use noemie_gateway::verify::{Sources, verify};
use noemie_parsers::physical::enregistrements::Forme;
use sqlx::{Connection as _, Executor as _, PgConnection};
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use support::cut;
use support::databases::{TestDatabase, on_postgres};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

const INVOICES: u64 = 40;
const BATCH: usize = 3;
/// Ordinal of the invoice that has the fault.
const MIDDLE: i64 = 21;

/// A replica over a directory of its own.
struct Replica {
    ingest: Arc<Ingest>,
    sources: Sources,
    dir: TempDir,
}

fn replica(store: &SharedStore) -> Replica {
    let dir = tempfile::tempdir().unwrap();
    let (ingest, sources) = ingest(store, dir.path());
    Replica { ingest: Arc::new(ingest), sources, dir }
}

fn ingest(store: &SharedStore, dir: &Path) -> (Ingest, Sources) {
    let vault = Arc::new(Vault::from_master_key([9; 32]));
    support::samples::seal(store, &vault);
    let archive = Arc::new(Archive::new(dir, Arc::clone(&vault)));
    let sources = Sources {
        store: Arc::clone(store),
        archive: Arc::clone(&archive),
        vault: Arc::clone(&vault),
        clock: Arc::new(SystemClock),
    };
    let limits = Limits { batch: BATCH, ..Limits::default() };
    (Ingest::new(Arc::clone(store), vault, archive, Arc::new(SystemClock), limits), sources)
}

impl Replica {
    /// Returns the `Ingest` of a gateway that starts again, without backoffs.
    fn again(&self, store: &SharedStore) -> Ingest {
        ingest(store, self.dir.path()).0
    }

    /// Replaces the archived file of a staged deposit, as if this version read the file with other
    /// controls.
    fn reads(&self, staged: &StagedDeposit, bytes: &[u8]) {
        self.sources.archive.remove(&staged.archive_name).unwrap();
        let mut writer = self.sources.archive.create(staged.id.0, staged.received_at).unwrap();
        writer.write_all(bytes).unwrap();
        assert_eq!(writer.finish().unwrap().name, staged.archive_name);
    }

    /// Puts the own file of the deposit back, verifies without findings, and returns the number of
    /// notes.
    async fn notes(&self, staged: &StagedDeposit, own: &[u8]) -> u64 {
        self.reads(staged, own);
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

/// Returns the first invoice of the file in a remittance of another issuer: a deposit in one
/// transaction.
fn small() -> Vec<u8> {
    made(&Options { invoices: 1, sender: "99900000000029".to_owned(), ..options(1) })
}

async fn deposit(ingest: &Ingest, bytes: &[u8]) -> Result<Receipt, IngestError> {
    let deposit = Deposit {
        sender: "oct-a".parse().unwrap(),
        channel: Channel::Cli,
        file_name: "grand.b2".into(),
        idempotency_key: None,
    };
    let mut incoming = ingest.open(deposit)?;
    incoming.write(bytes)?;
    ingest.accept(incoming).await
}

/// Returns a staged deposit of these bytes, cut when its invoices up to an ordinal are written. The
/// store is read after each step, so that the speed of the machine does not count.
async fn cut_deposit(db: &TestDatabase, ingest: &Ingest, bytes: &[u8], rank: i64) -> StagedDeposit {
    let mut work = Box::pin(deposit(ingest, bytes));
    while db.number("SELECT COALESCE(max(last_written_invoice), 0) FROM exchanges").await < rank {
        assert!(step(&mut work).await.is_none(), "the deposit was closed first");
    }
    drop(work);
    free(db).await;
    db.store.staged_deposits(10).await.unwrap().remove(0)
}

/// Waits until no process holds the lease of a staged deposit: a lease ends with its connection, a
/// little after its holder.
async fn free(db: &TestDatabase) {
    let held = if db.is_postgres() {
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    } else {
        "SELECT 0"
    };
    until("every lease is free", || async { db.number(held).await == 0 }).await;
}

/// Returns the exchange of a resumed deposit, after asserting that its ledger balances.
async fn closed(db: &TestDatabase, id: ExchangeId) -> Exchange {
    let exchange =
        db.store.exchange(&Scope::everything(), id).await.unwrap().expect("it has its receipt");
    assert!(db.store.ledger(&Scope::everything(), id).await.unwrap().unwrap().balances());
    assert_eq!(
        db.store.count_invoices(id).await.unwrap(),
        (exchange.accepted, exchange.quarantined + exchange.duplicates)
    );
    exchange
}

fn is_blocked(outcome: &Result<Receipt, IngestError>, by: ExchangeId) -> bool {
    matches!(outcome, Err(IngestError::BlockedBy { exchange }) if *exchange == by)
}

on_both! {
    a_claim_stays_that_this_version_would_quarantine,
    an_invoice_stays_quarantined_that_this_version_would_accept,
    invoices_not_written_yet_are_judged_by_this_version,
    a_file_that_this_version_refuses_has_no_claims,
    a_ledger_that_cannot_balance_is_written_anew,
    an_abandoned_deposit_leaves_no_row_and_may_be_deposited_again,
    an_abandonment_that_is_cut_is_finished,
    no_final_answer_depends_on_a_staged_deposit,
    invoices_of_an_abandoned_deposit_are_free,
    the_later_of_two_staged_deposits_waits,
    duplicates_of_an_abandoned_deposit_wait_in_the_quarantine,
    a_staged_deposit_that_fails_has_a_backoff,
    two_processes_do_not_write_the_same_deposit,
}
