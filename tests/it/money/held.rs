//! Copies of an invoice that another sender sent before.

use super::hand::{Gateway, Return, Says, described, invoices};
use crate::ingest_support::{dre, options};
use crate::on_both;
use crate::support::databases::TestDatabase;
use noemie_gateway::clock::{SharedClock, SystemClock};
use noemie_gateway::domain::PartKind::Amc;
use noemie_gateway::domain::{
    Caller, ClaimId, Extent, FreeText, HoldDecision, PartKind, Reason, Role, Scope,
};
use noemie_gateway::generate::Options;
use noemie_gateway::service::decisions::{Decision, DecisionKind};
use noemie_gateway::service::held_attempts::{DecideHeld, HeldAttempts, HeldError};
use noemie_gateway::service::view::{ClaimDetails, ClaimView};
use std::sync::Arc;

/// The same invoices in the files of two senders.
fn both(seed: u64) -> (Vec<u8>, Vec<u8>) {
    let first = dre(&Options { seed, ..options(seed) });
    let sender = "99900000000029".to_owned();
    (first, dre(&Options { sender, ..options(seed) }))
}

fn held(db: &TestDatabase) -> HeldAttempts {
    let clock: SharedClock = Arc::new(SystemClock);
    HeldAttempts::new(Arc::clone(&db.store), clock)
}

fn asks(claim_id: ClaimId, decision: HoldDecision, why: &FreeText) -> DecideHeld<'_> {
    DecideHeld { claim_id, decision, why, stated_author: None }
}

fn of(view: &ClaimView) -> &ClaimDetails {
    view.claim.as_ref().expect("a claim")
}

fn states(view: &ClaimView) -> String {
    let claim = of(view);
    format!("{} | {}", described(&claim.amo), described(&claim.amc))
}

/// A caller who sees the deposits of one sender.
fn only(sender: &str) -> Caller {
    let senders = Extent::Only([sender.to_owned()].into());
    Caller { scope: Scope { senders, ..Scope::everything() }, ..Caller::local() }
}

async fn a_copy_is_answered_like_a_new_invoice_and_held(db: TestDatabase) {
    let gateway = Gateway::open(&db);
    let (first, copy) = both(400);
    let one = invoices(&first).remove(0);
    let known = gateway.deposit("oct-a", &first).await.exchange;
    let told = gateway.deposit("oct-b", &copy).await.exchange;
    assert_eq!(
        (told.verdict, told.accepted, told.duplicates, told.total),
        (known.verdict, known.accepted, known.duplicates, known.total)
    );
    let attempts = gateway.attempts(&one.ps, &one.number).await;
    let [original, held_copy] = attempts.as_slice() else { panic!("{attempts:?}") };
    assert_eq!(states(held_copy), "held_other_sender 0 | held_other_sender 0");
    assert_eq!((held_copy.state, held_copy.due_at), ("held_other_sender", None));
    assert!(of(original).amo.is_awaited, "the first sender notices nothing");
    assert_eq!(of(original).corrected_by, None);
    let history = gateway.claims.history(&Caller::local(), of(held_copy).id).await;
    assert_eq!(history.expect("read"), vec![], "nobody works on it");
    // Its own sender is told what the sender of a new invoice is told.
    let id = of(held_copy).id;
    let as_told = gateway.claims.get(&only("oct-b"), id).await.expect("read").expect("a claim");
    assert_eq!((as_told.state, states(&as_told).as_str()), ("received", "received 0 | received 0"));
    assert!(as_told.due_at.is_some());
    // Sent again by that sender, it repeats the copy, not the invoice of the other one.
    let again = dre(&Options { sender: "99900000000037".into(), ..options(400) });
    let repeated = gateway.deposit("oct-b", &again).await.exchange;
    assert_eq!((repeated.accepted, repeated.duplicates), (0, told.accepted));
    let everything = Scope::everything();
    let copies = db.store.quarantined(&everything, repeated.id, 100).await.expect("read");
    let named: Vec<_> = copies.iter().filter_map(|copy| copy.duplicate_of).collect();
    assert!(named.contains(&id) && !named.contains(&of(original).id), "{named:?}");
    gateway.verify().await;
}

