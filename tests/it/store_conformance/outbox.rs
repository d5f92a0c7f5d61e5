//! Stories of the outbox: order, positions, lease, wake-ups.

use crate::support::databases::TestDatabase;
use crate::support::samples::*;
use crate::support::wait::{eventually, until};
use noemie_gateway::domain::*;
use noemie_gateway::store::{Occasion, OutboxDepth, SharedStore, Waiter};
use std::time::{Duration, Instant};

pub async fn events_come_out_as_they_went_in(db: TestDatabase) {
    let kept = deposit_many(&db.store, "d", 120).await;
    let out = db.store.unpublished_events(200, &[]).await.unwrap();
    assert_eq!(
        out.iter().map(|e| ClaimId(e.subject_id)).collect::<Vec<_>>(),
        kept.iter().map(|c| c.claim.id).collect::<Vec<_>>()
    );
    let history = db.store.claim_history(&Scope::everything(), kept[3].claim.id).await.unwrap();
    let [told] = history.as_slice() else { panic!("{history:?}") };
    let row = &out[3];
    assert_eq!(
        row.payload,
        serde_json::to_string(told).unwrap(),
        "the payload is the event, byte for byte"
    );
    assert_eq!((row.attempts, row.sequence, told.sequence), (0, 1, 1));
    assert_eq!((row.event_id, row.exchange_id), (told.event_id, told.exchange_id));
    assert_eq!((row.subject(), row.name()), (told.subject.to_string(), told.name()));
    assert_eq!((&row.routing_key, row.occurred_at), (&told.routing_key(), told.occurred_at));
    assert_eq!(db.store.unpublished_events(7, &[]).await.unwrap(), out[..7]);
}

pub async fn positions_follow_the_order_of_publication(db: TestDatabase) {
    deposit_many(&db.store, "d", 5).await;
    let waiting = db.store.unpublished_events(10, &[]).await.unwrap();
    let ids: Vec<i64> = waiting.iter().map(|e| e.event_no).collect();
    db.store.mark_published(&[ids[2], ids[0], ids[2]], at(1)).await.unwrap();
    db.store.mark_published(&[ids[0], ids[4], ids[1]], at(2)).await.unwrap();
    db.store.mark_published(&[], at(3)).await.unwrap();
    let stream = db.store.published_events(&Scope::everything(), 0, 10).await.unwrap().events;
    assert_eq!(
        stream.iter().map(|e| (e.position, e.event.event_id)).collect::<Vec<_>>(),
        [(1, 2), (2, 0), (3, 4), (4, 1)].map(|(position, n)| (position, waiting[n].event_id))
    );
    assert_eq!(
        db.store.published_events(&Scope::everything(), 2, 1).await.unwrap().events,
        stream[2..3]
    );
    assert_eq!(
        db.store.published_events(&Scope::everything(), 4, 10).await.unwrap().events,
        vec![]
    );
    assert_eq!(
        db.store
            .unpublished_events(10, &[])
            .await
            .unwrap()
            .iter()
            .map(|e| e.event_no)
            .collect::<Vec<_>>(),
        [ids[3]]
    );
}

async fn add_event(store: &SharedStore, claim: ClaimId) -> u64 {
    let mut unit = store.begin().await.unwrap();
    let claim = unit.lock_claim(claim).await.unwrap().unwrap();
    let next = unit.next_sequences(&[claim.id]).await.unwrap()[0].1;
    unit.insert_events(&[event(&claim, next)]).await.unwrap();
    unit.commit().await.unwrap();
    next
}

pub async fn an_event_waits_for_the_earlier_ones_of_its_claim(db: TestDatabase) {
    let kept = deposit_many(&db.store, "d", 2).await;
    let (one, two) = (kept[0].claim.id, kept[1].claim.id);
    assert_eq!(add_event(&db.store, one).await, 2);
    assert_eq!(add_event(&db.store, one).await, 3);
    for limit in 1..=4 {
        let out = db.store.unpublished_events(limit, &[]).await.unwrap();
        let of_one: Vec<u64> =
            out.iter().filter(|e| ClaimId(e.subject_id) == one).map(|e| e.sequence).collect();
        assert_eq!(
            of_one,
            (1..=of_one.len() as u64).collect::<Vec<_>>(),
            "no sequence without those before it"
        );
    }
    // The first event of `one` could not be published: the next look starts with it again.
    let out = db.store.unpublished_events(10, &[]).await.unwrap();
    let other = out.iter().find(|e| ClaimId(e.subject_id) == two).unwrap().event_no;
    db.store.mark_published(&[other], at(1)).await.unwrap();
    let left = db.store.unpublished_events(10, &[]).await.unwrap();
    assert_eq!(left.iter().map(|e| e.sequence).collect::<Vec<_>>(), [1, 2, 3]);
}

