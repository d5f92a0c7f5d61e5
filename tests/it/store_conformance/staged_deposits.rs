//! Stories of staged deposits: their events wait for the verdict, and reads of the outbox skip them.

use crate::support::databases::TestDatabase;
use crate::support::samples::*;
use crate::support::wait::until;
use noemie_gateway::domain::*;
use noemie_gateway::store::{NewClaim, OutboxDepth, SharedStore, StagedDeposit};

/// Reserves and commits a staged deposit.
async fn stage(store: &SharedStore, digest: &str) -> ExchangeId {
    let mut unit = store.begin().await.unwrap();
    let id = open(&mut unit, digest).await;
    let staged = StagedDeposit {
        id,
        sender: "octest".into(),
        lane: Lane::Real,
        digest: digest.into(),
        records_digest: String::new(),
        idempotency_key: String::new(),
        channel: Channel::Drop,
        file_name: "".into(),
        size: 1,
        received_at: NOW,
        archive_name: "archive-1".into(),
        cursor: 0,
        withdrawal: None,
    };
    unit.stage_deposit(&staged, &[]).await.unwrap();
    unit.commit().await.unwrap();
    id
}

/// Writes a batch of a staged deposit: claims with their first events.
async fn batch(
    store: &SharedStore,
    id: ExchangeId,
    ordinals: std::ops::Range<u64>,
) -> Vec<NewClaim> {
    let (before, last) = (ordinals.start - 1, ordinals.end - 1);
    let claims: Vec<NewClaim> = ordinals.map(|n| claim(id, n, &format!("{id}-{n}"))).collect();
    let mut unit = store.begin().await.unwrap();
    assert!(unit.advance_deposit_cursor(id, before, last).await.unwrap());
    assert_eq!(unit.insert_claims(&offered(&claims)).await.unwrap().len(), claims.len());
    unit.insert_events(&claims.iter().map(|c| event(&c.claim, 1)).collect::<Vec<_>>())
        .await
        .unwrap();
    unit.commit().await.unwrap();
    claims
}

async fn close(
    store: &SharedStore,
    id: ExchangeId,
    digest: &str,
    claims: &[NewClaim],
    seconds: i64,
) {
    let mut unit = store.begin().await.unwrap();
    let last = claims.last().map_or(0, |c| c.claim.ordinal);
    assert!(unit.advance_deposit_cursor(id, last, last).await.unwrap());
    let closing = noemie_gateway::store::Closing { at: at(seconds), ..closing(id, digest, claims) };
    unit.close_exchange(&closing, &plain_link).await.unwrap();
    unit.commit().await.unwrap();
}

/// Returns the claims whose events may be published, in order.
async fn leaving(store: &SharedStore, limit: usize) -> Vec<ClaimId> {
    store
        .unpublished_events(limit, &[])
        .await
        .unwrap()
        .iter()
        .map(|e| ClaimId(e.subject_id))
        .collect()
}

fn ids(claims: &[NewClaim]) -> Vec<ClaimId> {
    claims.iter().map(|c| c.claim.id).collect()
}

/// Three staged deposits with small deposits between their batches: when they are closed one by one,
/// their events are published in the order of the outbox, wherever a page ends.
pub async fn events_of_staged_deposits_are_published_in_the_order_of_the_outbox(db: TestDatabase) {
    let mut deposits = Vec::new();
    for digest in ["l0", "l1", "l2"] {
        deposits.push((stage(&db.store, digest).await, Vec::new()));
    }
    // Every event in its order, with its staged deposit; `None` for a small deposit.
    let mut written: Vec<(Option<usize>, ClaimId)> = Vec::new();
    for turn in 0..4u64 {
        for n in [2, 0, 1] {
            let claims = batch(&db.store, deposits[n].0, 3 * turn + 1..3 * turn + 4).await;
            written.extend(ids(&claims).into_iter().map(|id| (Some(n), id)));
            deposits[n].1.extend(claims);
        }
        let small = deposit_many(&db.store, &format!("small-{turn}"), 2).await;
        written.extend(ids(&small).into_iter().map(|id| (None, id)));
    }
    for closed in [&[][..], &[1], &[1, 2], &[1, 2, 0]] {
        if let Some(n) = closed.last() {
            close(&db.store, deposits[*n].0, &format!("l{n}"), &deposits[*n].1, 60).await;
        }
        let may_go = |staged: &Option<usize>| staged.is_none_or(|n| closed.contains(&n));
        let expected: Vec<ClaimId> =
            written.iter().filter(|(staged, _)| may_go(staged)).map(|(_, id)| *id).collect();
        for limit in 1..=expected.len() + 1 {
            assert_eq!(
                leaving(&db.store, limit).await,
                expected[..limit.min(expected.len())],
                "{closed:?} closed, {limit} at most"
            );
        }
        assert_eq!(
            db.store.outbox_depth().await.unwrap().pending,
            expected.len() as u64,
            "{closed:?} closed"
        );
    }
    // Published in pages that cut through deposits, everything leaves once.
    let mut left = Vec::new();
    loop {
        let page = db.store.unpublished_events(5, &[]).await.unwrap();
        if page.is_empty() {
            break;
        }
        left.extend(page.iter().map(|e| ClaimId(e.subject_id)));
        db.store
            .mark_published(&page.iter().map(|e| e.event_no).collect::<Vec<_>>(), at(70))
            .await
            .unwrap();
    }
    assert_eq!(left, written.iter().map(|(_, id)| *id).collect::<Vec<_>>());
}

