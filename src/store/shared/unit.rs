//! The transaction of both databases.

use super::db::{ANSWER_TIMEOUT, Announcer, BEGIN, Db, Store};
use crate::store::error::{StoreError, doing};
use crate::store::journal_chains::Seal;
use crate::store::transaction_guard::{TransactionGuard, in_time};
use crate::store::transactions::{Transactions, UnitOfWork};
use crate::store::wake::Occasion;
use async_trait::async_trait;
use sqlx::{Pool, Transaction};

/// A transaction with its guard.
pub(super) struct Unit {
    pub(super) tx: Transaction<'static, Db>,
    pub(super) state: TransactionGuard,
    pub(super) seal: Seal,
    announcer: Announcer,
}

#[async_trait]
impl Transactions for Store {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError> {
        let begin = async |pool: &Pool<Db>| {
            pool.begin_with(BEGIN).await.map_err(doing("starting a change"))
        };
        let tx = self.writes().ask(begin).await?;
        let state = TransactionGuard::new(ANSWER_TIMEOUT);
        let (seal, announcer) = (self.seal().clone(), self.announcer().clone());
        Ok(Box::new(Unit { tx, state, seal, announcer }))
    }
}

#[async_trait]
impl UnitOfWork for Unit {
    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        self.state.may_commit()?;
        let Self { tx, state, announcer, .. } = *self;
        let commit = async { tx.commit().await.map_err(doing("committing")) };
        in_time(ANSWER_TIMEOUT, commit).await?;
        if state.wakes() {
            announcer.announce(Occasion::Written);
        }
        Ok(())
    }
}
