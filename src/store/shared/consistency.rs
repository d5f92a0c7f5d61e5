//! SQL of the rules between rows, compiled for both databases. Each statement counts the rows that
//! break its rule, in one snapshot, so that work under way does not disturb it.

use super::db::{Db, Store};
use crate::store::codec::uint;
use crate::store::consistency::{BrokenRule, Consistency, Rule};
use crate::store::error::{StoreError, doing};
use crate::store::held_attempts::is_treated;
use crate::store::schema::VERSIONS;
use async_trait::async_trait;
use sqlx::{Pool, query_as, query_scalar};

/// The rules, each with the statement that counts the rows that break it.
const RULES: [(Rule, &str); 23] = [
    (
        Rule::EventIsQueuedOrPublished,
        "SELECT count(*) FROM events e \
         WHERE NOT EXISTS (SELECT 1 FROM outbox o WHERE o.event_no = e.event_no) \
         AND NOT EXISTS (SELECT 1 FROM published_events p WHERE p.event_no = e.event_no)",
    ),
    (
        Rule::EventIsNotBoth,
        "SELECT count(*) FROM outbox o WHERE NOT o.is_resend \
         AND EXISTS (SELECT 1 FROM published_events p WHERE p.event_no = o.event_no)",
    ),
    (
        Rule::ResendWaits,
        "SELECT (SELECT count(*) FROM published_events p WHERE p.resends_asked - p.resends_done \
         <> (SELECT count(*) FROM outbox o \
         WHERE o.event_no = p.event_no AND o.is_resend)) \
         + (SELECT count(*) FROM outbox o WHERE o.is_resend \
         AND NOT EXISTS (SELECT 1 FROM published_events p WHERE p.event_no = o.event_no))",
    ),
    (
        Rule::PublicationHasSink,
        "SELECT count(*) FROM published_events p \
         WHERE NOT EXISTS (SELECT 1 FROM sinks s WHERE s.sink_no = p.sink_no)",
    ),
    (
        Rule::SinkConfirmsInItsTime,
        "SELECT count(*) FROM published_events p JOIN sinks s ON s.sink_no = p.sink_no \
         WHERE p.resends_done = 0 AND (p.position < s.first_position OR EXISTS ( \
         SELECT 1 FROM sinks n WHERE n.sink_no > s.sink_no AND p.position >= n.first_position))",
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
         AND NOT EXISTS (SELECT 1 FROM reject_reports r WHERE r.return_id = p.reported_in \
         AND r.claim_id = p.claim_id) \
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
         AND c.invoice_number = q.invoice_number AND later.sequence > own.sequence \
         AND c.is_test = (SELECT x.is_test FROM exchanges x WHERE x.id = q.exchange_id))",
    ),
    (
        Rule::ReportedRejectsAreCounted,
        "SELECT count(*) FROM returns r LEFT JOIN (SELECT return_id, count(*) AS claims \
         FROM reject_reports GROUP BY return_id) AS reported \
         ON reported.return_id = r.id WHERE r.reject_count <> COALESCE(reported.claims, 0)",
    ),
    (
        Rule::ReportIsOfItsLane,
        "SELECT count(*) FROM reject_reports k JOIN returns r ON r.id = k.return_id \
         JOIN claims c ON c.id = k.claim_id WHERE c.is_test <> r.is_test",
    ),
    (
        Rule::StagedDepositIsWhole,
        "SELECT count(*) FROM exchanges WHERE verdict IS NOT NULL \
         AND last_written_invoice NOT IN (0, invoices)",
    ),
    (
        Rule::AmcHasConvention,
        "SELECT (SELECT count(*) FROM convention_amcs a \
         WHERE NOT EXISTS (SELECT 1 FROM conventions c WHERE c.amc = a.amc)) \
         + (SELECT count(*) FROM (SELECT DISTINCT amc FROM conventions) AS named \
         WHERE NOT EXISTS (SELECT 1 FROM convention_amcs a WHERE a.amc = named.amc))",
    ),
    (
        Rule::UnmatchedHasNoClaim,
        concat!(
            "SELECT count(*) FROM unmatched_returns u WHERE u.claim_id IS NULL \
             AND u.identity <> '' AND EXISTS (SELECT 1 FROM claims c \
             WHERE c.invoice_number = u.invoice_number AND c.ps = u.ps \
             AND c.identity IN (u.identity, u.other_identity) AND ",
            is_treated!(),
            " AND c.exchange_id NOT IN (SELECT id FROM exchanges WHERE verdict IS NULL))"
        ),
    ),
    (
        Rule::LateMatchIsOne,
        "SELECT count(*) FROM unmatched_returns u \
         WHERE u.claim_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM outcomes o \
         WHERE o.told_in = u.exchange_id AND o.ordinal = u.ordinal AND o.claim_id = u.claim_id) \
         OR u.claim_id IS NULL AND EXISTS (SELECT 1 FROM outcomes o \
         WHERE o.told_in = u.exchange_id AND o.ordinal = u.ordinal AND o.claim_id IS NOT NULL)",
    ),
    (
        Rule::TransferIsTold,
        "SELECT count(*) FROM transfers r WHERE NOT EXISTS \
         (SELECT 1 FROM told_transfers t WHERE t.transfer_id = r.id)",
    ),
    (
        Rule::HeldCopyHasOriginal,
        concat!(
            "SELECT count(*) FROM held_attempts k JOIN claims copy ON copy.id = k.claim_id \
             WHERE (k.resolution IS NULL OR k.resolution <> 'released') \
             AND NOT EXISTS (SELECT 1 FROM claims c WHERE c.invoice_number = copy.invoice_number \
             AND c.ps = copy.ps AND c.identity = copy.identity AND ",
            is_treated!(),
            ")"
        ),
    ),
    // Matches of one answer are in one chain, so that their numbers order them.
    (
        Rule::MatchByHandIsRecorded,
        "SELECT (SELECT count(*) FROM unmatched_returns u LEFT JOIN claims c ON c.id = u.claim_id \
         LEFT JOIN (SELECT m.exchange_id, m.ordinal, m.claim_id FROM return_matches m \
         WHERE m.chain_no = (SELECT max(later.chain_no) FROM return_matches later \
         WHERE later.exchange_id = m.exchange_id AND later.ordinal = m.ordinal)) AS last \
         ON last.exchange_id = u.exchange_id AND last.ordinal = u.ordinal \
         WHERE u.is_by_hand <> (last.claim_id IS NOT NULL) \
         OR last.claim_id IS NOT NULL AND u.claim_id IS DISTINCT FROM last.claim_id \
         OR last.claim_id IS NULL AND u.claim_id IS NOT NULL \
         AND (c.id IS NULL OR c.identity NOT IN (u.identity, u.other_identity))) \
         + (SELECT count(*) FROM return_matches m WHERE NOT EXISTS (SELECT 1 \
         FROM unmatched_returns u \
         WHERE u.exchange_id = m.exchange_id AND u.ordinal = m.ordinal))",
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
        let rows = self.reads().ask(unknown_versions).await?;
        if rows > 0 {
            broken.push(BrokenRule { rule: Rule::SchemaVersionIsKnown, rows });
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

/// Returns how many versions of this program are missing, altered or too many. Versions of a later
/// program are left out.
async fn unknown_versions(pool: &Pool<Db>) -> Result<u64, StoreError> {
    let stated: Vec<(i64, i64)> = query_as("SELECT version, oldest_program FROM schema_versions")
        .fetch_all(pool)
        .await
        .map_err(doing("reading the versions of the schema"))?;
    let program = VERSIONS.last().map_or(0, |(version, _)| *version);
    let of_program = stated.iter().filter(|(version, _)| *version <= program);
    let unknown = of_program.filter(|row| !VERSIONS.contains(row)).count();
    let missing = VERSIONS.iter().filter(|row| !stated.contains(row)).count();
    Ok((unknown + missing) as u64)
}