/// Many changes of the same claims at once, while a relay drains: every claim's events leave in
/// their order.
pub async fn concurrent_changes_of_one_claim_keep_its_order(db: TestDatabase) {
    const TASKS: u64 = 4;
    const CHANGES: u64 = 10;
    let kept = deposit_many(&db.store, "d", 2).await;
    let ids = [kept[0].claim.id, kept[1].claim.id];
    let replica = if db.is_postgres() { db.replica().await } else { db.store.clone() };
    let writers: Vec<_> = (0..TASKS)
        .map(|n| {
            let store = if n % 2 == 0 { db.store.clone() } else { replica.clone() };
            tokio::spawn(async move {
                for change in 0..CHANGES {
                    add_event(&store, ids[usize::from((n + change) % 2 == 0)]).await;
                }
            })
        })
        .collect();
    let wanted = usize::try_from(2 + TASKS * CHANGES).unwrap();
    let mut left: Vec<(ClaimId, u64)> = Vec::new();
    let mut written = db.store.waiter(Occasion::Written);
    while left.len() < wanted {
        written.arm();
        let batch = db.store.unpublished_events(3, &[]).await.unwrap();
        left.extend(batch.iter().map(|e| (ClaimId(e.subject_id), e.sequence)));
        db.store
            .mark_published(&batch.iter().map(|e| e.event_no).collect::<Vec<_>>(), NOW)
            .await
            .unwrap();
        if batch.is_empty() {
            written.wait(Duration::from_secs(1)).await;
        }
    }
    for writer in writers {
        writer.await.unwrap();
    }
    for id in ids {
        let sequences: Vec<u64> =
            left.iter().filter(|(claim, _)| *claim == id).map(|(_, sequence)| *sequence).collect();
        assert_eq!(sequences, (1..=1 + TASKS * CHANGES / 2).collect::<Vec<_>>());
    }
}

pub async fn sequences_go_on(db: TestDatabase) {
    let kept = deposit_many(&db.store, "d", 2).await;
    add_event(&db.store, kept[0].claim.id).await;
    let mut unit = db.store.begin().await.unwrap();
    let mut next = unit
        .next_sequences(&[kept[0].claim.id, kept[1].claim.id, ClaimId(new_id())])
        .await
        .unwrap();
    next.sort_unstable_by_key(|(_, sequence)| *sequence);
    assert_eq!(next, [(kept[1].claim.id, 2), (kept[0].claim.id, 3)]);
    assert!(
        unit.insert_events(&[event(&kept[1].claim, 1)]).await.is_err(),
        "a sequence is taken once"
    );
}

pub async fn depth_and_attempts(db: TestDatabase) {
    assert_eq!(db.store.outbox_depth().await.unwrap(), OutboxDepth::default());
    deposit_many(&db.store, "d", 3).await;
    assert_eq!(
        db.store.outbox_depth().await.unwrap(),
        OutboxDepth { pending: 3, oldest: Some(NOW) }
    );
    let ids: Vec<i64> =
        db.store.unpublished_events(10, &[]).await.unwrap().iter().map(|e| e.event_no).collect();
    db.store.mark_published(&ids[..1], at(1)).await.unwrap();
    db.store.count_failed_attempt(&ids[..2]).await.unwrap();
    db.store.count_failed_attempt(&ids[1..2]).await.unwrap();
    let attempts: Vec<i32> =
        db.store.unpublished_events(10, &[]).await.unwrap().iter().map(|e| e.attempts).collect();
    assert_eq!(attempts, [2, 0]);
    assert_eq!(db.store.outbox_depth().await.unwrap().pending, 2);
}

/// A published event leaves the queue and stays in the history and in the stream; the next event of
/// its claim takes the next sequence.
pub async fn a_published_event_leaves_the_queue_and_stays_in_the_history(db: TestDatabase) {
    let kept = deposit_many(&db.store, "d", 3).await;
    let claim = kept[0].claim.id;
    let all = Scope::everything();
    let before = db.store.claim_history(&all, claim).await.unwrap();
    let ids: Vec<i64> =
        db.store.unpublished_events(10, &[]).await.unwrap().iter().map(|e| e.event_no).collect();
    db.store.mark_published(&ids, at(1)).await.unwrap();
    assert_eq!(db.number("SELECT count(*) FROM outbox").await, 0, "the queue is pruned");
    assert_eq!(db.number("SELECT count(*) FROM events").await, 3, "the history is not");
    assert_eq!(db.store.claim_history(&all, claim).await.unwrap(), before);
    let stream = db.store.published_events(&all, 0, 10).await.unwrap().events;
    assert_eq!(stream.len(), 3);
    assert!(stream.iter().any(|published| published.event == before[0]));
    assert_eq!(add_event(&db.store, claim).await, 2, "the sequence goes on in the history");
    // Marked again, as by a replica that has lost the lease: no second position.
    db.store.mark_published(&ids, at(2)).await.unwrap();
    assert_eq!(db.store.published_events(&all, 0, 10).await.unwrap().events, stream);
    assert_eq!(db.store.outbox_depth().await.unwrap().pending, 1);
}

