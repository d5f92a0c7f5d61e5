//! Verification of what was acknowledged against the raw files.

pub use crate::verify::{Finding, Verification};

use super::operations::{OperationError, require_operator};
use crate::domain::Caller;
use crate::domain::civil_time::at_paris_hour;
use crate::verify::{self, Sources};
use time::Date;

/// Verifies one installation.
pub struct Verifier {
    sources: Sources,
}

impl Verifier {
    /// Returns the verifier of an installation.
    #[must_use]
    pub const fn new(sources: Sources) -> Self {
        Self { sources }
    }

    /// Walks the chain of receipts, and compares the raw files received since a day of Paris with
    /// what is stored; every file when no day is given. Differences are findings of the answer.
    pub async fn verify(
        &self,
        caller: &Caller,
        since: Option<Date>,
    ) -> Result<Verification, OperationError> {
        require_operator(caller)?;
        Ok(verify::verify(&self.sources, since.and_then(|day| at_paris_hour(day, 0))).await?)
    }
}
