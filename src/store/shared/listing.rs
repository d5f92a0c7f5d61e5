//! Listings whose conditions depend on the caller: keyset pages, newest first.

use super::db::Db;
use super::scope;
use crate::domain::life_cycle::status;
use crate::domain::page::{MAX_PAGE_ROWS, PageToken};
use crate::domain::{
    Claim, ClaimStatus, Exchange, ExchangeId, Page, PartState, ReturnFile, ReturnKind, Scope,
};
use crate::store::claims::ClaimFilter;
use crate::store::codec::{Instant, clean, limit as rows};
use crate::store::error::StoreError;
use crate::store::rows::{select_claim, select_exchange, select_return, visible};
use sqlx::{Encode, QueryBuilder, Type};
use time::OffsetDateTime;
use uuid::Uuid;

/// Returns the query of a page of claims.
pub(super) fn claims(
    scope: &Scope,
    filter: &ClaimFilter,
    after: Option<PageToken>,
    limit: usize,
) -> QueryBuilder<Db> {
    let mut query = QueryBuilder::new(select_claim!(concat!("AND ", visible!("c.exchange_id"))));
    for (column, value) in [
        ("c.sender", &filter.sender),
        ("c.ps", &filter.ps),
        ("c.invoice_number", &filter.invoice_number),
    ] {
        if let Some(value) = value {
            query.push(" AND ").push(column).push(" = ").push_bind(clean(value).into_owned());
        }
    }
    if let Some(id) = filter.exchange_id {
        query.push(" AND c.exchange_id = ").push_bind(id.0);
    }
    if let Some(from) = filter.received_from {
        query.push(" AND c.received_at >= ").push_bind(Instant(from));
    }
    if let Some(before) = filter.received_before {
        query.push(" AND c.received_at < ").push_bind(Instant(before));
    }
    if let Some(now) = filter.overdue_at {
        // A subquery, which both databases answer from the index of waiting parts.
        query
            .push(
                " AND c.id IN (SELECT claim_id FROM claim_parts WHERE kind = 'amc' AND is_awaited \
                 AND due_at < ",
            )
            .push_bind(Instant(now))
            .push(")");
    }
    if let Some(status) = filter.status {
        query.push(" AND (amo.state, amc.state) IN (VALUES ").push(pairs(status)).push(")");
    }
    scope::claims(&mut query, scope);
    page(&mut query, "c.received_at", "c.id", after, limit);
    query
}

/// Returns the query of a page of exchanges, of one sender or of all.
pub(super) fn exchanges(
    scope: &Scope,
    sender: Option<&str>,
    after: Option<PageToken>,
    limit: usize,
) -> QueryBuilder<Db> {
    let mut query = QueryBuilder::new(select_exchange!());
    if let Some(sender) = sender {
        query.push(" AND sender = ").push_bind(sender.to_owned());
    }
    scope::exchanges(&mut query, scope);
    page(&mut query, "received_at", "id", after, limit);
    query
}

/// Returns the query of a page of return files, of one recipient and one kind or of all.
pub(super) fn return_files(
    scope: &Scope,
    recipient: Option<&str>,
    kind: Option<ReturnKind>,
    after: Option<PageToken>,
    limit: usize,
) -> QueryBuilder<Db> {
    let mut query = QueryBuilder::new(select_return!("WHERE TRUE"));
    if let Some(recipient) = recipient {
        query.push(" AND recipient = ").push_bind(recipient.to_owned());
    }
    if let Some(kind) = kind {
        query.push(" AND kind = ").push_bind(kind.as_str().to_owned());
    }
    scope::return_files(&mut query, scope);
    page(&mut query, "created_at", "id", after, limit);
    query
}

/// Returns the query of the chain links of these exchanges.
pub(super) fn chain_sequences(ids: &[ExchangeId]) -> QueryBuilder<Db> {
    let mut query =
        QueryBuilder::new("SELECT exchange_id, sequence FROM receipt_chain WHERE exchange_id ");
    one_of(&mut query, ids.iter().map(|id| id.0));
    query
}

