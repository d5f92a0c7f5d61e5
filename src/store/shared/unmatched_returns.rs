//! SQL of answers that match no claim and of their matches, compiled for both databases.

use super::db::{Db, Store};
use super::exchange_writes;
use super::journal_chains::chain_of_answer;
use super::next_place::next_place;
use super::scope;
use super::unit::Unit;
use crate::domain::{
    AnswerPlace, Claim, ClaimId, ExchangeId, KeptReturn, Outcome, RecordedMatch, Scope,
    UnmatchedReturn,
};
use crate::store::codec::{Instant, clean, int, limit as rows};
use crate::store::error::{StoreError, doing};
use crate::store::journal_chains::Seal;
use crate::store::outcomes::{OutcomeRow, outcome_columns};
use crate::store::rows::{ClaimRow, all, select_claim, visible};
use crate::store::transaction_guard::step;
use crate::store::unmatched_returns::{
    KeptRow, MatchRow, UnmatchedFilter, UnmatchedReturnWrites, UnmatchedReturns, select_kept,
    select_match,
};
use async_trait::async_trait;
use sqlx::{Database, Pool, QueryBuilder, query, query_as, query_scalar};
use uuid::Uuid;

type Connection = <Db as Database>::Connection;

/// Pairs of one statement: SQLite binds at most 32,766 values.
const CHUNK: usize = 5_000;

#[async_trait]
impl UnmatchedReturns for Store {
    async fn kept_returns(
        &self,
        scope: &Scope,
        filter: &UnmatchedFilter,
        after: Option<AnswerPlace>,
        limit: usize,
    ) -> Result<Vec<KeptReturn>, StoreError> {
        self.reads().ask(|pool| kept_returns(pool, scope, filter, after, limit)).await
    }

    async fn told_in_answers(
        &self,
        scope: &Scope,
        answers: &[AnswerPlace],
    ) -> Result<Vec<Outcome>, StoreError> {
        self.reads().ask(|pool| told_in_answers(pool, scope, answers)).await
    }

    async fn claims_numbered(
        &self,
        scope: &Scope,
        invoices: &[(String, String)],
        limit: usize,
    ) -> Result<Vec<Claim>, StoreError> {
        self.reads().ask(|pool| claims_numbered(pool, scope, invoices, limit)).await
    }

    async fn return_matches(
        &self,
        scope: &Scope,
        answer: AnswerPlace,
        limit: usize,
    ) -> Result<Vec<RecordedMatch>, StoreError> {
        self.reads().ask(|pool| return_matches(pool, scope, answer, limit)).await
    }
}

#[async_trait]
impl UnmatchedReturnWrites for Unit {
    async fn insert_unmatched_returns(
        &mut self,
        exchange_id: ExchangeId,
        returns: &[UnmatchedReturn],
    ) -> Result<(), StoreError> {
        step!(self, exchange_writes::insert_unmatched_returns(&mut self.tx, exchange_id, returns))
    }

    async fn kept_return(&mut self, answer: AnswerPlace) -> Result<Option<KeptReturn>, StoreError> {
        step!(self, kept_return(&mut self.tx, answer))
    }

    async fn claim_of_answer(
        &mut self,
        answer: AnswerPlace,
    ) -> Result<Option<ClaimId>, StoreError> {
        step!(self, claim_of_answer(&mut self.tx, answer))
    }

    async fn move_answer(
        &mut self,
        answer: AnswerPlace,
        from: Option<ClaimId>,
        to: Option<ClaimId>,
        is_by_hand: bool,
    ) -> Result<bool, StoreError> {
        step!(self, move_answer(&mut self.tx, &self.seal, answer, from, to, is_by_hand))
    }

    async fn insert_return_match(&mut self, recorded: &RecordedMatch) -> Result<(), StoreError> {
        step!(self, insert_return_match(&mut self.tx, &self.seal, recorded))
    }
}

