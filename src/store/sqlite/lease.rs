//! The right to publish. One process owns the file, so a flag of this process is enough.

use crate::store::RelayLease;
use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

struct Lease(Arc<AtomicBool>);

/// Takes the flag when it is free.
pub(super) fn take(flag: &Arc<AtomicBool>) -> Option<Box<dyn RelayLease>> {
    let free = flag.compare_exchange(false, true, Ordering::AcqRel, Ordering::Acquire).is_ok();
    free.then(|| Box::new(Lease(Arc::clone(flag))) as Box<dyn RelayLease>)
}

#[async_trait]
impl RelayLease for Lease {
    async fn still_held(&mut self) -> bool {
        true
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}
