//! The full claim, its person and the access journal; event streams and their resume tokens.

use crate::grpc_support;

use futures::StreamExt as _;
use grpc_support::samples::{self, deposit, deposit_many};
use grpc_support::{Gateway, fields, reason};
use noemie_gateway::domain::Claim;
use noemie_gateway::grpc::proto::{
    GetClaimRequest, GetClaimResponse, SubscribeClaimEventsRequest, SubscribeClaimEventsResponse,
    WatchDreRequest, WatchDreResponse,
};
use noemie_gateway::limits::GrpcLimits;
use noemie_gateway::vault::PersonRecord;
use std::time::Duration;
use tonic::{Code, Request, Status, Streaming};

fn person() -> PersonRecord {
    PersonRecord {
        nir: "1000000000000".into(),
        nir_key: "00".into(),
        birth_date: "000000".into(),
        birth_rank: "1".into(),
        individual_nir: String::new(),
        member_number: "ADH1".into(),
    }
}

async fn claim_with_person(gateway: &Gateway) -> Claim {
    let claims = deposit(&gateway.store, "d", |exchange| {
        let mut new = samples::claim(exchange, 1, "d-1");
        new.claim.vault = gateway.vault.seal_person(&person(), new.claim.id.0);
        vec![new]
    });
    claims.await.remove(0).claim
}

async fn get(
    gateway: &Gateway,
    claim: &Claim,
    caller: Option<&'static str>,
    purpose: &str,
) -> Result<GetClaimResponse, Status> {
    let mut request =
        Request::new(GetClaimRequest { claim_id: claim.id.to_string(), purpose: purpose.into() });
    if let Some(caller) = caller {
        request.metadata_mut().insert("x-noemie-caller", caller.parse().expect("ASCII"));
    }
    gateway.work().get_claim(request).await.map(tonic::Response::into_inner)
}

const JOURNAL: &str = "SELECT count(*) FROM access_journal";

#[tokio::test]
async fn the_person_is_given_for_a_name_and_a_purpose_and_the_access_is_journaled() {
    let gateway = Gateway::start().await;
    let claim = claim_with_person(&gateway).await;
    let answer = get(&gateway, &claim, Some("liquidation-1"), "liquidation").await.expect("found");
    assert_eq!(answer.person.expect("the person").nir, person().nir);
    assert_eq!(
        (answer.lines.len(), answer.lines[0].amc_centimes, answer.lines[0].care_date.as_str()),
        (2, 250, "2025-03-01")
    );
    assert_eq!(answer.dre.expect("a status").claim_id, claim.id.to_string());
    let row = "SELECT count(*) FROM access_journal
        WHERE caller = 'liquidation-1, stated by local (local)' AND purpose = 'liquidation'";
    assert_eq!(gateway.number(row).await, 1, "stated name, proven name and proof");
}

#[tokio::test]
async fn without_name_or_purpose_the_person_is_withheld_and_no_access_is_journaled() {
    let gateway = Gateway::start().await;
    let claim = claim_with_person(&gateway).await;
    for (caller, purpose) in
        [(None, "liquidation"), (Some("liquidation-1"), ""), (Some(""), "liquidation")]
    {
        let answer = get(&gateway, &claim, caller, purpose).await.expect("found");
        assert!(answer.person.is_none(), "{caller:?} {purpose}");
        assert!(!answer.person_withheld.is_empty());
        assert_eq!(answer.lines.len(), 2);
    }
    assert_eq!(gateway.number(JOURNAL).await, 0);
}

#[tokio::test]
async fn a_person_that_cannot_be_opened_is_an_internal_error_with_an_id_only() {
    let gateway = Gateway::start().await;
    let claim = deposit_many(&gateway.store, "d", 1).await.remove(0).claim;
    let failed = get(&gateway, &claim, Some("liquidation-1"), "liquidation")
        .await
        .expect_err("not a sealed person");
    assert_eq!(failed.code(), Code::Internal);
    let id = failed.message().strip_prefix("internal error ").expect("only an id");
    assert!(uuid::Uuid::parse_str(id).is_ok(), "{id}");
    assert_eq!(gateway.number(JOURNAL).await, 1, "the attempt is journaled");
}

