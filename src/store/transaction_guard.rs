//! What keeps a unit of work honest, the same for both databases.

use super::StoreError;
use crate::domain::ExchangeId;
use std::future::Future;
use std::time::Duration;

/// How many times as long as another step may take one that goes over every invoice of a load.
/// Measured on a busy machine, per million invoices: the recount 8 s, the look at the quarantine 3
/// s, from memory; a file of the largest size has some millions, and a cold disk takes ten times as
/// long.
pub(in crate::store) const WHOLE_LOAD: u32 = 20;

/// The state of a unit of work. A step that failed, or whose future was dropped half-way, spoils
/// the unit: PostgreSQL answers the COMMIT of a failed transaction with a silent ROLLBACK, and
/// SQLite keeps the half that worked. Neither may look like a commit (invariant 2).
#[derive(Debug)]
pub(in crate::store) struct TransactionGuard {
    sound: bool,
    open: Option<ExchangeId>,
    answer: Duration,
    /// Whether events were written, or may go now.
    pub(in crate::store) events: bool,
    /// Whether this change adds to a load: its events wait for the receipt.
    held: bool,
}

impl TransactionGuard {
    /// A fresh unit, each of whose steps may take `answer`.
    pub(in crate::store) const fn new(answer: Duration) -> Self {
        Self { sound: true, open: None, answer, events: false, held: false }
    }

    /// A step starts; it is unsound until [`done`](Self::done). Answers how long it may take.
    pub(in crate::store) fn start(&mut self) -> Result<Duration, StoreError> {
        if !self.sound {
            return Err(StoreError::Spoiled);
        }
        self.sound = false;
        Ok(self.answer)
    }

    /// As [`start`](Self::start), for a step over all of the exchange, which may be a load of
    /// millions of invoices.
    pub(in crate::store) fn start_whole(&mut self) -> Result<Duration, StoreError> {
        let answer = self.start()?;
        Ok(if self.held { answer.saturating_mul(WHOLE_LOAD) } else { answer })
    }

    /// The step ended well.
    pub(in crate::store) fn done(&mut self) {
        self.sound = true;
    }

    /// An exchange took its place and must be closed before the commit.
    pub(in crate::store) fn opened(&mut self, id: ExchangeId) {
        self.open = Some(id);
    }

    /// The exchange is a load now: it may be committed without verdict, and what is written of it
    /// waits.
    pub(in crate::store) fn loading(&mut self) {
        self.open = None;
        self.held = true;
    }

    /// Whether this change adds to a load.
    pub(in crate::store) const fn is_load(&self) -> bool {
        self.held
    }

    /// The exchange is closed, and its events may go.
    pub(in crate::store) fn closed(&mut self) {
        (self.open, self.held, self.events) = (None, false, true);
    }

    /// Whether the commit brings events that may go, so that the relay must be woken.
    pub(in crate::store) const fn wakes(&self) -> bool {
        self.events && !self.held
    }

    /// Whether the unit may be committed.
    pub(in crate::store) fn may_commit(&self) -> Result<(), StoreError> {
        match (self.sound, self.open) {
            (false, _) => Err(StoreError::Spoiled),
            (true, Some(id)) => Err(StoreError::Corrupt(format!(
                "exchange {id} took its place and was never closed"
            ))),
            (true, None) => Ok(()),
        }
    }
}

/// Waits for the database, and gives up on one that says nothing.
pub(in crate::store) async fn in_time<T>(
    answer: Duration,
    work: impl Future<Output = Result<T, StoreError>> + Send,
) -> Result<T, StoreError> {
    tokio::time::timeout(answer, work).await.unwrap_or(Err(StoreError::NoAnswer(answer)))
}

/// Runs one step of a unit: `$work` is awaited between `$start`, which is [`TransactionGuard::start`]
/// unless said otherwise, and [`TransactionGuard::done`].
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
