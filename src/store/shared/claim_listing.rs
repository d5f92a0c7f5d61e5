//! The listing of claims: one index walk in the order of the pages, chosen by the filter.
//!
//! A walk reads the keys of one index (alias `k`), newest first, and leaves out by the columns of
//! that index alone what a PS or sender excludes; each claim that is left is read by its key. The
//! plan follows from the filter and not from statistics: a column that must not choose the index is
//! written `column || ''`.
//!
//! | filter | index |
//! |---|---|
//! | a PS or sender with few claims | `claims_by_ps`, `claims_by_sender`; other orders are sorted |
//! | payment dates | `claim_parts_by_payment`, latest payment first |
//! | overdue | `claim_parts_due`, latest limit first |
//! | invoice number, person | `claims_by_invoice`, `claims_by_person` |
//! | transfer, flag | `claim_parts_by_transfer`, `claim_parts_flagged` |
//! | exchange, lot | `claims_by_exchange`, `claims_by_lot` |
//! | state of a part, status | `claim_parts_by_state`, `claim_parts_by_status` |
//! | AMC | `claims_by_amc` |
//! | PS, sender, none | `claims_by_ps`, `claims_by_sender`, `claims_newest` |

use super::db::{Db, join_claim, join_parts};
use super::listing::page;
use super::scope;
use crate::domain::page::PageToken;
use crate::domain::{Claim, ClaimStatus, PartKind, PartState, Scope};
use crate::store::claim_columns::claim_columns;
use crate::store::claims::{ClaimFilter, FlagFilter};
use crate::store::codec::{Instant, clean};
use crate::store::rows::visible;
use sqlx::QueryBuilder;
use time::{Date, OffsetDateTime};

/// Largest number of claims of a PS or sender that a page may read one by one.
pub(in crate::store) const FEW_CLAIMS: i64 = 1_000;

/// Column of the claims of one invoice number.
const INVOICE: &str = "c.invoice_number";

/// The order of a listing, newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Order {
    /// By the instant at which the gateway received the claim.
    Received,
    /// By the day of the transfer that paid this part.
    Paid(PartKind),
    /// By the limit of the AMC.
    Due,
}

/// The index that a page is read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Walk {
    /// Claims of this column, or all claims, without other keys.
    Claims(Option<&'static str>),
    /// Claims of one lot or one AMC, by this column of `k`.
    Keys(&'static str),
    Payments(PartKind),
    Overdue,
    Transfer,
    Flagged,
    State(PartKind, PartState),
    Status(ClaimStatus),
}

/// Returns whether the walk of a filter may be shorter by its PS or sender, if these have few
/// claims.
pub(in crate::store) fn may_be_narrowed(filter: &ClaimFilter) -> bool {
    (filter.ps.is_some() || filter.sender.is_some())
        && !matches!(walk(filter, None), Walk::Claims(_))
}

/// Returns the order of the listing of a filter.
pub(in crate::store) fn order(filter: &ClaimFilter) -> Order {
    if filter.paid_from.is_some() || filter.paid_before.is_some() {
        Order::Paid(filter.part.unwrap_or(PartKind::Amc))
    } else if filter.overdue_at.is_some() {
        Order::Due
    } else {
        Order::Received
    }
}

/// Returns the walk of a filter. `few` is a column of `claims` whose value in the filter has few
/// claims: these are read and sorted, where the order is another one.
pub(in crate::store) fn walk(filter: &ClaimFilter, few: Option<&'static str>) -> Walk {
    if few.is_some() {
        return Walk::Claims(few);
    }
    match order(filter) {
        Order::Paid(kind) => return Walk::Payments(kind),
        Order::Due => return Walk::Overdue,
        Order::Received => {}
    }
    let part = filter.part.unwrap_or(PartKind::Amc);
    let choices = [
        filter.invoice_number.as_ref().map(|_| Walk::Claims(Some(INVOICE))),
        filter.person.as_ref().map(|_| Walk::Claims(Some("c.person"))),
        filter.transfer.as_ref().map(|_| Walk::Transfer),
        filter.flag.map(|_| Walk::Flagged),
        filter.exchange_id.map(|_| Walk::Claims(Some("c.exchange_id"))),
        filter.lot.as_ref().map(|_| Walk::Keys("k.lot")),
        filter.part_state.map(|state| Walk::State(part, state)),
        filter.status.map(Walk::Status),
        filter.amc_number.as_ref().map(|_| Walk::Keys("k.amc_number")),
        filter.ps.as_ref().map(|_| Walk::Claims(Some("c.ps"))),
        filter.sender.as_ref().map(|_| Walk::Claims(Some("c.sender"))),
    ];
    choices.into_iter().flatten().next().unwrap_or(Walk::Claims(None))
}

impl Order {
    /// Returns the key of a claim in this order. A day is the instant of its midnight, UTC.
    pub(in crate::store) fn key(self, claim: &Claim) -> OffsetDateTime {
        match self {
            Self::Received => claim.received_at,
            Self::Due => claim.due_at.unwrap_or(claim.received_at),
            Self::Paid(kind) => {
                let day = claim.part(kind).and_then(|part| part.transfer_date);
                day.unwrap_or(Date::MIN).midnight().assume_utc()
            }
        }
    }
}

impl Walk {
    /// Returns the columns that hold the order of the pages: instant or day, and claim.
    const fn columns(self, order: Order) -> (&'static str, &'static str) {
        match (self, order) {
            (Self::Claims(_), Order::Received) => ("c.received_at", "c.id"),
            (Self::Claims(_), Order::Due) => ("amc.due_at", "c.id"),
            (Self::Claims(_), Order::Paid(PartKind::Amo)) => ("amo.transfer_date", "c.id"),
            (Self::Claims(_), Order::Paid(_)) => ("amc.transfer_date", "c.id"),
            (Self::Keys(_), _) => ("k.received_at", "k.id"),
            (_, Order::Received) => ("k.received_at", "k.claim_id"),
            (_, Order::Due) => ("k.due_at", "k.claim_id"),
            (_, Order::Paid(_)) => ("k.transfer_date", "k.claim_id"),
        }
    }

    /// Returns the column by which this walk finds its claims.
    const fn column(self) -> Option<&'static str> {
        match self {
            Self::Claims(column) => column,
            _ => None,
        }
    }
}

