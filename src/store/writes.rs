//! Writes of one row whose SQL is the same in both databases, written once and compiled for each
//! (see `reads.rs`). Writes of many rows differ and stand in `postgres/batch.rs` and
//! `sqlite/batch.rs`.

/// Defines the one-row writes for one database.
macro_rules! shared_writes {
    ($DB:ty) => {
        use crate::domain::{ClaimId, Exchange, ExchangeId, Ledger, LogicalFile, Norm, ReturnFile, ReturnId};
        use crate::store::codec::{Instant, clean, doing, int};
        use crate::store::{Closing, SignLink, RecordedDecision, StoreError};
        use sqlx::{Pool, query, query_as, query_scalar};
        use time::OffsetDateTime;
        use uuid::Uuid;

        type Connection = <$DB as sqlx::Database>::Connection;

        pub(in crate::store) async fn claim_exchange(
            db: &mut Connection,
            sender: &str,
            digest: &str,
            key: &str,
            id: ExchangeId,
        ) -> Result<Option<ExchangeId>, StoreError> {
            // Here the second depositor of a file waits: PostgreSQL on the unique index, SQLite
            // already at BEGIN IMMEDIATE.
            let taken = query("INSERT INTO exchanges (id, sender, digest, idempotency_key) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING")
                .bind(id.0)
                .bind(sender)
                .bind(digest)
                .bind(key)
                .execute(&mut *db)
                .await
                .map_err(doing("taking the place of an exchange"))?;
            if taken.rows_affected() == 1 {
                return Ok(None);
            }
            // The key first: a key used for other bytes is what the caller must hear about.
            let earlier: Option<Uuid> = query_scalar(
                "SELECT id FROM exchanges WHERE sender = $1 AND (digest = $2 OR (idempotency_key = $3 AND $3 <> '')) \
                 ORDER BY CASE WHEN idempotency_key = $3 AND $3 <> '' THEN 0 ELSE 1 END LIMIT 1",
            )
            .bind(sender)
            .bind(digest)
            .bind(key)
            .fetch_optional(db)
            .await
            .map_err(doing("reading the earlier exchange"))?;
            earlier.map(|id| Some(ExchangeId(id))).ok_or_else(|| StoreError::Corrupt(format!("exchange {id} exists under another sender or digest")))
        }

        pub(in crate::store) async fn close_exchange(db: &mut Connection, closing: &Closing, link: SignLink<'_>) -> Result<(), StoreError> {
            let unbalanced = || Err(StoreError::Unbalanced(closing.ledger));
            if !closing.ledger.balances() || !holds_what_it_says(&mut *db, &closing.exchange, &closing.ledger).await? {
                return unbalanced();
            }
            fill_exchange(&mut *db, &closing.exchange, closing.at).await?;
            insert_ledger(&mut *db, closing.exchange.id, &closing.ledger).await?;
            insert_logical_files(&mut *db, closing.exchange.id, &closing.logical_files).await?;
            insert_return(&mut *db, &closing.arl).await?;
            super::loads::extend_chain(db, closing.exchange.id, link).await
        }

        /// Recounts the claims of the exchange and their records: the books must tell what the
        /// tables hold, not what the program believes. Returns of a caisse bring no claims, so
        /// their books cannot be recounted here.
        async fn holds_what_it_says(db: &mut Connection, exchange: &Exchange, ledger: &Ledger) -> Result<bool, StoreError> {
            let (claims, records): (i64, i64) =
                query_as("SELECT count(*), CAST(COALESCE(sum(record_count), 0) AS BIGINT) FROM claims WHERE exchange_id = $1")
                    .bind(exchange.id.0)
                    .fetch_one(db)
                    .await
                    .map_err(doing("recounting the claims of an exchange"))?;
            Ok(exchange.norm != Some(Norm::B2) || (claims == int(exchange.accepted) && records == int(ledger.accepted)))
        }

        async fn fill_exchange(db: &mut Connection, e: &Exchange, closed_at: OffsetDateTime) -> Result<(), StoreError> {
            let filled = query(
                "UPDATE exchanges SET channel = $2, file_name = $3, size = $4, norm = $5, packaging = $6, verdict = $7, logical_files = $8, \
                 lots = $9, invoices = $10, lines = $11, accepted = $12, quarantined = $13, duplicates = $14, unmatched = $15, total = $16, \
                 amo = $17, amc = $18, anomalies = $19, received_at = $20, archive_name = $21, closed_at = $22 WHERE id = $1 AND verdict IS NULL",
            )
            .bind(e.id.0)
            .bind(e.channel.as_str())
            .bind(clean(&e.file_name))
            .bind(int(e.size))
            .bind(e.norm_code())
            .bind(e.packaging_code())
            .bind(e.verdict.as_str())
            .bind(int(e.logical_files))
            .bind(int(e.lots))
            .bind(int(e.invoices))
            .bind(int(e.lines))
            .bind(int(e.accepted))
            .bind(int(e.quarantined))
            .bind(int(e.duplicates))
            .bind(int(e.unmatched))
            .bind(e.total.centimes())
            .bind(e.amo.centimes())
            .bind(e.amc.centimes())
            .bind(int(e.anomalies))
            .bind(Instant(e.received_at))
            .bind(&e.archive_name)
            .bind(Instant(closed_at))
            .execute(db)
            .await
            .map_err(doing("closing an exchange"))?;
            let written = filled.rows_affected() == 1;
            if written { Ok(()) } else { Err(StoreError::Corrupt(format!("exchange {} did not take its place or is closed already", e.id))) }
        }

        async fn insert_ledger(db: &mut Connection, id: ExchangeId, ledger: &Ledger) -> Result<(), StoreError> {
            query(
                "INSERT INTO ledgers (exchange_id, read_records, accepted, quarantined, duplicates, unmatched, envelope) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7)",
            )
            .bind(id.0)
            .bind(int(ledger.read))
            .bind(int(ledger.accepted))
            .bind(int(ledger.quarantined))
            .bind(int(ledger.duplicates))
            .bind(int(ledger.unmatched))
            .bind(int(ledger.envelope))
            .execute(db)
            .await
            .map(|_| ())
            .map_err(doing("writing a ledger"))
        }

        /// One statement per logical file: a physical file holds one, seldom a handful. A file that
        /// holds the same logical file twice keeps the first; one already known from another
        /// exchange fails, because two deposits at once both found nothing before (the caller
        /// begins again).
        pub(in crate::store) async fn insert_logical_files(db: &mut Connection, id: ExchangeId, files: &[LogicalFile]) -> Result<(), StoreError> {
            let key = |f: &LogicalFile| (f.issuer.clone(), f.recipient.clone(), f.message.clone(), f.created.clone(), f.file_id.clone());
            let mut seen = std::collections::HashSet::new();
            for file in files.iter().filter(|f| seen.insert(key(f))) {
                query(
                    "INSERT INTO logical_files (exchange_id, ordinal, issuer, recipient, message, created, file_id, norm) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                )
                .bind(id.0)
                .bind(i64::from(file.ordinal))
                .bind(clean(&file.issuer))
                .bind(clean(&file.recipient))
                .bind(clean(&file.message))
                .bind(clean(&file.created))
                .bind(clean(&file.file_id))
                .bind(clean(&file.norm))
                .execute(&mut *db)
                .await
                .map_err(doing("writing a logical file"))?;
            }
            Ok(())
        }

        pub(in crate::store) async fn insert_return(db: &mut Connection, file: &ReturnFile) -> Result<(), StoreError> {
            query(
                "INSERT INTO returns (id, kind, recipient, exchange_id, file_name, digest, sealed, created_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            )
            .bind(file.id.0)
            .bind(file.kind.as_str())
            .bind(&file.recipient)
            .bind(file.exchange_id.map(|id| id.0))
            .bind(&file.file_name)
            .bind(&file.digest)
            .bind(&file.sealed)
            .bind(Instant(file.created_at))
            .execute(db)
            .await
            .map(|_| ())
            .map_err(doing("writing a return file"))
        }

        pub(in crate::store) async fn mark_delivered(pool: &Pool<$DB>, id: ReturnId, at: OffsetDateTime) -> Result<(), StoreError> {
            // The first delivery keeps its instant.
            query("UPDATE returns SET delivered_at = $2 WHERE id = $1 AND delivered_at IS NULL")
                .bind(id.0)
                .bind(Instant(at))
                .execute(pool)
                .await
                .map(|_| ())
                .map_err(doing("marking a return file as delivered"))
        }

        pub(in crate::store) async fn insert_decision(
            db: &mut Connection,
            key: &str,
            decision: &RecordedDecision,
            at: OffsetDateTime,
        ) -> Result<(), StoreError> {
            query("INSERT INTO decisions (idempotency_key, request_digest, event_id, claim_id, at) VALUES ($1, $2, $3, $4, $5)")
                .bind(key)
                .bind(&decision.request_digest)
                .bind(decision.event_id.0)
                .bind(decision.claim_id.0)
                .bind(Instant(at))
                .execute(db)
                .await
                .map(|_| ())
                .map_err(doing("recording a decision"))
        }

        pub(in crate::store) async fn insert_access(
            db: &mut Connection,
            claim_id: ClaimId,
            caller: &str,
            purpose: &str,
            at: OffsetDateTime,
        ) -> Result<(), StoreError> {
            query("INSERT INTO access_journal (claim_id, caller, purpose, at) VALUES ($1, $2, $3, $4)")
                .bind(claim_id.0)
                .bind(caller)
                .bind(purpose)
                .bind(Instant(at))
                .execute(db)
                .await
                .map(|_| ())
                .map_err(doing("writing the access journal"))
        }
    };
}
pub(in crate::store) use shared_writes;
