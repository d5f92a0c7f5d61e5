//! Publication marks and wake-ups.
//!
//! **Why the events of one claim come out in order.** `outbox_id` is taken from a sequence when the event is inserted, and transactions commit in any
//! order, so between claims a larger number may show before a smaller one. Within one claim it cannot: whoever writes an event of an existing claim
//! has locked the claim's row first ([`UnitOfWork::claim`](crate::store::UnitOfWork::claim), `latest_claims`, `rejects_to_return`) and holds it until its
//! commit, and the events of a new claim are written by the transaction that makes the claim, which nobody else sees before. So the second transaction
//! takes its numbers only after the first one committed: its numbers are larger, and whoever sees its events sees those of the first. The sequence must
//! hand out numbers one by one for that (CACHE 1). An event whose claim was not locked meets `UNIQUE (claim_id, sequence)` instead.
//! `unpublished` therefore sorts by `outbox_id` and can cut anywhere.

use crate::store::StoreError;
use crate::store::columns::{Instant, doing};
use sqlx::{PgConnection, PgPool, query};
use time::OffsetDateTime;

/// The channel of wake-ups.
pub(super) const CHANNEL: &str = "noemie_outbox";
/// The lock under which positions are given: "position" in ASCII. Held until the commit, so that readers of the stream never see a position before
/// a smaller one.
const POSITIONS: i64 = 0x706f_7369_7469_6f6e;

/// Tells every replica, at the commit, that there is something to look at.
pub(super) async fn notify(db: &mut PgConnection) -> Result<(), StoreError> {
    query("SELECT pg_notify($1, '')").bind(CHANNEL).execute(db).await.map(|_| ()).map_err(doing("announcing events"))
}

/// Gives consecutive positions, in the order given, to the events that have none yet.
pub(super) async fn mark_published(pool: &PgPool, outbox_ids: &[i64], at: OffsetDateTime) -> Result<(), StoreError> {
    let while_marking = doing("marking events as published");
    let mut tx = pool.begin().await.map_err(&while_marking)?;
    query("SELECT pg_advisory_xact_lock($1)").bind(POSITIONS).execute(&mut *tx).await.map_err(&while_marking)?;
    // A statement of its own after the lock, so that it sees what the one before it committed. An id given twice takes its first place.
    query(
        "UPDATE outbox SET published_at = $2, \
         position = (SELECT COALESCE(max(position), 0) FROM outbox) + wanted.place \
         FROM (SELECT o.outbox_id, row_number() OVER (ORDER BY min(t.ord)) AS place \
               FROM UNNEST($1::bigint[]) WITH ORDINALITY AS t(id, ord) JOIN outbox o ON o.outbox_id = t.id \
               WHERE o.position IS NULL GROUP BY o.outbox_id) AS wanted \
         WHERE outbox.outbox_id = wanted.outbox_id",
    )
    .bind(outbox_ids)
    .bind(Instant(at))
    .execute(&mut *tx)
    .await
    .map_err(&while_marking)?;
    notify(&mut tx).await?;
    tx.commit().await.map_err(while_marking)
}

/// Counts a failed try.
pub(super) async fn count_attempt(pool: &PgPool, outbox_ids: &[i64]) -> Result<(), StoreError> {
    query("UPDATE outbox SET attempts = attempts + 1 WHERE position IS NULL AND outbox_id = ANY($1)")
        .bind(outbox_ids)
        .execute(pool)
        .await
        .map(|_| ())
        .map_err(doing("counting a failed publication"))
}