async fn a_released_copy_replaces_the_earlier_attempt_and_keeps_its_money(db: TestDatabase) {
    let gateway = Gateway::open(&db);
    let (first, copy) = both(401);
    let known = invoices(&first);
    let one = known.iter().find(|invoice| invoice.amc > 0).expect("an AMC part");
    gateway.deposit("oct-a", &first).await;
    gateway.deposit("oct-b", &copy).await;
    let told = vec![(one, vec![Says::paid(PartKind::Amo, one.amo, one.amo)])];
    gateway.send(&Return { id: 1, day: "271126", label: "VIR 1", told, reject: None }).await;
    let attempts = gateway.attempts(&one.ps, &one.number).await;
    let (original, id) = (of(&attempts[0]).id, of(&attempts[1]).id);
    let listed = held(&db).list(&Caller::local(), None, 100).await.expect("listed").items;
    let mine = listed.iter().find(|view| of(&view.copy).id == id).expect("on the list");
    assert_eq!(mine.current.as_ref().map(|view| of(view).id), Some(original));
    assert!(!mine.is_late && mine.decide_by > mine.held_at);
    let why: FreeText = "le professionnel a changé d'émetteur".into();
    let release = asks(id, HoldDecision::Released, &why);
    held(&db).decide(&Caller::local(), release).await.expect("released");
    held(&db).decide(&Caller::local(), release).await.expect("the same again");
    let attempts = gateway.attempts(&one.ps, &one.number).await;
    assert_eq!(states(&attempts[0]), format!("paid {} | received 0", one.amo));
    assert_eq!(states(&attempts[1]), "superseded 0 | superseded 0");
    assert_eq!(
        (of(&attempts[0]).corrects, of(&attempts[1]).corrected_by),
        (Some(original), Some(id))
    );
    let history = gateway.claims.history(&Caller::local(), id).await.expect("read");
    assert_eq!(history.iter().map(|e| e.sequence).collect::<Vec<_>>(), [1]);
    let dismiss = asks(id, HoldDecision::Dismissed, &why);
    let refused = held(&db).decide(&Caller::local(), dismiss).await;
    assert!(matches!(refused, Err(HeldError::AlreadyReleased { .. })), "{refused:?}");
    gateway.verify().await;
}

async fn a_dismissed_copy_changes_nothing(db: TestDatabase) {
    let gateway = Gateway::open(&db);
    let (first, copy) = both(402);
    let one = invoices(&first).remove(0);
    gateway.deposit("oct-a", &first).await;
    gateway.deposit("oct-b", &copy).await;
    let attempts = gateway.attempts(&one.ps, &one.number).await;
    let (original, id) = (of(&attempts[0]).id, of(&attempts[1]).id);
    let why: FreeText = "double envoi".into();
    let worker = Caller { role: Role::Worker, ..Caller::local() };
    let dismiss = asks(id, HoldDecision::Dismissed, &why);
    let refused = held(&db).decide(&worker, dismiss).await;
    assert!(matches!(refused, Err(HeldError::NotAllowed { .. })), "{refused:?}");
    let release = asks(original, HoldDecision::Released, &why);
    let refused = held(&db).decide(&Caller::local(), release).await;
    assert!(matches!(refused, Err(HeldError::NotHeld(_))), "{refused:?}");
    held(&db).decide(&Caller::local(), dismiss).await.expect("dismissed");
    let attempts = gateway.attempts(&one.ps, &one.number).await;
    assert_eq!(states(&attempts[1]), "dismissed 0 | dismissed 0");
    assert_eq!(of(&attempts[0]).corrected_by, None);
    let left = held(&db).list(&Caller::local(), None, 100).await.expect("listed").items;
    assert!(left.iter().all(|view| of(&view.copy).id != id), "the list is shorter");
    gateway.verify().await;
}

/// The correction of a stranger waits for the desk as well.
async fn a_correction_by_another_sender_is_held_and_corrects_when_released(db: TestDatabase) {
    let gateway = Gateway::open(&db);
    let (first, copy) = both(403);
    let known = invoices(&first);
    let one = known.iter().find(|invoice| invoice.amc > 0).expect("an AMC part");
    gateway.deposit("oct-a", &first).await;
    let original = of(&gateway.attempts(&one.ps, &one.number).await[0]).id;
    let reject = Decision {
        claim_id: original,
        part: Amc,
        expected_version: None,
        kind: DecisionKind::Reject {
            reasons: vec![Reason::of_invoice("122".into(), "Garantie".into())],
        },
        idempotency_key: None,
        decided_by: None,
    };
    gateway.decisions.record(&Caller::local(), &reject).await.expect("recorded");
    gateway.deposit("oct-b", &copy).await;
    let attempts = gateway.attempts(&one.ps, &one.number).await;
    assert_eq!(states(&attempts[1]), "held_other_sender 0 | held_other_sender 0");
    assert_eq!(states(&attempts[0]), "received 0 | rejected 0", "it answers for the invoice");
    gateway.verify().await;
    let id = of(&attempts[1]).id;
    let held_decision = Decision { claim_id: id, ..reject };
    let refused = gateway.decisions.record(&Caller::local(), &held_decision).await;
    assert!(refused.is_err(), "nobody decides about a held copy");
    let why: FreeText = "correction du professionnel".into();
    let release = asks(id, HoldDecision::Released, &why);
    held(&db).decide(&Caller::local(), release).await.expect("released");
    let attempts = gateway.attempts(&one.ps, &one.number).await;
    assert_eq!(states(&attempts[0]), "received 0 | received 0");
    assert_eq!(states(&attempts[1]), "superseded 0 | superseded 0");
    gateway.verify().await;
}