async fn subscribe(
    gateway: &Gateway,
    request: SubscribeClaimEventsRequest,
) -> Streaming<SubscribeClaimEventsResponse> {
    gateway.work().subscribe_claim_events(request).await.expect("subscribes").into_inner()
}

/// Returns the next message; fails when none comes within 10 s.
async fn next<T>(stream: &mut Streaming<T>) -> T {
    let message = tokio::time::timeout(Duration::from_secs(10), stream.next())
        .await
        .expect("a message comes");
    message.expect("the stream goes on").expect("no failure")
}

/// Returns the next message with an event, after those that say how far the stream is.
async fn next_event(
    stream: &mut Streaming<SubscribeClaimEventsResponse>,
) -> SubscribeClaimEventsResponse {
    loop {
        let message = next(stream).await;
        if message.event.is_some() {
            return message;
        }
        assert!(message.complete_up_to.is_some());
    }
}

/// Returns the position in a resume token.
fn position(token: &str) -> &str {
    token.rsplit('-').next().expect("a token has a position")
}

fn from(resume_token: &str) -> SubscribeClaimEventsRequest {
    SubscribeClaimEventsRequest {
        resume_token: resume_token.into(),
        ..SubscribeClaimEventsRequest::default()
    }
}

#[tokio::test]
async fn a_subscriber_resumes_after_the_last_token_and_follows() {
    let gateway = Gateway::start().await;
    let claims = deposit_many(&gateway.store, "a", 3).await;
    gateway.publish().await;
    let mut stream = subscribe(&gateway, from("")).await;
    let first = next(&mut stream).await;
    assert_eq!(first.event.expect("an event").claim_id, claims[0].claim.id.to_string());
    drop(stream);
    let mut resumed = subscribe(&gateway, from(&first.resume_token)).await;
    for claim in &claims[1..] {
        assert_eq!(
            next(&mut resumed).await.event.expect("an event").claim_id,
            claim.claim.id.to_string()
        );
    }
    let later =
        deposit(&gateway.store, "b", |exchange| vec![samples::claim(exchange, 9, "b-9")]).await;
    gateway.publish().await;
    assert_eq!(
        next_event(&mut resumed).await.event.expect("an event").claim_id,
        later[0].claim.id.to_string()
    );
}

#[tokio::test]
async fn an_event_is_shown_once_it_is_published() {
    let gateway = Gateway::start().await;
    let claims = deposit_many(&gateway.store, "a", 2).await;
    gateway.publish_oldest(1).await;
    let mut stream = subscribe(&gateway, from("")).await;
    // The stream read the outbox while the second event waited there, and answered the first only.
    assert_eq!(position(&next(&mut stream).await.resume_token), "1");
    gateway.publish().await;
    let second = next_event(&mut stream).await;
    assert_eq!(position(&second.resume_token), "2", "an unpublished event has no position");
    assert_eq!(second.event.expect("an event").claim_id, claims[1].claim.id.to_string());
}

#[tokio::test]
async fn events_filtered_out_still_move_the_token() {
    let gateway = Gateway::start().await;
    deposit_many(&gateway.store, "a", 3).await;
    gateway.publish().await;
    let wanted = SubscribeClaimEventsRequest { facts: vec!["paid".into()], ..from("") };
    let message = next(&mut subscribe(&gateway, wanted).await).await;
    assert_eq!((message.event, position(&message.resume_token)), (None, "3"));
    let other_amc = SubscribeClaimEventsRequest { amc_number: "0000000000".into(), ..from("") };
    let filtered = next(&mut subscribe(&gateway, other_amc).await).await;
    assert_eq!(position(&filtered.resume_token), "3");
}

