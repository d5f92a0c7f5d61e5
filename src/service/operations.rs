//! Acts and readings of the operator of an installation: staged deposits, outbox, journal.
//!
//! Operations concern the installation as a whole: they need the role of operator, and no scope
//! narrows them.

pub use crate::store::OperationStep;

use crate::clock::SharedClock;
use crate::domain::{Caller, Channel, ClaimId, ExchangeId, FileName, FreeText, Role};
use crate::ingest::{Ingest, IngestError};
use crate::store::{Author, Journal};
use crate::store::{RemovedRows, SharedStore, Stage, StagedDeposit, StoreError, Withdrawal};
use serde::Serialize;
use serde_json::{Value, json};
use std::sync::Arc;
use time::OffsetDateTime;

/// Staged deposits listed at most.
const MAX_LISTED: usize = 1_000;
/// Action that the journal names when a staged deposit is abandoned.
const ABANDON: &str = "deposits.abandon";

/// Reason why an operation is not done.
#[derive(Debug, thiserror::Error)]
pub enum OperationError {
    /// The caller is not the operator.
    #[error("{name} is not an operator")]
    NotOperator {
        /// Name of the caller.
        name: String,
    },
    /// The exchange has its receipt: nothing of it is staged.
    #[error("exchange {0} has its receipt, nothing of it can be abandoned")]
    HasReceipt(ExchangeId),
    /// No deposit of that id is staged.
    #[error("no staged deposit {0}")]
    NotStaged(ExchangeId),
    /// The rows could not be removed.
    #[error("removing the rows of a staged deposit")]
    Removal(#[from] IngestError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Operations on one installation.
#[derive(Clone)]
pub struct Operations {
    store: SharedStore,
    ingest: Arc<Ingest>,
    clock: SharedClock,
}

/// A large deposit that has no receipt yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StagedDepositView {
    /// Exchange that the deposit becomes.
    pub exchange_id: ExchangeId,
    /// Name of the depositor.
    pub sender: String,
    /// Channel of the deposit.
    pub channel: Channel,
    /// Name that the sender gave to the file.
    pub file: FileName,
    /// Digest of the bytes (BLAKE3, hex).
    pub digest: String,
    /// Size in bytes.
    pub size: u64,
    /// Instant of the deposit.
    #[serde(with = "time::serde::rfc3339")]
    pub received_at: OffsetDateTime,
    /// Invoices written as claims so far.
    pub claims: u64,
    /// Invoices quarantined so far.
    pub quarantined: u64,
    /// Code of the withdrawal that removes these rows (`restart`, `abandon`, `unknown` for one of a
    /// later version), when one is under way.
    pub withdrawal: Option<&'static str>,
}

impl StagedDepositView {
    fn new(deposit: StagedDeposit, (claims, quarantined): (u64, u64)) -> Self {
        Self {
            exchange_id: deposit.id,
            sender: deposit.sender,
            channel: deposit.channel,
            file: deposit.file_name,
            digest: deposit.digest,
            size: deposit.size,
            received_at: deposit.received_at,
            claims,
            quarantined,
            withdrawal: deposit.withdrawal.map(Withdrawal::as_str),
        }
    }
}

/// Rows removed with an abandoned deposit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Abandonment {
    /// Claims removed, with their parts, lines and events.
    pub claims: u64,
    /// Quarantined invoices removed.
    pub quarantined: u64,
    /// Invoices of other deposits, refused as duplicates of these claims, that wait in the
    /// quarantine from now on.
    pub freed_duplicates: u64,
    /// Held or dismissed copies, by other senders, of the invoices removed: the desk has to release
    /// them where no other attempt of their invoice is left.
    pub copies: Vec<ClaimId>,
    /// Whether the whole deposit is removed. `false` when another process still writes it, or
    /// closed it meanwhile.
    pub over: bool,
}

impl From<RemovedRows> for Abandonment {
    fn from(removed: RemovedRows) -> Self {
        let RemovedRows { claims, quarantined, freed, copies, over } = removed;
        Self { claims, quarantined, freed_duplicates: freed, copies, over }
    }
}

/// Events that wait for publication.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct OutboxState {
    /// Events not published yet.
    pub pending: u64,
    /// Age of the oldest of them, in seconds.
    pub oldest_seconds: Option<i64>,
}

impl Operations {
    /// Returns the operations on an installation.
    #[must_use]
    pub const fn new(store: SharedStore, ingest: Arc<Ingest>, clock: SharedClock) -> Self {
        Self { store, ingest, clock }
    }

