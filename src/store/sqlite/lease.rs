//! Rights that one task holds at a time. One process owns the file, so a set of this process is enough.

use crate::domain::ExchangeId;
use crate::store::Lease;
use async_trait::async_trait;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

/// A right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Right {
    /// To publish.
    Relay,
    /// To load a deposit.
    Load(ExchangeId),
}

/// The rights that are held.
pub(super) type Leases = Arc<Mutex<HashSet<Right>>>;

struct Held {
    all: Leases,
    right: Right,
}

/// Takes the right when it is free.
pub(super) fn take(all: &Leases, right: Right) -> Option<Box<dyn Lease>> {
    let free = all.lock().unwrap_or_else(PoisonError::into_inner).insert(right);
    free.then(|| Box::new(Held { all: Arc::clone(all), right }) as Box<dyn Lease>)
}

#[async_trait]
impl Lease for Held {
    async fn still_held(&mut self) -> bool {
        true
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.right);
    }
}
