//! `verify` has no finding in an undamaged gateway, and finds every kind of damage. On both
//! databases.
#![allow(
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub,
    reason = "a test stops at the first surprise"
)]

mod mutations;
mod other_key;
mod restored;
mod upgrade;
mod world;

use crate::on_both;
use crate::support;

use noemie_gateway::app::App;
use noemie_gateway::archive::Archive;
use noemie_gateway::arl;
use noemie_gateway::clock::SystemClock;
use noemie_gateway::config::Config;
use noemie_gateway::domain::{
    Channel, ClaimEvent, EventId, Exchange, ExchangeId, KeyId, Lane, Ledger, Quarantined, Verdict,
    receipt,
};
use noemie_gateway::generate::{self, Damage, Options, Profile, RspOptions};
use noemie_gateway::ingest::{Deposit, Ingest, Limits};
use noemie_gateway::normalise::{DepositContext, Origin, UnjudgedInvoice, read_unjudged};
use noemie_gateway::store::{Closing, NewLink};
use noemie_gateway::vault::Vault;
use noemie_gateway::verify::{Kind, Sources, Verification, verify};
use noemie_parsers::detect::Norme;
use noemie_parsers::physical::enregistrements::Forme;
use noemie_parsers::types::Montant;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use support::databases::TestDatabase;
use tempfile::TempDir;
use time::Duration;
use upgrade::*;

/// A gateway with a file of each kind: a staged deposit, duplicates, quarantined invoices, a refused
/// file, a return.
struct Filled {
    sources: Sources,
    dir: TempDir,
    staged: Exchange,
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

fn sources_in(dir: &TempDir, db: &TestDatabase) -> Sources {
    let vault = Arc::new(Vault::from_master_key([9; 32]));
    let archive = Arc::new(Archive::new(dir.path(), Arc::clone(&vault)));
    support::samples::seal(&db.store, &vault);
    Sources { store: Arc::clone(&db.store), archive, vault, clock: Arc::new(SystemClock) }
}

impl Filled {
    async fn new(db: &TestDatabase) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let sources = sources_in(&dir, db);
        let limits = Limits { batch: 6, ..Limits::default() };
        let ingest = Ingest::new(
            Arc::clone(&db.store),
            Arc::clone(&sources.vault),
            Arc::clone(&sources.archive),
            Arc::clone(&sources.clock),
            limits,
        );
        let dre = made(&options(1));
        let staged = deposit(&ingest, &dre).await;
        let duplicates =
            deposit(&ingest, &made(&Options { sender: "99900000000029".to_owned(), ..options(1) }))
                .await;
        assert_eq!((duplicates.accepted, duplicates.duplicates), (0, 20));
        let aside =
            deposit(&ingest, &made(&Options { damage: Some(Damage::NirKey), ..options(2) })).await;
        assert!(aside.quarantined > 0 && aside.accepted > 0, "{aside:?}");
        deposit(&ingest, &dre[..1000]).await;
        let mut rsp = Vec::new();
        generate::rsp(&dre[..], Forme::Crlf, &RspOptions::default(), &mut rsp).unwrap();
        assert!(deposit(&ingest, &rsp).await.accepted > 0);
        Self { sources, dir, staged, duplicates }
    }

    async fn verify(&self) -> Verification {
        verify(&self.sources, None).await.unwrap()
    }

    fn archived(&self, exchange: &Exchange) -> PathBuf {
        self.dir.path().join(&exchange.archive_name)
    }
}

async fn deposit(ingest: &Ingest, bytes: &[u8]) -> Exchange {
    deposit_of("oct-a", ingest, bytes).await
}

async fn deposit_of(sender: &str, ingest: &Ingest, bytes: &[u8]) -> Exchange {
    let deposit = Deposit {
        sender: sender.parse().unwrap(),
        channel: Channel::Cli,
        file_name: "f.b2".into(),
        idempotency_key: None,
    };
    let mut incoming = ingest.open(deposit).unwrap();
    incoming.write(bytes).unwrap();
    ingest.accept(incoming).await.unwrap().exchange
}

fn kinds(seen: &Verification) -> Vec<Kind> {
    let mut kinds: Vec<Kind> = seen.findings.iter().map(|f| f.code).collect();
    kinds.dedup();
    kinds
}

async fn a_whole_gateway_is_clean(db: TestDatabase) {
    let filled = Filled::new(&db).await;
    let seen = filled.verify().await;
    assert_eq!((seen.findings, seen.notes), (vec![], vec![]));
    assert_eq!((seen.receipts, seen.files, seen.invoices), (5, 5, 60));
    let later = filled.staged.received_at + Duration::hours(1);
    let none = verify(&filled.sources, Some(later)).await.unwrap();
    assert_eq!((none.is_clean(), none.receipts, none.files), (true, 5, 0));
}

