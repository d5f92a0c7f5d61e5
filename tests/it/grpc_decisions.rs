//! Decisions of workers over gRPC: life cycle, repetition, refusals.

use crate::grpc_support;

use grpc_support::samples::{self, deposit_many};
use grpc_support::{Gateway, fields, reason};
use noemie_gateway::domain::Scope;
use noemie_gateway::domain::{ClaimId, PartState};
use noemie_gateway::grpc::proto::decision::Kind;
use noemie_gateway::grpc::proto::decision_result::Result as Outcome;
use noemie_gateway::grpc::proto::{
    Accept, BatchRecordDecisionsRequest, Decision, Defer, GetClaimRequest, Pay, Reason,
    RecordDecisionRequest, RecordDecisionResponse, Recover, Reject, Reopen,
};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

async fn one_claim(gateway: &Gateway) -> ClaimId {
    deposit_many(&gateway.store, "d", 1).await[0].claim.id
}

fn decision(claim: ClaimId, key: &str, kind: Kind) -> Decision {
    Decision {
        claim_id: claim.to_string(),
        part: String::new(),
        expected_version: None,
        idempotency_key: key.into(),
        kind: Some(kind),
    }
}

async fn record(gateway: &Gateway, decision: Decision) -> Result<RecordDecisionResponse, Status> {
    let answer =
        gateway.work().record_decision(RecordDecisionRequest { decision: Some(decision) }).await;
    answer.map(tonic::Response::into_inner)
}

fn accept() -> Kind {
    Kind::Accept(Accept {})
}

fn reject(code: &str) -> Kind {
    Kind::Reject(Reject {
        reasons: vec![Reason {
            code: code.into(),
            label: "Bénéficiaire inconnu".into(),
            ..Reason::default()
        }],
    })
}

fn pay(amount_centimes: i64) -> Kind {
    Kind::Pay(Pay {
        transfer_reference: "VIR-42".into(),
        transfer_date: "2025-03-12".into(),
        amount_centimes,
    })
}

fn amc_state(answer: &RecordDecisionResponse) -> &str {
    answer.dre.as_ref().and_then(|dre| dre.amc.as_ref()).map_or("", |amc| &amc.state)
}

#[tokio::test]
async fn a_claim_is_accepted_paid_and_recovered() {
    let gateway = Gateway::start().await;
    let claim = one_claim(&gateway).await;
    let accepted = record(&gateway, decision(claim, "k1", accept())).await.expect("accepts");
    assert_eq!((amc_state(&accepted), accepted.repeated), ("accepted", false));
    let paid = record(&gateway, decision(claim, "k2", pay(500))).await.expect("pays");
    let dre = paid.dre.as_ref().expect("a status");
    assert_eq!((dre.state.as_str(), amc_state(&paid)), ("partly_paid", "paid"));
    assert!(paid.warnings.is_empty());
    assert_eq!(
        dre.next_step,
        "Payée par l'organisme complémentaire (virement VIR-42 du 12/03/2025) ; réponse de \
         l'assurance maladie obligatoire attendue."
    );
    assert_eq!(dre.due_at, None);
    let back = Kind::Recover(Recover { reference: "IND-7".into(), amount_centimes: 200 });
    let recovered = record(&gateway, decision(claim, "k3", back)).await.expect("recovers");
    assert_eq!(recovered.warnings[0].code, "partial_recovery");
    assert_eq!(recovered.dre.expect("a status").amc.expect("a part").paid_centimes, 300);
    let history = gateway.store.claim_history(&Scope::everything(), claim).await.expect("reads");
    let events: Vec<(u64, PartState)> =
        history.iter().map(|event| (event.sequence, event.fact)).collect();
    use PartState::{Accepted, Paid, PartlyPaid, Received};
    assert_eq!(events, [(1, Received), (2, Accepted), (3, Paid), (4, PartlyPaid)]);
    assert_eq!(history[2].event_id.to_string(), paid.event_id.expect("an event"));
}

