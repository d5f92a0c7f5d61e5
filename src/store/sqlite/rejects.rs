//! Rejects that wait for their report to the sender.

use super::batch::hex_list;
use crate::domain::{Claim, ClaimId};
use crate::store::StoreError;
use crate::store::codec::{doing, limit as rows};
use crate::store::rows::{ClaimRow, all, select_claim};
use sqlx::{SqliteConnection, query, query_as};
use uuid::Uuid;

pub(super) async fn rejects_to_return(
    db: &mut SqliteConnection,
    limit: usize,
) -> Result<Vec<Claim>, StoreError> {
    // The condition is the one of the index `claim_parts_unreported`, word for word.
    let found: Vec<ClaimRow> = query_as(select_claim!(
        "AND c.id IN (SELECT claim_id FROM claim_parts WHERE kind = 'amc' \
         AND state IN ('rejected', 'rejected_after_acceptance') AND reported_in IS NULL ORDER BY \
         updated_at, claim_id LIMIT $1) ORDER BY amc.updated_at, c.id"
    ))
    .bind(rows(limit))
    .fetch_all(db)
    .await
    .map_err(doing("reading the rejects to report"))?;
    all(found)
}

pub(super) async fn mark_rejects_returned(
    db: &mut SqliteConnection,
    by: Uuid,
    reported: &[ClaimId],
) -> Result<(), StoreError> {
    query(
        "UPDATE claim_parts SET reported_in = $1 WHERE kind = 'amc' \
         AND claim_id IN (SELECT unhex(value) FROM json_each($2))",
    )
    .bind(by)
    .bind(hex_list(reported))
    .execute(db)
    .await
    .map(|_| ())
    .map_err(doing("marking rejects as reported"))
}
