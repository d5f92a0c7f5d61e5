//! What killed processes left in the archive.

use crate::archive::{Archive, Swept};
use crate::domain::ExchangeId;
use crate::store::{SharedStore, Store, StoreError};
use std::collections::HashSet;
use std::io;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Names looked for with one question.
const NAMES_AT_ONCE: usize = 500;

/// Removes files half received, and finds the whole ones that no exchange knows, as
/// [`Archive::sweep`] does. A load that went on with the copy of another deposit, because its own
/// was on the disk of another machine, has that copy under the other deposit's name: it is
/// somebody's. Once `stop` is cancelled, everything passes for known.
pub async fn archive(
    archive: Arc<Archive>,
    store: SharedStore,
    stop: CancellationToken,
) -> io::Result<Swept> {
    let (runtime, asked) = (tokio::runtime::Handle::current(), Arc::clone(&store));
    // A database that does not answer knows them all.
    let is_known = move |id: &ExchangeId| {
        stop.is_cancelled() || runtime.block_on(known(asked.as_ref(), *id)).unwrap_or(true)
    };
    let swept = tokio::task::spawn_blocking(move || archive.sweep(is_known))
        .await
        .map_err(io::Error::other)??;
    let orphans = nobodys(store.as_ref(), swept.orphans).await.map_err(io::Error::other)?;
    Ok(Swept { orphans, ..swept })
}

/// Whether a deposit has its receipt, or is on its way to it.
async fn known(store: &dyn Store, id: ExchangeId) -> Result<bool, StoreError> {
    Ok(store.exchange(id).await?.is_some() || store.load(id).await?.is_some())
}

/// Those of these files that no exchange and no load names.
async fn nobodys(store: &dyn Store, names: Vec<String>) -> Result<Vec<String>, StoreError> {
    let mut theirs = HashSet::new();
    for names in names.chunks(NAMES_AT_ONCE) {
        theirs.extend(store.archived(names).await?);
    }
    Ok(names.into_iter().filter(|name| !theirs.contains(name)).collect())
}
