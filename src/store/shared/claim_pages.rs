//! Pages of claims: the walks of `claim_walk.rs`, tried until one of them fills the page.
//!
//! A filter with a PS or a sender has two walks: the keys of the filter, or the claims of the PS or
//! sender. Statistics do not tell the shorter walk: the last claims of a sender may all be older
//! than the other claims of their state. Each walk is therefore tried over a stretch of bounded
//! length before the whole walk of the filter.

use super::claim_listing::{self, Stretch};
use super::claim_walk::{self, Order, Walk};
use super::db::Db;
use super::listing;
use crate::domain::page::PageToken;
use crate::domain::{Claim, Page, Scope};
use crate::store::claims::ClaimFilter;
use crate::store::codec::{Instant, clean};
use crate::store::error::{StoreError, doing};
use crate::store::rows::ClaimRow;
use sqlx::{Pool, QueryBuilder};
use uuid::Uuid;

/// Largest number of claims of a PS or sender that a page may read one by one.
const FEW_CLAIMS: i64 = 1_000;
/// Keys of a filter that the first try reads: about 2 ms in an index.
const TRIED_KEYS: i64 = 10_000;
/// Claims of a PS or sender that the second try reads, each with its parts: about 5 ms.
const TRIED_CLAIMS: i64 = 1_000;

/// Scope, filter and place of a page of claims.
struct Question<'a> {
    scope: &'a Scope,
    filter: &'a ClaimFilter,
    after: Option<PageToken>,
    limit: usize,
}

/// Returns a page of claims.
pub(super) async fn page(
    pool: &Pool<Db>,
    scope: &Scope,
    filter: &ClaimFilter,
    after: Option<PageToken>,
    limit: usize,
) -> Result<Page<Claim>, StoreError> {
    let question = Question { scope, filter, after, limit };
    let rows = question.rows(pool).await?;
    let order = claim_walk::order(filter);
    listing::cut_by(rows, limit, |claim: &Claim| (order.key(claim), claim.id.0))
}

impl Question<'_> {
    /// Returns the rows of the page, and one more when another page follows.
    async fn rows(&self, pool: &Pool<Db>) -> Result<Vec<ClaimRow>, StoreError> {
        let walk = claim_walk::walk(self.filter, self.scope.lane);
        let owners: Vec<_> = claim_walk::owners(self.filter, walk).collect();
        for (column, value) in &owners {
            if has_few_claims(pool, column, value).await? {
                return self.read(pool, Walk::Claims(Some(column)), None).await;
            }
        }
        if claim_walk::order(self.filter) == Order::Received
            && let Some((column, _)) = owners.first()
        {
            let tries = [(walk, TRIED_KEYS), (Walk::Claims(Some(column)), TRIED_CLAIMS)];
            for (walk, keys) in tries {
                let until = self.position(pool, walk, keys).await?;
                let rows = self.read(pool, walk, until).await?;
                if until.is_none() || listing::is_full(rows.len(), self.limit) {
                    return Ok(rows);
                }
            }
        }
        self.read(pool, walk, None).await
    }

    async fn read(
        &self,
        pool: &Pool<Db>,
        walk: Walk,
        until: Option<PageToken>,
    ) -> Result<Vec<ClaimRow>, StoreError> {
        let stretch = Stretch { after: self.after, until };
        let mut query = claim_listing::claims(self.scope, self.filter, walk, stretch, self.limit);
        query.build_query_as().fetch_all(pool).await.map_err(doing("listing claims"))
    }

    /// Returns the position that is `keys` keys into a walk; `None` if the walk is shorter.
    async fn position(
        &self,
        pool: &Pool<Db>,
        walk: Walk,
        keys: i64,
    ) -> Result<Option<PageToken>, StoreError> {
        let mut query = claim_listing::position(self.filter, walk, self.after, keys);
        let found: Option<(Instant, Uuid)> = query
            .build_query_as()
            .fetch_optional(pool)
            .await
            .map_err(doing("looking ahead in a listing"))?;
        Ok(found.map(|(at, id)| PageToken { at_micros: at.micros(), id }))
    }
}

/// Returns whether a PS or sender has few claims.
async fn has_few_claims(
    pool: &Pool<Db>,
    column: &'static str,
    value: &str,
) -> Result<bool, StoreError> {
    let mut query = QueryBuilder::<Db>::new("SELECT count(*) FROM (SELECT 1 FROM claims c WHERE ");
    query.push(column).push(" = ").push_bind(clean(value).into_owned());
    query.push(" LIMIT ").push_bind(FEW_CLAIMS + 1).push(") AS found");
    let found: i64 = query
        .build_query_scalar()
        .fetch_one(pool)
        .await
        .map_err(doing("counting the claims of a PS or sender"))?;
    Ok(found <= FEW_CLAIMS)
}
