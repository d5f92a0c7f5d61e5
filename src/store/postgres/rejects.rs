//! Rejects that wait for their report to the sender.

use super::batch::uuids;
use crate::domain::{Claim, ClaimId};
use crate::store::StoreError;
use crate::store::codec::{doing, limit as rows};
use crate::store::rows::{ClaimRow, all, select_claim};
use sqlx::{PgConnection, query, query_as, query_scalar};
use uuid::Uuid;

pub(super) async fn rejects_to_return(
    db: &mut PgConnection,
    limit: usize,
) -> Result<Vec<Claim>, StoreError> {
    // The condition is the one of the index `claim_parts_unreported`, word for word. SKIP LOCKED
    // leaves
    // out the rejects that another replica is returning at this moment.
    let ids: Vec<Uuid> = query_scalar(
        "SELECT p.claim_id FROM claim_parts p JOIN claims c ON c.id = p.claim_id \
         WHERE p.kind = 'amc' AND p.state IN ('rejected', 'rejected_after_acceptance') \
         AND p.reported_in IS NULL ORDER BY p.updated_at, p.claim_id LIMIT $1 FOR UPDATE OF p, c \
         SKIP LOCKED",
    )
    .bind(rows(limit))
    .fetch_all(&mut *db)
    .await
    .map_err(doing("locking the rejects to report"))?;
    let found: Vec<ClaimRow> =
        query_as(select_claim!("AND c.id = ANY($1) ORDER BY amc.updated_at, c.id"))
            .bind(ids)
            .fetch_all(db)
            .await
            .map_err(doing("reading the rejects to report"))?;
    all(found)
}

pub(super) async fn mark_rejects_returned(
    db: &mut PgConnection,
    by: Uuid,
    reported: &[ClaimId],
) -> Result<(), StoreError> {
    query("UPDATE claim_parts SET reported_in = $1 WHERE kind = 'amc' AND claim_id = ANY($2)")
        .bind(by)
        .bind(uuids(reported))
        .execute(db)
        .await
        .map(|_| ())
        .map_err(doing("marking rejects as reported"))
}
