//! Leases of dropped files: the files of a sender are deposited by one replica at a time.

use super::error::StoreError;
use super::lease::Lease;
use crate::domain::Sender;
use async_trait::async_trait;

/// Leases the dropped files of senders.
#[async_trait]
pub trait DropLeases: Send + Sync {
    /// Takes the lease to read and deposit the dropped files of a sender, unless another replica
    /// has it.
    async fn try_drop_lease(&self, sender: &Sender) -> Result<Option<Box<dyn Lease>>, StoreError>;
}

/// Returns the key under which the databases lock the dropped files of a sender: 63 bits of a
/// digest of the name. Two senders with one key would only wait for each other.
pub(in crate::store) fn key(sender: &Sender) -> i64 {
    let digest = blake3::derive_key("noemie-gateway dropped files", sender.as_str().as_bytes());
    let (first, _) = digest.split_first_chunk().expect("a digest has 32 bytes");
    (u64::from_be_bytes(*first) >> 1).cast_signed()
}
