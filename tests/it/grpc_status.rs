//! "Where is my invoice?": statuses, listings, history, quarantined invoices.

use crate::grpc_support;

use grpc_support::samples::{self, at, deposit, deposit_many};
use grpc_support::{Gateway, fields, reason};
use noemie_gateway::domain::{Claim, ExchangeId, Lane, PartState, Quarantined};
use noemie_gateway::grpc::proto::dre_status_result::Result as Outcome;
use noemie_gateway::grpc::proto::get_dre_status_request::Dre;
use noemie_gateway::grpc::proto::{
    BatchGetDreStatusRequest, GetDreHistoryRequest, GetDreStatusRequest, GetDreStatusResponse,
    InvoiceKey, ListDreRequest, SubscribeClaimEventsRequest,
};
use noemie_gateway::store::{NewClaim, PartChange};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

fn by_invoice(ps: &str, invoice_number: &str) -> GetDreStatusRequest {
    GetDreStatusRequest {
        dre: Some(Dre::Invoice(InvoiceKey {
            ps: ps.into(),
            invoice_number: invoice_number.into(),
        })),
        test: false,
    }
}

fn by_claim(claim_id: impl ToString) -> GetDreStatusRequest {
    GetDreStatusRequest { dre: Some(Dre::ClaimId(claim_id.to_string())), test: false }
}

async fn ask(
    gateway: &Gateway,
    request: GetDreStatusRequest,
) -> Result<GetDreStatusResponse, Status> {
    gateway.status().get_dre_status(request).await.map(tonic::Response::into_inner)
}

async fn quarantine(gateway: &Gateway, claim: &NewClaim, seconds: i64) {
    let mut unit = gateway.store.begin().await.expect("begins");
    let exchange_id = samples::open(&mut unit, &format!("q{seconds}")).await;
    let invoice = Quarantined {
        exchange_id,
        ordinal: 1,
        ps: claim.claim.ps.clone(),
        invoice_number: claim.claim.invoice_number.clone(),
        lot: "001".into(),
        codes: vec!["CLE_NIR".into(), "DATE_SOINS".into()],
        first_record: 3,
        record_count: 4,
        offset: 256,
        duplicate_of: None,
        resolved_by: None,
        at: at(seconds),
    };
    unit.insert_quarantined(&[invoice]).await.expect("quarantines");
    let mut closing = samples::closing(exchange_id, &format!("q{seconds}"), &[]);
    (closing.ledger.read, closing.ledger.quarantined) = (6, 4);
    unit.close_exchange(&closing, &samples::plain_link).await.expect("closes");
    unit.commit().await.expect("commits");
}

async fn list(gateway: &Gateway, request: ListDreRequest) -> (Vec<String>, String) {
    let page = gateway.status().list_dre(request).await.expect("lists").into_inner();
    (page.dre.into_iter().map(|dre| dre.claim_id).collect(), page.next_page_token)
}

#[tokio::test]
async fn a_claim_is_found_by_its_id_and_by_its_invoice() {
    let gateway = Gateway::start().await;
    let claim = deposit_many(&gateway.store, "d", 1).await.remove(0).claim;
    let by_id = ask(&gateway, by_claim(claim.id)).await.expect("found");
    let by_number =
        ask(&gateway, by_invoice(&claim.ps, &claim.invoice_number)).await.expect("found");
    assert_eq!(by_id, by_number);
    let dre = by_id.dre.expect("a status");
    assert_eq!(
        (dre.state.as_str(), dre.label.as_str()),
        ("received", "Reçue, en cours de traitement")
    );
    assert_eq!(
        (
            dre.total_centimes,
            dre.amc.expect("amc").asked_centimes,
            dre.amo.expect("amo").asked_centimes
        ),
        (1500, 500, 1000)
    );
    assert_eq!(
        dre.next_step,
        "Réponse de l'organisme complémentaire attendue, au plus tard le 14/03/2025 ; réponse de \
         l'assurance maladie obligatoire attendue."
    );
    assert_eq!(
        dre.due_at.expect("a due date").seconds,
        claim.due_at.expect("a limit").unix_timestamp()
    );
    assert!(!dre.overdue);
}

