//! A unit of work on PostgreSQL: one READ COMMITTED transaction.

use super::notifier::Notifier;
use super::{batch, loads, reads, writes};
use crate::domain::{
    Claim, ClaimEvent, ClaimId, ExchangeId, Finding, InvoiceKey, LogicalFile, Quarantined,
    ReturnFile,
};
use crate::store::codec::doing;
use crate::store::transaction_guard::{TransactionGuard, in_time, step};
use crate::store::wake::Occasion;
use crate::store::{
    AccessJournalWrites, ClaimWrites, Closing, DecisionWrites, ExchangeWrites, NewClaim,
    OpenDeposit, OutboxWrites, PartChange, QuarantineWrites, RecordedDecision, RemovedRows,
    ReturnFileWrites, SignLink, StagedDeposit, StagedDepositWrites, StoreError, UnitOfWork,
    UnmatchedReturn, UnmatchedReturnWrites, Withdrawal,
};
use async_trait::async_trait;
use sqlx::{Postgres, Transaction};
use std::sync::Arc;
use time::OffsetDateTime;

pub(super) struct PostgresUnit {
    tx: Transaction<'static, Postgres>,
    state: TransactionGuard,
    notifier: Notifier,
}

impl PostgresUnit {
    pub(super) fn new(tx: Transaction<'static, Postgres>, notifier: Notifier) -> Self {
        Self { tx, state: TransactionGuard::new(super::ANSWER), notifier }
    }
}

#[async_trait]
impl ExchangeWrites for PostgresUnit {
    async fn reserve_exchange(
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

    async fn find_logical_file(
        &mut self,
        file: &LogicalFile,
    ) -> Result<Option<ExchangeId>, StoreError> {
        step!(self, reads::find_logical_file(&mut self.tx, file))
    }

    async fn delete_logical_files(&mut self, id: ExchangeId) -> Result<(), StoreError> {
        step!(self, loads::free_logical_files(&mut self.tx, id))
    }

    async fn insert_anomalies(
        &mut self,
        exchange_id: ExchangeId,
        first_ordinal: u64,
        findings: &[Finding],
    ) -> Result<(), StoreError> {
        step!(self, batch::insert_anomalies(&mut self.tx, exchange_id, first_ordinal, findings))
    }

    async fn close_exchange(
        &mut self,
        closing: &Closing,
        link: SignLink<'_>,
    ) -> Result<(), StoreError> {
        let closed: Result<(), StoreError> =
            step!(self, start_whole, writes::close_exchange(&mut self.tx, closing, link));
        closed.map(|()| self.state.closed())
    }
}

#[async_trait]
impl StagedDepositWrites for PostgresUnit {
    async fn stage_deposit(
        &mut self,
        load: &StagedDeposit,
        logical_files: &[LogicalFile],
    ) -> Result<(), StoreError> {
        let opened: Result<(), StoreError> =
            step!(self, loads::open(&mut self.tx, load, logical_files));
        opened.map(|()| self.state.loading())
    }

    async fn advance_deposit_cursor(
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

    async fn open_deposits(&mut self) -> Result<Vec<OpenDeposit>, StoreError> {
        step!(self, loads::open_loads(&mut self.tx))
    }

    async fn withdraw_deposit(
        &mut self,
        id: ExchangeId,
        why: Withdrawal,
    ) -> Result<bool, StoreError> {
        step!(self, loads::withdraw(&mut self.tx, id, why))
    }

    async fn remove_staged_rows(
        &mut self,
        id: ExchangeId,
        at_most: usize,
    ) -> Result<Option<RemovedRows>, StoreError> {
        step!(self, loads::take_back(&mut self.tx, id, at_most))
    }
}

#[async_trait]
impl ClaimWrites for PostgresUnit {
    async fn lock_claim(&mut self, id: ClaimId) -> Result<Option<Claim>, StoreError> {
        step!(self, batch::claim(&mut self.tx, id))
    }

    async fn lock_latest_claims(
        &mut self,
        invoices: &[InvoiceKey],
    ) -> Result<Vec<Claim>, StoreError> {
        step!(self, batch::latest_claims(&mut self.tx, invoices))
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
}

#[async_trait]
impl QuarantineWrites for PostgresUnit {
    async fn insert_quarantined(&mut self, invoices: &[Quarantined]) -> Result<(), StoreError> {
        step!(self, batch::insert_quarantined(&mut self.tx, invoices))
    }

    async fn resolve_quarantined(&mut self, by: ExchangeId) -> Result<(), StoreError> {
        step!(self, start_whole, loads::resolve_quarantined(&mut self.tx, by))
    }
}

#[async_trait]
impl UnmatchedReturnWrites for PostgresUnit {
    async fn insert_unmatched_returns(
        &mut self,
        exchange_id: ExchangeId,
        returns: &[UnmatchedReturn],
    ) -> Result<(), StoreError> {
        step!(self, batch::insert_unmatched(&mut self.tx, exchange_id, returns))
    }
}

#[async_trait]
impl OutboxWrites for PostgresUnit {
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
}

#[async_trait]
impl ReturnFileWrites for PostgresUnit {
    async fn rejects_to_return(&mut self, limit: usize) -> Result<Vec<Claim>, StoreError> {
        step!(self, batch::rejects_to_return(&mut self.tx, limit))
    }

    async fn mark_rejects_returned(
        &mut self,
        by: ExchangeId,
        claims: &[ClaimId],
    ) -> Result<(), StoreError> {
        step!(self, batch::mark_told(&mut self.tx, by.0, claims))
    }

    async fn insert_return_file(
        &mut self,
        file: &ReturnFile,
        told: &[ClaimId],
    ) -> Result<(), StoreError> {
        step!(self, async {
            writes::insert_return(&mut self.tx, file).await?;
            batch::mark_told(&mut self.tx, file.id.0, told).await
        })
    }
}

#[async_trait]
impl DecisionWrites for PostgresUnit {
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
}

#[async_trait]
impl AccessJournalWrites for PostgresUnit {
    async fn insert_access(
        &mut self,
        claim_id: ClaimId,
        caller: &str,
        purpose: &str,
        at: OffsetDateTime,
    ) -> Result<(), StoreError> {
        step!(self, writes::insert_access(&mut self.tx, claim_id, caller, purpose, at))
    }
}

#[async_trait]
impl UnitOfWork for PostgresUnit {
    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        self.state.may_commit()?;
        let Self { tx, state, notifier } = *self;
        in_time(super::ANSWER, async { tx.commit().await.map_err(doing("committing")) }).await?;
        if state.wakes() {
            notifier.announce(Occasion::Written);
        }
        Ok(())
    }
}
