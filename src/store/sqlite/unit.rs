//! A unit of work on SQLite: BEGIN IMMEDIATE to COMMIT on the one writer. Rows need no locks:
//! nobody else writes.

use super::{batch, loads, reads, writes};
use crate::domain::{
    Claim, ClaimEvent, ClaimId, ExchangeId, Finding, InvoiceKey, LogicalFile, Quarantined,
    ReturnFile,
};
use crate::store::columns::doing;
use crate::store::unit::{TransactionGuard, step};
use crate::store::wake::{Occasion, Wake};
use crate::store::{
    Closing, Link, NewClaim, OpenDeposit, PartChange, RecordedDecision, Removed, StagedDeposit,
    StoreError, UnitOfWork, UnmatchedReturn, Withdrawal,
};
use async_trait::async_trait;
use sqlx::{Sqlite, Transaction};
use std::sync::Arc;
use std::time::Duration;
use time::OffsetDateTime;

pub(super) struct SqliteUnit {
    tx: Transaction<'static, Sqlite>,
    state: TransactionGuard,
    wake: Arc<Wake>,
}

impl SqliteUnit {
    pub(super) fn new(tx: Transaction<'static, Sqlite>, wake: Arc<Wake>) -> Self {
        Self { tx, state: TransactionGuard::new(Duration::MAX), wake }
    }
}

#[async_trait]
impl UnitOfWork for SqliteUnit {
    async fn claim_exchange(
        &mut self,
        sender: &str,
        digest: &str,
        idempotency_key: &str,
        id: ExchangeId,
    ) -> Result<Option<ExchangeId>, StoreError> {
        let earlier: Result<_, StoreError> =
            step!(self, writes::claim_exchange(&mut self.tx, sender, digest, idempotency_key, id));
        if matches!(earlier, Ok(None)) {
            self.state.opened(id);
        }
        earlier
    }

    async fn open_load(
        &mut self,
        load: &StagedDeposit,
        logical_files: &[LogicalFile],
    ) -> Result<(), StoreError> {
        let opened: Result<(), StoreError> =
            step!(self, loads::open(&mut self.tx, load, logical_files));
        opened.map(|()| self.state.loading())
    }

    async fn advance_load(
        &mut self,
        id: ExchangeId,
        from: u64,
        to: u64,
    ) -> Result<bool, StoreError> {
        let open: Result<bool, StoreError> =
            step!(self, loads::advance(&mut self.tx, id, from, to));
        if matches!(open, Ok(true)) {
            self.state.loading();
        }
        open
    }

    async fn open_loads(&mut self) -> Result<Vec<OpenDeposit>, StoreError> {
        step!(self, loads::open_loads(&mut self.tx))
    }

    async fn withdraw(&mut self, id: ExchangeId, why: Withdrawal) -> Result<bool, StoreError> {
        step!(self, loads::withdraw(&mut self.tx, id, why))
    }

    async fn take_back(
        &mut self,
        id: ExchangeId,
        at_most: usize,
    ) -> Result<Option<Removed>, StoreError> {
        step!(self, loads::take_back(&mut self.tx, id, at_most))
    }

    async fn free_logical_files(&mut self, id: ExchangeId) -> Result<(), StoreError> {
        step!(self, loads::free_logical_files(&mut self.tx, id))
    }

    async fn find_logical_file(
        &mut self,
        file: &LogicalFile,
    ) -> Result<Option<ExchangeId>, StoreError> {
        step!(self, reads::find_logical_file(&mut self.tx, file))
    }

    async fn latest_claims(&mut self, invoices: &[InvoiceKey]) -> Result<Vec<Claim>, StoreError> {
        step!(self, batch::latest_claims(&mut self.tx, invoices))
    }

    async fn claim(&mut self, id: ClaimId) -> Result<Option<Claim>, StoreError> {
        step!(self, reads::claim(&mut self.tx, id))
    }

