//! First pass over an archived file: counts, totals, verdict and remittances.
//!
//! The verdict of a file is known only at its 999, and a refused file must write no invoice.
//! Reading twice costs less than writing rows that a rollback deletes.

use super::{Ingest, IngestError};
use crate::domain::civil_time::reception_hour;
use crate::domain::masking::masked;
use crate::domain::{Finding, LogicalFile, Verdict};
use crate::reading::blocking;
use crate::store::StagedDeposit;
use noemie_parsers::anomaly::Position;
use noemie_parsers::detect::Norme;
use noemie_xray::{Examination, Report};
use std::sync::Arc;

/// A file after its first pass.
pub(super) struct Examined(Examination);

impl Examined {
    /// Takes the result of a pass, and masks persons in the texts of its remittances: a 000 has
    /// zones in which anything may be typed, and the store keeps them to recognise a remittance.
    fn new(mut examination: Examination) -> Self {
        for (file, _) in &mut examination.remittances {
            file.issuer = masked(&file.issuer);
            file.recipient = masked(&file.recipient);
            file.message = masked(&file.message);
        }
        Self(examination)
    }

    /// Norm of the file; `None` when it was not recognised.
    pub(super) const fn norme(&self) -> Option<Norme> {
        self.0.norme
    }

    /// Report of the pass.
    pub(super) const fn report(&self) -> &Report {
        &self.0.report
    }

    /// Returns the pass as the ARL reads it.
    pub(super) const fn examination(&self) -> &Examination {
        &self.0
    }

    /// Digest of the records, by which the file is recognised whatever its line ends; empty for a
    /// refused file.
    pub(super) fn records_digest(&self) -> &str {
        &self.0.records_digest
    }

    /// Records (or entities) read, which the ledger has to account for.
    pub(super) const fn read(&self) -> u64 {
        self.0.read
    }

    /// Returns whether no invoice of the file may be written.
    pub(super) fn is_refused(&self) -> bool {
        self.0.report.verdict == Verdict::Refused
    }

    /// Refuses the whole file for a finding that only the store could make.
    pub(super) fn refuse(&mut self, finding: Finding) {
        self.0.report.refuse(finding);
    }

    /// Remittances that identify themselves, with the position of their 000. A return without
    /// identification cannot be told from the next one of the same day; in B2 a missing
    /// identification is a fault of its own (C4).
    pub(super) fn identified_remittances(&self) -> impl Iterator<Item = (&LogicalFile, Position)> {
        self.0
            .remittances
            .iter()
            .filter(|(file, _)| !file.file_id.is_empty())
            .map(|(file, at)| (file, *at))
    }
}

impl Ingest {
    /// Reads the archived file of a deposit.
    pub(super) async fn examine(&self, deposit: &StagedDeposit) -> Result<Examined, IngestError> {
        let (archive, archive_name, file_name) =
            (Arc::clone(&self.archive), deposit.archive_name.clone(), deposit.file_name.clone());
        let hour = reception_hour(deposit.received_at);
        blocking(move || {
            noemie_xray::examine_deposit(archive.open(&archive_name)?, file_name.as_str(), hour)
        })
        .await
        .map(Examined::new)
        .map_err(IngestError::archive("reading the file"))
    }
}
