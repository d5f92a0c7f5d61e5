//! Listings whose conditions depend on the caller: the same SQL for both databases, built from
//! binds. Keyset pages, newest first.

use super::db::Db;
use super::scope;
use crate::domain::life_cycle::{is_waiting, status};
use crate::domain::page::{LARGEST_PAGE, PageToken};
use crate::domain::{
    Claim, ClaimStatus, Exchange, ExchangeId, Page, PartState, ReturnFile, ReturnKind, Scope,
};
use crate::store::claims::ClaimFilter;
use crate::store::codec::{Instant, clean, limit as rows};
use crate::store::error::StoreError;
use crate::store::rows::{select_claim, select_exchange, select_return, shown};
use sqlx::{Encode, QueryBuilder, Type};
use time::OffsetDateTime;
use uuid::Uuid;

/// `claims` of a filter.
pub(super) fn claims(
    scope: &Scope,
    filter: &ClaimFilter,
    after: Option<PageToken>,
    limit: usize,
) -> QueryBuilder<Db> {
    let mut query = QueryBuilder::new(select_claim!(concat!("AND ", shown!("c.exchange_id"))));
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
        // A list of its own, which both databases read off the index of what waits.
        query
            .push(
                " AND c.id IN (SELECT claim_id FROM claim_parts WHERE kind = 'amc' AND state IN (",
            )
            .push(waiting());
        query.push(") AND due_at < ").push_bind(Instant(now)).push(")");
    }
    if let Some(status) = filter.status {
        query.push(" AND (amo.state, amc.state) IN (VALUES ").push(pairs(status)).push(")");
    }
    scope::claims(&mut query, scope);
    page(&mut query, "c.received_at", "c.id", after, limit);
    query
}

/// `exchanges`, of one sender or of all.
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

/// `returns`, of one recipient and one kind or of all.
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

/// The links of the chain that name these exchanges.
pub(super) fn chain_sequences(ids: &[ExchangeId]) -> QueryBuilder<Db> {
    let mut query =
        QueryBuilder::new("SELECT exchange_id, sequence FROM receipt_chain WHERE exchange_id ");
    one_of(&mut query, ids.iter().map(|id| id.0));
    query
}

/// The archived files among these that an exchange names. No index knows them: one scan for as many
/// names as are given.
pub(super) fn archive_names_in_use(names: &[String]) -> QueryBuilder<Db> {
    let mut query = QueryBuilder::new("SELECT archive_name FROM exchanges WHERE archive_name ");
    one_of(&mut query, names.iter().cloned());
    query
}

/// `IN (…)`. The NULL equals nothing, and stands there for the list of nothing, which has no form
/// of its own.
fn one_of<T>(query: &mut QueryBuilder<Db>, values: impl Iterator<Item = T>)
where
    T: for<'q> Encode<'q, Db> + Type<Db> + 'static,
{
    query.push("IN (NULL");
    for value in values {
        query.push(", ").push_bind(value);
    }
    query.push(")");
}

/// The tail of every page: what follows the token, newest first, one row more than asked to know
/// whether another page follows.
fn page(
    query: &mut QueryBuilder<Db>,
    at: &'static str,
    id: &'static str,
    after: Option<PageToken>,
    limit: usize,
) {
    if let Some(token) = after {
        // A token beyond the calendar was not made here: it shows nothing.
        let instant = Instant::from_micros(token.at_micros.max(0))
            .unwrap_or(Instant(OffsetDateTime::UNIX_EPOCH));
        query.push(format_args!(" AND ({at}, {id}) < ("));
        query.push_bind(instant).push(", ").push_bind(token.id).push(")");
    }
    query
        .push(format_args!(" ORDER BY {at} DESC, {id} DESC LIMIT "))
        .push_bind(rows(page_size(limit) + 1));
}

/// The rows a page shows: what was asked, between one and the largest page.
fn page_size(limit: usize) -> usize {
    limit.clamp(1, LARGEST_PAGE)
}

/// The pairs of states (AMO, AMC) of a status, as SQL rows. Read off `life_cycle::status` itself,
/// so that the filter cannot say something else; the codes are words of this program, never input.
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

/// The states in which the payer's clock runs, as an SQL list.
fn waiting() -> String {
    let states = PartState::ALL.iter().filter(|s| is_waiting(**s));
    states.map(|s| format!("'{}'", s.as_str())).collect::<Vec<_>>().join(", ")
}

/// A row that a page can end with.
pub(super) trait Keyed {
    /// Its place in the order of the listing.
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

/// Cuts the row too many, and says where the next page starts.
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
