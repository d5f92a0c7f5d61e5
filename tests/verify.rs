//! `verify` finds nothing in a gateway that is whole, and every kind of damage in one that is not. On both databases.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub, reason = "a test stops at the first surprise")]

mod support;

use noemie_gateway::archive::Archive;
use noemie_gateway::clock::SystemClock;
use noemie_gateway::domain::{Channel, Exchange};
use noemie_gateway::generate::{self, Damage, Options, Profile, RspOptions};
use noemie_gateway::ingest::{Deposit, Ingest, Limits};
use noemie_gateway::vault::Vault;
use noemie_gateway::verify::{Kind, Sources, Verification, verify};
use noemie_parsers::physical::enregistrements::Forme;
use std::path::PathBuf;
use std::sync::Arc;
use support::databases::TestDatabase;
use tempfile::TempDir;
use time::Duration;

/// A gateway with a file of each kind: a load, duplicates, invoices put aside, a refused file, a return.
struct Filled {
    sources: Sources,
    dir: TempDir,
    load: Exchange,
    duplicates: Exchange,
}

fn options(seed: u64) -> Options {
    Options { profile: Profile::Pharmacie, invoices: 20, seed, ..Options::default() }
}

fn made(options: &Options) -> Vec<u8> {
    let mut bytes = Vec::new();
    generate::dre(options, &mut bytes).unwrap();
    bytes
}

impl Filled {
    async fn new(db: &TestDatabase) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let vault = Arc::new(Vault::from_master_key([9; 32]));
        let archive = Arc::new(Archive::new(dir.path(), Arc::clone(&vault)));
        let sources = Sources { store: Arc::clone(&db.store), archive, vault, clock: Arc::new(SystemClock) };
        let limits = Limits { batch: 6, ..Limits::default() };
        let door = Ingest::new(Arc::clone(&db.store), Arc::clone(&sources.vault), Arc::clone(&sources.archive), Arc::clone(&sources.clock), limits);
        let dre = made(&options(1));
        let load = deposit(&door, &dre).await;
        let duplicates = deposit(&door, &made(&Options { sender: "99900000000029".to_owned(), ..options(1) })).await;
        assert_eq!((duplicates.accepted, duplicates.duplicates), (0, 20));
        let aside = deposit(&door, &made(&Options { damage: Some(Damage::NirKey), ..options(2) })).await;
        assert!(aside.quarantined > 0 && aside.accepted > 0, "{aside:?}");
        deposit(&door, &dre[..1000]).await;
        let mut rsp = Vec::new();
        generate::rsp(&dre[..], Forme::Crlf, &RspOptions::default(), &mut rsp).unwrap();
        assert!(deposit(&door, &rsp).await.accepted > 0);
        Self { sources, dir, load, duplicates }
    }

    async fn verify(&self) -> Verification {
        verify(&self.sources, None).await.unwrap()
    }

    fn archived(&self, exchange: &Exchange) -> PathBuf {
        self.dir.path().join(&exchange.archive_name)
    }
}

async fn deposit(door: &Ingest, bytes: &[u8]) -> Exchange {
    let deposit = Deposit { sender: "oct-a".into(), channel: Channel::Cli, file_name: "f.b2".into(), idempotency_key: String::new() };
    let mut incoming = door.open(deposit).unwrap();
    incoming.write(bytes).unwrap();
    door.accept(incoming).await.unwrap().exchange
}

fn kinds(seen: &Verification) -> Vec<Kind> {
    let mut kinds: Vec<Kind> = seen.findings.iter().map(|f| f.code).collect();
    kinds.dedup();
    kinds
}

async fn a_whole_gateway_is_clean(db: TestDatabase) {
    let filled = Filled::new(&db).await;
    let seen = filled.verify().await;
    assert_eq!(seen.findings, []);
    assert_eq!((seen.receipts, seen.files, seen.invoices), (5, 5, 60));
    let later = filled.load.received_at + Duration::hours(1);
    let none = verify(&filled.sources, Some(later)).await.unwrap();
    assert_eq!((none.is_clean(), none.receipts, none.files), (true, 5, 0));
}

/// Statements that damage the database, and what must be found. Each on a fresh gateway would take minutes: the damages are of different exchanges or add
/// up, and the list of kinds only grows.
async fn every_damage_of_the_database_is_found(db: TestDatabase) {
    let filled = Filled::new(&db).await;
    let damages: [(&'static str, Kind); 7] = [
        ("UPDATE claims SET total = total + 100 WHERE ordinal = 3", Kind::ClaimDiffers),
        ("DELETE FROM claim_lines WHERE claim_id = (SELECT id FROM claims WHERE ordinal = 5 ORDER BY id LIMIT 1)", Kind::ClaimDiffers),
        ("DELETE FROM outbox WHERE claim_id = (SELECT id FROM claims WHERE ordinal = 4 ORDER BY id LIMIT 1) AND sequence = 1", Kind::EventsMissing),
        ("DELETE FROM claims WHERE ordinal = 2", Kind::InvoiceLost),
        ("DELETE FROM quarantine WHERE duplicate_of IS NOT NULL AND ordinal = 7", Kind::InvoiceLost),
        ("UPDATE exchanges SET accepted = accepted + 1 WHERE norm = 'noemie'", Kind::ReceiptAltered),
        ("DELETE FROM ledgers WHERE read_records = envelope", Kind::LedgerDiffers),
    ];
    for (damage, expected) in damages {
        let before = filled.verify().await;
        assert!(db.execute(damage).await.unwrap() > 0, "{damage}");
        let seen = filled.verify().await;
        assert!(seen.finding_count > before.finding_count, "{damage}: {:?}", seen.findings);
        assert!(kinds(&seen).contains(&expected), "{damage}: {:?}", seen.findings);
    }
}

async fn a_receipt_that_is_removed_breaks_the_chain(db: TestDatabase) {
    let filled = Filled::new(&db).await;
    // The last one, with its link, as if it had never been: only the end of the chain tells.
    db.execute("DELETE FROM receipt_chain WHERE sequence = 5").await.unwrap();
    assert_eq!(kinds(&filled.verify().await), [Kind::ChainCut, Kind::ReceiptNotChained]);
    // And the end put back to where the chain ends now: the exchange itself tells.
    db.execute("UPDATE receipt_chain_tip SET sequence = 4, link = (SELECT link FROM receipt_chain WHERE sequence = 4)").await.unwrap();
    assert_eq!(kinds(&filled.verify().await), [Kind::ReceiptNotChained]);
    // One in the middle: the next one no longer follows.
    db.execute("DELETE FROM receipt_chain WHERE sequence = 2").await.unwrap();
    assert!(kinds(&filled.verify().await).contains(&Kind::ReceiptAltered));
}

async fn every_damage_of_the_archive_is_found(db: TestDatabase) {
    let filled = Filled::new(&db).await;
    std::fs::remove_file(filled.archived(&filled.load)).unwrap();
    assert_eq!(kinds(&filled.verify().await), [Kind::ArchiveUnreadable]);
    let path = filled.archived(&filled.duplicates);
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let seen = filled.verify().await;
    assert_eq!((kinds(&seen), seen.finding_count), (vec![Kind::ArchiveUnreadable], 2));
}

on_both! {
    a_whole_gateway_is_clean,
    every_damage_of_the_database_is_found,
    a_receipt_that_is_removed_breaks_the_chain,
    every_damage_of_the_archive_is_found,
}
