//! Dead letters on a real RabbitMQ: listing loses no message, a replay goes to one queue only, and
//! each operation is in the journal before it is executed.

#![allow(
    clippy::unwrap_used,
    reason = "a test that unwraps is a test that fails with a line number"
)]

use crate::support;

use lapin::BasicProperties;
use lapin::message::Delivery;
use lapin::options::*;
use lapin::types::FieldTable;
use noemie_gateway::clock::SystemClock;
use noemie_gateway::relay::dead_letters::{
    Act, DEFAULT_RUN_TIME, DeadLetterError, DeadQueue, Filter, Limits, group, look,
};
use noemie_gateway::relay::topology::{CLAIMS, DEAD, UNROUTABLE, WORK};
use noemie_gateway::store::Author;
use noemie_gateway::store::Stage;
use relay::{Broker, eventually, headers, on_broker};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;
use support::databases::{TestDatabase, on_postgres, on_sqlite};
use support::relay;
use support::samples::{deposit_many, event, new_id};

const FAST: Act = Act::Replay { rate: 10_000 };

fn limits(filter: Filter) -> Limits {
    Limits { queue: DeadQueue::Dead, filter, max: None, look: 1_000, time: DEFAULT_RUN_TIME }
}

fn author(db: &TestDatabase) -> Author {
    Author { store: db.store.clone(), clock: Arc::new(SystemClock), name: "marie".into() }
}

fn id(delivery: &Delivery) -> String {
    delivery.properties.message_id().as_ref().unwrap().to_string()
}

/// Publishes events of `claims` claims and rejects each of them. Returns the ids in the order of
/// publication.
async fn rejected(broker: &Broker, db: &TestDatabase, claims: u64) -> Vec<String> {
    let relay = broker.relay(&db.store).await;
    let before = broker.depth(DEAD).await;
    deposit_many(&db.store, &new_id().to_string(), claims).await;
    let count = usize::try_from(claims).unwrap();
    let deliveries = broker.consume(WORK, count).await;
    for delivery in &deliveries {
        delivery.reject(BasicRejectOptions { requeue: false }).await.unwrap();
    }
    wait_for_depth(broker, DEAD, before + u32::try_from(claims).unwrap()).await;
    relay.stop().await;
    deliveries.iter().map(id).collect()
}