#[tokio::test]
async fn a_decision_on_another_version_is_refused_with_the_present_one() {
    let gateway = Gateway::start().await;
    let claim = one_claim(&gateway).await;
    let on =
        |version, kind| Decision { expected_version: Some(version), ..decision(claim, "", kind) };
    let accepted = record(&gateway, on(1, accept())).await.expect("the version of the event");
    assert_eq!(accepted.dre.map(|dre| dre.version), Some(2));
    let stale = record(&gateway, on(1, reject("122"))).await.expect_err("another version");
    let info = stale.get_error_details().error_info().cloned().expect("a reason");
    let version = info.metadata.get("version").map(String::as_str);
    assert_eq!(
        (stale.code(), info.reason.as_str(), version),
        (Code::Aborted, "stale_version", Some("2"))
    );
    let batch = BatchRecordDecisionsRequest { decisions: vec![on(1, reject("122"))] };
    let answer = gateway.work().batch_record_decisions(batch).await.expect("answers").into_inner();
    let Some(Outcome::Error(error)) = answer.results[0].result.clone() else {
        panic!("{answer:?}")
    };
    assert_eq!((error.code.as_str(), error.reason.as_str()), ("ABORTED", "stale_version"));
    assert_eq!(error.metadata["version"], "2");
    let wrong = record(&gateway, on(0, accept())).await.expect_err("no version");
    assert_eq!(fields(&wrong), ["decision.expected_version"]);
    let request = GetClaimRequest { claim_id: claim.to_string(), ..Default::default() };
    let full = gateway.work().get_claim(request).await.expect("reads").into_inner();
    assert_eq!(full.dre.map(|dre| dre.version), Some(2));
}

#[tokio::test]
async fn a_reopening_needs_a_reject_and_a_reason() {
    let gateway = Gateway::start().await;
    let claim = one_claim(&gateway).await;
    let reopen = |reason: &str| Kind::Reopen(Reopen { reason: reason.into() });
    let early = record(&gateway, decision(claim, "", reopen("erreur"))).await.expect_err("early");
    assert_eq!((early.code(), reason(&early).as_str()), (Code::FailedPrecondition, "not_rejected"));
    let silent = record(&gateway, decision(claim, "", reopen(" "))).await.expect_err("no reason");
    assert_eq!(fields(&silent), ["decision.reopen.reason"]);
    record(&gateway, decision(claim, "", reject("122"))).await.expect("rejects");
    let open = record(&gateway, decision(claim, "k", reopen("erreur"))).await.expect("reopens");
    assert_eq!(amc_state(&open), "received");
    record(&gateway, decision(claim, "", reject("122"))).await.expect("rejects again");
    let again = record(&gateway, decision(claim, "k", reopen("erreur"))).await.expect("repeats");
    assert_eq!((again.repeated, amc_state(&again)), (true, "rejected"));
}

#[tokio::test]
async fn the_same_key_gets_the_same_answer_and_another_decision_is_refused() {
    let gateway = Gateway::start().await;
    let claim = one_claim(&gateway).await;
    let first = record(&gateway, decision(claim, "k", accept())).await.expect("accepts");
    record(&gateway, decision(claim, "", pay(500))).await.expect("pays");
    let again = record(&gateway, decision(claim, "k", accept())).await.expect("repeats");
    assert_eq!((again.event_id, again.repeated), (first.event_id, true));
    let refused =
        record(&gateway, decision(claim, "k", reject("122"))).await.expect_err("another decision");
    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (Code::AlreadyExists, "idempotency_key_reused")
    );
    assert_eq!(
        gateway.store.claim_history(&Scope::everything(), claim).await.expect("reads").len(),
        3
    );
}

#[tokio::test]
async fn the_present_state_repeats_without_a_key() {
    let gateway = Gateway::start().await;
    let claim = one_claim(&gateway).await;
    record(&gateway, decision(claim, "", reject("122"))).await.expect("rejects");
    let again = record(&gateway, decision(claim, "", reject("122"))).await.expect("repeats");
    assert_eq!((again.event_id, again.repeated), (None, true));
    let other = record(&gateway, decision(claim, "", reject("999"))).await.expect("rejects");
    assert!(!other.repeated && other.event_id.is_some(), "other reasons are another decision");
    assert_eq!(
        gateway.store.claim_history(&Scope::everything(), claim).await.expect("reads").len(),
        3
    );
}

#[tokio::test]
async fn a_key_of_a_decision_without_event_is_kept() {
    let gateway = Gateway::start().await;
    let claim = one_claim(&gateway).await;
    record(&gateway, decision(claim, "k1", accept())).await.expect("accepts");
    record(&gateway, decision(claim, "k2", accept())).await.expect("was there");
    record(&gateway, decision(claim, "k3", pay(500))).await.expect("pays");
    let late = record(&gateway, decision(claim, "k2", accept()))
        .await
        .expect("repeats, although the claim went on");
    assert_eq!((late.event_id, late.repeated), (None, true));
}

#[tokio::test]
async fn a_reject_after_acceptance_is_named_so() {
    let gateway = Gateway::start().await;
    let claim = one_claim(&gateway).await;
    record(&gateway, decision(claim, "", accept())).await.expect("accepts");
    let rejected = record(&gateway, decision(claim, "", reject("122"))).await.expect("rejects");
    assert_eq!(amc_state(&rejected), "rejected_after_acceptance");
    let again = record(&gateway, decision(claim, "", reject("122"))).await.expect("repeats");
    assert!(again.repeated);
}

