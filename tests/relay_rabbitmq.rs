//! The relay on a real RabbitMQ and a real database: the messages of the workers, their order, and
//! the effect of cut connections.
//!
//! Each test declares its exchanges and queues under a prefix of its own, and deletes them also when
//! it fails.

#![allow(
    clippy::unwrap_used,
    reason = "a test that unwraps is a test that fails with a line number"
)]

mod support;

use lapin::options::*;
use lapin::types::FieldTable;
use noemie_gateway::domain::{ClaimEvent, EventId, InstallationEvent, Lane, Scope, WitnessLine};
use noemie_gateway::relay::topology::{
    self, CLAIMS, DEAD, Prefix, TEST, UNROUTABLE, WITNESS, WORK,
};
use noemie_gateway::relay::{AmqpSettings, AmqpSink, RelayState, Sink, SinkError};
use std::collections::HashSet;
use std::time::Duration;
use support::databases::{on_postgres, on_sqlite};
use support::relay::{Proxy, check_order, commit_events, eventually, headers, metrics, on_broker};
use support::samples::{self, deposit_many, event, new_id, resend};

#[tokio::test(flavor = "multi_thread")]
async fn an_event_reaches_the_workers_as_documented() {
    on_broker(|broker| {
        on_sqlite(|db| async move {
            let relay = broker.relay(&db.store).await;
            let claims = deposit_many(&db.store, "d", 1).await;
            let delivery = broker.consume(WORK, 1).await.remove(0);

            let kept = db
                .store
                .claim_history(&Scope::everything(), claims[0].claim.id)
                .await
                .unwrap()
                .remove(0);
            assert_eq!(
                String::from_utf8(delivery.data.clone()).unwrap(),
                serde_json::to_string(&kept).unwrap(),
                "the payload of the commit, byte for byte"
            );
            assert_eq!(delivery.exchange.as_str(), broker.prefix.name(CLAIMS));
            assert_eq!(delivery.routing_key.as_str(), "claim.dre.received.0099900011");
            let properties = &delivery.properties;
            let id = kept.event_id.to_string();
            assert_eq!(properties.message_id().as_ref().unwrap().as_str(), id);
            assert_eq!(properties.kind().as_ref().unwrap().as_str(), "claim.received");
            assert_eq!(properties.content_type().as_ref().unwrap().as_str(), "application/json");
            assert_eq!(properties.app_id().as_ref().unwrap().as_str(), "noemie-gateway");
            assert_eq!(*properties.delivery_mode(), Some(2));
            assert_eq!(
                *properties.timestamp(),
                Some(u64::try_from(kept.occurred_at.unix_timestamp()).unwrap())
            );
            let trace = kept.exchange_id.unwrap().0.simple().to_string();
            let headers = headers(&delivery);
            let header = |name: &str| headers.get(name).map(String::as_str);
            assert_eq!(header("cloudEvents_specversion"), Some("1.0"));
            assert_eq!(header("cloudEvents_id"), Some(id.as_str()));
            assert_eq!(header("cloudEvents_type"), Some("noemie.gateway.v1.claim.received"));
            assert_eq!(header("cloudEvents_source"), Some("/noemie-gateway"));
            assert_eq!(header("cloudEvents_subject"), Some(kept.subject.to_string().as_str()));
            assert_eq!(header("cloudEvents_time"), Some("2025-03-10T09:30:00.123456Z"));
            assert_eq!(
                header("cloudEvents_partitionkey"),
                Some(kept.claim_id.to_string().as_str())
            );
            assert_eq!(header("cloudEvents_sequence"), Some("0000000001"));
            let traceparent = header("traceparent").unwrap();
            assert!(
                traceparent.starts_with(&format!("00-{trace}-")) && traceparent.len() == 55,
                "{traceparent}"
            );

            relay.stop().await;
            assert_eq!(
                db.store.published_events(&Scope::everything(), 0, 10).await.unwrap().events.len(),
                1
            );
            assert_eq!(db.store.outbox_depth().await.unwrap().pending, 0);
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_witness_line_reaches_its_own_queue_and_no_worker() {
    on_broker(|broker| {
        on_postgres(|db| async move {
            let line = WitnessLine {
                at: samples::at(0),
                installation: samples::new_id(),
                incarnation: 2,
                receipts: 1041,
                receipt_link: "5f0c".to_owned(),
                position: 7,
                journals: [("operations".to_owned(), 4)].into(),
                journals_digest: "0a1b".to_owned(),
                check: "1122".to_owned(),
            };
            let event = InstallationEvent::of(&line, EventId(samples::new_id()), 1);
            db.store.insert_installation_event(&event).await.unwrap();
            let relay = broker.relay(&db.store).await;
            let delivery = &broker.consume(WITNESS, 1).await[0];
            let read: InstallationEvent = serde_json::from_slice(&delivery.data).unwrap();
            assert_eq!(read, event);
            assert!(String::from_utf8_lossy(&delivery.data).contains(&line.text()));
            assert_eq!(delivery.routing_key.as_str(), "installation.witness");
            let headers = headers(delivery);
            let header = |name: &str| headers.get(name).map(String::as_str);
            let subject = format!("installation/{}", line.installation);
            assert_eq!(header("cloudEvents_subject"), Some(subject.as_str()));
            let schema = header("cloudEvents_dataschema").unwrap();
            assert!(schema.ends_with(":installation-event.v1.json"), "{schema}");
            relay.stop().await;
            assert_eq!((broker.depth(WORK).await, broker.depth(UNROUTABLE).await), (0, 0));
            assert_eq!(db.store.outbox_depth().await.unwrap().pending, 0);
            let everything = Scope::everything();
            assert_eq!(db.store.published_events(&everything, 0, 10).await.unwrap().events, []);
            assert_eq!(db.store.last_position().await.unwrap(), 1);
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_of_the_test_lane_reaches_its_own_queue_and_no_worker() {
    on_broker(|broker| {
        on_sqlite(|db| async move {
            samples::deposit(&db.store, "d", |id| {
                [Lane::Test, Lane::Real]
                    .into_iter()
                    .zip(1..)
                    .map(|(lane, ordinal)| {
                        let mut new = samples::claim(id, ordinal, &format!("invoice-{ordinal}"));
                        new.claim.lane = lane;
                        new
                    })
                    .collect()
            })
            .await;
            let relay = broker.relay(&db.store).await;
            for (queue, key, is_test) in [
                (TEST, "claim.test.dre.received.0099900011", true),
                (WORK, "claim.dre.received.0099900011", false),
            ] {
                let delivery = &broker.consume(queue, 1).await[0];
                let event: ClaimEvent = serde_json::from_slice(&delivery.data).unwrap();
                assert_eq!((delivery.routing_key.as_str(), event.test), (key, is_test));
            }
            relay.stop().await;
            for queue in [TEST, WORK, UNROUTABLE] {
                assert_eq!(broker.depth(queue).await, 0, "{queue}");
            }
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_events_keep_the_order_of_their_claims() {
    on_broker(|broker| {
        on_postgres(|db| async move {
            let committed = commit_events(&db.store, 40, 50).await;
            let relay = broker.relay(&db.store).await;
            let deliveries = broker.consume(WORK, 2_000).await;
            check_order(&committed, &deliveries);
            assert_eq!(deliveries.len(), 2_000, "nothing twice when nothing fails");
            relay.stop().await;
        })
    })
    .await;
}

/// The broker lost three events of each claim while a fourth one waits: published again, they come
/// before it.
#[tokio::test(flavor = "multi_thread")]
async fn events_published_again_come_before_those_that_wait() {
    on_broker(|broker| {
        on_postgres(|db| async move {
            let mut committed = commit_events(&db.store, 40, 3).await;
            let relay = broker.relay(&db.store).await;
            let lost = broker.consume(WORK, 120).await;
            relay.stop().await;
            let numbers: Vec<i64> = (1..=120).collect();
            let mut unit = db.store.begin().await.unwrap();
            let fourth: Vec<_> = committed.iter().map(|(claim, _)| event(claim, 4)).collect();
            unit.insert_events(&fourth).await.unwrap();
            unit.commit().await.unwrap();
            assert_eq!(resend(&db.store, &numbers).await, 120);
            for delivery in lost {
                delivery.ack(BasicAckOptions::default()).await.unwrap();
            }

            let relay = broker.relay(&db.store).await;
            let deliveries = broker.consume(WORK, 160).await;
            committed.iter_mut().for_each(|(_, facts)| *facts = 4);
            check_order(&committed, &deliveries);
            relay.stop().await;
            let stream = db.store.published_events(&Scope::everything(), 0, 500).await.unwrap();
            assert_eq!(stream.events.len(), 160, "each event has one position");
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_cut_repeatedly_loses_no_event_and_keeps_the_order() {
    on_broker(|broker| {
        on_sqlite(|db| async move {
            let proxy = Proxy::start().await;
            let committed = commit_events(&db.store, 40, 50).await;
            let relay = broker
                .relay_with(&db.store, AmqpSettings::new(proxy.url(), broker.prefix.clone()))
                .await;
            let store = db.store.clone();
            let cutter = tokio::spawn(async move {
                // One cut each time that 200 more events are published, so that each cut falls into
                // work.
                for cut in 1..=8 {
                    let position = cut * 200;
                    eventually("the relay goes on", || async {
                        store
                            .published_events(&Scope::everything(), position, 1)
                            .await
                            .unwrap()
                            .events
                            .len()
                            == 1
                    })
                    .await;
                    proxy.cut();
                }
                proxy
            });
            let deliveries = broker.consume(WORK, 2_000).await;
            check_order(&committed, &deliveries);
            cutter.await.unwrap();
            relay.stop().await;
            assert_eq!(db.store.outbox_depth().await.unwrap().pending, 0);
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_connection_is_closed_after_the_confirm_timeout() {
    on_broker(|broker| {
        on_sqlite(|db| async move {
            let proxy = Proxy::start().await;
            let settings = AmqpSettings {
                confirm_timeout: Duration::from_millis(500),
                ..AmqpSettings::new(proxy.url(), broker.prefix.clone())
            };
            let relay = broker.relay_with(&db.store, settings).await;
            proxy.silence();
            let committed = commit_events(&db.store, 10, 3).await;
            relay.is(RelayState::Down).await;
            let deliveries = broker.consume(WORK, 30).await;
            check_order(&committed, &deliveries);
            relay.stop().await;
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unroutable_events_wait_in_their_queue_and_are_counted() {
    on_broker(|broker| {
        on_sqlite(|db| async move {
            let metrics = metrics();
            let settings = AmqpSettings {
                queue_check_interval: Duration::from_millis(100),
                ..broker.settings()
            };
            let relay = broker.relay_with(&db.store, settings).await;
            broker.unbind_workers().await;
            deposit_many(&db.store, "lost", 3).await;
            let waiting =
                format!("noemie_queue_messages{{queue=\"{}\"}} 3", broker.prefix.name(UNROUTABLE));
            eventually("the gauge counts them", || async { metrics.render().contains(&waiting) })
                .await;
            assert_eq!(
                db.store.outbox_depth().await.unwrap().pending,
                0,
                "the broker holds them: they are published"
            );
            // Another test of this process counts events under the same label.
            eventually("they do not count as acknowledged", || async {
                unroutable(&metrics.render()) >= 3
            })
            .await;
            // Reading the depths also declared the binding again.
            eventually("workers get events again", || async {
                deposit_many(&db.store, &new_id().to_string(), 1).await;
                broker.depth(WORK).await > 0
            })
            .await;
            assert!(
                broker
                    .consume(UNROUTABLE, 3)
                    .await
                    .iter()
                    .all(
                        |delivery| delivery.routing_key.as_str() == "claim.dre.received.0099900011"
                    )
            );
            relay.stop().await;
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_the_broker_returns_are_not_published_and_are_sent_again() {
    on_broker(|broker| {
        on_sqlite(|db| async move {
            let metrics = metrics();
            let relay = broker.relay(&db.store).await;
            // No queue is bound to the exchange: the broker returns `mandatory` messages.
            broker.unbind_workers().await;
            broker
                .channel
                .queue_delete(broker.name(UNROUTABLE), QueueDeleteOptions::default())
                .await
                .unwrap();
            let committed = commit_events(&db.store, 3, 2).await;
            let deliveries = broker.consume(WORK, 6).await;
            check_order(&committed, &deliveries);
            assert!(unroutable(&metrics.render()) >= 3, "{}", metrics.render());
            relay.stop().await;
        })
    })
    .await;
}

/// Returns the number of events counted as unroutable.
fn unroutable(metrics: &str) -> u64 {
    let value = |line: &str| {
        line.strip_prefix("noemie_relay_published_total{outcome=\"unroutable\"} ")?.parse().ok()
    };
    metrics.lines().find_map(value).unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn rejected_messages_go_to_the_dead_letters() {
    on_broker(|broker| {
        on_sqlite(|db| async move {
            let relay = broker.relay(&db.store).await;
            deposit_many(&db.store, "d", 2).await;
            let mut deliveries = broker.consume(WORK, 2).await;
            // One message is rejected, the other is requeued until the delivery limit.
            deliveries.remove(0).reject(BasicRejectOptions { requeue: false }).await.unwrap();
            deliveries
                .remove(0)
                .nack(BasicNackOptions { requeue: true, multiple: false })
                .await
                .unwrap();
            for redelivery in 1..=topology::DELIVERY_LIMIT {
                let again = broker.consume(WORK, 1).await.remove(0);
                assert_eq!(
                    headers(&again).get("x-delivery-count").map(String::as_str),
                    Some(redelivery.to_string().as_str())
                );
                again.nack(BasicNackOptions { requeue: true, multiple: false }).await.unwrap();
            }
            let dead = broker.consume(DEAD, 2).await;
            assert!(dead.iter().all(|delivery| delivery.properties.message_id().is_some()));
            let reasons: HashSet<String> = dead
                .iter()
                .map(|delivery| headers(delivery)["x-first-death-reason"].clone())
                .collect();
            assert_eq!(
                reasons,
                HashSet::from(["rejected".to_owned(), "delivery_limit".to_owned()])
            );
            relay.stop().await;
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_replica_takes_over_in_order() {
    on_broker(|broker| {
        on_postgres(|db| async move {
            let first = broker.relay(&db.store).await;
            let second = broker.relay(&db.replica().await).await;
            assert_eq!(second.status.get(), RelayState::Standby);
            let committed = commit_events(&db.store, 40, 50).await;
            // The first relay is killed in the middle of its work.
            eventually("the first relay has published 200 events", || async {
                db.store.published_events(&Scope::everything(), 200, 1).await.unwrap().events.len()
                    == 1
            })
            .await;
            first.task.abort();
            let deliveries = broker.consume(WORK, 2_000).await;
            check_order(&committed, &deliveries);
            second.stop().await;
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn declaring_twice_is_harmless() {
    on_broker(|broker| async move {
        for _ in 0..2 {
            topology::declare(&broker.channel, &broker.prefix).await.unwrap();
        }
        let mut sink = AmqpSink::new(broker.settings());
        sink.ready().await.unwrap();
        sink.ready().await.unwrap();
        sink.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_with_other_settings_is_an_error_with_its_name_and_remedy() {
    on_broker(|broker| async move {
        broker
            .channel
            .queue_declare(broker.name(WORK), QueueDeclareOptions::durable(), FieldTable::default())
            .await
            .unwrap();
        let mut sink = AmqpSink::new(broker.settings());
        let error = sink.ready().await.unwrap_err();
        assert!(matches!(&error, SinkError::OtherSettings { kind: "queue", .. }), "{error:?}");
        let text = error.to_string();
        assert!(
            text.contains(&broker.prefix.name(WORK))
                && text.contains("inequivalent arg")
                && text.contains("delete it"),
            "{text}"
        );
        // The same sink works once the operator has deleted the queue.
        broker
            .channel
            .queue_delete(broker.name(WORK), QueueDeleteOptions::default())
            .await
            .unwrap();
        sink.ready().await.unwrap();
        sink.close().await;
    })
    .await;
}

#[tokio::test]
async fn wrong_addresses_are_refused_without_repeating_them() {
    for (url, expect) in [
        ("http://me:secret@host", "unreadable broker address"),
        ("amqp://me:secret@127.0.0.1:1/%2f", "RabbitMQ at 127.0.0.1:1, virtual host /"),
    ] {
        let error = AmqpSink::new(AmqpSettings::new(url.to_owned(), Prefix::default()))
            .ready()
            .await
            .unwrap_err();
        assert!(error.to_string().starts_with(expect), "{error}");
        assert!(
            !format!("{error:?} {:?}", AmqpSettings::new(url.to_owned(), Prefix::default()))
                .contains("secret")
        );
    }
}
