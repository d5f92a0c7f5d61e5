//! Columns of a batch: one statement writes many rows, with one array per column.

use crate::domain::ClaimId;
use uuid::Uuid;

/// Returns one column of a batch.
pub(super) fn column<'a, T, C>(rows: &'a [T], of: impl Fn(&'a T) -> C) -> Vec<C> {
    rows.iter().map(of).collect()
}

pub(super) fn uuids(ids: &[ClaimId]) -> Vec<Uuid> {
    column(ids, |id| id.0)
}
