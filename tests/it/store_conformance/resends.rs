//! Stories of resends: published events in the queue again, and the sinks that confirmed them.

use crate::support::databases::TestDatabase;
use crate::support::samples::*;
use noemie_gateway::domain::*;
use noemie_gateway::store::ResendFilter;
use noemie_gateway::store::{Confirmed, OutboxEvent, Rule, SharedStore, SinkMark, StoreError};
use noemie_gateway::vault::Vault;

async fn waiting(store: &SharedStore) -> Vec<OutboxEvent> {
    store.unpublished_events(100, &[]).await.unwrap()
}

async fn publish_all(store: &SharedStore, at: time::OffsetDateTime) {
    let numbers: Vec<i64> = waiting(store).await.iter().map(|event| event.event_no).collect();
    store.mark_published(&numbers, at).await.unwrap();
}

async fn write(store: &SharedStore, claim: &Claim, sequence: u64, told_by: Option<ExchangeId>) {
    let mut unit = store.begin().await.unwrap();
    let event = ClaimEvent { exchange_id: told_by, ..event(claim, sequence) };
    unit.insert_events(&[event]).await.unwrap();
    unit.commit().await.unwrap();
}

/// Two claims of one deposit; a decision on the first is published, a second one waits. The deposit
/// is published again: its events and the decision after them, before the event that waits.
pub async fn events_are_published_again_in_the_order_of_their_claims(db: TestDatabase) {
    let vault = std::sync::Arc::new(Vault::from_master_key([9; 32]));
    seal(&db.store, &vault);
    mark(&db.store, &vault, &[1]).await;
    let kept = deposit_many(&db.store, "d", 2).await;
    let (first, second) = (&kept[0].claim, &kept[1].claim);
    write(&db.store, first, 2, None).await;
    publish_all(&db.store, at(1)).await;
    let other = deposit_many(&db.store, "e", 1).await;
    publish_all(&db.store, at(2)).await;
    write(&db.store, first, 3, None).await;
    let all = Scope::everything();
    let stream = db.store.published_events(&all, 0, 10).await.unwrap().events;

    let of_deposit = ResendFilter::OfExchange(first.exchange_id);
    let (count, places) = db.store.resendable_events(&of_deposit, 2).await.unwrap();
    assert_eq!((count, places.len()), (3, 2), "a limit is told by the count");
    let (count, places) = db.store.resendable_events(&of_deposit, 10).await.unwrap();
    let positions: Vec<u64> = places.iter().map(|place| place.position).collect();
    assert_eq!((count, positions), (3, vec![1, 2, 3]));
    let since = ResendFilter::PublishedSince(at(2));
    let (count, late) = db.store.resendable_events(&since, 10).await.unwrap();
    assert_eq!((count, late[0].position, late[0].published_at), (1, 4, at(2)));

    let numbers: Vec<i64> = places.iter().map(|place| place.event_no).collect();
    assert_eq!(resend(&db.store, &numbers).await, 3);
    assert_eq!(resend(&db.store, &numbers).await, 0, "they wait already");
    assert_eq!(db.store.resendable_events(&of_deposit, 10).await.unwrap(), (0, vec![]));
    let queue: Vec<(ClaimId, u64, bool)> = waiting(&db.store)
        .await
        .iter()
        .map(|event| (ClaimId(event.subject_id), event.sequence, event.is_resend))
        .collect();
    let expected = [(first, 1, true), (second, 1, true), (first, 2, true), (first, 3, false)];
    assert_eq!(queue, expected.map(|(claim, sequence, again)| (claim.id, sequence, again)));
    assert_eq!(db.store.outbox_depth().await.unwrap().oldest, Some(NOW));
    assert_eq!(db.store.broken_rules().await.unwrap(), []);
    assert_eq!(db.store.resent_events().await.unwrap(), 3);

    publish_all(&db.store, at(3)).await;
    let after = db.store.published_events(&all, 0, 10).await.unwrap().events;
    assert_eq!(after[..4], stream[..], "positions stay");
    assert_eq!((after.len(), after[4].event.sequence), (5, 3));
    assert_eq!(
        (waiting(&db.store).await.len(), db.store.broken_rules().await.unwrap()),
        (0, vec![])
    );
    assert_eq!(db.store.resent_events().await.unwrap(), 3);
    assert_eq!(
        db.number(
            "SELECT CAST(sum(resends_done) AS BIGINT) FROM published_events WHERE position < 4"
        )
        .await,
        3
    );
    assert_eq!(other.len(), 1);
}

/// Each position names the sink that confirmed it. An event that an old sink confirms after another
/// one is in force is a broken rule, and no longer once the new sink confirmed it.
pub async fn a_sink_that_is_not_in_force_confirms_nothing_unnoticed(db: TestDatabase) {
    let vault = std::sync::Arc::new(Vault::from_master_key([9; 32]));
    seal(&db.store, &vault);
    deposit_many(&db.store, "d", 3).await;
    let numbers: Vec<i64> = waiting(&db.store).await.iter().map(|event| event.event_no).collect();
    mark(&db.store, &vault, &[1]).await;
    db.store.mark_published(&numbers[..1], at(1)).await.unwrap();
    let (_, old) = db.store.installation().await.unwrap().expect("a mark");
    let adopted = |first_position| SinkMark { number: 2, first_position, ..old.clone() };
    let step = operation(new_id(), "installation.adopt_sink");
    // Events were published since the position was read.
    let refused = db.store.adopt_sink(&adopted(1), &step).await;
    assert!(matches!(refused, Err(StoreError::StreamMoved)), "{refused:?}");
    let next = db.store.next_position().await.unwrap();
    db.store.adopt_sink(&adopted(next), &step).await.unwrap();
    assert_eq!(db.store.broken_rules().await.unwrap(), [], "what was published before stays right");

    // A replica that was not stopped.
    let replaced = StoreError::SinkReplaced { in_force: 2, own: 1 }.to_string();
    let refused = db.store.mark_published(&numbers[1..2], at(2)).await.unwrap_err();
    assert_eq!(refused.to_string(), replaced);
    let refused = db.store.unpublished_events(1, &[]).await.unwrap_err();
    assert_eq!(refused.to_string(), replaced);
    db.store.publish_to(2);
    assert_eq!(waiting(&db.store).await.len(), 2, "the events stay in the queue");
    db.store.mark_published(&numbers[1..2], at(2)).await.unwrap();
    db.store.mark_published(&numbers[2..], at(3)).await.unwrap();
    // As a program without this check would have marked it.
    db.execute("UPDATE published_events SET sink_no = 1 WHERE position = 2").await.unwrap();
    let broken = db.store.broken_rules().await.unwrap();
    assert_eq!(
        broken.iter().map(|broken| (broken.rule, broken.rows)).collect::<Vec<_>>(),
        [(Rule::SinkConfirmsInItsTime, 1)]
    );
    let confirmed = async || db.store.confirmed_events().await.unwrap();
    let counts = |one, two| [(1, one), (2, two)].map(|(sink, events)| Confirmed { sink, events });
    assert_eq!(confirmed().await, counts(2, 1));
    assert_eq!(resend(&db.store, &numbers[1..2]).await, 1);
    publish_all(&db.store, at(4)).await;
    assert_eq!((db.store.broken_rules().await.unwrap(), confirmed().await.len()), (vec![], 2));
    assert_eq!(confirmed().await, counts(1, 2));
    db.execute("UPDATE published_events SET sink_no = 7 WHERE position = 1").await.unwrap();
    assert_eq!(db.store.broken_rules().await.unwrap()[0].rule, Rule::PublicationHasSink);
}
