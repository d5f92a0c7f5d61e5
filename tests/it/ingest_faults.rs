//! Tests of deposits while a directory, the database or a file is broken or repeated: real files
//! through `Ingest`, over SQLite.

use crate::ingest_support;
use crate::support;

use crate::drop_dir::NO_QUOTA;
use ingest_support::{Gateway, dre, files_in, options, rejecting, rsp};
use noemie_gateway::app::App;
use noemie_gateway::clock::SystemClock;
use noemie_gateway::domain::Scope;
use noemie_gateway::domain::{Caller, Channel, PartKind, PartState, Reason, Verdict};
use noemie_gateway::generate::Damage;
use noemie_gateway::ingest::Deposit;
use noemie_gateway::ingest::drop_dir::DropDir;
use noemie_gateway::service::decisions::{Decision, DecisionKind, decide};
use noemie_gateway::store::ClaimFilter;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use support::samples::under_another_name;
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn a_recipient_that_cannot_be_written_does_not_hold_up_the_others() {
    let gateway = Gateway::open().await;
    gateway.deposit("oct-a", &dre(&options(1))).await;
    gateway.deposit("oct-b", &dre(&options(2))).await;
    let out = gateway.app.config.out_dir();
    std::fs::create_dir_all(&out).expect("a directory");
    std::fs::write(out.join("oct-a"), b"not a directory").expect("a file");
    gateway.app.write_returns().await.expect_err("oct-a cannot be served");
    assert_eq!(files_in(&out.join("oct-b")).len(), 1, "oct-b has its ARL");
    std::fs::remove_file(out.join("oct-a")).expect("repaired");
    gateway.app.write_returns().await.expect("everybody is served");
    assert_eq!(files_in(&out.join("oct-a")).len(), 1);
    assert_eq!(files_in(&out.join("oct-b")).len(), 1, "once only");
}

#[tokio::test]
async fn a_deposit_that_the_database_refuses_leaves_no_copy() {
    let gateway = Gateway::open().await;
    gateway.deposit("oct-a", &dre(&options(1))).await;
    gateway.run("ALTER TABLE exchanges RENAME TO away").await;
    let deposit = Deposit {
        sender: "oct-a".parse().unwrap(),
        channel: Channel::Cli,
        file_name: "".into(),
        idempotency_key: None,
    };
    for _ in 0..3 {
        let mut incoming = gateway.app.ingest.open(deposit.clone()).expect("the archive opens");
        incoming.write(&dre(&options(2))).expect("archived");
        gateway.app.ingest.accept(incoming).await.expect_err("the database is broken");
    }
    gateway.run("ALTER TABLE away RENAME TO exchanges").await;
    let days = walk(&gateway.app.config.archive_dir());
    assert_eq!(days.len(), 1, "{days:?}");
    assert!(!gateway.deposit("oct-a", &dre(&options(2))).await.repeated);
}