/// A later version writes events of a subject that this version does not know: the relay gets them
/// as they are, and the readers of claims pass over them.
pub async fn an_event_of_a_later_version_is_relayed_and_passed_over(db: TestDatabase) {
    let kept = deposit_many(&db.store, "d", 1).await;
    for sql in [
        "INSERT INTO events (event_id, subject_kind, subject_id, sequence, kind, actor_name, \
         actor_role, actor_proof, routing_key, payload, occurred_at) \
         SELECT subject_id, 'invoice', subject_id, 1, 'movement_added', 'amc', 'regulator', \
         'certificate', 'invoice.movement_added', '{\"later\":true}', occurred_at FROM events",
        "INSERT INTO outbox (event_no) SELECT max(event_no) FROM events",
    ] {
        db.execute(sql).await.unwrap();
    }
    let waiting = db.store.unpublished_events(10, &[]).await.unwrap();
    let [_, later] = waiting.as_slice() else { panic!("{waiting:?}") };
    assert_eq!((later.name().as_str(), later.sequence), ("invoice.movement_added", 1));
    assert_eq!(later.subject(), format!("invoice/{}", kept[0].claim.id));
    assert_eq!((later.exchange_id, later.payload.as_str()), (None, "{\"later\":true}"));
    let ids: Vec<i64> = waiting.iter().map(|e| e.event_no).collect();
    db.store.mark_published(&[ids[1], ids[0]], at(1)).await.unwrap();
    let all = Scope::everything();
    let stream = db.store.published_events(&all, 0, 10).await.unwrap().events;
    assert_eq!(stream.iter().map(|e| e.position).collect::<Vec<_>>(), [2]);
    assert_eq!(db.store.claim_history(&all, kept[0].claim.id).await.unwrap().len(), 1);
    assert_eq!(add_event(&db.store, kept[0].claim.id).await, 2, "each subject has its sequence");
}

pub async fn the_relay_lease_is_exclusive(db: TestDatabase) {
    let replica = if db.is_postgres() { db.replica().await } else { db.store.clone() };
    let mut lease = db.store.try_relay_lease().await.unwrap().expect("the first one gets it");
    assert!(lease.still_held().await);
    assert!(replica.try_relay_lease().await.unwrap().is_none());
    assert!(db.store.try_relay_lease().await.unwrap().is_none(), "nor twice from the same replica");
    if db.is_postgres() {
        db.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND \
            database = (SELECT oid FROM pg_database WHERE datname = \
            current_database())",
        )
        .await
        .unwrap();
        assert!(!lease.still_held().await, "lost with its connection");
    }
    drop(lease);
    let mut next = eventually("the lease is given back", || async {
        replica.try_relay_lease().await.unwrap()
    })
    .await;
    assert!(next.still_held().await);
}

pub async fn the_lease_of_dropped_files_is_of_one_sender(db: TestDatabase) {
    let replica = if db.is_postgres() { db.replica().await } else { db.store.clone() };
    let [a, b] = ["oct-a", "oct-b"].map(|name| name.parse().unwrap());
    let lease = db.store.try_drop_lease(&a).await.unwrap().expect("the first one gets it");
    assert!(replica.try_drop_lease(&a).await.unwrap().is_none());
    assert!(db.store.try_drop_lease(&a).await.unwrap().is_none(), "nor twice from one replica");
    let other = replica.try_drop_lease(&b).await.unwrap().expect("another sender, another lease");
    lease.release().await;
    assert!(replica.try_drop_lease(&a).await.unwrap().is_some(), "free when release returns");
    other.release().await;
}

/// The number of connections that listen for events.
const LISTENERS: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
    AND query LIKE 'LISTEN%'";

/// Waits until `wanted` connections listen. SQLite has no listening connection.
async fn until_listening(db: &TestDatabase, wanted: i64) {
    until("connections listen", || async {
        !db.is_postgres() || db.number(LISTENERS).await == wanted
    })
    .await;
}

/// Time without a notification after which earlier notifications have all arrived.
const QUIET: Duration = Duration::from_millis(150);

/// Waits until the waiter gets no notification for [`QUIET`], and arms it: the next notification
/// belongs to a later commit.
async fn until_quiet(waiter: &mut Waiter) {
    loop {
        waiter.arm();
        let start = Instant::now();
        waiter.wait(QUIET).await;
        if start.elapsed() >= QUIET {
            waiter.arm();
            return;
        }
    }
}

