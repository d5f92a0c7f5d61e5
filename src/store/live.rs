//! Columns of a claim that follow from its two parts, written beside each change of a part: the
//! flag `live` and the status.
//!
//! An invoice with a live claim may not be sent again. A claim is live until a part is rejected or
//! its money taken back, and again when that is undone; a claim that another attempt corrects is
//! never live again. A copy of another sender's invoice is not live until the desk releases it.

use super::{PartChange, StoreError};
use crate::domain::life_cycle::status;
use crate::domain::{ClaimStatus, PartState};
use std::collections::HashSet;
use std::sync::LazyLock;

/// SQL expression of [`status`] over the states in `amo.state` and `claim_parts.state`. It is made
/// from the function itself, so that column and view agree; the codes are constants of this
/// program.
static STATUS: LazyLock<String> = LazyLock::new(|| {
    let mut sql = "CASE amo.state || ' ' || claim_parts.state".to_owned();
    for amo in PartState::ALL {
        for amc in PartState::ALL {
            let (pair, status) = ([amo.as_str(), amc.as_str()].join(" "), status(*amo, *amc));
            sql.push_str(&format!(" WHEN '{pair}' THEN '{}'", status.as_str()));
        }
    }
    sql.push_str(&format!(" ELSE '{}' END", ClaimStatus::Unknown.as_str()));
    sql
});

/// Returns the statement that sets `claim_status` of the claims that this condition on an
/// identifier names.
pub(in crate::store) fn set_status(which: &'static str) -> String {
    let status = &*STATUS;
    format!(
        "UPDATE claim_parts SET claim_status = {status} FROM claim_parts amo \
         WHERE claim_parts.kind = 'amc' AND amo.claim_id = claim_parts.claim_id \
         AND amo.kind = 'amo' AND claim_parts.claim_id {which} \
         AND claim_parts.claim_status <> {status}"
    )
}

/// Statement that applies the rule of [`crate::domain::life_cycle::is_live`] to stored claims; the
/// caller appends a condition on `claims.id`.
macro_rules! set_live {
    ($which:literal) => {
        concat!(
            "UPDATE claims SET live = NOT live WHERE ",
            $which,
            " AND live = (EXISTS (SELECT 1 FROM claim_parts p WHERE p.claim_id = claims.id AND \
             p.state IN ('rejected', 'rejected_after_acceptance', 'recovered', 'superseded', \
             'held_other_sender', 'dismissed')) \
             OR EXISTS (SELECT 1 FROM claims later WHERE later.corrects = claims.id))"
        )
    };
}
pub(in crate::store) use set_live;

/// Returns the changes without those that a later change of the same part replaces: an UPDATE from
/// a list takes any of two rows that match.
pub(in crate::store) fn last_of_each(changes: &[PartChange]) -> Vec<&PartChange> {
    let mut seen = HashSet::with_capacity(changes.len());
    let mut kept: Vec<&PartChange> =
        changes.iter().rev().filter(|c| seen.insert((c.claim_id, c.part.kind))).collect();
    kept.reverse();
    kept
}

/// Returns an error when a change met no part: a fault of the program that must not pass in
/// silence.
pub(in crate::store) fn expect_all(changed: u64, wanted: usize) -> Result<(), StoreError> {
    let all = usize::try_from(changed) == Ok(wanted);
    if all {
        Ok(())
    } else {
        Err(StoreError::Corrupt(format!("{changed} parts changed where {wanted} were meant")))
    }
}