async fn kept_returns(
    pool: &Pool<Db>,
    scope: &Scope,
    filter: &UnmatchedFilter,
    after: Option<AnswerPlace>,
    limit: usize,
) -> Result<Vec<KeptReturn>, StoreError> {
    // The conditions of the indexes `unmatched_returns_…`, word for word.
    let mut query = QueryBuilder::<Db>::new(select_kept!("AND NOT u.is_quarantined"));
    query.push(if filter.is_by_hand {
        " AND u.is_by_hand"
    } else {
        concat!(
            " AND (u.claim_id IS NULL OR u.is_by_hand) \
             AND (u.claim_id IS NULL OR EXISTS (SELECT 1 FROM claims c \
             WHERE c.invoice_number = u.invoice_number AND c.ps = u.ps \
             AND c.identity IN (u.identity, u.other_identity) AND ",
            visible!("c.exchange_id"),
            "))"
        )
    });
    for (column, value) in [("x.sender", &filter.sender), ("u.ps", &filter.ps)] {
        if let Some(value) = value {
            query.push(" AND ").push(column).push(" = ").push_bind(clean(value).into_owned());
        }
    }
    if let Some(id) = filter.exchange_id {
        query.push(" AND u.exchange_id = ").push_bind(id.0);
    }
    if let Some(from) = filter.received_from {
        query.push(" AND x.received_at >= ").push_bind(Instant(from));
    }
    if let Some(after) = after {
        query.push(" AND (u.exchange_id, u.ordinal) < (").push_bind(after.exchange_id.0);
        query.push(", ").push_bind(int(after.ordinal)).push(")");
    }
    scope::unmatched_returns(&mut query, scope);
    scope::lane(&mut query, "x.is_test", scope);
    query.push(" ORDER BY u.exchange_id DESC, u.ordinal DESC LIMIT ").push_bind(rows(limit));
    let found: Vec<KeptRow> = query
        .build_query_as()
        .fetch_all(pool)
        .await
        .map_err(doing("listing answers without claim"))?;
    all(found)
}

async fn told_in_answers(
    pool: &Pool<Db>,
    scope: &Scope,
    answers: &[AnswerPlace],
) -> Result<Vec<Outcome>, StoreError> {
    let mut found = Vec::new();
    for chunk in answers.chunks(CHUNK) {
        let mut query =
            QueryBuilder::<Db>::new(concat!("SELECT ", outcome_columns!("o."), " FROM ("));
        query.push_values(chunk, |mut row, answer| {
            row.push_bind(answer.exchange_id.0).push_bind(int(answer.ordinal));
        });
        query.push(
            ") AS k CROSS JOIN outcomes o WHERE o.told_in = k.column1 AND o.ordinal = k.column2",
        );
        scope::of_exchange(&mut query, "o.told_in", scope);
        query.push(" ORDER BY o.told_in, o.ordinal, o.part_rank");
        let read: Vec<OutcomeRow> = query
            .build_query_as()
            .fetch_all(pool)
            .await
            .map_err(doing("reading the outcomes of answers"))?;
        found.extend(all(read)?);
    }
    Ok(found)
}

/// Reads the ids first, each pair by its index: the join with the parts would change the order in
/// which the tables are read.
async fn claims_numbered(
    pool: &Pool<Db>,
    scope: &Scope,
    invoices: &[(String, String)],
    limit: usize,
) -> Result<Vec<Claim>, StoreError> {
    let doing = doing("looking for claims by number");
    let mut ids: Vec<Uuid> = Vec::new();
    for chunk in invoices.chunks(CHUNK) {
        let mut query = QueryBuilder::<Db>::new("SELECT c.id FROM (");
        query.push_values(chunk, |mut row, (number, ps)| {
            row.push_bind(clean(number).into_owned()).push_bind(clean(ps).into_owned());
        });
        query.push(concat!(
            ") AS k CROSS JOIN claims c WHERE c.invoice_number = k.column1 AND c.ps = k.column2 \
             AND ",
            visible!("c.exchange_id")
        ));
        scope::claims(&mut query, scope);
        scope::lane(&mut query, "c.is_test", scope);
        query.push(" LIMIT ").push_bind(rows(limit.saturating_sub(ids.len())));
        let found = query.build_query_scalar::<Uuid>().fetch_all(pool).await;
        ids.extend(found.map_err(&doing)?);
    }
    let mut query = QueryBuilder::<Db>::new(select_claim!("AND c.id "));
    super::listing::one_of(&mut query, ids.into_iter());
    query.push(" ORDER BY c.received_at DESC, c.id DESC");
    let found: Vec<ClaimRow> = query.build_query_as().fetch_all(pool).await.map_err(&doing)?;
    all(found)
}