pub async fn a_commit_wakes_the_waiter(db: TestDatabase) {
    let replica = if db.is_postgres() { db.replica().await } else { db.store.clone() };
    until_listening(&db, 2).await;
    let long = Duration::from_secs(20);
    for (waiting, digest) in [(db.store.clone(), "d1"), (replica.clone(), "d2")] {
        let mut written = waiting.waiter(Occasion::Written);
        until_quiet(&mut written).await;
        let waiter = tokio::spawn(async move {
            let started = Instant::now();
            written.wait(long).await;
            started.elapsed()
        });
        deposit_many(&db.store, digest, 1).await;
        assert!(waiter.await.unwrap() < Duration::from_secs(5));
    }
    let (mut written, mut published) =
        (replica.waiter(Occasion::Written), replica.waiter(Occasion::Published));
    until_quiet(&mut written).await;
    let started = Instant::now();
    written.wait(Duration::from_millis(30)).await;
    assert!(started.elapsed() < Duration::from_secs(5), "the time is the net");
    let ids: Vec<i64> =
        db.store.unpublished_events(10, &[]).await.unwrap().iter().map(|e| e.event_no).collect();
    db.store.mark_published(&ids, at(1)).await.unwrap();
    published.wait(long).await;
    let started = Instant::now();
    written.wait(Duration::from_millis(300)).await;
    assert!(
        started.elapsed() >= Duration::from_millis(300),
        "to be published is not to be written"
    );
}

pub async fn what_happens_between_the_look_and_the_wait_is_not_missed(db: TestDatabase) {
    let mut written = db.store.waiter(Occasion::Written);
    written.arm();
    assert_eq!(db.store.unpublished_events(10, &[]).await.unwrap(), vec![]);
    deposit_many(&db.store, "d", 1).await;
    let started = Instant::now();
    written.wait(Duration::from_secs(20)).await;
    assert!(started.elapsed() < Duration::from_secs(5));
}

pub async fn what_is_being_marked_is_left_out(db: TestDatabase) {
    deposit_many(&db.store, "d", 5).await;
    let ids: Vec<i64> =
        db.store.unpublished_events(10, &[]).await.unwrap().iter().map(|e| e.event_no).collect();
    let left = db.store.unpublished_events(2, &[ids[0], ids[2]]).await.unwrap();
    assert_eq!(left.iter().map(|e| e.event_no).collect::<Vec<_>>(), [ids[1], ids[3]]);
    assert_eq!(db.store.unpublished_events(10, &ids).await.unwrap(), vec![]);
}

/// Every connection is cut, as by a restart of the server: the store works again, and hears again
/// of what other replicas write.
pub async fn a_cut_connection_costs_only_a_moment(db: TestDatabase) {
    deposit_many(&db.store, "d", 1).await;
    if !db.is_postgres() {
        return db.store.ping().await.unwrap();
    }
    until_listening(&db, 1).await;
    db.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = \
        current_database() AND pid <> pg_backend_pid()",
    )
    .await
    .unwrap();
    until("the store works again", || async { db.store.ping().await.is_ok() }).await;
    until_listening(&db, 1).await;
    let replica = db.replica().await;
    until_listening(&db, 2).await;
    let mut written = db.store.waiter(Occasion::Written);
    until_quiet(&mut written).await;
    let started = Instant::now();
    deposit_many(&replica, "d2", 1).await;
    written.wait(Duration::from_secs(20)).await;
    assert!(started.elapsed() < Duration::from_secs(10));
}

pub async fn replicas_number_without_holes(db: TestDatabase) {
    let replica = if db.is_postgres() { db.replica().await } else { db.store.clone() };
    deposit_many(&db.store, "d", 60).await;
    let ids: Vec<i64> =
        db.store.unpublished_events(100, &[]).await.unwrap().iter().map(|e| e.event_no).collect();
    // Two replicas that both believe to be the relay, and overlap.
    let marks: Vec<_> = [(db.store.clone(), ids[..40].to_vec()), (replica, ids[20..].to_vec())]
        .into_iter()
        .map(|(store, ids)| {
            tokio::spawn(async move {
                for chunk in ids.chunks(5) {
                    store.mark_published(chunk, NOW).await.unwrap();
                }
            })
        })
        .collect();
    for mark in marks {
        mark.await.unwrap();
    }
    let positions: Vec<i64> = db
        .store
        .published_events(&Scope::everything(), 0, 100)
        .await
        .unwrap()
        .events
        .iter()
        .map(|e| e.position)
        .collect();
    assert_eq!(positions, (1..=60).collect::<Vec<_>>());
}
