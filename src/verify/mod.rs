//! `verify`: everything that was acknowledged is there, and says what the raw files say.
//!
//! Walks the chain of receipts from its first link, and for each receipt reads the raw file again
//! from the archive, as the door did. It only reads, works while the gateway runs, and holds one
//! page of receipts or one batch of invoices in memory. A deposit under way has no receipt and is
//! not looked at.
//!
//! Compared whatever version wrote it: the link of the receipt, digest and size of the file, its
//! counts, every invoice of it with the claim or the row put aside that stands for it, events, sums
//! and counts of the receipt with what is stored, the books, the ARL. What only the controls of a
//! version say (that an invoice is put aside, why, that a file is refused) is taken from the
//! receipt: where this version says otherwise, that is a note and no finding.
//!
//! Not compared: what a return of a caisse did to claims (it depended on the state they were in
//! then), and what only the store could find when a file came (a remittance known already).

mod chain;
mod file;
mod finding;
mod invoices;

pub use finding::{Finding, Kind, Verification};

use crate::archive::Archive;
use crate::clock::SharedClock;
use crate::store::{SharedStore, StoreError};
use crate::vault::Vault;
use std::sync::Arc;
use time::OffsetDateTime;

/// What a verification reads.
#[derive(Clone)]
pub struct Sources {
    /// Store.
    pub store: SharedStore,
    /// Raw files.
    pub archive: Arc<Archive>,
    /// Keys.
    pub vault: Arc<Vault>,
    /// Clock.
    pub clock: SharedClock,
}

/// Verifies every receipt; the raw files of those received since an instant. Fails only when the
/// database does: what is wrong with the data is in the answer.
pub async fn verify(
    sources: &Sources,
    since: Option<OffsetDateTime>,
) -> Result<Verification, StoreError> {
    let mut seen = Verification::default();
    chain::walk(sources, since, &mut seen).await?;
    Ok(seen)
}
