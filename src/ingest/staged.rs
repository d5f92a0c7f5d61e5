//! Staged deposits: written in several transactions, closed when all invoices are written.
//!
//! A staged deposit survives the process that writes it. The gateway resumes it (`resume.rs`), and
//! so does a sender who deposits the same bytes again; a lease keeps two processes from the same
//! work, and the cursor of the deposit decides if both write at the same time. Rows that another
//! version wrote stay as they are; where this version refuses the whole file, the rows are deleted
//! first (`withdrawal.rs`).

mod backoff;
mod resume;
mod withdrawal;

pub(super) use backoff::BackoffTable;

use super::archive_copy::ArchiveCopy;
use super::examine::Examined;
use super::reserve::Reserved;
use super::retry::POLL_INTERVAL;
use super::write::{CommitMode, StagedWriter, Totals};
use super::{Ingest, IngestError, Receipt};
use crate::domain::ExchangeId;
use crate::domain::Scope;
use crate::kill_point;
use crate::reading::blocking;
use crate::store::{StagedDeposit, StagedProgress, Withdrawal};
use std::sync::Arc;

/// Most polls of an older staged deposit that has invoices of this one: a minute. Then the sender
/// gets an error and may try again; the deposit stays staged.
const MAX_POLLS: u32 = 120;

impl Ingest {
    /// Commits a deposit without verdict, then writes its invoices and closes it.
    pub(super) async fn stage(
        &self,
        deposit: &StagedDeposit,
        reserved: Reserved,
        copy: &ArchiveCopy,
    ) -> Result<Receipt, IngestError> {
        let Reserved { mut work, examined, logical_files } = reserved;
        work.stage_deposit(deposit, &logical_files).await?;
        copy.keep();
        work.commit().await?;
        kill_point::reach("load.opened");
        match self.bring_to_receipt(deposit.id, deposit, Some(examined), copy).await {
            // Tried again, the deposit would be staged again under the id that an operator
            // abandoned.
            Err(failure) if failure.is_retryable() && self.is_abandoned(deposit.id).await? => {
                Err(IngestError::Abandoned)
            }
            outcome => outcome,
        }
    }

    /// Returns the receipt of the exchange that these bytes already have: waits while another
    /// process writes the exchange, and resumes it when none does.
    pub(super) async fn bring_to_receipt(
        &self,
        id: ExchangeId,
        deposit: &StagedDeposit,
        mut examined: Option<Examined>,
        copy: &ArchiveCopy,
    ) -> Result<Receipt, IngestError> {
        loop {
            if let Some(first) = self.store.exchange(&Scope::everything(), id).await? {
                return self.repeat_receipt(&first, deposit).await;
            }
            let Some(staged) = self.store.staged_deposit(id).await? else {
                // An exchange closed between the two reads is found by the next one; else it was
                // abandoned, and the deposit begins anew.
                if self.store.exchange(&Scope::everything(), id).await?.is_some() {
                    continue;
                }
                let is_own = id == deposit.id;
                return Err(if is_own { IngestError::Abandoned } else { IngestError::Overtaken });
            };
            if !deposit.is_file_of(&staged.digest, &staged.records_digest) {
                return Err(IngestError::KeyReused);
            }
            if let Some(_lease) = self.store.try_deposit_lease(id).await? {
                return self.take_over(staged, deposit, examined.take(), copy).await;
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// Resumes a staged deposit under its lease, for the depositor of the same bytes.
    async fn take_over(
        &self,
        staged: StagedDeposit,
        deposit: &StagedDeposit,
        examined: Option<Examined>,
        copy: &ArchiveCopy,
    ) -> Result<Receipt, IngestError> {
        let is_own = staged.id == deposit.id;
        let staged = self.with_readable_copy(staged, deposit).await;
        if staged.archive_name == deposit.archive_name {
            copy.keep();
        }
        let was_abandoned = is_own && staged.withdrawal == Some(Withdrawal::Abandon);
        match self.write_and_close(&staged, examined, MAX_POLLS).await {
            Err(IngestError::Overtaken) if was_abandoned => Err(IngestError::Abandoned),
            outcome => outcome.map(|receipt| Receipt { repeated: !is_own, ..receipt }),
        }
    }

    /// Returns the staged deposit over a copy that this process can read: the first one, or, when
    /// the first is on the disk of another machine, the copy just deposited. A copy with other line
    /// ends is not used, because the row has the digest of the first bytes.
    async fn with_readable_copy(
        &self,
        staged: StagedDeposit,
        deposit: &StagedDeposit,
    ) -> StagedDeposit {
        if staged.digest != deposit.digest {
            return staged;
        }
        let (archive, name) = (Arc::clone(&self.archive), staged.archive_name.clone());
        let is_readable = blocking(move || archive.open(&name).is_ok()).await;
        let archive_name =
            if is_readable { staged.archive_name } else { deposit.archive_name.clone() };
        StagedDeposit { archive_name, ..staged }
    }

    /// Writes the invoices that a staged deposit lacks, and closes it. The caller holds the lease.
    /// When the deposit is being withdrawn, the withdrawal is finished and the function returns
    /// [`IngestError::Overtaken`], so that the caller begins anew.
    async fn write_and_close(
        &self,
        staged: &StagedDeposit,
        examined: Option<Examined>,
        max_polls: u32,
    ) -> Result<Receipt, IngestError> {
        withdrawal::check_known(staged)?;
        if staged.withdrawal.is_some() {
            self.finish_withdrawal(staged.id).await?;
            return Err(IngestError::Overtaken);
        }
        let examined = match examined {
            Some(examined) => examined,
            None => self.examine(staged).await?,
        };
        let (written, cursor) = self.written_rows(staged, &examined).await?;
        let mut totals = Totals::of_file(examined.read());
        totals.add_written(&written);
        let mut writer = StagedWriter::new(Arc::clone(&self.store), &written, cursor, max_polls);
        let mode = CommitMode::PerBatch(&mut writer);
        let invoices = self.write_invoices(staged, &examined, totals, mode).await?;
        let mut work = self.store.begin().await?;
        if !work.advance_deposit_cursor(staged.id, writer.cursor(), writer.cursor()).await? {
            return Err(IngestError::Overtaken);
        }
        if examined.is_refused() {
            work.delete_logical_files(staged.id).await?;
        }
        self.close(work, staged, &examined, &invoices, Vec::new()).await
    }

    /// Returns the rows that earlier tries wrote, and the cursor. A refused file must have none:
    /// its rows are deleted first.
    async fn written_rows(
        &self,
        staged: &StagedDeposit,
        examined: &Examined,
    ) -> Result<(StagedProgress, u64), IngestError> {
        if examined.is_refused() {
            self.restart(staged.id).await?;
            return Ok((StagedProgress::default(), 0));
        }
        Ok((self.store.staged_progress(staged.id).await?, staged.cursor))
    }

    /// Returns whether an operator abandoned a deposit, its rows deleted or not.
    async fn is_abandoned(&self, id: ExchangeId) -> Result<bool, IngestError> {
        match self.store.staged_deposit(id).await? {
            Some(staged) => Ok(staged.withdrawal == Some(Withdrawal::Abandon)),
            None => Ok(self.store.exchange(&Scope::everything(), id).await?.is_none()),
        }
    }
}
