//! SQL of outcomes, compiled for both databases.

use super::db::{Db, Store};
use super::listing::{CHUNK, one_of};
use super::unit::Unit;
use crate::domain::{Claim, ClaimId, ExchangeId, Outcome, Token};
use crate::store::codec::{clean, limit as rows, uint};
use crate::store::error::{StoreError, doing};
use crate::store::held_attempts::is_treated;
use crate::store::journal_chains::Seal;
use crate::store::outcomes::{
    LateMatch, OutcomeOfClaim, OutcomeRow, OutcomeWrites, Outcomes, outcome_columns,
};
use crate::store::rows::{all, visible};
use crate::store::transaction_guard::step;
use async_trait::async_trait;
use sqlx::{Database, Pool, QueryBuilder, query_as, query_scalar};
use uuid::Uuid;

type Connection = <Db as Database>::Connection;

#[async_trait]
impl Outcomes for Store {
    async fn has_unmatched(&self) -> Result<bool, StoreError> {
        self.reads().ask(has_unmatched).await
    }

    async fn outcomes_of_invoice(&self, claim: &Claim) -> Result<Vec<Outcome>, StoreError> {
        self.reads().ask(|pool| outcomes_of_invoice(pool, claim)).await
    }

    async fn outcomes_of_invoices(
        &self,
        claims: &[ClaimId],
    ) -> Result<Vec<(ClaimId, Outcome)>, StoreError> {
        self.reads().ask(|pool| outcomes_of_invoices(pool, claims)).await
    }
}

#[async_trait]
impl OutcomeWrites for Unit {
    async fn insert_outcomes(&mut self, outcomes: &[Outcome]) -> Result<(), StoreError> {
        step!(self, insert_outcomes(&mut self.tx, &self.seal, outcomes))
    }

    async fn outcomes_of(&mut self, claims: &[ClaimId]) -> Result<Vec<Outcome>, StoreError> {
        step!(self, outcomes(&mut self.tx, claims))
    }

    async fn corrections(
        &mut self,
        exchange_id: ExchangeId,
        after: Option<ClaimId>,
        limit: usize,
    ) -> Result<Vec<ClaimId>, StoreError> {
        step!(self, corrections(&mut self.tx, exchange_id, after, limit))
    }

    async fn late_matches(
        &mut self,
        exchange_id: ExchangeId,
        limit: usize,
    ) -> Result<Vec<LateMatch>, StoreError> {
        step!(self, late_matches(&mut self.tx, exchange_id, limit))
    }
}

async fn insert_outcomes(
    db: &mut Connection,
    seal: &Seal,
    outcomes: &[Outcome],
) -> Result<(), StoreError> {
    for chunk in outcomes.chunks(CHUNK) {
        let mut insert = QueryBuilder::<Db>::new(concat!(
            "INSERT INTO outcomes (",
            outcome_columns!(),
            ", key_check) "
        ));
        insert.push_values(chunk.iter().map(OutcomeRow::of), |mut row, o| {
            let key_check = o.key_check(seal);
            row.push_bind(o.told_in)
                .push_bind(o.claim_id)
                .push_bind(o.source)
                .push_bind(o.told_by)
                .push_bind(o.ordinal)
                .push_bind(o.part_rank);
            row.push_bind(o.part).push_bind(o.kind).push_bind(o.day).push_bind(o.amount);
            row.push_bind(o.asked).push_bind(o.payer).push_bind(o.on_behalf_of);
            row.push_bind(o.paying_caisse).push_bind(o.amc_handling);
            row.push_bind(o.transfer_day).push_bind(o.raw_day).push_bind(o.label);
            row.push_bind(o.lot).push_bind(o.reasons).push_bind(key_check);
        });
        insert.build().execute(&mut *db).await.map_err(doing("writing outcomes"))?;
    }
    Ok(())
}

async fn outcomes(db: &mut Connection, claims: &[ClaimId]) -> Result<Vec<Outcome>, StoreError> {
    let mut found = Vec::new();
    for chunk in claims.chunks(CHUNK) {
        let mut query = QueryBuilder::<Db>::new(concat!(
            "SELECT ",
            outcome_columns!(),
            " FROM outcomes WHERE claim_id "
        ));
        one_of(&mut query, chunk.iter().map(|id| id.0));
        query.push(" ORDER BY claim_id, told_in, ordinal, part_rank");
        let read: Vec<OutcomeRow> =
            query.build_query_as().fetch_all(&mut *db).await.map_err(doing("reading outcomes"))?;
        found.extend(all(read)?);
    }
    Ok(found)
}

