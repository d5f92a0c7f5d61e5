//! Finds the files that killed processes left in the archive.

use crate::archive::{Archive, Swept};
use crate::domain::ExchangeId;
use crate::domain::Scope;
use crate::store::{SharedStore, Store, StoreError};
use std::collections::HashSet;
use std::io;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Archive names asked for with one query.
const NAMES_PER_QUERY: usize = 500;

/// Removes half received files and lists whole files that no exchange names, as [`Archive::sweep`]
/// does. A staged deposit may have gone on with the copy of a later deposit, because its own was on
/// the disk of another machine: that copy has the later deposit's id in its name, and the exchange
/// names it. Once `stop` is cancelled, every file counts as known.
pub async fn archive(
    archive: Arc<Archive>,
    store: SharedStore,
    stop: CancellationToken,
) -> io::Result<Swept> {
    let (runtime, asked) = (tokio::runtime::Handle::current(), Arc::clone(&store));
    // A file counts as known when the database does not answer.
    let is_known = move |id: &Uuid| {
        stop.is_cancelled()
            || runtime.block_on(is_deposit(asked.as_ref(), ExchangeId(*id))).unwrap_or(true)
    };
    let swept = tokio::task::spawn_blocking(move || archive.sweep(is_known))
        .await
        .map_err(io::Error::other)??;
    let orphans = unnamed(store.as_ref(), swept.orphans).await.map_err(io::Error::other)?;
    Ok(Swept { orphans, ..swept })
}

/// Returns whether a deposit has this id, with a receipt or staged.
async fn is_deposit(store: &dyn Store, id: ExchangeId) -> Result<bool, StoreError> {
    Ok(store.exchange(&Scope::everything(), id).await?.is_some()
        || store.staged_deposit(id).await?.is_some())
}

/// Returns the files that neither an exchange nor a staged deposit names.
async fn unnamed(store: &dyn Store, names: Vec<String>) -> Result<Vec<String>, StoreError> {
    let mut named = HashSet::new();
    for names in names.chunks(NAMES_PER_QUERY) {
        named.extend(store.archive_names_in_use(names).await?);
    }
    Ok(names.into_iter().filter(|name| !named.contains(name)).collect())
}