/// Copies of three senders, released in another order than they came: one attempt counts at a time.
async fn copies_released_in_any_order_leave_one_current_attempt(db: TestDatabase) {
    let gateway = Gateway::open(&db);
    let of = |sender: u64| {
        let sender = format!("999000000000{sender}");
        dre(&Options { sender, ..options(404) })
    };
    let first = of(11);
    let known = invoices(&first);
    let one = known.iter().find(|i| i.amo > 0 && i.amc > 0).expect("both parts are asked");
    gateway.deposit("oct-a", &first).await;
    for (sender, number) in [("oct-b", 29), ("oct-c", 37), ("oct-d", 45)] {
        gateway.deposit(sender, &of(number)).await;
    }
    let why: FreeText = "changement d'émetteur".into();
    let attempts = gateway.attempts(&one.ps, &one.number).await;
    let by_sender = |attempts: &[ClaimView], sender: &str| {
        let found = attempts.iter().map(self::of).find(|claim| claim.sender == sender);
        found.expect("an attempt").id
    };
    for sender in ["oct-d", "oct-b", "oct-c"] {
        let release = asks(by_sender(&attempts, sender), HoldDecision::Released, &why);
        held(&db).decide(&Caller::local(), release).await.expect("released");
        let now = gateway.attempts(&one.ps, &one.number).await;
        let is_current =
            |view: &&ClaimView| !matches!(view.state, "superseded" | "held_other_sender");
        let current: Vec<&str> =
            now.iter().filter(is_current).map(|view| self::of(view).sender.as_str()).collect();
        assert_eq!(current, [sender]);
        gateway.verify().await;
    }
    let told = vec![(one, vec![Says::paid(PartKind::Amo, one.amo, one.amo)])];
    gateway.send(&Return { id: 1, day: "271126", label: "VIR 1", told, reject: None }).await;
    let now = gateway.attempts(&one.ps, &one.number).await;
    let paid = now.iter().filter(|view| self::of(view).amo.paid.centimes() > 0);
    let paid: Vec<&str> = paid.map(|view| self::of(view).sender.as_str()).collect();
    assert_eq!(paid, ["oct-c"], "the money shows once");
    gateway.verify().await;
}

/// A copy whose original is gone would be paid by nobody: `verify` finds it.
async fn a_held_copy_without_original_is_found(db: TestDatabase) {
    let gateway = Gateway::open(&db);
    let (first, copy) = both(406);
    gateway.deposit("oct-a", &first).await;
    gateway.deposit("oct-b", &copy).await;
    gateway.verify().await;
    db.run("UPDATE claims SET invoice_number = '999999999' WHERE sender = 'oct-a'".into()).await;
    let found = gateway.found().await;
    let copies = found.iter().find(|detail| detail.contains("no treated attempt"));
    assert!(copies.is_some_and(|detail| detail.starts_with("4 copies")), "{found:?}");
}

/// The original of a copy was removed with its deposit: a return for it waits, and the copy can
/// still be released.
async fn a_return_for_a_copy_without_original_waits(db: TestDatabase) {
    let gateway = Gateway::open(&db);
    let (first, copy) = both(405);
    let known = invoices(&first);
    let one = known.iter().find(|invoice| invoice.amo > 0).expect("an AMO part");
    gateway.deposit("oct-a", &first).await;
    gateway.deposit("oct-b", &copy).await;
    let original = "SELECT id FROM claims WHERE sender = 'oct-a'";
    for (table, key) in [("events", "subject_id"), ("claim_parts", "claim_id"), ("claims", "id")] {
        db.run(format!("DELETE FROM {table} WHERE {key} IN ({original})")).await;
    }
    let told = vec![(one, vec![Says::paid(PartKind::Amo, one.amo, one.amo)])];
    let told = Return { id: 1, day: "271126", label: "VIR 1", told, reject: None };
    let receipt = gateway.deposit("cpam-test", &told.bytes()).await;
    assert_eq!((receipt.exchange.accepted, receipt.exchange.unmatched), (0, 1));
    let copies = held(&db).list(&Caller::local(), None, 100).await.expect("listed").items;
    let copy = copies.iter().find(|view| view.copy.invoice_number == one.number).expect("listed");
    assert_eq!(copy.current, None);
    let why: FreeText = "l'envoi de l'autre émetteur est abandonné".into();
    let release = asks(of(&copy.copy).id, HoldDecision::Released, &why);
    held(&db).decide(&Caller::local(), release).await.expect("released");
    let attempts = gateway.attempts(&one.ps, &one.number).await;
    assert_eq!((attempts.len(), of(&attempts[0]).corrects), (1, None));
    assert!(of(&attempts[0]).amo.is_awaited);
}

on_both! {
    a_held_copy_without_original_is_found,
    a_return_for_a_copy_without_original_waits,
    copies_released_in_any_order_leave_one_current_attempt,
    a_copy_is_answered_like_a_new_invoice_and_held,
    a_correction_by_another_sender_is_held_and_corrects_when_released,
    a_dismissed_copy_changes_nothing,
    a_released_copy_replaces_the_earlier_attempt_and_keeps_its_money
}