/// Statements that damage the database, with the kind that `verify` must find. The statements share
/// one gateway, because a fresh one for each would take minutes: they damage different exchanges or
/// add up, and the list of kinds only grows.
async fn every_damage_of_the_database_is_found(db: TestDatabase) {
    let filled = Filled::new(&db).await;
    let damages: [(&'static str, Kind); 16] = [
        (
            "UPDATE exchanges SET accepted = accepted + 1 WHERE norm = 'noemie'",
            Kind::ReceiptAltered,
        ),
        (
            "UPDATE exchanges SET verdict = 'accepted' WHERE quarantined > 0 AND norm = 'b2'",
            Kind::ExchangeDiffers,
        ),
        (
            "UPDATE exchanges SET amo = amo + 1 WHERE norm = 'b2' AND verdict = 'accepted' AND \
             quarantined = 0",
            Kind::ExchangeDiffers,
        ),
        (
            "UPDATE exchanges SET amc = amc - 1 WHERE norm = 'b2' AND duplicates > 0",
            Kind::ExchangeDiffers,
        ),
        ("UPDATE exchanges SET total = total + 1 WHERE norm = 'noemie'", Kind::ExchangeDiffers),
        ("UPDATE exchanges SET total = total + 1 WHERE verdict = 'refused'", Kind::ExchangeDiffers),
        (
            "UPDATE exchanges SET quarantined = duplicates, duplicates = quarantined WHERE \
             duplicates = 20",
            Kind::ExchangeDiffers,
        ),
        (
            "UPDATE claim_parts SET asked = asked + 1 WHERE kind = 'amo' AND claim_id = (SELECT id \
             FROM claims WHERE ordinal = 6 ORDER BY id LIMIT 1)",
            Kind::ClaimDiffers,
        ),
        (
            "UPDATE quarantine SET invoice_number = '000000001' WHERE ordinal = 9",
            Kind::QuarantinedDiffers,
        ),
        (
            "INSERT INTO quarantine SELECT id, 1, '', '', '', '[]', 1, 1, 0, NULL, NULL, \
             received_at FROM exchanges WHERE verdict = 'refused'",
            Kind::ClaimInvented,
        ),
        ("UPDATE claims SET total = total + 100 WHERE ordinal = 3", Kind::ClaimDiffers),
        (
            "DELETE FROM claim_lines WHERE claim_id = (SELECT id FROM claims WHERE ordinal = 5 \
             ORDER BY id LIMIT 1)",
            Kind::ClaimDiffers,
        ),
        (
            "DELETE FROM events WHERE sequence = 1 AND subject_id = \
             (SELECT id FROM claims WHERE ordinal = 4 ORDER BY id LIMIT 1)",
            Kind::EventsMissing,
        ),
        ("DELETE FROM claims WHERE ordinal = 2", Kind::InvoiceLost),
        (
            "DELETE FROM quarantine WHERE duplicate_of IS NOT NULL AND ordinal = 7",
            Kind::InvoiceLost,
        ),
        ("DELETE FROM ledgers WHERE read_records = envelope", Kind::LedgerDiffers),
    ];
    for (damage, expected) in damages {
        let before = filled.verify().await;
        assert!(db.execute(damage).await.unwrap() > 0, "{damage}");
        let seen = filled.verify().await;
        let count = |seen: &Verification| {
            seen.findings.iter().filter(|finding| finding.code == expected).count()
        };
        assert!(count(&seen) > count(&before), "{damage}: {:?}", seen.findings);
        let is_debug = |text: &str| text.contains(['{', '[']) || text.contains("Montant");
        assert!(seen.findings.iter().all(|f| !is_debug(&f.detail)), "{:?}", seen.findings);
    }
}

async fn a_receipt_that_is_removed_breaks_the_chain(db: TestDatabase) {
    let filled = Filled::new(&db).await;
    // The last receipt with its link is removed: only the end of the chain differs.
    db.execute("DELETE FROM receipt_chain WHERE sequence = 5").await.unwrap();
    assert_eq!(kinds(&filled.verify().await), [Kind::ChainCut, Kind::ReceiptNotChained]);
    // The end is moved back as well: the exchange has no link.
    db.execute(
        "UPDATE receipt_chain_tip SET sequence = 4, link = (SELECT link FROM receipt_chain \
        WHERE sequence = 4)",
    )
    .await
    .unwrap();
    assert_eq!(kinds(&filled.verify().await), [Kind::ReceiptNotChained]);
    // A link beyond the end counts as none.
    db.execute(
        "INSERT INTO receipt_chain SELECT 1000, id, 'x', 'k', 0 FROM exchanges WHERE id NOT IN \
        (SELECT exchange_id FROM receipt_chain)",
    )
    .await
    .unwrap();
    assert_eq!(kinds(&filled.verify().await), [Kind::ReceiptNotChained]);
    // A receipt in the middle is removed: the next link no longer follows.
    db.execute("DELETE FROM receipt_chain WHERE sequence = 2").await.unwrap();
    assert!(kinds(&filled.verify().await).contains(&Kind::ReceiptAltered));
}

async fn every_damage_of_the_archive_is_found(db: TestDatabase) {
    let filled = Filled::new(&db).await;
    std::fs::remove_file(filled.archived(&filled.staged)).unwrap();
    assert_eq!(kinds(&filled.verify().await), [Kind::ArchiveLost]);
    let path = filled.archived(&filled.duplicates);
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let seen = filled.verify().await;
    let both = vec![Kind::ArchiveLost, Kind::ArchiveUnreadable];
    assert_eq!((kinds(&seen), seen.finding_count), (both, 2));
}

/// The store keeps a NUL of the file as `?`; `verify` does not report it as a difference.
async fn bytes_that_a_database_cannot_keep_are_no_difference(db: TestDatabase) {
    let dir = tempfile::tempdir().unwrap();
    let sources = sources_in(&dir, &db);
    for (seed, judges) in [
        (1, takes_all as fn(&UnjudgedInvoice) -> _),
        (2, |invoice: &UnjudgedInvoice| (!invoice.faults.is_empty()).then_some("C6-NON-NUMERIQUE")),
    ] {
        let mut bytes = made(&options(seed));
        // In the number (27-35) of the first invoice, on each of its records. A record has 128
        // bytes and its line end.
        let number = bytes.chunks(130).find(|record| record[0] == b'2').unwrap()[26..35].to_vec();
        for record in bytes
            .chunks_mut(130)
            .filter(|record| (b'2'..=b'5').contains(&record[0]) && record[26..35] == number)
        {
            record[28] = 0;
        }
        Earlier { sources: &sources, refuses: false, judges }.deposit(&bytes).await;
    }
    let kept = "SELECT (SELECT count(*) FROM claims WHERE invoice_number LIKE '__?______') + \
                (SELECT count(*) FROM quarantine WHERE invoice_number LIKE '__?______')";
    assert_eq!(db.number(kept).await, 2, "one claim, one quarantined row");
    let seen = verify(&sources, None).await.unwrap();
    assert_eq!(seen.findings, []);
    assert!(
        seen.notes.iter().all(|note| note.detail.contains("C6-NON-NUMERIQUE")),
        "{:?}",
        seen.notes
    );
}

/// A start under a wrong vault key is refused while any sealed value is left.
async fn a_wrong_key_is_refused_whatever_is_sealed(db: TestDatabase) {
    let filled = Filled::new(&db).await;
    let data = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(
        filled.dir.path(),
        Config { data_dir: data.path().into(), ..Config::default() }.archive_dir(),
    )
    .unwrap();
    let config = |key: &str| Config {
        data_dir: data.path().into(),
        database_url: Some(db.url.clone()),
        vault_key: Some(key.repeat(32)),
        ..Config::default()
    };
    for less in [
        "SELECT 1",
        "UPDATE returns SET sealed = '\\x00'",
        "DELETE FROM returns",
        "UPDATE claims SET vault = '\\x00'",
    ] {
        db.execute(less).await.unwrap_or_else(|_| panic!("{less}"));
        let refused = App::open(config("ab"), Arc::new(SystemClock))
            .await
            .err()
            .unwrap_or_else(|| panic!("opened after {less}"))
            .to_string();
        assert!(refused.contains("vault key"), "{less}: {refused}");
        App::open(config("09"), Arc::new(SystemClock))
            .await
            .unwrap_or_else(|e| panic!("{less}: {e:#}"));
    }
}

on_both! {
    a_whole_gateway_is_clean,
    every_damage_of_the_database_is_found,
    a_receipt_that_is_removed_breaks_the_chain,
    every_damage_of_the_archive_is_found,
    other_controls_are_noted_and_nothing_altered_passes,
    bytes_that_a_database_cannot_keep_are_no_difference,
    a_wrong_key_is_refused_whatever_is_sealed,
}
