//! `verify`: compares every acknowledged deposit with its raw file.
//!
//! [`verify`] walks the chain of receipts from its first link, and reads the raw file of each
//! receipt again from the archive, as `ingest` did. The verification only reads, works while the
//! gateway runs, and holds one page of receipts or one batch of invoices in memory. A deposit under
//! way has no receipt and is left out.
//!
//! [`verify`] compares, for rows of every version: the link of the receipt, digest and size of the
//! file, its counts, each invoice with the claim or quarantined row in the store, events, sums and
//! counts of the receipt with the rows, the ledger, the ARL. Whether an invoice is quarantined,
//! why, and whether a file is refused is the judgement of the version that wrote the receipt: where
//! this version judges otherwise, the verification has a note and no finding.
//!
//! Beside the files, `verify` walks the chains of the journals, opens the return files, applies the
//! events of each claim, checks the rules between tables, and compares the mark of the installation
//! and its sinks with their check values, and the register and the conventions with the digests of
//! their imports (decision 0020). `verify` compares the database with the last witness line of the
//! archive, and finds what a restore lost (decision 0021).
//!
//! What each return file tells of bank transfers is read again, and each transfer is computed again
//! from what was told; an unexplained one is a note (decision 0024).
//!
//! Not compared: the changes that a return made to claims with the file of that return, because
//! they depended on the state of the claims at that moment.

mod chain;
mod claims;
mod counts;
mod events;
mod file;
mod finding;
mod installation_events;
mod invoices;
mod journals;
mod losses;
mod restored;
mod return_files;
mod rules;
mod sinks;
mod sources;
mod transfers;
mod witness;
mod words;

pub use finding::{ConfirmedBySink, Finding, Kind, Verification};
pub use losses::{LOSSES, LostDeposit, RESTORE_FINISH, ToTell};
pub use sources::Sources;

use crate::store::StoreError;
use std::path::Path;
use time::OffsetDateTime;

/// Verifies every receipt, and the raw files of those received since an instant. Fails only when
/// the database does: faults of the data are findings.
pub async fn verify(
    sources: &Sources,
    since: Option<OffsetDateTime>,
) -> Result<Verification, StoreError> {
    let mut verification = Verification::default();
    restored::read_known(sources, &mut verification).await?;
    witness::check(sources, &mut verification).await?;
    chain::walk(sources, since, &mut verification).await?;
    return_files::open_all(sources, &mut verification).await?;
    transfers::check(sources, &mut verification).await?;
    rules::check(sources, &mut verification).await?;
    sinks::check(sources, &mut verification).await?;
    journals::walk(sources, &mut verification).await?;
    journals::compare_contents(sources, &mut verification).await?;
    installation_events::check(sources, &mut verification).await?;
    Ok(verification)
}

/// Verifies as [`verify`] does, and finds the files delivered under `out` and the archived files
/// whose rows the database lost.
pub async fn verify_with_deliveries(
    sources: &Sources,
    since: Option<OffsetDateTime>,
    out: &Path,
) -> Result<Verification, StoreError> {
    let mut verification = verify(sources, since).await?;
    restored::find_lost(sources, out, &mut verification).await?;
    Ok(verification)
}
