//! Leases of dropped files, compiled for both databases.

use super::db::{LeaseKey, Store};
use crate::domain::Sender;
use crate::store::drop_leases::{DropLeases, key};
use crate::store::error::StoreError;
use crate::store::lease::Lease;
use async_trait::async_trait;

#[async_trait]
impl DropLeases for Store {
    async fn try_drop_lease(&self, sender: &Sender) -> Result<Option<Box<dyn Lease>>, StoreError> {
        self.take_lease(LeaseKey::DroppedFiles(key(sender))).await
    }
}