/// Returns the query of the archive names that an exchange refers to. The column has no index: the
/// query is one scan, whatever the number of names.
pub(super) fn archive_names_in_use(names: &[String]) -> QueryBuilder<Db> {
    let mut query = QueryBuilder::new("SELECT archive_name FROM exchanges WHERE archive_name ");
    one_of(&mut query, names.iter().cloned());
    query
}

/// Appends `IN (…)`. NULL equals no value and makes the empty list legal SQL.
pub(super) fn one_of<T>(query: &mut QueryBuilder<Db>, values: impl Iterator<Item = T>)
where
    T: for<'q> Encode<'q, Db> + Type<Db> + 'static,
{
    query.push("IN (NULL");
    for value in values {
        query.push(", ").push_bind(value);
    }
    query.push(")");
}

/// Appends the end of a page: the rows after the token, newest first, one row more than asked to
/// know whether another page follows.
pub(super) fn page(
    query: &mut QueryBuilder<Db>,
    at: &'static str,
    id: &'static str,
    after: Option<PageToken>,
    limit: usize,
) {
    if let Some(token) = after {
        // This service made no token whose instant does not exist: the page is empty.
        let instant = Instant::from_micros(token.at_micros.max(0))
            .unwrap_or(Instant(OffsetDateTime::UNIX_EPOCH));
        query.push(format_args!(" AND ({at}, {id}) < ("));
        query.push_bind(instant).push(", ").push_bind(token.id).push(")");
    }
    query
        .push(format_args!(" ORDER BY {at} DESC, {id} DESC LIMIT "))
        .push_bind(rows(page_size(limit) + 1));
}

/// Returns the number of rows of a page: the number asked, between one and the largest page.
fn page_size(limit: usize) -> usize {
    limit.clamp(1, MAX_PAGE_ROWS)
}

/// Returns the pairs of states (AMO, AMC) of a status as SQL rows. The pairs come from
/// `life_cycle::status` itself, so that filter and view agree; the codes are constants of this
/// program, so that no input becomes SQL.
fn pairs(wanted: ClaimStatus) -> String {
    let both = |amo: PartState| PartState::ALL.iter().map(move |amc| (amo, *amc));
    let pairs = PartState::ALL
        .iter()
        .flat_map(|amo| both(*amo))
        .filter(|(amo, amc)| status(*amo, *amc) == wanted);
    pairs
        .map(|(amo, amc)| format!("('{}', '{}')", amo.as_str(), amc.as_str()))
        .collect::<Vec<_>>()
        .join(", ")
}

/// A row with the sort key from which the token of the next page is made.
pub(super) trait Keyed {
    /// Returns the position in the order of the listing.
    fn key(&self) -> (OffsetDateTime, Uuid);
}

impl Keyed for Claim {
    fn key(&self) -> (OffsetDateTime, Uuid) {
        (self.received_at, self.id.0)
    }
}

impl Keyed for Exchange {
    fn key(&self) -> (OffsetDateTime, Uuid) {
        (self.received_at, self.id.0)
    }
}

impl Keyed for ReturnFile {
    fn key(&self) -> (OffsetDateTime, Uuid) {
        (self.created_at, self.id.0)
    }
}

/// Cuts the extra row and returns the page with the token of the next one.
pub(super) fn cut<R, T: Keyed + TryFrom<R, Error = StoreError>>(
    rows: Vec<R>,
    limit: usize,
) -> Result<Page<T>, StoreError> {
    let mut items: Vec<T> = crate::store::rows::all(rows)?;
    let more = items.len() > page_size(limit);
    items.truncate(page_size(limit));
    let last = if more { items.last().map(Keyed::key) } else { None };
    let next = last.map(|(at, id)| PageToken { at_micros: Instant(at).micros(), id });
    Ok(Page { items, next })
}
