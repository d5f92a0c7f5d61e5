//! Decisions of workers: the version on which they rest, reopened and repeated rejects,
//! instalments.

use super::hand::{Gateway, described, invoices};
use crate::ingest_support::{dre, options};
use crate::on_both;
use crate::support::databases::TestDatabase;
use noemie_gateway::clock::{Clock, SystemClock};
use noemie_gateway::domain::civil_time::paris_date;
use noemie_gateway::domain::{
    Caller, ClaimId, ClaimPart, PartKind, Reason, ReasonCodes, RejectFamily, Role,
};
use noemie_gateway::generate::Options;
use noemie_gateway::service::decisions::{DecideError, Decision, DecisionKind, Recorded, Warning};
use noemie_gateway::service::view::ClaimDetails;
use noemie_parsers::types::Montant;
use std::sync::Arc;
use time::macros::date;
use time::{Date, Duration};

/// A gateway with one deposit, and the claim of an invoice of which the AMC is asked something.
struct Desk {
    gateway: Gateway,
    ps: String,
    number: String,
}

impl Desk {
    async fn open(db: &TestDatabase) -> Self {
        let gateway = Gateway::open(db);
        let bytes = dre(&Options { invoices: 20, ..options(1) });
        gateway.deposit("oct-test", &bytes).await;
        let known = invoices(&bytes);
        let one = known.iter().find(|invoice| invoice.amc > 1).expect("an AMC part");
        Self { ps: one.ps.clone(), number: one.number.clone(), gateway }
    }

    async fn claim(&self) -> ClaimDetails {
        let attempts = self.gateway.attempts(&self.ps, &self.number).await;
        attempts[0].claim.clone().expect("a claim")
    }

    async fn amc(&self) -> ClaimPart {
        self.claim().await.amc
    }

    async fn decide(
        &self,
        expected_version: Option<u64>,
        kind: DecisionKind,
    ) -> Result<Recorded, DecideError> {
        let decision = Decision {
            claim_id: self.claim().await.id,
            part: PartKind::Amc,
            kind,
            expected_version,
            idempotency_key: None,
            decided_by: None,
        };
        self.gateway.decisions.record(&Caller::local(), &decision).await
    }

    async fn record(&self, kind: DecisionKind) -> Recorded {
        self.decide(None, kind).await.expect("recorded")
    }
}

fn reject(code: &str) -> DecisionKind {
    DecisionKind::Reject { reasons: vec![reason(code)] }
}

fn reason(code: &str) -> Reason {
    Reason::of_invoice(code.into(), "Rejet".into())
}

fn reopen() -> DecisionKind {
    DecisionKind::Reopen { reason: "Rejet par erreur".into() }
}

fn pay(reference: &str, amount: Montant) -> DecisionKind {
    DecisionKind::Pay {
        reference: reference.try_into().expect("a reference"),
        date: date!(2026 - 11 - 28),
        amount,
    }
}

/// Of two workers who saw one version, the first is recorded and the second is refused.
async fn two_workers_with_one_version(db: TestDatabase) {
    let desk = Desk::open(&db).await;
    let seen = desk.claim().await.version;
    assert_eq!(seen, 1, "the event `received`");
    let (one, other) = tokio::join!(
        desk.decide(Some(seen), DecisionKind::Accept),
        desk.decide(Some(seen), reject("122"))
    );
    let refused = match (one, other) {
        (Ok(_), Err(refused)) | (Err(refused), Ok(_)) => refused,
        (one, other) => panic!("exactly one is recorded: {one:?} {other:?}"),
    };
    assert!(
        matches!(refused, DecideError::StaleVersion { expected: 1, version: 2 }),
        "{refused:?}"
    );
    assert_eq!(desk.claim().await.version, 2);
    let paid = desk.decide(Some(1), pay("VIR-1", desk.amc().await.asked)).await;
    assert!(matches!(paid, Err(DecideError::StaleVersion { .. })), "a payment too: {paid:?}");
    desk.gateway.verify().await;
}

/// What was recorded is repeated, also with the version of before.
async fn a_repetition_is_never_stale(db: TestDatabase) {
    let desk = Desk::open(&db).await;
    desk.decide(Some(1), DecisionKind::Accept).await.expect("recorded");
    let again = desk.decide(Some(1), DecisionKind::Accept).await.expect("repeated");
    assert!(again.repeated);
    desk.decide(Some(2), reject("122")).await.expect("the version that the answer shows");
}

