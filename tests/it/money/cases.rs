//! Files of another hand, where they are at hand: each tells what went wrong once.

use super::hand::{Gateway, Return, Says, invoices};
use crate::ingest_support::{dre, options};
use crate::on_both;
use crate::support::databases::TestDatabase;
use noemie_gateway::domain::{Caller, PartKind, Verdict};
use noemie_gateway::generate::Options;
use noemie_gateway::service::decisions::{Decision, DecisionKind};
use std::path::PathBuf;
use time::macros::date;

const PS: &str = "992001230";

fn path(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/cases")).join(name)
}

/// Returns whether the files are at hand; a test that is skipped says so.
fn are_at_hand() -> bool {
    let directory = path("");
    let found = directory.exists();
    if !found {
        eprintln!("skipped: {} does not exist", directory.display());
    }
    found
}

/// Deposits files in order, and compares what invoices are afterwards: number, AMO and AMC part.
async fn case(db: TestDatabase, files: &[&str], invoices: &[(&str, &str)]) {
    if !are_at_hand() {
        return;
    }
    let gateway = Gateway::open(&db);
    for name in files {
        let bytes = std::fs::read(path(name)).expect("the file is read");
        gateway.deposit("oct-test", &bytes).await;
    }
    for (number, expected) in invoices {
        assert_eq!(gateway.described(PS, number).await, *expected, "{number} after {files:?}");
    }
    gateway.verify().await;
}

async fn cancel_and_replace(db: TestDatabase) {
    let files = ["m00_dre.b2", "m01_paid.noemie", "m02_replace.noemie"];
    case(db, &files, &[("000355001", "partly_paid 25581 | paid 3052")]).await;
}

async fn two_equal_instalments(db: TestDatabase) {
    let files = ["m00_dre.b2", "m03_instalment_1.noemie", "m04_instalment_2.noemie"];
    case(db, &files, &[("000355005", "partly_paid 1000 | received 0")]).await;
}

async fn a_corrected_resend_after_a_reject_of_the_amo(db: TestDatabase) {
    let files = ["m00_dre.b2", "m05_amo_reject.noemie", "m06_resend.b2"];
    let received = "received 0 | received 0";
    case(db, &files, &[("000355007", received), ("000355001", received)]).await;
}

async fn two_transfers_are_both_shown(db: TestDatabase) {
    if !are_at_hand() {
        return;
    }
    let gateway = Gateway::open(&db);
    for name in ["m00_dre.b2", "m03_instalment_1.noemie", "m04_instalment_2.noemie"] {
        let bytes = std::fs::read(path(name)).expect("the file is read");
        gateway.deposit("oct-test", &bytes).await;
    }
    let attempts = gateway.attempts(PS, "000355005").await;
    let shown: Vec<(PartKind, i64)> =
        attempts[0].movements.iter().map(|(part, m)| (*part, m.amount.centimes())).collect();
    assert_eq!(shown, [(PartKind::Amo, 500), (PartKind::Amo, 500)]);
}

/// The money of the first attempt was taken back: the corrected one waits for its own.
async fn a_resend_after_a_take_back_waits_for_its_money(db: TestDatabase) {
    let gateway = Gateway::open(&db);
    let first = dre(&options(502));
    gateway.deposit("oct-test", &first).await;
    let known = invoices(&first);
    let one = known.iter().find(|i| i.amc > 0 && i.amo > 0).expect("both parts are asked");
    for (id, label, paid) in [(1, "VIR 1", one.amo), (2, "VIR 2", -one.amo)] {
        let told = vec![(one, vec![Says::paid(PartKind::Amo, one.amo, paid)])];
        gateway.send(&Return { id, day: "271126", label, told, reject: None }).await;
    }
    assert_eq!(gateway.described(&one.ps, &one.number).await, "recovered 0 | received 0");
    let again = dre(&Options { sender: "99900000000029".to_owned(), ..options(502) });
    gateway.deposit("oct-test", &again).await;
    let attempts = gateway.attempts(&one.ps, &one.number).await;
    let claim = attempts[0].claim.as_ref().expect("a claim");
    assert_eq!(gateway.described(&one.ps, &one.number).await, "received 0 | received 0");
    assert!(claim.amo.is_awaited && claim.corrects.is_some());
    let told = vec![(one, vec![Says::paid(PartKind::Amo, one.amo, one.amo)])];
    gateway.send(&Return { id: 3, day: "301126", label: "VIR 3", told, reject: None }).await;
    let paid = format!("paid {} | received 0", one.amo);
    assert_eq!(gateway.described(&one.ps, &one.number).await, paid);
    gateway.verify().await;
}