fn walk(dir: &Path) -> Vec<PathBuf> {
    let entries =
        std::fs::read_dir(dir).expect("a directory").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

#[tokio::test]
async fn a_reject_that_cannot_be_told_waits_alone() {
    let gateway = Gateway::open().await;
    gateway.deposit("oct-a", &dre(&options(1))).await;
    let claims = gateway
        .app
        .store
        .claims(&Scope::everything(), &ClaimFilter::default(), None, 100)
        .await
        .expect("claims")
        .items;
    let claims: Vec<_> =
        claims.into_iter().filter(|c| c.amc.state == PartState::Received).collect();
    assert!(claims.len() >= 2, "{} claims", claims.len());
    for claim in &claims[..2] {
        let reasons = vec![Reason::of_invoice("AAA00000é".into(), "Motif".into())];
        let (kind, idempotency_key, decided_by) =
            (DecisionKind::Reject { reasons }, None, Some("test".into()));
        let decision = Decision {
            claim_id: claim.id,
            part: PartKind::Amc,
            kind,
            expected_version: None,
            idempotency_key,
            decided_by,
        };
        decide(gateway.app.store.as_ref(), gateway.app.clock.as_ref(), &Caller::local(), &decision)
            .await
            .expect("recorded");
    }
    gateway.damage_person(claims[0].id).await;
    gateway.app.write_returns().await.expect_err("one reject cannot be told");
    let written = files_in(&gateway.app.config.out_dir().join("oct-a"));
    assert!(written.iter().any(|f| f.starts_with("580_")), "the other reject is told: {written:?}");
    assert!(written.iter().any(|f| f.starts_with("ARL_")), "and the ARL delivered: {written:?}");
}

#[tokio::test]
async fn a_file_dropped_again_gets_its_first_arl_again() {
    let gateway = Gateway::open().await;
    let (root, out) = (gateway.app.config.drop_dir(), gateway.app.config.out_dir());
    let path = root.join("oct-a/dre.b2");
    std::fs::create_dir_all(root.join("oct-a")).expect("a directory");
    let mut drop_dir = DropDir::new(&root, Some(out.clone()), "test".to_owned(), NO_QUOTA);
    let mut answers = Vec::new();
    for _ in 0..2 {
        std::fs::write(&path, dre(&options(1))).expect("a file");
        let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        std::fs::File::options()
            .append(true)
            .open(&path)
            .expect("the file")
            .set_modified(old)
            .expect("a time");
        let mut taken = 0;
        for _ in 0..60 {
            if taken == 0 {
                taken += drop_dir.step(&gateway.app.ingest, &CancellationToken::new()).await;
            }
        }
        assert_eq!((taken, path.exists()), (1, false));
        gateway.app.write_returns().await.expect("delivered");
        let files = files_in(&out.join("oct-a"));
        assert_eq!(files.len(), 1, "{files:?}");
        let arl = out.join("oct-a").join(&files[0]);
        answers.push((files[0].clone(), std::fs::read(&arl).expect("an ARL")));
        std::fs::remove_file(&arl).expect("fetched by the concentrator");
    }
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test]
async fn a_quarantined_return_is_kept_and_reported() {
    let gateway = Gateway::open().await;
    let file = dre(&options(1));
    gateway.deposit("oct-a", &file).await;
    let mut answer = rsp(&file);
    let first = answer.windows(5).position(|w| w == b"19899").expect("an entity 198");
    answer[first + 13] = b'Z'; // A state that the norm does not know.
    let receipt = gateway.deposit("cpam-a", &answer).await;
    assert_eq!((receipt.exchange.verdict, receipt.exchange.quarantined), (Verdict::Partial, 1));
    let kept = gateway
        .number(
            "SELECT count(*) FROM unmatched_returns WHERE summary LIKE 'Retour \
        mis de c%' AND invoice_number <> ''",
        )
        .await;
    assert_eq!(kept, 1);
    let arl = String::from_utf8_lossy(&receipt.arl_body).into_owned();
    assert!(arl.contains("10004"), "the ARL names the invoice: {arl}");
}

#[tokio::test]
async fn an_invoice_repeated_in_one_file_names_its_original() {
    let gateway = Gateway::open().await;
    let mut file = dre(&options(1));
    file.extend(under_another_name(&file));
    let receipt = gateway.deposit("oct-a", &file).await;
    let exchange = &receipt.exchange;
    let found = gateway
        .app
        .store
        .anomalies(&Scope::everything(), exchange.id, 1, 10)
        .await
        .expect("listed");
    assert_eq!(exchange.verdict, Verdict::Partial, "{found:?}");
    assert_eq!(exchange.accepted + exchange.duplicates, exchange.invoices, "{exchange:?}");
    assert!(exchange.duplicates > 0, "{exchange:?}");
    let aside = gateway
        .app
        .store
        .quarantined(&Scope::everything(), exchange.id, 100)
        .await
        .expect("listed");
    assert!(aside.iter().all(|q| q.duplicate_of.is_some()), "{aside:?}");
    let arl = String::from_utf8_lossy(&receipt.arl_body).into_owned();
    assert!(arl.contains("NE PAS LES RENVOYER"), "{arl}");
}

/// Returns the bytes with each occurrence of a text replaced by another of the same length.
fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let places: Vec<usize> = bytes
        .windows(from.len())
        .enumerate()
        .filter(|(_, found)| *found == from)
        .map(|(at, _)| at)
        .collect();
    assert!(!places.is_empty(), "nothing to replace");
    for at in places {
        bytes[at..at + to.len()].copy_from_slice(to);
    }
    bytes
}