/// Waits until a queue has so many messages.
async fn wait_for_depth(broker: &Broker, queue: &str, count: u32) {
    eventually("the queue has the messages", || async { broker.depth(queue).await == count }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_groups_by_cause_and_leaves_everything_as_it_was() {
    on_broker(|broker| {
        on_sqlite(|db| async move {
            let ids = rejected(&broker, &db, 50).await;
            for _ in 0..10 {
                let seen = look(&broker.settings(), DeadQueue::Dead, 1_000).await.unwrap();
                assert_eq!((seen.waiting, seen.letters.len()), (50, 50));
                let looked: Vec<String> = seen
                    .letters
                    .iter()
                    .map(|letter| letter.event_id.unwrap().to_string())
                    .collect();
                assert_eq!(looked.iter().collect::<HashSet<_>>(), ids.iter().collect());
                let groups = group(&seen.letters);
                assert_eq!((groups.len(), groups[0].messages), (1, 50));
                assert_eq!(groups[0].origin, Some(broker.prefix.name(WORK)));
                assert_eq!(
                    (groups[0].reason.as_str(), groups[0].event.as_str()),
                    ("rejected", "claim.received")
                );
                assert_eq!(groups[0].routing_key, "claim.dre.received.*");
                assert!(
                    groups[0].first_seen.is_some()
                        && groups[0].first_seen <= groups[0].last_seen
                        && groups[0].example.is_some()
                );
                assert!(
                    seen.letters
                        .iter()
                        .all(|letter| letter.body.is_some() && letter.claim_id.is_some())
                );
            }
            // A bounded look takes the oldest ones and says how many there are.
            let seen = look(&broker.settings(), DeadQueue::Dead, 7).await.unwrap();
            assert_eq!((seen.waiting, seen.letters.len()), (50, 7));
            wait_for_depth(&broker, DEAD, 50).await;
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_goes_to_the_queue_of_origin_alone_as_the_first_message() {
    on_broker(|broker| {
        on_postgres(|db| async move {
            let ids = rejected(&broker, &db, 3).await;
            // Another consumer of the events, which has done its work.
            let other = broker.prefix.name("other");
            let options = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
            broker
                .channel
                .queue_declare(other.as_str().into(), options, FieldTable::default())
                .await
                .unwrap();
            let (exchange, all) = (broker.name(CLAIMS), "claim.#".into());
            broker
                .channel
                .queue_bind(
                    other.as_str().into(),
                    exchange,
                    all,
                    QueueBindOptions::default(),
                    FieldTable::default(),
                )
                .await
                .unwrap();

            let outcome = FAST
                .execute(&broker.settings(), &limits(Filter::default()), &author(&db))
                .await
                .unwrap();
            assert_eq!((outcome.matched, outcome.done, &outcome.stopped), (3, 3, &None));
            let deliveries = broker.consume(WORK, 3).await;
            assert_eq!(
                deliveries.iter().map(id).collect::<BTreeSet<_>>(),
                ids.iter().cloned().collect()
            );
            for delivery in &deliveries {
                assert_eq!(delivery.routing_key.as_str(), "claim.dre.received.0099900011");
                assert_eq!(delivery.properties.kind().as_ref().unwrap().as_str(), "claim.received");
                let headers = headers(delivery);
                assert!(
                    headers.contains_key("traceparent")
                        && headers.contains_key("noemie-first-death-at")
                );
                assert_eq!(headers.get("noemie-replays").map(String::as_str), Some("1"));
                assert!(
                    !headers.keys().any(|name| name.starts_with("x-")),
                    "the delivery limit starts again: {headers:?}"
                );
            }
            assert_eq!(broker.depth("other").await, 0, "who had it before does not get it twice");
            assert_eq!(broker.depth(DEAD).await, 0);

            // Again: there is nothing left to do, and nothing is written.
            let again = FAST
                .execute(&broker.settings(), &limits(Filter::default()), &author(&db))
                .await
                .unwrap();
            assert_eq!((again.chosen, again.operation_id), (0, None));
            let steps = db.store.operation_steps(10).await.unwrap();
            assert_eq!(
                steps.iter().map(|step| step.stage).collect::<Vec<_>>(),
                [Stage::Done, Stage::Batch, Stage::Asked]
            );
            assert!(steps.iter().all(|step| step.actor == "marie"
                && step.action == "dlq.replay"
                && Some(step.operation_id) == outcome.operation_id));
            let named: BTreeSet<String> =
                serde_json::from_value(steps[1].detail["events"].clone()).unwrap();
            assert_eq!(named, ids.into_iter().collect());

            // They die again: how often they came back is known.
            for delivery in &deliveries {
                delivery.reject(BasicRejectOptions { requeue: false }).await.unwrap();
            }
            wait_for_depth(&broker, DEAD, 3).await;
            let seen = look(&broker.settings(), DeadQueue::Dead, 10).await.unwrap();
            assert!(seen.letters.iter().all(|letter| letter.replays == 1), "{:?}", seen.letters);
            assert_eq!(group(&seen.letters)[0].replayed_before, 3);
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_caps_and_rehearsals_touch_what_they_name() {
    on_broker(|broker| {
        on_sqlite(|db| async move {
            let ids = rejected(&broker, &db, 6).await;
            let planned =
                FAST.dry_run(&broker.settings(), &limits(Filter::default())).await.unwrap();
            assert_eq!((planned.chosen, planned.done, planned.groups[0].messages), (6, 0, 6));
            assert_eq!(
                (broker.depth(WORK).await, db.store.operation_steps(10).await.unwrap().len()),
                (0, 0)
            );
            wait_for_depth(&broker, DEAD, 6).await;

            let capped = Limits {
                max: Some(2),
                ..limits(Filter { reason: Some("rejected".into()), ..Filter::default() })
            };
            let outcome = FAST.execute(&broker.settings(), &capped, &author(&db)).await.unwrap();
            assert_eq!((outcome.matched, outcome.chosen, outcome.done), (6, 2, 2));
            let replayed: HashSet<String> = broker.consume(WORK, 2).await.iter().map(id).collect();
            wait_for_depth(&broker, DEAD, 4).await;

            let rest: Vec<&String> = ids.iter().filter(|id| !replayed.contains(*id)).collect();
            let one = Filter { events: vec![rest[0].parse().unwrap()], ..Filter::default() };
            let dropped = Act::Drop
                .execute(&broker.settings(), &limits(one.clone()), &author(&db))
                .await
                .unwrap();
            assert_eq!((dropped.matched, dropped.done), (1, 1));
            assert_eq!(
                Act::Drop
                    .execute(&broker.settings(), &limits(one), &author(&db))
                    .await
                    .unwrap()
                    .matched,
                0
            );
            wait_for_depth(&broker, DEAD, 3).await;
            let steps = db.store.operation_steps(10).await.unwrap();
            let batch = steps
                .iter()
                .find(|step| step.action == "dlq.drop" && step.stage == Stage::Batch)
                .unwrap();
            assert_eq!(batch.detail["events"][0].as_str(), Some(rest[0].as_str()));

            for nothing in [
                Filter { group: Some("0000000000".into()), ..Filter::default() },
                Filter {
                    routing_key: Some("claim.*.paid.*".parse().unwrap()),
                    ..Filter::default()
                },
                Filter { died_before: Some(support::samples::NOW), ..Filter::default() },
                Filter { origin: Some("elsewhere".into()), ..Filter::default() },
            ] {
                assert_eq!(
                    FAST.execute(&broker.settings(), &limits(nothing.clone()), &author(&db))
                        .await
                        .unwrap()
                        .matched,
                    0,
                    "{nothing:?}"
                );
            }
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_cut_in_the_middle_loses_nothing_and_sends_a_claim_in_order() {
    on_broker(|broker| {
        on_sqlite(|db| async move {
            // One claim with thirty events, all refused.
            let relay = broker.relay(&db.store).await;
            let claim = deposit_many(&db.store, "d", 1).await.remove(0).claim;
            for sequence in 2..=30 {
                let mut unit = db.store.begin().await.unwrap();
                unit.insert_events(&[event(&claim, sequence)]).await.unwrap();
                unit.commit().await.unwrap();
            }
            let deliveries = broker.consume(WORK, 30).await;
            for delivery in deliveries.iter().rev() {
                delivery.reject(BasicRejectOptions { requeue: false }).await.unwrap();
            }
            wait_for_depth(&broker, DEAD, 30).await;
            relay.stop().await;

            // Cut without a goodbye, as a killed process is.
            let (settings, given, author) =
                (broker.settings(), limits(Filter::default()), author(&db));
            let slow = Act::Replay { rate: 50 };
            let (cut_settings, cut_limits, cut_author) =
                (settings.clone(), given.clone(), author.clone());
            let cut =
                tokio::spawn(
                    async move { slow.execute(&cut_settings, &cut_limits, &cut_author).await },
                );
            eventually("some are back", || async { broker.depth(WORK).await >= 5 }).await;
            cut.abort();
            assert!(cut.await.unwrap_err().is_cancelled());
            let sent = || async { broker.depth(WORK).await + broker.depth(DEAD).await };
            eventually("the broker takes the rest back", || async { sent().await >= 30 }).await;

            eventually("the rest is replayed", || async {
                FAST.execute(&settings, &given, &author).await.unwrap().waiting == 0
            })
            .await;
            let back = broker.consume(WORK, 30).await;
            assert!(
                (30..=31).contains(&back.len()),
                "at most the one in flight came twice: {}",
                back.len()
            );
            let mut seen = HashSet::new();
            let order: Vec<String> = back
                .iter()
                .filter(|delivery| seen.insert(id(delivery)))
                .map(|delivery| headers(delivery)["cloudEvents_sequence"].clone())
                .collect();
            assert_eq!(order, (1..=30).map(|n: u32| format!("{n:010}")).collect::<Vec<_>>());
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unroutable_events_go_out_again_to_everybody() {
    on_broker(|broker| {
        on_sqlite(|db| async move {
            let relay = broker.relay(&db.store).await;
            broker.unbind_workers().await;
            deposit_many(&db.store, "lost", 4).await;
            wait_for_depth(&broker, UNROUTABLE, 4).await;
            relay.stop().await;
            let seen = look(&broker.settings(), DeadQueue::Unroutable, 10).await.unwrap();
            assert_eq!(
                (group(&seen.letters)[0].reason.as_str(), &seen.letters[0].origin),
                ("unroutable", &None)
            );

            let unroutable = Limits { queue: DeadQueue::Unroutable, ..limits(Filter::default()) };
            let outcome =
                FAST.execute(&broker.settings(), &unroutable, &author(&db)).await.unwrap();
            assert_eq!((outcome.done, outcome.stopped), (4, None));
            assert_eq!(
                broker.consume(WORK, 4).await.len(),
                4,
                "the binding of the workers was mended first"
            );
            assert_eq!(broker.depth(UNROUTABLE).await, 0);
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_go_back_stays_and_says_why() {
    on_broker(|broker| {
        on_sqlite(|db| async move {
            assert!(
                matches!(look(&broker.settings(), DeadQueue::Dead, 1).await, Err(DeadLetterError::NoQueue(name)) if name == broker.prefix.name(DEAD))
            );
            rejected(&broker, &db, 2).await;
            // Somebody else's message, with what might be a person.
            let properties = BasicProperties::default().with_message_id("DUPONT 1850175".into());
            let publish = broker.channel.basic_publish(broker.name(DEAD), "DUPONT".into(), BasicPublishOptions::default(), b"DUPONT", properties);
            publish.await.unwrap().await.unwrap();
            wait_for_depth(&broker, DEAD, 3).await;
            let seen = look(&broker.settings(), DeadQueue::Dead, 10).await.unwrap();
            assert!(!format!("{seen:?}").contains("DUPONT"), "{seen:?}");

            // The queue of origin is gone, and comes back empty when the gateway declares it:
            // deleted in between, the bind fails.
            broker.channel.queue_delete(broker.name(WORK), QueueDeleteOptions::default()).await.unwrap();
            let outcome = FAST.execute(&broker.settings(), &limits(Filter::default()), &author(&db)).await.unwrap();
            assert_eq!((outcome.matched, outcome.without_origin, outcome.done), (3, 1, 2), "the \
                queue was declared anew: {outcome:?}");
            wait_for_depth(&broker, DEAD, 1).await;
        })
    })
    .await;
}

/// A letter that died in a queue of a worker's own, with our dead letters, which is deleted since.
/// Answers the name of that queue.
async fn dead_of_a_queue_that_is_gone(broker: &Broker, name: &str) -> String {
    let before = broker.depth(DEAD).await;
    let own = broker.prefix.name(name);
    let mut arguments = FieldTable::default();
    arguments.insert(
        "x-dead-letter-exchange".into(),
        lapin::types::AMQPValue::LongString(broker.prefix.name(DEAD).into()),
    );
    broker
        .channel
        .queue_declare(own.as_str().into(), QueueDeclareOptions::default(), arguments)
        .await
        .unwrap();
    let key = own.as_str().into();
    let publish = broker.channel.basic_publish(
        "".into(),
        key,
        BasicPublishOptions::default(),
        b"{}",
        BasicProperties::default(),
    );
    publish.await.unwrap().await.unwrap();
    broker.consume_one(&own).await.reject(BasicRejectOptions { requeue: false }).await.unwrap();
    wait_for_depth(broker, DEAD, before + 1).await;
    broker.channel.queue_delete(own.as_str().into(), QueueDeleteOptions::default()).await.unwrap();
    own
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_of_queues_that_are_gone_stay_and_hold_up_nobody() {
    on_broker(|broker| {
        on_sqlite(|db| async move {
            let ids = rejected(&broker, &db, 3).await;
            let (first, last) = (
                dead_of_a_queue_that_is_gone(&broker, "aaa").await,
                dead_of_a_queue_that_is_gone(&broker, "zzz").await,
            );
            let outcome = FAST
                .execute(&broker.settings(), &limits(Filter::default()), &author(&db))
                .await
                .unwrap();
            assert_eq!((outcome.chosen, outcome.done, &outcome.stopped), (5, 3, &None));
            let left: BTreeMap<String, usize> = [(first.clone(), 1), (last, 1)].into();
            assert_eq!(outcome.without_queue, left);
            let back: BTreeSet<String> = broker.consume(WORK, 3).await.iter().map(id).collect();
            assert_eq!(back, ids.iter().cloned().collect());
            wait_for_depth(&broker, DEAD, 2).await;
            let steps = db.store.operation_steps(10).await.unwrap();
            assert_eq!(
                steps.iter().map(|step| step.stage).collect::<Vec<_>>(),
                [Stage::Done, Stage::Batch, Stage::Asked]
            );
            assert_eq!(
                serde_json::from_value::<BTreeMap<String, usize>>(
                    steps[0].detail["without_queue"].clone()
                )
                .unwrap(),
                left
            );
            let named: BTreeSet<String> =
                serde_json::from_value(steps[1].detail["events"].clone()).unwrap();
            assert_eq!(named, back, "what is left is not named as touched");

            // Nothing but such letters: nothing is sent, and it is on the record.
            let from_first = limits(Filter { origin: Some(first.clone()), ..Filter::default() });
            let outcome =
                FAST.execute(&broker.settings(), &from_first, &author(&db)).await.unwrap();
            assert_eq!(
                (outcome.chosen, outcome.done, outcome.without_queue),
                (1, 0, [(first, 1)].into())
            );
            assert_eq!(db.store.operation_steps(1).await.unwrap()[0].stage, Stage::Done);
            wait_for_depth(&broker, DEAD, 2).await;
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_ends_in_its_time_and_the_next_one_does_the_rest() {
    on_broker(|broker| {
        on_sqlite(|db| async move {
            rejected(&broker, &db, 20).await;
            // At five a second, ten would take two seconds.
            let two_seconds = Limits { time: Duration::from_secs(2), ..limits(Filter::default()) };
            let planned =
                Act::Replay { rate: 5 }.dry_run(&broker.settings(), &two_seconds).await.unwrap();
            assert_eq!((planned.matched, planned.chosen), (20, 10));
            // The rate asked for is beyond any broker: the time is over before the letters are.
            let too_short = Limits { time: Duration::from_millis(2), ..limits(Filter::default()) };
            let outcome = Act::Replay { rate: 10_000 }
                .execute(&broker.settings(), &too_short, &author(&db))
                .await
                .unwrap();
            assert!(outcome.chosen == 20 && outcome.done < 20, "{outcome:?}");
            assert!(
                outcome.stopped.as_ref().unwrap().contains("time of one run is over"),
                "{outcome:?}"
            );
            let last = &db.store.operation_steps(1).await.unwrap()[0];
            assert_eq!((last.stage, &last.detail["done"]), (Stage::Failed, &outcome.done.into()));
            let rest = 20 - u32::try_from(outcome.done).unwrap();
            wait_for_depth(&broker, DEAD, rest).await;
            let outcome = FAST
                .execute(&broker.settings(), &limits(Filter::default()), &author(&db))
                .await
                .unwrap();
            assert_eq!((outcome.done, outcome.stopped), (usize::try_from(rest).unwrap(), None));
            assert_eq!(
                broker.consume(WORK, 20).await.iter().map(id).collect::<HashSet<_>>().len(),
                20
            );
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_message_is_touched_without_a_journal() {
    on_broker(|broker| {
        on_sqlite(|db| async move {
            rejected(&broker, &db, 2).await;
            db.execute("DROP TABLE operations_journal").await.unwrap();
            let refused = Act::Drop
                .execute(&broker.settings(), &limits(Filter::default()), &author(&db))
                .await;
            assert!(matches!(refused, Err(DeadLetterError::Journal(_))), "{refused:?}");
            wait_for_depth(&broker, DEAD, 2).await;
        })
    })
    .await;
}
