//! Readings of return files: the listing, and the bytes of one.

use super::error::ServiceError;
use super::view::ReturnView;
use crate::domain::{Caller, Page, PageToken, ReturnFile, ReturnId, ReturnKind};
use crate::store::SharedStore;
use crate::vault::Vault;
use std::sync::Arc;

/// Reads return files for callers.
#[derive(Clone)]
pub struct Returns {
    store: SharedStore,
    vault: Arc<Vault>,
}

impl Returns {
    /// Makes the readings over a store.
    #[must_use]
    pub fn new(store: SharedStore, vault: Arc<Vault>) -> Self {
        Self { store, vault }
    }

    /// Returns a page of return files, newest first.
    pub async fn list(
        &self,
        caller: &Caller,
        recipient: Option<&str>,
        kind: Option<ReturnKind>,
        after: Option<PageToken>,
        limit: usize,
    ) -> Result<Page<ReturnView>, ServiceError> {
        tracing::trace!(caller = caller.name, "return files listed");
        let page = self.store.return_files(&caller.scope, recipient, kind, after, limit).await?;
        Ok(Page { items: page.items.iter().map(ReturnView::from).collect(), next: page.next })
    }

    /// Returns a return file and its bytes.
    pub async fn open(
        &self,
        caller: &Caller,
        id: ReturnId,
    ) -> Result<Option<(ReturnView, Vec<u8>)>, ServiceError> {
        tracing::trace!(caller = caller.name, return_id = %id, "return file opened");
        let Some(file) = self.store.return_file(&caller.scope, id).await? else { return Ok(None) };
        let bytes = self.vault.unseal(&ReturnFile::seal_context(id), &file.sealed)?;
        Ok(Some((ReturnView::from(&file), bytes)))
    }
}