#[tokio::test]
async fn a_payment_after_a_reject_is_kept_and_flagged() {
    let gateway = Gateway::start().await;
    let claim = one_claim(&gateway).await;
    record(&gateway, decision(claim, "", reject("122"))).await.expect("rejects");
    let paid = record(&gateway, decision(claim, "k", pay(500))).await.expect("money is a fact");
    let amc = paid.dre.expect("a status").amc.expect("a part");
    let flags: Vec<&str> = amc.flags.iter().map(|flag| flag.code.as_str()).collect();
    assert_eq!((amc.state.as_str(), flags), ("paid", vec!["paid_and_rejected"]));
    assert_eq!(gateway.number("SELECT count(*) FROM decisions").await, 2);
}

/// A second recovery under the reference of the first one, with another amount, is another one.
#[tokio::test]
async fn two_recoveries_of_one_reference_are_two_when_their_amounts_differ() {
    let gateway = Gateway::start().await;
    let claim = one_claim(&gateway).await;
    record(&gateway, decision(claim, "", pay(500))).await.expect("pays");
    let back =
        |amount_centimes| Kind::Recover(Recover { reference: "IND-7".into(), amount_centimes });
    let paid = |recorded: &RecordDecisionResponse| {
        recorded.dre.clone().expect("a status").amc.expect("a part").paid_centimes
    };
    let first = record(&gateway, decision(claim, "", back(200))).await.expect("recovers");
    let again = record(&gateway, decision(claim, "", back(200))).await.expect("repeats");
    assert_eq!((paid(&first), paid(&again), again.repeated), (300, 300, true));
    let second = record(&gateway, decision(claim, "", back(100))).await.expect("recovers");
    assert_eq!((paid(&second), second.repeated), (200, false));
}

#[tokio::test]
async fn a_deferred_part_is_decided_later() {
    let gateway = Gateway::start().await;
    let claim = one_claim(&gateway).await;
    let deferred =
        record(&gateway, decision(claim, "", Kind::Defer(Defer { reasons: Vec::new() })))
            .await
            .expect("defers");
    assert_eq!(deferred.dre.expect("a status").state, "deferred");
    let accepted = record(&gateway, decision(claim, "", accept())).await.expect("accepts");
    assert_eq!(amc_state(&accepted), "accepted");
}

#[tokio::test]
async fn an_amount_above_the_amount_asked_is_refused() {
    let gateway = Gateway::start().await;
    let claim = one_claim(&gateway).await;
    let too_much =
        record(&gateway, decision(claim, "", pay(501))).await.expect_err("more than asked");
    assert_eq!(
        (too_much.code(), fields(&too_much)),
        (Code::InvalidArgument, vec!["decision.pay.amount_centimes".to_owned()])
    );
    let partial = record(&gateway, decision(claim, "k", pay(400))).await.expect("pays less");
    assert_eq!(
        (amc_state(&partial), partial.warnings[0].code.as_str()),
        ("partly_paid", "partial_payment")
    );
    let again = record(&gateway, decision(claim, "k", pay(400))).await.expect("repeats");
    assert_eq!(again.warnings, partial.warnings);
    let without_key = record(&gateway, decision(claim, "", pay(400))).await.expect("repeats");
    assert!(without_key.repeated && without_key.warnings == partial.warnings);
}

#[tokio::test]
async fn the_amo_part_is_decided_on_its_own() {
    let gateway = Gateway::start().await;
    let claim = one_claim(&gateway).await;
    let amo = Decision { part: "amo".into(), ..decision(claim, "", pay(1000)) };
    let dre = record(&gateway, amo).await.expect("pays").dre.expect("a status");
    assert_eq!(
        (dre.amo.expect("amo").state.as_str(), dre.amc.expect("amc").state.as_str()),
        ("paid", "received")
    );
}

#[tokio::test]
async fn every_wrong_field_is_named_at_once() {
    let gateway = Gateway::start().await;
    let kind = Kind::Pay(Pay {
        transfer_reference: String::new(),
        transfer_date: "12/03/2025".into(),
        amount_centimes: 0,
    });
    let wrong = Decision {
        claim_id: "not-a-uuid".into(),
        part: "amx".into(),
        expected_version: None,
        idempotency_key: "k".repeat(129),
        kind: Some(kind),
    };
    let refused = record(&gateway, wrong).await.expect_err("five wrong fields");
    assert_eq!(refused.code(), Code::InvalidArgument);
    let named = fields(&refused);
    let expected = [
        "claim_id",
        "part",
        "idempotency_key",
        "pay.transfer_reference",
        "pay.transfer_date",
        "pay.amount_centimes",
    ];
    assert_eq!(named, expected.map(|field| format!("decision.{field}")));
    let empty = gateway
        .work()
        .record_decision(RecordDecisionRequest { decision: None })
        .await
        .expect_err("nothing given");
    assert_eq!(fields(&empty), ["decision"]);
}