/// The store looks an invoice up by its number before its identity. Blanks around the number do not
/// count in the identity, and so must not count in the look-up.
#[tokio::test]
async fn blanks_around_an_invoice_number_do_not_hide_it() {
    let gateway = Gateway::open().await;
    let file = dre(&options(1));
    // Columns 27 to 35 of the first record of type 2, the third of the file.
    let number = file[2 * 130 + 26..][..9].to_vec();
    let short = replaced(&file, &number, b"5203885  ");
    let first = gateway.deposit("oct-a", &short).await.exchange;
    assert_eq!((first.accepted, first.invoices), (4, 4));
    let again = gateway.deposit("oct-a", &under_another_name(&short)).await.exchange;
    assert_eq!((again.duplicates, again.invoices), (4, 4));
    let answer = replaced(&rsp(&short), b"5203885  ", b"  5203885");
    let returned = gateway.deposit("cpam", &answer).await.exchange;
    assert_eq!((returned.accepted, returned.unmatched), (4, 0));
}

#[tokio::test]
async fn another_vault_key_is_refused_at_the_start() {
    let gateway = Gateway::open().await;
    gateway.deposit("oct-a", &dre(&options(1))).await;
    let config = gateway.app.config.clone();
    let other =
        noemie_gateway::config::Config { vault_key: Some("ab".repeat(32)), ..config.clone() };
    let refused =
        App::open(other, Arc::new(SystemClock)).await.err().expect("another key").to_string();
    assert!(refused.contains("vault key"), "{refused}");
    let key = config.data_dir.join("vault.key");
    let first = std::fs::read(&key).expect("the key");
    std::fs::remove_file(&key).expect("the key is lost");
    App::open(config.clone(), Arc::new(SystemClock)).await.err().expect("no key");
    assert!(!key.exists(), "no other key takes its place");
    std::fs::write(&key, first).expect("the key is found again");
    App::open(config, Arc::new(SystemClock)).await.expect("opens");
}

#[tokio::test]
async fn a_partly_accepted_file_asks_for_its_faulty_invoices_only() {
    let gateway = Gateway::open().await;
    let receipt = gateway
        .deposit(
            "oct-a",
            &dre(&noemie_gateway::generate::Options { damage: Some(Damage::NirKey), ..options(1) }),
        )
        .await;
    assert_eq!(receipt.exchange.verdict, Verdict::Partial);
    let arl = String::from_utf8_lossy(&receipt.arl_body).into_owned();
    assert!(arl.contains("RENVOYER SEULEMENT LES FACTURES LISTEES"), "{arl}");
}

#[tokio::test]
async fn the_rejects_that_a_caisse_tells_are_not_told_again() {
    let gateway = Gateway::open().await;
    let file = dre(&options(1));
    gateway.deposit("oct-a", &file).await;
    let receipt = gateway.deposit("cpam-a", &rejecting(&file)).await;
    assert_eq!((receipt.exchange.verdict, receipt.exchange.unmatched), (Verdict::Accepted, 0));
    let rejected = gateway
        .number("SELECT count(*) FROM claim_parts WHERE kind = 'amc' AND state = 'rejected'")
        .await;
    assert!(rejected > 0, "the caisse rejects");
    gateway.app.write_returns().await.expect("written");
    let written = files_in(&gateway.app.config.out_dir().join("oct-a"));
    assert!(written.iter().all(|f| f.starts_with("ARL_")), "{written:?}");
}

#[tokio::test]
async fn returns_without_identification_are_not_taken_for_one_another() {
    let gateway = Gateway::open().await;
    for seed in [1, 2] {
        let file = dre(&options(seed));
        gateway.deposit("oct-a", &file).await;
        let mut answer = rsp(&file);
        let trailer = answer.len() - 130;
        for at in [4 + 49, trailer + 49] {
            answer[at..at + 6].copy_from_slice(b"      ");
        }
        let receipt = gateway.deposit("cpam-a", &answer).await;
        assert_eq!(
            receipt.exchange.verdict,
            Verdict::Accepted,
            "{}",
            String::from_utf8_lossy(&receipt.arl_body)
        );
        assert_eq!(receipt.exchange.unmatched, 0);
    }
}
