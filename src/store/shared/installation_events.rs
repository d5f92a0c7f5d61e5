//! SQL of the events about the installation, compiled for both databases.

use super::db::{BEGIN, Db, Store};
use crate::domain::InstallationEvent;
use crate::store::codec::{Instant, int, json, limit as rows, uint};
use crate::store::error::{StoreError, doing};
use crate::store::events::subject_check;
use crate::store::installation_events::InstallationEvents;
use crate::store::journal_chains::Seal;
use crate::store::stored_invoices::{EventOfClaim, StoredEvent};
use crate::store::wake::Occasion;
use async_trait::async_trait;
use sqlx::{Database, Pool, query, query_as, query_scalar};
use uuid::Uuid;

type Connection = <Db as Database>::Connection;

#[async_trait]
impl InstallationEvents for Store {
    async fn next_installation_sequence(&self, installation: Uuid) -> Result<u64, StoreError> {
        self.reads().ask(|pool| next_sequence(pool, installation)).await
    }

    async fn insert_installation_event(&self, event: &InstallationEvent) -> Result<(), StoreError> {
        let (mut change, seal) = (self.writes().begin(BEGIN).await?, self.seal());
        change.ask(|db| insert(db, seal, event)).await?;
        change.commit().await?;
        self.announcer().announce(Occasion::Written);
        Ok(())
    }

    async fn installation_events(
        &self,
        installation: Uuid,
        after_sequence: i64,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        self.reads().ask(|pool| events(pool, installation, after_sequence, limit)).await
    }
}

async fn next_sequence(pool: &Pool<Db>, installation: Uuid) -> Result<u64, StoreError> {
    let next: i64 = query_scalar(
        "SELECT COALESCE(max(sequence), 0) + 1 FROM events \
         WHERE subject_id = $1 AND subject_kind = 'installation'",
    )
    .bind(installation)
    .fetch_one(pool)
    .await
    .map_err(doing("reading the next sequence of the installation"))?;
    uint(next, "events.sequence")
}

async fn insert(
    db: &mut Connection,
    seal: &Seal,
    event: &InstallationEvent,
) -> Result<(), StoreError> {
    let doing = doing("writing an event of the installation");
    let text = json(event);
    let check = subject_check(seal, &event.subject, event.sequence, event.event_id.0, &text);
    let event_no: i64 = query_scalar(
        "INSERT INTO events (event_id, subject_kind, subject_id, sequence, kind, actor_name, \
         actor_role, actor_proof, routing_key, payload, occurred_at, key_check) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING event_no",
    )
    .bind(event.event_id.0)
    .bind(event.subject.kind.as_str())
    .bind(event.subject.id)
    .bind(int(event.sequence))
    .bind(&event.fact)
    .bind(event.actor.name.as_str())
    .bind(event.actor.role.as_str())
    .bind(event.actor.proof.as_str())
    .bind(event.routing_key())
    .bind(text)
    .bind(Instant(event.occurred_at))
    .bind(check)
    .fetch_one(&mut *db)
    .await
    .map_err(&doing)?;
    query("INSERT INTO outbox (event_no) VALUES ($1)")
        .bind(event_no)
        .execute(db)
        .await
        .map(|_| ())
        .map_err(doing)
}

async fn events(
    pool: &Pool<Db>,
    installation: Uuid,
    after_sequence: i64,
    limit: usize,
) -> Result<Vec<StoredEvent>, StoreError> {
    let found: Vec<EventOfClaim> = query_as(
        "SELECT subject_id, event_id, sequence, kind, actor_name, actor_role, actor_proof, \
         exchange_id, routing_key, payload, occurred_at, key_check FROM events \
         WHERE subject_id = $1 AND subject_kind = 'installation' AND sequence > $2 \
         ORDER BY sequence LIMIT $3",
    )
    .bind(installation)
    .bind(after_sequence)
    .bind(rows(limit))
    .fetch_all(pool)
    .await
    .map_err(doing("reading the events of the installation"))?;
    Ok(found.into_iter().map(StoredEvent::from).collect())
}