async fn return_matches(
    pool: &Pool<Db>,
    scope: &Scope,
    answer: AnswerPlace,
    limit: usize,
) -> Result<Vec<RecordedMatch>, StoreError> {
    let mut query = QueryBuilder::<Db>::new(concat!(select_match!(""), " WHERE exchange_id = "));
    query.push_bind(answer.exchange_id.0);
    query.push(" AND ordinal = ").push_bind(int(answer.ordinal));
    scope::of_exchange(&mut query, "exchange_id", scope);
    query.push(" ORDER BY chain_no DESC LIMIT ").push_bind(rows(limit));
    let found: Vec<MatchRow> = query
        .build_query_as()
        .fetch_all(pool)
        .await
        .map_err(doing("reading the matches of an answer"))?;
    all(found.into_iter().rev().collect())
}

async fn kept_return(
    db: &mut Connection,
    answer: AnswerPlace,
) -> Result<Option<KeptReturn>, StoreError> {
    let row: Option<KeptRow> = query_as(select_kept!("AND u.exchange_id = $1 AND u.ordinal = $2"))
        .bind(answer.exchange_id.0)
        .bind(int(answer.ordinal))
        .fetch_optional(db)
        .await
        .map_err(doing("reading an answer without claim"))?;
    row.map(KeptReturn::try_from).transpose()
}

async fn claim_of_answer(
    db: &mut Connection,
    answer: AnswerPlace,
) -> Result<Option<ClaimId>, StoreError> {
    let found: Option<Option<Uuid>> = query_scalar(
        "SELECT claim_id FROM outcomes WHERE told_in = $1 AND ordinal = $2 \
         ORDER BY part_rank LIMIT 1",
    )
    .bind(answer.exchange_id.0)
    .bind(int(answer.ordinal))
    .fetch_optional(db)
    .await
    .map_err(doing("reading the claim of an answer"))?;
    Ok(found.flatten().map(ClaimId))
}

/// The row of the answer decides: a change that committed meanwhile is seen by its condition.
pub(super) async fn move_answer(
    db: &mut Connection,
    seal: &Seal,
    answer: AnswerPlace,
    from: Option<ClaimId>,
    to: Option<ClaimId>,
    is_by_hand: bool,
) -> Result<bool, StoreError> {
    let doing = doing("matching an answer");
    let (exchange, ordinal) = (answer.exchange_id.0, int(answer.ordinal));
    let moved = query(
        "UPDATE unmatched_returns SET claim_id = $3, is_by_hand = $5 \
         WHERE exchange_id = $1 AND ordinal = $2 AND claim_id IS NOT DISTINCT FROM $4",
    )
    .bind(exchange)
    .bind(ordinal)
    .bind(to.map(|id| id.0))
    .bind(from.map(|id| id.0))
    .bind(is_by_hand)
    .execute(&mut *db)
    .await
    .map_err(&doing)?;
    if moved.rows_affected() == 0 {
        return Ok(false);
    }
    let told: Vec<OutcomeRow> = query_as(concat!(
        "SELECT ",
        outcome_columns!(),
        " FROM outcomes WHERE told_in = $1 AND ordinal = $2 ORDER BY part_rank"
    ))
    .bind(exchange)
    .bind(ordinal)
    .fetch_all(&mut *db)
    .await
    .map_err(&doing)?;
    for row in told {
        let row = OutcomeRow { claim_id: to.map(|id| id.0), ..row };
        query(
            "UPDATE outcomes SET claim_id = $4, key_check = $5 \
             WHERE told_in = $1 AND ordinal = $2 AND part_rank = $3",
        )
        .bind(exchange)
        .bind(ordinal)
        .bind(row.part_rank)
        .bind(row.claim_id)
        .bind(row.key_check(seal))
        .execute(&mut *db)
        .await
        .map_err(&doing)?;
    }
    Ok(true)
}

async fn insert_return_match(
    db: &mut Connection,
    seal: &Seal,
    recorded: &RecordedMatch,
) -> Result<(), StoreError> {
    let row = MatchRow::of(recorded);
    let chain = chain_of_answer(row.exchange_id);
    let place = next_place(&mut *db, seal, chain, &row.fields()).await?;
    query(
        "INSERT INTO return_matches (match_id, exchange_id, ordinal, claim_id, why, caller_name, \
         caller_proof, caller_role, stated_author, matched_at, chain, chain_no, link) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
    )
    .bind(row.match_id)
    .bind(row.exchange_id)
    .bind(row.ordinal)
    .bind(row.claim_id)
    .bind(row.why)
    .bind(row.caller_name)
    .bind(row.caller_proof)
    .bind(row.caller_role)
    .bind(row.stated_author)
    .bind(row.matched_at)
    .bind(place.chain)
    .bind(place.number)
    .bind(place.link)
    .execute(db)
    .await
    .map(|_| ())
    .map_err(doing("recording a match"))
}