/// A reject that was a mistake is withdrawn; the part is awaited again.
async fn a_reject_is_reopened(db: TestDatabase) {
    let desk = Desk::open(&db).await;
    let early = desk.decide(None, reopen()).await;
    assert!(matches!(early, Err(DecideError::NotRejected { .. })), "{early:?}");
    desk.record(reject("122")).await;
    let reopened = desk.record(reopen()).await;
    assert!(reopened.event_id.is_some() && !reopened.repeated);
    let again = desk.record(reopen()).await;
    assert!(again.repeated && again.event_id.is_none(), "told once more");
    let amc = desk.amc().await;
    assert_eq!((described(&amc).as_str(), amc.is_awaited), ("received 0", true));
    assert_eq!(
        (amc.reasons[0].code.as_str(), amc.reasons[0].label.as_str()),
        ("REOUVERTURE", "Rejet par erreur")
    );
    // Money that was paid in spite of the reject fits once the reject is withdrawn.
    desk.record(reject("122")).await;
    desk.record(pay("VIR-1", amc.asked)).await;
    let expected = format!("paid {}", amc.asked.centimes());
    assert_eq!(described(&desk.amc().await), format!("{expected} paid_and_rejected"));
    desk.record(reopen()).await;
    assert_eq!(described(&desk.amc().await), expected);
    desk.gateway.verify().await;
}

/// Each reject of a worker is reported to the sender: the first one, one with other reasons, one
/// after a reopening.
async fn every_reject_of_a_worker_is_reported(db: TestDatabase) {
    let desk = Desk::open(&db).await;
    desk.record(reject("122")).await;
    assert_eq!(desk.gateway.reported().await, ["AAA000122R"]);
    assert_eq!(desk.gateway.reported().await, [""; 0], "once");
    desk.record(reject("125")).await;
    assert_eq!(desk.gateway.reported().await, ["AAA000125R"], "with other reasons");
    desk.record(reopen()).await;
    assert_eq!(desk.gateway.reported().await, [""; 0]);
    desk.record(reject("125")).await;
    assert_eq!(desk.gateway.reported().await, ["AAA000125R"], "after a reopening");
    desk.gateway.verify().await;
    desk.record(reopen()).await;
    desk.record(reject("697")).await;
    desk.gateway.verify().await;
}

/// The part says what the reasons mean; after a reject as paid already, nobody is asked to send the
/// invoice again.
async fn reasons_are_explained(db: TestDatabase) {
    let desk = Desk::open(&db).await;
    let step = async || desk.gateway.attempts(&desk.ps, &desk.number).await[0].next_step.clone();
    desk.record(reject("697")).await;
    assert_eq!(desk.amc().await.families(), [RejectFamily::Duplicate]);
    let told = step().await;
    assert!(told.contains("ne pas renvoyer la facture") && !told.contains("Corriger"), "{told}");
    let twice = vec![reason("122"), reason("0250 050"), reason("A-12"), reason("707")];
    desk.record(DecisionKind::Reject { reasons: twice }).await;
    let families = desk.amc().await.families();
    assert_eq!(families, [RejectFamily::Rights, RejectFamily::PriorAgreement], "each once");
    let told = step().await;
    assert!(told.starts_with("Corriger la facture"), "{told}");
}

/// A second instalment under another reference is another payment; a deferral with other reasons
/// is another decision.
async fn instalments_and_deferrals_are_recorded_again(db: TestDatabase) {
    let desk = Desk::open(&db).await;
    let defer = |code: &str| DecisionKind::Defer { reasons: vec![reason(code)] };
    for code in ["705", "706"] {
        assert!(!desk.record(defer(code)).await.repeated, "{code}");
        assert_eq!(desk.amc().await.reasons, [reason(code)]);
    }
    let asked = desk.amc().await.asked;
    let first = Montant::from_centimes(1);
    let rest = Montant::from_centimes(asked.centimes() - 1);
    assert!(!desk.record(pay("VIR-1", first)).await.repeated);
    assert_eq!(described(&desk.amc().await), "partly_paid 1");
    assert!(!desk.record(pay("VIR-2", rest)).await.repeated);
    assert_eq!(described(&desk.amc().await), format!("paid {}", asked.centimes()));
    // The reference of the first one with another amount is a third payment.
    assert!(!desk.record(pay("VIR-1", rest)).await.repeated);
    assert!(described(&desk.amc().await).starts_with("overpaid"));
    desk.gateway.verify().await;
}

