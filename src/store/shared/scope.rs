//! Turns a [`Scope`] into SQL, one function a noun.
//!
//! A row outside the scope is as absent as a row that does not exist. The dimensions of each noun:
//!
//! | noun | sender | PS | AMC | organism |
//! |---|---|---|---|---|
//! | exchange, ledger, anomaly | depositor | | | |
//! | quarantined invoice | depositor of its exchange | PS | | |
//! | claim, line, event | depositor | PS | AMC number | AMO organism |
//! | return file | recipient | | | |
//! | answer without claim | depositor of its exchange | PS | AMC number | |
//! | transfer | depositor of a file that tells it | payee | none | none |
//!
//! A transfer has money of several insurers: a caller who is limited to AMC numbers or organisms
//! sees none.
//!
//! The lane of a scope restricts listings, streams and answers by PS and number; answers by
//! identifier come from either lane.
//!
//! An empty dimension covers nothing, whether the noun has that dimension or not. A full scope adds
//! no text, so that the plans of internal readers do not change.

use super::db::Db;
use crate::domain::{Extent, Lane, Scope};
use sqlx::QueryBuilder;

/// Restricts `exchanges` without alias.
pub(super) fn exchanges(query: &mut QueryBuilder<Db>, scope: &Scope) {
    restrict(query, scope, &[("sender", &scope.senders)]);
}

/// Restricts a table with a column `is_test`, whose name is given with its alias, to the lane of a
/// scope: exchanges, claims, return files.
pub(super) fn lane(query: &mut QueryBuilder<Db>, column: &'static str, scope: &Scope) {
    match scope.lane {
        Some(Lane::Real) => _ = query.push(" AND NOT ").push(column),
        Some(Lane::Test) => _ = query.push(" AND ").push(column),
        None => {}
    }
}

/// Restricts rows of `quarantine` without alias to the lane of a scope, by their exchange.
pub(super) fn lane_of_quarantine(query: &mut QueryBuilder<Db>, scope: &Scope) {
    if scope.lane.is_some() {
        query.push(" AND EXISTS (SELECT 1 FROM exchanges x WHERE x.id = quarantine.exchange_id");
        lane(query, "x.is_test", scope);
        query.push(")");
    }
}

/// Restricts rows of a table by the exchange that this column names: ledgers, anomalies.
pub(super) fn of_exchange(query: &mut QueryBuilder<Db>, column: &str, scope: &Scope) {
    if scope.is_limited() {
        query.push(" AND ").push(column).push(" IN (SELECT id FROM exchanges WHERE TRUE");
        exchanges(query, scope);
        query.push(")");
    }
}

/// Restricts `quarantine` without alias.
pub(super) fn quarantine(query: &mut QueryBuilder<Db>, scope: &Scope) {
    of_exchange(query, "exchange_id", scope);
    restrict(query, scope, &[("ps", &scope.ps)]);
}

/// Restricts `unmatched_returns` with the alias `u`, and its exchange `x`.
pub(super) fn unmatched_returns(query: &mut QueryBuilder<Db>, scope: &Scope) {
    let dimensions =
        [("x.sender", &scope.senders), ("u.ps", &scope.ps), ("u.amc_number", &scope.amc)];
    restrict(query, scope, &dimensions);
}

/// Restricts `claims` with the alias `c`.
pub(super) fn claims(query: &mut QueryBuilder<Db>, scope: &Scope) {
    let dimensions = [
        ("c.sender", &scope.senders),
        ("c.ps", &scope.ps),
        ("c.amc_number", &scope.amc),
        ("c.amo_organism", &scope.organisms),
    ];
    restrict(query, scope, &dimensions);
}

/// Restricts rows of a table by the claim that this column names: lines, events.
pub(super) fn of_claim(query: &mut QueryBuilder<Db>, column: &str, scope: &Scope) {
    if scope.is_limited() {
        query.push(" AND EXISTS (SELECT 1 FROM claims c WHERE c.id = ").push(column);
        claims(query, scope);
        query.push(")");
    }
}

/// Restricts `transfers` with the alias `r`.
pub(super) fn transfers(query: &mut QueryBuilder<Db>, scope: &Scope) {
    if scope.amc != Extent::All || scope.organisms != Extent::All {
        query.push(" AND 1 = 0");
        return;
    }
    restrict(query, scope, &[("r.payee", &scope.ps)]);
    if scope.senders != Extent::All {
        query.push(
            " AND EXISTS (SELECT 1 FROM told_transfers told JOIN exchanges \
             ON exchanges.id = told.told_in WHERE told.transfer_id = r.id",
        );
        restrict(query, scope, &[("exchanges.sender", &scope.senders)]);
        query.push(")");
    }
}

/// Restricts rows of a table by the transfer that this column names: tellings, items.
pub(super) fn of_transfer(query: &mut QueryBuilder<Db>, column: &str, scope: &Scope) {
    if scope.is_limited() {
        query.push(" AND ").push(column).push(" IN (SELECT r.id FROM transfers r WHERE TRUE");
        transfers(query, scope);
        query.push(")");
    }
}

/// Restricts `returns` without alias.
pub(super) fn return_files(query: &mut QueryBuilder<Db>, scope: &Scope) {
    restrict(query, scope, &[("recipient", &scope.senders)]);
}

/// Appends one condition for each limited dimension.
fn restrict(query: &mut QueryBuilder<Db>, scope: &Scope, dimensions: &[(&str, &Extent)]) {
    if scope.covers_nothing() {
        query.push(" AND 1 = 0");
        return;
    }
    for (column, extent) in dimensions {
        if let Extent::Only(values) = extent {
            query.push(" AND ").push(*column).push(" IN (");
            let mut list = query.separated(", ");
            for value in values {
                list.push_bind(value.clone());
            }
            query.push(")");
        }
    }
}