/// A later event of a claim is not of the staged deposit, and is published after the first event.
pub async fn a_later_event_follows_the_event_of_the_staged_deposit(db: TestDatabase) {
    let id = stage(&db.store, "l").await;
    let claims = batch(&db.store, id, 1..4).await;
    close(&db.store, id, "l", &claims, 60).await;
    let mut unit = db.store.begin().await.unwrap();
    let first = unit.lock_claim(claims[0].claim.id).await.unwrap().unwrap();
    unit.insert_events(&[event(&first, 2)]).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(db.number("SELECT count(*) FROM outbox WHERE staged_deposit IS NULL").await, 1);
    for limit in 1..=4 {
        let sequences: Vec<u64> = db
            .store
            .unpublished_events(limit, &[])
            .await
            .unwrap()
            .iter()
            .map(|e| e.sequence)
            .collect();
        assert_eq!(sequences, [1, 1, 1, 2][..limit]);
    }
}

/// Events of a staged deposit cannot be published before its verdict: their age counts from it.
pub async fn the_events_of_a_staged_deposit_are_as_old_as_its_verdict(db: TestDatabase) {
    let id = stage(&db.store, "l").await;
    let claims = batch(&db.store, id, 1..4).await;
    assert_eq!(
        db.store.outbox_depth().await.unwrap(),
        OutboxDepth::default(),
        "what is held does not wait"
    );
    close(&db.store, id, "l", &claims, 7_200).await;
    assert_eq!(
        db.store.outbox_depth().await.unwrap(),
        OutboxDepth { pending: 3, oldest: Some(at(7_200)) }
    );
    // Events written during the staged deposit waited all the time.
    deposit_many(&db.store, "small", 1).await;
    assert_eq!(
        db.store.outbox_depth().await.unwrap(),
        OutboxDepth { pending: 4, oldest: Some(NOW) }
    );
}

/// Rows that PostgreSQL's own statistics say were read: entries of the indexes of queue, history and
/// stream, and rows of whole tables.
const READ: &str = "SELECT (SELECT sum(idx_tup_read)::bigint FROM pg_stat_user_indexes \
     WHERE relname IN ('outbox', 'events', 'published_events')) + \
     (SELECT sum(seq_tup_read) FROM pg_stat_user_tables \
     WHERE relname IN ('outbox', 'events', 'published_events', 'claims'))::bigint";
const SCANS: &str =
    "SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = 'outbox_waiting'";
/// Events of a staged deposit in the story below.
const STAGED_EVENTS: u64 = 3_000;

