//! Dead letters on a real RabbitMQ: listing loses no message, a replay goes to one queue only, and
//! each operation is in the journal before it is executed.

#![allow(
    clippy::unwrap_used,
    reason = "a test that unwraps is a test that fails with a line number"
)]

mod left;
mod replay;

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
async fn a_look_groups_by_cause_and_changes_no_queue() {
    on_broker(|broker| {
        on_sqlite(|db| async move {
            let ids = rejected(&broker, &db, 50).await;
            for _ in 0..10 {
                // The broker takes the letters of a look back after the look has ended.
                wait_for_depth(&broker, DEAD, 50).await;
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
                assert_eq!(groups[0].origin, Some(broker.prefix.name(WORK).into()));
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
async fn filters_limits_and_dry_runs_change_only_their_letters() {
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
                ..limits(Filter { reason: "rejected".parse().ok(), ..Filter::default() })
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
                Filter { group: "0000000000".parse().ok(), ..Filter::default() },
                Filter {
                    routing_key: Some("claim.*.paid.*".parse().unwrap()),
                    ..Filter::default()
                },
                Filter { died_before: Some(support::samples::NOW), ..Filter::default() },
                Filter { origin: "elsewhere".parse().ok(), ..Filter::default() },
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
