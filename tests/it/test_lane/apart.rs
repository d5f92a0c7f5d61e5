//! Files of both lanes beside one another.

use super::{caller, listed, marked, waiting};
use crate::money::hand::{Gateway, Return, Says, invoices};
use crate::on_both;
use crate::support::databases::TestDatabase;
use noemie_gateway::clock::{Clock, SharedClock, SystemClock};
use noemie_gateway::domain::{
    Caller, ClaimEvent, Exchange, FileName, IdempotencyKey, Lane, PartKind, Reason, ReturnKind,
    Scope, Verdict,
};
use noemie_gateway::generate::{self, Damage, Options, Profile};
use noemie_gateway::ingest::{Deposit, Receipt};
use noemie_gateway::outgoing::rejects;
use noemie_gateway::service::decisions::{Decision, DecisionKind};
use std::path::PathBuf;
use std::sync::Arc;

/// A file of two invoices that ask both insurers, marked as real.
fn dre(damage: Option<Damage>) -> Vec<u8> {
    let options = Options {
        profile: Profile::Auxiliaire,
        invoices: 2,
        seed: 2,
        damage,
        ..Options::default()
    };
    let mut bytes = Vec::new();
    generate::dre(&options, &mut bytes).expect("written");
    bytes
}

/// A return of the caisse that pays the AMO part of the first invoice, marked as real.
fn paying(dre: &[u8]) -> Vec<u8> {
    let read = invoices(dre);
    let first = &read[0];
    let told = vec![(first, vec![Says::paid(PartKind::Amo, first.amo, first.amo)])];
    Return { id: 1, day: "271126", label: "VIREMENT 1", told, reject: None }.bytes()
}

fn counts(exchange: &Exchange) -> [u64; 4] {
    [exchange.accepted, exchange.quarantined, exchange.duplicates, exchange.unmatched]
}

fn arl(receipt: &Receipt) -> String {
    String::from_utf8_lossy(&receipt.arl_body).into_owned()
}

async fn the_same_file_in_both_lanes(db: TestDatabase) {
    let gateway = Gateway::open(&db);
    let (real, test) = (dre(None), marked(&dre(None), b'T'));
    let of_test = gateway.deposit("oct-test", &test).await;
    assert_eq!((of_test.exchange.lane, counts(&of_test.exchange)), (Lane::Test, [2, 0, 0, 0]));
    assert!(listed(&gateway.claims, Lane::Real).await.is_empty());
    let of_real = gateway.deposit("oct-test", &real).await;
    assert_eq!((of_real.exchange.lane, counts(&of_real.exchange)), (Lane::Real, [2, 0, 0, 0]));
    assert_eq!(of_real.exchange.verdict, Verdict::Accepted);
    for (receipt, lane) in [(&of_test, Lane::Test), (&of_real, Lane::Real)] {
        let views = listed(&gateway.claims, lane).await;
        assert_eq!(views.len(), 2);
        for view in views {
            assert_eq!((view.exchange_id, view.lane), (receipt.exchange.id, lane));
            assert_eq!(view.due_at.is_some(), lane == Lane::Real, "no clock runs for a test");
            assert_eq!(view.next_step.starts_with("Test, "), lane == Lane::Test);
            let claim = view.claim.expect("a claim");
            let by_id = gateway.claims.get(&Caller::local(), claim.id).await.expect("reads");
            assert_eq!(by_id.expect("an answer by id in either lane").lane, lane);
        }
    }
    let text = arl(&of_test);
    assert_eq!(text.as_bytes()[super::IN_000], b'T', "{text}");
    assert!(text.contains("FICHIER MARQUE T OU D") && text.contains("29599 TEST "), "{text}");
    assert!(!arl(&of_real).contains("TEST"), "{}", arl(&of_real));
    let again = gateway.deposit("oct-test", &test).await;
    assert!(again.repeated && again.exchange.id == of_test.exchange.id);
    gateway.verify().await;
}

async fn a_test_return_changes_no_real_part(db: TestDatabase) {
    let gateway = Gateway::open(&db);
    let real = dre(None);
    let (ps, number) = {
        let first = &invoices(&real)[0];
        (first.ps.clone(), first.number.clone())
    };
    let early = gateway.deposit("cpam-test", &marked(&paying(&real), b'D')).await;
    assert_eq!((early.exchange.lane, counts(&early.exchange)), (Lane::Test, [0, 0, 0, 1]));
    gateway.deposit("oct-test", &real).await;
    assert!(gateway.described(&ps, &number).await.starts_with("received 0"), "not matched later");
    gateway.deposit("oct-test", &marked(&real, b'D')).await;
    let views = gateway.claims.by_invoice(&caller(Lane::Test), &ps, &number, 10).await;
    let view = views.expect("reads").claims.remove(0);
    assert_eq!(view.claim.expect("a claim").amo.state.as_str(), "paid", "the test lane matches");
    assert!(gateway.described(&ps, &number).await.starts_with("received 0"));
    // The real return has the file id of the test return.
    let late = gateway.deposit("cpam-test", &paying(&real)).await;
    assert_eq!((late.exchange.lane, counts(&late.exchange)), (Lane::Real, [1, 0, 0, 0]));
    assert!(gateway.described(&ps, &number).await.starts_with("paid "));
    gateway.verify().await;
}

