//! Guards a transaction: after a failed or cancelled step, COMMIT is refused.

use super::StoreError;
use crate::domain::ExchangeId;
use std::future::Future;
use std::time::Duration;

/// Factor on the time limit of a step that reads or writes every invoice of a staged deposit.
/// Measured on a busy machine, per million invoices: the recount 8 s, the scan of the quarantine 3
/// s, from memory; a file of the largest size has some millions, and a cold disk takes ten times as
/// long.
pub(in crate::store) const WHOLE_DEPOSIT_FACTOR: u32 = 20;

/// The state of a transaction. A step that failed, or whose future was dropped half-way, makes the
/// transaction unsound: PostgreSQL answers the COMMIT of a failed transaction with a silent
/// ROLLBACK, and SQLite keeps the half that worked. Neither may look like a commit (invariant 2).
#[derive(Debug)]
pub(in crate::store) struct TransactionGuard {
    sound: bool,
    open: Option<ExchangeId>,
    answer: Duration,
    /// Whether events were written, or may be published now.
    pub(in crate::store) events: bool,
    /// Whether the transaction writes a staged deposit, whose events wait for the receipt.
    staged: bool,
}

impl TransactionGuard {
    /// Returns the state of a new transaction, each of whose steps may take `answer`.
    pub(in crate::store) const fn new(answer: Duration) -> Self {
        Self { sound: true, open: None, answer, events: false, staged: false }
    }

    /// Starts a step and returns its time limit. The transaction is unsound until
    /// [`done`](Self::done).
    pub(in crate::store) fn start(&mut self) -> Result<Duration, StoreError> {
        if !self.sound {
            return Err(StoreError::Spoiled);
        }
        self.sound = false;
        Ok(self.answer)
    }

    /// Starts a step over all invoices of the exchange, which may be a staged deposit of millions.
    pub(in crate::store) fn start_whole(&mut self) -> Result<Duration, StoreError> {
        let answer = self.start()?;
        Ok(if self.staged { answer.saturating_mul(WHOLE_DEPOSIT_FACTOR) } else { answer })
    }

    /// Ends a step that succeeded.
    pub(in crate::store) fn done(&mut self) {
        self.sound = true;
    }

    /// Records that an exchange is reserved and must be closed before the commit.
    pub(in crate::store) fn opened(&mut self, id: ExchangeId) {
        self.open = Some(id);
    }

    /// Records that the exchange is a staged deposit: it may be committed without verdict, and its
    /// events wait.
    pub(in crate::store) fn staged(&mut self) {
        self.open = None;
        self.staged = true;
    }

    /// Returns whether the transaction writes a staged deposit.
    pub(in crate::store) const fn is_staged(&self) -> bool {
        self.staged
    }

    /// Records that the exchange is closed: its events may be published.
    pub(in crate::store) fn closed(&mut self) {
        (self.open, self.staged, self.events) = (None, false, true);
    }

    /// Returns whether the commit brings events that may be published, so that the relay must be
    /// woken.
    pub(in crate::store) const fn wakes(&self) -> bool {
        self.events && !self.staged
    }

    /// Returns an error unless the transaction may be committed.
    pub(in crate::store) fn may_commit(&self) -> Result<(), StoreError> {
        match (self.sound, self.open) {
            (false, _) => Err(StoreError::Spoiled),
            (true, Some(id)) => {
                Err(StoreError::Corrupt(format!("exchange {id} was reserved and never closed")))
            }
            (true, None) => Ok(()),
        }
    }
}

/// Awaits an answer of the database and returns [`StoreError::NoAnswer`] after the time limit.
pub(in crate::store) async fn in_time<T>(
    answer: Duration,
    work: impl Future<Output = Result<T, StoreError>> + Send,
) -> Result<T, StoreError> {
    tokio::time::timeout(answer, work).await.unwrap_or(Err(StoreError::NoAnswer(answer)))
}

/// Runs one step of a transaction: `$work` is awaited between `$start`, which is
/// [`TransactionGuard::start`] unless said otherwise, and [`TransactionGuard::done`].
macro_rules! step {
    ($unit:ident, $work:expr) => {
        step!($unit, start, $work)
    };
    ($unit:ident, $start:ident, $work:expr) => {{
        let answer = $unit.state.$start()?;
        let done = crate::store::transaction_guard::in_time(answer, $work).await?;
        $unit.state.done();
        Ok(done)
    }};
}
pub(in crate::store) use step;