/// A reason of a line stands in the part, in the event and, with the act of the line, in the 580.
async fn a_reason_names_a_line(db: TestDatabase) {
    let desk = Desk::open(&db).await;
    let lines = desk.gateway.lines(desk.claim().await.id).await;
    let rank = u32::try_from(lines.len()).expect("few");
    let of = |line: u32| Reason { line: Some(line), ..reason("125") };
    let beyond = DecisionKind::Reject { reasons: vec![reason("122"), of(rank + 1)] };
    let refused = desk.decide(None, beyond).await;
    assert!(
        matches!(refused, Err(DecideError::UnknownLine { index: 1, .. })),
        "the second reason: {refused:?}"
    );
    desk.record(DecisionKind::Reject { reasons: vec![of(rank), reason("122")] }).await;
    let last = lines.last().expect("a line");
    let act = last.act_code.as_str().into();
    let named = Reason { act, care_date: last.care_date, ..of(rank) };
    assert_eq!(desk.amc().await.reasons, [named, reason("122")]);
    let entities = desk.gateway.rejects_file().await;
    let day = last.care_date.expect("a day");
    let care = format!("{:02}{:02}{:02}", day.day(), u8::from(day.month()), day.year() % 100);
    let expected = format!("29499AAA000125R{:<80}LC{:<5}{care}", "REJET", last.act_code);
    assert!(entities[0].starts_with(&expected), "{}\n{expected}", entities[0]);
    assert_eq!(&entities[0][117..120], format!("{rank:03}"), "number of the line");
    let whole = format!("29499AAA000122R{:<80}FC{:<5}000000", "REJET", "");
    assert!(entities[1].starts_with(&whole), "{}", entities[1]);
    desk.gateway.verify().await;
}

/// A transfer is dated between a year before the invoice and a month from now.
async fn the_date_of_a_transfer_is_bounded(db: TestDatabase) {
    let desk = Desk::open(&db).await;
    let claim = desk.claim().await;
    let today = paris_date(SystemClock.now());
    let invoiced = claim.invoice_date.expect("a date").min(paris_date(claim.received_at));
    let on = |date: Date| DecisionKind::Pay {
        reference: "VIR-1".try_into().expect("a reference"),
        date,
        amount: Montant::from_centimes(1),
    };
    for date in [invoiced - Duration::days(367), today + Duration::days(32)] {
        let refused = desk.decide(None, on(date)).await;
        assert!(matches!(refused, Err(DecideError::DateOutOfRange { .. })), "{date}: {refused:?}");
    }
    for date in [invoiced - Duration::days(366), today + Duration::days(31)] {
        desk.record(on(date)).await;
    }
}

/// A worker decides about the AMC part only; a concentrator about none.
async fn the_role_says_which_part(db: TestDatabase) {
    let desk = Desk::open(&db).await;
    let claim_id = desk.claim().await.id;
    for (role, part, is_allowed) in [
        (Role::Worker, PartKind::Amo, false),
        (Role::Concentrator, PartKind::Amc, false),
        (Role::Worker, PartKind::Amc, true),
        (Role::Operator, PartKind::Amo, true),
    ] {
        let decision = Decision {
            claim_id,
            part,
            kind: DecisionKind::Accept,
            expected_version: None,
            idempotency_key: None,
            decided_by: None,
        };
        let caller = Caller { role, ..Caller::local() };
        let outcome = desk.gateway.decisions.record(&caller, &decision).await;
        let is_refused = matches!(outcome, Err(DecideError::PartNotAllowed { .. }));
        assert_eq!((outcome.is_ok(), is_refused), (is_allowed, !is_allowed), "{role:?} {part:?}");
    }
}

/// Without registered codes each code is taken, and an unknown one gets a warning; with them, an
/// unknown one is refused. An empty label is that of the table.
async fn codes_of_reasons_are_those_of_the_insurer(db: TestDatabase) {
    let desk = Desk::open(&db).await;
    let unlabelled = |code: &str| Reason { label: "".into(), ..reason(code) };
    let kind = |code: &str| DecisionKind::Defer { reasons: vec![unlabelled(code)] };
    assert_eq!(desk.record(kind("M-12")).await.warnings, [Warning::UnknownReasonCode]);
    assert_eq!(desk.record(kind("125")).await.warnings, []);
    assert_eq!(desk.amc().await.reasons[0].label.as_str(), "Acte inconnu");
    let table = ReasonCodes::registered("M-12;Délai dépassé").expect("readable");
    let decisions = desk.gateway.decisions.clone().with_codes(Arc::new(table));
    let decision = |code: &str| Decision {
        claim_id: ClaimId(uuid::Uuid::nil()),
        part: PartKind::Amc,
        kind: kind(code),
        expected_version: None,
        idempotency_key: None,
        decided_by: None,
    };
    let refused = decisions.record(&Caller::local(), &decision("M-13")).await;
    assert!(matches!(refused, Err(DecideError::UnknownReason { index: 0, .. })), "{refused:?}");
    let known = Decision { claim_id: desk.claim().await.id, ..decision("M-12") };
    assert_eq!(decisions.record(&Caller::local(), &known).await.expect("known").warnings, []);
    assert_eq!(desk.amc().await.reasons[0].label.as_str(), "Délai dépassé");
}

on_both! {
    a_reason_names_a_line,
    the_date_of_a_transfer_is_bounded,
    the_role_says_which_part,
    codes_of_reasons_are_those_of_the_insurer,
    two_workers_with_one_version,
    a_repetition_is_never_stale,
    a_reject_is_reopened,
    reasons_are_explained,
    every_reject_of_a_worker_is_reported,
    instalments_and_deferrals_are_recorded_again,
}