/// Returns the query of a page of claims.
pub(in crate::store) fn claims(
    scope: &Scope,
    filter: &ClaimFilter,
    walk: Walk,
    after: Option<PageToken>,
    limit: usize,
) -> QueryBuilder<Db> {
    let mut query = QueryBuilder::new(concat!("SELECT ", claim_columns!(), " FROM "));
    let order = order(filter);
    let (at, id) = walk.columns(order);
    match walk {
        Walk::Claims(Some(INVOICE)) => of_invoice(&mut query, filter),
        Walk::Claims(_) => {
            query.push(concat!("claims c", join_parts!()));
        }
        Walk::Keys(_) => {
            query.push(concat!("claims k", join_claim!("k.id")));
        }
        _ => {
            query.push(concat!("claim_parts k", join_claim!("k.claim_id")));
        }
    }
    query.push(concat!(" AND ", visible!("c.exchange_id")));
    keys(&mut query, filter, walk);
    of_claim(&mut query, filter, walk);
    of_parts(&mut query, filter);
    scope::claims(&mut query, scope);
    scope::lane(&mut query, "c.is_test", scope);
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

/// Appends the claims of an invoice number. They are few, and sorted after they are found: LIMIT
/// keeps PostgreSQL from looking for the number along the order of the pages.
fn of_invoice(query: &mut QueryBuilder<Db>, filter: &ClaimFilter) {
    query.push("(SELECT * FROM claims WHERE invoice_number = ");
    query.push_bind(text(filter.invoice_number.as_deref()));
    if let Some(ps) = &filter.ps {
        query.push(" AND ps = ").push_bind(text(Some(ps)));
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
    if matches!(walk, Walk::Claims(_)) {
        return;
    }
    query.push(" AND ");
    match walk {
        Walk::Claims(_) => {}
        Walk::Keys(column) => {
            let value = if column == "k.lot" { &filter.lot } else { &filter.amc_number };
            query.push(column).push(" = ").push_bind(text(value.as_deref()));
        }
        Walk::Payments(kind) => {
            query.push(format_args!("k.kind = '{}'", kind.as_str()));
        }
        Walk::Transfer => {
            query.push("k.transfer_reference IS NOT NULL AND ");
            once(query, filter, |query, alias| {
                query.push(alias).push(".transfer_reference = ");
                query.push_bind(text(filter.transfer.as_deref()));
            });
        }
        Walk::Flagged => {
            query.push("k.flags <> '[]' AND ");
            once(query, filter, |query, alias| flagged(query, filter.flag, alias));
        }
        Walk::State(kind, state) => {
            let (kind, state) = (kind.as_str(), state.as_str());
            query
                .push(format_args!("k.sender >= '' AND k.kind = '{kind}' AND k.state = '{state}'"));
        }
        Walk::Status(status) => {
            query.push(format_args!(
                "k.claim_status IS NOT NULL AND k.claim_status = '{}'",
                status.as_str()
            ));
        }
        Walk::Overdue => {
            query.push("k.kind = 'amc' AND k.is_awaited");
            if let Some(now) = filter.overdue_at {
                query.push(" AND k.due_at < ").push_bind(Instant(now));
            }
        }
    }
    for (column, value) in [("k.ps", &filter.ps), ("k.sender", &filter.sender)] {
        if let Some(value) = value {
            query.push(format_args!(" AND {column} || '' = ")).push_bind(text(Some(value)));
        }
    }
}

/// Appends a condition on the part `k`, so that a claim of which both parts satisfy it is read
/// once.
fn once(
    query: &mut QueryBuilder<Db>,
    filter: &ClaimFilter,
    condition: impl Fn(&mut QueryBuilder<Db>, &'static str),
) {
    condition(query, "k");
    if let Some(kind) = filter.part {
        query.push(format_args!(" AND k.kind = '{}'", kind.as_str()));
    } else {
        query.push(
            " AND (k.kind = 'amc' OR NOT EXISTS (SELECT 1 FROM claim_parts o \
             WHERE o.claim_id = k.claim_id AND o.kind = 'amc' AND ",
        );
        condition(query, "o");
        query.push("))");
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
    let at = match order(filter) {
        Order::Received => walk.columns(Order::Received).0,
        _ => "c.received_at",
    };
    if let Some(from) = filter.received_from {
        query.push(format_args!(" AND {at} >= ")).push_bind(Instant(from));
    }
    if let Some(before) = filter.received_before {
        query.push(format_args!(" AND {at} < ")).push_bind(Instant(before));
    }
}

/// Appends the conditions on the two parts.
fn of_parts(query: &mut QueryBuilder<Db>, filter: &ClaimFilter) {
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
        either(query, filter.part, |query, alias| flagged(query, Some(flag), alias));
    }
    if let Some(label) = &filter.transfer {
        either(query, filter.part, |query, alias| {
            query.push(alias).push(".transfer_reference = ").push_bind(text(Some(label)));
        });
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