#[tokio::test]
async fn wrong_subscriptions_are_refused_at_once() {
    let gateway = Gateway::start().await;
    let all_wrong = SubscribeClaimEventsRequest {
        amc_number: "zz".into(),
        facts: vec!["paid".into(), "lost".into(), "not_requested".into()],
        ..from("later")
    };
    let all_fields = ["resume_token", "facts[1]", "facts[2]", "amc_number"].as_slice();
    for (request, wrong) in [(from("-1"), ["resume_token"].as_slice()), (all_wrong, all_fields)] {
        let refused = gateway.work().subscribe_claim_events(request).await.expect_err("wrong");
        assert_eq!(fields(&refused), wrong);
    }
    let request = WatchDreRequest {
        claim_ids: vec!["x".into()],
        resume_token: "later".into(),
        ..WatchDreRequest::default()
    };
    let refused = gateway.status().watch_dre(request).await.expect_err("wrong");
    assert_eq!(fields(&refused), ["resume_token", "claim_ids[0]"]);
}

async fn watch(gateway: &Gateway, request: WatchDreRequest) -> Streaming<WatchDreResponse> {
    gateway.status().watch_dre(request).await.expect("watches").into_inner()
}

#[tokio::test]
async fn a_watcher_sees_the_claims_it_asked_for() {
    let gateway = Gateway::start().await;
    let claims = deposit_many(&gateway.store, "a", 3).await;
    gateway.publish().await;
    let wanted = claims[1].claim.id.to_string();
    let mut stream = watch(
        &gateway,
        WatchDreRequest { claim_ids: vec![wanted.clone()], ..WatchDreRequest::default() },
    )
    .await;
    let seen = next(&mut stream).await;
    assert_eq!((seen.dre.expect("a status").claim_id, position(&seen.resume_token)), (wanted, "2"));
    let past = next(&mut stream).await;
    assert_eq!((past.dre, position(&past.resume_token)), (None, "3"));
    let wrong = WatchDreRequest {
        claim_ids: vec!["x".into()],
        resume_token: String::new(),
        ..WatchDreRequest::default()
    };
    assert_eq!(
        fields(&gateway.status().watch_dre(wrong).await.expect_err("not a UUID")),
        ["claim_ids[0]"]
    );
}

#[tokio::test]
async fn streams_end_when_the_gateway_stops() {
    let gateway = Gateway::start().await;
    let mut events = subscribe(&gateway, from("")).await;
    let mut statuses = watch(&gateway, WatchDreRequest::default()).await;
    gateway.stop.cancel();
    let patience = Duration::from_secs(10);
    // Each may say first that it has caught up.
    let events = events.by_ref().collect::<Vec<_>>();
    let statuses = statuses.by_ref().collect::<Vec<_>>();
    assert!(tokio::time::timeout(patience, events).await.expect("ends").len() <= 1);
    assert!(tokio::time::timeout(patience, statuses).await.expect("ends").len() <= 1);
    tokio::time::timeout(patience, gateway.served)
        .await
        .expect("the server ends too")
        .expect("in order");
}

#[tokio::test]
async fn a_token_belongs_to_the_filters_of_its_stream() {
    let gateway = Gateway::start().await;
    let claims = deposit_many(&gateway.store, "a", 2).await;
    gateway.publish().await;
    let resume_token = next(&mut subscribe(&gateway, from("")).await).await.resume_token;
    let other = SubscribeClaimEventsRequest { facts: vec!["paid".into()], ..from(&resume_token) };
    let refused = gateway.work().subscribe_claim_events(other).await.expect_err("other facts");
    let expected = (Code::OutOfRange, "resume_token_of_other_filter".to_owned());
    assert_eq!((refused.code(), reason(&refused)), expected);
    let statuses = WatchDreRequest { resume_token, ..WatchDreRequest::default() };
    let refused = gateway.status().watch_dre(statuses).await.expect_err("another stream");
    assert_eq!((refused.code(), reason(&refused)), expected);
    let of_ps = WatchDreRequest { ps: claims[0].claim.ps.clone(), ..WatchDreRequest::default() };
    let resume_token = next(&mut watch(&gateway, of_ps.clone()).await).await.resume_token;
    let other = WatchDreRequest { resume_token: resume_token.clone(), ..Default::default() };
    let refused = gateway.status().watch_dre(other).await.expect_err("every PS");
    assert_eq!((refused.code(), reason(&refused)), expected);
    let both = WatchDreRequest { resume_token, start: "now".into(), ..of_ps };
    assert_eq!(fields(&gateway.status().watch_dre(both).await.expect_err("both")), ["start"]);
}