#[tokio::test]
async fn the_test_lane_is_shown_to_those_who_ask_for_it() {
    let gateway = Gateway::start().await;
    let claims = deposit(&gateway.store, "d", |id| {
        let mut claims = vec![samples::claim(id, 1, "real"), samples::claim(id, 2, "test")];
        claims[1].claim.lane = Lane::Test;
        claims
    })
    .await;
    let [real, test] = [&claims[0].claim, &claims[1].claim];
    let dre = ask(&gateway, by_claim(test.id)).await.expect("an id names either lane").dre;
    assert!(dre.expect("a status").test);
    for (test_lane, shown, hidden) in [(false, real, test), (true, test, real)] {
        let request = ListDreRequest { test: test_lane, ..Default::default() };
        assert_eq!(list(&gateway, request).await.0, [shown.id.to_string()]);
        let of = |claim: &Claim| GetDreStatusRequest {
            test: test_lane,
            ..by_invoice(&claim.ps, &claim.invoice_number)
        };
        let dre = ask(&gateway, of(shown)).await.expect("found").dre.expect("a status");
        assert_eq!((dre.claim_id, dre.test), (shown.id.to_string(), test_lane));
        let absent = ask(&gateway, of(hidden)).await.expect_err("in the other lane");
        assert_eq!(absent.code(), Code::NotFound);
    }
    gateway.publish().await;
    let request = SubscribeClaimEventsRequest { test: true, ..Default::default() };
    let mut events = gateway.work().subscribe_claim_events(request).await.unwrap().into_inner();
    let event = events.message().await.unwrap().expect("an event").event.expect("a claim event");
    assert_eq!((event.claim_id, event.test), (test.id.to_string(), true));
}

#[tokio::test]
async fn a_claim_past_its_limit_is_overdue() {
    let gateway = Gateway::start().await;
    let claim = deposit_many(&gateway.store, "d", 1).await.remove(0).claim;
    gateway.clock.advance(5 * 24 * 3600);
    let dre = ask(&gateway, by_claim(claim.id)).await.expect("found").dre.expect("a status");
    assert!(dre.overdue);
    assert_eq!(
        dre.next_step,
        "Réponse de l'organisme complémentaire attendue ; échéance dépassée depuis le 14/03/2025 ; \
         réponse de l'assurance maladie obligatoire attendue."
    );
    let overdue = ListDreRequest { overdue: true, ..ListDreRequest::default() };
    assert_eq!(list(&gateway, overdue).await.0, [claim.id.to_string()]);
}

#[tokio::test]
async fn a_quarantined_invoice_has_a_status() {
    let gateway = Gateway::start().await;
    let never_loaded = samples::claim(ExchangeId(samples::new_id()), 9, "never loaded");
    quarantine(&gateway, &never_loaded, 0).await;
    let found =
        ask(&gateway, by_invoice(&never_loaded.claim.ps, "000000009")).await.expect("found");
    let dre = found.dre.expect("a status");
    assert_eq!((dre.state.as_str(), dre.claim_id.as_str()), ("quarantined", ""));
    assert_eq!(dre.next_step, "Corriger la facture (CLE_NIR, DATE_SOINS) et l'envoyer de nouveau.");
    assert_eq!(dre.quarantine.expect("its quarantine").codes, ["CLE_NIR", "DATE_SOINS"]);
}

#[tokio::test]
async fn a_claim_names_the_later_copy_that_waits() {
    let gateway = Gateway::start().await;
    let claim = deposit_many(&gateway.store, "d", 1).await.remove(0);
    quarantine(&gateway, &claim, 60).await;
    let dre = ask(&gateway, by_claim(claim.claim.id)).await.expect("found").dre.expect("a status");
    assert_eq!((dre.state.as_str(), dre.quarantine.is_some()), ("received", true));
}

#[tokio::test]
async fn the_newest_claim_answers_and_names_the_others() {
    let gateway = Gateway::start().await;
    let first = deposit_many(&gateway.store, "d", 1).await.remove(0).claim;
    let mut unit = gateway.store.begin().await.expect("begins");
    let change = PartChange { claim_id: first.id, part: samples::rejected(&first, at(1)) };
    unit.update_parts(&[change]).await.expect("rejects");
    unit.commit().await.expect("commits");
    let resent = deposit(&gateway.store, "again", |exchange| {
        let mut claim = samples::claim(exchange, 1, "d-1");
        (claim.claim.received_at, claim.claim.corrects) = (at(60), Some(first.id));
        vec![claim]
    });
    let resent = resent.await.remove(0).claim;
    let found = ask(&gateway, by_invoice(&first.ps, &first.invoice_number)).await.expect("found");
    let dre = found.dre.expect("a status");
    assert_eq!((dre.claim_id, dre.corrects), (resent.id.to_string(), Some(first.id.to_string())));
    assert_eq!(found.other_claim_ids, [first.id.to_string()]);
}

