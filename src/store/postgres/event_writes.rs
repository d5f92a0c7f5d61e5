//! Writes of events: the row of the history and the row of the queue, in one statement.

use super::batch::{column, uuids};
use crate::domain::{ClaimEvent, ClaimId};
use crate::store::StoreError;
use crate::store::codec::{Instant, doing, int, json, uint};
use crate::store::events::event_check;
use crate::store::journal_chains::Seal;
use sqlx::{PgConnection, query, query_as};
use uuid::Uuid;

/// Returns the sequence that the next event of each claim takes.
pub(super) async fn next_sequences(
    db: &mut PgConnection,
    claims: &[ClaimId],
) -> Result<Vec<(ClaimId, u64)>, StoreError> {
    // Claim by claim, one step of the index each, whatever the statistics of the history say.
    let found: Vec<(Uuid, Option<i64>)> = query_as(
        "SELECT wanted.id, (SELECT max(e.sequence) + 1 FROM events e \
         WHERE e.subject_id = wanted.id AND e.subject_kind = 'claim') \
         FROM UNNEST($1::uuid[]) AS wanted(id)",
    )
    .bind(uuids(claims))
    .fetch_all(db)
    .await
    .map_err(doing("reading the next sequences"))?;
    let found = found.into_iter().filter_map(|(id, next)| Some((ClaimId(id), next?)));
    found.map(|(id, next)| Ok((id, uint(next, "events.sequence")?))).collect()
}

/// Inserts events in the history and in the queue, in order.
pub(super) async fn insert_events(
    db: &mut PgConnection,
    seal: &Seal,
    events: &[ClaimEvent],
    of_staged_deposit: bool,
) -> Result<(), StoreError> {
    let texts: Vec<String> = column(events, json);
    let checks: Vec<String> =
        events.iter().zip(&texts).map(|(e, text)| event_check(seal, e, text)).collect();
    // One statement writes event and queue: the numbers are taken first, in the order given, so
    // that no join has to find them again. The first event of a claim waits for the staged deposit
    // that brings the claim; a later event waits with it while the deposit is open.
    query(
        "WITH told AS MATERIALIZED (SELECT nextval('events_event_no_seq') AS event_no, t.* FROM ( \
         SELECT * FROM UNNEST($1::uuid[], $2::text[], $3::uuid[], $4::bigint[], $5::text[], \
         $6::text[], $7::text[], $8::text[], $9::uuid[], $10::text[], $11::text[], \
         $12::timestamptz[], $13::text[]) WITH ORDINALITY AS u(event_id, subject_kind, subject_id, \
         sequence, kind, actor_name, actor_role, actor_proof, exchange_id, routing_key, payload, \
         occurred_at, key_check, place) ORDER BY place) AS t), \
         written AS (INSERT INTO events (event_no, event_id, subject_kind, subject_id, sequence, \
         kind, actor_name, actor_role, actor_proof, exchange_id, routing_key, payload, \
         occurred_at, key_check) SELECT event_no, event_id, subject_kind, subject_id, sequence, \
         kind, actor_name, actor_role, actor_proof, exchange_id, routing_key, payload, \
         occurred_at, key_check FROM told) \
         INSERT INTO outbox (event_no, staged_deposit) SELECT event_no, \
         CASE WHEN sequence = 1 THEN CASE WHEN $14 THEN exchange_id END ELSE \
         (SELECT x.id FROM claims c JOIN exchanges x ON x.id = c.exchange_id \
         AND x.verdict IS NULL WHERE c.id = told.subject_id) END FROM told",
    )
    .bind(column(events, |e| e.event_id.0))
    .bind(column(events, |e| e.subject.kind.as_str()))
    .bind(column(events, |e| e.subject.id))
    .bind(column(events, |e| int(e.sequence)))
    .bind(column(events, |e| e.fact.as_str()))
    .bind(column(events, |e| e.actor.name.as_str()))
    .bind(column(events, |e| e.actor.role.as_str()))
    .bind(column(events, |e| e.actor.proof.as_str()))
    .bind(column(events, |e| e.exchange_id.map(|id| id.0)))
    .bind(column(events, ClaimEvent::routing_key))
    .bind(&texts)
    .bind(column(events, |e| Instant(e.occurred_at)))
    .bind(checks)
    .bind(of_staged_deposit)
    .execute(db)
    .await
    .map(|_| ())
    .map_err(doing("writing events"))
}
