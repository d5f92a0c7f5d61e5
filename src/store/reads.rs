//! Reads whose SQL is the same in both databases, written once and compiled for each. sqlx has no
//! bound that says "either of the two", hence a macro over the database; where the databases
//! differ, the SQL stands in `postgres/` and `sqlite/`.

/// Defines the reads for one database.
macro_rules! shared_reads {
    ($DB:ty) => {
        use crate::domain::page::PageToken;
        use crate::domain::{
            Claim, ClaimId, ClaimLine, Exchange, ExchangeId, Finding, Ledger, LogicalFile, Page, Quarantined, ReturnFile, ReturnId, ReturnKind,
        };
        use crate::store::codec::{Instant, clean, doing, int, limit as rows, uint};
        use crate::store::exchange_rows::*;
        use crate::store::rows::*;
        use crate::store::{ClaimFilter, OutboxDepth, OutboxEvent, RecordedDecision, StoreError, StoreFigures, listing};
        use sqlx::{Pool, query_as, query_scalar};
        use time::OffsetDateTime;
        use uuid::Uuid;

        type Connection = <$DB as sqlx::Database>::Connection;

        pub(in crate::store) async fn ping(pool: &Pool<$DB>) -> Result<(), StoreError> {
            sqlx::query("SELECT 1").execute(pool).await.map(|_| ()).map_err(doing("asking whether it answers"))
        }

        pub(in crate::store) async fn exchange(pool: &Pool<$DB>, id: ExchangeId) -> Result<Option<Exchange>, StoreError> {
            let row: Option<ExchangeRow> =
                query_as(select_exchange!("AND id = $1")).bind(id.0).fetch_optional(pool).await.map_err(doing("reading an exchange"))?;
            row.map(Exchange::try_from).transpose()
        }

        pub(in crate::store) async fn exchange_by_digest(pool: &Pool<$DB>, sender: &str, digest: &str) -> Result<Option<Exchange>, StoreError> {
            let query = query_as(select_exchange!("AND sender = $1 AND digest = $2")).bind(sender).bind(digest);
            let row: Option<ExchangeRow> = query.fetch_optional(pool).await.map_err(doing("looking for a digest"))?;
            row.map(Exchange::try_from).transpose()
        }

        pub(in crate::store) async fn exchanges(
            pool: &Pool<$DB>,
            sender: Option<&str>,
            after: Option<PageToken>,
            limit: usize,
        ) -> Result<Page<Exchange>, StoreError> {
            let mut query = listing::exchanges::<$DB>(sender, after, limit);
            let rows: Vec<ExchangeRow> = query.build_query_as().fetch_all(pool).await.map_err(doing("listing exchanges"))?;
            listing::cut(rows, limit)
        }

        pub(in crate::store) async fn links_of(pool: &Pool<$DB>, ids: &[ExchangeId]) -> Result<Vec<(ExchangeId, u64)>, StoreError> {
            let mut query = listing::links_of::<$DB>(ids);
            let found: Vec<(Uuid, i64)> = query.build_query_as().fetch_all(pool).await.map_err(doing("looking for links of the chain"))?;
            found.into_iter().map(|(id, rank)| Ok((ExchangeId(id), uint(rank, "receipt_chain.sequence")?))).collect()
        }

        pub(in crate::store) async fn archived(pool: &Pool<$DB>, names: &[String]) -> Result<Vec<String>, StoreError> {
            listing::archived::<$DB>(names).build_query_scalar().fetch_all(pool).await.map_err(doing("looking for archived files"))
        }

        pub(in crate::store) async fn ledger(pool: &Pool<$DB>, id: ExchangeId) -> Result<Option<Ledger>, StoreError> {
            let row: Option<LedgerRow> =
                query_as("SELECT read_records, accepted, quarantined, duplicates, unmatched, envelope FROM ledgers WHERE exchange_id = $1")
                    .bind(id.0)
                    .fetch_optional(pool)
                    .await
                    .map_err(doing("reading a ledger"))?;
            row.map(Ledger::try_from).transpose()
        }

        pub(in crate::store) async fn anomalies(
            pool: &Pool<$DB>,
            id: ExchangeId,
            from_ordinal: u64,
            limit: usize,
        ) -> Result<Vec<Finding>, StoreError> {
            let found: Vec<AnomalyRow> = query_as(
                "SELECT code, control, severity, record, record_type, column_number, byte_offset, length, field, value, message, \
                 invoice_number FROM anomalies WHERE exchange_id = $1 AND ordinal >= $2 ORDER BY ordinal LIMIT $3",
            )
            .bind(id.0)
            .bind(int(from_ordinal))
            .bind(rows(limit))
            .fetch_all(pool)
            .await
            .map_err(doing("reading anomalies"))?;
            all(found)
        }

        pub(in crate::store) async fn quarantined(pool: &Pool<$DB>, id: ExchangeId, limit: usize) -> Result<Vec<Quarantined>, StoreError> {
            let query = query_as(select_quarantined!("WHERE exchange_id = $1 ORDER BY ordinal LIMIT $2")).bind(id.0).bind(rows(limit));
            let found: Vec<QuarantineRow> = query.fetch_all(pool).await.map_err(doing("reading the quarantine of an exchange"))?;
            all(found)
        }

        pub(in crate::store) async fn quarantined_invoice(pool: &Pool<$DB>, ps: &str, invoice_number: &str) -> Result<Vec<Quarantined>, StoreError> {
            let found: Vec<QuarantineRow> = query_as(select_quarantined!(concat!(
                "WHERE ps = $1 AND invoice_number = $2 AND resolved_by IS NULL AND duplicate_of IS NULL AND ",
                shown!("exchange_id"),
                " ORDER BY at, exchange_id, ordinal"
            )))
            .bind(clean(ps))
            .bind(clean(invoice_number))
            .fetch_all(pool)
            .await
            .map_err(doing("looking for a quarantined invoice"))?;
            all(found)
        }

        pub(in crate::store) async fn claim(db: &mut Connection, id: ClaimId) -> Result<Option<Claim>, StoreError> {
            let query = query_as(select_claim!(concat!("AND c.id = $1 AND ", shown!("c.exchange_id")))).bind(id.0);
            let row: Option<ClaimRow> = query.fetch_optional(db).await.map_err(doing("reading a claim"))?;
            row.map(Claim::try_from).transpose()
        }

        pub(in crate::store) async fn claim_lines(pool: &Pool<$DB>, id: ClaimId) -> Result<Vec<ClaimLine>, StoreError> {
            let found: Vec<LineRow> = query_as(
                "SELECT rank, record_type, act_code, care_date, quantity, coefficient, unit_price, base, rate, billed, amo, amc, qualifier \
                 FROM claim_lines WHERE claim_id = $1 ORDER BY rank",
            )
            .bind(id.0)
            .fetch_all(pool)
            .await
            .map_err(doing("reading the lines of a claim"))?;
            all(found)
        }

        pub(in crate::store) async fn claims(
            pool: &Pool<$DB>,
            filter: &ClaimFilter,
            after: Option<PageToken>,
            limit: usize,
        ) -> Result<Page<Claim>, StoreError> {
            let mut query = listing::claims::<$DB>(filter, after, limit);
            let rows: Vec<ClaimRow> = query.build_query_as().fetch_all(pool).await.map_err(doing("listing claims"))?;
            listing::cut(rows, limit)
        }

        pub(in crate::store) async fn history(pool: &Pool<$DB>, id: ClaimId) -> Result<Vec<OutboxEvent>, StoreError> {
            let query = query_as(select_outbox!(concat!("WHERE claim_id = $1 AND ", may_go!(), " ORDER BY sequence"))).bind(id.0);
            let found: Vec<OutboxRow> = query.fetch_all(pool).await.map_err(doing("reading the history of a claim"))?;
            all(found)
        }

        pub(in crate::store) async fn returns(
            pool: &Pool<$DB>,
            recipient: Option<&str>,
            kind: Option<ReturnKind>,
            after: Option<PageToken>,
            limit: usize,
        ) -> Result<Page<ReturnFile>, StoreError> {
            let mut query = listing::returns::<$DB>(recipient, kind, after, limit);
            let rows: Vec<ReturnRow> = query.build_query_as().fetch_all(pool).await.map_err(doing("listing return files"))?;
            listing::cut(rows, limit)
        }

        pub(in crate::store) async fn return_file(pool: &Pool<$DB>, id: ReturnId) -> Result<Option<ReturnFile>, StoreError> {
            let row: Option<ReturnRow> =
                query_as(select_return!("WHERE id = $1")).bind(id.0).fetch_optional(pool).await.map_err(doing("reading a return file"))?;
            row.map(ReturnFile::try_from).transpose()
        }

        pub(in crate::store) async fn arl(pool: &Pool<$DB>, id: ExchangeId) -> Result<Option<ReturnFile>, StoreError> {
            let query = query_as(select_return!("WHERE exchange_id = $1 AND kind = 'arl'")).bind(id.0);
            let row: Option<ReturnRow> = query.fetch_optional(pool).await.map_err(doing("reading an ARL"))?;
            row.map(ReturnFile::try_from).transpose()
        }

        pub(in crate::store) async fn returns_to_deliver(pool: &Pool<$DB>, limit: usize) -> Result<Vec<ReturnFile>, StoreError> {
            let query = query_as(select_return!("WHERE delivered_at IS NULL ORDER BY created_at, id LIMIT $1")).bind(rows(limit));
            let found: Vec<ReturnRow> = query.fetch_all(pool).await.map_err(doing("reading the return files to deliver"))?;
            all(found)
        }

        pub(in crate::store) async fn has_rejects_to_return(pool: &Pool<$DB>) -> Result<bool, StoreError> {
            // The condition is the one of the index `claim_parts_untold`, word for word.
            let first: Option<i32> = query_scalar(
                "SELECT 1 FROM claim_parts WHERE kind = 'amc' AND state IN ('rejected', 'rejected_after_acceptance') AND told_in IS NULL LIMIT 1",
            )
            .fetch_optional(pool)
            .await
            .map_err(doing("looking for rejects to return"))?;
            Ok(first.is_some())
        }

        pub(in crate::store) async fn unpublished(pool: &Pool<$DB>, limit: usize, except: &[i64]) -> Result<Vec<OutboxEvent>, StoreError> {
            let (doing, page) = (doing("reading the outbox"), limit + except.len());
            // What belongs to no load, and the first event of each load that may go. `load_id`
            // leads both orders, so that the index gives them.
            let first = query_as(concat!(
                closed_loads!(),
                "SELECT * FROM (SELECT * FROM (",
                select_outbox!("WHERE published_at IS NULL AND load_id IS NULL ORDER BY load_id, outbox_id LIMIT $1"),
                ") AS free UNION ALL SELECT o.outbox_id, 0, o.payload, o.attempts, o.load_id FROM closed JOIN outbox o ON o.outbox_id = closed.first) \
                 AS found ORDER BY outbox_id LIMIT $1"
            ));
            let mut found: Vec<OutboxRow> = first.bind(rows(page)).fetch_all(pool).await.map_err(&doing)?;
            // Then the rest of the loads that begin within the page. They are read last: what a
            // free event follows in its claim was there before it.
            let loads: Vec<(Uuid, i64)> = found.iter().map(OutboxRow::place).filter_map(|(id, load)| load.map(|load| (load, id))).collect();
            for (load, first) in loads {
                if found.len() == page && found.last().is_some_and(|last| last.place().0 < first) {
                    break;
                }
                let query = query_as(select_outbox!("WHERE published_at IS NULL AND load_id = $1 AND outbox_id > $2 ORDER BY outbox_id LIMIT $3"));
                let rest: Vec<OutboxRow> = query.bind(load).bind(first).bind(rows(page)).fetch_all(pool).await.map_err(&doing)?;
                found.extend(rest);
                found.sort_unstable_by_key(OutboxRow::place);
                found.truncate(page);
            }
            let except: std::collections::HashSet<i64> = except.iter().copied().collect();
            all(found.into_iter().filter(|row| !except.contains(&row.outbox_id)).take(limit).collect())
        }

        pub(in crate::store) async fn published_after(pool: &Pool<$DB>, position: i64, limit: usize) -> Result<Vec<OutboxEvent>, StoreError> {
            let query = query_as(select_outbox!("WHERE position > $1 ORDER BY position LIMIT $2")).bind(position).bind(rows(limit));
            let found: Vec<OutboxRow> = query.fetch_all(pool).await.map_err(doing("reading the published stream"))?;
            all(found)
        }

        pub(in crate::store) async fn outbox_depth(pool: &Pool<$DB>) -> Result<OutboxDepth, StoreError> {
            // Each part reads the index of what waits, not the history, and counts nothing of the
            // loads under way. The first row of each part stands for its oldest instant; the events
            // of a load are as old as its verdict.
            let (pending, free, of_loads): (i64, Option<Instant>, Option<Instant>) = query_as(concat!(
                closed_loads!(),
                "SELECT (SELECT count(*) FROM outbox WHERE published_at IS NULL AND load_id IS NULL) + CAST((SELECT COALESCE(sum( \
                 (SELECT count(*) FROM outbox o WHERE o.published_at IS NULL AND o.load_id = closed.load_id)), 0) FROM closed) AS BIGINT), \
                 (SELECT created_at FROM outbox WHERE published_at IS NULL AND load_id IS NULL ORDER BY load_id, outbox_id LIMIT 1), \
                 (SELECT min(CASE WHEN e.closed_at > o.created_at THEN e.closed_at ELSE o.created_at END) \
                 FROM closed JOIN outbox o ON o.outbox_id = closed.first LEFT JOIN exchanges e ON e.id = closed.load_id)"
            ))
            .fetch_one(pool)
            .await
            .map_err(doing("measuring the outbox"))?;
            let oldest = [free, of_loads].into_iter().flatten().map(|at| at.0).min();
            Ok(OutboxDepth { pending: uint(pending, "count")?, oldest })
        }

        pub(in crate::store) async fn figures(pool: &Pool<$DB>, now: OffsetDateTime) -> Result<StoreFigures, StoreError> {
            // Each count has a partial index with the same condition, word for word.
            let (unbalanced, waiting, overdue, loading): (i64, i64, i64, i64) = query_as(
                "SELECT \
                 (SELECT count(*) FROM ledgers WHERE read_records <> accepted + quarantined + duplicates + unmatched + envelope), \
                 (SELECT count(*) FROM quarantine WHERE resolved_by IS NULL AND duplicate_of IS NULL AND exchange_id NOT IN \
                 (SELECT id FROM exchanges WHERE verdict IS NULL)), \
                 (SELECT count(*) FROM claim_parts WHERE kind = 'amc' AND state IN ('received', 'accepted', 'deferred') AND due_at < $1), \
                 (SELECT count(*) FROM exchanges WHERE verdict IS NULL)",
            )
            .bind(Instant(now))
            .fetch_one(pool)
            .await
            .map_err(doing("counting for the metrics"))?;
            Ok(StoreFigures {
                unbalanced: uint(unbalanced, "count")?,
                quarantine_waiting: uint(waiting, "count")?,
                overdue: uint(overdue, "count")?,
                loading: uint(loading, "count")?,
            })
        }

        pub(in crate::store) async fn find_logical_file(db: &mut Connection, file: &LogicalFile) -> Result<Option<ExchangeId>, StoreError> {
            let found: Option<Uuid> = query_scalar(
                "SELECT exchange_id FROM logical_files \
                 WHERE issuer = $1 AND recipient = $2 AND message = $3 AND created = $4 AND file_id = $5",
            )
            .bind(clean(&file.issuer))
            .bind(clean(&file.recipient))
            .bind(clean(&file.message))
            .bind(clean(&file.created))
            .bind(clean(&file.file_id))
            .fetch_optional(db)
            .await
            .map_err(doing("looking for a logical file"))?;
            Ok(found.map(ExchangeId))
        }

        pub(in crate::store) async fn recorded_decision(db: &mut Connection, key: &str) -> Result<Option<RecordedDecision>, StoreError> {
            let row: Option<DecisionRow> = query_as("SELECT request_digest, event_id, claim_id FROM decisions WHERE idempotency_key = $1")
                .bind(key)
                .fetch_optional(db)
                .await
                .map_err(doing("looking for a recorded decision"))?;
            Ok(row.map(RecordedDecision::from))
        }
    };
}
pub(in crate::store) use shared_reads;
