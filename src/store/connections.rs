//! Connections to a database, with a time limit on every query.

use super::StoreError;
use super::codec::doing;
use super::server::Server;
use super::transaction_guard::in_time;
use sqlx::{Database, Pool, Transaction};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// A pool, and the time limit of a query, the wait for a free connection included.
#[derive(Debug)]
pub(in crate::store) struct Connections<DB: Database> {
    pool: Pool<DB>,
    answer: Duration,
    /// Server that the pool connects to; `None` for a file.
    server: Option<Arc<Server>>,
}

impl<DB: Database> Connections<DB> {
    /// Returns the connections of a pool; each query takes at most `answer`.
    pub(in crate::store) const fn new(pool: Pool<DB>, answer: Duration) -> Self {
        Self { pool, answer, server: None }
    }

    /// Returns the same connections, whose failures name the server.
    pub(in crate::store) fn to(self, server: &Arc<Server>) -> Self {
        Self { server: Some(Arc::clone(server)), ..self }
    }

    /// Returns the same connections with another time limit.
    pub(in crate::store) fn within(&self, answer: Duration) -> Self {
        Self { pool: self.pool.clone(), answer, server: self.server.clone() }
    }

    /// Returns the pool, for work without a limit: a migration.
    pub(in crate::store) const fn pool(&self) -> &Pool<DB> {
        &self.pool
    }

    /// Runs a query and returns [`StoreError::NoAnswer`] after the time limit, or
    /// [`StoreError::Unreachable`] as soon as the server refuses connections: the pool alone would
    /// try again in silence until its own time limit.
    pub(in crate::store) async fn ask<'a, T, W>(
        &'a self,
        work: impl FnOnce(&'a Pool<DB>) -> W,
    ) -> Result<T, StoreError>
    where
        W: Future<Output = Result<T, StoreError>> + Send,
    {
        let asked = in_time(self.answer, work(&self.pool));
        let Some(server) = &self.server else { return asked.await };
        tokio::select! {
            biased;
            answer = asked => answer.map_err(|failure| server.name(failure)),
            refusal = server.refusal() => Err(refusal),
        }
    }

    /// Begins a transaction of several statements, each with the time limit of a query.
    pub(in crate::store) async fn begin(
        &self,
        statement: &'static str,
    ) -> Result<Change<DB>, StoreError> {
        let begun = async |pool: &Pool<DB>| {
            pool.begin_with(statement).await.map_err(doing("starting a change"))
        };
        Ok(Change { tx: self.ask(begun).await?, answer: self.answer })
    }
}

/// A transaction of several statements. A transaction dropped without commit is rolled back.
pub(in crate::store) struct Change<DB: Database> {
    tx: Transaction<'static, DB>,
    answer: Duration,
}

impl<DB: Database> Change<DB> {
    /// Runs one statement.
    pub(in crate::store) async fn ask<'a, T, W>(
        &'a mut self,
        work: impl FnOnce(&'a mut DB::Connection) -> W,
    ) -> Result<T, StoreError>
    where
        W: Future<Output = Result<T, StoreError>> + Send,
    {
        in_time(self.answer, work(&mut self.tx)).await
    }

    /// Commits.
    pub(in crate::store) async fn commit(self) -> Result<(), StoreError> {
        in_time(self.answer, async { self.tx.commit().await.map_err(doing("committing")) }).await
    }
}
