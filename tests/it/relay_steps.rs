//! Steps of the relay over a database and a scripted sink: which events are marked as published, and
//! which stay in the outbox.

#![allow(
    clippy::unwrap_used,
    reason = "a test that unwraps is a test that fails with a line number"
)]

use crate::support;

use async_trait::async_trait;
use noemie_gateway::clock::FixedClock;
use noemie_gateway::domain::Scope;
use noemie_gateway::domain::{Claim, ClaimId, EventId};
use noemie_gateway::relay::{
    self, LocalLog, Outcome, OutcomeCounts, Relay, RelayState, RelayStatus, Sink, SinkError,
    StepOutcome,
};
use noemie_gateway::store::{OutboxEvent, SharedStore};
use sqlx::{Connection as _, Executor as _, PgConnection};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use support::databases::{TestDatabase, on_postgres, on_sqlite};
use support::samples::{NOW, deposit_many, event};
use support::wait::until;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn two_events_of_one_claim_are_never_in_flight_together() {
    on_sqlite(|db| async move {
        let claims = deposit_many(&db.store, "d", 3).await;
        commit_event(&db.store, &claims[0].claim, 2).await;
        commit_event(&db.store, &claims[0].claim, 3).await;
        commit_event(&db.store, &claims[1].claim, 2).await;
        let sink = Script::default();
        let mut relay = relay(&db.store, &sink);
        let outcome = relay.step().await;
        assert!(
            matches!(
                outcome,
                StepOutcome::Published(OutcomeCounts {
                    acked: 6,
                    unroutable: 0,
                    nacked: 0,
                    unknown: 0
                })
            ),
            "{outcome:?}"
        );
        let batches: Vec<Vec<u64>> = sink
            .batches()
            .iter()
            .map(|batch| batch.iter().map(|event| event.sequence).collect())
            .collect();
        assert_eq!(batches, [vec![1, 1, 1], vec![2, 2], vec![3]]);
        assert_eq!(db.store.outbox_depth().await.unwrap().pending, 0);
    })
    .await;
}

#[tokio::test]
async fn an_unconfirmed_event_holds_back_later_events_of_its_claim_only() {
    for outcome in [Outcome::Nacked, Outcome::Unknown, Outcome::Unroutable] {
        on_sqlite(|db| async move {
            let claims = deposit_many(&db.store, "d", 3).await;
            commit_event(&db.store, &claims[1].claim, 2).await;
            let sink = Script::answering([vec![Outcome::Acked, outcome, Outcome::Acked]]);
            let mut relay = relay(&db.store, &sink);
            let outcome = relay.step().await;
            assert!(
                matches!(outcome, StepOutcome::Unconfirmed(OutcomeCounts { acked: 2, .. })),
                "{outcome:?}"
            );
            let held = db.store.unpublished_events(10, &[]).await.unwrap();
            assert_eq!(
                held.iter()
                    .map(|event| (ClaimId(event.subject_id), event.sequence, event.attempts))
                    .collect::<Vec<_>>(),
                [(claims[1].claim.id, 1, 1), (claims[1].claim.id, 2, 0)]
            );
            assert!(matches!(
                relay.step().await,
                StepOutcome::Published(OutcomeCounts { acked: 2, .. })
            ));
            let published =
                db.store.published_events(&Scope::everything(), 0, 10).await.unwrap().events;
            assert_eq!(published.len(), 4);
            assert!(published.windows(2).all(|pair| pair[0].position < pair[1].position));
            assert_eq!(
                sink.event_ids_by_event().values().max(),
                Some(&2),
                "resent under the same id"
            );
        })
        .await;
    }
}

#[tokio::test]
async fn events_that_a_broken_sink_did_not_take_stay_in_the_outbox() {
    on_sqlite(|db| async move {
        deposit_many(&db.store, "d", 3).await;
        let sink = Script::answering([vec![Outcome::Acked], vec![]]);
        let mut relay = relay(&db.store, &sink);
        assert!(matches!(
            relay.step().await,
            StepOutcome::Unconfirmed(OutcomeCounts { acked: 1, .. })
        ));
        assert!(matches!(
            relay.step().await,
            StepOutcome::Unconfirmed(OutcomeCounts { acked: 0, .. })
        ));
        let held = db.store.unpublished_events(10, &[]).await.unwrap();
        assert!(held.len() == 2 && held.iter().all(|event| event.attempts == 0));
    })
    .await;
}

