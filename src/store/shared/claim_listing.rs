//! SQL of the listing of claims: one index walk in the order of the pages, chosen by the filter
//! (`claim_walk.rs`).
//!
//! A walk reads the keys of one index (alias `k`), newest first, and leaves out by the columns of
//! that index alone what a PS or sender excludes; each claim that is left is read by its key. The
//! plan follows from the filter and not from statistics: a column that must not choose the index is
//! written `column || ''`.

use super::claim_walk::{INVOICE, Order, PERSON, Walk, order};
use super::db::{Db, join_claim, join_parts};
use super::listing::{following, page};
use super::scope;
use crate::domain::page::PageToken;
use crate::domain::{PartKind, Scope};
use crate::store::claim_columns::claim_columns;
use crate::store::claims::{ClaimFilter, FlagFilter};
use crate::store::codec::{Instant, clean};
use crate::store::rows::visible;
use sqlx::QueryBuilder;
use time::Date;

/// Part of a walk that a query may read.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::store) struct Stretch {
    /// Position after which the walk begins.
    pub(in crate::store) after: Option<PageToken>,
    /// Last position of the walk; `None` for its end.
    pub(in crate::store) until: Option<PageToken>,
}

/// Returns the query of a page of claims.
pub(in crate::store) fn claims(
    scope: &Scope,
    filter: &ClaimFilter,
    walk: Walk,
    Stretch { after, until }: Stretch,
    limit: usize,
) -> QueryBuilder<Db> {
    let mut query = QueryBuilder::new(concat!("SELECT ", claim_columns!(), " FROM "));
    let order = order(filter);
    let (at, id) = walk.columns(order);
    match walk {
        Walk::Claims(Some(INVOICE)) => {
            of_few(&mut query, INVOICE, filter.invoice_number.as_deref(), filter)
        }
        Walk::Claims(Some(PERSON)) => of_few(&mut query, PERSON, filter.person.as_deref(), filter),
        Walk::Claims(_) => {
            query.push(concat!("claims c", join_parts!()));
        }
        Walk::Keys(_) | Walk::Test => {
            query.push(concat!("claims k", join_claim!("k.id")));
        }
        _ => {
            query.push(concat!("claim_parts k", join_claim!("k.claim_id")));
        }
    }
    query.push(concat!(" AND ", visible!("c.exchange_id")));
    keys(&mut query, filter, walk);
    owners(&mut query, filter, walk);
    of_claim(&mut query, filter, walk);
    received(&mut query, filter, order, at);
    of_parts(&mut query, filter, walk);
    scope::claims(&mut query, scope);
    scope::lane(&mut query, "c.is_test", scope);
    if let Some(until) = until {
        // The first condition ends the walk of SQLite, the second one is exact.
        query.push(format_args!(" AND {at} >= ")).push_bind(instant(until));
        query.push(format_args!(" AND ({at}, {id}) >= (")).push_bind(instant(until));
        query.push(", ").push_bind(until.id).push(")");
    }
    if let Order::Paid(_) = order {
        days(&mut query, filter, at);
        if let Some(token) = after {
            query.push(format_args!(" AND ({at}, {id}) < (")).push_bind(day(token));
            query.push(", ").push_bind(token.id).push(")");
        }
        page(&mut query, at, id, None, limit);
    } else {
        page(&mut query, at, id, after, limit);
    }
    query
}

/// Returns the query of the position that lies so many keys into a walk in the order of reception.
/// The query reads the index alone.
pub(in crate::store) fn position(
    filter: &ClaimFilter,
    walk: Walk,
    after: Option<PageToken>,
    keys_read: i64,
) -> QueryBuilder<Db> {
    let (at, id) = walk.columns(Order::Received);
    let mut query =
        QueryBuilder::new(format!("SELECT {at}, {id} FROM {} WHERE TRUE", walk.table()));
    keys(&mut query, filter, walk);
    if let Walk::Claims(Some(column)) = walk {
        let value = if column == "c.ps" { &filter.ps } else { &filter.sender };
        query.push(format_args!(" AND {column} = ")).push_bind(text(value.as_deref()));
    }
    received(&mut query, filter, Order::Received, at);
    following(&mut query, at, id, after);
    query.push(" LIMIT 1 OFFSET ").push_bind(keys_read);
    query
}