#[tokio::test]
async fn a_stream_starts_now_or_with_a_snapshot() {
    let gateway = Gateway::start().await;
    deposit_many(&gateway.store, "a", 150).await;
    gateway.publish().await;
    let start = |start: &str| WatchDreRequest { start: start.into(), ..Default::default() };
    let mut now = watch(&gateway, start("now")).await;
    assert_eq!(position(&next(&mut now).await.resume_token), "150", "it has caught up");
    let mut events =
        subscribe(&gateway, SubscribeClaimEventsRequest { start: "now".into(), ..from("") }).await;
    assert_eq!(next(&mut events).await.event, None);
    let mut snapshot = watch(&gateway, start("snapshot")).await;
    let mut seen = std::collections::HashSet::new();
    let complete = loop {
        let message = next(&mut snapshot).await;
        let Some(dre) = message.dre else { break message };
        assert_eq!(message.resume_token, "", "a snapshot that was cut starts again");
        assert!(seen.insert(dre.claim_id), "once");
    };
    assert!(complete.snapshot_complete && seen.len() == 150);
    assert_eq!(position(&complete.resume_token), "150");
    let later =
        deposit(&gateway.store, "b", |exchange| vec![samples::claim(exchange, 9, "b-9")]).await;
    gateway.publish().await;
    let later = later[0].claim.id.to_string();
    assert_eq!(next(&mut now).await.dre.expect("a status").claim_id, later);
    assert_eq!(next(&mut events).await.event.expect("an event").claim_id, later);
    let caught_up = next(&mut snapshot).await;
    let changed = if caught_up.dre.is_some() { caught_up } else { next(&mut snapshot).await };
    assert_eq!(changed.dre.expect("a status").claim_id, later);
}

#[tokio::test]
async fn a_silent_stream_says_how_far_it_is() {
    let limits =
        GrpcLimits { heartbeat_interval: Duration::from_millis(20), ..GrpcLimits::default() };
    let gateway = Gateway::start_within(limits).await;
    deposit_many(&gateway.store, "a", 3).await;
    gateway.publish().await;
    let wanted = SubscribeClaimEventsRequest { facts: vec!["paid".into()], ..from("") };
    let mut stream = subscribe(&gateway, wanted.clone()).await;
    for _ in 0..3 {
        let beat = next(&mut stream).await;
        assert_eq!((beat.event, position(&beat.resume_token)), (None, "3"));
        assert!(beat.complete_up_to.is_some());
    }
}

/// Readers that are cut again and again see every event once, in order, over several blocks.
#[tokio::test]
async fn readers_cut_at_random_miss_no_event_and_get_none_twice() {
    let gateway = Gateway::start().await;
    let claims = deposit_many(&gateway.store, "a", 700).await;
    gateway.publish().await;
    let expected: Vec<String> = claims.iter().map(|new| new.claim.id.to_string()).collect();
    for length in [60, 97, 256, 257] {
        let (mut seen, mut token) = (Vec::new(), String::new());
        while seen.len() < expected.len() {
            let mut stream = subscribe(&gateway, from(&token)).await;
            for _ in 0..length {
                let message = next(&mut stream).await;
                token = message.resume_token;
                let Some(event) = message.event else { break };
                seen.push(event.claim_id);
            }
        }
        assert_eq!(seen, expected, "cut after {length}");
    }
}
