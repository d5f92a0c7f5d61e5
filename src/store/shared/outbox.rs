//! SQL of the outbox, compiled for both databases.

use super::db::{Db, LeaseKey, Store};
use super::event_writes;
use super::positions;
use super::unit::Unit;
use crate::domain::{ClaimEvent, ClaimId};
use crate::store::codec::limit as rows;
use crate::store::error::{StoreError, doing};
use crate::store::lease::Lease;
use crate::store::outbox::{Outbox, OutboxEvent, OutboxWrites};
use crate::store::rows::{WaitingRow, all, closed_deposits, select_waiting};
use crate::store::transaction_guard::step;
use crate::store::wake::{Occasion, Waiter};
use async_trait::async_trait;
use sqlx::{Pool, query_as, query_scalar};
use time::OffsetDateTime;
use uuid::Uuid;

#[async_trait]
impl Outbox for Store {
    async fn try_relay_lease(&self) -> Result<Option<Box<dyn Lease>>, StoreError> {
        self.take_lease(LeaseKey::Relay).await
    }

    async fn unpublished_events(
        &self,
        limit: usize,
        except: &[i64],
    ) -> Result<Vec<OutboxEvent>, StoreError> {
        if self.publishing_sink().number() != 0 {
            self.check_sink().await?;
        }
        self.upkeep().ask(|pool| unpublished_events(pool, limit, except)).await
    }

    async fn check_sink(&self) -> Result<(), StoreError> {
        let own = self.publishing_sink().number();
        match self.upkeep().ask(sink_in_force).await? {
            Some(in_force) if in_force != own => Err(StoreError::SinkReplaced { in_force, own }),
            _ => Ok(()),
        }
    }

    fn publish_to(&self, sink: u64) {
        self.publishing_sink().set(sink);
    }

    async fn mark_published(&self, events: &[i64], at: OffsetDateTime) -> Result<(), StoreError> {
        let sink = self.publishing_sink().number();
        let mark = |pool| positions::mark_published(pool, events, sink, at);
        let marked = self.upkeep_writes().ask(mark).await?;
        if marked == 0 {
            // The statement marks nothing for a sink that is not in force.
            self.check_sink().await?;
        }
        self.announcer().announce(Occasion::Published);
        Ok(())
    }

    async fn count_failed_attempt(&self, events: &[i64]) -> Result<(), StoreError> {
        self.upkeep_writes().ask(|pool| positions::count_failed_attempt(pool, events)).await
    }

    fn waiter(&self, occasion: Occasion) -> Waiter {
        self.wake.waiter(occasion)
    }
}

#[async_trait]
impl OutboxWrites for Unit {
    async fn next_sequences(
        &mut self,
        claims: &[ClaimId],
    ) -> Result<Vec<(ClaimId, u64)>, StoreError> {
        step!(self, event_writes::next_sequences(&mut self.tx, claims))
    }

    async fn insert_events(&mut self, events: &[ClaimEvent]) -> Result<(), StoreError> {
        self.state.events |= !events.is_empty();
        let staged = self.state.is_staged();
        step!(self, event_writes::insert_events(&mut self.tx, &self.seal, events, staged))
    }
}

async fn sink_in_force(pool: &Pool<Db>) -> Result<Option<i64>, StoreError> {
    let newest = query_scalar("SELECT max(sink_no) FROM sinks").fetch_one(pool).await;
    newest.map_err(doing("reading the sink in force"))
}

async fn unpublished_events(
    pool: &Pool<Db>,
    limit: usize,
    except: &[i64],
) -> Result<Vec<OutboxEvent>, StoreError> {
    let (doing, page) = (doing("reading the outbox"), limit + except.len());
    // Events of no staged deposit, and the first event of each closed deposit. The limits are
    // inside of the conditions on `staged_deposit`: the index gives the order, and what a database
    // without statistics expects of a condition changes no plan.
    let first = query_as(concat!(
        closed_deposits!(),
        select_waiting!(
            "SELECT * FROM (SELECT * FROM (SELECT event_no, staged_deposit, attempts, is_resend \
             FROM outbox ORDER BY staged_deposit NULLS FIRST, event_no LIMIT $1) AS oldest \
             WHERE staged_deposit IS NULL UNION ALL SELECT first, staged_deposit, \
             (SELECT attempts FROM outbox o WHERE o.event_no = closed.first), \
             (SELECT is_resend FROM outbox o WHERE o.event_no = closed.first) FROM closed) \
             AS found ORDER BY event_no LIMIT $1"
        )
    ));
    let mut found: Vec<WaitingRow> =
        first.bind(rows(page)).fetch_all(pool).await.map_err(&doing)?;
    // Then the other events of the deposits that begin within the page. The order of the reads
    // matters: an event that precedes a free event of its claim was committed before it.
    let deposits: Vec<(Uuid, i64)> = found
        .iter()
        .map(WaitingRow::key)
        .filter_map(|(event, deposit)| deposit.map(|deposit| (deposit, event)))
        .collect();
    for (deposit, first) in deposits {
        if found.len() == page && found.last().is_some_and(|last| last.key().0 < first) {
            break;
        }
        let query = query_as(select_waiting!(
            "SELECT * FROM (SELECT event_no, staged_deposit, attempts, is_resend FROM outbox \
             WHERE (staged_deposit, event_no) > ($1, $2) \
             ORDER BY staged_deposit NULLS FIRST, event_no LIMIT $3) AS following \
             WHERE staged_deposit = $1"
        ));
        let rest: Vec<WaitingRow> = query
            .bind(deposit)
            .bind(first)
            .bind(rows(page))
            .fetch_all(pool)
            .await
            .map_err(&doing)?;
        found.extend(rest);
        found.sort_unstable_by_key(WaitingRow::key);
        found.truncate(page);
    }
    let except: std::collections::HashSet<i64> = except.iter().copied().collect();
    all(found.into_iter().filter(|row| !except.contains(&row.key().0)).take(limit).collect())
}
