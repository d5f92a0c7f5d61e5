//! Writes of events: the row of the history and the row of the queue, in one transaction.

use super::batch::{CHUNK, hex_list};
use crate::domain::{ClaimEvent, ClaimId};
use crate::store::StoreError;
use crate::store::codec::{Instant, doing, int, json, uint};
use crate::store::events::event_check;
use crate::store::journal_chains::Seal;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection, query_as};
use std::collections::HashMap;
use uuid::Uuid;

/// Returns the sequence that the next event of each claim takes.
pub(super) async fn next_sequences(
    db: &mut SqliteConnection,
    claims: &[ClaimId],
) -> Result<Vec<(ClaimId, u64)>, StoreError> {
    let found: Vec<(Uuid, i64)> = query_as(
        "SELECT subject_id, max(sequence) + 1 FROM events WHERE subject_kind = 'claim' \
             AND subject_id IN (SELECT unhex(value) FROM json_each($1)) GROUP BY subject_id",
    )
    .bind(hex_list(claims))
    .fetch_all(db)
    .await
    .map_err(doing("reading the next sequences"))?;
    found.into_iter().map(|(id, next)| Ok((ClaimId(id), uint(next, "events.sequence")?))).collect()
}

/// Returns the staged deposits that bring these claims.
async fn waiting_for(
    db: &mut SqliteConnection,
    claims: impl Iterator<Item = &ClaimId>,
) -> Result<HashMap<Uuid, Uuid>, StoreError> {
    let found: Vec<(Uuid, Uuid)> = query_as(
        "SELECT c.id, e.id FROM json_each($1) j CROSS JOIN claims c ON c.id = unhex(j.value) \
         JOIN exchanges e ON e.id = c.exchange_id AND e.verdict IS NULL",
    )
    .bind(hex_list(claims))
    .fetch_all(db)
    .await
    .map_err(doing("reading the staged deposits of claims"))?;
    Ok(found.into_iter().collect())
}

/// Inserts events in the history and in the queue, in order.
pub(super) async fn insert_events(
    db: &mut SqliteConnection,
    seal: &Seal,
    events: &[ClaimEvent],
    of_staged_deposit: bool,
) -> Result<(), StoreError> {
    // The first event of a claim waits for the staged deposit that brings the claim; a later event
    // waits with it while the deposit is open.
    let later = || events.iter().filter(|e| e.sequence > 1).map(|e| &e.claim_id);
    let waiting = if later().next().is_some() {
        waiting_for(&mut *db, later()).await?
    } else {
        HashMap::new()
    };
    let brought_by = |e: &ClaimEvent| e.exchange_id.filter(|_| of_staged_deposit).map(|id| id.0);
    let staged_deposit = |e: &ClaimEvent| {
        if e.sequence == 1 { brought_by(e) } else { waiting.get(&e.claim_id.0).copied() }
    };
    let numbers = insert_history(&mut *db, seal, events).await?;
    let queued: Vec<(i64, Option<Uuid>)> = events
        .iter()
        .filter_map(|e| Some((*numbers.get(&e.event_id.0)?, staged_deposit(e))))
        .collect();
    for chunk in queued.chunks(CHUNK) {
        let mut insert =
            QueryBuilder::<Sqlite>::new("INSERT INTO outbox (event_no, staged_deposit) ");
        insert.push_values(chunk, |mut row, (event_no, staged_deposit)| {
            row.push_bind(event_no).push_bind(staged_deposit);
        });
        insert.build().execute(&mut *db).await.map_err(doing("queueing events"))?;
    }
    Ok(())
}

/// Inserts events in the history, and returns their numbers by event id.
async fn insert_history(
    db: &mut SqliteConnection,
    seal: &Seal,
    events: &[ClaimEvent],
) -> Result<HashMap<Uuid, i64>, StoreError> {
    let mut numbers = HashMap::with_capacity(events.len());
    for chunk in events.chunks(CHUNK) {
        let mut insert = QueryBuilder::<Sqlite>::new(
            "INSERT INTO events (event_id, subject_kind, subject_id, sequence, kind, actor_name, \
             actor_role, actor_proof, exchange_id, routing_key, payload, occurred_at, key_check) ",
        );
        insert.push_values(chunk, |mut row, e| {
            row.push_bind(e.event_id.0)
                .push_bind(e.subject.kind.as_str())
                .push_bind(e.subject.id)
                .push_bind(int(e.sequence))
                .push_bind(e.fact.as_str());
            row.push_bind(e.actor.name.as_str())
                .push_bind(e.actor.role.as_str())
                .push_bind(e.actor.proof.as_str())
                .push_bind(e.exchange_id.map(|id| id.0));
            let text = json(e);
            let check = event_check(seal, e, &text);
            row.push_bind(e.routing_key())
                .push_bind(text)
                .push_bind(Instant(e.occurred_at))
                .push_bind(check);
        });
        let written: Vec<(Uuid, i64)> = insert
            .push(" RETURNING event_id, event_no")
            .build_query_as()
            .fetch_all(&mut *db)
            .await
            .map_err(doing("writing events"))?;
        numbers.extend(written);
    }
    Ok(numbers)
}