/// A batch that the sink is slow to confirm holds back the claims of its events only.
#[tokio::test]
async fn an_event_does_not_wait_for_the_confirms_of_other_claims() {
    on_sqlite(|db| async move {
        let slow = deposit_many(&db.store, "d", 1).await;
        let sink = Script::default();
        let gate = sink.hold();
        let mut relay = relay(&db.store, &sink);
        let step = tokio::spawn(async move { relay.step().await });
        until("the first batch is sent", || async { sink.batches().len() == 1 }).await;
        commit_event(&db.store, &slow[0].claim, 2).await;
        let quick = deposit_many(&db.store, "e", 1).await;
        until("the other claim is sent while the first batch is in flight", || async {
            sink.batches().len() == 2
        })
        .await;
        assert_eq!(
            sink.batches()[1].iter().map(|e| ClaimId(e.subject_id)).collect::<Vec<_>>(),
            [quick[0].claim.id]
        );
        gate.add_permits(10);
        let outcome = step.await.unwrap();
        assert!(
            matches!(outcome, StepOutcome::Published(OutcomeCounts { acked: 3, .. })),
            "{outcome:?}"
        );
        assert_eq!(sink.batches()[2].iter().map(|e| e.sequence).collect::<Vec<_>>(), [2]);
        assert_eq!(
            db.store.published_events(&Scope::everything(), 0, 10).await.unwrap().events.len(),
            3,
            "and all are marked"
        );
        assert_eq!(sink.event_ids_by_event().values().max(), Some(&1), "nothing is sent twice");
    })
    .await;
}

/// Events that were read before an outcome was unknown are not sent after it: a later event of the
/// same claim may be among them. A lock of the outbox, which PostgreSQL has, delays the read until
/// the outcome is there.
#[tokio::test]
async fn no_event_overtakes_an_unconfirmed_one() {
    on_postgres(|db| async move {
        let claims = deposit_many(&db.store, "d", 1).await;
        let sink = Script::answering([vec![Outcome::Unknown]]);
        let gate = sink.hold();
        let mut relay = relay(&db.store, &sink);
        let step = tokio::spawn(async move {
            let outcome = relay.step().await;
            (relay, outcome)
        });
        until("the first batch is sent", || async { !sink.batches().is_empty() }).await;
        commit_event(&db.store, &claims[0].claim, 2).await;
        let mut lock = PgConnection::connect(&db.url).await.unwrap();
        lock.execute("BEGIN; LOCK TABLE outbox IN ACCESS EXCLUSIVE MODE").await.unwrap();
        waiting_for_the_outbox(&db, 1, "the relay reads the outbox again").await;
        gate.add_permits(10);
        waiting_for_the_outbox(
            &db,
            2,
            "the relay counts the failed attempt, and its read still waits",
        )
        .await;
        lock.execute("COMMIT").await.unwrap();
        let (mut relay, outcome) = step.await.unwrap();
        assert!(
            matches!(outcome, StepOutcome::Unconfirmed(OutcomeCounts { acked: 0, unknown: 1, .. })),
            "{outcome:?}"
        );
        assert!(matches!(
            relay.step().await,
            StepOutcome::Published(OutcomeCounts { acked: 2, .. })
        ));
        let sent: Vec<u64> = sink.batches().iter().flatten().map(|e| e.sequence).collect();
        assert_eq!(sent, [1, 1, 2]);
    })
    .await;
}

/// Waits until so many statements wait for the locked outbox.
async fn waiting_for_the_outbox(db: &TestDatabase, count: i64, what: &str) {
    let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = \
        'outbox'::regclass \
                   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    until(what, || async { db.number(waiting).await >= count }).await;
}

#[tokio::test]
async fn one_replica_publishes_and_gives_the_lease_back_when_its_sink_is_down() {
    on_sqlite(|db| async move {
        let (sink, other_sink) = (Script::default(), Script::default());
        let (mut relay, mut other) = (relay(&db.store, &sink), relay(&db.store, &other_sink));
        assert!(matches!(relay.step().await, StepOutcome::Idle));
        assert!(matches!(other.step().await, StepOutcome::Standby));
        sink.set_down(true);
        let outcome = relay.step().await;
        assert!(matches!(outcome, StepOutcome::SinkDown(_)), "{outcome:?}");
        assert!(matches!(other.step().await, StepOutcome::Idle));
        sink.set_down(false);
        assert!(matches!(relay.step().await, StepOutcome::Standby));
        other.close().await;
        assert!(matches!(relay.step().await, StepOutcome::Idle));
    })
    .await;
}