/// A payment of the first attempt, moved to the second one: state and sum of both stay.
async fn an_outcome_moved_to_another_attempt_is_found(db: TestDatabase) {
    let gateway = Gateway::open(&db);
    let first = dre(&options(504));
    gateway.deposit("oct-test", &first).await;
    let known = invoices(&first);
    let one = known.iter().find(|i| i.amc > 0 && i.amo > 0).expect("both parts are asked");
    let rejected = Says { part: PartKind::Amc, state: 'R', asked: one.amc, paid: 0 };
    let told = vec![(one, vec![Says::paid(PartKind::Amo, one.amo, one.amo), rejected])];
    let reject = Some(("AAA000122R", 'C'));
    gateway.send(&Return { id: 1, day: "271126", label: "VIR 1", told, reject }).await;
    let again = dre(&Options { sender: "99900000000029".to_owned(), ..options(504) });
    gateway.deposit("oct-test", &again).await;
    gateway.verify().await;
    db.run(
        "UPDATE outcomes SET claim_id = (SELECT id FROM claims WHERE corrects IS NOT NULL) \
         WHERE kind = 'paid'"
            .into(),
    )
    .await;
    let found = gateway.found().await;
    assert!(found.iter().any(|detail| detail.contains("keyed digests")), "{found:?}");
}

/// The same transfer in a file for another recipient is another file, and the same payment.
async fn one_return_for_two_recipients_counts_once(db: TestDatabase) {
    let gateway = Gateway::open(&db);
    let dre = dre(&options(503));
    gateway.deposit("oct-test", &dre).await;
    let known = invoices(&dre);
    let one = known.iter().find(|invoice| invoice.amo > 0).expect("an AMO part");
    let told = vec![(one, vec![Says::paid(PartKind::Amo, one.amo, one.amo)])];
    let told = Return { id: 1, day: "271126", label: "VIR 1", told, reject: None };
    let text = String::from_utf8(told.bytes()).expect("ASCII");
    gateway.deposit("cpam-test", text.as_bytes()).await;
    let other = text.replace("OT99900000000011", "OT99900000000022");
    assert_ne!(other, text);
    gateway.deposit("cpam-test", other.as_bytes()).await;
    let found = gateway.described(&one.ps, &one.number).await;
    assert!(found.starts_with(&format!("paid {} |", one.amo)), "{found}");
    gateway.verify().await;
}

/// A 294 of level L names its line, one of level F the invoice.
async fn a_reject_of_a_payer_names_its_line(db: TestDatabase) {
    let gateway = Gateway::open(&db);
    let dre = dre(&options(501));
    gateway.deposit("oct-test", &dre).await;
    let known = invoices(&dre);
    let one = known.iter().find(|invoice| invoice.amc > 0).expect("an AMC part");
    let rejected = Says { part: PartKind::Amc, state: 'R', asked: one.amc, paid: 0 };
    let told = vec![(one, vec![rejected])];
    let reject = Some(("AAA000122R", 'C'));
    let told = Return { id: 1, day: "271126", label: "VIR 1", told, reject };
    let text = String::from_utf8(told.bytes()).expect("ASCII");
    let of_line = text.replace("FC     00000000000000000001", "LC     00000000000000000201");
    assert_ne!(of_line, text);
    gateway.deposit("cpam-test", of_line.as_bytes()).await;
    let attempts = gateway.attempts(&one.ps, &one.number).await;
    let reasons = &attempts[0].claim.as_ref().expect("a claim").amc.reasons;
    let lines: Vec<Option<u32>> = reasons.iter().map(|reason| reason.line).collect();
    assert_eq!(lines, [Some(2)]);
    gateway.verify().await;
}

/// Other content under a known identification: its sender is not told to correct and resend.
async fn a_known_identification_is_not_to_be_sent_again(db: TestDatabase) {
    let gateway = Gateway::open(&db);
    let first = dre(&options(500));
    gateway.deposit("oct-a", &first).await;
    let mut other = first;
    let digit = other.iter().position(|b| *b == b'\n').expect("lines") + 30;
    other[digit] = if other[digit] == b'X' { b'Y' } else { b'X' };
    let receipt = gateway.deposit("oct-a", &other).await;
    assert_eq!(receipt.exchange.verdict, Verdict::Refused);
    let arl = gateway.open_return(&receipt.arl);
    assert!(arl.contains("FICHIER DEJA RECU SOUS CETTE IDENTIFICATION"), "{arl}");
}

