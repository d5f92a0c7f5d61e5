//! Digests of the tables that imports write, compiled for both databases.

use super::db::{Db, SNAPSHOT, Store};
use crate::store::StoreError;
use crate::store::codec::doing;
use crate::store::conventions::content_rows::{
    AMCS, CONVENTIONS, ContentDigest, ConventionContent, Digested, ESTABLISHMENTS,
    EstablishmentContent,
};
use crate::store::journal_chains::{ChainedJournal, JournalContent};
use futures::TryStreamExt as _;
use sqlx::{Database, FromRow, query_as, query_scalar};
use std::time::Duration;

type Connection = <Db as Database>::Connection;

/// Time limit of the reading of a whole table. One million conventions take some seconds.
const TABLE_TIMEOUT: Duration = Duration::from_secs(600);

impl Store {
    /// Returns the digests of both tables, in one snapshot.
    pub(in crate::store) async fn contents(&self) -> Result<Vec<JournalContent>, StoreError> {
        let mut contents = Vec::new();
        for (journal, last) in [
            (
                ChainedJournal::Conventions,
                "SELECT content FROM convention_imports ORDER BY chain_no DESC LIMIT 1",
            ),
            (
                ChainedJournal::Register,
                "SELECT content FROM finess_snapshots ORDER BY chain_no DESC LIMIT 1",
            ),
        ] {
            let mut snapshot = self.reader.within(TABLE_TIMEOUT).begin(SNAPSHOT).await?;
            let stated = snapshot
                .ask(async |db| {
                    query_scalar(last)
                        .fetch_optional(db)
                        .await
                        .map_err(doing("reading the last import"))
                })
                .await?;
            let found = snapshot.ask(|db| digest(db, journal)).await?;
            contents.push(JournalContent { journal, stated, found });
        }
        Ok(contents)
    }
}

/// Returns the digest (hex) of the tables that a journal of imports writes; `None` for empty tables
/// and for a journal that writes none.
pub(super) async fn digest(
    db: &mut Connection,
    journal: ChainedJournal,
) -> Result<Option<String>, StoreError> {
    let mut digest = ContentDigest::default();
    match journal {
        ChainedJournal::Conventions => {
            add_rows::<ConventionContent>(db, CONVENTIONS, &mut digest).await?;
            let mut amcs = query_scalar::<_, String>(AMCS).fetch(db);
            while let Some(amc) = amcs.try_next().await.map_err(doing("reading AMC numbers"))? {
                digest.amc(&amc);
            }
        }
        ChainedJournal::Register => {
            add_rows::<EstablishmentContent>(db, ESTABLISHMENTS, &mut digest).await?;
        }
        _ => {}
    }
    Ok(digest.finish())
}

async fn add_rows<R>(
    db: &mut Connection,
    select: &'static str,
    digest: &mut ContentDigest,
) -> Result<(), StoreError>
where
    R: Digested + for<'r> FromRow<'r, <Db as Database>::Row> + Send + Unpin,
{
    let mut rows = query_as::<_, R>(select).fetch(db);
    while let Some(row) = rows.try_next().await.map_err(doing("reading a whole table"))? {
        row.add_to(digest);
    }
    Ok(())
}