async fn events_of_the_test_lane_have_keys_of_their_own(db: TestDatabase) {
    let gateway = Gateway::open(&db);
    gateway.deposit("oct-test", &dre(None)).await;
    gateway.deposit("oct-test", &marked(&dre(None), b'T')).await;
    let events: Vec<ClaimEvent> = waiting(&db)
        .await
        .iter()
        .map(|event| {
            let read: ClaimEvent = serde_json::from_str(&event.payload).expect("an event");
            assert_eq!(event.routing_key.starts_with("claim.test.dre."), read.test);
            assert_eq!(event.payload.contains("\"test\":true"), read.test);
            assert_eq!(read.due_at.is_none(), read.test);
            read
        })
        .collect();
    let persons = |test| {
        let of_lane = events.iter().filter(|event| event.test == test);
        of_lane.map(|event| event.person.clone()).collect::<std::collections::BTreeSet<_>>()
    };
    assert!(!persons(true).is_empty() && persons(true).is_disjoint(&persons(false)));
    let numbers: Vec<i64> = waiting(&db).await.iter().map(|event| event.event_no).collect();
    db.store.mark_published(&numbers, SystemClock.now()).await.expect("marks");
    for lane in [Lane::Real, Lane::Test] {
        let scope = Scope { lane: Some(lane), ..Scope::everything() };
        let read = db.store.published_events(&scope, 0, numbers.len()).await.expect("reads");
        assert!(read.events.iter().all(|published| published.event.lane() == lane), "{lane:?}");
        assert!(!read.events.is_empty(), "{lane:?}");
        assert_eq!(read.end, db.store.last_position().await.expect("reads"), "{lane:?}");
    }
}

async fn a_test_copy_resolves_no_real_quarantine(db: TestDatabase) {
    let gateway = Gateway::open(&db);
    let faulty = gateway.deposit("oct-test", &dre(Some(Damage::NirKey))).await;
    assert_eq!(faulty.exchange.quarantined, 1);
    let renamed = renamed(&dre(None));
    gateway.deposit("oct-test", &marked(&renamed, b'T')).await;
    let waiting = |lane| {
        let (store, scope) = (db.store.clone(), caller(lane).scope);
        async move { store.latest_quarantined(&scope, None, true, 10).await.expect("reads").len() }
    };
    assert_eq!((waiting(Lane::Real).await, waiting(Lane::Test).await), (1, 0));
    let now = SystemClock.now();
    let figures = db.store.figures(now + time::Duration::days(60)).await.expect("reads");
    assert_eq!(
        (figures.quarantine_waiting, figures.overdue),
        (1, 1),
        "the test claims do not count"
    );
    gateway.deposit("oct-test", &renamed).await;
    assert_eq!(waiting(Lane::Real).await, 0);
    gateway.verify().await;
}

/// Returns a file under another identification of the 000 and 999.
fn renamed(file: &[u8]) -> Vec<u8> {
    let text = String::from_utf8(file.to_vec()).expect("ASCII");
    let id = text[49..55].to_owned();
    text.replace(&id, "ZZZZZ9").into_bytes()
}

async fn rejects_of_test_claims_have_a_file_of_their_own(db: TestDatabase) {
    let gateway = Gateway::open(&db);
    gateway.deposit("oct-test", &dre(None)).await;
    gateway.deposit("oct-test", &marked(&dre(None), b'T')).await;
    for lane in [Lane::Real, Lane::Test] {
        let claim = listed(&gateway.claims, lane).await.remove(0).claim.expect("a claim");
        let reasons = vec![Reason::of_invoice("122".into(), "Essai".into())];
        let decision = Decision {
            claim_id: claim.id,
            part: PartKind::Amc,
            kind: DecisionKind::Reject { reasons },
            idempotency_key: None,
            decided_by: None,
            expected_version: None,
        };
        gateway.decisions.record(&Caller::local(), &decision).await.expect("records");
    }
    let clock: SharedClock = Arc::new(SystemClock);
    let vault = noemie_gateway::vault::Vault::from_master_key([9; 32]);
    assert_eq!(rejects::step(&db.store, &vault, &clock).await.expect("writes"), 2);
    for (lane, mark) in [(Lane::Real, b' '), (Lane::Test, b'T')] {
        let kind = Some(ReturnKind::Rejects580);
        let scope = caller(lane).scope;
        let page = db.store.return_files(&scope, None, kind, None, 10).await.expect("lists");
        let [file] = page.items.as_slice() else { panic!("{lane:?}: {:?}", page.items) };
        let bytes = noemie_gateway::arl::open(file, &vault).expect("opens");
        assert_eq!((file.lane, bytes[super::IN_000]), (lane, mark));
    }
    gateway.verify().await;
}