/// Returns the instant of a position, as a column has it.
fn instant(token: PageToken) -> Instant {
    Instant::from_micros(token.at_micros).unwrap_or(Instant(time::OffsetDateTime::UNIX_EPOCH))
}

/// Appends the claims of an invoice number or person, which are few and sorted after they are
/// found: the LIMIT keeps PostgreSQL from looking for them along the order of the pages.
fn of_few(
    query: &mut QueryBuilder<Db>,
    column: &'static str,
    value: Option<&str>,
    filter: &ClaimFilter,
) {
    query.push(format_args!("(SELECT * FROM claims c WHERE {column} = "));
    query.push_bind(text(value));
    if let (INVOICE, Some(ps)) = (column, &filter.ps) {
        query.push(" AND c.ps = ").push_bind(text(Some(ps)));
    }
    query.push(concat!(" LIMIT 1000000) c", join_parts!()));
}

/// Returns the day of a token in the order of payments. This service made no token whose instant
/// does not exist: no payment comes after it.
fn day(token: PageToken) -> Date {
    Instant::from_micros(token.at_micros).map_or(Date::MIN, |at| at.0.date())
}

/// Appends the conditions of the index that is walked.
fn keys(query: &mut QueryBuilder<Db>, filter: &ClaimFilter, walk: Walk) {
    match walk {
        Walk::Claims(_) => {}
        Walk::Keys(column) => {
            let value = if column == "k.lot" { &filter.lot } else { &filter.amc_number };
            query.push(format_args!(" AND {column} = ")).push_bind(text(value.as_deref()));
        }
        Walk::Test => {
            query.push(" AND k.is_test");
        }
        Walk::Payments(kind, owner) => {
            let other = if owner.is_some() { " || ''" } else { "" };
            query.push(format_args!(" AND k.kind{other} = '{}'", kind.as_str()));
        }
        Walk::Transfer => {
            query.push(" AND k.transfer_reference IS NOT NULL AND k.transfer_reference = ");
            query.push_bind(text(filter.transfer.as_deref()));
            of_kind(query, filter.part);
        }
        Walk::Flagged => {
            query.push(" AND k.flags <> '[]' AND ");
            flagged(query, filter.flag, "k");
            of_kind(query, filter.part);
        }
        Walk::State(kind, state) => {
            let (kind, state) = (kind.as_str(), state.as_str());
            query.push(format_args!(
                " AND k.sender >= '' AND k.kind = '{kind}' AND k.state = '{state}'"
            ));
        }
        Walk::Status(status) => {
            query.push(format_args!(
                " AND k.claim_status IS NOT NULL AND k.claim_status = '{}'",
                status.as_str()
            ));
        }
        Walk::Overdue => {
            query.push(" AND k.kind = 'amc' AND k.is_awaited");
            if let Some(now) = filter.overdue_at {
                query.push(" AND k.due_at < ").push_bind(Instant(now));
            }
        }
    }
}

/// Appends the PS and the sender as columns of the index that is walked.
fn owners(query: &mut QueryBuilder<Db>, filter: &ClaimFilter, walk: Walk) {
    if matches!(walk, Walk::Claims(_)) {
        return;
    }
    for (column, value) in [("k.ps", &filter.ps), ("k.sender", &filter.sender)] {
        if let Some(value) = value {
            let is_key = matches!(walk, Walk::Payments(_, Some(owner)) if owner == column);
            let other = if is_key { "" } else { " || ''" };
            query.push(format_args!(" AND {column}{other} = ")).push_bind(text(Some(value)));
        }
    }
}

/// Appends the kind of the part `k`, if the filter names one.
fn of_kind(query: &mut QueryBuilder<Db>, kind: Option<PartKind>) {
    if let Some(kind) = kind {
        query.push(format_args!(" AND k.kind = '{}'", kind.as_str()));
    }
}

/// Appends the condition that a part has the flag, or any flag.
fn flagged(query: &mut QueryBuilder<Db>, flag: Option<FlagFilter>, alias: &'static str) {
    query.push(alias);
    match flag {
        // The column is a JSON list of codes, and the code a constant of this program.
        Some(FlagFilter::One(flag)) => {
            query.push(format_args!(".flags LIKE '%\"{}\"%'", flag.as_str()));
        }
        Some(FlagFilter::Any) | None => {
            query.push(".flags <> '[]'");
        }
    }
}

