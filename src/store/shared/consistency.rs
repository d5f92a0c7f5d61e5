//! SQL of the rules between rows, compiled for both databases. Each statement counts the rows that
//! break its rule, in one snapshot, so that work under way does not disturb it.

use super::db::{Db, Store};
use crate::store::codec::uint;
use crate::store::consistency::{BrokenRule, Consistency, Rule};
use crate::store::error::{StoreError, doing};
use async_trait::async_trait;
use sqlx::{Pool, query_scalar};

/// The rules, each with the statement that counts the rows that break it.
const RULES: [(Rule, &str); 11] = [
    (
        Rule::EventIsQueuedOrPublished,
        "SELECT count(*) FROM events e \
         WHERE NOT EXISTS (SELECT 1 FROM outbox o WHERE o.event_no = e.event_no) \
         AND NOT EXISTS (SELECT 1 FROM published_events p WHERE p.event_no = e.event_no)",
    ),
    (
        Rule::EventIsNotBoth,
        "SELECT count(*) FROM outbox o \
         WHERE EXISTS (SELECT 1 FROM published_events p WHERE p.event_no = o.event_no)",
    ),
    (
        Rule::QueueHasEvent,
        "SELECT count(*) FROM outbox o \
         WHERE NOT EXISTS (SELECT 1 FROM events e WHERE e.event_no = o.event_no)",
    ),
    (
        Rule::PublicationHasEvent,
        "SELECT count(*) FROM published_events p \
         WHERE NOT EXISTS (SELECT 1 FROM events e WHERE e.event_no = p.event_no)",
    ),
    (
        Rule::PositionsHaveNoHole,
        "SELECT COALESCE(abs(max(position) - count(*)) + abs(min(position) - 1), 0) \
         FROM published_events",
    ),
    (
        Rule::EventWaitsForItsDeposit,
        "SELECT count(*) FROM outbox o JOIN events e ON e.event_no = o.event_no \
         JOIN claims c ON c.id = e.subject_id WHERE e.subject_kind = 'claim' \
         AND (o.staged_deposit <> c.exchange_id OR (o.staged_deposit IS NULL \
         AND c.exchange_id IN (SELECT id FROM exchanges WHERE verdict IS NULL)))",
    ),
    (
        Rule::ReportExists,
        "SELECT count(*) FROM claim_parts p WHERE p.reported_in IS NOT NULL \
         AND NOT EXISTS (SELECT 1 FROM returns r WHERE r.id = p.reported_in) \
         AND NOT EXISTS (SELECT 1 FROM exchanges x WHERE x.id = p.reported_in)",
    ),
    (
        Rule::DuplicateHasOriginal,
        "SELECT count(*) FROM quarantine q WHERE q.duplicate_of IS NOT NULL \
         AND NOT EXISTS (SELECT 1 FROM claims c WHERE c.id = q.duplicate_of \
         AND c.ps = q.ps AND c.invoice_number = q.invoice_number)",
    ),
    (
        Rule::ResolutionHasClaim,
        "SELECT count(*) FROM quarantine q WHERE q.resolved_by IS NOT NULL \
         AND NOT EXISTS (SELECT 1 FROM claims c WHERE c.id = q.resolved_by \
         AND c.ps = q.ps AND c.invoice_number = q.invoice_number)",
    ),
    (
        Rule::ReceiptIsClosed,
        "SELECT count(*) FROM exchanges WHERE verdict IS NOT NULL \
         AND (withdrawal IS NOT NULL OR closed_at IS NULL)",
    ),
    (
        Rule::ReplacedIsResolved,
        "SELECT count(*) FROM quarantine q \
         JOIN receipt_chain own ON own.exchange_id = q.exchange_id \
         WHERE q.resolved_by IS NULL AND q.duplicate_of IS NULL \
         AND EXISTS (SELECT 1 FROM claims c JOIN receipt_chain later \
         ON later.exchange_id = c.exchange_id WHERE c.ps = q.ps \
         AND c.invoice_number = q.invoice_number AND later.sequence > own.sequence)",
    ),
];

#[async_trait]
impl Consistency for Store {
    async fn broken_rules(&self) -> Result<Vec<BrokenRule>, StoreError> {
        let mut broken = Vec::new();
        for (rule, statement) in RULES {
            let rows = self.whole_deposit().ask(|pool| count(pool, statement)).await?;
            if rows > 0 {
                broken.push(BrokenRule { rule, rows });
            }
        }
        Ok(broken)
    }
}

async fn count(pool: &Pool<Db>, statement: &'static str) -> Result<u64, StoreError> {
    let rows: i64 = query_scalar(statement)
        .fetch_one(pool)
        .await
        .map_err(doing("checking the rules between rows"))?;
    uint(rows, "count")
}
