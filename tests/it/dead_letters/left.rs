//! Letters that a run leaves: their queue does not exist, the time is over, or the journal failed.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn letters_without_an_origin_stay_and_are_counted() {
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
async fn dead_letter_of_a_deleted_queue(broker: &Broker, name: &str) -> String {
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
async fn letters_of_deleted_queues_stay_and_delay_no_other() {
    on_broker(|broker| {
        on_sqlite(|db| async move {
            let ids = rejected(&broker, &db, 3).await;
            let (first, last) = (
                dead_letter_of_a_deleted_queue(&broker, "aaa").await,
                dead_letter_of_a_deleted_queue(&broker, "zzz").await,
            );
            let outcome = FAST
                .execute(&broker.settings(), &limits(Filter::default()), &author(&db))
                .await
                .unwrap();
            assert_eq!((outcome.chosen, outcome.done, &outcome.stopped), (5, 3, &None));
            let left: BTreeMap<String, usize> = [(first.clone(), 1), (last, 1)].into();
            let counted =
                outcome.without_queue.into_iter().map(|(queue, left)| (queue.to_string(), left));
            assert_eq!(counted.collect::<BTreeMap<_, _>>(), left);
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
            let from_first = limits(Filter { origin: first.parse().ok(), ..Filter::default() });
            let outcome =
                FAST.execute(&broker.settings(), &from_first, &author(&db)).await.unwrap();
            assert_eq!(
                (outcome.chosen, outcome.done, outcome.without_queue),
                (1, 0, [(first.into(), 1)].into())
            );
            assert_eq!(db.store.operation_steps(1).await.unwrap()[0].stage, Stage::Done);
            wait_for_depth(&broker, DEAD, 2).await;
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_ends_in_its_time_and_the_next_run_replays_the_rest() {
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
async fn no_message_is_changed_without_a_journal() {
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
