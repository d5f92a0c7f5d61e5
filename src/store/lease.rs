//! Leases: work that one replica does at a time.

use async_trait::async_trait;

/// A lease that one replica has at a time (to publish, to write a staged deposit, to
/// deposit the dropped files of a sender). The lease ends
/// with its connection and on drop.
#[async_trait]
pub trait Lease: Send {
    /// Returns whether this replica still has the lease.
    async fn still_held(&mut self) -> bool;

    /// Gives the lease back, so that another task may take it when this call returns. A dropped
    /// lease is given back a little later.
    async fn release(self: Box<Self>);
}