    /// Returns the staged deposits, being written or cut, oldest first.
    pub async fn staged_deposits(
        &self,
        caller: &Caller,
    ) -> Result<Vec<StagedDepositView>, OperationError> {
        require_operator(caller)?;
        let mut views = Vec::new();
        for deposit in self.store.staged_deposits(MAX_LISTED).await? {
            let counts = self.store.count_invoices(deposit.id).await?;
            views.push(StagedDepositView::new(deposit, counts));
        }
        Ok(views)
    }

    /// Returns one staged deposit.
    ///
    /// # Errors
    /// [`OperationError::HasReceipt`] and [`OperationError::NotStaged`] say why there is none.
    pub async fn staged_deposit(
        &self,
        caller: &Caller,
        id: ExchangeId,
    ) -> Result<StagedDepositView, OperationError> {
        require_operator(caller)?;
        match self.store.staged_deposit(id).await? {
            Some(deposit) => {
                let counts = self.store.count_invoices(id).await?;
                Ok(StagedDepositView::new(deposit, counts))
            }
            None if self.store.exchange(&caller.scope, id).await?.is_some() => {
                Err(OperationError::HasReceipt(id))
            }
            None => Err(OperationError::NotStaged(id)),
        }
    }

    /// Abandons a staged deposit: removes its rows, after the journal names the caller, the author
    /// that the caller states and the reason. The archived file stays, and the same bytes may be
    /// deposited again.
    pub async fn abandon(
        &self,
        caller: &Caller,
        id: ExchangeId,
        reason: &FreeText,
        stated_author: Option<&FreeText>,
    ) -> Result<Abandonment, OperationError> {
        let deposit = self.staged_deposit(caller, id).await?;
        let author = self.author(caller, stated_author);
        let mut journal = Journal::open(&author, ABANDON, id.to_string());
        let asked = json!({ "why": reason, "deposit": deposit });
        journal.write(Stage::Asked, asked).await?;
        let outcome = self.ingest.abandon(id).await;
        let (stage, detail) = outcome_of(&outcome);
        journal.write(stage, detail).await?;
        Ok(outcome?.unwrap_or_default().into())
    }

    /// Returns how many events wait for publication.
    pub async fn outbox(&self, caller: &Caller) -> Result<OutboxState, OperationError> {
        require_operator(caller)?;
        let depth = self.store.outbox_depth().await?;
        let age = |oldest: OffsetDateTime| (self.clock.now() - oldest).whole_seconds();
        Ok(OutboxState { pending: depth.pending, oldest_seconds: depth.oldest.map(age) })
    }

    /// Returns steps of the journal of operations, newest first.
    pub async fn journal(
        &self,
        caller: &Caller,
        limit: usize,
    ) -> Result<Vec<OperationStep>, OperationError> {
        require_operator(caller)?;
        Ok(self.store.operation_steps(limit).await?)
    }

    /// Returns the store.
    pub(super) fn store(&self) -> &SharedStore {
        &self.store
    }

    /// Returns the clock.
    pub(super) fn clock(&self) -> &SharedClock {
        &self.clock
    }

    /// Returns the author of an operation for the journal: the proven name, after the stated one
    /// where there is one.
    pub(super) fn author(&self, caller: &Caller, stated: Option<&FreeText>) -> Author {
        let name = stated
            .map_or_else(|| caller.name.clone(), |stated| format!("{stated} ({})", caller.name));
        Author { store: self.store.clone(), clock: Arc::clone(&self.clock), name: name.into() }
    }
}

/// Refuses a caller in another role.
pub(super) fn require_operator(caller: &Caller) -> Result<(), OperationError> {
    match caller.role {
        Role::Operator => Ok(()),
        _ => Err(OperationError::NotOperator { name: caller.name.clone() }),
    }
}

/// Returns what the journal says of the end of an abandonment.
fn outcome_of(outcome: &Result<Option<RemovedRows>, IngestError>) -> (Stage, Value) {
    match outcome {
        Ok(Some(removed)) if removed.over => {
            (Stage::Done, json!(Abandonment::from(removed.clone())))
        }
        Ok(Some(removed)) => {
            let removed = Abandonment::from(removed.clone());
            (Stage::Failed, json!({ "removed": removed, "why": "another process writes it" }))
        }
        Ok(None) => (Stage::Failed, json!({ "why": "closed meanwhile" })),
        Err(failure) => (Stage::Failed, json!({ "why": failure.to_string() })),
    }
}
