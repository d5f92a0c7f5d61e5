//! Reasons of rejects: the act and the date of care of the line that they concern.

use super::hand::{Gateway, Invoice, Return, Says, invoices};
use crate::ingest_support::{dre, options};
use crate::on_both;
use crate::support::databases::TestDatabase;
use noemie_gateway::domain::{Caller, PartKind, Reason};
use time::macros::date;

/// The 294 from the level on, as [`Return`] writes it: level, part, act (5), date of care (6),
/// prescriber (9), line (3) and rank (2).
const OF_INVOICE: &str = "FC     00000000000000000001";

/// Returns a file that rejects the AMC part of an invoice by a 294 that ends like this.
fn rejecting(id: u32, invoice: &Invoice, end: &str) -> Vec<u8> {
    let rejected = Says { part: PartKind::Amc, state: 'R', asked: invoice.amc, paid: 0 };
    let told = vec![(invoice, vec![rejected])];
    let reject = Some(("AAA000122R", 'C'));
    let told = Return { id, day: "271126", label: "VIR 1", told, reject };
    let text = String::from_utf8(told.bytes()).expect("ASCII");
    assert!(text.contains(OF_INVOICE) && end.len() == OF_INVOICE.len(), "{text}");
    text.replace(OF_INVOICE, end).into_bytes()
}

async fn reason_of(gateway: &Gateway, invoice: &Invoice) -> Reason {
    let attempts = gateway.attempts(&invoice.ps, &invoice.number).await;
    let reasons = &attempts[0].claim.as_ref().expect("a claim").amc.reasons;
    assert_eq!(reasons.len(), 1, "{reasons:?}");
    reasons[0].clone()
}

async fn a_reject_of_a_line_names_its_act_and_its_date_of_care(db: TestDatabase) {
    let gateway = Gateway::open(&db);
    let dre = dre(&options(520));
    gateway.deposit("oct-test", &dre).await;
    let known = invoices(&dre);
    let mut asked = known.iter().filter(|invoice| invoice.amc > 0);
    let (told, silent) = (asked.next().expect("one"), asked.next().expect("another"));

    let end = "LCPH7  21112600000000000101";
    gateway.deposit("cpam-test", &rejecting(1, told, end)).await;
    let reason = reason_of(&gateway, told).await;
    assert_eq!((reason.line, reason.act.as_str()), (Some(1), "PH7"));
    assert_eq!(reason.care_date, Some(date!(2026 - 11 - 21)));

    // A 294 that names the line only: act and date are those of the line of the invoice.
    let end = "LC     00000000000000000101";
    gateway.deposit("cpam-test", &rejecting(2, silent, end)).await;
    let reason = reason_of(&gateway, silent).await;
    let id = gateway.attempts(&silent.ps, &silent.number).await[0].claim.as_ref().expect("one").id;
    let line = gateway.lines(id).await.remove(0);
    assert!(!line.act_code.is_empty() && line.care_date.is_some(), "{line:?}");
    assert_eq!((reason.act.as_str(), reason.care_date), (line.act_code.as_str(), line.care_date));
    gateway.verify().await;
}

async fn a_reject_of_an_invoice_names_no_act(db: TestDatabase) {
    let gateway = Gateway::open(&db);
    let dre = dre(&options(521));
    gateway.deposit("oct-test", &dre).await;
    let known = invoices(&dre);
    let one = known.iter().find(|invoice| invoice.amc > 0).expect("an AMC part");
    gateway.deposit("cpam-test", &rejecting(1, one, OF_INVOICE)).await;
    let reason = reason_of(&gateway, one).await;
    assert_eq!((reason.line, reason.act.as_str(), reason.care_date), (None, "", None));
}

/// Events have no detail of care.
async fn the_event_of_a_reject_names_no_act(db: TestDatabase) {
    let gateway = Gateway::open(&db);
    let dre = dre(&options(522));
    gateway.deposit("oct-test", &dre).await;
    let known = invoices(&dre);
    let one = known.iter().find(|invoice| invoice.amc > 0).expect("an AMC part");
    gateway.deposit("cpam-test", &rejecting(1, one, "LCPHQ9 21112600000000000101")).await;
    let id = gateway.attempts(&one.ps, &one.number).await[0].claim.as_ref().expect("a claim").id;
    let events = gateway.claims.history(&Caller::local(), id).await.expect("the history is read");
    let text = serde_json::to_string(&events).expect("JSON");
    assert!(text.contains("AAA000122R") && text.contains("\"line\":1"), "{text}");
    assert!(!text.contains("PHQ9") && !text.contains("2026-11-21"), "{text}");
}

on_both! {
    a_reject_of_a_line_names_its_act_and_its_date_of_care,
    a_reject_of_an_invoice_names_no_act,
    the_event_of_a_reject_names_no_act,
}