#[tokio::test]
async fn numbers_are_found_as_people_type_them() {
    let gateway = Gateway::start().await;
    let claim = deposit_many(&gateway.store, "d", 1).await.remove(0).claim;
    let ps = format!(" {} {}-{} ", &claim.ps[..3], &claim.ps[3..8], &claim.ps[8..]);
    let number = claim.invoice_number.trim_start_matches('0');
    assert!(number.len() < 9, "{number}");
    let found = ask(&gateway, by_invoice(&ps, number)).await.expect("found");
    assert_eq!(found.dre.expect("a status").claim_id, claim.id.to_string());
    let listed = ListDreRequest { ps, invoice_number: number.into(), ..ListDreRequest::default() };
    assert_eq!(list(&gateway, listed).await.0, [claim.id.to_string()]);
    // Of a number that is not found, the form alone says what may be missing.
    let without_key = by_invoice(&claim.ps[..8], &claim.invoice_number);
    let refused = ask(&gateway, without_key).await.expect_err("nothing is added");
    let details = refused.get_error_details();
    let info = details.error_info().expect("a reason");
    assert_eq!((refused.code(), info.reason.as_str()), (Code::NotFound, "invoice_not_found"));
    assert!(info.metadata["hint"].starts_with("Un numéro a 9 caractères"), "{info:?}");
}

#[tokio::test]
async fn an_unknown_claim_and_a_wrong_request_have_different_codes() {
    let gateway = Gateway::start().await;
    let unknown =
        ask(&gateway, by_invoice("123456782", "000000001")).await.expect_err("nothing here");
    assert_eq!((unknown.code(), reason(&unknown).as_str()), (Code::NotFound, "invoice_not_found"));
    let no_claim = ask(&gateway, by_claim(samples::new_id())).await.expect_err("no such claim");
    assert_eq!((no_claim.code(), reason(&no_claim).as_str()), (Code::NotFound, "claim_not_found"));
    assert_eq!(fields(&ask(&gateway, by_claim("12")).await.expect_err("not a UUID")), ["claim_id"]);
    assert_eq!(
        fields(&ask(&gateway, by_invoice("", "")).await.expect_err("empty")),
        ["invoice.ps", "invoice.invoice_number"]
    );
    assert_eq!(
        fields(
            &ask(&gateway, GetDreStatusRequest { dre: None, test: false })
                .await
                .expect_err("nothing asked")
        ),
        ["dre"]
    );
}

#[tokio::test]
async fn a_batch_answers_each_request_in_order() {
    let gateway = Gateway::start().await;
    let claim = deposit_many(&gateway.store, "d", 1).await.remove(0).claim;
    let requests = vec![by_claim("wrong"), by_claim(claim.id), by_claim(samples::new_id())];
    let answer = gateway
        .status()
        .batch_get_dre_status(BatchGetDreStatusRequest { requests })
        .await
        .expect("answers")
        .into_inner();
    let answers = answer.results.into_iter().map(|result| match result.result.expect("a result") {
        Outcome::Found(found) => found.dre.expect("a status").claim_id,
        Outcome::Error(error) => error.code,
    });
    assert_eq!(
        answers.collect::<Vec<_>>(),
        ["INVALID_ARGUMENT", &claim.id.to_string(), "NOT_FOUND"]
    );
}