async fn paid_after_a_reject(db: TestDatabase) {
    let files = ["m00_dre.b2", "m05_amo_reject.noemie", "m07_paid_after_reject.noemie"];
    case(db, &files, &[("000355007", "paid 20423 paid_and_rejected | paid 10997")]).await;
}

async fn paid_by_two_transfers(db: TestDatabase) {
    let files = ["m00_dre.b2", "m01_paid.noemie", "m08_one_cent_short.noemie"];
    case(db, &files, &[("000355003", "overpaid 94577 paid_twice | paid 19605")]).await;
}

async fn a_return_before_its_invoices(db: TestDatabase) {
    let files = ["m01_paid.noemie", "m00_dre.b2"];
    case(db, &files, &[("000355001", "paid 25631 | paid 3052")]).await;
}

async fn payment_notices_are_no_claims(db: TestDatabase) {
    let files = ["m00_dre.b2", "m09_notice_L.b2"];
    let invoices = [
        ("000355001", "received 0 | paid 3052"),
        ("000355002", "received 0 | not_requested 0"),
        ("000355010", "received 0 | paid 7773"),
    ];
    case(db, &files, &invoices).await;
}

async fn payment_notices_of_unknown_invoices_are_kept(db: TestDatabase) {
    if !are_at_hand() {
        return;
    }
    let gateway = Gateway::open(&db);
    let bytes = std::fs::read(path("m12_notice_L_unknown.b2")).expect("the file is read");
    let receipt = gateway.deposit("oct-test", &bytes).await;
    let exchange = receipt.exchange;
    assert_eq!((exchange.accepted, exchange.unmatched), (0, 3));
    assert_eq!(db.number("SELECT count(*) FROM claims").await, 0);
    assert_eq!(db.number("SELECT count(*) FROM outcomes").await, 3);
    gateway.verify().await;
}

async fn complements_of_zeros_match_blanks(db: TestDatabase) {
    if !are_at_hand() {
        return;
    }
    let gateway = Gateway::open(&db);
    for (name, accepted) in
        [("m10_hospital_dre.b2", 3), ("m11_hospital_rsp_blank_complement.noemie", 3)]
    {
        let bytes = std::fs::read(path(name)).expect("the file is read");
        assert_eq!(gateway.deposit("test", &bytes).await.exchange.accepted, accepted, "{name}");
    }
    gateway.verify().await;
}

/// A worker tells a payment that the caisse told too, then another one.
async fn a_payment_told_by_a_worker_and_a_caisse(db: TestDatabase) {
    if !are_at_hand() {
        return;
    }
    let gateway = Gateway::open(&db);
    for name in ["m00_dre.b2", "m01_paid.noemie"] {
        let bytes = std::fs::read(path(name)).expect("the file is read");
        gateway.deposit("test", &bytes).await;
    }
    let claim = gateway.attempts(PS, "000355003").await[0].claim.clone().expect("a claim");
    for (reference, expected) in [
        ("MONEY 1", "paid 47289 | paid 19605"),
        ("OTHER", "paid 47289 | overpaid 39210 paid_twice"),
    ] {
        let decision = Decision {
            claim_id: claim.id,
            part: PartKind::Amc,
            kind: DecisionKind::Pay {
                reference: reference.try_into().expect("a reference"),
                date: date!(2026 - 11 - 28),
                amount: claim.amc.asked,
            },
            expected_version: None,
            idempotency_key: None,
            decided_by: None,
        };
        gateway.decisions.record(&Caller::local(), &decision).await.expect("recorded");
        assert_eq!(gateway.described(PS, "000355003").await, expected, "{reference}");
    }
    gateway.verify().await;
}

on_both! {
    an_outcome_moved_to_another_attempt_is_found,
    one_return_for_two_recipients_counts_once,
    a_resend_after_a_take_back_waits_for_its_money,
    a_reject_of_a_payer_names_its_line,
    a_known_identification_is_not_to_be_sent_again,
    two_transfers_are_both_shown,
    payment_notices_are_no_claims,
    payment_notices_of_unknown_invoices_are_kept,
    complements_of_zeros_match_blanks,
    a_payment_told_by_a_worker_and_a_caisse,
    cancel_and_replace,
    two_equal_instalments,
    a_corrected_resend_after_a_reject_of_the_amo,
    paid_after_a_reject,
    paid_by_two_transfers,
    a_return_before_its_invoices,
}
