//! `outbox resend` by the program itself: events that the broker lost arrive again, under the same
//! ids and in the order of their claims, and `verify` still fits. Without a broker it says why
//! nothing is sent.

use crate::on_both;
use crate::support;

use broker::{Broker, Message, on_broker};
use gateway::{Gateway, eventually};
use noemie_gateway::generate::{self, Options, Profile};
use noemie_gateway::grpc::proto::{Accept, DreStatus, decision::Kind};
use serde_json::Value;
use std::process::Output;
use std::time::Duration;
use support::broker;
use support::databases::TestDatabase;
use support::gateway;

const INVOICES: u64 = 12;
const EVENTS: usize = 12;
const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const LIMIT: Duration = Duration::from_secs(60);

fn dre() -> Vec<u8> {
    let options = Options { profile: Profile::Pharmacie, invoices: INVOICES, ..Options::default() };
    let mut bytes = Vec::new();
    generate::dre(&options, &mut bytes).expect("generates");
    bytes
}

fn passes(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn resend(gateway: &Gateway, arguments: &[&str]) -> Output {
    let whole = [&["outbox", "resend", "--why", "the broker lost its disk"], arguments].concat();
    gateway.run_beside(&whole)
}

fn ids(messages: &[Message]) -> Vec<String> {
    let mut ids: Vec<String> = messages.iter().map(|message| message.id.clone()).collect();
    ids.sort();
    ids
}

fn life_of<'a>(claim: &str, messages: &'a [Message]) -> Vec<&'a Value> {
    let of_claim = messages.iter().filter(|message| message.body["claimId"] == claim);
    of_claim.map(|message| &message.body["sequence"]).collect()
}

async fn lost_events_arrive_again(db: TestDatabase) {
    on_broker(|broker| async move { resend_to(&broker, &db).await }).await;
}

async fn resend_to(broker: &Broker, db: &TestDatabase) {
    let directory = tempfile::tempdir().expect("a directory");
    let (prefix, url) = (broker.prefix(), broker.url());
    let settings = [
        ("NOEMIE_DATABASE_URL", db.url.as_str()),
        ("NOEMIE_AMQP_URL", url.as_str()),
        ("NOEMIE_AMQP_PREFIX", prefix.as_str()),
    ];
    let gateway = Gateway::start(directory.path(), &settings).await;
    let mut consumer = broker.consume().await;
    gateway.drop_file("oct1", "a.b2", &dre());
    let mut sent = consumer.messages(EVENTS).await;
    let exchange = gateway.exchanges().await.remove(0).exchange_id;
    let claims = gateway.claims().await;
    let waits = |claim: &DreStatus| claim.amc.as_ref().is_some_and(|amc| amc.state == "received");
    let claim = claims.into_iter().find(waits).expect("a claim that waits for its insurer");
    gateway.decide(&claim.claim_id, "key", Kind::Accept(Accept {})).await;
    sent.extend(consumer.messages(1).await);
    until_published(&gateway).await;

    // A dry run changes nothing; a resend over its limit neither.
    let shown = passes(&resend(&gateway, &["--exchange", &exchange]));
    assert!(
        shown.starts_with("13 events would be published again.\nfirst: position 1,"),
        "{shown}"
    );
    assert!(shown.contains("\nlast: position 13, event "), "{shown}");
    let refused = resend(&gateway, &["--exchange", &exchange, "--limit", "12", "--yes"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains("13 events would be published again, and the limit is 12"), "{said}");

    // The decision follows the event of its deposit, though no exchange told it.
    let json = ["--exchange", &exchange, "--yes", "--format", "json"];
    let answer: Value = serde_json::from_str(&passes(&resend(&gateway, &json))).expect("JSON");
    assert_eq!(answer["resend"]["events"], 13, "{answer}");
    let again = consumer.messages(13).await;
    until_published(&gateway).await;
    assert_eq!(ids(&again), ids(&sent), "the same events under the same ids");
    assert_eq!(life_of(&claim.claim_id, &again), ["1", "2"]);
    assert_eq!(gateway.metric("noemie_events_resent_total").await, Some(13.0));

    // By the instant of publication: nothing is from the future.
    let none = passes(&resend(&gateway, &["--since", "2999-01-01T00:00:00Z", "--yes"]));
    assert!(none.contains("No published event fits"), "{none}");
    passes(&resend(&gateway, &["--since", "2020-01-01T00:00:00Z", "--yes"]));
    assert_eq!(ids(&consumer.messages(13).await), ids(&sent));
    until_published(&gateway).await;
    // Nothing came but what was asked for.
    assert_eq!(gateway.metric("noemie_events_resent_total").await, Some(26.0));
    let verified = passes(&gateway.run_beside(&["verify"]));
    assert!(verified.contains("everything fits"), "{verified}");
    let step = db.store.operation_steps(1).await.expect("reads").pop().expect("a step");
    assert_eq!((step.action.as_str(), &step.detail["events"]), ("outbox.resend", &13.into()));
    assert_eq!(step.detail["why"], "the broker lost its disk");
}

/// Waits until no event waits for publication.
async fn until_published(gateway: &Gateway) {
    eventually("every event is published", || {
        let shown = passes(&gateway.run_beside(&["outbox"]));
        std::future::ready(shown.contains("No event waits").then_some(()))
    })
    .await;
}

async fn the_local_stream_needs_no_resend(db: TestDatabase) {
    let directory = tempfile::tempdir().expect("a directory");
    let run = |arguments: &[&str]| {
        let mut process = gateway::command(directory.path());
        process
            .env("NOEMIE_DATABASE_URL", &db.url)
            .env("NOEMIE_SINK", "local")
            .env("NOEMIE_VAULT_KEY", KEY)
            .args(arguments);
        gateway::run_process(process, LIMIT)
    };
    assert!(run(&["migrate"]).status.success());
    for (arguments, status, text) in [
        (&["--since", "2020-01-01T00:00:00Z", "--yes"][..], 1, "SubscribeClaimEvents"),
        (&["--yes"], 64, "name the events"),
        (&["--since", "hier"], 64, "2026-11-30T08:00:00Z"),
    ] {
        let output = run(&[&["outbox", "resend", "--why", "test"], arguments].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(status), "{said}");
        assert!(said.contains(text), "{said}");
    }
}

on_both! { lost_events_arrive_again, the_local_stream_needs_no_resend }
