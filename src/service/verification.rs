//! Verification of what was acknowledged against the raw files.

pub use crate::verify::{Finding, Kind, LostDeposit, ToTell, Verification};

use super::operations::{OperationError, require_operator};
use crate::domain::Caller;
use crate::domain::civil_time::at_paris_hour;
use crate::verify::{self, Sources};
use std::path::PathBuf;
use time::Date;

/// Verifies one installation.
pub struct Verifier {
    sources: Sources,
    out: PathBuf,
}

impl Verifier {
    /// Returns the verifier of an installation that delivers return files under `out`.
    #[must_use]
    pub const fn new(sources: Sources, out: PathBuf) -> Self {
        Self { sources, out }
    }

    /// Walks the chain of receipts, and compares the raw files received since a day of Paris with
    /// what is stored; every file when no day is given. Differences are findings of the answer.
    pub async fn verify(
        &self,
        caller: &Caller,
        since: Option<Date>,
    ) -> Result<Verification, OperationError> {
        require_operator(caller)?;
        let since = since.and_then(|day| at_paris_hour(day, 0));
        Ok(verify::verify_with_deliveries(&self.sources, since, &self.out).await?)
    }
}