#[tokio::test]
async fn pages_show_every_claim_once() {
    let gateway = Gateway::start().await;
    let written = deposit_many(&gateway.store, "d", 7).await;
    let mut seen = Vec::new();
    let mut page_token = String::new();
    loop {
        let (claims, next) = list(
            &gateway,
            ListDreRequest { page_size: 3, page_token, ..ListDreRequest::default() },
        )
        .await;
        assert!(claims.len() <= 3);
        seen.extend(claims);
        page_token = next;
        if page_token.is_empty() {
            break;
        }
    }
    let first =
        ListDreRequest { page_size: 3, ps: "123456782".into(), ..ListDreRequest::default() };
    let (_, page_token) = list(&gateway, first.clone()).await;
    for other in [
        ListDreRequest { ps: String::new(), ..first.clone() },
        ListDreRequest { overdue: true, ..first.clone() },
        ListDreRequest { part: "amo".into(), ..first.clone() },
        ListDreRequest { paid_from: "2026-11-21".into(), ..first.clone() },
    ] {
        let request = ListDreRequest { page_token: page_token.clone(), ..other };
        let refused = gateway.status().list_dre(request).await.expect_err("of another filter");
        assert_eq!(
            (refused.code(), reason(&refused).as_str()),
            (Code::InvalidArgument, "page_token_of_other_filter")
        );
    }
    let same = ListDreRequest { page_token, page_size: 2, ..first };
    assert_eq!(list(&gateway, same).await.0.len(), 2, "a page may have another size");
    seen.sort();
    let mut expected: Vec<String> = written.iter().map(|new| new.claim.id.to_string()).collect();
    expected.sort();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn filters_narrow_the_list() {
    let gateway = Gateway::start().await;
    let claims = deposit_many(&gateway.store, "d", 3).await;
    let paid = &claims[1].claim;
    let mut unit = gateway.store.begin().await.expect("begins");
    let part = |part: &noemie_gateway::domain::ClaimPart| PartChange {
        claim_id: paid.id,
        part: noemie_gateway::domain::ClaimPart { state: PartState::Paid, ..part.clone() },
    };
    unit.update_parts(&[part(&paid.amo), part(&paid.amc)]).await.expect("pays");
    unit.commit().await.expect("commits");
    let none = ListDreRequest::default;
    let instant =
        |seconds| Some(prost_types::Timestamp { seconds: at(seconds).unix_timestamp(), nanos: 0 });
    for (filter, expected) in [
        (ListDreRequest { status: "paid".into(), ..none() }, 1),
        (ListDreRequest { invoice_number: "000000003".into(), ..none() }, 1),
        (ListDreRequest { sender: "octest".into(), ps: "123456782".into(), ..none() }, 3),
        (ListDreRequest { sender: "another".into(), ..none() }, 0),
        (ListDreRequest { received_from: instant(1), ..none() }, 0),
        (ListDreRequest { received_before: instant(1), ..none() }, 3),
        (ListDreRequest { exchange_id: paid.exchange_id.to_string(), ..none() }, 3),
        (ListDreRequest { part_state: "paid".into(), ..none() }, 1),
        (ListDreRequest { part_state: "received".into(), part: "amo".into(), ..none() }, 2),
        (ListDreRequest { flagged: true, ..none() }, 0),
        (ListDreRequest { flag: "paid_twice".into(), ..none() }, 0),
        (ListDreRequest { transfer: "VIR".into(), ..none() }, 0),
        (ListDreRequest { paid_before: "2026-11-21".into(), ..none() }, 0),
        (ListDreRequest { lot: paid.lot.clone(), ..none() }, 3),
        (ListDreRequest { amc_number: paid.amc_number.clone(), ..none() }, 3),
        (ListDreRequest { person_token: paid.person.0.clone(), ..none() }, 3),
    ] {
        assert_eq!(list(&gateway, filter.clone()).await.0.len(), expected, "{filter:?}");
    }
}

#[tokio::test]
async fn wrong_filters_are_named_at_once() {
    let gateway = Gateway::start().await;
    let request = ListDreRequest {
        exchange_id: "x".into(),
        status: "lost".into(),
        received_from: Some(prost_types::Timestamp { seconds: i64::MAX, nanos: 0 }),
        page_size: -1,
        page_token: "page two".into(),
        amc_number: "12".into(),
        part: "third".into(),
        part_state: "lost".into(),
        flag: "red".into(),
        paid_from: "21/11/2026".into(),
        ..ListDreRequest::default()
    };
    let refused = gateway.status().list_dre(request).await.expect_err("ten wrong fields");
    assert_eq!(
        fields(&refused),
        [
            "exchange_id",
            "amc_number",
            "status",
            "part",
            "part_state",
            "flag",
            "paid_from",
            "received_from",
            "page_size",
            "page_token"
        ]
    );
}

#[tokio::test]
async fn the_history_is_every_event_in_order() {
    let gateway = Gateway::start().await;
    let claim = deposit_many(&gateway.store, "d", 1).await.remove(0).claim;
    let request = |claim_id: String| GetDreHistoryRequest { claim_id };
    let events = gateway
        .status()
        .get_dre_history(request(claim.id.to_string()))
        .await
        .expect("found")
        .into_inner()
        .events;
    assert_eq!(
        events.iter().map(|event| (event.sequence, event.fact.as_str())).collect::<Vec<_>>(),
        [(1, "received")]
    );
    assert_eq!(events[0].person, "person-token");
    let unknown = gateway
        .status()
        .get_dre_history(request(samples::new_id().to_string()))
        .await
        .expect_err("no such claim");
    assert_eq!(unknown.code(), Code::NotFound);
}
