//! Imports of the FINESS register and of tables of conventions.

pub use crate::conventionnement::{
    ConventionImport, ConventionOutcome, FinessImport, FinessOutcome, ImportError, Problems,
};

use crate::conventionnement::Conventionnement;
use crate::domain::{Caller, FileName, Role};
use std::io::Read;
use std::sync::Arc;

/// Reason why a table is not imported. A faulty table is an outcome, not an error.
#[derive(Debug, thiserror::Error)]
pub enum ImportsError {
    /// The caller neither keeps the conventions nor operates the installation.
    #[error("{name} may not import tables")]
    NotPermitted {
        /// Name of the caller.
        name: String,
    },
    /// The file or the database failed.
    #[error(transparent)]
    Import(#[from] ImportError),
}

/// Imports into one installation.
#[derive(Clone)]
pub struct Imports {
    conventionnement: Arc<Conventionnement>,
}

impl Imports {
    /// Returns the imports into an installation.
    #[must_use]
    pub const fn new(conventionnement: Arc<Conventionnement>) -> Self {
        Self { conventionnement }
    }

    /// Imports an extract of the FINESS register. An extract that loses many establishments is
    /// refused unless `is_forced`.
    pub async fn finess(
        &self,
        caller: &Caller,
        table: impl Read + Send + 'static,
        name: &FileName,
        is_forced: bool,
    ) -> Result<FinessImport, ImportsError> {
        require_desk(caller)?;
        Ok(self.conventionnement.import_finess(table, name, is_forced).await?)
    }

    /// Imports a table of conventions.
    pub async fn conventions(
        &self,
        caller: &Caller,
        table: impl Read + Send + 'static,
        name: &FileName,
    ) -> Result<ConventionImport, ImportsError> {
        require_desk(caller)?;
        Ok(self.conventionnement.import_conventions(table, name).await?)
    }
}

fn require_desk(caller: &Caller) -> Result<(), ImportsError> {
    match caller.role {
        Role::Desk | Role::Operator => Ok(()),
        _ => Err(ImportsError::NotPermitted { name: caller.name.clone() }),
    }
}
