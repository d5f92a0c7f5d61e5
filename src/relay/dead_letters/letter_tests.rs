use super::*;
use lapin::types::FieldArray;
use time::macros::datetime;

fn table(entries: &[(&str, AMQPValue)]) -> FieldTable {
    let mut table = FieldTable::default();
    for (name, value) in entries {
        table.insert((*name).into(), value.clone());
    }
    table
}

fn string(text: &str) -> AMQPValue {
    AMQPValue::LongString(text.into())
}

fn death(queue: &str, seconds: u64) -> AMQPValue {
    let entry = [
        ("queue", string(queue)),
        ("reason", string("rejected")),
        ("time", AMQPValue::Timestamp(seconds)),
        ("count", AMQPValue::LongLongInt(1)),
    ];
    AMQPValue::FieldTable(table(&entry))
}

fn properties(headers: &[(&str, AMQPValue)]) -> BasicProperties {
    BasicProperties::default()
        .with_message_id("0197a3c2-5b10-7c41-9a55-0d6f3b1e0001".into())
        .with_type("claim.received".into())
        .with_headers(table(headers))
}

#[test]
fn the_last_death_says_where_and_why() {
    let deaths = AMQPValue::FieldArray(FieldArray::from(vec![
        death("claims.work", 1_741_600_000),
        death("elsewhere", 1_700_000_000),
    ]));
    let properties = properties(&[
        ("x-death", deaths),
        (PARTITION_KEY, string("0197a3c2-5b0f-7d02-8f3e-61c2a4d70042")),
        (SEQUENCE, string("3")),
    ]);
    let letter =
        DeadLetter::read(DeadQueue::Dead, "claim.dre.received.0099900011", &properties, b"{}");
    assert_eq!(
        (letter.origin.as_ref().map(QueueName::expose), letter.reason.as_str(), letter.sequence),
        (Some("claims.work"), "rejected", 3)
    );
    assert_eq!(letter.first_seen, Some(datetime!(2025-03-10 09:46:40 UTC)));
    assert_eq!(letter.key_pattern(), "claim.dre.received.*");
    assert!(letter.can_be_replayed() && letter.claim_id.is_some() && letter.body.is_none());
    // Operators note fingerprints and journals keep them: a change would make them useless.
    assert_eq!(letter.group, "b3f29fcb7a");
    let other_insurer =
        DeadLetter::read(DeadQueue::Dead, "claim.dre.received.0099900022", &properties, b"{}");
    assert_eq!(other_insurer.group, letter.group);
    let other_fact =
        DeadLetter::read(DeadQueue::Dead, "claim.dre.paid.0099900011", &properties, b"{}");
    assert_ne!(other_fact.group, letter.group);
}

#[test]
fn what_is_not_ours_is_not_shown() {
    let foreign = BasicProperties::default()
        .with_message_id("DUPONT 1850175".into())
        .with_type("letter to DUPONT".into());
    let letter = DeadLetter::read(DeadQueue::Dead, "DUPONT.1850175", &foreign, b"DUPONT");
    let shown = serde_json::to_string(&letter).unwrap() + &format!("{letter:?}");
    assert!(!shown.contains("DUPONT") && !shown.contains("1850175"), "{shown}");
    assert_eq!(
        (letter.event.as_str(), letter.reason.as_str(), letter.event_id),
        (FOREIGN, "unknown", None)
    );
    assert!(!letter.can_be_replayed(), "nobody knows where it comes from");
}

#[test]
fn a_reborn_message_is_the_first_one_with_a_count() {
    let deaths = AMQPValue::FieldArray(FieldArray::from(vec![death("claims.work", 1_741_600_000)]));
    let marks = [
        ("x-death", deaths.clone()),
        ("x-first-death-queue", string("claims.work")),
        ("x-last-death-reason", string("rejected")),
        ("x-delivery-count", AMQPValue::LongLongInt(7)),
        ("traceparent", string("00-1-2-01")),
    ];
    let first = properties(&marks);
    let letter = DeadLetter::read(DeadQueue::Dead, "claim.dre.received.0099900011", &first, b"{}");
    let again = replayed_properties(
        &first,
        &letter,
        letter.origin.as_ref().map(QueueName::expose),
        datetime!(2025-03-11 08:00 UTC),
    );
    assert_eq!((again.message_id(), again.kind()), (first.message_id(), first.kind()));
    let headers = again.headers().clone().unwrap();
    let names: Vec<&str> = headers.inner().keys().map(|name| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "noemie-first-death-at",
            "noemie-replay-to",
            "noemie-replayed-at",
            "noemie-replays",
            "traceparent"
        ]
    );
    assert_eq!(
        (count(&headers, REPLAYS), text(&headers, REPLAY_TO).as_deref()),
        (1, Some("claims.work"))
    );

    // The message dies again: the letter keeps the first death and counts the replay.
    let mut marked = headers.clone();
    marked.insert(
        "x-death".into(),
        AMQPValue::FieldArray(FieldArray::from(vec![death("claims.work", 1_741_700_000)])),
    );
    let again = again.with_headers(marked);
    let letter = DeadLetter::read(DeadQueue::Dead, "claim.dre.received.0099900011", &again, b"{}");
    assert_eq!((letter.replays, letter.first_seen), (1, Some(datetime!(2025-03-10 09:46:40 UTC))));
    assert_eq!(letter.died_at, Some(datetime!(2025-03-11 13:33:20 UTC)));
    assert_eq!(
        count(
            &replayed_properties(&again, &letter, None, datetime!(2025-03-12 08:00 UTC))
                .headers()
                .clone()
                .unwrap(),
            REPLAYS
        ),
        2
    );
}

#[test]
fn an_unroutable_event_dates_from_its_fact() {
    let properties = properties(&[(TIME, string("2025-03-10T09:30:00.123456Z"))]);
    let letter =
        DeadLetter::read(DeadQueue::Unroutable, "claim.b2.received.none", &properties, b"{}");
    assert_eq!(
        (letter.origin.as_ref().map(QueueName::expose), letter.reason.as_str()),
        (None, "unroutable")
    );
    assert_eq!(letter.first_seen, Some(datetime!(2025-03-10 09:30:00.123456 UTC)));
    assert!(letter.can_be_replayed());
}

#[test]
fn a_nir_in_a_queue_name_or_a_key_is_not_shown() {
    let deaths =
        AMQPValue::FieldArray(FieldArray::from(vec![death("w-1850760057018", 1_741_600_000)]));
    let properties = properties(&[("x-death", deaths)]).with_type("claim.1850760057018".into());
    let letter =
        DeadLetter::read(DeadQueue::Dead, "claim.1850760057018.x.none", &properties, b"{}");
    let shown = serde_json::to_string(&letter).unwrap();
    assert!(!shown.contains("185") && !format!("{letter:?}").contains("185"), "{shown}");
    assert!(shown.contains(r#""origin":"w-*************""#), "{shown}");
    assert_eq!((letter.event.as_str(), letter.routing_key.as_str()), (FOREIGN, FOREIGN));
    assert_eq!(letter.origin.as_ref().map(QueueName::expose), Some("w-1850760057018"));
}
