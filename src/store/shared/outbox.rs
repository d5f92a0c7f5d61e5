//! SQL of the outbox, compiled for both databases.

use super::batch;
use super::db::{Db, LeaseKey, Store};
use super::positions;
use super::unit::Unit;
use crate::domain::{ClaimEvent, ClaimId};
use crate::store::codec::limit as rows;
use crate::store::error::{StoreError, doing};
use crate::store::lease::Lease;
use crate::store::outbox::{Outbox, OutboxEvent, OutboxWrites};
use crate::store::rows::{OutboxRow, all, closed_loads, select_outbox};
use crate::store::transaction_guard::step;
use crate::store::wake::{Occasion, Waiter};
use async_trait::async_trait;
use sqlx::{Pool, query_as};
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
        self.upkeep().ask(|pool| unpublished_events(pool, limit, except)).await
    }

    async fn mark_published(
        &self,
        outbox_ids: &[i64],
        at: OffsetDateTime,
    ) -> Result<(), StoreError> {
        self.upkeep_writes().ask(|pool| positions::mark_published(pool, outbox_ids, at)).await?;
        self.announcer().announce(Occasion::Published);
        Ok(())
    }

    async fn count_failed_attempt(&self, outbox_ids: &[i64]) -> Result<(), StoreError> {
        self.upkeep_writes().ask(|pool| positions::count_failed_attempt(pool, outbox_ids)).await
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
        step!(self, batch::next_sequences(&mut self.tx, claims))
    }

    async fn insert_events(&mut self, events: &[ClaimEvent]) -> Result<(), StoreError> {
        self.state.events |= !events.is_empty();
        step!(self, batch::insert_events(&mut self.tx, events, self.state.is_load()))
    }
}

async fn unpublished_events(
    pool: &Pool<Db>,
    limit: usize,
    except: &[i64],
) -> Result<Vec<OutboxEvent>, StoreError> {
    let (doing, page) = (doing("reading the outbox"), limit + except.len());
    // Events outside of large deposits, and the first event of each closed deposit. `load_id` leads
    // both orders, so that the index gives them.
    let first = query_as(concat!(
        closed_loads!(),
        "SELECT * FROM (SELECT * FROM (",
        select_outbox!(
            "WHERE published_at IS NULL AND load_id IS NULL ORDER BY load_id, outbox_id LIMIT $1"
        ),
        ") AS free UNION ALL SELECT o.outbox_id, 0, o.payload, o.attempts, o.load_id FROM closed JOIN outbox o ON o.outbox_id = closed.first) \
         AS found ORDER BY outbox_id LIMIT $1"
    ));
    let mut found: Vec<OutboxRow> = first.bind(rows(page)).fetch_all(pool).await.map_err(&doing)?;
    // Then the other events of the deposits that begin within the page. The order of the reads
    // matters: an event that precedes a free event of its claim was committed before it.
    let loads: Vec<(Uuid, i64)> = found
        .iter()
        .map(OutboxRow::place)
        .filter_map(|(id, load)| load.map(|load| (load, id)))
        .collect();
    for (load, first) in loads {
        if found.len() == page && found.last().is_some_and(|last| last.place().0 < first) {
            break;
        }
        let query = query_as(select_outbox!(
            "WHERE published_at IS NULL AND load_id = $1 AND outbox_id > $2 ORDER BY outbox_id LIMIT $3"
        ));
        let rest: Vec<OutboxRow> =
            query.bind(load).bind(first).bind(rows(page)).fetch_all(pool).await.map_err(&doing)?;
        found.extend(rest);
        found.sort_unstable_by_key(OutboxRow::place);
        found.truncate(page);
    }
    let except: std::collections::HashSet<i64> = except.iter().copied().collect();
    all(found.into_iter().filter(|row| !except.contains(&row.outbox_id)).take(limit).collect())
}
