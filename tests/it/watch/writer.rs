//! Writers of events, in transactions of several events of several claims, and the publication of
//! what they wrote.

use super::history::Committed;
use crate::support::samples::{self, closing, event, offered, open, plain_link};
use noemie_gateway::clock::{Clock as _, SystemClock};
use noemie_gateway::domain::{Claim, ClaimEvent, PartState};
use noemie_gateway::store::{Occasion, PartChange, SharedStore};
use std::collections::{BTreeSet, HashMap};
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;

/// Fewest and most claims of one deposit, and events of one transaction: a long recording has longer
/// transactions, and about as many as a short one.
const PER_TRANSACTION: (u64, u64) = (50, 250);
/// Events of each claim: its receipt, then changes.
const EVENTS_OF_CLAIM: u64 = 5;
/// PS of the claims, in turn.
pub const PS: [&str; 3] = ["123456782", "223456781", "323456780"];
/// AMC of the claims, in turn.
pub const AMC: [&str; 2] = ["0099900011", "0099900029"];

/// State that writers, publisher and readers of a recording share.
#[derive(Default)]
pub struct Stage {
    /// Events that were written, by their id; without position.
    written: Mutex<HashMap<String, Committed>>,
    pub rolled_back: Mutex<BTreeSet<String>>,
    /// Published events, by position.
    pub published: Mutex<Vec<Committed>>,
    transactions: AtomicU64,
    /// Last position; 0 until every event is published.
    pub end: AtomicI64,
    /// Events up to this position are deleted.
    pub purged: AtomicI64,
    /// Events up to this position are deleted, or may be so any time.
    pub purging: AtomicI64,
}

/// Numbers that look random, and are the same in each run.
pub struct Dice(pub u64);

impl Dice {
    /// Returns a number from 1 to `most`.
    pub fn roll(&mut self, most: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most + 1
    }
}

impl Stage {
    /// Writes about so many events: deposits, then changes of their claims. Some transactions are
    /// rolled back.
    pub async fn write(&self, store: &SharedStore, name: &str, events: u64) {
        let (least, most) = PER_TRANSACTION;
        let claims_of_each = (events / 100).clamp(least, most);
        let deposits = events.div_ceil(claims_of_each * EVENTS_OF_CLAIM);
        for deposit in 0..deposits {
            let mut claims =
                self.deposit(store, &format!("{name}-{deposit}"), claims_of_each).await;
            for sequence in 2..=EVENTS_OF_CLAIM {
                if (deposit + sequence) % 4 == 0 {
                    self.change(store, &mut claims.clone(), sequence, false).await;
                }
                self.change(store, &mut claims, sequence, true).await;
            }
        }
    }

    async fn deposit(&self, store: &SharedStore, digest: &str, count: u64) -> Vec<Claim> {
        let mut unit = store.begin().await.expect("begins");
        let id = open(&mut unit, digest).await;
        let claims: Vec<_> = (1..=count)
            .map(|n| {
                let mut new = samples::claim(id, n, &format!("{digest}-{n}"));
                let turn = usize::try_from(n).expect("small");
                new.claim.ps = PS[turn % PS.len()].into();
                new.claim.amc_number = AMC[turn % AMC.len()].into();
                new
            })
            .collect();
        unit.insert_claims(&offered(&claims)).await.expect("writes claims");
        let events: Vec<ClaimEvent> = claims.iter().map(|c| event(&c.claim, 1)).collect();
        unit.insert_events(&events).await.expect("writes events");
        unit.close_exchange(&closing(id, digest, &claims), &plain_link).await.expect("closes");
        self.note(&events);
        unit.commit().await.expect("commits");
        claims.into_iter().map(|new| new.claim).collect()
    }

    /// Changes the AMC part of claims in one transaction, which is rolled back if not `kept`.
    async fn change(&self, store: &SharedStore, claims: &mut [Claim], sequence: u64, kept: bool) {
        let is_even = sequence.is_multiple_of(2);
        let state = if is_even { PartState::Accepted } else { PartState::Deferred };
        claims.iter_mut().for_each(|claim| claim.amc.state = state);
        let changes: Vec<_> = claims
            .iter()
            .map(|claim| PartChange { claim_id: claim.id, part: claim.amc.clone() })
            .collect();
        let events: Vec<ClaimEvent> = claims.iter().map(|claim| event(claim, sequence)).collect();
        let mut unit = store.begin().await.expect("begins");
        unit.update_parts(&changes).await.expect("writes parts");
        unit.insert_events(&events).await.expect("writes events");
        if kept {
            self.note(&events);
            unit.commit().await.expect("commits");
        } else {
            let ids = events.iter().map(|event| event.event_id.to_string());
            self.rolled_back.lock().expect("no panic").extend(ids);
        }
    }

    fn note(&self, events: &[ClaimEvent]) {
        let transaction = self.transactions.fetch_add(1, Ordering::Relaxed);
        let mut written = self.written.lock().expect("no panic");
        for event in events {
            let committed = Committed {
                position: 0,
                event_id: event.event_id.to_string(),
                claim: event.claim_id.to_string(),
                sequence: event.sequence,
                transaction,
                ps: event.ps.clone(),
                amc_number: event.amc_number.clone(),
                visible_by: OffsetDateTime::UNIX_EPOCH,
            };
            written.insert(committed.event_id.clone(), committed);
        }
    }

    /// Publishes what is written, in batches that split transactions anywhere, until `stop` and
    /// until nothing waits.
    pub async fn publish(&self, store: &SharedStore, mut dice: Dice, stop: CancellationToken) {
        let mut waiter = store.waiter(Occasion::Written);
        loop {
            let is_last = stop.is_cancelled();
            waiter.arm();
            let limit = usize::try_from(dice.roll(300)).expect("small");
            let batch = store.unpublished_events(limit, &[]).await.expect("reads the outbox");
            if batch.is_empty() {
                if is_last {
                    break;
                }
                waiter.wait(Duration::from_millis(20)).await;
                continue;
            }
            let numbers: Vec<i64> = batch.iter().map(|event| event.event_no).collect();
            store.mark_published(&numbers, SystemClock.now()).await.expect("publishes");
            let visible_by = SystemClock.now();
            let mut published = self.published.lock().expect("no panic");
            let written = self.written.lock().expect("no panic");
            for event in &batch {
                let position = i64::try_from(published.len()).expect("small") + 1;
                let committed = written[&event.event_id.to_string()].clone();
                published.push(Committed { position, visible_by, ..committed });
            }
        }
        let end = store.last_position().await.expect("reads the end");
        assert_eq!(i64::try_from(self.published.lock().expect("no panic").len()), Ok(end));
        self.end.store(end, Ordering::SeqCst);
    }

    /// Returns the number of events published so far.
    pub fn published(&self) -> i64 {
        i64::try_from(self.published.lock().expect("no panic").len()).expect("small")
    }
}