async fn corrections(
    db: &mut Connection,
    exchange_id: ExchangeId,
    after: Option<ClaimId>,
    limit: usize,
) -> Result<Vec<ClaimId>, StoreError> {
    let found: Vec<Uuid> = query_scalar(
        "SELECT id FROM claims WHERE exchange_id = $1 AND corrects IS NOT NULL AND id > $2 \
         ORDER BY id LIMIT $3",
    )
    .bind(exchange_id.0)
    .bind(after.map_or(Uuid::nil(), |id| id.0))
    .bind(rows(limit))
    .fetch_all(db)
    .await
    .map_err(doing("reading the attempts that correct another one"))?;
    Ok(found.into_iter().map(ClaimId).collect())
}

async fn late_matches(
    db: &mut Connection,
    exchange_id: ExchangeId,
    limit: usize,
) -> Result<Vec<LateMatch>, StoreError> {
    // Each arm has an index of its own. The exchange on the other side has its verdict.
    let found: Vec<(Uuid, i64, String, Uuid)> = query_as(concat!(
        "SELECT u.exchange_id, u.ordinal, c.identity, c.id FROM claims c \
         JOIN unmatched_returns u ON u.identity = c.identity AND u.claim_id IS NULL \
         WHERE c.exchange_id = $1 AND ",
        is_treated!(),
        " AND ",
        visible!("u.exchange_id"),
        " UNION SELECT u.exchange_id, u.ordinal, c.identity, c.id FROM claims c \
         JOIN unmatched_returns u ON u.other_identity = c.identity AND u.claim_id IS NULL \
         AND u.other_identity <> '' \
         WHERE c.exchange_id = $1 AND ",
        is_treated!(),
        " AND ",
        visible!("u.exchange_id"),
        " UNION SELECT u.exchange_id, u.ordinal, c.identity, c.id FROM unmatched_returns u \
         JOIN claims c ON c.invoice_number = u.invoice_number AND c.ps = u.ps \
         AND c.identity IN (u.identity, u.other_identity) \
         WHERE u.exchange_id = $1 AND u.claim_id IS NULL AND u.identity <> '' AND ",
        is_treated!(),
        " AND ",
        visible!("c.exchange_id"),
        " LIMIT $2"
    ))
    .bind(exchange_id.0)
    .bind(rows(limit))
    .fetch_all(db)
    .await
    .map_err(doing("looking for returns that came before their claims"))?;
    let late = |(exchange, ordinal, identity, claim): (Uuid, i64, String, Uuid)| {
        Ok(LateMatch {
            exchange_id: ExchangeId(exchange),
            ordinal: uint(ordinal, "unmatched_returns.ordinal")?,
            identity: Token(identity),
            claim_id: ClaimId(claim),
        })
    };
    found.into_iter().map(late).collect()
}

async fn has_unmatched(pool: &Pool<Db>) -> Result<bool, StoreError> {
    query_scalar("SELECT EXISTS (SELECT 1 FROM unmatched_returns WHERE claim_id IS NULL)")
        .fetch_one(pool)
        .await
        .map_err(doing("looking for returns without claim"))
}

async fn outcomes_of_invoice(pool: &Pool<Db>, claim: &Claim) -> Result<Vec<Outcome>, StoreError> {
    let found: Vec<OutcomeRow> = query_as(concat!(
        "SELECT ",
        outcome_columns!("o."),
        " FROM claims attempt JOIN outcomes o ON o.claim_id = attempt.id \
         WHERE attempt.invoice_number = $1 AND attempt.ps = $2 AND attempt.identity = $3 \
         ORDER BY o.claim_id, o.told_in, o.ordinal, o.part_rank"
    ))
    .bind(clean(&claim.invoice_number))
    .bind(clean(&claim.ps))
    .bind(&claim.identity.0)
    .fetch_all(pool)
    .await
    .map_err(doing("reading what was told about an invoice"))?;
    all(found)
}

async fn outcomes_of_invoices(
    pool: &Pool<Db>,
    claims: &[ClaimId],
) -> Result<Vec<(ClaimId, Outcome)>, StoreError> {
    let mut found = Vec::new();
    for chunk in claims.chunks(CHUNK) {
        let mut query = QueryBuilder::<Db>::new(concat!(
            "SELECT c.id AS asked_for, ",
            outcome_columns!("o."),
            " FROM claims c CROSS JOIN claims attempt CROSS JOIN outcomes o \
             WHERE attempt.invoice_number = c.invoice_number AND attempt.ps = c.ps \
             AND attempt.identity = c.identity AND o.claim_id = attempt.id AND c.id "
        ));
        one_of(&mut query, chunk.iter().map(|id| id.0));
        query.push(" ORDER BY c.id, o.claim_id, o.told_in, o.ordinal, o.part_rank");
        let rows: Vec<OutcomeOfClaim> = query
            .build_query_as()
            .fetch_all(pool)
            .await
            .map_err(doing("reading what was told about invoices"))?;
        for OutcomeOfClaim { asked_for, outcome } in rows {
            found.push((ClaimId(asked_for), outcome.try_into()?));
        }
    }
    Ok(found)
}