/// Appends the conditions on columns of the claim.
fn of_claim(query: &mut QueryBuilder<Db>, filter: &ClaimFilter, walk: Walk) {
    for (column, value) in [
        ("c.sender", &filter.sender),
        ("c.ps", &filter.ps),
        ("c.invoice_number", &filter.invoice_number),
        ("c.lot", &filter.lot),
        ("c.amc_number", &filter.amc_number),
        ("c.person", &filter.person),
    ] {
        if let Some(value) = value {
            let other = if walk.column() == Some(column) { "" } else { " || ''" };
            query.push(format_args!(" AND {column}{other} = ")).push_bind(text(Some(value)));
        }
    }
    if let Some(id) = filter.exchange_id {
        query.push(" AND c.exchange_id = ").push_bind(id.0);
    }
}

/// Appends the bounds of the instant of reception, in the column `at` where the walk is in its
/// order.
fn received(query: &mut QueryBuilder<Db>, filter: &ClaimFilter, order: Order, at: &'static str) {
    let at = if order == Order::Received { at } else { "c.received_at" };
    if let Some(from) = filter.received_from {
        query.push(format_args!(" AND {at} >= ")).push_bind(Instant(from));
    }
    if let Some(before) = filter.received_before {
        query.push(format_args!(" AND {at} < ")).push_bind(Instant(before));
    }
}

/// Appends the conditions on the two parts. A claim of which both parts have the transfer or flag
/// is read once, by its AMC part.
fn of_parts(query: &mut QueryBuilder<Db>, filter: &ClaimFilter, walk: Walk) {
    let part = filter.part.unwrap_or(PartKind::Amc).as_str();
    if let Some(state) = filter.part_state {
        query.push(format_args!(" AND {part}.state = '{}'", state.as_str()));
    }
    if let Some(status) = filter.status {
        query.push(format_args!(" AND amc.claim_status = '{}'", status.as_str()));
    }
    if let Some(now) = filter.overdue_at {
        query.push(" AND amc.is_awaited AND amc.due_at < ").push_bind(Instant(now));
    }
    if let Some(flag) = filter.flag {
        if walk == Walk::Flagged {
            once(query, filter.part, |query, alias| flagged(query, Some(flag), alias));
        } else {
            either(query, filter.part, |query, alias| flagged(query, Some(flag), alias));
        }
    }
    if let Some(label) = &filter.transfer {
        let has_label = |query: &mut QueryBuilder<Db>, alias: &'static str| {
            query.push("COALESCE(").push(alias).push(".transfer_reference, '') = ");
            query.push_bind(text(Some(label)));
        };
        if walk == Walk::Transfer {
            once(query, filter.part, has_label);
        } else {
            either(query, filter.part, has_label);
        }
    }
}

/// Appends that a part `k`, which satisfies a condition, is the AMC part, or that the AMC part does
/// not satisfy it. A filter by part reads each claim once anyway.
fn once(
    query: &mut QueryBuilder<Db>,
    part: Option<PartKind>,
    condition: impl Fn(&mut QueryBuilder<Db>, &'static str),
) {
    if part.is_none() {
        query.push(" AND (k.kind = 'amc' OR NOT (");
        condition(query, "amc");
        query.push("))");
    }
}

/// Appends a condition on the part of the filter, or on either part.
fn either(
    query: &mut QueryBuilder<Db>,
    part: Option<PartKind>,
    condition: impl Fn(&mut QueryBuilder<Db>, &'static str),
) {
    query.push(" AND (");
    match part {
        Some(PartKind::Amo) => condition(query, "amo"),
        Some(_) => condition(query, "amc"),
        None => {
            condition(query, "amc");
            query.push(" OR ");
            condition(query, "amo");
        }
    }
    query.push(")");
}

/// Appends the bounds of the payment dates. The first condition makes the partial index fit.
fn days(query: &mut QueryBuilder<Db>, filter: &ClaimFilter, column: &'static str) {
    query.push(format_args!(" AND {column} IS NOT NULL"));
    if let Some(from) = filter.paid_from {
        query.push(format_args!(" AND {column} >= ")).push_bind(from);
    }
    if let Some(before) = filter.paid_before {
        query.push(format_args!(" AND {column} < ")).push_bind(before);
    }
}

/// Returns a text of a filter as a column has it.
fn text(value: Option<&str>) -> String {
    clean(value.unwrap_or_default()).into_owned()
}
