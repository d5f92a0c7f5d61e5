//! Listings whose conditions depend on the caller: keyset pages, newest first.

use super::db::Db;
use super::scope;
use crate::domain::page::{MAX_PAGE_ROWS, PageToken};
use crate::domain::{Exchange, ExchangeId, Page, ReturnFile, ReturnKind, Scope};
use crate::store::codec::{Instant, limit as rows};
use crate::store::error::StoreError;
use crate::store::rows::{select_exchange, select_return};
use sqlx::{Encode, QueryBuilder, Type};
use time::OffsetDateTime;
use uuid::Uuid;

/// Rows of one statement: SQLite binds at most 32,766 values.
pub(super) const CHUNK: usize = 500;

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
    scope::lane(&mut query, "is_test", scope);
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
    scope::lane(&mut query, "is_test", scope);
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
    following(query, at, id, after);
    query.push(" LIMIT ").push_bind(rows(page_size(limit) + 1));
}

/// Appends the rows after the token, newest first.
pub(super) fn following(
    query: &mut QueryBuilder<Db>,
    at: &'static str,
    id: &'static str,
    after: Option<PageToken>,
) {
    if let Some(token) = after {
        // This service made no token whose instant does not exist: the page is empty.
        let instant = Instant::from_micros(token.at_micros.max(0))
            .unwrap_or(Instant(OffsetDateTime::UNIX_EPOCH));
        query.push(format_args!(" AND ({at}, {id}) < ("));
        query.push_bind(instant).push(", ").push_bind(token.id).push(")");
    }
    query.push(format_args!(" ORDER BY {at} DESC, {id} DESC"));
}

/// Returns whether so many rows are a page and the row that says that another one follows.
pub(super) fn is_full(rows: usize, limit: usize) -> bool {
    rows > page_size(limit)
}

/// Returns the number of rows of a page: the number asked, between one and the largest page.
fn page_size(limit: usize) -> usize {
    limit.clamp(1, MAX_PAGE_ROWS)
}

/// A row with the sort key from which the token of the next page is made.
pub(super) trait Keyed {
    /// Returns the position in the order of the listing.
    fn key(&self) -> (OffsetDateTime, Uuid);
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
    cut_by(rows, limit, Keyed::key)
}

/// Cuts the extra row and returns the page with the token of the next one. `key` is the position of
/// a row in the order of the listing.
pub(super) fn cut_by<R, T: TryFrom<R, Error = StoreError>>(
    rows: Vec<R>,
    limit: usize,
    key: impl Fn(&T) -> (OffsetDateTime, Uuid),
) -> Result<Page<T>, StoreError> {
    let mut items: Vec<T> = crate::store::rows::all(rows)?;
    let more = items.len() > page_size(limit);
    items.truncate(page_size(limit));
    let last = if more { items.last().map(key) } else { None };
    let next = last.map(|(at, id)| PageToken { at_micros: Instant(at).micros(), id });
    Ok(Page { items, next })
}