async fn a_sender_may_be_set_to_real(db: TestDatabase) {
    let test = marked(&dre(None), b'T');
    let mut gateway = Gateway::open(&db);
    assert_eq!(gateway.deposit("oct-test", &test).await.exchange.lane, Lane::Test);
    gateway.ingest = gateway.ingest.with_real_senders(["oct-test".to_owned()].into());
    let receipt = gateway.deposit("oct-test", &test).await;
    assert!(!receipt.repeated, "the receipt of a test is none of a real file");
    assert_eq!((receipt.exchange.lane, counts(&receipt.exchange)), (Lane::Real, [2, 0, 0, 0]));
    assert!(!arl(&receipt).contains("TEST"));
    assert_eq!(gateway.deposit("oct-other", &test).await.exchange.lane, Lane::Test);
    gateway.verify().await;
}

async fn a_key_of_a_test_is_free_for_a_real_file(db: TestDatabase) {
    let gateway = Gateway::open(&db);
    for (file, lane) in [(marked(&dre(None), b'T'), Lane::Test), (dre(None), Lane::Real)] {
        let deposit = Deposit {
            sender: "oct-test".parse().expect("a sender"),
            channel: noemie_gateway::domain::Channel::Cli,
            file_name: FileName::default(),
            idempotency_key: Some(IdempotencyKey::try_from("key-1").expect("a key")),
        };
        let mut upload = gateway.ingest.open(deposit).expect("opens");
        upload.write(&file).expect("writes");
        let receipt = gateway.ingest.accept(upload).await.expect("a receipt");
        assert_eq!(receipt.exchange.lane, lane);
    }
}

/// A mark in one lot is enough, and the contradiction is named where it stands.
async fn mixed_marks_are_a_finding(db: TestDatabase) {
    let gateway = Gateway::open(&db);
    let mut mixed = dre(None);
    let main = mixed.iter().position(|b| *b == b'\n').expect("lines") + 1;
    let invoice = mixed[main..].windows(2).position(|w| w == b"\n2").expect("a type 2") + main + 1;
    mixed[invoice + 36] = b'T';
    let receipt = gateway.deposit("oct-test", &mixed).await;
    assert_eq!(receipt.exchange.lane, Lane::Test);
    let found = db.store.anomalies(&Scope::everything(), receipt.exchange.id, 1, 10).await;
    let found = found.expect("reads");
    let mark: Vec<_> = found.iter().filter(|finding| finding.code == "M1-MARQUAGE").collect();
    let [finding] = mark.as_slice() else { panic!("{found:?}") };
    assert_eq!((finding.record_type.as_str(), finding.column), ("6", Some(55)));
    assert_eq!(receipt.exchange.verdict, Verdict::Accepted, "a mark never refuses");
    // A blank says nothing and contradicts no mark.
    let blank = marked(&dre(None), b' ');
    let receipt = gateway.deposit("oct-test", &blank).await;
    assert_eq!((receipt.exchange.lane, counts(&receipt.exchange)), (Lane::Real, [2, 0, 0, 0]));
}

/// Files of another hand, where they are at hand.
async fn files_of_another_hand(db: TestDatabase) {
    let cases = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/cases"));
    if !cases.exists() {
        eprintln!("skipped: {} does not exist", cases.display());
        return;
    }
    let gateway = Gateway::open(&db);
    let read = |name: &str| std::fs::read(cases.join(name)).expect("the file is read");
    for name in ["m00_dre.b2", "m01_paid.noemie", "m02_replace.noemie"] {
        let receipt = gateway.deposit("oct-test", &marked(&read(name), b'T')).await;
        assert_eq!((receipt.exchange.lane, receipt.exchange.unmatched), (Lane::Test, 0), "{name}");
    }
    let (ps, number) = ("992001230", "000355001");
    assert_eq!(gateway.described(ps, number).await, "no claim");
    gateway.deposit("oct-test", &read("m00_dre.b2")).await;
    assert_eq!(gateway.described(ps, number).await, "received 0 | received 0");
    let receipt = gateway.deposit("oct-test", &read("m01_paid.noemie")).await;
    assert_eq!(receipt.exchange.lane, Lane::Real);
    assert_eq!(gateway.described(ps, number).await, "paid 25631 | paid 3052");
    gateway.verify().await;
}

on_both!(
    the_same_file_in_both_lanes,
    a_test_return_changes_no_real_part,
    events_of_the_test_lane_have_keys_of_their_own,
    a_test_copy_resolves_no_real_quarantine,
    rejects_of_test_claims_have_a_file_of_their_own,
    a_sender_may_be_set_to_real,
    a_key_of_a_test_is_free_for_a_real_file,
    mixed_marks_are_a_finding,
    files_of_another_hand,
);
