//! Takes deposits in: archives the bytes, examines the file, writes its invoices, answers with a
//! receipt.
//!
//! [`Ingest::accept`] in `pipeline.rs` names the stations of a deposit in order. Between them the
//! store knows a deposit in one of four states:
//!
//! ```text
//!      one transaction: at most one batch of invoices, a return, or a refused file
//!     ┌───────────────────────────────────────────────────────────────────────────┐
//!     │                                                                           ▼
//! no receipt ── stage: exchange committed without verdict ──► staged ── close ──► closed
//!     ▲                                                       │    ▲
//!     │                                              withdraw ▼    │ restart: rows deleted,
//!     └── abandon: rows and exchange deleted ──── being withdrawn ─┘ exchange kept
//! ```
//!
//! - **staged**: each batch of invoices is a transaction of its own, so that no lock is held for
//!   longer than a batch. No reader sees rows of the deposit before it is closed. A staged deposit
//!   whose process died is resumed from its cursor, the ordinal of the last invoice written.
//! - **being withdrawn**: rows are deleted batch by batch. An operator abandons a deposit, or the
//!   gateway restarts it because this version reads the file in another way than the version that
//!   wrote the rows.
//! - **closed**: anomalies, exchange, ledger, ARL and chained receipt are committed together. The
//!   sender gets the receipt after that commit, and the same one whenever the bytes come again.

mod archive_copy;
mod context;
mod deposit;
pub mod drop_dir;
mod dry_run;
mod error;
mod examine;
mod lane;
mod local_file;
mod matching;
mod pipeline;
mod receipt;
mod reserve;
mod retry;
mod returns;
mod settle_attempts;
mod staged;
mod transfers;
mod upload;
mod write;

pub use deposit::{Deposit, Limits, Receipt};
pub use error::{IngestError, describe_metrics};
pub use upload::Upload;

use crate::archive::Archive;
use crate::clock::SharedClock;
use crate::store::SharedStore;
use crate::vault::Vault;
use staged::BackoffTable;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Takes deposits in.
pub struct Ingest {
    store: SharedStore,
    vault: Arc<Vault>,
    archive: Arc<Archive>,
    clock: SharedClock,
    limits: Limits,
    /// Senders whose files are real whatever their marks say.
    real_senders: BTreeSet<String>,
    backoffs: BackoffTable,
}

impl Ingest {
    /// Returns an `Ingest` over a store and an archive.
    #[must_use]
    pub fn new(
        store: SharedStore,
        vault: Arc<Vault>,
        archive: Arc<Archive>,
        clock: SharedClock,
        limits: Limits,
    ) -> Self {
        let (real_senders, backoffs) = (BTreeSet::new(), BackoffTable::default());
        Self { store, vault, archive, clock, limits, real_senders, backoffs }
    }
}
