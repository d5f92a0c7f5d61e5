//! Leases: work that one replica does at a time.

use async_trait::async_trait;

/// A lease that one replica has at a time (to publish, to write a staged deposit). The lease ends
/// with its connection and on drop.
#[async_trait]
pub trait Lease: Send {
    /// Returns whether this replica still has the lease.
    async fn still_held(&mut self) -> bool;
}