    async fn insert_claims(
        &mut self,
        claims: &[Arc<NewClaim>],
    ) -> Result<Vec<ClaimId>, StoreError> {
        step!(self, batch::insert_claims(&mut self.tx, claims))
    }

    async fn update_parts(&mut self, changes: &[PartChange]) -> Result<(), StoreError> {
        step!(self, batch::update_parts(&mut self.tx, changes))
    }

    async fn next_sequences(
        &mut self,
        claims: &[ClaimId],
    ) -> Result<Vec<(ClaimId, u64)>, StoreError> {
        step!(self, batch::next_sequences(&mut self.tx, claims))
    }

    async fn insert_events(&mut self, events: &[ClaimEvent]) -> Result<(), StoreError> {
        self.state.events |= !events.is_empty();
        step!(self, batch::insert_events(&mut self.tx, events, self.state.is_load()))
    }

    async fn insert_quarantined(&mut self, invoices: &[Quarantined]) -> Result<(), StoreError> {
        step!(self, batch::insert_quarantined(&mut self.tx, invoices))
    }

    async fn resolve_quarantined(&mut self, by: ExchangeId) -> Result<(), StoreError> {
        step!(self, loads::resolve_quarantined(&mut self.tx, by))
    }

    async fn insert_anomalies(
        &mut self,
        exchange_id: ExchangeId,
        first_ordinal: u64,
        findings: &[Finding],
    ) -> Result<(), StoreError> {
        step!(self, batch::insert_anomalies(&mut self.tx, exchange_id, first_ordinal, findings))
    }

    async fn insert_unmatched(
        &mut self,
        exchange_id: ExchangeId,
        returns: &[UnmatchedReturn],
    ) -> Result<(), StoreError> {
        step!(self, batch::insert_unmatched(&mut self.tx, exchange_id, returns))
    }

    async fn close_exchange(
        &mut self,
        closing: &Closing,
        link: Link<'_>,
    ) -> Result<(), StoreError> {
        let closed: Result<(), StoreError> =
            step!(self, writes::close_exchange(&mut self.tx, closing, link));
        closed.map(|()| self.state.closed())
    }

    async fn recorded_decision(
        &mut self,
        idempotency_key: &str,
    ) -> Result<Option<RecordedDecision>, StoreError> {
        step!(self, reads::recorded_decision(&mut self.tx, idempotency_key))
    }

    async fn insert_decision(
        &mut self,
        idempotency_key: &str,
        decision: &RecordedDecision,
        at: OffsetDateTime,
    ) -> Result<(), StoreError> {
        step!(self, writes::insert_decision(&mut self.tx, idempotency_key, decision, at))
    }

    async fn rejects_to_return(&mut self, limit: usize) -> Result<Vec<Claim>, StoreError> {
        step!(self, batch::rejects_to_return(&mut self.tx, limit))
    }

    async fn mark_rejects_told(
        &mut self,
        by: ExchangeId,
        claims: &[ClaimId],
    ) -> Result<(), StoreError> {
        step!(self, batch::mark_told(&mut self.tx, by.0, claims))
    }

    async fn insert_return(
        &mut self,
        file: &ReturnFile,
        told: &[ClaimId],
    ) -> Result<(), StoreError> {
        step!(self, async {
            writes::insert_return(&mut self.tx, file).await?;
            batch::mark_told(&mut self.tx, file.id.0, told).await
        })
    }

    async fn insert_access(
        &mut self,
        claim_id: ClaimId,
        caller: &str,
        purpose: &str,
        at: OffsetDateTime,
    ) -> Result<(), StoreError> {
        step!(self, writes::insert_access(&mut self.tx, claim_id, caller, purpose, at))
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        self.state.may_commit()?;
        self.tx.commit().await.map_err(doing("committing"))?;
        if self.state.wakes() {
            self.wake.wake(Occasion::Written);
        }
        Ok(())
    }
}