/// A read of the outbox, a publication and a search of invoices read as many rows as they return, and
/// neither staged events nor the history. SQLite has no such figures; its SQL is the same.
pub async fn a_read_of_the_outbox_skips_staged_events_and_the_history(db: TestDatabase) {
    // As in life, the server counted and cleaned its tables when nothing waited.
    deposit_many(&db.store, "published", 500).await;
    let published: Vec<i64> =
        db.store.unpublished_events(500, &[]).await.unwrap().iter().map(|e| e.event_no).collect();
    db.store.mark_published(&published, NOW).await.unwrap();
    db.execute(if db.is_postgres() { "VACUUM ANALYZE" } else { "ANALYZE" }).await.unwrap();
    let id = stage(&db.store, "l").await;
    let held = batch(&db.store, id, 1..STAGED_EVENTS + 1).await;
    let small = deposit_many(&db.store, "small", 3).await;
    let invoices: Vec<InvoiceKey> = held[..5].iter().map(|c| c.claim.invoice_key()).collect();
    let replica = if db.is_postgres() { db.replica().await } else { db.store.clone() };
    if db.is_postgres() {
        db.execute("SELECT pg_stat_reset()").await.unwrap();
    }
    assert_eq!(leaving(&replica, 100).await, ids(&small));
    assert_eq!(replica.outbox_depth().await.unwrap().pending, 3);
    assert_eq!(replica.stored_invoices(id, &invoices).await.unwrap().len(), 5);
    let mut unit = replica.begin().await.unwrap();
    assert_eq!(unit.lock_attempts(&invoices).await.unwrap().len(), 5);
    drop(unit);
    let places: Vec<i64> =
        replica.unpublished_events(10, &[]).await.unwrap().iter().map(|e| e.event_no).collect();
    replica.count_failed_attempt(&places).await.unwrap();
    replica.mark_published(&places, NOW).await.unwrap();
    // A connection hands its statistics in when it ends.
    drop(replica);
    until("the connection hands in its statistics", || async {
        !db.is_postgres() || db.number(SCANS).await > 0
    })
    .await;
    if db.is_postgres() {
        let read = db.number(READ).await;
        assert!((1..300).contains(&read), "{read} rows read where {STAGED_EVENTS} are held");
    }
}

/// Events of other claims in the story below: half of them are published, a quarter waits, a quarter
/// waits with a closed staged deposit. The planner gets no statistics, as in a database whose
/// server never counted.
const LONG_HISTORY: [&str; 6] = [
    "ALTER TABLE events SET (autovacuum_enabled = false)",
    "ALTER TABLE outbox SET (autovacuum_enabled = false)",
    "ALTER TABLE published_events SET (autovacuum_enabled = false)",
    "INSERT INTO events (event_id, subject_kind, subject_id, sequence, kind, actor_name, \
     actor_role, actor_proof, routing_key, payload, occurred_at) \
     SELECT gen_random_uuid(), e.subject_kind, gen_random_uuid(), 1, e.kind, e.actor_name, \
     e.actor_role, e.actor_proof, e.routing_key, e.payload, e.occurred_at \
     FROM (SELECT * FROM events LIMIT 1) AS e, generate_series(1, 40000)",
    "INSERT INTO published_events SELECT row_number() OVER (), event_no, now(), 1 FROM events \
     WHERE event_no <= 20000 AND event_no NOT IN (SELECT event_no FROM outbox)",
    "INSERT INTO outbox (event_no, staged_deposit) SELECT event_no, CASE WHEN event_no > 30000 \
     THEN '01234567-0000-7000-8000-000000000001'::uuid END FROM events \
     WHERE event_no > 20000",
];

/// The statements over queue, history and stream read what they answer, behind a long history and
/// with a long queue, also when PostgreSQL has no statistics.
pub async fn plans_do_not_depend_on_statistics(db: TestDatabase) {
    if !db.is_postgres() {
        return;
    }
    let kept = deposit_many(&db.store, "d", 1).await;
    for sql in LONG_HISTORY {
        db.execute(sql).await.unwrap();
    }
    let replica = db.replica().await;
    db.execute("SELECT pg_stat_reset()").await.unwrap();
    let all = Scope::everything();
    let page = replica.unpublished_events(100, &[]).await.unwrap();
    assert_eq!(page.len(), 100);
    let numbers: Vec<i64> = page.iter().map(|e| e.event_no).collect();
    replica.count_failed_attempt(&numbers[..10]).await.unwrap();
    replica.mark_published(&numbers, NOW).await.unwrap();
    let end = replica.published_events(&all, 19_990, 200).await.unwrap().events;
    assert!(end.len() >= 100);
    assert_eq!(replica.claim_history(&all, kept[0].claim.id).await.unwrap().len(), 1);
    let claims: Vec<ClaimId> = (0..50).map(|_| ClaimId(new_id())).collect();
    let mut unit = replica.begin().await.unwrap();
    assert_eq!(unit.next_sequences(&claims).await.unwrap(), vec![]);
    drop(unit);
    drop(replica);
    until("the connection hands in its statistics", || async { db.number(SCANS).await > 0 }).await;
    let read = db.number(READ).await;
    assert!((1..3_000).contains(&read), "{read} rows read where 40,000 are stored");
}