#[tokio::test]
async fn an_unknown_claim_is_not_found() {
    let gateway = Gateway::start().await;
    let refused = record(&gateway, decision(ClaimId(samples::new_id()), "", accept()))
        .await
        .expect_err("no such claim");
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::NotFound, "claim_not_found"));
}

#[tokio::test]
async fn a_bad_decision_of_a_batch_is_an_error_of_its_own_item() {
    let gateway = Gateway::start().await;
    let claims = deposit_many(&gateway.store, "d", 2).await;
    let unknown = ClaimId(samples::new_id());
    let decisions = vec![
        decision(claims[0].claim.id, "", accept()),
        decision(unknown, "", accept()),
        decision(claims[1].claim.id, "", Kind::Reject(Reject { reasons: Vec::new() })),
        decision(claims[1].claim.id, "", pay(500)),
    ];
    let answer = gateway
        .work()
        .batch_record_decisions(BatchRecordDecisionsRequest { decisions })
        .await
        .expect("answers");
    let answers = answer.into_inner().results.into_iter().map(|result| {
        match result.result.expect("a result") {
            Outcome::Recorded(recorded) => amc_state(&recorded).to_owned(),
            Outcome::Error(error) => error.code,
        }
    });
    assert_eq!(answers.collect::<Vec<_>>(), ["accepted", "NOT_FOUND", "INVALID_ARGUMENT", "paid"]);
    let too_many = vec![decision(unknown, "", accept()); 101];
    let refused = gateway
        .work()
        .batch_record_decisions(BatchRecordDecisionsRequest { decisions: too_many })
        .await
        .expect_err("101 items");
    assert_eq!(fields(&refused), ["decisions"]);
}

#[tokio::test]
async fn concurrent_copies_of_a_decision_are_recorded_once() {
    let gateway = Gateway::start().await;
    let claim = one_claim(&gateway).await;
    let calls = (0..8).map(|_| record(&gateway, decision(claim, "one key", accept())));
    let answers: Vec<_> = futures::future::join_all(calls)
        .await
        .into_iter()
        .map(|answer| answer.expect("accepts"))
        .collect();
    assert_eq!(answers.iter().filter(|answer| !answer.repeated).count(), 1);
    assert!(answers.iter().all(|answer| answer.event_id == answers[0].event_id));
    assert_eq!(
        gateway.store.claim_history(&Scope::everything(), claim).await.expect("reads").len(),
        2
    );
}

#[tokio::test]
async fn get_claim_says_who_decided() {
    let gateway = Gateway::start().await;
    let claim = one_claim(&gateway).await;
    let mut request = tonic::Request::new(RecordDecisionRequest {
        decision: Some(decision(claim, "k1", accept())),
    });
    request.metadata_mut().insert("x-noemie-caller", "marie".parse().expect("a name"));
    let accepted = gateway.work().record_decision(request).await.expect("accepts").into_inner();
    record(&gateway, decision(claim, "", pay(500))).await.expect("pays without key");
    record(&gateway, decision(claim, "", pay(500))).await.expect("repeats without key");
    record(&gateway, decision(claim, "k2", pay(500))).await.expect("repeats under a new key");
    let request = GetClaimRequest { claim_id: claim.to_string(), ..Default::default() };
    let full = gateway.work().get_claim(request).await.expect("reads").into_inner();
    let seen: Vec<(&str, &str, &str, bool)> = full
        .decisions
        .iter()
        .map(|d| (d.kind.as_str(), d.part.as_str(), d.author.as_str(), d.event_id.is_some()))
        .collect();
    let expected =
        [("accept", "amc", "marie", true), ("pay", "amc", "", true), ("pay", "amc", "", false)];
    assert_eq!(seen, expected, "a repetition without key leaves no decision");
    let first = &full.decisions[0];
    assert_eq!(first.event_id, accepted.event_id);
    assert_eq!(
        [&first.caller, &first.caller_role, &first.caller_proof],
        ["local", "operator", "local"]
    );
    assert!(first.decided_at.is_some() && first.label == "Acceptation");
    assert_eq!(full.date_limite_reponse_amc, "25031318");
}