#[tokio::test]
async fn the_local_log_publishes_in_order_and_drains_at_the_stop() {
    on_sqlite(|db| async move {
        let claims = deposit_many(&db.store, "d", 1_200).await;
        commit_event(&db.store, &claims[0].claim, 2).await;
        let (status, shutdown) = (RelayStatus::default(), CancellationToken::new());
        // The relay is stopped before it starts, and still publishes committed events.
        shutdown.cancel();
        let clock = Arc::new(FixedClock::new(NOW));
        tokio::time::timeout(
            Duration::from_secs(30),
            relay::run(db.store.clone(), Box::new(LocalLog), clock, status.clone(), shutdown),
        )
        .await
        .unwrap();
        assert_eq!(status.get(), RelayState::Publishing);
        let published =
            db.store.published_events(&Scope::everything(), 0, 2_000).await.unwrap().events;
        assert_eq!(published.len(), 1_201);
        let of_first: Vec<u64> = published
            .iter()
            .map(|event| &event.event)
            .filter(|e| e.claim_id == claims[0].claim.id)
            .map(|e| e.sequence)
            .collect();
        assert_eq!(of_first, [1, 2]);
    })
    .await;
}

fn relay(store: &SharedStore, sink: &Script) -> Relay {
    Relay::new(
        store.clone(),
        Box::new(sink.clone()),
        Arc::new(FixedClock::new(NOW)),
        RelayStatus::default(),
    )
}

async fn commit_event(store: &SharedStore, claim: &Claim, sequence: u64) {
    let mut unit = store.begin().await.unwrap();
    unit.insert_events(&[event(claim, sequence)]).await.unwrap();
    unit.commit().await.unwrap();
}

/// A sink that answers from a script, then confirms every event, and keeps the batches.
#[derive(Clone, Default)]
struct Script(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    answers: VecDeque<Vec<Outcome>>,
    batches: Vec<Vec<OutboxEvent>>,
    down: bool,
    gate: Option<Arc<Semaphore>>,
}

impl Script {
    fn answering(answers: impl Into<VecDeque<Vec<Outcome>>>) -> Self {
        Self(Arc::new(Mutex::new(Inner { answers: answers.into(), ..Inner::default() })))
    }

    /// Answers later batches only when the returned semaphore has a permit.
    fn hold(&self) -> Arc<Semaphore> {
        let gate = Arc::new(Semaphore::new(0));
        self.0.lock().unwrap().gate = Some(Arc::clone(&gate));
        gate
    }

    fn batches(&self) -> Vec<Vec<OutboxEvent>> {
        self.0.lock().unwrap().batches.clone()
    }

    fn set_down(&self, down: bool) {
        self.0.lock().unwrap().down = down;
    }

    /// Returns how many times each event was sent.
    fn event_ids_by_event(&self) -> HashMap<EventId, usize> {
        let mut counts = HashMap::new();
        for event in self.batches().into_iter().flatten() {
            *counts.entry(event.event_id).or_default() += 1;
        }
        counts
    }
}

#[async_trait]
impl Sink for Script {
    async fn ready(&mut self) -> Result<(), SinkError> {
        if self.0.lock().unwrap().down {
            Err(SinkError::Timeout(Duration::ZERO, "pretending"))
        } else {
            Ok(())
        }
    }

    fn is_ready(&self) -> bool {
        !self.0.lock().unwrap().down
    }

    async fn publish(&self, batch: &[OutboxEvent]) -> Vec<Outcome> {
        let gate = {
            let mut inner = self.0.lock().unwrap();
            inner.batches.push(batch.to_vec());
            inner.gate.clone()
        };
        if let Some(gate) = gate {
            gate.acquire().await.unwrap().forget();
        }
        self.0
            .lock()
            .unwrap()
            .answers
            .pop_front()
            .unwrap_or_else(|| vec![Outcome::Acked; batch.len()])
    }

    fn take_unroutable(&mut self) -> Option<u64> {
        Some(0)
    }

    async fn close(&mut self) {}
}
