//! The choice of the index that a page of claims is read from, and its order.
//!
//! | filter | index |
//! |---|---|
//! | a PS or sender with few claims | `claims_by_ps`, `claims_by_sender`; other orders are sorted |
//! | payment dates | `claim_parts_by_payment`, latest payment first |
//! | payment dates of a PS or sender | `claim_parts_payments_of_ps`, `…_of_sender` |
//! | overdue | `claim_parts_due`, latest limit first |
//! | invoice number, person | `claims_by_invoice`, `claims_by_person`: few, and sorted |
//! | transfer, flag | `claim_parts_by_transfer`, `claim_parts_flagged` |
//! | exchange, lot | `claims_by_exchange`, `claims_by_lot` |
//! | state of a part, status | `claim_parts_by_state`, `claim_parts_by_status` |
//! | AMC | `claims_by_amc` |
//! | test lane | `claims_test` |
//! | PS, sender, none | `claims_by_ps`, `claims_by_sender`, `claims_newest` |

use crate::domain::{Claim, ClaimStatus, Lane, PartKind, PartState};
use crate::store::claims::ClaimFilter;
use time::{Date, OffsetDateTime};

/// Column of the claims of one invoice number.
pub(super) const INVOICE: &str = "c.invoice_number";
/// Column of the claims of one person.
pub(super) const PERSON: &str = "c.person";

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
    /// Claims of the test lane.
    Test,
    /// Payments of this part, of a PS or sender by this column of `k`, or of all.
    Payments(PartKind, Option<&'static str>),
    Overdue,
    Transfer,
    Flagged,
    State(PartKind, PartState),
    Status(ClaimStatus),
}

/// Returns the columns of `claims` with the PS and the sender of a filter, if its walk goes by
/// another key: the walk may be longer than the claims of these.
pub(in crate::store) fn owners(
    filter: &ClaimFilter,
    walk: Walk,
) -> impl Iterator<Item = (&'static str, &str)> {
    let owners = [("c.ps", &filter.ps), ("c.sender", &filter.sender)];
    let is_other = !matches!(walk, Walk::Claims(_));
    owners
        .into_iter()
        .filter(move |_| is_other)
        .filter_map(|(c, value)| Some((c, value.as_deref()?)))
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

/// Returns the walk of a filter in a lane.
pub(in crate::store) fn walk(filter: &ClaimFilter, lane: Option<Lane>) -> Walk {
    let is_of_ps = filter.ps.as_ref().map(|_| "k.ps");
    let owner = is_of_ps.or(filter.sender.as_ref().map(|_| "k.sender"));
    match order(filter) {
        Order::Paid(kind) => return Walk::Payments(kind, owner),
        Order::Due => return Walk::Overdue,
        Order::Received => {}
    }
    let part = filter.part.unwrap_or(PartKind::Amc);
    let choices = [
        filter.invoice_number.as_ref().map(|_| Walk::Claims(Some(INVOICE))),
        filter.person.as_ref().map(|_| Walk::Claims(Some(PERSON))),
        filter.transfer.as_ref().map(|_| Walk::Transfer),
        filter.flag.map(|_| Walk::Flagged),
        filter.exchange_id.map(|_| Walk::Claims(Some("c.exchange_id"))),
        filter.lot.as_ref().map(|_| Walk::Keys("k.lot")),
        filter.part_state.map(|state| Walk::State(part, state)),
        filter.status.map(Walk::Status),
        filter.amc_number.as_ref().map(|_| Walk::Keys("k.amc_number")),
        (lane == Some(Lane::Test)).then_some(Walk::Test),
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
    pub(super) const fn columns(self, order: Order) -> (&'static str, &'static str) {
        match (self, order) {
            (Self::Claims(_), Order::Received) => ("c.received_at", "c.id"),
            (Self::Claims(_), Order::Due) => ("amc.due_at", "c.id"),
            (Self::Claims(_), Order::Paid(PartKind::Amo)) => ("amo.transfer_date", "c.id"),
            (Self::Claims(_), Order::Paid(_)) => ("amc.transfer_date", "c.id"),
            (Self::Keys(_) | Self::Test, _) => ("k.received_at", "k.id"),
            (_, Order::Received) => ("k.received_at", "k.claim_id"),
            (_, Order::Due) => ("k.due_at", "k.claim_id"),
            (_, Order::Paid(_)) => ("k.transfer_date", "k.claim_id"),
        }
    }

    /// Returns the column by which this walk finds its claims.
    pub(super) const fn column(self) -> Option<&'static str> {
        match self {
            Self::Claims(column) => column,
            _ => None,
        }
    }

    /// Returns the table that the index belongs to, as `k`, or as `c` without other keys.
    pub(super) const fn table(self) -> &'static str {
        match self {
            Self::Claims(_) => "claims c",
            Self::Keys(_) | Self::Test => "claims k",
            _ => "claim_parts k",
        }
    }
}
