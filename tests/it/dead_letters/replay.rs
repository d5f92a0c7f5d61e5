//! Replays: they go to one queue only, in order, and survive a cut.

use super::*;

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
async fn unroutable_events_are_published_again_to_every_binding() {
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
            // The broker takes the letters of a look back after the look has ended.
            wait_for_depth(&broker, UNROUTABLE, 4).await;

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
