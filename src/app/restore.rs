//! Ends a restore: begins a new incarnation of the data, with what was lost on record.

use super::{App, mark};
use crate::domain::{Caller, FreeText};
use crate::service::verification::Verification;
use crate::store::{Author, Installation, Journal, Lease, OperationStep, Stage};
use crate::verify::{LOSSES, RESTORE_FINISH};
use crate::witness::{Difference, Due};
use anyhow::{Context, Result, bail};
use serde::Serialize;
use serde_json::json;
use std::sync::Arc;

/// Most identifiers of losses in one row of the journal.
const LOSSES_PER_STEP: usize = 500;

/// Result of `restore finish`, or of its dry run.
#[derive(Debug, Clone, Serialize)]
pub struct FinishedRestore {
    /// Incarnation before.
    pub before: u64,
    /// Incarnation from now on.
    pub after: u64,
    /// How the database differs from the last witness line of the archive; `None` when it fits.
    pub difference: Option<String>,
    /// Result of the verification.
    pub verification: Verification,
    /// Whether this was a dry run, which changes nothing.
    pub dry_run: bool,
}

impl App {
    /// Ends a restore: verifies the installation, puts the losses in the journal of operations,
    /// begins a new incarnation, and writes its first witness line. With `dry_run` nothing is
    /// written.
    pub async fn finish_restore(
        &self,
        caller: &Caller,
        why: &FreeText,
        by: Option<&FreeText>,
        dry_run: bool,
    ) -> Result<FinishedRestore> {
        // A gateway at work would go on in the old incarnation.
        let _alone = if dry_run { None } else { Some(self.alone().await?) };
        let (row, _) = mark::read(self).await?;
        let witness = self.witness();
        let line = witness.last().await?.line;
        let difference = match &line {
            Some(line) => witness.difference(line).await?,
            None => None,
        };
        if let Some(other @ Difference::OtherInstallation { .. }) = &difference {
            bail!("{other}");
        }
        let verification = self.verifier().verify(caller, None).await?;
        let after = row.incarnation.max(line.map_or(0, |line| line.incarnation)) + 1;
        let finished = FinishedRestore {
            before: row.incarnation,
            after,
            difference: difference.map(|difference| difference.to_string()),
            verification,
            dry_run,
        };
        if !dry_run {
            self.begin_incarnation(&row, &finished, caller, why, by).await?;
            witness.append(Due::WhenNew).await.context("writing the first witness line")?;
        }
        Ok(finished)
    }

    /// Takes the lease to publish, which each running gateway holds or waits for.
    async fn alone(&self) -> Result<Box<dyn Lease>> {
        self.store
            .try_relay_lease()
            .await?
            .context("a gateway is at work on this database: stop every replica first")
    }

    /// Writes the losses to the journal, and begins the incarnation with the last step of the
    /// operation. Losses count as on record once that step is there.
    async fn begin_incarnation(
        &self,
        row: &Installation,
        finished: &FinishedRestore,
        caller: &Caller,
        why: &FreeText,
        by: Option<&FreeText>,
    ) -> Result<()> {
        let name = by.map_or_else(|| FreeText::from(caller.name.as_str()), Clone::clone);
        let store = Arc::clone(&self.store) as _;
        let author = Author { store, clock: Arc::clone(&self.clock), name };
        let subject = row.id.to_string();
        let mut journal = Journal::open(&author, RESTORE_FINISH, subject.clone());
        let asked = json!({ "why": why, "before": finished.before, "after": finished.after,
            "difference": finished.difference });
        journal.write(Stage::Asked, asked).await?;
        let losses = &finished.verification.losses;
        for ids in losses.chunks(LOSSES_PER_STEP) {
            journal.write(Stage::Batch, json!({ LOSSES: ids })).await?;
        }
        let step = OperationStep {
            operation_id: journal.operation_id(),
            step: journal.next_step(),
            at: self.clock.now(),
            actor: author.name.to_string(),
            action: RESTORE_FINISH.to_owned(),
            stage: Stage::Done,
            subject,
            detail: json!({ "incarnation": finished.after, "lost": losses.len() }),
        };
        let mut next = Installation { incarnation: finished.after, ..row.clone() };
        next.key_check = mark::installation_check(&next, &self.vault);
        Ok(self.store.begin_incarnation(&next, &step).await?)
    }
}
